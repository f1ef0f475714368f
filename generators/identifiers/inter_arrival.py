"""Inter-arrival times: how long after the one before a row of an entity comes, such as the monthly payments of a
contract, where these are regular and entities begin at times of their own.

Three columns of no schema are learnt beside such a date, or number of a period: when the entity begins and how long it
usually takes from row to row, which all of its rows share, and the time since its row before. The date of a drawn row
is worked out from them; all else of the row is drawn given that date (sampling/rows.py). Where a condition fixes the
date itself, it is drawn as any other column.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from launderette.generators.data.groups import numbered
from launderette.generators.data.schema import Boolean, Categorical, Datetime, Numerical, Schema
from launderette.generators.derived.columns import per_unit
from launderette.generators.encoding.cells import Cells
from launderette.generators.formats.grid import grid_of, to_grid
from launderette.generators.formulas.calendar_addition import CalendarAddition, MonthsBetween
from launderette.generators.identifiers.panels import Owned

LEAST_STEPS_KNOWN = 60  # from a row of an entity to the next, of which anything is learnt
LEAST_REGULAR = 0.2  # of the steps, that are as long as the most frequent one, beyond what chance has
MOST_BEGIN_ALIKE = 0.5  # of entities, that begin at one time: as those of a balanced panel do
MONTHLY_SHARE = 0.95  # of the rows, that lie whole months after their entity's first one
MOST_LABELS_OF_STEPS, LEAST_OF_LABEL = 12, 20  # of a column by which steps differ, and units that have each
LEAST_EXPLAINED = 0.05  # of the variance of the steps' ranks
STEP_QUANTILES = np.arange(0.05, 1, 0.1)
GOLDEN = 0.6180339887498949  # its multiples are even in [0, 1)
LATER = CalendarAddition(("months", "date"), "", "same day", 1)
BETWEEN = MonthsBetween(("later", "earlier"), "", "same day")


@dataclass(frozen=True)
class InterArrival:
    """A date or whole number `name` by which the rows of each entity of `owner` come at regular times: steps of `unit`
    (microseconds for dates), or whole `months`. Values at the `ends` of its range were moved there by protection.
    `unseen` are quantiles of steps, for entities of one row, by the labels of a column `by` ("" for none).
    """

    name: str
    owner: str
    unit: float
    months: bool
    ends: tuple[float, float]
    by: str
    unseen: Mapping[str, Sequence[int]]

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON holds it."""
        return asdict(self)

    @property
    def start(self) -> str:
        """The name of the column of when an entity begins."""
        return f"{self.name} of the first row"

    @property
    def step(self) -> str:
        """The name of the column of the time since the row before."""
        return f"{self.name} since the row before"

    @property
    def usual(self) -> str:
        """The name of the column of the time that usually lies between an entity's rows."""
        return f"{self.name} from row to row"

    @property
    def beside(self) -> tuple[str, str, str]:
        """The names of the columns that are learnt beside it."""
        return self.start, self.usual, self.step

    @property
    def text(self) -> str:
        """How the column follows, as people read it."""
        return f"{self.name} of the row before + {'months' if self.months else 'time'} between rows of one {self.owner}"

    def later(self, values: np.ndarray, steps: np.ndarray) -> np.ndarray:
        """Return values so many steps later, float64 [rows] each."""
        return LATER.value([steps, values]) if self.months else values + self.unit * steps

    def steps(self, later: np.ndarray, earlier: np.ndarray) -> np.ndarray:
        """Return the steps from one value to another, float64 [rows] each."""
        return BETWEEN.value([later, earlier]) if self.months else np.floor((later - earlier) / self.unit)

    def since_before(self, values: np.ndarray, units: np.ndarray) -> np.ndarray:
        """Return the steps of values [rows] of `units` [rows] since their unit's row before, NaN where none is, or one
        of both is at an end of the range: float64 [rows].
        """
        of_unit = pd.Series(values).groupby(units)
        before, first = of_unit.shift().to_numpy(), of_unit.transform("first").to_numpy()
        found = self.steps(values, first) - self.steps(before, first) if self.months else self.steps(values, before)
        return np.where(np.isin(values, self.ends) | np.isin(before, self.ends), np.nan, found)

    def columns(self, schema: Schema) -> list[Numerical | Datetime]:
        """Return the columns that are learnt beside that of a schema."""
        own = schema.column(self.name)
        assert isinstance(own, Numerical | Datetime)
        return [replace(own, name=self.start), *(Numerical(name, "int64", 0) for name in self.beside[1:])]

    def filled(self, steps: np.ndarray, units: np.ndarray, labels: pd.Series | None) -> np.ndarray:
        """Return steps [rows] without gaps: of the unit's nearest row that has one, else typical of the row's label."""
        known = pd.Series(steps).groupby(units)
        found = known.bfill().fillna(known.ffill()).to_numpy()
        place = (np.mod(GOLDEN * units, 1) * len(STEP_QUANTILES)).astype("int64")
        own = [""] * len(units) if labels is None else labels.astype("string").fillna("").tolist()
        typical = [self.unseen.get(label, self.unseen[""])[k] for label, k in zip(own, place, strict=True)]
        return np.where(np.isnan(found), typical, found)


