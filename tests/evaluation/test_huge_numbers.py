"""Numbers that float32 cannot hold, or that are too small for it: they are scored as any other, and it is said."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import evaluation
from evaluation import canonical
from evaluation.models import classifiers
from evaluation.units import in_unit, unit_of

METRICS = ["fidelity.shape", "fidelity.trend", "fidelity.formats", "fidelity.constraints", "utility.target"]
NUMBERS = {
    "1e300": lambda rng: rng.normal(size=120) * 1e300,
    "the largest": lambda rng: rng.choice([-1.7e308, 1.7e308, 0.0, 1e308], 120),
    "usual ones among them": lambda rng: rng.normal(size=120) * np.where(rng.random(120) < 0.5, 1, 1e200),
    "infinite ones": lambda rng: np.where(rng.random(120) < 0.1, np.inf, rng.normal(size=120) * 1e40),
    "the smallest": lambda rng: rng.integers(1, 99, 120) * 5e-324,
    "beyond int64": lambda rng: rng.integers(2**63, 2**64 - 1, 120, dtype="uint64"),
    "beyond float64": lambda rng: pd.Series([10**400, *map(int, rng.integers(0, 99, 119))], dtype=object),
}


def table(numbers, seed):
    rng = np.random.default_rng(seed)
    return pd.DataFrame({"x": NUMBERS[numbers](rng), "a": rng.integers(0, 9, 120), "y": rng.choice(["p", "n"], 120)})


@pytest.mark.filterwarnings("error::RuntimeWarning")
@pytest.mark.parametrize("numbers", NUMBERS)
def test_they_are_scored_and_drawn_and_said_to_be_scaled(numbers, tmp_path, drawn):
    tables = (table(numbers, seed) for seed in (1, 2, 3))
    report = evaluation.score(*tables, kinds={"x": "numerical"}, target="y", names=METRICS)
    assert all(score.value is None or np.isfinite(score.value) for score in report.scores.values())
    assert report.scores["fidelity.shape"].value > 0.6
    said = [line for line in report.to_json()["not_tested"] if "another unit: x." in line]
    assert len(said) == (not numbers.startswith("beyond"))
    assert "<svg" in report.save(tmp_path).read_text(encoding="utf-8")


def test_hexadecimal_texts_are_no_numbers_with_long_exponents():
    texts = [f"{k}e{n:010d}" for k, n in enumerate((2**31, 2**32 - 1, 9876543210, 5))]
    for values in (pd.Series([*texts, "1e300", None]), pd.Series([*texts, "1e300", pd.NA], dtype="string")):
        np.testing.assert_array_equal(canonical.number(values), [np.nan] * 4 + [1e300, np.nan])
    table = pd.DataFrame({"session": np.repeat(texts, 30), "x": np.arange(120) % 7})
    report = evaluation.score(
        table, table.sample(60, random_state=0), table, kinds={"session": "identifier"}, names=METRICS[:1]
    )
    assert report.scores["fidelity.shape"].value


def test_an_order_between_columns_is_one_of_the_numbers_as_given():
    def ordered(seed):
        x = np.random.default_rng(seed).random(200)
        return pd.DataFrame({"x": x, "y": 1e300 * (1 + np.random.default_rng(seed + 9).random(200)), "z": x + 0.1})

    report = evaluation.score(ordered(1), None, ordered(2), names=["fidelity.constraints"])
    assert "y is at most x" not in str(report.scores["fidelity.constraints"].detail)


@settings(max_examples=80, deadline=None, derandomize=True)
@given(st.lists(st.floats(allow_infinity=False), min_size=1, max_size=30))
def test_a_unit_loses_no_difference_and_fits_float32(values):
    training = np.array(values)
    unit = unit_of(training)
    scaled = in_unit(training, unit)
    assert np.isfinite(scaled[~np.isnan(training)].astype("float32")).all()
    smallest = np.nanmin(np.abs(training[training != 0]), initial=1.0)
    if smallest / unit >= np.finfo(float).tiny or unit < 1:  # below, float64 itself has fewer digits
        np.testing.assert_array_equal(scaled * unit, training)


def test_a_missing_date_is_missing_and_no_date_of_long_ago():
    found = classifiers._as_floats(pd.DataFrame({"day": pd.Series([pd.Timestamp("1970-01-02"), pd.NaT])}))
    assert found["day"].iloc[0] == 86_400 and np.isnan(found["day"].iloc[1])


@pytest.mark.parametrize("name", classifiers.LEARNERS)
def test_learners_of_rows_take_huge_numbers_and_columns_without_a_value(name):
    rng = np.random.default_rng(0)
    rows = pd.DataFrame({"huge": rng.normal(size=80) * 1e300, "none": np.nan, "day": pd.NaT, "label": None})
    kinds = {"huge": "numerical", "none": "numerical", "day": "datetime", "label": "categorical"}
    labels = (rows["huge"] > 0).to_numpy().astype(int)
    model = classifiers.fitted(name, rows, labels, kinds)
    asked = rows.assign(none=1.5, day=pd.Timestamp("2020-01-01"))  # which the model has never seen a value of
    found = classifiers.probabilities(model, asked, 2)
    assert ((found[:, 1] > 0.5) == labels).mean() > 0.9
