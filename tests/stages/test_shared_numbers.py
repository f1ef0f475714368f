"""Numbers that enough rows of a small table share are kept, also where few of the training rows have them."""

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from generators import fit
from generators.data.inference import infer
from generators.data.schema import Schema
from generators.encoding.intervals import LEAST_ROWS_PER_VALUE, cells_of
from pipelines.stages.shared_numbers import counted

quick = settings(max_examples=60, deadline=None, derandomize=True)


def table(values: list[float]) -> pd.DataFrame:
    return pd.DataFrame({"x": np.array(values, float), "who": np.arange(len(values))})


@quick
@given(st.lists(st.tuples(st.integers(0, 6), st.booleans()), min_size=2, max_size=60), st.integers(0, 8))
def test_numbers_of_training_rows_are_told_where_both_sides_have_enough(rows, least):
    train, held = (table([x for x, inside in rows if inside == side]) for side in (True, False))
    found = counted(train, held, infer(table([x for x, _ in rows])), least=least).column("x")
    inside, everywhere = train["x"].value_counts(), pd.concat([train, held])["x"].value_counts()
    assert set(getattr(found, "shared", ())) == {
        x for x, n in inside.items() if n < LEAST_ROWS_PER_VALUE <= everywhere[x] and everywhere[x] >= least
    }


def test_rows_of_one_person_count_once():
    rows = table([1.5] * 6 + [2.5] * 6 + [3.25, 4.75]).assign(who=[*range(6), *[7] * 6, 8, 9])
    found = counted(rows[::2], rows[1::2], infer(table([0.5])), entity="who")
    assert found.column("x").shared == (1.5,)


@quick
@given(st.lists(st.integers(0, 60), min_size=1, max_size=40), st.sets(st.integers(0, 60)), st.booleans())
def test_a_known_number_is_a_cell_of_its_own(values, known, on_grid):
    ticks = np.array(values, "int64" if on_grid else "float64")
    low, high, rows, _ = cells_of(ticks, on_grid=on_grid, known=np.array(sorted(known)), listed=True)
    alone = set(low[low == high].tolist())
    assert known & set(values) <= alone and rows.sum() == len(values) and (high[:-1] < low[1:]).all()


def test_a_small_table_is_drawn_at_numbers_that_its_rows_share():
    """Thirteen numbers that lie in no steps, of five to eight rows each, of which two in five are held out."""
    rng = np.random.default_rng(0)
    known = np.unique(np.round(np.cumsum(rng.exponential(9, 13)), 2))
    rows = table(rng.permutation(np.repeat(known, rng.integers(5, 9, 13))).tolist())[["x"]].assign(y=1.0)
    train, held = rows[: int(0.6 * len(rows))], rows[int(0.6 * len(rows)) :]
    drawn = {}
    for told in (infer(rows), counted(train, held, infer(rows))):
        assert Schema.from_dict(told.to_dict()) == told
        model = fit(train, "tabular.marginals", schema=told, seed=0)
        drawn[bool(told.column("x").shared)] = model.sample(200, seed=0)["x"].isin(known).mean()
    assert drawn[True] == 1 and drawn[False] < 0.6
