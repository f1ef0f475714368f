"""Columns without any value, and numbers at the ends of their types, pass through augmentation."""

import numpy as np
import pandas as pd
import pytest

from pipelines.augment.augmenter import Augmenter

N = 60
RNG = np.random.default_rng(0)
EMPTY = {"float64": np.nan, "object": None, "string": pd.NA, "Int64": pd.NA, "boolean": pd.NA, "Float32": pd.NA}
EMPTY |= {"category": None, "datetime64[ns]": pd.NaT, "datetime64[ns, UTC]": pd.NaT, "timedelta64[ns]": pd.NaT}
HUGE = {
    "1e300": RNG.normal(size=N) * 1e300,
    "the smallest": RNG.integers(1, 99, N) * 5e-324,
    "beyond int64": RNG.integers(2**63, 2**64 - 1, N, dtype="uint64"),
    "counted beyond int64": np.arange(2**63, 2**63 + N, dtype="uint64"),
    "infinite": np.where(RNG.random(N) < 0.2, np.inf, 1.5),
}


def balanced(column):
    X = pd.DataFrame({"a": RNG.normal(size=N), "x": column})
    return Augmenter(steps=2).fit_resample(X, pd.Series(["n"] * 45 + ["y"] * 15))


@pytest.mark.parametrize("dtype", EMPTY)
def test_a_column_without_a_value_stays_one_in_its_type(dtype):
    X, y = balanced(pd.Series([EMPTY[dtype]] * N, dtype=dtype))
    assert X["x"].isna().all() and X["x"].dtype == dtype and (y == "y").sum() == 45


def test_a_table_without_any_value_is_balanced_too():
    X, _ = Augmenter(steps=2, filter=False).fit_resample(pd.DataFrame({"x": [np.nan] * N}), ["n"] * 45 + ["y"] * 15)
    assert len(X) == 90 and X["x"].isna().all()


@pytest.mark.filterwarnings("error::RuntimeWarning")
@pytest.mark.parametrize("numbers", HUGE)
def test_numbers_at_the_ends_of_their_type_keep_it(numbers):
    X, _ = balanced(HUGE[numbers])
    assert len(X) == 90 and X["x"].dtype == HUGE[numbers].dtype
