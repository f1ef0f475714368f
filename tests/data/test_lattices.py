"""Numbers in steps of any size are drawn on their steps, and the step tells no row's own value."""

import json

import numpy as np
import pandas as pd
import pytest

from generators.data.inference import infer
from generators.encoding import encoder
from generators.encoding.encoding import Encoding
from generators.encoding.lattices import lattice_of

RNG = np.random.default_rng(0)
COUNTS = RNG.binomial(40, 0.4, 300)
COLUMNS = {
    "hundreds": 100 * RNG.integers(1, 900, 300),  # hardly a value is shared
    "quarters": RNG.integers(0, 60, 300) / 4,
    "standardised counts": (COUNTS - COUNTS.mean()) / COUNTS.std() / 300**0.5,
    "thirds": (COUNTS / 3).astype("float32"),
    "knots in miles an hour": np.round(COUNTS * 1.15078 / 2, 1),
    "weeks": pd.Timestamp("2024-01-01") + pd.to_timedelta(7 * RNG.integers(0, 300, 300), "D"),
}


@pytest.mark.parametrize("name", COLUMNS)
def test_values_are_drawn_on_their_steps(name):
    values = pd.Series(COLUMNS[name])
    frame = pd.DataFrame({"v": values})
    encoded = encoder.fit(frame, infer(frame, {"v": "datetime" if name == "weeks" else "numerical"}))
    again = Encoding.from_dict(json.loads(json.dumps(encoded.to_dict())))
    cell = RNG.integers(0, again.columns[0].size, 2000)
    drawn = again.columns[0].decode(cell, RNG.random(2000))
    assert (again.columns[0].encode(drawn) == cell).all()
    assert again.columns[0].lattice is not None
    steps = np.subtract.outer(drawn.to_numpy()[:200], values.to_numpy()).astype("float64") / step_of(name)
    assert np.abs(steps - np.round(steps)).max() < (0.2 if "knots" in name else 1e-4)
    shared = np.sort(values.value_counts().loc[lambda rows: rows >= 5].index.to_numpy().astype("float64"))
    apart = np.abs(np.subtract.outer(drawn.to_numpy().astype("float64"), shared))
    assert (apart[apart < 1e-3 * step_of(name)] == 0).all()  # shared values come back to the last bit


def step_of(name: str) -> float:
    week = float(pd.Timedelta(days=7) / pd.Timedelta(1, COLUMNS["weeks"].unit))
    own = {"standardised counts": 1 / COUNTS.std() / 300**0.5, "thirds": 1 / 3}
    steps = own | {"hundreds": 100, "quarters": 0.25, "knots in miles an hour": 1.15078 / 2, "weeks": week}
    return steps[name]


@pytest.mark.parametrize(
    "values", [RNG.integers(0, 50, 500), RNG.normal(0, 1e6, 500).astype(int), RNG.choice(RNG.integers(0, 500, 12), 500)]
)
def test_numbers_that_fill_their_grid_or_lie_anywhere_have_no_steps(values):
    assert lattice_of(values) is None


def test_a_value_that_few_rows_have_does_not_move_the_step():
    ticks = np.repeat(np.round(np.arange(30) * 5.75390).astype("int64"), 10)
    odd = [lattice_of(np.append(ticks, other)) for other in (ticks[:1], [11], [88], [1001])]
    assert odd[0] is not None and all(found == odd[0] for found in odd)


def test_ends_to_which_extremes_were_drawn_need_not_lie_on_a_step():
    inner = np.rint(91.6 + 5.747 * np.random.default_rng(0).integers(-8, 14, 400)).astype("int64")
    low, high = np.quantile(inner, [0.06, 0.94]) + 1
    clipped = np.clip(inner, int(low), int(high))
    assert lattice_of(clipped).holds(inner).all() and not lattice_of(clipped).holds(np.array([low, high])).any()


def test_even_numbers_that_lie_close_together_are_steps_and_others_of_as_many_are_not():
    """Blood pressures, read off in twos: 13 values that are all even say more in a range of 25 than in one of 250."""
    even = np.repeat(np.arange(60, 86, 2), 10)
    assert lattice_of(np.append(even, [65, 75])).step == 2
    for seed in range(20):
        chosen = np.random.default_rng(seed).choice(np.arange(60, 85), 13, replace=False)
        assert lattice_of(np.repeat(np.sort(chosen), 10)) is None


@pytest.mark.parametrize("questions", [30, 84, 120])
def test_percentages_are_drawn_as_such_though_few_are_shared(questions):
    """Few shared values leave the last digits of a step open, by which others would be missed."""
    for seed in range(3):
        right = np.random.default_rng(seed).binomial(questions, 0.3, 180)
        found = lattice_of(np.rint(right * 10_000 / questions).astype("int64"))
        assert found and found.points(np.array([0, 1, questions])).tolist() == [0, round(1e4 / questions), 10_000]


@pytest.mark.parametrize(("parts", "halves"), [(8, "up"), (8, "even"), (6, "up"), (7, "up"), (12, "up")])
def test_parts_of_one_that_all_rows_keep_are_steps_though_no_value_is_shared(parts, halves):
    exact = 100 * np.random.default_rng(parts).choice(40 * parts, 60, replace=False) / parts
    ticks = (np.floor(exact + 0.5) if halves == "up" else np.rint(exact)).astype("int64")
    found = lattice_of(ticks)
    assert found is not None and found.step == pytest.approx(100 / parts) and found.holds(ticks).all()
    assert lattice_of(ticks + np.random.default_rng(0).integers(0, 2, 60)) is None
