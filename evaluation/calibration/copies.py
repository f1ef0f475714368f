"""Training rows in the release: exactly or nearly, all of them or a few."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
import pandas as pd
from scipy.stats import norm

from launderette.evaluation import samples
from launderette.evaluation.calibration import changes
from launderette.evaluation.calibration.population import Case
from launderette.evaluation.measures import neighbours

Rng = np.random.Generator


def exact(case: Case, rng: Rng) -> Case:
    """The training rows, in another order."""
    return case.released(changes.memorised(case, 1.0, rng))


def _near(share: float, moved: float, case: Case, rng: Rng) -> Case:
    """A share of the released rows are training rows, all numbers moved by up to `moved` of themselves."""
    rows = changes.memorised(case, share, rng)
    if moved:
        rows = changes.jittered(rows, changes.numbers(case), moved, rng)
    return changes.planted(case, rows, rng)


def twentieth_within_5_percent_of_a_deviation(case: Case, rng: Rng) -> Case:
    """One row in twenty is a training row, numbers under noise of 5 % of their deviation."""
    rows = changes.memorised(case, 0.05, rng)
    return changes.planted(case, changes.shaken(rows, changes.numbers(case), 0.05, rng), rng)


def within_a_fifth_of_a_deviation(case: Case, rng: Rng) -> Case:
    """All training rows, numbers under noise of a fifth of their deviation."""
    rows = changes.memorised(case, 1.0, rng)
    return case.released(changes.shaken(rows, changes.numbers(case), 0.2, rng))


def labels_swapped_numbers_within_2_percent(case: Case, rng: Rng) -> Case:
    """Training rows with 70 % of the labels of other people and numbers moved by up to 2 %."""
    rows = changes.memorised(case, 1.0, rng)
    rest = [*changes.labels(case), *changes.dates(case), case.target]
    mixed = changes.exchanged(rows, rest, 0.7, rng)
    return case.released(changes.jittered(mixed, changes.numbers(case), 0.02, rng))


def spliced(case: Case, rng: Rng) -> Case:
    """Half of the columns of one training row, half of those of another."""
    columns, rows = list(case.train), changes.memorised(case, 1.0, rng)
    other = changes.memorised(case, 1.0, rng)
    late = columns[len(columns) // 2 :]
    return case.released(rows.assign(**{c: other[c] for c in late}))


def _perturbed(copied: float, share: float, case: Case, rng: Rng) -> Case:
    rows = changes.exchanged(changes.memorised(case, copied, rng), list(case.train), share, rng)
    return changes.planted(case, rows, rng)


def between_neighbours(case: Case, rng: Rng) -> Case:
    """Numbers half-way between a training row and the one most like it (SMOTE), its other values kept."""
    rows = changes.memorised(case, 1.0, rng)
    compared = samples.make(case.train, None, rows)
    asked, known = (neighbours.Group(role, np.arange(compared.size(role))) for role in ("synthetic", "train"))
    other = case.train.iloc[neighbours.search(compared, asked, known, 2)[1][:, 1]].reset_index(drop=True)
    step = rng.random(len(rows))
    for column in changes.numbers(case):
        values = rows[column] + step * (other[column] - rows[column])
        whole = pd.api.types.is_integer_dtype(rows[column].dtype)
        rows[column] = values.round().astype(rows[column].dtype) if whole else values.round(3)
    return case.released(rows)


def target_flipped(case: Case, rng: Rng) -> Case:
    """Training rows of which nothing but the target is another's."""
    rows = changes.memorised(case, 1.0, rng)
    return case.released(rows.assign(**{case.target: rng.permutation(rows[case.target].to_numpy())}))


def _moved_together(case: Case, rng: Rng, share: float, move: Callable) -> Case:
    """A share of the released rows are training rows whose numbers are all moved by one draw of each row's own:
    `move` takes deviations from a column's mean [rows] and the draws; nothing leaves the column's range.
    """
    rows = changes.memorised(case, share, rng)
    draws = rng.normal(size=len(rows))
    for column in changes.numbers(case):
        known = case.train[column].to_numpy(dtype=np.float64, na_value=np.nan)
        middle, unit = np.nanmean(known), np.nanstd(known)
        values = rows[column].to_numpy(dtype=np.float64, na_value=np.nan)
        values = (middle + unit * move((values - middle) / unit, draws)).clip(np.nanmin(known), np.nanmax(known))
        rows[column] = values.round(changes.decimals(known)).astype(rows[column].dtype)
    return changes.planted(case, rows, rng)


