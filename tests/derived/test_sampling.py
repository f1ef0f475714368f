"""Rows keep what their columns follow from, in every family, under conditions, in gaps that are filled, and saved."""

import numpy as np
import pandas as pd
import pytest

import generators
from generators import Budget, GeneratorError, Privacy, infer
from launderette.generators.data.schema import Schema
from launderette.generators.sampling import rows
from launderette.generators.sampling.constraints import Constraints
from tests import chunks
from tests.derived import tables
from tests.generators.test_contract import IMPUTING, TABULAR

REGIONS = ["north", "east", "south"]  # a row is in one of them at most
FRAME = tables.sales(300, missing=0.1).assign(
    tax=lambda f: f["tax"].where(f["net"].notna()),
    rate=lambda f: f["rate"].where(f["net"].notna()),
    paid=lambda f: f["ordered"] + pd.to_timedelta(7 + f["days"] % 3 * 7 + (f["kg"] * 10 % 2), "D"),
    log_price=lambda f: np.log(f["price"]),
    **{name: lambda f, k=k: f["days"] % 4 == k for k, name in enumerate(REGIONS)},
)


@pytest.fixture(scope="module", autouse=True)
def _chunks():
    with chunks.of_rows(128):
        yield


@pytest.fixture(scope="module", params=TABULAR)
def fitted(request):
    return request.param, generators.fit(FRAME, request.param, budget=Budget(steps=10), seed=3)


def test_sampled_rows_keep_the_rules_within_the_range_of_the_training_rows(fitted):
    _, model = fitted
    drawn = model.sample(400, seed=1)
    assert min(tables.kept(drawn).values()) == 1.0
    assert drawn.dtypes.equals(FRAME.dtypes) and list(drawn) == list(FRAME) and drawn["net"].isna().any()
    for name in ("net", "tax", "gross", "lb", "days"):
        assert drawn[name].dropna().between(FRAME[name].min(), FRAME[name].max()).all()
    assert set(drawn["paid"] - drawn["ordered"]) <= set(FRAME["paid"] - FRAME["ordered"])
    assert model.record["derived"]["net"] == "quantity * price"
    assert model.record["derived"]["paid"] == "ordered + their difference"
    assert np.allclose(np.log(drawn["price"]), drawn["log_price"]) and set(drawn[REGIONS].sum(axis=1)) == {0, 1}


def test_a_saved_model_works_out_the_same(fitted, tmp_path):
    _, model = fitted
    model.save(tmp_path / "model")
    opened = generators.open_model(tmp_path / "model")
    pd.testing.assert_frame_equal(opened.sample(40, seed=2), model.sample(40, seed=2))
    parts = pd.concat([opened.sample_part(range(*ends), seed=2) for ends in ((0, 15), (15, 40))], ignore_index=True)
    pd.testing.assert_frame_equal(parts[list(FRAME)], model.sample(40, seed=2))


def test_conditions_and_constraints_on_what_is_worked_out_hold(fitted):
    _, model = fitted
    asked = {"where": {"net": "50..300", "days": ">2"}, "constraints": ["gross <= 320", "net + tax == gross"]}
    asked["where"]["paid"] = ">=2023-03-01"
    asked["where"] |= {"south": False, "log_price": "<5"}
    drawn = model.sample(50, seed=1, **asked)
    assert not drawn["south"].any() and (drawn["log_price"] < 5).all()
    assert model.sample(20, seed=1, where={"east": True})[REGIONS].eq([False, True, False]).all(axis=None)
    assert drawn["net"].between(50, 300).all() and (drawn["gross"].fillna(0) <= 320).all() and (drawn["days"] > 2).all()
    assert min(tables.kept(drawn).values()) == 1.0 and (drawn["paid"] >= "2023-03-01").all()
    with pytest.raises(GeneratorError, match="its training rows could hold"):
        model.sample(5, where={"net": -5.0})


