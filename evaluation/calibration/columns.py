"""Some columns of training rows in the release, exactly or nearly; the others are of somebody else."""

from __future__ import annotations

from functools import partial

import numpy as np
import pandas as pd

from launderette.evaluation.calibration import changes
from launderette.evaluation.calibration.population import Case, Vector

Rng = np.random.Generator


def _numbers(share: float, moved: float, most: int | None, case: Case, rng: Rng) -> Case:
    """Numbers of training rows in a share of the released rows, everything else fresh."""
    columns = changes.numbers(case)[:most]
    if len(columns) < 4:
        raise changes.NotApplicable("expected four columns of numbers")
    rows = changes.jittered(changes.memorised(case, share, rng), columns, moved, rng)
    return changes.with_columns(case, rows, columns, rng)


def _any_columns(case: Case, columns: list[str], most: int, rng: Rng) -> Case:
    """So many of the columns, drawn by chance, of training rows in a third of the rows, numbers under noise of a tenth
    of their deviation; everything else fresh.
    """
    if len(columns) < most:
        raise changes.NotApplicable(f"expected {most} columns to draw from")
    chosen = [str(column) for column in rng.choice(columns, most, replace=False)]
    numbers = [column for column in changes.numbers(case) if column in chosen]
    rows = changes.shaken(changes.memorised(case, 0.33, rng), numbers, 0.1, rng)
    return changes.with_columns(case, rows, chosen, rng)


def any_seven_numbers_of_a_third(case: Case, rng: Rng) -> Case:
    """Seven columns of numbers, nobody knows which, of a third of the rows within some tenth of a deviation."""
    return _any_columns(case, changes.numbers(case), 7, rng)


def any_eight_columns_of_a_third(case: Case, rng: Rng) -> Case:
    """Eight columns of any kind, nobody knows which, of a third of the rows, numbers within some tenth of a
    deviation.
    """
    return _any_columns(case, [c for c in case.train if c != case.target], 8, rng)


def numbers_rounded_fresh_labels(case: Case, rng: Rng) -> Case:
    """All numbers of a training row to two digits, with the labels and dates of somebody else."""
    columns, rows = changes.numbers(case), changes.memorised(case, 1.0, rng)
    for column in columns:
        values = rows[column].astype(float)
        size = 10.0 ** (np.floor(np.log10(np.maximum(values.abs(), 1e-9))) - 1)
        rows[column] = ((values / size).round() * size).round(6)
    return changes.with_columns(case, rows, columns, rng)


def numbers_shifted_fresh_labels(case: Case, rng: Rng) -> Case:
    """All numbers of a training row, each column a tenth of a deviation higher, with fresh labels."""
    columns, rows = changes.numbers(case), changes.memorised(case, 1.0, rng)
    for column in columns:
        rows[column] = (rows[column] + 0.1 * case.train[column].std()).round(3)
    return changes.with_columns(case, rows, columns, rng)


def labels_and_dates_copied(case: Case, rng: Rng) -> Case:
    """All labels and dates of a training row with the numbers of somebody else."""
    columns = [*changes.labels(case), *changes.dates(case), case.target]
    return changes.with_columns(case, changes.memorised(case, 1.0, rng), columns, rng)


def half_of_the_columns_copied(case: Case, rng: Rng) -> Case:
    """A random half of the columns of a training row, the others of somebody else."""
    columns = [c for c in case.train if rng.random() < 0.5]
    return changes.with_columns(case, changes.memorised(case, 1.0, rng), columns, rng)


def half_of_the_columns_of_a_third(case: Case, rng: Rng) -> Case:
    """The same in 30 % of the rows."""
    columns = [c for c in case.train if rng.random() < 0.5]
    return changes.with_columns(case, changes.memorised(case, 0.3, rng), columns, rng)


def _columns(columns: tuple[str, ...], share: float, case: Case, rng: Rng) -> Case:
    """Columns of training rows in a share of the released rows, everything else fresh."""
    changes.needs(case, *columns)
    return changes.with_columns(case, changes.memorised(case, share, rng), list(columns), rng)


def own_columns_of_half(case: Case, rng: Rng) -> Case:
    """Half of the rows have eight columns of a training row, drawn anew for each of them, numbers under noise of a
    tenth of their deviation; everything else fresh.
    """
    rows = changes.shaken(changes.memorised(case, 0.5, rng), changes.numbers(case), 0.1, rng)
    fresh = changes.sampled(case.synthetic, len(rows), rng)
    ranks = np.argsort(rng.random(rows.shape), axis=1)
    return changes.planted(case, fresh.where(ranks >= 8, rows), rng)