def ranks_kept(case: Case, rng: Rng) -> Case:
    """Training rows, each number replaced by the fresh one of the same rank: no value is kept, their order is."""
    rows = changes.memorised(case, 1.0, rng)
    for column in changes.numbers(case):
        order = np.argsort(np.argsort(rows[column].to_numpy(), kind="stable"))
        rows[column] = np.sort(case.synthetic[column].to_numpy())[order]
    return case.released(rows)


def twentieth_with_one_column_shuffled(case: Case, rng: Rng) -> Case:
    """One released row in twenty is a training row with one number of another."""
    rows, column = changes.memorised(case, 0.05, rng), changes.numbers(case)[0]
    return changes.planted(case, rows.assign(**{column: rng.permutation(rows[column].to_numpy())}), rng)


def rare_class_copied(case: Case, rng: Rng) -> Case:
    """Released rows of the rarest class are training rows, all others fresh."""
    rare = changes.rarest(case)
    there, here = ((table[case.target] == rare).to_numpy() for table in (case.train, case.synthetic))
    rows = changes.sampled(case.train[there], int(here.sum()), rng)
    return case.released(pd.concat([case.synthetic[~here], rows], ignore_index=True))


def _mixed(case: Case, share: float, weight: float, rng: Rng) -> Case:
    """A share of the released rows are training rows whose numbers are drawn towards those of another."""
    rows, others = (changes.memorised(case, share, rng) for _ in range(2))
    for column in changes.numbers(case):
        values = rows[column].to_numpy(dtype=np.float64, na_value=np.nan)
        mean = weight * values + (1 - weight) * others[column].to_numpy(dtype=np.float64, na_value=np.nan)
        rows[column] = mean.round(changes.decimals(values)).astype(rows[column].dtype)
    return changes.planted(case, rows, rng)


def midpoints(case: Case, rng: Rng) -> Case:
    """Numbers half-way between two training rows, the labels of one of them."""
    return _mixed(case, 1.0, 0.5, rng)


def third_drawn_to_another(case: Case, rng: Rng) -> Case:
    """30 % training rows, numbers a tenth of the way to another one."""
    return _mixed(case, 0.3, 0.9, rng)


def third_with_labels_of_another(case: Case, rng: Rng) -> Case:
    """30 % training rows, numbers exact, the labels of one dealt to another."""
    rows = changes.memorised(case, 0.3, rng)
    columns, order = changes.labels(case), rng.permutation(len(rows))
    return changes.planted(case, rows.assign(**{c: rows[c].to_numpy()[order] for c in columns}), rng)


def fifth_with_dates_shifted(case: Case, rng: Rng) -> Case:
    """A fifth training rows, all dates a month later."""
    rows = changes.memorised(case, 0.2, rng)
    if not (columns := changes.dates(case)):
        raise changes.NotApplicable("expected a date")
    later = {c: pd.to_datetime(rows[c]) + pd.Timedelta(days=30) for c in columns}
    return changes.planted(case, rows.assign(**{c: day.dt.strftime("%Y-%m-%d") for c, day in later.items()}), rng)


def fifth_with_gaps(case: Case, rng: Rng) -> Case:
    """A fifth training rows, of which three values in ten are missing."""
    rows = changes.memorised(case, 0.2, rng)
    return changes.planted(case, rows.mask(rng.random(rows.shape) < 0.3), rng)


def third_within_bins(case: Case, rng: Rng) -> Case:
    """A third training rows, each number drawn anew from its twelfth of the column (generalised)."""
    rows = changes.memorised(case, 0.33, rng)
    for column in changes.numbers(case):
        values = rows[column].to_numpy(dtype=np.float64, na_value=np.nan)
        ends = np.unique(np.nanquantile(values, np.linspace(0, 1, 13)))
        at = np.clip(np.searchsorted(ends, values, "right"), 1, len(ends) - 1)
        drawn = ends[at - 1] + rng.random(len(values)) * (ends[at] - ends[at - 1])
        written = np.where(np.isnan(values), np.nan, drawn.round(changes.decimals(values)))
        rows[column] = written.astype(rows[column].dtype)
    return changes.planted(case, rows, rng)


def tenth_under_noise(case: Case, rng: Rng) -> Case:
    """A tenth training rows, numbers under noise of a fifth of their deviation and a fifth of the labels exchanged."""
    rows = changes.shaken(changes.memorised(case, 0.1, rng), changes.numbers(case), 0.2, rng)
    rest = [*changes.labels(case), *changes.dates(case), case.target]
    return changes.planted(case, changes.exchanged(rows, rest, 0.2, rng), rng)