def find(frame: pd.DataFrame, schema: Schema, owned: Owned | None, taken: Sequence[str]) -> tuple[InterArrival, ...]:
    """Return by what the rows of entities come at regular times, nothing of what is `taken`: the first such date, else
    number.
    """
    if owned is None or not (owned.enough and owned.whole) or owned.visits is not None:
        return ()
    units = numbered(frame[owned.owner], len(frame))
    for column in _candidates(frame, schema, taken):
        values = _values(frame[column.name], column)
        whole = column.derived is None and not np.isnan(values).any() and np.ptp(values) > 0
        if whole and owned.in_order(values, rising=column.kind == "numerical") and _begin_apart(values, units):
            for found in _regular(column, owned.owner, values, units, frame):
                return (_with_unseen(found, values, units, frame, schema),)
    return ()


def _candidates(frame: pd.DataFrame, schema: Schema, taken: Sequence[str]) -> list[Numerical | Datetime]:
    """Return the dates, and then the whole numbers, that are not `taken`."""
    free = [column for column in schema.learned if column.name in frame and column.name not in taken]
    dates = [column for column in free if isinstance(column, Datetime)]
    return [*dates, *(column for column in free if isinstance(column, Numerical) and column.decimals == 0)]


def _values(values: pd.Series, column: Numerical | Datetime) -> np.ndarray:
    """Return dates in microseconds, or whole numbers: float64 [rows], NaN where there is none."""
    ticks, present = to_grid(values, column, 1.0)
    found = np.full(len(values), np.nan)
    found[present] = ticks
    return found


def _begin_apart(values: np.ndarray, units: np.ndarray) -> bool:
    """Tell whether units begin at times of their own."""
    starts = pd.Series(values).groupby(units).first()
    return bool(starts.value_counts(normalize=True).iloc[0] < MOST_BEGIN_ALIKE)


def _regular(
    column: Numerical | Datetime, owner: str, values: np.ndarray, units: np.ndarray, frame: pd.DataFrame
) -> Iterator[InterArrival]:
    """Yield how rows come at regular times: by whole months, else by equal steps."""
    dated = column.kind == "datetime"
    unit = grid_of(frame[column.name], column) if dated else 1.0
    ends = float(values.min()), float(values.max())
    for months in (True, False) if dated else (False,):
        one = InterArrival(column.name, owner, unit, months, ends, "", {})
        steps = one.since_before(values, units)
        if np.isfinite(steps).sum() < LEAST_STEPS_KNOWN or (months and not _monthly(one, values, units)):
            continue
        by_chance = np.random.default_rng(0).permutation(values)
        by_chance = by_chance[np.lexsort((by_chance, units))][np.argsort(np.argsort(units, kind="stable"))]
        if _most_frequent(steps) >= _most_frequent(one.since_before(by_chance, units)) + LEAST_REGULAR:
            yield one


def _monthly(one: InterArrival, values: np.ndarray, units: np.ndarray) -> bool:
    """Tell whether nearly all values lie whole months after the first one of their unit."""
    first = pd.Series(values).groupby(units).transform("first").to_numpy()
    judged = (values != first) & ~np.isin(values, one.ends) & ~np.isin(first, one.ends)
    reached = one.later(first, one.steps(values, first))
    return bool((reached == values)[judged].mean() >= MONTHLY_SHARE) if judged.any() else False


def _most_frequent(steps: np.ndarray) -> float:
    """Return the share of the steps that are as long as the most frequent one, of those that are no 0."""
    moved = steps[np.isfinite(steps) & (steps != 0)]
    return float(np.unique(moved, return_counts=True)[1].max() / len(moved)) if len(moved) else 0.0


