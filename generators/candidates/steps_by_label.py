"""Labels and shared numbers that step along a number within each label, as a price does with the weight by zone."""

from collections.abc import Collection, Mapping, Sequence
from itertools import pairwise, product

import numpy as np
import pandas as pd

from launderette.generators.candidates.by_label import LEAST_LINE_VALUES, MOST_COLUMNS_OF_LABELS
from launderette.generators.candidates.shapes import TableValues
from launderette.generators.derived.columns import values_of
from launderette.generators.derived.narrow import origins
from launderette.generators.derived.steps import SteppedTarget
from launderette.generators.encoding.cells import Cells
from launderette.generators.encoding.intervals import roundest
from launderette.generators.encoding.labels import Labels
from launderette.generators.formulas.by_label import LabelSteps, StepsByLabel
from launderette.generators.formulas.formula import quoted

MOST_STAIRS, LEAST_STEP_OWNERS = 12, 5  # labels with steps of their own, and owners of the rows of each step
FIRST_STEPPED_ROWS, LEAST_RUN_FIRST, LEAST_RUN = 500, 8, 20  # rows that most are refused by; rows of a run on average
LEAST_ON_STEPS = 0.99  # of the rows, whose values are those of their step


def find(
    targets: Sequence[SteppedTarget],
    labels: Mapping[str, np.ndarray],
    seen: TableValues,
    taken: Mapping[str, Sequence[str]],
    kept: Collection[str],
    owners: np.ndarray,
) -> dict[str, StepsByLabel]:
    """Return the formulas of those targets, none of them `taken` (with what those follow from) or `kept`, that step
    along a number, of which the values are `seen`, within each of `labels` [rows]; rows are of `owners` [rows].
    """
    sources, found = dict(taken), dict[str, StepsByLabel]()
    numbers = [name for name, own in seen.items() if not own.dated and len(np.unique(own.values)) >= LEAST_LINE_VALUES]
    for target, by, x in product(targets, labels, numbers):
        name = target.column.name
        apart = name not in {*sources, *kept, x, by} and x != by and name not in origins([x, by], sources)
        if apart and (stairs := _stairs(seen[x].values, target.values, labels[by], owners)):
            said = f"{quoted(x)} in steps by {quoted(by)}"
            found[name], sources[name] = StepsByLabel((x, by), said, stairs), (x, by)
    return found


def labels_of(frame: pd.DataFrame, columns: Sequence[Cells | Labels]) -> dict[str, np.ndarray]:
    """Return the values, [rows] each, of the columns of few labels."""
    few = [column for column in columns if isinstance(column, Labels) and 2 <= column.size <= MOST_STAIRS]
    return {column.name: values_of(frame[column.name], column) for column in few[:MOST_COLUMNS_OF_LABELS]}


def _stairs(x: np.ndarray, y: np.ndarray, labels: np.ndarray, owners: np.ndarray) -> tuple[LabelSteps, ...]:
    """Return the steps of y along x by label, all [rows]; none where too few rows lie on them, a label tells y by
    itself, or nearly every row is a step.
    """
    known = np.isfinite(x) & np.isfinite(labels)
    if (known != np.isfinite(y)).mean() > 1 - LEAST_ON_STEPS or known.sum() < FIRST_STEPPED_ROWS // 2:
        return ()
    rows = np.flatnonzero(known & np.isfinite(y))
    first = rows[:FIRST_STEPPED_ROWS]
    if len(_runs(x[first], y[first], labels[first])[1]) * LEAST_RUN_FIRST > len(first):
        return ()
    order, begins = _runs(x[rows], y[rows], labels[rows])
    if len(begins) * LEAST_RUN > len(rows):
        return ()
    found = _steps(x[rows][order], y[rows][order], labels[rows][order], owners[rows][order], begins)
    formula = StepsByLabel(("x", "by"), "", found)
    on = bool(found) and (formula.value([x[rows], labels[rows]]) == y[rows]).mean() >= LEAST_ON_STEPS
    return found if on and sum(len(own.steps) for own in found) > len(found) else ()


def _runs(x: np.ndarray, y: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the order of rows by label and x, and at which of these another label or value of y begins."""
    order = np.lexsort((y, x, labels))
    changes = (np.diff(labels[order]) != 0) | (np.diff(y[order]) != 0)
    return order, np.append(0, np.flatnonzero(changes) + 1)


def _steps(
    x: np.ndarray, y: np.ndarray, labels: np.ndarray, owners: np.ndarray, begins: np.ndarray
) -> tuple[LabelSteps, ...]:
    """Return the steps of sorted rows, [rows] each, whose runs begin at some: those of enough owners, each from the
    roundest number between its first row and the last one of the step before.
    """
    runs = [slice(first, last) for first, last in pairwise([*begins.tolist(), len(x)])]
    runs = [run for run in runs if len(np.unique(owners[run])) >= LEAST_STEP_OWNERS]
    by_label: dict[float, list[tuple[float, float]]] = {}
    for k, run in enumerate(runs):
        steps = by_label.setdefault(float(labels[run.start]), [])
        result = float(y[run.start])
        if not steps:
            steps.append((float(x[run.start]), result))
        elif steps[-1][1] != result:
            below = float(x[runs[k - 1].stop - 1])
            steps.append((roundest(np.nextafter(below, np.inf), float(x[run.start])), result))
    return tuple(LabelSteps(label, tuple(steps)) for label, steps in by_label.items())
