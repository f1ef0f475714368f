"""What a configuration does not state of a column, learnt from rows by noisy counts that the ledger charges.

Kinds, decimals and formats are told by how many values have each of some public forms; bounds by counts between powers
of two, neither more precisely than as many rows as there are need; categories by counts of labels that are kept from a
threshold on, so that one that few rows have is told with a probability of delta at most (Korolova et al. 2009; Wilson
et al. 2020, 1909.01917). Columns with many rows of other labels are asked again with less noise; one whose labels are
on a public code list takes the rest of it. Counts that were told serve as histograms too (marginals/told.py).
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from statistics import NormalDist
from typing import Any

import numpy as np
import pandas as pd

from launderette.generators.code_lists import matching
from launderette.generators.data.values import single, text_of
from launderette.generators.errors import GeneratorError
from launderette.generators.formats import grid, timestamps
from launderette.generators.formats.decimals import EXACT_INTEGERS
from launderette.generators.privacy import accounting, forms
from launderette.generators.privacy.domain import OTHER_LABEL, Privacy, PublicColumn, private_field
from launderette.generators.privacy.ledger import DiscreteGaussian
from launderette.generators.privacy.queries import NoisyQueries

QUESTION_SHARE, FIRST_QUESTIONS_SHARE = 0.004, 0.06  # of mu^2: of one question about a form or labels, of all of them
MOST_SHARE = 0.25  # of mu^2, of all questions
BOUNDS_SHARE, ALL_BOUNDS_SHARE = 0.008, 0.05  # of mu^2, for the bounds of a column, and of all
ROWS_SHARE = 0.0005  # of mu^2, of the question how many rows there are
FORM_NOISE, BOUNDS_NOISE = 1 / 128, 1 / 400  # standard deviations, of all rows: no question of that kind needs less
AGAIN_SHARE = 0.02  # of mu^2, for a column whose labels are asked for once more
AGAIN_DEVIATIONS = 2.0  # of noise, by which a column has rows of other labels that is asked again
DELTA_SHARE = 0.1  # of delta, for categories
LEAST_LABEL_ROWS = 5  # no label of fewer rows is ever kept
SEEN_DEVIATIONS = 5.0  # of noise, standard ones, by which rows are told from none: by chance once in 3,000,000 counts
WINDOW_POWERS = (1, 2, 4, 8)  # that are looked at together: rows may lie thinly in each
EMPTY_CHANCE = 1e-6  # that of all powers of two without rows, of one column, any is taken to hold some
NEAR_CHANCE, NEAR_POWERS = 1e-3, 4  # the same of those so few powers of two away from one that holds rows
FROM_ZERO = 8  # bounds of which one is so many times the other have 0 in its place


@dataclass(frozen=True)
class Budgeted:
    """Questions about columns, and the share of the budget that one of them takes."""

    queries: NoisyQueries
    share: float
    delta: float  # of each column whose categories are learnt

    def with_noise(self, sigma: float) -> "Budgeted":
        """Return questions that take no more than buys noise of this standard deviation, or of 1 where it is less."""
        return replace(self, share=min(self.share, (self.queries.sigma(1.0) / max(sigma, 1.0)) ** 2))


def learn(frame: pd.DataFrame, privacy: Privacy) -> Privacy:
    """Return the guarantee with all columns of the frame known, and what was asked for it; GeneratorError for a column
    of which too little can be told.
    """
    columns, frame = privacy.public(frame.columns), frame.apply(single)
    squared = accounting.mu_of(privacy.epsilon, privacy.delta * (1 - DELTA_SHARE)) ** 2
    queries = NoisyQueries(squared, privacy.reach)
    share = min(QUESTION_SHARE, FIRST_QUESTIONS_SHARE / max(sum(map(_first_questions, columns)), 1))
    asked, rows = Budgeted(queries, share, 0.0), 0.0
    if any(set(column.lacking) - {"categories"} for column in columns):
        rows = float(queries.table("how many rows there are", np.array([len(frame)]), ROWS_SHARE).values[0])
    columns = tuple(_formed(column, frame[column.name], asked.with_noise(FORM_NOISE * rows)) for column in columns)
    thresholds = sum(("decimals" in column.lacking) + 2 * ("categories" in column.lacking) for column in columns)
    asked = replace(asked, delta=privacy.delta * DELTA_SHARE / max(thresholds, 1))
    columns = tuple(_of_texts(column, frame[column.name], asked.with_noise(FORM_NOISE * rows)) for column in columns)
    unbounded = sum("bounds" in column.lacking for column in columns)
    most = min(BOUNDS_SHARE, ALL_BOUNDS_SHARE / max(unbounded, 1))
    bounds = replace(asked, share=most).with_noise(BOUNDS_NOISE * rows)
    columns = tuple(_bounded(column, frame[column.name], bounds) for column in columns)
    unlisted = {column.name: frame[column.name] for column in columns if "categories" in column.lacking}
    labels = _categories(unlisted, asked)
    known = {c.name: (labels[c.name].known(c) if c.name in labels else c).entry for c in columns}
    events = _with_whole_delta(queries.events, privacy.delta * DELTA_SHARE)
    found = replace(privacy, columns={**privacy.columns, **known}, domain="public", events=events)
    found.public(frame.columns)  # fails for a formula, for one, of a column that was found to hold no numbers
    return found


def provenance(columns: Iterable[PublicColumn]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return which columns are publicly known, and which fields of which columns were learnt, in words."""
    columns = tuple(columns)
    learnt = tuple(f"{' and '.join(one.learnt)} of {one.name}" for one in columns if one.learnt)
    return tuple(one.name for one in columns if not one.learnt), learnt