def test_gaps_are_filled_by_what_they_follow_from(fitted):
    name, model = fitted
    if name not in IMPUTING:
        return
    frame = FRAME.dropna(subset="net").reset_index(drop=True)
    frame["ordered"] = frame["ordered"].astype("datetime64[ns]")
    gaps = frame.astype(dict.fromkeys(REGIONS, "object"))
    gaps.loc[:20, "gross"], gaps.loc[10:30, "net"], gaps.loc[40:60, "quantity"] = np.nan, np.nan, np.nan
    gaps.loc[70:90, ["net", "gross", "tax"]] = np.nan
    gaps.loc[100:130, "paid"], gaps.loc[120:150, ["ordered", "days", "delivered"]] = pd.NaT, None
    gaps.loc[20:50, "log_price"], gaps.loc[160:190, "north"], gaps.loc[180:200, REGIONS] = np.nan, None, None
    gaps.loc[frame["east"] & (frame.index > 210), ["north", "south"]] = None
    filled = model.impute(gaps, seed=1)
    assert (filled[REGIONS].sum(axis=1) <= 1).all() and np.allclose(np.log(filled["price"]), filled["log_price"])
    assert filled.notna().all().all() and min(tables.kept(filled).values()) == 1.0
    assert filled.loc[40:60, "quantity"].equals(frame.loc[40:60, "quantity"])
    assert (filled["paid"] - filled["ordered"]).dt.days.between(7, 22).mean() > 0.98 and list(filled) == list(frame)
    assert np.allclose(filled.loc[:90, "net"], frame.loc[:90, "net"])


def test_gaps_of_whole_numbers_that_were_never_missing_are_worked_out():
    whole = pd.DataFrame(np.random.default_rng(0).integers(0, 9, (99, 2)), columns=["home", "away"])
    whole["goals"] = whole["home"] + whole["away"]
    gaps = whole.astype("Int64").mask(np.eye(3, dtype=bool)[np.arange(99) % 3])  # one of a row
    model = generators.fit(whole, "tabular.marginals", seed=0)
    assert list(model.record["derived"]) == ["goals"]
    pd.testing.assert_frame_equal(model.impute(gaps), whole.astype("Int64"))
    assert model.impute(gaps.assign(home=None, away=None), draws=3).notna().all(axis=None)


def test_a_worked_out_column_adds_nothing_to_the_likelihood(fitted):
    _, model = fitted
    if hasattr(model, "log_prob"):
        frame = FRAME.head(20)
        assert np.array_equal(model.log_prob(frame), model.log_prob(frame.assign(gross=1.0)))


def test_columns_that_options_name_are_learnt():
    model = generators.fit(FRAME, "tabular.autoencoder", budget=Budget(steps=2), target="days")
    assert "days" not in model.record.get("derived", {})
    together = generators.fit(FRAME, budget=Budget(steps=2), combinations=("quantity, rate",))
    assert not {"quantity", "rate"} & set(together.record["derived"])


def test_private_rows_tell_no_formula():
    frame = pd.DataFrame({"a": np.arange(200) % 40, "b": np.arange(200) % 40 * 2})
    columns = {name: {"kind": "numerical", "bounds": [0, 80], "decimals": 0} for name in frame}
    model = generators.fit(frame, "tabular.marginals", privacy=Privacy(8, 1e-6, columns))
    assert "derived" not in model.record and model.encoding.derived == ()
    kept = Schema.from_dict({"columns": [c | {"derived": False} for c in infer(frame).to_dict()["columns"]]})
    assert "derived" not in generators.fit(frame, schema=kept, budget=Budget(steps=2)).record


def test_a_condition_on_a_date_that_is_worked_out_guides_the_draw(fitted):
    name, model = fitted
    if name != "tabular.autoregressive":
        return
    asked = f"{FRAME['ordered'].iloc[0] + pd.Timedelta('14D'):%Y-%m-%d}"
    drawn = model.sample(30, seed=1, where={"paid": asked})
    assert (drawn["paid"] == asked).all() and set(drawn["paid"] - drawn["ordered"]) <= set(
        FRAME["paid"] - FRAME["ordered"]
    )


def test_what_hardly_any_row_meets_says_from_what_the_column_follows(fitted, monkeypatch):
    monkeypatch.setattr(rows, "MOST_CHUNKS", 1)
    name, model = fitted
    if name != "tabular.marginals":
        return
    with pytest.raises(GeneratorError, match="'net' is worked out: ask for 'quantity', 'price' instead"):
        model.sample(2000, where={"net": float(FRAME["net"].dropna().iloc[0])})


def test_ranges_of_what_is_worked_out_stop_no_model_that_has_learnt_nothing(fitted, monkeypatch):
    _, model = fitted
    monkeypatch.setattr(Constraints, "in_range", lambda self, cells, ticks: np.zeros(len(cells[0]), dtype=bool))
    assert min(tables.kept(model.sample(50, seed=1)).values()) == 1.0