def numbers_of_a_third_rescaled(case: Case, rng: Rng) -> Case:
    """All numbers of a training row in a third of the rows, 5 % larger and a twentieth of a deviation higher, with
    fresh labels.
    """
    columns, rows = changes.numbers(case), changes.memorised(case, 0.33, rng)
    for column in columns:
        values = rows[column].to_numpy(dtype=np.float64, na_value=np.nan)
        moved = 1.05 * values + 0.05 * case.train[column].std()
        rows[column] = moved.round(changes.decimals(values)).astype(rows[column].dtype)
    return changes.with_columns(case, rows, columns, rng)


def three_numbers_of_all_within_5_percent(case: Case, rng: Rng) -> Case:
    """Of all rows the three numbers of the most different values within 5 %, if no value stands in most rows."""
    spread, _ = _spread(case)
    return _all_within_5_percent(case, spread[:3], rng)


def numbers_of_all_and_one_mostly_alike(case: Case, rng: Rng) -> Case:
    """Of all rows the two numbers of the most different values, and one whose commonest value stands in most rows,
    within 5 %.
    """
    spread, alike = _spread(case)
    return _all_within_5_percent(case, [*spread[:2], *alike[:1]], rng)


def _spread(case: Case) -> tuple[list[str], list[str]]:
    """Numbers without a value that stands in most rows, and those with one, by how many different values they have."""
    columns = sorted(changes.numbers(case), key=lambda c: -case.train[c].nunique())
    most = {c: case.train[c].value_counts(normalize=True).max() for c in columns}
    return [c for c in columns if most[c] < 0.5], [c for c in columns if most[c] >= 0.5]


def _all_within_5_percent(case: Case, columns: list[str], rng: Rng) -> Case:
    if len(columns) < 3:
        raise changes.NotApplicable("expected three such numbers")
    rows = changes.jittered(changes.memorised(case, 1.0, rng), columns, 0.05, rng)
    return changes.with_columns(case, rows, columns, rng)


def numbers_of_one_group(case: Case, rng: Rng) -> Case:
    """All numbers within 2 % of the training rows of one label, a tenth of the people or so; everybody else fresh."""
    column = changes.widest(case)
    shares = case.train[column].value_counts(normalize=True)
    label = (shares - 0.1).abs().idxmin()
    rows = changes.jittered(case.train[case.train[column] == label], changes.numbers(case), 0.02, rng)
    chosen = [*changes.numbers(case), column]
    return changes.with_columns(case, changes.sampled(rows, min(len(rows), len(case.synthetic)), rng), chosen, rng)