def _with_whole_delta(events: Sequence[DiscreteGaussian], delta: float) -> tuple[DiscreteGaussian, ...]:
    """Return events that cost a whole `delta`: how much of it they need follows from answers."""
    left = max(0.0, delta - sum(event.delta for event in events))
    return (*events[:-1], *(replace(last, delta=last.delta + left) for last in events[-1:]))


def least_rows(privacy: Privacy, names: Iterable[str]) -> int:
    """Return how many rows the noise of the first questions drowns, by what is public alone: nothing is asked."""
    columns = privacy.public(names)
    squared = accounting.mu_of(privacy.epsilon, privacy.delta * (1 - DELTA_SHARE)) ** 2
    questions = sum(map(_first_questions, columns))
    share = min(QUESTION_SHARE, FIRST_QUESTIONS_SHARE / max(questions, 1))
    return math.ceil(SEEN_DEVIATIONS * NoisyQueries(squared, privacy.reach).sigma(share)) if questions else 0


def _first_questions(column: PublicColumn) -> int:
    """Return how many questions a column may need first: for its form, and for how its numbers are written, or for its
    labels and the rest of them.
    """
    form = not {"kind", "decimals", "format"}.isdisjoint(column.lacking)
    return form + max("decimals" in column.lacking, 2 * (not {"kind", "categories"}.isdisjoint(column.lacking)))


def _with(column: PublicColumn, **fields: Any) -> PublicColumn:
    return replace(column, **fields, learnt=(*column.learnt, *fields))


def _formed(column: PublicColumn, values: pd.Series, asked: Budgeted) -> PublicColumn:
    """Return a column with its kind known, and its decimals and format but for those of numbers that are texts."""
    if {"kind", "decimals", "format"}.isdisjoint(column.lacking):
        return column
    counts = np.bincount(forms.each(column.plain(values), forms.form_of), minlength=forms.OTHER_TEXT + 1)
    answer = asked.queries.table(f"forms of the values of column {column.name!r}", counts, asked.share)
    noise = math.sqrt(answer.variance)
    told = np.where(answer.values > SEEN_DEVIATIONS * noise, answer.values, 0)
    if not told[1:].any():
        what = f"the form (noise of {noise:.0f} rows drowns it)"
        raise private_field(column.name, what, column.kind or None)
    kind = column.kind or forms.kind_of(told)
    column = column if column.kind else _with(column, kind=kind)
    if kind == "numerical" and column.decimals is None and not told[forms.WRITTEN_NUMBER]:
        return _with(column, decimals=forms.decimals_of(told[forms.DECIMAL_NUMBER : forms.WRITTEN_NUMBER]))
    if kind == "datetime" and not column.format:
        if not (found := forms.date_format_of(told)):
            raise private_field(column.name, "the format", kind)
        return _with(column, format=found)
    return column


