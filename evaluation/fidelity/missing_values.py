"""Missing values: are as many missing, and of the same rows?"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from launderette.evaluation import chance, entities
from launderette.evaluation.chance import Counted, Loss, Owners
from launderette.evaluation.fidelity import cells, effects
from launderette.evaluation.samples import Samples
from launderette.evaluation.scores import Reason, Score

LEAST_MISSING_SHARE = 0.02  # of a column's values; a smaller share is compared as if it were this one
LEAST_MISSING = 20  # rows of each table whose other columns are looked at
CELLS_OF_OTHER = 5  # of another column
LEAST_INVENTED = 0.1  # share of the variance of what is missing that released rows alone have to owe to another column
MISSING_ROWS = 50_000


def missingness(samples: Samples, *, seed: int = 0) -> Score:
    """1 - what differs in which values are missing, of the worst column or pair, beyond chance; in [0, 1], higher
    better.

    A column: the difference of missing shares, divided by the larger. A pair: the total variation distance of one
    column (numbers in fifths, missing included) among the rows that lack the other: missing values may depend on what
    is known of a row. Cost: one count per pair with a column that lacks values.
    """

    def measure(role: str) -> list[Loss]:
        real, other = chance.real(samples, role), samples.table(role).iloc[samples.rows(role, MISSING_ROWS, seed)]
        absent = {c: (_absent(samples, real, c), _absent(samples, other, c)) for c in samples.known}
        lacking = [c for c, masks in absent.items() if any(mask.any() for mask in masks)]
        parts = len(lacking) * len(absent)
        owners = chance.owners(samples, role)
        return [
            loss
            for c in lacking
            for loss in (_share(c, *absent[c], parts, owners), *_given(samples, c, (real, other), parts, owners))
        ]

    nothing = Reason.NO_MISSING_VALUES, "no table has a missing value in a compared column"
    return chance.kept(samples, measure, nothing, f"Up to {MISSING_ROWS:,} synthetic rows.")


def missing_ties(samples: Samples, *, seed: int = 0) -> Score:
    """1 - share lost of what decides whether a value is missing, or of what does so in synthetic rows alone, of the
    worst pair, beyond chance; in [0, 1], higher better.

    What decides are cells of another column (numbers in eighths, missing included): the shares of missing values there.
    What is left is their regression coefficient, as in `over_time`, and what is lost counts as there. Cost: one count
    per pair with a column that lacks values.
    """

    def measure(role: str) -> list[Loss]:
        real, other = chance.real(samples, role), samples.table(role).iloc[samples.rows(role, MISSING_ROWS, seed)]
        lacking = [
            c for c in samples.known if any(_absent(samples, t, c).sum() >= LEAST_MISSING for t in (real, other))
        ]
        codes = {c: [cells.codes(samples, c, real, table) for table in (real, other)] for c in samples.known}
        parts = 2 * len(lacking) * len(codes)
        pairs = [(column, given) for column in lacking for given in codes if given != column]
        owners = chance.owners(samples, role)
        together = {c: entities.label_effect(1 * (codes[c][0] == 0), owners) for c in lacking}
        found = [one for c, given in pairs for one in _tied(c, given, codes[c], codes[given], parts, together[c])]
        return chance.allowed(found)

    absent = Reason.NO_ASSOCIATION, "whether a value is missing depends on no other column"
    return chance.kept(samples, measure, absent, f"Up to {MISSING_ROWS:,} synthetic rows.", sure=True)


def _tied(
    column: str, given: str, own: list[np.ndarray], by: list[np.ndarray], parts: int, effect: float
) -> Iterator[Loss]:
    """What is lost of the tie of a column's missing values to another, and what is invented."""
    one, two = ((cell, (values == 0).astype(float)) for cell, values in zip(by, own, strict=True))
    for first, second, least, where in (
        (one, two, effects.LEAST_EFFECT, "real"),
        (two, one, LEAST_INVENTED, "released"),
    ):
        found = effects.lost(first, second, parts, least, effect)
        if found is not None:
            said = (
                f"Whether {column!r} is missing depends on {given!r} in {len(first[0]):,} {where} rows; "
                f"{1 - found[0]:.0%} of it is there in {len(second[0]):,} others."
            )
            yield Counted(f"{column}, by {given}", *found, said)


