"""Columns whose own values are wrong."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from launderette.evaluation.calibration import changes
from launderette.evaluation.calibration.population import Case

Rng = np.random.Generator


def _whole(case: Case) -> list[str]:
    return [c for c in changes.numbers(case) if pd.api.types.is_integer_dtype(case.train[c].dtype)]


def _broadest(case: Case) -> str:
    """The column of numbers with the most distinct values."""
    return max(changes.numbers(case), key=lambda c: case.train[c].nunique())


def whole_numbers_made_fractional(case: Case, rng: Rng) -> Case:
    """Whole numbers have decimals."""
    size = len(case.synthetic)
    return case.changed(**{c: (case.synthetic[c] + rng.uniform(-0.5, 0.5, size)).round(2) for c in _whole(case)})


def impossible_values(case: Case, rng: Rng) -> Case:
    """2 % of the ages are negative."""
    column = changes.numbers(case)[0]
    values = case.synthetic[column].to_numpy(copy=True)
    hit = rng.random(len(values)) < 0.02
    values[hit] = -np.abs(values[hit]) - 1
    return case.changed(**{column: values})


def values_out_of_range(case: Case, rng: Rng) -> Case:
    """1 % of the values of every column are ten times the greatest real one."""
    out = case.synthetic.copy()
    for column in changes.numbers(case):
        hit = rng.random(len(out)) < 0.01
        out[column] = out[column].mask(hit, 10 * case.train[column].max()).astype(out[column].dtype)
    return case.released(out)


def unknown_labels(case: Case, rng: Rng) -> Case:
    """2 % of the labels are none of the column's."""
    column = changes.labels(case)[0]
    return case.changed(**{column: case.synthetic[column].mask(rng.random(len(case.synthetic)) < 0.02, "???")})


def tails_cut(case: Case, rng: Rng) -> Case:
    """All numbers end at their 5 % and 95 % quantiles."""
    columns = {}
    for column in changes.numbers(case):
        low, high = case.train[column].quantile([0.05, 0.95])
        columns[column] = case.synthetic[column].clip(low, high).astype(case.train[column].dtype)
    return case.changed(**columns)


def tail_of_one_column_cut(case: Case, rng: Rng) -> Case:
    """One column ends at its 95 % quantile."""
    column = _broadest(case)
    return case.changed(**{column: case.synthetic[column].clip(upper=case.train[column].quantile(0.95))})


def end_of_one_column_drawn_in(case: Case, rng: Rng) -> Case:
    """What lies above the 80 % quantile of one column lies between that and the 90 % quantile, in the same order."""
    column = _broadest(case)
    low, high, most = case.train[column].quantile([0.8, 0.9, 1.0])
    values = case.synthetic[column].astype(float)
    drawn_in = low + (values - low) * (high - low) / (most - low)
    digits = changes.decimals(case.train[column].to_numpy(dtype=float))
    return case.changed(**{column: drawn_in.where(values > low, values).round(digits).astype(case.train[column].dtype)})


def neighbours_moved_to_the_mode(case: Case, rng: Rng) -> Case:
    """A third of the values within .3 deviations of the most frequent one of a column are that one."""
    column = changes.numbers(case)[0]
    mode, deviation = case.train[column].mode()[0], case.train[column].std()
    near = (case.synthetic[column] - mode).abs() < 0.3 * deviation
    return case.changed(**{column: case.synthetic[column].mask(near & (rng.random(len(near)) < 0.33), mode)})


def coarsely_rounded(case: Case, rng: Rng) -> Case:
    """All numbers are rounded to a tenth of their spread."""
    columns = {}
    for column in changes.numbers(case):
        unit = max(1.0, np.floor(0.3 * case.train[column].std()))
        columns[column] = ((case.synthetic[column] / unit).round() * unit).astype(case.train[column].dtype)
    return case.changed(**columns)


def one_column_in_ten_values(case: Case, rng: Rng) -> Case:
    """One column knows the middles of ten classes only."""
    column = _broadest(case)
    edges = np.unique(case.train[column].quantile(np.linspace(0, 1, 11)).to_numpy())
    place = np.clip(np.searchsorted(edges, case.synthetic[column], side="right") - 1, 0, len(edges) - 2)
    return case.changed(**{column: ((edges[:-1] + edges[1:]) / 2)[place].round(2)})


def decimals_added(case: Case, rng: Rng) -> Case:
    """Values that are written with two decimals have nine."""
    columns = [c for c in changes.numbers(case) if c not in _whole(case)]
    if not columns:
        raise changes.NotApplicable("expected a column of fractions")
    size = len(case.synthetic)
    return case.changed(**{c: case.synthetic[c] * (1 + rng.uniform(-1e-6, 1e-6, size)) for c in columns})


