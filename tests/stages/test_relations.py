"""A run that states no constraints finds what its training rows keep, holds every released row to it, and says so."""

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from generators.data.inference import infer
from pipelines import config
from pipelines.config import proposals, relations
from pipelines.config.proposals import Proposals
from pipelines.modalities import private_tabular, tabular
from pipelines.run.artifacts import LaunderError
from pipelines.stages import sampling
from tests import runs
from tests.pipelines.conftest import FEW

RULES = {"net <= total", "net + tax == total", "joined <= left"}
CITIES = {"Rome": "IT", "Milan": "IT", "Bonn": "DE", "Graz": "AT"}


def bills(rows=240, seed=0):
    """Bills whose parts make the total, of people who join before they leave and live in one country."""
    rng = np.random.default_rng(seed)
    net, tax = rng.gamma(2, 50, rows).round(2), rng.gamma(2, 20, rows).round(2)
    day, start = pd.Timestamp("2020-01-01"), rng.integers(0, 900, rows)
    city = rng.choice(list(CITIES), rows)
    return pd.DataFrame(
        {
            "net": net,
            "tax": tax,
            "total": (net + tax).round(2),
            "joined": (day + pd.to_timedelta(start, "D")).strftime("%Y-%m-%d"),
            "left": (day + pd.to_timedelta(start + rng.integers(0, 300, rows), "D")).strftime("%Y-%m-%d"),
            "city": city,
            "country": pd.Series(city).map(CITIES),
        }
    )


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    place = tmp_path_factory.mktemp("bills") / "bills.csv"
    bills().to_csv(place, index=False)
    return place


def test_a_run_without_a_configuration_keeps_what_its_training_rows_keep(source, tmp_path):
    """The model has hardly learned anything, so that rows would break every rule if they were not held to it."""
    ended = runs.launder(config.load(source, FEW, tmp_path / "out"))
    folder = tmp_path / "out" / "releases" / ended["id"]
    drawn = pd.read_parquet(folder / "data" / "data.parquet")
    assert np.allclose(drawn["net"] + drawn["tax"], drawn["total"], atol=0.001)
    assert (drawn["joined"] <= drawn["left"]).all() and (drawn["city"].map(CITIES) == drawn["country"]).all()
    manifest, report = (json.loads((folder / name).read_text()) for name in ("manifest.json", "report.json"))
    assert set(manifest["rules"]["constraints"]) >= RULES and manifest["rules"]["combinations"] == ["city, country"]
    (said,) = (note for note in report["card"]["data"]["settled without being told"] if "released row keeps" in note)
    assert "joined <= left" in said and "city, country" in said and not any(city in said for city in CITIES)


def test_stated_constraints_stand_alone(source, tmp_path):
    loaded = config.load(source, [*FEW, "sample.constraints=[]"], tmp_path / "out")
    found = runs.doing(loaded)(runs.steps.relate, **runs.ingested(loaded))
    assert found == {"constraints": [], "combinations": [], "likely": []} and relations.sentences(found, []) == []


def test_a_generator_that_knows_no_combinations_is_given_none(source):
    found = Proposals(("net <= total",), (), ("city, country",))
    for settings_, together in (([], ["city, country"]), (["generator.name=tabular.gan"], [])):
        loaded = config.load(source, settings_)
        assert relations.learnable(found, loaded)["combinations"] == together
        assert relations.with_combinations(loaded, together).generator.options.get("combinations", ()) == tuple(
            together
        )


def test_under_epsilon_no_rule_is_looked_for():
    """Which rules the rows keep is a fact about the rows, and the ledger has no entry for it."""
    assert private_tabular.propose_rules(None, None, None) == Proposals()  # not even the table is touched


def test_only_training_rows_are_looked_at(source):
    """A rule that only held-out rows break is found; one that training rows break by a tenth is not."""
    loaded, frame = config.load(source), bills()
    _, held = tabular.split(frame.assign(row=np.arange(len(frame))), infer(frame), loaded)
    for rows, found in ((held["row"], True), (np.arange(0, len(frame), 10), False)):
        broken = frame.copy()
        broken.loc[rows, "left"] = "2019-01-01"
        assert ("joined <= left" in tabular.propose_rules(broken, infer(broken), loaded).certain) == found


def test_a_few_rows_that_break_a_rule_are_not_told():
    """As few as share a rare label: whether there are any must not be seen in a report."""
    frame = bills(800)
    for broken, allowed, certain in ((0, 0, True), (5, 7, True), (5, 4, False), (40, 39, False)):
        late = frame.assign(left=frame["left"].where(np.arange(len(frame)) >= broken, "2019-01-01"))
        found = proposals.find(late, infer(late), allowed=allowed)
        assert ("joined <= left" in found.certain) == certain


def test_a_model_that_cannot_add_up_keeps_the_orders():
    def draw(rules):
        if any("==" in rule for rule in rules):
            raise LaunderError("expected constraints that one in many rows meets, found that fewer do")
        return "rows"

    assert sampling.under(["a <= b", "a + c == b"], draw) == ("rows", ("a <= b",))
    found = {"constraints": ["a <= b", "a + c == b"], "combinations": [], "likely": []}
    assert any("also keep a + c == b" in said for said in relations.sentences(found, ["a <= b"]))
    with pytest.raises(LaunderError, match="other"):
        sampling.under((), lambda _: (_ for _ in ()).throw(LaunderError("other")))


NAMES = st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=8)


@given(names=st.lists(NAMES, min_size=3, max_size=3, unique=True), seed=st.integers(0, 99))
@settings(max_examples=25, deadline=None)
def test_whatever_columns_are_called_what_is_found_can_be_drawn_under(names, seed):
    rng = np.random.default_rng(seed)
    one, two = rng.gamma(2, 9, 60).round(1), rng.gamma(2, 9, 60).round(1)
    frame = pd.DataFrame(dict(zip(names, (one, two, (one + two).round(1)), strict=True)))
    schema = infer(frame, dict.fromkeys(names, "numerical"))
    found = proposals.find(frame, schema)
    proposals.check(found.certain, schema)
    assert found.certain or any("`" in name for name in names)


def test_dates_that_are_learnt_in_parts_are_no_formulas():
    [formula, date] = relations.worked_out(
        {"derived": {"net": "price * items"}, "learnt_by": {"at": "its time of day"}}
    )
    assert "net = price * items;" in formula and "at by its time of day; to learn a date as one number" in date
    assert relations.worked_out({}) == []
