"""Drift: each kind of change is found by its own name, no change where there is none, and a model serves until one."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from evaluation.summaries import verdicts
from generators import infer
from pipelines.drift import schemas, values
from pipelines.drift.findings import Drifted, are_of_numbering
from pipelines.modalities import tabular
from pipelines.run import pipeline
from pipelines.run.artifacts import LaunderError
from tests.operations.conftest import table

DRIFTED = "train.when=drifted"


def people(rows=400, seed=0):
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "age": rng.integers(20, 70, rows),
            "paid": rng.lognormal(3, 1, rows).round(2),
            "town": rng.choice(["Ulm", "Bonn", "Köln"], rows, p=[0.6, 0.3, 0.1]),
            "born": pd.to_datetime("1980-01-01") + pd.to_timedelta(rng.integers(0, 9000, rows), unit="D"),
            "old": rng.choice([True, False], rows),
            "gap": np.where(rng.random(rows) < 0.2, np.nan, rng.normal(size=rows).round(3)),
        }
    )


def compared(before, now):
    return tabular.compare(before, now, infer(before), infer(now))


def changes(before, now):
    return {(found.change, found.column) for found in compared(before, now) if found.change != "written"}


CHANGED = {
    "added": (lambda f: f.assign(phone=1.5), {("added", "phone")}),
    "removed": (lambda f: f.drop(columns="paid"), {("removed", "paid")}),
    "renamed": (lambda f: f.rename(columns={"paid": "wage"}), {("renamed", "wage")}),
    "retyped": (lambda f: f.assign(age=np.where(f["age"] > 45, "old", "young")), {("retyped", "age")}),
    "numbers as texts": (lambda f: f.assign(age=f["age"].astype(str) + " y"), {("retyped", "age")}),
    "dates as texts": (lambda f: f.assign(born=f["born"].dt.strftime("%d.%m.%Y")), {("retyped", "born")}),
    "a new label": (lambda f: f.assign(town=f["town"].where(f.index % 20 > 0, "Rom")), {("categories", "town")}),
    "beyond the range": (lambda f: f.assign(age=f["age"] + 300 * (f.index % 20 == 0)), {("range", "age")}),
    "other numbers": (lambda f: f.assign(paid=f["paid"].clip(upper=15)), {("distribution", "paid")}),
    "other shares": (lambda f: f.assign(old=f.index % 9 > 0), {("distribution", "old")}),
    "other dates": (
        lambda f: f.assign(born=f["born"].min() + (f["born"] - f["born"].min()) / 2),
        {("distribution", "born")},
    ),
    "values go missing": (lambda f: f.assign(gap=f["gap"].where(f.index % 2 > 0)), {("distribution", "gap")}),
    "fewer rows": (lambda f: f.iloc[:200], {("rows", "")}),
    "nothing": (lambda f: f, set()),
}


@pytest.mark.parametrize("change", CHANGED)
def test_each_change_is_found_by_its_name_and_nothing_else(change):
    alter, found = CHANGED[change]
    assert changes(people(), alter(people(seed=1))) == found


@pytest.mark.parametrize("first", [1, 1001, 987_654])
def test_rows_in_another_order_are_no_change_to_a_model(first):
    """A database that writes some rows anew has them last; then numbers that count up no longer do."""
    numbered = people().assign(id=np.arange(first, len(people()) + first))
    moved = pd.concat([numbered[40:], numbered[:40]], ignore_index=True)
    found = [one.to_dict() for one in compared(numbered, moved)]
    assert [(one["change"], one["column"]) for one in found] == [("numbered", "id")] and are_of_numbering(found)
    other = [one.to_dict() for one in compared(numbered, moved.assign(id="A" + moved["id"].astype(str)))]
    assert other and not are_of_numbering(other)


def test_labels_that_sets_have_anew_are_named_and_their_order_is_no_change():
    rng = np.random.default_rng(0)
    sets = [[label for label in "abcde" if rng.random() < 0.4] for _ in range(300)]
    before, turned = (infer(pd.DataFrame({"tags": map("; ".join, own)})) for own in (sets, [own[::-1] for own in sets]))
    now = infer(pd.DataFrame({"tags": ["; ".join([*own, "new"] if k % 5 == 0 else own) for k, own in enumerate(sets)]}))
    assert before.kinds() == {"tags": "labels"} and schemas.compare(before, turned) == []
    assert schemas.compare(before, now) == [
        Drifted("categories", "tags", "Column 'tags' has 'new' that it did not have.")
    ]
    assert [one.sentence for one in schemas.compare(now, before)] == ["Column 'tags' has 'new' no more."]


def test_of_tables_of_which_a_part_was_read_the_sources_are_counted():
    frame = people()
    schema = infer(frame)
    grown = tabular.compare(frame, frame, schema, schema, (400, 1200))
    assert [(one.change, one.sentence) for one in grown] == [("rows", "There are 3 times as many rows as there were.")]


def test_equal_tables_seldom_differ():
    """At level .01 over all columns together; forty wide tables, of which each would differ without the correction."""
    rng, wrong, schema = np.random.default_rng(0), 0, None
    for _ in range(40):
        one, other = (pd.DataFrame(rng.normal(size=(60, 30)).round(3)).add_prefix("c") for _ in range(2))
        schema = schema or infer(one)  # which tells the kinds alone
        wrong += bool(values.compare(one, other, schema, schema))
    assert wrong <= 3


def test_schemas_are_compared_in_sentences():
    before = infer(people())
    now = infer(people().drop(columns="old")[["town", "age", "paid", "born", "gap"]].assign(paid=1))
    assert schemas.compare(before, before) == []
    found = schemas.compare(before, now)
    assert Drifted("removed", "old", "Column 'old' is gone.") in found
    assert found[-1].sentence == "The columns stand in another order."
    assert "Column 'paid' was of decimals 2 and is of decimals 0." in [one.sentence for one in found]


def released(end):
    return json.loads((Path(end["place"]) / "manifest.json").read_text())


def test_a_new_column_stops_the_run_until_somebody_lists_it(nights):
    first = nights.run()
    before = sorted((nights.output / "releases").iterdir())
    nights.arrive(table().assign(phone=range(80)))
    done = []
    with pytest.raises(
        LaunderError, match=rf"release {first['id']}, found it changed: Column 'phone' is new\. List"
    ) as caught:
        nights.run(done=done)
    assert "columns: {phone: infer}" in str(caught.value) and done == ["ingest", "compare"]
    assert sorted((nights.output / "releases").iterdir()) == before
    assert nights.run('columns={"*": "infer", "phone": "infer"}')["passed"]


@pytest.mark.parametrize(("policy", "passed"), [("adapt", True), ("quarantine", False)])
def test_a_change_is_adapted_to_or_refused(nights, policy, passed):
    nights.run()
    nights.arrive(table().drop(columns="old"))
    with pytest.raises(LaunderError, match="Mend the source"):
        nights.run()
    end = nights.run(f"drift.removed={policy}")
    assert end["passed"] is passed
    assert any("gone on with: Column 'old' is gone." in note for note in end["notes"]) is passed
    reasons = {reason["score"]: reason["note"] for reason in end["verdict"]["reasons"] if not reason["passed"]}
    assert reasons == ({} if passed else {"drift.removed": "Column 'old' is gone."})
    assert passed or verdicts.sentence(end["verdict"]["reasons"][0]) == "Column 'old' is gone."
    assert passed or "drift.CHANGE=adapt" in verdicts.remedies(end["verdict"]["reasons"])[0]
    report = json.loads((Path(end["report"]).with_suffix(".json")).read_text())
    assert report["card"]["data"]["changes since the last release"] == ["Column 'old' is gone."]
    again = nights.run(f"drift.removed={policy}")
    assert again["id"] == end["id"]


def test_a_model_serves_as_long_as_nothing_drifts(nights):
    first = nights.run(DRIFTED)
    assert "release" not in released(first)["model"]
    nights.arrive(table(rows=84, seed=1))
    done = []
    second = nights.run(DRIFTED, done=done)
    assert done == ["ingest", "compare", "decide"] and any("model of release" in note for note in second["notes"])
    model, data = released(second)["model"], released(second)["data"]
    assert model["release"] == first["id"] and model["digest"] == released(first)["model"]["digest"]
    assert model["compared_rows"] == 84 and data == released(first)["data"] and second["id"] != first["id"]
    assert pipeline.unchanged(nights.settings(DRIFTED))["id"] == second["id"]
    nights.arrive(table(rows=81, seed=2))
    third = nights.run(DRIFTED)
    assert released(third)["model"]["release"] == first["id"] and released(third)["model"]["since"] == model["since"]
    nights.arrive(table(rows=160, seed=3))  # twice the rows
    done.clear()
    assert "release" not in released(nights.run(DRIFTED, done=done))["model"] and "train" in done


def test_a_model_is_trained_anew_where_another_is_asked_for_or_it_is_gone(nights):
    nights.run(DRIFTED)
    nights.arrive(table(seed=1))
    done = []
    nights.run(DRIFTED, "budget.steps=3", done=done)
    assert "train" in done
    for path in nights.output.glob("work/train-*/model/*.json"):
        path.write_text("{}")
    nights.arrive(table(seed=2))
    done.clear()
    nights.run(DRIFTED, "budget.steps=3", done=done)
    assert "train" in done


def test_without_the_rows_of_the_last_release_only_columns_are_compared(nights):
    nights.run()
    for path in nights.output.glob("work/ingest-*/ingested.parquet"):
        path.unlink()
    nights.arrive(table(rows=300, seed=1))
    assert any("Only columns were compared" in note for note in nights.run(DRIFTED)["notes"])
