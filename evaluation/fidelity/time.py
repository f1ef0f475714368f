"""Time: do values rise, fall and come back over the dates as real ones do?"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

import numpy as np
import pandas as pd
from scipy.stats import rankdata

from launderette.evaluation import chance, entities
from launderette.evaluation.chance import Counted, Loss, Owners
from launderette.evaluation.fidelity import effects
from launderette.evaluation.measures.intervals import placements
from launderette.evaluation.samples import Samples
from launderette.evaluation.scores import Reason, Score
from launderette.evaluation.streams import RandomStream, generator

TIME_ROWS = 20_000
PERIODS = 16  # of equally many real rows
TIMED_LABELS = 8  # the most frequent ones of a column
MOST_DATES, MOST_TIMED = 5, 60  # columns compared

Tables = tuple[pd.DataFrame, pd.DataFrame]  # of real rows and of those judged
Pair = tuple[np.ndarray, np.ndarray]  # likewise, [rows]


def over_time(samples: Samples, *, seed: int = 0) -> Score:
    """How much of a column's dependence on time is kept: 1 - the share lost beyond chance, of the column that lost
    most; in [0, 1], higher better.

    Time is one of 16 periods, the weekday, the month or the hour of a date. A column (its ranks, or the share of a
    label) has a mean in each; what is kept is the regression coefficient of these means on the real ones. `dependence`
    needs far more rows to see a trend in so many cells. What is lost beyond chance is the low end of its 95 % interval.
    What rows of one entity share, as visits share a day of birth, counts once, as do numbers of its rows that lie near
    each other. Cost: one count per column and date.
    """
    dates = [c for c in samples.known if samples.kinds[c] == "datetime"][:MOST_DATES]
    columns = list(samples.known)[:MOST_TIMED]

    def measure(role: str) -> list[Loss]:
        real, owners = chance.real(samples, role), chance.owners(samples, role)
        chosen = generator(seed, RandomStream.TIME_ROWS).permutation(len(real))[:TIME_ROWS]
        tables = real.iloc[chosen], samples.table(role).iloc[samples.rows(role, TIME_ROWS, seed)]
        owners = None if owners is None else owners[chosen]
        parts = len(dates) * len(columns) * 4
        found = (_over(samples, tables, owners, date, columns, parts) for date in dates)
        return chance.allowed(list(chain.from_iterable(found)))

    absent = Reason.NO_ASSOCIATION, "no column depends on a date in the real rows"
    return chance.kept(samples, measure, absent, f"Up to {TIME_ROWS:,} rows of each table.", sure=True)


def _over(
    samples: Samples, tables: Tables, owners: Owners, date: str, columns: list[str], parts: int
) -> Iterator[Loss]:
    """What each column has lost of what it owes to a date, among the rows that lack neither."""
    there = [samples.is_present(date, table[date].to_numpy()) for table in tables]
    dated = [table[rows] for table, rows in zip(tables, there, strict=True)]
    owners = None if owners is None else owners[there[0]]
    if not all(map(len, dated)):
        return
    real, other = (table[date].to_numpy() for table in dated)
    clocks = dict(_clocks(real, other, samples.units[date]))
    for column in (column for column in columns if column != date):
        here = [samples.is_present(column, table[column].to_numpy()) for table in dated]
        if min(map(np.count_nonzero, here)) < effects.LEAST_EFFECT_ROWS:
            continue
        quantities = list(_quantities(samples, column, *(table[rows] for table, rows in zip(dated, here, strict=True))))
        for clock, cells in clocks.items():
            inside = [cell[rows] for cell, rows in zip(cells, here, strict=True)]
            for values in quantities:
                first = _first(owners if owners is None else owners[here[0]], inside[0], values[0])
                counted = [inside[0][first], inside[1]], (values[0][first], values[1])
                if loss := _lost(f"{clock} of {date!r}", column, *counted, parts):
                    yield loss


def _first(owners: Owners, cells: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Which real rows are the first of their owner in a cell with a value, or with any where these lie near each
    other: bool [rows].
    """
    if owners is None:
        return np.ones(len(cells), dtype=bool)
    values = np.zeros(len(values)) if entities.lie_near(values, owners) else values
    return ~pd.DataFrame({"owner": owners, "cell": cells, "value": values}).duplicated().to_numpy()


def _lost(clock: str, column: str, cells: list[np.ndarray], values: Pair, parts: int) -> Loss | None:
    found = effects.lost((cells[0], values[0]), (cells[1], values[1]), parts)
    if found is None:
        return None
    said = (
        f"Of what {column!r} owes to the {clock} in {len(cells[0]):,} real rows, "
        f"{1 - found[0]:.0%} is left in {len(cells[1]):,} released ones."
    )
    return Counted(f"{column} over the {clock}", *found, said)


def _clocks(real: np.ndarray, other: np.ndarray, unit: float) -> Iterator[tuple[str, Pair]]:
    """Cells of time of both tables, by the word for them: periods of the real rows, and what comes back."""
    edges = np.unique(np.quantile(real, np.linspace(0, 1, PERIODS + 1)[1:-1]))
    yield "time", (np.searchsorted(edges, real, "left"), np.searchsorted(edges, other, "left"))
    days = [pd.to_datetime(pd.Series(values * unit), unit="s", errors="coerce") for values in (real, other)]
    for word in ("weekday", "month", "hour"):
        one, two = (getattr(day.dt, word).fillna(0).to_numpy(np.int64) for day in days)
        if len(np.unique(one)) > 1:
            yield word, (one, two)


def _quantities(samples: Samples, column: str, real: pd.DataFrame, other: pd.DataFrame) -> Iterator[Pair]:
    """Ranks of a number among the real ones, or whether a row has each of the most frequent labels: float64 [rows]."""
    known, values = real[column].to_numpy(), other[column].to_numpy()
    if samples.is_number(column):
        yield rankdata(known) / len(known), placements(values, known)
        return
    frequent = np.argsort(-np.bincount(known), kind="stable")[:TIMED_LABELS]
    for label in frequent[: TIMED_LABELS if len(np.unique(known)) > 2 else 1]:
        yield (known == label).astype(float), (values == label).astype(float)
