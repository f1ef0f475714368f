"""Which formulas hold in a table: those that give nearly all values of a column, and tell something by each source.

A formula is taken where it gives at least HELD_SHARE of the rows to the last tick of the column's grid. Rows at an end
of a column's range do not count against it: protection has moved values there, of one column at a time. Nor does what
is off since the sources are rounded, as log(mass) of a mass of three decimals, if that is little.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import pandas as pd

from launderette.generators.candidates.shapes import LEAST_COMPARED_ROWS, ColumnValues, TableValues, Tried
from launderette.generators.derived.columns import per_unit, slack_of
from launderette.generators.encoding.intervals import LEAST_ROWS_PER_VALUE
from launderette.generators.errors import GeneratorError
from launderette.generators.formulas.formula import Formula
from launderette.generators.formulas.rounding import ROUNDING_SLACK, Rounding, rounded

HELD_SHARE = 0.99  # of the rows, that a formula must give
LEAST_TELLING_ROWS = 20  # that a formula gives, and would not with any of its columns dealt anew
LEAST_SPREAD_TICKS = 2.0  # of the standard deviation, where results have to be rounded
LEAST_KNOWN_SHARE = 0.999  # of results of sources dealt anew, among the values of a column that has shared ones alone
FARTHER_OUT = 0.01  # of a source's deviation, by which a value at an end is taken to lie farther outside
BETWEEN_TICKS = 1e-4  # so far from a tick, a result is not on the grid


class Holding(NamedTuple):
    """A formula that holds, how much its sources say of each other, 0 to 1, whether nothing had to be rounded, whether
    it gives numbers of a grid by ones that lie on none, whether only since its sources are rounded, and how much
    rounding takes from its results, as the power of ten of a tick beside a value of theirs.
    """

    target: str
    formula: Formula
    related: float
    exact: bool
    gridless: bool
    excused: bool
    coarse: float


def holding(seen: TableValues, candidates: Tried) -> Iterator[Holding]:
    """Yield every formula that holds."""
    for target, formula in candidates:
        sources, strictly = [seen[name] for name in formula.sources], _rounding(target, formula, seen)
        excusable = seen[target].excused and any(one.half for one in sources)
        if rounding := strictly or (_rounding(target, formula, seen, excused=True) if excusable else None):
            text = f"floor({formula.text})" if rounding == "down" else formula.text
            settled = replace(formula, rounding=rounding, text=text)
            own = seen[target]
            gridless = bool(own.column.scale) and not all(source.column.scale for source in sources)
            exact = strictly is not None and not _rounds(own, sources, formula)
            yield Holding(
                target,
                settled,
                _related(sources),
                exact,
                gridless,
                strictly is None,
                -math.inf if exact else _coarse(own),
            )


def _coarse(own: ColumnValues) -> float:
    """Return the power of ten of a tick beside a usual value of a column, -inf where it lies on no grid."""
    usual = float(np.nanmedian(np.abs(own.values)))
    return round(math.log10(2 * own.half / usual)) if own.half and usual else -math.inf


def _related(sources: Sequence[ColumnValues]) -> float:
    """Return the rank correlation of two columns, without its sign; 0 for one."""
    if len(sources) < 2:
        return 0.0
    both = pd.DataFrame([own.values for own in sources]).T.dropna()
    found = both.rank().corr().iloc[0, 1]
    return 0.0 if np.isnan(found) else abs(float(found))


def checked(target: str, formula: Formula, seen: TableValues) -> Formula:
    """Return a stated formula with the way that halves are rounded; GeneratorError where it does not hold."""
    expected = f"expected column {target!r} to be {formula.text} in at least {HELD_SHARE:.0%} of the rows"
    if lacking := [name for name in (target, *formula.sources) if name not in seen]:
        raise GeneratorError(f"{expected}, found too few values of {lacking[0]!r}; leave that out")
    rounding = _rounding(target, formula, seen, stated=True, excused=True)
    if rounding is None:
        raise GeneratorError(f"{expected}, found it in fewer; correct columns: {{{target!r}: {{derived: ...}}}}")
    return replace(formula, rounding=formula.rounding if formula.rounding == "down" else rounding)


def _rounding(
    target: str, formula: Formula, seen: TableValues, *, stated: bool = False, excused: bool = False
) -> Rounding | None:
    """Return how results are rounded where a formula gives nearly all values of a column, or would if its sources were
    not rounded (`excused`); None where it does not.
    """
    own, sources = seen[target], [seen[name] for name in formula.sources]
    exact = formula.value([source.values for source in sources])
    is_missing = np.isnan(exact)
    if (is_missing != np.isnan(own.values)).mean() > 1 - HELD_SHARE or (not own.column.missing and is_missing.any()):
        return None
    clear = ~np.any([one.at_end for one in (own, *sources)], axis=0)
    counted = formula.rounding == "down" or (all(one.dated for one in sources) and not own.dated)
    halves = [one.half * excused for one in sources]
    reach = np.minimum(formula.spread([one.values for one in sources], halves), own.excused)
    for rounding, given in _given(own, exact, reach, counted=counted).items():
        judged = ~is_missing & ~np.isnan(own.values) & (clear | given)
        held = given & judged
        if judged.sum() < LEAST_COMPARED_ROWS or held.sum() < HELD_SHARE * judged.sum():
            continue
        told = stated or (_varies(own, sources, formula, held) and _tells(own, sources, formula, held))
        if told and (
            stated
            or (
                leads_to_values(own, [one.values for one in sources], formula)
                and _excuses(own, sources, formula, given)
            )
        ):
            return rounding
    return None


def _excuses(own: ColumnValues, sources: Sequence[ColumnValues], formula: Formula, given: np.ndarray) -> bool:
    """Whether nearly all values that a formula does not give, at an end of a range, are as if protection had moved them
    there: farther outside, the result would come nearer. A code such as 99 for no answer is not.
    """
    values = [one.values for one in sources]
    exact = formula.value(values)
    judged = np.isfinite(exact) & np.isfinite(own.values)
    short = own.values - exact  # of the result
    moved = own.outward * short < 0
    for k, one in enumerate(sources):
        farther = one.values + one.outward * FARTHER_OUT * np.nanstd(one.values)
        moved |= (formula.value([farther if i == k else v for i, v in enumerate(values)]) - exact) * short > 0
    return bool((judged & ~given & ~moved).sum() <= (1 - HELD_SHARE) * judged.sum())


def _given(own: ColumnValues, exact: np.ndarray, reach: np.ndarray, *, counted: bool) -> dict[Rounding, np.ndarray]:
    """Return by way of rounding which values of a column are results, which may be off by `reach`, bool [rows]; of the
    ways to round halves the one that gives more of them.
    """
    scale = per_unit(own.column)
    if not own.column.scale:
        slack = slack_of(own.column) * np.maximum(np.abs(exact), np.abs(own.values))
        return {"away": np.abs(exact - own.values) <= slack + reach}
    ticks, exact = np.rint(own.values * scale), exact * scale
    away, even, down = (rounded(exact, way) == ticks for way in ("away", "even", "down"))
    nearest = np.abs(exact - ticks) <= 0.5 + ROUNDING_SLACK * np.maximum(1, np.abs(ticks)) + reach * scale
    found: dict[Rounding, np.ndarray] = {"away" if away.sum() >= even.sum() else "even": nearest}
    return found | ({"down": down} if counted else {})


def _rounds(own: ColumnValues, sources: Sequence[ColumnValues], formula: Formula) -> bool:
    """Whether results lie between the ticks of a column's grid."""
    exact = formula.value([source.values for source in sources]) * per_unit(own.column)
    return bool(own.column.scale) and bool(np.nanmax(np.abs(exact - np.rint(exact))) > BETWEEN_TICKS)