def _zeros(case: Case) -> str:
    shares = {c: (case.train[c] == 0).mean() for c in changes.numbers(case)}
    column = max(shares, key=lambda c: shares[c])
    if shares[column] < 0.3:
        raise changes.NotApplicable("expected a column of which many values are 0")
    return column


def zero_inflated_column_all_zero(case: Case, rng: Rng) -> Case:
    """A column of which most values are 0 holds nothing else."""
    column = _zeros(case)
    return case.changed(**{column: case.synthetic[column].where(case.synthetic[column].isna(), 0)})


def zeros_smeared(case: Case, rng: Rng) -> Case:
    """Zeros have become small numbers."""
    column = _zeros(case)
    noise = np.abs(rng.normal(0, 0.05 * case.train[column].std(), len(case.synthetic))).round(2) + 0.01
    return case.changed(**{column: case.synthetic[column].astype(float).mask(case.synthetic[column] == 0, noise)})


def rare_labels_dropped(case: Case, rng: Rng) -> Case:
    """Labels under 3 % of any column are replaced by frequent ones."""
    return _dropped(case, changes.labels(case), 0.03, rng)


def rare_labels_of_a_column_dropped(case: Case, rng: Rng) -> Case:
    """Labels under 1 % of the widest column are replaced by frequent ones."""
    return _dropped(case, [changes.widest(case, 10)], 0.01, rng)


def _dropped(case: Case, columns: list[str], least: float, rng: Rng) -> Case:
    changed = {}
    for column in columns:
        shares = case.train[column].value_counts(normalize=True)
        kept = shares[shares >= least]
        values = case.synthetic[column].astype(object).to_numpy(copy=True)
        lost = ~np.isin(values, kept.index) & pd.notna(values)
        values[lost] = rng.choice(kept.index.to_numpy(), int(lost.sum()), p=kept.to_numpy() / kept.sum())
        changed[column] = values
    return case.changed(**changed)


def frequent_label_doubled(case: Case, rng: Rng) -> Case:
    """A frequent label of the widest column stands twice as often."""
    column = changes.widest(case, 4)
    label = case.train[column].value_counts().index[0]
    hit = rng.random(len(case.synthetic)) < (case.train[column] == label).mean()
    return case.changed(**{column: case.synthetic[column].mask(hit, label)})


def frequent_label_halved(case: Case, rng: Rng) -> Case:
    """Half of the rows of a frequent label of the widest column have another one."""
    column = changes.widest(case, 4)
    values = case.synthetic[column].to_numpy(dtype=object, copy=True)
    label = case.train[column].value_counts().index[0]
    hit = (values == label) & (rng.random(len(values)) < 0.5)
    values[hit] = rng.choice(values[values != label], int(hit.sum()))
    return case.changed(**{column: values})


def column_constant(case: Case, rng: Rng) -> Case:
    """One column holds its mean alone."""
    column = changes.numbers(case)[-1]
    value = case.train[column].mean().astype(case.train[column].dtype)
    return case.changed(**{column: np.full(len(case.synthetic), value)})


def column_shifted(case: Case, rng: Rng) -> Case:
    """One column is a third of a deviation higher."""
    column = _broadest(case)
    return case.changed(**{column: (case.synthetic[column] + 0.33 * case.train[column].std()).round(2)})


def columns_narrowed(case: Case, rng: Rng) -> Case:
    """All numbers lie half as far from their mean."""
    columns = {}
    for column in changes.numbers(case):
        mean = case.train[column].mean()
        columns[column] = (mean + 0.5 * (case.synthetic[column] - mean)).round(2)
        if column in _whole(case):
            columns[column] = columns[column].round().astype(case.train[column].dtype)
    return case.changed(**columns)


def bookings_at_weekends(case: Case, rng: Rng) -> Case:
    """Real bookings are of Monday to Friday; a fifth of the released ones are of any day."""

    def booked(frame: pd.DataFrame, anywhen: float) -> pd.DataFrame:
        weeks, days = rng.integers(0, 150, len(frame)), rng.integers(0, 7, len(frame))
        days = np.where(rng.random(len(frame)) < anywhen, days, days % 5)
        dates = pd.Timestamp("2020-01-06") + pd.to_timedelta(7 * weeks + days, "D")
        return frame.assign(booked=dates.strftime("%Y-%m-%d"))

    real = (booked(table, 0.0) for table in (case.train, case.holdout))
    return replace(case, **dict(zip(("train", "holdout"), real, strict=True))).released(booked(case.synthetic, 0.2))


def dates_in_one_year(case: Case, rng: Rng) -> Case:
    """All dates lie in one year."""
    if not (found := changes.dates(case)):
        raise changes.NotApplicable("expected a column of dates")
    return case.changed(
        **{c: ["2010" + str(v)[4:].replace("02-29", "02-28") for v in case.synthetic[c]] for c in found}
    )