def fifth_with_dates_shifted_by_row(case: Case, rng: Rng) -> Case:
    """A fifth training rows, all dates of each moved by some days of its own, up to half a year either way."""
    rows = changes.memorised(case, 0.2, rng)
    if not (columns := changes.dates(case)):
        raise changes.NotApplicable("expected a date")
    days = pd.to_timedelta(rng.integers(-180, 181, len(rows)), "D")
    moved = {c: (pd.to_datetime(rows[c]) + days).dt.strftime("%Y-%m-%d") for c in columns}
    return changes.planted(case, rows.assign(**moved), rng)


def fifth_with_labels_renamed(case: Case, rng: Rng) -> Case:
    """A fifth training rows, the labels of each column exchanged for one another throughout."""
    rows = changes.memorised(case, 0.2, rng)
    for column in changes.labels(case):
        labels = case.train[column].dropna().unique()
        rows[column] = rows[column].map(dict(zip(labels, rng.permutation(labels), strict=True)))
    return changes.planted(case, rows, rng)


def third_averaged_with_a_fresh_row(case: Case, rng: Rng) -> Case:
    """A third training rows, numbers a quarter of the way to those of a fresh person, who has the labels too."""
    rows = changes.memorised(case, 0.33, rng)
    fresh = changes.sampled(case.synthetic, len(rows), rng)
    for column in changes.numbers(case):
        values, others = (t[column].to_numpy(dtype=np.float64, na_value=np.nan) for t in (rows, fresh))
        mean = 0.75 * values + 0.25 * others
        fresh[column] = mean.round(changes.decimals(values)).astype(rows[column].dtype)
    return changes.planted(case, fresh, rng)


def fifth_with_two_columns_of_another(case: Case, rng: Rng) -> Case:
    """A fifth training rows in pairs that have exchanged two columns, drawn anew for each pair."""
    rows = changes.memorised(case, 0.2, rng)
    order = rng.permutation(len(rows) // 2 * 2)
    pairs = np.stack(np.split(order, 2), axis=1)
    ranks = np.argsort(rng.random((len(pairs), rows.shape[1])), axis=1)
    partners, exchanged = np.arange(len(rows)), np.zeros(rows.shape, bool)
    partners[pairs] = pairs[:, ::-1]
    exchanged[pairs] = (ranks < 2)[:, None]
    return changes.planted(case, rows.mask(exchanged, rows.iloc[partners].reset_index(drop=True)), rng)


def averages_of_three(case: Case, rng: Rng) -> Case:
    """Training rows in groups of three that are alike in income: each number is the mean of its group, labels are of
    one of the three.
    """
    size = len(case.train) // 3 * 3
    order = case.train.sort_values(changes.numbers(case)[1]).iloc[:size]
    groups = np.arange(size) // 3
    out = order.reset_index(drop=True)
    for column in changes.numbers(case):
        values = out[column].astype(float)
        out[column] = values.groupby(groups).transform("mean").round(3)
    return changes.planted(
        case, out.sample(min(len(out), len(case.synthetic)), random_state=int(rng.integers(2**31))), rng
    )


COPIED_ROWS = {  # share of the released rows that are training rows, how far their numbers are moved
    "exact_fifth": (0.2, 0.0),
    "exact_twentieth": (0.05, 0.0),
    "exact_fiftieth": (0.02, 0.0),
    "within_1_percent": (1.0, 0.01),
    "within_5_percent": (1.0, 0.05),
    "tenth_within_2_percent": (0.1, 0.02),
    "fiftieth_within_1_percent": (0.02, 0.01),
}
PERTURBED_ROWS = {  # share of the released rows that are training rows, share of their values that is exchanged
    "half_perturbed": (1.0, 0.5),
    "mostly_perturbed": (1.0, 0.7),
    "tenth_half_perturbed": (0.1, 0.5),
    "tenth_fifth_perturbed": (0.1, 0.2),
}
MOVED_TOGETHER = {  # share of the released rows that are training rows, what their numbers become
    "quarter_shifted_by_row": (0.25, lambda values, draws: values + draws),
    "third_drawn_to_the_middle_by_row": (0.3, lambda values, draws: values * (0.4 + 0.6 * norm.cdf(draws))),
}
VARIANTS = {name: partial(_near, *how) for name, how in COPIED_ROWS.items()} | {
    name: partial(_perturbed, *how) for name, how in PERTURBED_ROWS.items()
}
VARIANTS |= {name: partial(_moved_together, share=share, move=move) for name, (share, move) in MOVED_TOGETHER.items()}