def _varies(own: ColumnValues, sources: Sequence[ColumnValues], formula: Formula, held: np.ndarray) -> bool:
    """Whether a column's values differ enough in the rows that a formula gives: more so where results are rounded."""
    rows = own.values[held]
    if _rounds(own, sources, formula) and rows.std() * per_unit(own.column) < LEAST_SPREAD_TICKS:
        return False
    return bool((rows != own.commonest).sum() >= LEAST_TELLING_ROWS)


def leads_to_values(own: ColumnValues, sources: Sequence[np.ndarray], formula: Formula) -> bool:
    """Whether values of sources, [rows] each, dealt anew, as a model may draw them, lead mostly to values that a column
    of shared values has: of a list of prices, the difference of two may lie on none.
    """
    shared = np.equal(own.column.low, own.column.high)
    if not shared.all() or len(sources) < 2:
        return True
    present = np.isfinite(sources).all(0)
    values = [np.roll(one[present], k) for k, one in enumerate(sources)]
    exact = formula.value(values) * per_unit(own.column)
    known = np.asarray(own.column.low)
    inside = exact[(exact >= known[0] - 0.5) & (exact <= known[-1] + 0.5)]
    near = np.abs(inside[:, None] - known).min(1, initial=np.inf) <= 0.5 + BETWEEN_TICKS
    counts = np.unique(own.values[np.isfinite(own.values)], return_counts=True)[1]
    rare = counts[counts < LEAST_ROWS_PER_VALUE].sum() / counts.sum()  # of real rows, at no value that rows share
    return bool(near.mean() >= LEAST_KNOWN_SHARE - 2 * rare) if len(inside) else False


def _tells(own: ColumnValues, sources: Sequence[ColumnValues], formula: Formula, held: np.ndarray) -> bool:
    """Whether a formula would not give the values with any of the columns dealt anew."""
    values, rows = [source.values[held] for source in sources], own.values[held]
    reach = 0.5 / per_unit(own.column) if own.column.scale else ROUNDING_SLACK * float(np.abs(rows).max())
    dealt = [[np.roll(one, 1) if i == k else one for i, one in enumerate(values)] for k in range(len(values))]
    off = [np.abs(formula.value(one) - rows) for one in dealt] + [np.abs(formula.value(values) - np.roll(rows, 1))]
    return all((one > reach).sum() >= LEAST_TELLING_ROWS for one in off)
