"""Nothing in a public report stands for one to nineteen training rows."""

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import evaluation
from evaluation import diversity, report, samples
from evaluation.summaries import charts, small_cells

counts = st.lists(st.integers(0, 60), max_size=12)


@given(counts)
def test_groups_hold_enough_and_leave_nothing_small_over(values):
    groups = small_cells.grouped(values)
    totals = [sum(values[i] for i in group) for group in groups]
    assert all(total >= small_cells.LEAST_CELL_ROWS for total in totals)
    left = sum(values) - sum(totals)
    assert left == 0 or (not groups and left < small_cells.LEAST_CELL_ROWS)
    assert sum(len(group) > 1 for group in groups) <= 1  # what is large enough stands alone


@given(counts)
def test_runs_of_neighbours_hold_enough(values):
    starts = small_cells.runs(values)
    assert starts == sorted(starts) and (starts[:1] == [0] or sum(values) < small_cells.LEAST_CELL_ROWS)
    assert all(
        sum(values[a:b]) >= small_cells.LEAST_CELL_ROWS for a, b in zip(starts, [*starts[1:], None], strict=False)
    )


def test_shares_and_counts_of_few_rows_are_withheld():
    assert small_cells.share(0, 100) == 0 and small_cells.share(20, 100) == 0.2 and small_cells.share(100, 100) == 1
    assert small_cells.share(19, 100) is None and small_cells.share(81, 100) is None
    assert [small_cells.shown(n) for n in (0, 1, 19, 20)] == [0, "fewer than 20", "fewer than 20", 20]


def allowed(share, rows):
    """Whether a share of so many training rows stands for none, or enough, of them."""
    return not small_cells.is_small(round(share * rows))


@st.composite
def tables(draw):
    """A frame with lone values, rare labels, few missing and few present ones, in numbers drawn anew."""
    rows, rng = draw(st.integers(60, 400)), np.random.default_rng(draw(st.integers(0, 2**16)))
    numbers = np.where(
        rng.random(rows) < draw(st.floats(0, 1)), rng.integers(0, 5, rows), np.exp(rng.normal(0, 3, rows))
    )
    labels = rng.choice(
        list("abcdefghijklmnop"), rows, p=rng.dirichlet(np.full(16, draw(st.sampled_from([0.05, 0.3, 3]))))
    )
    frame = pd.DataFrame(
        {"number": numbers, "label": pd.Series(labels, dtype=object), "day": pd.Timestamp("2020-01-01")}
    )
    frame["day"] += pd.to_timedelta(rng.integers(0, 3, rows) ** 8, "D")
    for column in frame:
        gone = draw(st.sampled_from([0, 1, 5, 19, 20, 40, rows - 25, rows - 5]))
        frame.loc[rng.permutation(rows)[:gone], column] = None
    return frame


@settings(max_examples=60, deadline=None)
@given(tables())
def test_charts_and_missing_shares_stand_for_enough_rows(frame):
    made = samples.make(
        frame, None, frame.copy(), kinds={"number": "numerical", "label": "categorical", "day": "datetime"}
    )
    shares = report.profile(made)["missing"]
    for column in frame:
        missing = int(frame[column].isna().sum())
        assert shares[column][0] == (
            None if small_cells.is_small(missing) or len(frame) - missing < 20 else missing / len(frame)
        )
        chart = charts.column_chart(made, column)
        if chart is None:
            continue
        assert all(allowed(share, len(frame)) for share in chart["real"])
        assert allowed(1 - sum(chart["real"]), len(frame))  # what is left over is known too
        if "labels" in chart:
            rest = chart["real"][
                chart["labels"].index("all other or missing" if small_cells.is_small(missing) else "all other")
            ]
            known = 0 if shares[column][0] is None else shares[column][0]
            assert "missing" in chart["labels"] or allowed(rest - known, len(frame))


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(1, 40), min_size=1, max_size=30))
@example([1])
@example([3, 3, 7, 30])
@example([25, 1])
def test_rare_categories_are_counted_in_brackets_of_enough_rows(held):
    found = diversity._by_count(held, np.linspace(0, 1, len(held)))
    total = 0
    for name, cell in found.items():
        low, _, high = name.removeprefix("over ").partition("-")
        inside = [n for n in held if n >= int(low) + name.startswith("over") and (not high or n <= int(high))]
        assert len(inside) == cell["categories"] and sum(inside) >= small_cells.LEAST_CELL_ROWS
        total += sum(inside)
    assert total == (sum(held) if sum(held) >= small_cells.LEAST_CELL_ROWS else 0)


@pytest.mark.parametrize("seed", range(3))
def test_groups_of_rows_hold_enough_in_the_json(seed):
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame({"x": np.append(rng.normal(size=990), 50 + np.arange(10.0)), "y": rng.normal(size=1000)})
    found = evaluation.score(frame, None, frame.copy(), names=["diversity.modes"])
    detail = json.loads(json.dumps(found.to_json()))["scores"][0]["detail"]
    assert all(allowed(share, 1000) for share in detail["cell_share"]) and sum(detail["cell_share"]) == pytest.approx(1)
    assert detail["cell_ratio"] == pytest.approx([1] * len(detail["cell_share"]))