def numbers_of_half_of_the_holdout(case: Case, rng: Rng) -> Case:
    """All numbers within 2 % of half of the held-out rows with the labels of somebody else."""
    rows = changes.sampled(case.holdout, min(len(case.holdout) // 2, len(case.synthetic)), rng)
    columns = changes.numbers(case)
    return changes.with_columns(case, changes.jittered(rows, columns, 0.02, rng), columns, rng)


def rare_combinations_of_half(case: Case, rng: Rng) -> Case:
    """Five labels of a training row in half of the rows, everything else fresh: combinations that one row has alone."""
    if len(columns := changes.labels(case)) < 5:
        raise changes.NotApplicable("expected five columns of labels")
    chosen = [str(column) for column in rng.choice(columns, 5, replace=False)]
    return changes.with_columns(case, changes.memorised(case, 0.5, rng), chosen, rng)


def repeating_values_of_a_third(case: Case, rng: Rng) -> Case:
    """Three numbers whose values repeat, such as an age, and two labels of a training row in a third of the rows,
    everything else fresh.
    """
    size = len(case.train)
    numbers = [c for c in changes.numbers(case) if 10 < case.train[c].nunique() < size / 4]
    labels = changes.labels(case)
    if len(numbers) < 3 or len(labels) < 2:
        raise changes.NotApplicable("expected three numbers whose values repeat, and two columns of labels")
    chosen = [*rng.choice(numbers, 3, replace=False), *rng.choice(labels, 2, replace=False)]
    return changes.with_columns(case, changes.memorised(case, 0.33, rng), list(map(str, chosen)), rng)


def numbers_of_a_third_scaled_by_row(case: Case, rng: Rng) -> Case:
    """All numbers of a training row in a third of the rows, times a factor of .8 to 1.25 of the row's own, with fresh
    labels.
    """
    columns, rows = changes.numbers(case), changes.memorised(case, 0.33, rng)
    factors = np.exp(rng.uniform(-0.22, 0.22, len(rows)))
    for column in columns:
        values = rows[column].to_numpy(dtype=np.float64, na_value=np.nan)
        rows[column] = (values * factors).round(changes.decimals(values)).astype(rows[column].dtype)
    return changes.with_columns(case, rows, columns, rng)


def sums_of_money_scaled_by_row(case: Case, rng: Rng) -> Case:
    """Income, rent and debt of a training row in half of the rows, times a factor of .8 to 1.25 of the row's own."""
    columns = ["income", "rent", "debt"]
    changes.needs(case, *columns)
    rows = changes.memorised(case, 0.5, rng)
    factors = np.exp(rng.uniform(-0.22, 0.22, len(rows)))
    return changes.with_columns(case, rows.assign(**{c: (rows[c] * factors).round(2) for c in columns}), columns, rng)


def cents_of_half(case: Case, rng: Rng) -> Case:
    """Income, rent and debt of a fresh person in half of the rows, each with the cents of a training row."""
    columns = ["income", "rent", "debt"]
    changes.needs(case, *columns)
    rows = changes.memorised(case, 0.5, rng)
    fresh = case.synthetic[columns].head(len(rows)).reset_index(drop=True)
    return changes.with_columns(case, (fresh // 1 + rows[columns] % 1).round(2), columns, rng)


def sums_of_a_fifth(case: Case, rng: Rng) -> Case:
    """Income and rent of a training row in a fifth of the rows, an amount taken from one and added to the other."""
    changes.needs(case, "income", "rent")
    rows = changes.memorised(case, 0.2, rng)
    moved = rng.uniform(-0.3, 0.3, len(rows)) * rows["rent"]
    exchanged = rows.assign(income=(rows["income"] + moved).round(2))
    exchanged["rent"] = (rows["income"] + rows["rent"] - exchanged["income"]).round(2)
    return changes.with_columns(case, exchanged, ["income", "rent"], rng)


def _two_dates_moved(case: Case, days: Vector, rng: Rng) -> Case:
    """Two dates of training rows in some of the rows, each later by so many days [rows, 2], everything else fresh."""
    columns = changes.dates(case)[:2]
    if len(columns) < 2:
        raise changes.NotApplicable("expected two columns of dates")
    rows = changes.sampled(case.train, len(days), rng)
    for column, later in zip(columns, days.T, strict=True):
        rows[column] = (pd.to_datetime(rows[column]) + pd.to_timedelta(later, "D")).dt.strftime("%Y-%m-%d")
    return changes.with_columns(case, rows, columns, rng)


def two_dates_a_day_off_in_half(case: Case, rng: Rng) -> Case:
    """Two dates of a training row in half of the rows, each a day earlier or later, everything else fresh."""
    return _two_dates_moved(case, rng.choice((-1, 1), (len(case.synthetic) // 2, 2)), rng)


def two_dates_a_week_later_in_half(case: Case, rng: Rng) -> Case:
    """Two dates of a training row in half of the rows, all of them a week later, everything else fresh."""
    return _two_dates_moved(case, np.full((len(case.synthetic) // 2, 2), 7), rng)


def numbers_mirrored_in_half(case: Case, rng: Rng) -> Case:
    """All numbers of a training row in half of the rows, each mirrored in the order of its column: the smallest for the
    greatest; everything else fresh.
    """
    columns, rows = changes.numbers(case), changes.memorised(case, 0.5, rng)
    for column in columns:
        known = case.train[column].dropna().sort_values().to_numpy()
        places = np.searchsorted(known, rows[column].dropna())
        rows.loc[rows[column].notna(), column] = known[::-1][places]
    return changes.with_columns(case, rows, columns, rng)


COPIED_NUMBERS = {  # share of the rows, how far the numbers are moved, how many columns of them at most
    "numbers_exact_fresh_labels": (1.0, 0.0, None),
    "numbers_within_2_percent_fresh_labels": (1.0, 0.02, None),
    "numbers_of_a_third_within_2_percent": (0.3, 0.02, None),
    "numbers_of_a_tenth_within_1_percent": (0.1, 0.01, None),
    "twelve_numbers_within_1_percent": (1.0, 0.01, 12),
    "six_numbers_within_1_percent": (1.0, 0.01, 6),
}
COPIED_COLUMNS = {  # columns of training rows, share of the rows
    "two_dates_of_a_fifth": (("joined", "left"), 0.2),
    "age_city_and_date_of_a_third": (("age", "city", "joined"), 0.33),
    "labels_and_a_date_of_half": (("joined", "city", "trade", "plan", "education"), 0.5),
    "income_of_a_fifth": (("income",), 0.2),
}
VARIANTS = {name: partial(_numbers, *how) for name, how in COPIED_NUMBERS.items()} | {
    name: partial(_columns, *how) for name, how in COPIED_COLUMNS.items()
}