def _of_texts(column: PublicColumn, values: pd.Series, asked: Budgeted) -> PublicColumn:
    """Return a column of numbers that are texts, if it is one, with its decimals and format known."""
    if "decimals" not in column.lacking:
        return column
    shapes = values.astype("object").map(forms.shape_of, na_action="ignore")
    rows = shapes[shapes != ""].value_counts().sort_index()
    rows, what = rows[rows >= LEAST_LABEL_ROWS], f"how numbers of column {column.name!r} are written"
    counts, threshold = asked.queries.labels(what, rows.to_numpy(), asked.share, LEAST_LABEL_ROWS, asked.delta)
    told = {shape: n for shape, n in zip(rows.index, counts.tolist(), strict=True) if n >= threshold}
    if (found := forms.written_as(told)) is None:
        raise private_field(column.name, "how its numbers are written (format: as 1234.5 is)", column.kind)
    format, decimals = found
    return _with(column, **({"format": format} if format else {}), decimals=decimals)


def _bounded(column: PublicColumn, values: pd.Series, asked: Budgeted) -> PublicColumn:
    """Return a column whose bounds are known, if it has some: those of the powers of two, of either sign, between which
    more rows lie than noise makes.
    """
    if "bounds" not in column.lacking:
        return column
    if column.kind == "numerical":
        most = EXACT_INTEGERS / column.scale
        values = pd.Series(column.read_numbers(values)).clip(-most, most)
    ticks, _ = grid.to_grid(column.conformed(values), column.column, column.scale)
    counts = np.bincount(_power_cells(ticks), minlength=2 * grid.MOST_POWER + 1)
    answer = asked.queries.table(f"powers of two of the values of column {column.name!r}", counts, asked.share)
    if not len(held := _held(answer.values / math.sqrt(answer.variance)) - grid.MOST_POWER):
        what = f"bounds (noise of {math.sqrt(answer.variance):.0f} rows drowns them)"
        raise private_field(column.name, what, column.kind)
    low, high = grid.lowest(int(held[0])), -grid.lowest(-int(held[-1]))
    if 0 < FROM_ZERO * low < high:
        low = 0
    if 0 > FROM_ZERO * high > low:
        high = 0
    known = _with(column, bounds=_written(column, low, max(high, low + 1)))
    first, last = _power_cells(np.array(known.widest)).tolist()
    told = answer.values[first : last + 1].astype("int64").tolist()
    return replace(known, rows=tuple(told), noise=answer.variance)


def _power_cells(ticks: np.ndarray) -> np.ndarray:
    return np.clip(grid.powers(ticks), -grid.MOST_POWER, grid.MOST_POWER) + grid.MOST_POWER


def _held(deviations: np.ndarray) -> np.ndarray:
    """Return the cells that hold rows, by their counts in standard deviations of the noise [cells], in order:
    as many cells and windows of some are looked at, so much rarer must the noise of each be (Bonferroni). Of a window
    that holds rows, the cell that holds most does.
    """
    least = NormalDist().inv_cdf(1 - EMPTY_CHANCE / (len(WINDOW_POWERS) * len(deviations)))
    held = np.zeros(len(deviations), dtype=bool)
    for width in WINDOW_POWERS:
        rest = np.where(held, 0, deviations)
        windows = np.lib.stride_tricks.sliding_window_view(rest, width)
        some = np.flatnonzero(windows.sum(1) > least * math.sqrt(width))
        held[some + windows[some].argmax(1)] = True
    near = (np.abs(np.arange(len(deviations))[:, None] - np.flatnonzero(held)) <= NEAR_POWERS).any(1)
    return np.flatnonzero(held | near & (deviations > NormalDist().inv_cdf(1 - NEAR_CHANCE / (2 * NEAR_POWERS))))


