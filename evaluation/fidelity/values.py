"""Values: are those of each column possible, as fine as real ones, and do they reach as far?"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import product

import numpy as np
import pandas as pd
from scipy.special import gammaln

from launderette.evaluation import chance, entities
from launderette.evaluation.chance import Loss
from launderette.evaluation.measures import formats
from launderette.evaluation.samples import Samples
from launderette.evaluation.scores import Reason, Score
from launderette.evaluation.streams import RandomStream, generator

VALUE_ROWS = 50_000
GRID_ROWS = 10_000
GRID_POINTS = 8  # steps of a grid between the 5 % and the 95 % quantile at least
FINEST_DIGITS = 6  # decimal digits below a column's range that a grid may have, where values are continuous
CLOCK_STEPS = (60, 3600, 86_400)  # seconds
FINE = 200  # a grid with more steps than this in a column's range is a way of writing numbers, not a habit of people
LISTED = 50  # different real numbers of a column at most, where only known ones are possible
ARITHMETIC_ERROR = 1e-6  # of a column's range: numbers that differ by no more are the same
TAILS = (0.01, 0.025, 0.05)
PARTS_OF_TIMES: dict[str, Callable[[np.ndarray], np.ndarray]] = {  # of seconds since 1970, which began on a Thursday
    "month": lambda times: _months(times).astype(int) % 12,
    "day": lambda times: times // 86_400 - _months(times).astype("datetime64[D]").astype(int),
    "weekday": lambda times: (times // 86_400 + 3) % 7,
    "hour": lambda times: times // 3600 % 24,
    "minute": lambda times: times // 60 % 60,
}
NO_COLUMN = Reason.NO_VALUES, "no column has a value to compare"
NO_NUMBERS = Reason.NO_NUMBERS, "no column holds numbers that can be compared like this"


def validity(samples: Samples, *, seed: int = 0) -> Score:
    """Whether real rows could have the values: 1 - the share of those that none could have, beyond chance, of the worst
    column; in [0, 1], higher better.

    Impossible are numbers outside the real range, labels that no real row has, months, days, weekdays, hours and
    minutes of no real date and, in a column of at most 50 different numbers, any other number; rounding (1e-6 of the
    range) is allowed. Fresh real rows have new values too, as often as a real value stands in one row alone (Good
    1953); what the rows of one entity share counts once. Cost: a sort per column.
    """

    def measure(role: str) -> list[Loss]:
        real, rows = chance.real(samples, role), samples.rows(role, VALUE_ROWS, seed)
        other = samples.table(role).iloc[rows]
        owners = chance.owners(samples, role), _owners(samples, role, rows)
        parts = [found for c in samples.known for found in _unseen(samples, c, (real, other), owners)]
        parts += [_outside(samples, c, (real, other), owners) for c in samples.known if samples.is_number(c)]
        return [
            Loss(str(c), hits / rows, chance.most(single, size, rows, len(parts)))
            for c, hits, rows, single, size in parts
            if rows
        ]

    return chance.kept(samples, measure, NO_COLUMN, f"Up to {VALUE_ROWS:,} rows.")


Both = tuple[pd.DataFrame, pd.DataFrame]  # real rows, others
Owned = tuple[np.ndarray, np.ndarray | None]  # known values of a column, and whom each belongs to
Counted = tuple[str, int, int, int, int]  # column, impossible values of how many, single ones of how many real values


def _values(samples: Samples, column: str, table: pd.DataFrame) -> np.ndarray:
    """Known values of a column: numbers, or codes of labels."""
    values = table[column].to_numpy()
    return values[samples.is_present(column, values)]


def _listed(samples: Samples, column: str, real: pd.DataFrame) -> bool:
    """Whether a column has no values but those of a list: labels, or a few numbers."""
    return not samples.is_number(column) or real[column].nunique() <= LISTED


def _owners(samples: Samples, role: str, rows: np.ndarray) -> np.ndarray | None:
    """Whom rows of a role belong to, as `chance.owners`; None where shuffled."""
    own = samples.frames.get(role, samples.train[[]]).get(samples.entity)
    return None if own is None else entities.owners_of(own.iloc[rows])


def _unseen(samples: Samples, column: str, tables: Both, owners: Sequence[np.ndarray | None]) -> Iterator[Counted]:
    """Values that no real row has, of a column with no others than those of a list; weekdays and the like of dates."""
    sides = [_present(samples, column, *pair) for pair in zip(tables, owners, strict=True)]
    if _listed(samples, column, tables[0]):
        yield _not_among(column, *(_once(*side) for side in sides))
    if samples.kinds[column] == "datetime":
        times = [((values * samples.units[column]).astype("int64"), whose) for values, whose in sides]
        for part, read in PARTS_OF_TIMES.items():
            yield _not_among(f"{part} of {column}", *(_once(read(side), whose) for side, whose in times))


def _months(times: np.ndarray) -> np.ndarray:
    return times.astype("datetime64[s]").astype("datetime64[M]")


def _not_among(name: str, known: np.ndarray, values: np.ndarray) -> Counted:
    seen, counts = np.unique(known, return_counts=True)
    return name, int((~_among(values, seen)).sum()), len(values), int((counts == 1).sum()), len(known)


def _present(samples: Samples, column: str, table: pd.DataFrame, owners: np.ndarray | None) -> Owned:
    """Known values of a column, and whom they belong to."""
    present = samples.is_present(column, table[column].to_numpy())
    return table[column].to_numpy()[present], None if owners is None else owners[present]


def _once(values: np.ndarray, owners: np.ndarray | None) -> np.ndarray:
    """Values, of each owner of rows once."""
    if owners is None:
        return values
    return pd.DataFrame({"value": values, "owner": owners}).drop_duplicates()["value"].to_numpy()


def _among(values: np.ndarray, seen: np.ndarray) -> np.ndarray:
    """Tell which values are among the seen ones [K], sorted, but for the error of arithmetic: bool [rows]."""
    if not len(seen):
        return np.zeros(len(values), dtype=bool)
    above = np.searchsorted(seen, values).clip(max=len(seen) - 1)
    apart = np.minimum(np.abs(values - seen[above]), np.abs(values - seen[(above - 1).clip(min=0)]))
    return apart <= ARITHMETIC_ERROR * (seen[-1] - seen[0])


def _outside(samples: Samples, column: str, tables: Both, owners: Sequence[np.ndarray | None]) -> Counted:
    known, values = (_once(*_present(samples, column, *pair)) for pair in zip(tables, owners, strict=True))
    low, high = known.min(), known.max()
    # shares beyond: Beta(2, n - 1)
    alone = max(0, int((known == low).sum() == 1) + int((known == high).sum() == 1) - 1)
    error = ARITHMETIC_ERROR * (high - low)
    return column, int(((values < low - error) | (values > high + error)).sum()), len(values), alone, len(known)


def tails(samples: Samples, *, seed: int = 0) -> Score:
    """Whether extreme values are as frequent as in real rows: 1 - the share lost of the rows beyond the outer 1, 2.5 or
    5 % of real values, beyond chance, of the worst column and side; higher better.

    `shape` hardly sees them: tails cut off at 5 % cost it 0.05. What is lost beyond chance is the low end of its 95 %
    interval. Cost: a sort per column.
    """
    numbers = [c for c in samples.known if samples.is_number(c)]

    def measure(role: str) -> list[Loss]:
        real, owners = chance.real(samples, role), chance.owners(samples, role)
        tables = real, samples.table(role), np.arange(len(real)) if owners is None else owners
        sides = [(c, sign) for c in numbers for sign in (-1, 1)]
        return [loss for column, sign in sides for loss in _cut(samples, column, sign, tables, len(sides) * len(TAILS))]

    return chance.kept(samples, measure, NO_NUMBERS, sure=True)


Tables = tuple[pd.DataFrame, pd.DataFrame, np.ndarray]  # real rows, others, and whom the real ones belong to


def _cut(samples: Samples, column: str, sign: int, tables: Tables, parts: int) -> list[Loss]:
    real, other, owners = tables
    known, values = (sign * _values(samples, column, table) for table in (real, other))
    owners = owners[samples.is_present(column, real[column].to_numpy())]
    found = []
    for share in TAILS:
        beyond = known >= np.quantile(known, 1 - share)
        if not 0 < beyond.sum() <= 2 * share * len(known) or not len(values):
            continue  # so many equal values that they are no tail
        usual, there = float(beyond.mean()), float((values >= known[beyond].min()).mean())
        people = len(np.unique(owners[beyond]))
        each = people / beyond.sum()  # rows of one person, often at one end together, are one draw
        least = chance.least(people, round(each * len(known)), max(1, round(each * len(values))), parts)
        side = "high" if sign > 0 else "low"
        found.append(Loss(f"{column}, {side} end", max(0.0, 1 - there / usual), 1 - min(1.0, least / usual)))
    return found


def granularity(samples: Samples, *, seed: int = 0) -> Score:
    """Whether numbers are as round and as varied as in real rows: 1 - the difference beyond chance, of the worst
    column; higher better.

    Round: the share of multiples of 1, 2 or 5 times a power of ten (dates: of a minute, an hour, a day). Varied: the
    number of different values among equally many. Cost: one pass per column and step.
    """
    numbers = [c for c in samples.known if samples.is_number(c) and samples.units[c] == 1]

    def measure(role: str) -> list[Loss]:
        tables = chance.real(samples, role), samples.table(role)
        found = []
        for column in numbers:
            usual, values = (_values(samples, column, table) for table in tables)
            if len(usual) and len(values):
                found += _rounded(samples, column, _some(usual, seed), _some(values, seed), 10 * len(numbers))
                found.append(_varied(column, usual, values, 10 * len(numbers)))
        return found

    return chance.kept(samples, measure, NO_NUMBERS, f"Up to {GRID_ROWS:,} values of each column.")


def _some(values: np.ndarray, seed: int) -> np.ndarray:
    return generator(seed, RandomStream.GRID_ROWS_JUDGED).permutation(values)[:GRID_ROWS]


def _rounded(samples: Samples, column: str, real: np.ndarray, other: np.ndarray, parts: int) -> list[Loss]:
    error = np.sqrt(1 / len(real) + 1 / len(other))
    found = []
    for step in _steps(samples, column, real):
        one, two = (_multiples(v, step) for v in (real, other))
        pooled = (one * len(real) + two * len(other) + 1) / (len(real) + len(other) + 2)
        allowed = chance.deviations(parts) * error * np.sqrt(pooled * (1 - pooled))
        rounder = two >= one or np.ptp(np.quantile(real, [0.05, 0.95])) <= FINE * step
        found.append(Loss(str(column), abs(one - two) if rounder else 0.0, float(allowed)))
    return found


def _steps(samples: Samples, column: str, real: np.ndarray) -> list[float]:
    """Steps of grids that are coarser than the column is written and have enough points in its range."""
    width = float(np.subtract(*np.quantile(real, [0.95, 0.05])))
    if samples.kinds[column] == "datetime":
        return [float(step) for step in CLOCK_STEPS if width >= GRID_POINTS * step]
    if width <= 0:
        return []
    decimals, highest = formats.decimals(samples, column), int(np.floor(np.log10(width)))
    lowest = highest - FINEST_DIGITS if decimals is None else max(-decimals, highest - FINEST_DIGITS)
    steps = [n * 10.0**e for e, n in product(range(lowest, highest + 1), (1, 2, 5))]
    return [step for step in steps[decimals is not None :] if width >= GRID_POINTS * step]


def _multiples(values: np.ndarray, step: float) -> float:
    """Share of values that are whole multiples of a step."""
    times = values / step
    return float((np.abs(times - np.round(times)) < 1e-6).mean())


def _varied(column: str, real: np.ndarray, other: np.ndarray, parts: int) -> Loss:
    size = min(len(real), len(other))
    usual, found = (different(v, size) for v in (real, other))
    allowed = chance.deviations(parts) / np.sqrt(usual)
    return Loss(str(column), max(0.0, 1 - found / usual), float(min(1.0, allowed)))


def different(values: np.ndarray, size: int) -> float:
    """Expected number of different values among `size` of these, drawn without replacement (rarefaction, Hurlbert
    1971).
    """
    n, counts = len(values), np.unique(values, return_counts=True)[1].astype(float)
    left = np.maximum(n - counts, 0)
    drawn = gammaln(left + 1) - gammaln(np.maximum(left - size, 0) + 1) - gammaln(n + 1) + gammaln(n - size + 1)
    return float((1 - np.where(left >= size, np.exp(drawn), 0.0)).sum())
