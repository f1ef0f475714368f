"""`unit: entity`: whoever has several rows is protected with all of them, of which so many are used at most."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import generators
from generators import GeneratorError, Privacy
from generators.privacy import fitting, learning, ledger, noise
from generators.privacy.queries import NoisyQueries
from pipelines.modalities import private_tabular
from pipelines.privacy import public, splitting
from pipelines.release import verifying
from tests import runs
from tests.privacy import auditing
from tests.private_runs.test_runs import QUICK, loaded

ROWS_EACH = 5
COLUMNS = {"a": {"kind": "categorical", "categories": ["x"], "missing": False}, "b": "boolean"}


def budget(rows=ROWS_EACH, **changes):
    return Privacy(20.0, 1e-2, changes.pop("columns", COLUMNS), unit="entity", rows_per_entity=rows, **changes)


def visits(people=150, each=7):
    stream = np.random.default_rng(0)
    table = pd.DataFrame({"who": np.repeat([f"person {k}" for k in range(people)], each)})
    return table.assign(age=stream.integers(18, 90, len(table)), ill=stream.random(len(table)) < 0.3)


def test_no_entity_has_more_rows_than_are_used_and_one_changes_nothing_of_another():
    table = visits(30).sample(frac=1, random_state=0, ignore_index=True)
    table["who"] = table["who"].where(table["who"] != "person 3")  # rows of nobody are one entity
    used = budget().limited(table, table["who"])
    assert used["who"].value_counts(dropna=False).eq(ROWS_EACH).all() and used["who"].nunique() == 29
    less = table[table["who"] != "person 7"]
    assert budget().limited(less, less["who"]).equals(used[used["who"] != "person 7"])
    train, held = splitting.split(used, holdout=0.4, entity="who")
    assert not set(train["who"]) & set(held["who"])
    fewer = splitting.split(used[used["who"] != "person 7"], holdout=0.4, entity="who")
    assert set(fewer[0]["who"]) == set(train["who"]) - {"person 7"}
    with pytest.raises(GeneratorError, match="the entity of each row"):
        budget().limited(table, None)


def test_an_entity_is_one_however_its_name_is_stored():
    """As in parts of a source of which one has a row without a name, and so its numbers as floats."""
    names = pd.Series([5, 5.0, "5", "5.0", " 5", None, np.nan, [7], ""], dtype=object)
    used, units = budget(2).used(len(names), names), fitting._units(names, len(names))
    assert units.tolist() == [0] * 5 + [1] * 4 and used[:5].sum() == used[5:].sum() == 2
    whole = pd.Series(range(90))
    held = [splitting.sides_of_entities(one, holdout=0.3)[1] for one in (whole, whole.astype(float), whole.astype(str))]
    assert held[0].tolist() == held[1].tolist() == held[2].tolist()


def test_an_entity_is_charged_for_all_its_rows():
    one = ledger.Ledger((ledger.gaussian("t", noise.variance_of(50)),), 1e-6)
    five = ledger.Ledger((ledger.gaussian("t", noise.variance_of(50), reach=5),), 1e-6, "entity")
    assert five.mu == pytest.approx(5 * one.mu) and "at most 5 of its rows" in five.sentence()
    assert ledger.Ledger.from_dict(five.to_dict()) == five
    model = generators.fit(
        visits()[["age", "ill"]],
        "tabular.marginals",
        privacy=Privacy(
            8.0, 1e-6, {"age": {"kind": "numerical", "bounds": [0, 99], "decimals": 0}, "ill": "boolean"}, "entity", 3
        ),
        groups=visits()["who"],
    )
    assert 7.5 < model.ledger.epsilon <= 8 and model.ledger.unit == "entity"
    assert model.record["rows"] == pytest.approx(450, abs=120)


def test_a_label_that_one_entity_has_passes_its_threshold_rarely():
    queries = NoisyQueries(4.0, 5)
    _, threshold = queries.labels("x", np.array([9]), 0.1, 5, 1e-6)
    variance = queries.events[0].variance
    assert threshold == noise.threshold_for(9, variance, 1e-6 / 5) and queries.events[0].reach == 5
    shared = pd.DataFrame({"town": ["Ulm"] * 3000 + ["Quixworth"] * 900, "who": [*range(3000), *[-1] * 900]})
    privacy = budget(columns={"town": "categorical"}, domain="learn")
    used = privacy.limited(shared, shared["who"])
    assert learning.learn(used[["town"]], privacy).columns["town"]["categories"] == ["Ulm"]


@pytest.mark.parametrize("clipped", [True, False])
def test_an_audit_of_entities_finds_what_is_charged_and_clipping_that_is_off(monkeypatch, clipped):
    """One entity of 15 rows, of which 5 are used: a mechanism that uses all is caught."""
    rows = auditing.ROWS.assign(who=range(10))
    more = pd.concat([rows, *[auditing.MORE.tail(1).assign(who=99)] * 15], ignore_index=True)
    used = more if not clipped else budget().limited(more, more["who"])
    monkeypatch.setattr(auditing, "PRIVACY", budget(columns=auditing.COLUMNS))
    monkeypatch.setattr(auditing, "REACH", ROWS_EACH)
    monkeypatch.setattr(auditing, "MORE", used.drop(columns="who").reset_index(drop=True))
    monkeypatch.setattr(auditing, "FITS", 120)
    mu, low = auditing.found()
    charged = auditing.fit(auditing.ROWS).charged.mu
    assert (low <= charged) == clipped and mu > 0.6 * charged


def test_a_run_protects_entities(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    visits(400, 3).to_csv("people.csv", index=False)
    columns = {"age": {"kind": "numerical", "bounds": [0, 99], "decimals": 0}, "ill": "boolean"}
    words = ["privacy.unit=entity", "privacy.rows_per_entity=2", "split.entity=who", f"columns={json.dumps(columns)}"]
    asked = loaded(tmp_path / "people.csv", *QUICK, *words)
    assert private_tabular.inspect(asked) == ["400 rows beyond privacy.rows_per_entity are not used."]
    frame, schema, _ = public.read(asked)
    assert schema.names == ["age", "ill"] and frame["who"].value_counts().max() == 2
    ended = runs.launder(asked)
    assert ended["passed"], [reason["score"] for reason in ended["verdict"]["reasons"] if not reason["passed"]]
    place = Path(ended["place"])
    manifest = json.loads((place / "manifest.json").read_text())
    assert manifest["ledger"]["unit"] == "entity" and manifest["ledger"]["epsilon"] <= 4
    assert {event["reach"] for event in manifest["ledger"]["events"]} == {2} and not verifying.verify(place)
    assert list(pd.read_parquet(place / "data")) == ["age", "ill"]
    assert b"person 7" not in b"".join(path.read_bytes() for path in place.rglob("*") if path.is_file())