def _absent(samples: Samples, table: pd.DataFrame, column: str) -> np.ndarray:
    return ~samples.is_present(column, table[column].to_numpy())


def _share(column: str, real: np.ndarray, other: np.ndarray, parts: int, owners: Owners) -> Loss:
    """The larger of both shares is what a difference is measured by: all of it is lost, or all of it is invented."""
    size = max(real.mean(), other.mean(), LEAST_MISSING_SHARE)
    error = _error(real, other, parts) * entities.label_effect(1 * real, owners) ** 0.5
    return Loss(str(column), float(abs(real.mean() - other.mean()) / size), error / size)


def _error(real: np.ndarray, other: np.ndarray, parts: int) -> float:
    """Difference of two shares of one population that is exceeded once in so many tables."""
    pooled = (real.sum() + other.sum() + 1) / (len(real) + len(other) + 2)
    return float(chance.deviations(parts) * np.sqrt(pooled * (1 - pooled) * (1 / len(real) + 1 / len(other))))


def _given(
    samples: Samples, column: str, tables: tuple[pd.DataFrame, pd.DataFrame], parts: int, owners: Owners
) -> list[Loss]:
    """What differs in every other column among the rows that lack this one."""
    lacks = [_absent(samples, table, column) for table in tables]
    one, two = (table[own] for table, own in zip(tables, lacks, strict=True))
    owners = None if owners is None else owners[lacks[0]]
    if min(len(one), len(two)) < LEAST_MISSING:
        return []
    found = []
    for given in (c for c in samples.known if c != column):
        edges = _edges(samples, given, tables[0])
        places = [_cells(samples, given, table, edges) for table in (one, two)]
        shares = [np.bincount(own, minlength=len(edges) + 2) / len(own) for own in places]
        distance = float(np.abs(shares[0] - shares[1]).sum() / 2)
        effect = entities.label_effect(places[0], owners)
        allowed = total_variation((shares[0] + shares[1]) / 2, len(one) / effect, len(two) / effect, parts)
        found.append(Loss(f"{column}, by {given}", distance, allowed))
    return found


def _edges(samples: Samples, column: str, real: pd.DataFrame) -> np.ndarray:
    """Inner edges of cells of equal shares of a number; of labels, the most frequent ones."""
    values = real[column].to_numpy()
    if samples.is_number(column):
        return np.unique(np.nanquantile(values, np.linspace(0, 1, CELLS_OF_OTHER + 1)[1:-1]))
    return np.sort(np.argsort(-np.bincount(values[values >= 0]), kind="stable")[:CELLS_OF_OTHER])


def _cells(samples: Samples, column: str, table: pd.DataFrame, edges: np.ndarray) -> np.ndarray:
    """The cell of each row: missing, then numbers by the edges, or frequent labels and the rest."""
    values = table[column].to_numpy()
    if samples.is_number(column):
        places = np.where(np.isnan(values), 0, 1 + np.searchsorted(edges, values, "left"))
    else:
        place = np.clip(np.searchsorted(edges, values), 0, len(edges) - 1)
        places = np.where(values < 0, 0, np.where(edges[place] == values, 1 + place, 1 + len(edges)))
    return places


def total_variation(shares: np.ndarray, one: float, two: float, parts: int) -> float:
    """Distance of two samples of one population: its mean, and what is exceeded once in so many tables (McDiarmid's
    variance, halved: cells are few).
    """
    error = np.sqrt(1 / one + 1 / two)
    mean = 0.5 * np.sqrt(2 / np.pi) * np.sqrt(shares * (1 - shares)).sum() * error
    return float(mean + chance.deviations(parts) * 0.5 * error * 0.61)
