"""Several draws for a gap: evenly spread, and nearer to the truth than one."""

import numpy as np
import pandas as pd
import pytest

from launderette.generators import Budget, fit
from launderette.generators.data.inference import infer
from launderette.generators.encoding import encoder
from launderette.generators.encoding.centres import centres
from launderette.generators.errors import GeneratorError
from launderette.generators.sampling.imputation import _mean, _spread

ROWS = 200


def skewed(rows: int, seed: int) -> pd.DataFrame:
    """A label, a number that follows it, and an income of which most are 0 and a few very large."""
    rng = np.random.default_rng(seed)
    group = rng.choice(["a", "b", "c"], rows, p=[0.6, 0.3, 0.1])
    number = (pd.Series(group).map({"a": 10, "b": 50, "c": 80}) + rng.normal(0, 5, rows)).round(1)
    income = np.where(rng.random(rows) < 0.9, 0, np.exp(rng.normal(7, 1.5, rows))).astype("int64")
    return pd.DataFrame({"group": group, "number": number, "income": income})


@pytest.fixture(scope="module")
def models():
    return [
        fit(skewed(ROWS, 0), f"tabular.{name}", budget=Budget(steps=30))
        for name in ("autoregressive", "diffusion", "marginals")
    ]


@pytest.mark.parametrize("draws", [2, 5, 10, 12])
def test_the_numbers_of_a_row_fall_once_into_each_part(draws):
    rng = np.random.default_rng(0)
    u = np.stack(_spread(rng.random((7, 30)), rng.random((7, 30)), draws))
    assert (np.sort(np.floor(u * draws), 0) == np.arange(draws)[:, None, None]).all()
    assert len(np.unique(u.argsort(0).reshape(draws, -1), axis=1).T) > 1  # not all numbers go through them alike


def test_typical_values_are_nearer_to_the_truth_and_keep_what_is_known(models):
    truth = skewed(ROWS, 1)
    gaps = pd.DataFrame(np.random.default_rng(2).random(truth.shape) < 0.4, columns=truth.columns)
    gaps[gaps.all(axis=1)] = False
    for model in models:
        one, many = (model.impute(truth.mask(gaps), draws=draws) for draws in (1, 6))
        assert many.notna().all().all() and many.where(~gaps).equals(one.where(~gaps))
        assert (many["number"].astype(float).sub(many["number"].astype(float).round(1)).abs() < 1e-9).all()
        asked = gaps["number"]
        error = [(f["number"] - truth["number"])[asked].astype(float).abs().mean() for f in (one, many)]
        right = [(f["group"] == truth["group"])[gaps["group"]].mean() for f in (one, many)]
        assert error[1] < 0.9 * error[0] and right[1] >= right[0] - 0.02
        assert many["income"].astype(float).mean() < 3 * truth["income"].mean()
        pd.testing.assert_frame_equal(model.impute(truth.mask(gaps)[:50], draws=6), many[:50])


@pytest.mark.parametrize("dtype", ["float64", "Int64", "int64[pyarrow]"])
def test_means_are_whole_where_the_column_is_unless_they_are_asked_for(dtype):
    married = pd.DataFrame({"sex": ["f", "m"] * 100, "married": [0, 1, 1, 1] * 50})  # .5 of f, all of m
    model = fit(married, "tabular.marginals")
    gaps = married.astype({"married": dtype})[:6]
    gaps.loc[:1, "married"] = None
    whole, means = (model.impute(gaps, draws=10, rounded=rounded) for rounded in (True, False))
    assert whole["married"].isin([0, 1]).all() and whole["married"].dtype == gaps["married"].dtype
    assert means["married"][0] == pytest.approx(0.5, abs=0.1) and means["married"][1] > 0.9
    assert means[2:].astype(whole.dtypes).equals(whole[2:])


def test_the_tail_of_a_column_is_filled_by_what_its_rows_are_on_average():
    income = pd.DataFrame({"income": [0] * 100 + [8000, 9000, 15_000, 27_000, 99_999], "x": 0})
    column = encoder.fit(income, infer(income)).column("income")
    filled = _mean(column, np.full((1, 1), column.size - 1), np.ones((1, 1)))
    assert filled[0] == pytest.approx(income["income"][100:].mean(), rel=0.2)  # the middle of the cell is 54,000


def test_centres_are_told_coarsely_and_of_five_rows_or_more():
    low, high = np.array([0, 10, 200]), np.array([0, 110, 300])
    ticks = np.array([0, 0, 10, 11, 12, 13, 24, 210, 201])
    assert centres(ticks, low, high) == [0.5, 0.05, 0.5]
    assert centres(np.array([0, 0, 0]), low, high) == []


def test_gaps_agree_with_a_known_value_that_follows_from_them():
    def bought(seed: int) -> pd.DataFrame:
        rng = np.random.default_rng(seed)
        age, net, tax = rng.integers(18, 90, 300), rng.integers(1, 60, 300), rng.integers(0, 9, 300)
        return pd.DataFrame({"age": age, "decade": age // 10 * 10, "net": net, "tax": tax, "gross": net + tax})

    model, truth = fit(bought(0), "tabular.marginals"), bought(1).astype("Int64")
    assert set(model.record["derived"]) == {"decade", "gross"}
    gaps = truth.assign(age=pd.NA, net=pd.NA, tax=pd.NA).astype("Int64")
    for draws in (1, 3):
        filled = model.impute(gaps, draws=draws)
        assert (filled["age"] // 10 * 10 == truth["decade"]).mean() > 0.9
        assert (filled["net"] + filled["tax"] == truth["gross"]).mean() > 0.9
        assert (filled["net"] - truth["net"]).abs().mean() < 5  # about 15 where the sum tells nothing
        pd.testing.assert_frame_equal(model.impute(gaps[:9], draws=draws), filled[:9])
    gaps["decade"] = pd.array([pd.NA] * len(gaps), "Int64")
    whole, means = (model.impute(gaps, draws=5, rounded=rounded)["decade"] for rounded in (True, False))
    assert (whole % 10 == 0).all() and (means % 10 > 0).any()
    assert (means - truth["decade"]).pow(2).mean() < (whole - truth["decade"]).pow(2).mean()


def test_a_label_that_no_training_row_has_tells_nothing_and_stays(models):
    rows = skewed(40, 3).assign(group="a", number=np.nan)
    rows.loc[::2, "income"] = np.nan
    for model in models:
        told, untold = (model.impute(rows.assign(group=label), seed=1) for label in ("new", None))
        assert (told["group"] == "new").all()
        pd.testing.assert_frame_equal(told.drop(columns="group"), untold.drop(columns="group"))


def test_less_than_one_draw_is_refused(models):
    with pytest.raises(GeneratorError, match="expected at least one draw"):
        models[0].impute(skewed(3, 0), draws=0)