def _written(column: PublicColumn, low: int, high: int) -> tuple[Any, Any]:
    """Return ticks as bounds are written."""
    if column.kind == "datetime":
        ends = [datetime(1, 1, 2), datetime(9999, 12, 30)]
        first, last = ((end - timestamps.EPOCH) // timestamps.MICROSECOND // int(column.scale) for end in ends)
        ticks = np.clip([low, high], first, last)
        texts: Sequence[Any] = grid.from_grid(ticks, np.zeros(2, dtype=bool), column.column, column.scale).tolist()
        return texts[0], texts[1]
    return (low / column.scale, high / column.scale) if column.decimals else (low, high)


@dataclass(frozen=True, eq=False)
class LearntLabels:
    """Labels of a column: rows of each [labels]; those told, with noisy counts of one variance; those that a public
    code list has beside; whether many rows seem to have others.
    """

    column: str
    rows: pd.Series
    told: dict[str, int]
    variance: float = 0.0
    supposed: tuple[str, ...] = ()
    others: bool = False

    def known(self, column: PublicColumn) -> PublicColumn:
        """Return the column with its labels: those told, the most frequent first, before those supposed."""
        told = sorted(self.told, key=lambda label: (-self.told[label], label))
        counts = tuple(self.told[label] for label in told)
        return replace(_with(column, categories=(*told, *self.supposed)), rows=counts, noise=self.variance)


def _categories(columns: Mapping[str, pd.Series], asked: Budgeted) -> dict[str, LearntLabels]:
    """Return the labels of each column: all are asked once, with those of which much is left once more."""
    found, share = {}, asked.share
    for name, values in columns.items():
        texts = values.astype("object").map(text_of, na_action="ignore")
        rows = texts[~texts.isin([OTHER_LABEL, ""])].value_counts().sort_index()
        found[name] = _left(_told(LearntLabels(name, rows, {}), asked, share)[0], asked, share)
    left = MOST_SHARE - (1 - asked.queries.left())
    again = [name for name, one in found.items() if one.others]
    for name in again:
        found[name], threshold = _told(found[name], asked, min(AGAIN_SHARE, left / len(again)))
        if not found[name].told:
            raise GeneratorError(
                f"expected labels of column {name!r} that about {threshold:,} rows share, found none; state its "
                "categories, or how its numbers are written, from what is publicly known, raise privacy.epsilon, or "
                "drop the column"
            )
    return found


def _told(labels: LearntLabels, asked: Budgeted, share: float) -> tuple[LearntLabels, int]:
    """Return the labels that pass a threshold or did so before, and that threshold."""
    known = labels.rows.index.isin(list(labels.told))
    rows, what = labels.rows[known | (labels.rows >= LEAST_LABEL_ROWS)], f"labels of column {labels.column!r}"
    counts, threshold = asked.queries.labels(what, rows.to_numpy(), share, LEAST_LABEL_ROWS, asked.delta)
    told = {k: n for k, n in zip(rows.index, counts.tolist(), strict=True) if n >= threshold or k in labels.told}
    variance = float(asked.queries.events[-1].variance)
    left = tuple(label for label in labels.supposed if label not in told)
    return replace(labels, told=told, variance=variance, supposed=left), threshold


def _left(labels: LearntLabels, asked: Budgeted, share: float) -> LearntLabels:
    """Return labels with the rest of a code list, if most rows of other labels are on it, and whether many are not."""
    listed = sorted(set(matching.of_labels(tuple(labels.told))) - set(labels.told))
    others = labels.rows[~labels.rows.index.isin(list(labels.told))]
    on = int(others[others.index.isin(listed)].sum())
    what = f"rows of other labels of column {labels.column!r}"
    answer = asked.queries.table(what, np.array([on, int(others.sum()) - on]), share)
    noise, (inside, outside) = math.sqrt(answer.variance), answer.values.tolist()
    supposed = tuple(listed) if inside > max(outside, SEEN_DEVIATIONS * noise) else ()
    rest = outside if supposed else inside + outside
    return replace(labels, supposed=supposed, others=not labels.told or rest > AGAIN_DEVIATIONS * noise)
