"""What changed between the values of two tables: every change has to be larger than chance, over all columns together,
and large enough to matter.

Numbers and dates are compared by the two-sample Kolmogorov-Smirnov test, labels and missing values by the chi-squared
test of homogeneity. A value beyond the old range, or a label that no old row has, is judged by how rarely as many of
the new rows are the ones that have it, where old and new rows are exchangeable. P-values are corrected by Holm (1979).
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from launderette.generators.data.schema import Composite, Schema
from launderette.pipelines.drift.findings import Change, Drifted
from launderette.pipelines.scoring.readable import readable

FAMILY_LEVEL = 0.01  # share of pairs of equal tables in which anything is found by chance
LEAST_SHIFT = 0.1  # largest difference of two distribution functions, or half the sum of differences of shares
LEAST_UNSEEN_SHARE = 0.01  # share of rows with new labels, or beyond the old range
ROWS_FACTOR = 1.25  # times as many rows, or as few
LEAST_EXPECTED = 5  # rows a label has by chance in either table; rarer ones are counted together


@dataclass(frozen=True)
class Tested:
    """A change that was looked for: its p-value, its size, and whether that matters."""

    found: Drifted
    p_value: float
    matters: bool


def compare(before: pd.DataFrame, now: pd.DataFrame, old: Schema, new: Schema) -> list[Drifted]:
    """Return what changed in the columns that both tables have in the same kind."""
    kinds = {column.name: column.kind for column in new.learned}
    shared = [column.name for column in old.learned if kinds.get(column.name) == column.kind]
    one, other = readable(before, old), readable(now, new)
    tested = [test for name in shared for test in _tests(name, kinds[name], one[name], other[name])]
    return [test.found for test in _kept(tested)]


def renamed(before: pd.DataFrame, now: pd.DataFrame, old: Schema, new: Schema) -> dict[str, str]:
    """Return the new names of columns by their old ones: of those that are gone and those that are new, pairs of one
    kind whose values nothing tells apart, each alike to no other.
    """
    one, other = readable(before, old), readable(now, new)
    kinds = {column.name: column.kind for column in (*old.learned, *new.learned)}
    gone, came = _alone(old, new), _alone(new, old)
    alike = [(a, b) for a in gone for b in came if kinds[a] == kinds[b] and not _differ(kinds[a], one[a], other[b])]
    firsts, seconds = ([pair[side] for pair in alike] for side in (0, 1))
    return {a: b for a, b in alike if firsts.count(a) == 1 and seconds.count(b) == 1}


def _alone(schema: Schema, other: Schema) -> list[str]:
    """Return the columns that another schema lacks, but for parts of a column that it has."""
    whole = {part.name: one.name for one in schema.columns if isinstance(one, Composite) for part in one.parts}
    names = {*other.names, *other.flat.names}
    return [column.name for column in schema.learned if not {column.name, whole.get(column.name)} & names]


def _differ(kind: str, one: pd.Series, other: pd.Series) -> bool:
    return any(_kept([*_tests("", kind, one, other)]))


def _kept(tested: list[Tested]) -> Iterator[Tested]:
    """Return the changes that matter and that chance does not explain, by the step-down procedure of Holm."""
    for done, test in enumerate(sorted(tested, key=lambda test: test.p_value)):
        if test.p_value > FAMILY_LEVEL / (len(tested) - done):
            return
        if test.matters:
            yield test


def compare_rows(before: int, now: int) -> list[Drifted]:
    """Return whether the number of rows changed by a quarter."""
    if before / ROWS_FACTOR <= now <= before * ROWS_FACTOR:
        return []
    return [Drifted("rows", "", f"There are {now / max(1, before):.2g} times as many rows as there were.")]


def _tests(name: str, kind: str, before: pd.Series, now: pd.Series) -> Iterator[Tested]:
    gaps = [values.isna().to_numpy() for values in (before, now)]
    yield _homogeneity(name, gaps[0], gaps[1], "missing values")
    one, other = before[~gaps[0]], now[~gaps[1]]
    if not len(one) or not len(other):
        return
    if kind in ("numerical", "datetime"):
        yield from _of_numbers(name, *(_floats(values) for values in (one, other)))
    else:
        yield from _of_labels(name, *(values.astype(str).to_numpy() for values in (one, other)))


def _floats(values: pd.Series) -> np.ndarray:
    if pd.api.types.is_datetime64_any_dtype(values.dtype):
        return values.to_numpy("datetime64[us]").astype("int64").astype("float64")
    return values.to_numpy("float64")


def _of_numbers(name: str, before: np.ndarray, now: np.ndarray) -> Iterator[Tested]:
    from scipy.stats import ks_2samp  # late, as below: it takes half a second to import

    found = ks_2samp(before, now, method="asymp")
    said = (
        f"Values of column {name!r} are distributed otherwise (distribution functions differ by {found.statistic:.2f})."
    )
    yield _tested("distribution", name, said, found.pvalue, found.statistic >= LEAST_SHIFT)
    beyond = max(int((now < before.min()).sum()), int((now > before.max()).sum()))
    yield _unseen("range", name, beyond, len(before), len(now), "lie beyond the range that they had")


def _of_labels(name: str, before: np.ndarray, now: np.ndarray) -> Iterator[Tested]:
    yield _homogeneity(name, before, now, "labels")
    new = int((~pd.Series(now).isin(pd.unique(before))).sum())
    yield _unseen("categories", name, new, len(before), len(now), "are labels that it did not have")


def _unseen(change: Change, name: str, rows: int, before: int, now: int, words: str) -> Tested:
    """Test rows of a kind that no old row is of: all of them are new ones, by chance this rarely."""
    share = rows / now
    p_value = float((now / (before + now)) ** rows)
    said = f"About {share:.0%} of the values of column {name!r} {words}."
    return _tested(change, name, said, p_value, share >= LEAST_UNSEEN_SHARE)


def _homogeneity(name: str, before: np.ndarray, now: np.ndarray, what: str) -> Tested:
    """Test whether values are equally frequent in two tables; rare ones are counted together."""
    from scipy.stats import chi2_contingency

    table = pd.concat([pd.Series(values).value_counts() for values in (before, now)], axis=1).fillna(0).to_numpy()
    shares = table / table.sum(axis=0)
    distance = float(np.abs(shares[:, 0] - shares[:, 1]).sum() / 2)
    expected = table.sum(axis=1, keepdims=True) * table.sum(axis=0) / table.sum()
    rare = (expected < LEAST_EXPECTED).any(axis=1)
    pooled = np.vstack([table[~rare], table[rare].sum(axis=0)]) if rare.any() else table
    pooled = pooled[pooled.sum(axis=1) > 0]
    p_value = float(chi2_contingency(pooled, correction=False).pvalue) if len(pooled) > 1 else 1.0
    said = f"Shares of {what} of column {name!r} differ by {distance:.2f} in all."
    return _tested("distribution", name, said, p_value, distance >= LEAST_SHIFT)


def _tested(change: Change, name: str, said: str, p_value: float, matters: bool) -> Tested:
    return Tested(Drifted(change, name, said), float(p_value), bool(matters))