def _with_unseen(
    one: InterArrival, values: np.ndarray, units: np.ndarray, frame: pd.DataFrame, schema: Schema
) -> InterArrival:
    """Return it with typical steps, each unit's counted once, by the labels that tell most of them."""
    steps = one.since_before(values, units)
    known = pd.DataFrame({"unit": units, "step": steps}, frame.index)[~np.isnan(steps)]
    labelled = [c.name for c in schema.learned if isinstance(c, Categorical | Boolean) and c.name in frame]
    labels = {name: frame[name][known.index].astype("string").fillna("") for name in labelled}
    told = {name: _explained(known, own) for name, own in labels.items()}
    by = max(told, key=told.__getitem__, default="")
    groups = {"": known}
    if by and told[by] >= LEAST_EXPLAINED:
        groups |= {str(label): own for label, own in known.groupby(labels[by])}
    typical = {label: own.groupby("unit")["step"].median().quantile(STEP_QUANTILES) for label, own in groups.items()}
    unseen = {label: own.round().astype("int64").tolist() for label, own in typical.items()}
    return replace(one, by=by if len(groups) > 1 else "", unseen=unseen)


def _explained(known: pd.DataFrame, labels: pd.Series) -> float:
    """Return which share of the variance of the steps' ranks labels [rows] explain; 0 for many labels, or rare ones."""
    counts = known.groupby(labels)["unit"].nunique()
    if not 2 <= len(counts) <= MOST_LABELS_OF_STEPS or counts.min() < LEAST_OF_LABEL:
        return 0.0
    ranks = known["step"].rank()
    return float(ranks.groupby(labels).transform("mean").var() / max(ranks.var(), 1e-9))


def learned(schema: Schema, found: Sequence[InterArrival]) -> list[Numerical | Datetime]:
    """Return the columns that are learnt beside those of a schema."""
    return [column for one in found for column in one.columns(schema)]


def read(frame: pd.DataFrame, found: Sequence[InterArrival], schema: Schema) -> pd.DataFrame:
    """Return the frame with when each row's entity begins, its usual step and the steps since its row before; rows
    without the identifier column are by themselves.
    """
    for one in (one for one in found if one.step not in frame):
        units, own = numbered(frame.get(one.owner), len(frame)), schema.column(one.name)
        assert isinstance(own, Numerical | Datetime)
        values = _values(frame[one.name], own)
        steps = one.filled(one.since_before(values, units), units, frame[one.by] if one.by else None)
        starts = frame[one.name].groupby(units).transform("first").astype(frame[one.name].dtype)
        usual = pd.Series(steps).groupby(units).transform("median").round()
        of_steps = {one.usual: usual.to_numpy("int64"), one.step: steps.astype("int64")}
        frame = frame.assign(**{one.start: starts, **of_steps})
    return frame


def restore(entries: Sequence[Mapping[str, Any]]) -> tuple[InterArrival, ...]:
    """Read what `to_dict` wrote."""
    return tuple(InterArrival(**{**entry, "ends": tuple(entry["ends"])}) for entry in entries)


def worked_out(one: InterArrival, own: Cells, starts: np.ndarray, steps: np.ndarray, units: np.ndarray) -> np.ndarray:
    """Return the ticks of a column's cells for rows of `units` [rows] in their order, whose first rows say when they
    begin, and each how many steps it comes after the one before: starts and steps, float64 [rows].

    A start is moved as little as brings all rows into the range of the column; where no start does, steps are
    shortened alike.
    """
    is_first = ~pd.Series(units).duplicated().to_numpy()
    offsets = pd.Series(np.where(is_first, 0, steps)).groupby(units).cumsum()
    start = pd.Series(starts).groupby(units).transform("first").to_numpy()
    last = offsets.groupby(units).transform("max").to_numpy()
    low, high = (np.full(len(units), end / per_unit(own)) for end in (own.low[0], own.high[-1]))
    room = np.maximum(one.steps(high, low), 0)
    offsets = np.floor(offsets.to_numpy() * np.minimum(1, room / np.maximum(last, 1)))
    reached = one.later(start, np.minimum(last, room))
    over = np.where(reached > high, one.steps(reached, high) + 1, 0)
    start = np.clip(one.later(start, -over), low, high)
    values = np.clip(one.later(start, offsets), low, high)
    return np.rint(values * per_unit(own)).astype("int64" if own.scale else "float64")
