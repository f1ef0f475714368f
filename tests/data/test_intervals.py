"""Cells tile the range of a column: nothing inside is impossible, and edges do not point at rows."""

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from generators.data.inference import infer
from generators.encoding import encoder
from generators.encoding.intervals import BEYOND_CHANCE, LEAST_ROWS_PER_VALUE, cells_of, repeatable
from generators.networks.frequencies import Places, log_shares

quick = settings(max_examples=80, deadline=None, derandomize=True)
wholes = st.lists(st.integers(-(2**62), 2**62) | st.integers(0, 40) | st.integers(10**6, 10**6 + 9), min_size=1)
floats = st.lists(st.floats(allow_nan=False, allow_infinity=False) | st.floats(0, 1), min_size=1)
Cut = tuple[np.ndarray, np.ndarray, np.ndarray]


def cut(ticks: np.ndarray, *, on_grid: bool) -> Cut:
    low, high, rows, _ = cells_of(ticks, on_grid=on_grid)
    cell = np.searchsorted(high, ticks)
    assert (low[cell] <= ticks).all() and (np.bincount(cell, minlength=len(low)) == rows).all()
    assert (low[0], high[-1]) == (ticks.min(), ticks.max()) and (low <= high).all()
    return low, high, rows


def atoms(low: np.ndarray, high: np.ndarray, rows: np.ndarray) -> np.ndarray:
    return (low == high) & (rows >= LEAST_ROWS_PER_VALUE)


@quick
@given(wholes, st.booleans())
def test_no_whole_number_in_the_range_is_impossible(values, twice):
    low, high, rows = cut(np.array(values * (1 + twice)), on_grid=True)
    between = [int(b) - int(a) - 1 for a, b in zip(high[:-1], low[1:], strict=True)]
    assert not any(between) or atoms(low, high, rows).all()


@quick
@given(floats)
def test_no_float_in_the_range_is_impossible(values):
    low, high, rows = cut(np.array(values), on_grid=False)
    assert (low[1:] == np.nextafter(high[:-1], np.inf)).all() or atoms(low, high, rows).all()


def samples(rng: np.random.Generator) -> dict[str, np.ndarray]:
    return {
        "normal": rng.normal(size=2000),
        "with an atom": np.where(rng.random(2000) < 0.3, 0.0, rng.normal(800, 300, 2000)),
        "heavy tail": rng.lognormal(8, 2, 2000),
        "two modes": np.append(rng.normal(size=1000), rng.normal(100, 1, 1000)),
    }


@pytest.mark.parametrize("name", samples(np.random.default_rng(0)))
def test_values_beside_those_of_rows_are_as_likely(name):
    ticks = samples(np.random.default_rng(0))[name]
    low, high, rows = cut(ticks, on_grid=False)
    alone = np.unique(ticks)[1:-1]  # but for the ends of the range
    alone = alone[~np.isin(alone, low[atoms(low, high, rows)])]
    nearest = np.diff(np.unique(ticks)).min()
    for beside in (alone - nearest / 8, alone + nearest / 8):
        assert (np.searchsorted(high, alone) == np.searchsorted(high, beside)).all()


def test_a_fresh_row_has_a_value_that_comes_back_exactly_as_often_as_a_training_row():
    """Standardised readings: of 120 numbers in no steps each row has one, and a fifth of the rows a zero."""
    rng, kept = np.random.default_rng(0), np.zeros((2, 20))
    for k, values in enumerate(rng.normal(size=(20, 120))):
        train, fresh = (np.where(rng.random(400) < 0.2, 0.0, rng.choice(values, 400)) for _ in range(2))
        low, high, rows = cut(train, on_grid=False)
        exact = low[atoms(low, high, rows)]
        kept[:, k] = np.isin(train, exact).mean(), np.isin(fresh, exact).mean()
        assert 0.0 in exact
    assert kept[0].mean() - kept[1].mean() < 0.05  # .12 where five rows are enough
    assert repeatable(np.array([20] * 30 + [10**6])).all()  # lists, whose numbers have no five rows by chance


def test_chance_leaves_gaps_in_few_columns():
    columns = np.random.default_rng(0).normal(size=(200, 285))
    assert sum(cells_of(values, on_grid=False).gaps.any() for values in columns) < 200 * np.exp(-BEYOND_CHANCE)


def test_a_gap_that_chance_does_not_leave_stays_all_but_empty():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"v": np.append(rng.normal(size=1000), rng.normal(100, 1, 1000))})
    encoded = encoder.fit(frame, infer(frame))
    column, tokens = encoded.columns[0], encoded.encode(frame)
    gap = encoded.encode(pd.DataFrame({"v": [50.0]}))[0, 0]
    assert column.low[column.gaps[0]] < 10 and column.high[column.gaps[0]] > 90
    shares = log_shares(torch.from_numpy(tokens[:, 0]), encoded.layout.sizes[0], Places.of(encoded.layout, 0)).exp()
    assert shares[gap] < 1 / len(frame) < shares[gap - 1]
