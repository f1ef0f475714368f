"""Numbers within a label that sets their scale, such as laboratory values by test, or sums and rates in one column: the
place of a number among those of its label is learnt in its stead, so that none has the scale of another label.

Places and numbers follow from each other by a line through quantiles of each label's rows (a copula's margins, by
label), in logarithms where these span a decade. Each such knot is a mean of rows about a quantile, each stretch holds
many rows, and beyond the outermost knots the line goes on straight: no row's own number is kept.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence

import numpy as np
import pandas as pd

from launderette.generators.derived.columns import values_of
from launderette.generators.derived.narrow import Between, Narrow, origins
from launderette.generators.encoding.cells import Cells
from launderette.generators.encoding.labels import Labels
from launderette.generators.formulas.conditional_quantile import ConditionalQuantile, Curve
from launderette.generators.formulas.formula import quoted

MOST_SCALES, LEAST_SCALE_ROWS = 20, 50  # labels, and rows of each with a number
SCALED_SHARE = 0.95  # of the rows, that such labels have together
TOLD_BY_SCALE = 0.7  # of the variance of the numbers' ranks, that the label tells
LEAST_SCALED_VALUES = 30  # distinct numbers
ROWS_PER_STRETCH, MOST_STRETCHES = 20, 32
ABOUT_KNOT = 6  # rows whose mean is a knot
MOST_NUMBERS_AT_ONCE = 2**22  # whose ranks are compared
DECADE = 10.0  # by which labels differ in scale; by which positive numbers do whose logarithms are even


def find(
    frame: pd.DataFrame,
    columns: Sequence[Cells | Labels],
    taken: Mapping[str, Sequence[str]],
    kept: Collection[str],
    owners: np.ndarray | None,
) -> Iterator[Narrow]:
    """Yield the numbers, none of them `taken` (with what those follow from) or `kept`, of which a label sets the scale;
    no label of which too few `owners` [rows] have the rows.
    """
    labels = {column.name: values_of(frame[column.name], column) for column in columns if _is_label(column, taken)}
    labels = {name: own for name, own in labels.items() if _of_enough(own, owners)}
    numbers = [column for column in columns if isinstance(column, Cells) and _may_be_scaled(column)]
    numbers = [column for column in numbers if column.name not in {*taken, *kept}]
    at_once = max(1, MOST_NUMBERS_AT_ONCE // max(1, len(frame)))
    for some in (numbers[k : k + at_once] for k in range(0, len(numbers), at_once)):
        values = np.stack([values_of(frame[column.name], column) for column in some], 1)  # [rows, numbers]
        told = _told(values, list(labels.values()))
        for column, own, shares in zip(some, values.T, told.T, strict=True):
            by_label = {name: share for name, share in zip(labels, shares, strict=True) if share >= TOLD_BY_SCALE}
            free = [name for name in by_label if column.name not in origins([name], taken)]
            scaling = [name for name in free if _sets_scale(own, labels[name])]
            by = max(scaling, key=by_label.__getitem__, default=None)
            if by is not None and (curves := _curves(own, labels[by])):
                yield _within(column.name, by, curves)


def _is_label(column: Cells | Labels, taken: Collection[str]) -> bool:
    """Whether a column has few labels, or few numbers that are all shared."""
    single = isinstance(column, Labels) or (column.kind == "numerical" and column.low == column.high)
    return single and 2 <= column.size <= MOST_SCALES and column.name not in taken


def _of_enough(labels: np.ndarray, owners: np.ndarray | None) -> bool:
    """Whether as many owners as rows have to have each label have it."""
    if owners is None:
        return True
    pairs = pd.DataFrame({"label": labels, "owner": owners}).drop_duplicates()
    return bool(pairs.label.value_counts(dropna=False).min() >= ABOUT_KNOT)


def _may_be_scaled(column: Cells) -> bool:
    return column.kind == "numerical" and column.lattice is None and column.size > 2


def _told(values: np.ndarray, labels: Sequence[np.ndarray]) -> np.ndarray:
    """Return the share of the variance of the ranks of numbers [rows, numbers] that each of the labels tells, [rows]
    each: [labels, numbers]; 0 where too few rows have labels of enough rows.
    """
    finite = np.isfinite(values)
    ranks = pd.DataFrame(values).where(finite).rank()
    ranks = (ranks - ranks.mean()).fillna(0).to_numpy()
    squares, told = ranks**2, np.zeros((len(labels), values.shape[1]))
    for share, own in zip(told, labels, strict=True):
        known = np.isfinite(own)
        hot = (own == np.unique(own[known])[:, None]).astype("float64")  # [its values, rows]
        counts, sums = hot @ finite, hot @ ranks
        rows, total = counts.sum(0), sums.sum(0)
        enough = np.where(counts >= LEAST_SCALE_ROWS, counts, 0).sum(0) >= SCALED_SHARE * finite.sum(0)
        spread = known @ squares - total**2 / np.maximum(rows, 1)
        between = (sums**2 / np.maximum(counts, 1)).sum(0) - total**2 / np.maximum(rows, 1)
        np.divide(between, spread, out=share, where=enough & (rows >= LEAST_SCALE_ROWS) & (spread > 0))
    return told


def _sets_scale(values: np.ndarray, labels: np.ndarray) -> bool:
    """Tell whether numbers are many and of one label a decade larger than of another, [rows] each."""
    known = np.isfinite(values) & np.isfinite(labels)
    groups = pd.Series(np.abs(values[known])).groupby(labels[known])
    sizes = groups.median()[groups.size() >= LEAST_SCALE_ROWS]
    return len(np.unique(values[known])) >= LEAST_SCALED_VALUES and bool(sizes.max() >= DECADE * sizes.min())


def _curves(values: np.ndarray, labels: np.ndarray) -> tuple[Curve, ...]:
    """Return the curve of each label of enough rows, the last of all rows; none where one of them has no two knots."""
    known, counts = np.unique(labels[np.isfinite(values) & np.isfinite(labels)], return_counts=True)
    own = [(label, labels == label) for label in known[counts >= LEAST_SCALE_ROWS].tolist()]
    found = [_curve(label, values[rows & np.isfinite(values)]) for label, rows in own]
    found.append(_curve(None, values[np.isfinite(values)]))
    return tuple(found) if all(len(curve.numbers) > 1 for curve in found) else ()


def _curve(label: float | None, values: np.ndarray) -> Curve:
    """Return the line through the quantiles of values [rows], with no number but once."""
    ordered = np.sort(values)
    low, high = np.quantile(ordered, [0.1, 0.9])
    log = bool(ordered[0] > 0 and high >= DECADE * low)
    ordered = np.log(ordered) if log else ordered
    stretches = min(max(len(ordered) // ROWS_PER_STRETCH, 1), MOST_STRETCHES)
    means = np.convolve(ordered, np.full(ABOUT_KNOT, 1 / ABOUT_KNOT), mode="valid")
    knots = means[np.linspace(0, len(means) - 1, stretches + 1).astype("int64")]
    numbers, at = np.unique(knots, return_inverse=True)
    places = np.bincount(at, np.linspace(0, 1, len(knots))) / np.bincount(at)
    return Curve(label, log, tuple(places.tolist()), tuple(numbers.tolist()))


def _within(name: str, by: str, curves: tuple[Curve, ...]) -> Narrow:
    place = ConditionalQuantile((name, by), "", curves, inverse=True)
    between = Between(f"{quoted(name)} within {quoted(by)}", place)
    formula = ConditionalQuantile((between.name, by), f"its place within {quoted(by)}", curves, rounding="steps")
    return Narrow(name, between, formula, None, (), 0.0)
