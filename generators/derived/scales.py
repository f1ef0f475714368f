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
    for column in columns:
        if not isinstance(column, Cells) or not _may_be_scaled(column) or column.name in {*taken, *kept}:
            continue
        values = values_of(frame[column.name], column)
        free = [name for name in labels if column.name not in origins([name], taken)]
        told = {name: _told(values, labels[name]) for name in free}
        by = max(told, key=told.__getitem__, default=None)
        if by is not None and told[by] >= TOLD_BY_SCALE and (curves := _curves(values, labels[by])):
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


def _told(values: np.ndarray, labels: np.ndarray) -> float:
    """Return the share of the variance of the ranks of numbers that labels tell, [rows] each; 0 where not asked."""
    known = np.isfinite(values) & np.isfinite(labels)
    if known.sum() < LEAST_SCALE_ROWS or len(np.unique(values[known])) < LEAST_SCALED_VALUES:
        return 0.0
    counts = pd.Series(labels[known]).value_counts().sort_index()
    if counts[counts >= LEAST_SCALE_ROWS].sum() < SCALED_SHARE * np.isfinite(values).sum():
        return 0.0
    sizes = pd.Series(np.abs(values[known])).groupby(labels[known]).median()[counts.to_numpy() >= LEAST_SCALE_ROWS]
    if not sizes.max() >= DECADE * sizes.min():
        return 0.0
    ranks = pd.Series(values[known]).rank()
    return float(ranks.groupby(labels[known]).transform("mean").var() / ranks.var())


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
