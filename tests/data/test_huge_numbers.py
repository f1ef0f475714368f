"""Numbers at the ends of their types, learned and drawn: none becomes another, infinite or zero."""

import numpy as np
import pandas as pd
import pytest

from generators import Budget, fit
from generators.data.inference import infer
from generators.encoding.columns import fit_column
from generators.identifiers.forms import form_of

N = 60
NUMBERS = {
    "beyond int64": np.random.default_rng(0).integers(2**63, 2**64 - 1, N, dtype="uint64"),
    "beyond float64's whole numbers": np.arange(2**64 - N, 2**64, dtype=object).astype("uint64"),
    "with a missing one": pd.array([*range(2**64 - N, 2**64 - 1), pd.NA], dtype="UInt64"),
    "least of int64": np.arange(-(2**63), -(2**63) + N),
    "1e300": np.random.default_rng(0).normal(size=N) * 1e300,
    "the smallest": np.random.default_rng(0).integers(1, 99, N) * 5e-324,
    "infinite ones": np.where(np.arange(N) % 5 == 0, np.inf, np.random.default_rng(0).normal(size=N)),
}


@pytest.mark.filterwarnings("error::RuntimeWarning")
@pytest.mark.parametrize("name", NUMBERS)
def test_numbers_come_back_in_their_type_and_range(name):
    values = pd.Series(NUMBERS[name])
    column = infer(pd.DataFrame({"x": values}), {"x": "numerical"}).columns[0]
    cells = fit_column(values, column)
    drawn = cells.decode(cells.encode(values), np.full(N, 0.5))
    assert drawn.dtype == values.dtype
    assert drawn.isna().tolist() == (values.isna() | (values == np.inf)).fillna(True).tolist()
    known = [abs(float(value)) for value in drawn.dropna()]
    largest = max(abs(float(value)) for value in values.dropna() if value != np.inf)
    assert min(known) > 0 and 0.1 * largest < max(known) <= largest


@pytest.mark.filterwarnings("error::RuntimeWarning")
@pytest.mark.parametrize("name", NUMBERS)
def test_as_identifiers_they_are_made_up_anew_in_whole_numbers(name):
    frame = pd.DataFrame({"x": NUMBERS[name], "a": np.arange(N) % 3})
    model = fit(frame, schema=infer(frame, {"x": "identifier"}), budget=Budget(steps=1))
    drawn = model.sample(20)["x"]
    assert drawn.nunique() > 5 and not set(map(str, drawn)) & set(map(str, frame["x"]))
    assert all(int(value) == value for value in drawn)


def test_fractions_have_the_form_of_a_number():
    for values in (NUMBERS["1e300"], NUMBERS["the smallest"], [1.5, 2.25, 3.125]):
        assert form_of(pd.Series(values)).pattern == r"\d{6,9}"
