"""Splitting: every row on one side, entities whole, the same for the same seed."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluation.measures.intervals import null_quantile
from generators.data.schema import Identifier, Numerical, Schema
from pipelines import config, modalities
from pipelines.run.artifacts import LaunderError
from pipelines.scoring import run
from pipelines.stages import fitting
from pipelines.stages.splitting import entity_of, share, shared, split


@settings(deadline=None)
@given(st.integers(3, 60), st.floats(0.01, 0.99), st.integers(0, 2**63 - 1))
def test_every_row_is_on_one_side(rows, holdout, seed):
    train, held = split(pd.DataFrame({"n": range(rows)}), holdout=holdout, entity=None, seed=seed)
    assert sorted([*train["n"], *held["n"]]) == list(range(rows))
    assert len(held) == min(max(1, round(holdout * rows)), rows - 2)
    assert train["n"].is_monotonic_increasing


@settings(deadline=None)
@given(st.lists(st.none() | st.integers(0, 9), min_size=8, max_size=60), st.integers(0, 99))
def test_entities_stay_whole(owners, seed):
    frame = pd.DataFrame({"who": pd.array(owners, dtype="Int64"), "n": range(len(owners))})
    if frame["who"].nunique() + frame["who"].isna().sum() < 2:
        return
    train, held = split(frame, holdout=0.25, entity="who", seed=seed)
    assert not set(train["who"].dropna()) & set(held["who"].dropna())
    assert len(train) + len(held) == len(frame) and len(train) and len(held)


def test_a_large_entity_does_not_swallow_the_holdout():
    frame = pd.DataFrame({"who": ["big"] * 80 + [f"p{n}" for n in range(20)]})
    for seed in range(10):
        assert len(split(frame, holdout=0.1, entity="who", seed=seed)[1]) == 10


@pytest.mark.parametrize(
    ("rows", "held"), [(23, 11 / 23), (30, 0.5), (40, 0.5), (80, 0.4), (150, 0.4), (200, 0.3), (300, 0.2), (9000, 0.2)]
)
def test_of_few_rows_more_are_held_out_unless_a_share_is_stated(rows, held):
    assert share(None, rows) == held
    assert share(0.1, rows) == 0.1


def test_a_holdout_of_few_rows_lets_attacks_notice_a_quarter_of_them():
    rows, training = 150, 0.875  # less an eighth, which are validation rows and no members
    sides = [round(part * rows) for part in (1 - share(None, rows), share(None, rows))]
    members = round(sides[0] * training)
    assert null_quantile(members, rows - members, 0.01, 0.999) < 0.25


def test_the_seed_decides():
    frame = pd.DataFrame({"n": range(100)})
    one, two, three = (split(frame, holdout=0.2, entity=None, seed=seed)[1]["n"].tolist() for seed in (0, 0, 1))
    assert one == two != three


def test_what_cannot_be_cut_in_two():
    with pytest.raises(LaunderError, match="at least 3 rows"):
        split(pd.DataFrame({"n": [1, 2]}), holdout=0.5, entity=None, seed=0)
    with pytest.raises(LaunderError, match="two entities in column 'who'"):
        split(pd.DataFrame({"who": ["x"] * 9}), holdout=0.5, entity="who", seed=0)


def test_equal_rows_on_both_sides_are_counted():
    train = pd.DataFrame({"a": [1, 2, 3], "b": ["x", None, "z"]})
    held = pd.DataFrame({"a": [1, 2, 9], "b": ["x", None, "z"]})
    assert shared(train, held) == 2
    assert shared(train, held.assign(a=np.nan)) == 0


def test_the_generator_is_validated_by_entities_it_was_not_trained_on(tmp_path):
    rng = np.random.default_rng(0)
    visits = pd.DataFrame(
        {"patient": [f"p{k:03d}" for k in rng.integers(0, 40, 240)], "age": rng.integers(18, 90, 240)}
    )
    visits.to_csv(tmp_path / "visits.csv", index=False)
    for stated in ([], ["split.entity=patient", "columns.patient=categorical"]):
        loaded = config.load(tmp_path / "visits.csv", ["budget.steps=2", *stated])
        held = fitting.fit(loaded).record["validation_rows"]
        assert held and not set(visits["patient"][held]) & set(visits["patient"].drop(held))


def test_a_repeated_column_is_no_entity_where_the_configuration_says_so(tmp_path):
    visits = pd.DataFrame(
        {"customer_id": [f"C-{k % 40:05d}" for k in range(240)], "age": [20 + k % 60 for k in range(240)]}
    )
    visits.to_csv(tmp_path / "visits.csv", index=False)
    taken, stated = (config.load(tmp_path / "visits.csv", words) for words in ([], ["split.entity=none"]))
    modality = modalities.of(stated)
    found, told = (modality.ingest(one, tmp_path / "i") for one in (taken, stated))
    assert modality.entity(found.schema, taken) == "customer_id" and modality.entity(told.schema, stated) is None
    assert any("are taken as one entity" in note for note in found.notes)
    assert not any("are taken as one entity" in note for note in told.notes)
    (note,) = [note for note in told.notes if "split.entity: none" in note]
    sides = [modality.split(one.data, one.schema, asked) for one, asked in ((found, taken), (told, stated))]
    assert [len(held) for _, held in sides] == [120, 60]  # half of 40 customers, a quarter of 240 rows
    assert "'customer_id' are no entity" in note and "split: {entity: customer_id}" in note
    train, holdout = modality.split(told.data, told.schema, stated)
    assert set(train["customer_id"]) & set(holdout["customer_id"])
    assert config.validate(stated.model_dump(mode="json")) == stated
    assert told.schema.column("customer_id").kind == "identifier"  # made up anew all the same


def test_rows_are_judged_by_the_entity_that_they_are_split_by(monkeypatch):
    frame = pd.DataFrame({"order": np.arange(60) // 3, "mail": np.arange(60) // 2, "n": np.arange(60.0)})
    order, mail = (Identifier(name, "int64", "", repeats=True) for name in ("order", "mail"))
    schema = Schema((order, replace(mail, personal="email"), Numerical("n", "float64")))
    monkeypatch.setattr(run.evaluation, "score", lambda *_, metadata, **__: metadata.entity)
    for stated in ({}, {"entity": "mail"}, {"entity": "none"}):
        asked = config.RunConfig.model_validate({"source": "t.csv", "split": stated})
        assert run.score(frame, frame, frame, schema, asked) == entity_of(asked, schema)
