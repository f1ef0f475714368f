"""Protection before training: no category of a few rows and no extreme number reaches a generator, a score or a report.

What someone could learn from a release about one person begins with what is rare. So, in every column that is learned,
- a label of fewer than `rare` rows becomes the smallest stated group that so many rows share (grouping.py), else their
  longest common beginning (E11* for E11.9, shortening.py), else the kept label that is most like it by the other
  columns (similarity.py), else "(other)". Where fewer than `rare` rows would share even that, they become missing if
  that hides them among at least `rare` rows, else the most frequent label; a column in which every label is rare
  (names, free text) keeps none of them. A numeric label becomes the nearest label that is kept.
- a number or date beyond the `extremes`-th largest or smallest is moved there: to the middle between that one and the
  next, because the `extremes`-th largest itself is somebody's number. A column with fewer than `rare` values loses
  them.

Where rows of one entity belong together, entities are counted instead of rows: ten visits of one patient are one
person.

Both are 10 where nothing is said: statistics offices publish no cell of fewer than 3 to 10 people, and ten of 32,561
rows (Adult) move the shape score by at most 0.0003 per end. Under 500 rows both then shrink with the table, to 5 rows
per label (below which the encoder keeps no number either) and to one value per end, so that small tables keep their
labels. A number that is stated holds for tables of any size.
"""

from collections.abc import Callable, Collection, Mapping
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from launderette.generators.data.groups import numbered
from launderette.generators.data.schema import Datetime, Numerical, Schema
from launderette.generators.formats import grid, written
from launderette.generators.privacy.domain import OTHER_LABEL
from launderette.pipelines.config.groups import Groups
from launderette.pipelines.stages import shortening
from launderette.pipelines.stages.grouping import grouped
from launderette.pipelines.stages.similarity import Likeness

RARE_DIVISOR = 50  # with nothing stated, at most n / RARE_DIVISOR of n rows make a label rare, or lie beyond an end
USUAL_PROTECTION, LEAST_RARE, LEAST_EXTREMES = 10, 5, 1
Ordered = Numerical | Datetime
Way = Callable[[pd.Series, pd.Series, int], pd.Series]  # (rare labels, their owners, rare) -> others for some of them
NUMBER_TYPES = (bool, int, float, np.number, np.bool_)


def protect(
    frame: pd.DataFrame,
    schema: Schema,
    *,
    rare: int | None = None,
    extremes: int | None = None,
    entity: str | None = None,
    groups: Mapping[str, Groups] | None = None,
    whole: Collection[str] = (),
) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Return the frame with rare labels generalised and extremes clipped, and a record of counts per column, no values.

    0 switches a protection off. Identifiers stay as they are: nothing learns them. `groups` are the stated ones of each
    column (see grouping.py); labels of the columns `whole`, such as pseudonyms, are never cut.
    """
    rare, extremes = settle(rare, extremes, len(frame))
    protected, columns = frame.reset_index(drop=True), {}
    owners = owners_of(protected, entity)
    likeness = Likeness(protected.copy(deep=False), schema, owners)
    for column in schema.learned:
        values = protected[column.name]
        bare = values.astype("object") if isinstance(values.dtype, pd.CategoricalDtype) else values
        if isinstance(column, Numerical | Datetime):
            changed, counts = _clip(bare, column, owners, rare, extremes=extremes)
        else:
            own = (groups or {}).get(column.name, {})
            cut = column.name not in whole
            changed, counts = _generalise(bare, column.name, owners, rare, groups=own, likeness=likeness, cut=cut)
        protected[column.name] = changed if bare is values else _category(changed, values.dtype)
        columns[column.name] = {"kind": column.kind, **counts}
    counted = "rows" if entity is None else "entities"
    return protected, {"rare": rare, "extremes": extremes, "rows": len(frame), "counted": counted, "columns": columns}


def _category(labels: pd.Series, dtype: pd.CategoricalDtype) -> pd.Series:
    """Return labels as a category built anew, since the old one remembers labels that no row has; an order is kept."""
    if not dtype.ordered:
        return labels.astype("category")
    present = set(labels.dropna().unique())
    known = [label for label in dtype.categories if label in present]
    return labels.astype(pd.CategoricalDtype([*known, *sorted(present - set(known), key=str)], ordered=True))


def settle(rare: int | None, extremes: int | None, rows: int) -> tuple[int, int]:
    """Return the counts that apply to a table of `rows` rows: those stated, else the usual ones."""
    usual = [min(USUAL_PROTECTION, max(least, rows // RARE_DIVISOR)) for least in (LEAST_RARE, LEAST_EXTREMES)]
    return usual[0] if rare is None else rare, usual[1] if extremes is None else extremes


def owners_of(frame: pd.DataFrame, entity: str | None) -> pd.Series:
    """Return the number of whom each row belongs to, itself where no column names entities: int64 [rows]."""
    return pd.Series(numbered(None if entity is None else frame[entity], len(frame)), index=frame.index)


def _generalise(
    values: pd.Series, name: str, owners: pd.Series, rare: int, *, groups: Groups, likeness: Likeness, cut: bool
) -> tuple[pd.Series, dict]:
    """Replace the labels of fewer than `rare` owners, by their beginnings too where they may be `cut`."""
    labels = values.astype("object")
    holders = (
        labels.groupby(labels, sort=False).size() if owners.is_unique else owners.groupby(labels, sort=False).nunique()
    )
    few = set(holders.index[holders < rare])
    hit = labels.isin(few) if few else pd.Series(False, index=labels.index)
    counts = {"labels": len(holders), "labels_generalised": len(few), "rows_generalised": int(hit.sum())}
    alike = partial(likeness.alike, column=name, kept=labels[~hit].dropna())
    ways: dict[str, Way] = {
        "rows_grouped": partial(grouped, groups=groups),
        **({"rows_shortened": shortening.shorten} if cut else {}),
        "rows_alike": alike,
    }
    for key, way in ways.items():
        texts = labels[hit]
        texts = texts[texts.map(lambda label: isinstance(label, str)).astype(bool)]
        if len(texts):
            found = way(texts, owners[texts.index], rare).dropna()
            labels.loc[found.index], hit.loc[found.index] = found, False
            counts |= {key: len(found)} if len(found) else {}
    if hit.any():
        instead = _replacement(labels, hit, owners, holders[holders >= rare], rare)
        labels = labels.mask(hit, instead)
    return labels.astype(values.dtype), counts


def _replacement(labels: pd.Series, hit: pd.Series, owners: pd.Series, kept: pd.Series, rare: int) -> Any:
    """Return what stands for the rare labels: numbers, "(other)", None for missing, or the most frequent label."""
    few = labels[hit]
    if all(isinstance(label, NUMBER_TYPES) for label in few.unique()):
        return _nearest(few, kept)
    if owners[hit].nunique() >= rare and all(isinstance(label, str) for label in few.unique()):
        return OTHER_LABEL
    if owners[hit | labels.isna()].nunique() >= rare or kept.empty:
        return None
    return kept.index[int(np.argmax(kept.to_numpy()))]


def _nearest(few: pd.Series, kept: pd.Series) -> pd.Series:
    """Return the kept number nearest to each rare one; zeros, which say nothing, where no number is kept."""
    known = sorted((label for label in kept.index if isinstance(label, NUMBER_TYPES)), key=float)
    if not known:
        return few.map(lambda label: type(label)(0))
    places = np.array([float(label) for label in known])
    wanted = few.astype("float64").to_numpy()
    above = np.clip(np.searchsorted(places, wanted), 0, len(known) - 1)
    below = np.clip(above - 1, 0, None)
    chosen = np.where(np.abs(wanted - places[below]) <= np.abs(places[above] - wanted), below, above)
    return pd.Series([known[k] for k in chosen], index=few.index, dtype="object")


def _clip(values: pd.Series, column: Ordered, owners: pd.Series, rare: int, *, extremes: int) -> tuple[pd.Series, dict]:
    """Move what lies beyond the ends to them; make all missing where fewer than `rare` owners have a value."""
    scale, ticks, present = grid.on_grid(values, column)
    values = _without_rare_words(values, present, owners, rare)
    owned = owners[present].to_numpy()
    holders = len(owned) if _is_by_row(owned) else len(np.unique(owned))
    if holders < rare:
        return _without(values, column), {"rows_clipped": 0, "rows_removed": int(present.sum())}
    if not extremes or not len(ticks):
        return values, {"rows_clipped": 0, "rows_removed": 0}
    low, high = _ends(ticks, owned, min(extremes, max(LEAST_EXTREMES, holders // 4)))
    clipped, rows = values.copy(), np.flatnonzero(present)
    for end, beyond in ((low, ticks < low), (high, ticks > high)):
        if beyond.any():
            clipped.iloc[rows[beyond]] = _written(end, column, scale)
    return clipped.astype(values.dtype), {
        "rows_clipped": int(((ticks < low) | (ticks > high)).sum()),
        "rows_removed": 0,
    }


def _without_rare_words(values: pd.Series, read: np.ndarray, owners: pd.Series, rare: int) -> pd.Series:
    """Make missing what is neither `read` as a number or date nor a word for a missing value that at least `rare`
    owners share.
    """
    if values.dtype != object:
        return values
    words = values[~read & values.notna().to_numpy()]
    if words.empty:
        return values
    holders = owners[words.index].groupby(words, sort=False).nunique()
    few = [word for word, n in holders.items() if n < rare and not written.is_known(str(word))]
    return values.mask(values.isin(few) & ~read, None)


def _without(values: pd.Series, column: Ordered) -> pd.Series:
    """Return the column with every value missing, or zero where its type knows no missing value."""
    plain_integers = isinstance(values.dtype, np.dtype) and values.dtype.kind in "iu"
    if plain_integers:
        return values.mask(values.notna(), _written(0, column, grid.grid_of(values, column)))
    return values.mask(values.notna(), None if values.dtype == object else pd.NA)


def _ends(ticks: np.ndarray, owned: np.ndarray, k: int) -> tuple[Any, Any]:
    """Return the lowest and highest tick that stay: half way from the k-th extreme owner's to the next one's."""
    by_owner = pd.Series(ticks).groupby(owned)
    ends = (ticks, ticks) if _is_by_row(owned) else (by_owner.max(), by_owner.min())
    top, bottom = np.sort(ends[0])[::-1], np.sort(ends[1])
    high = _inward(top[k - 1], top[min(k, len(top) - 1)])
    low = _inward(bottom[k - 1], bottom[min(k, len(bottom) - 1)])
    return (low, high) if low <= high else (np.sort(ticks)[len(ticks) // 2],) * 2


def _is_by_row(owned: np.ndarray) -> bool:
    """Tell, at no cost beside that of grouping, whether every row has an owner of its own: they count up."""
    return bool((np.diff(owned) > 0).all())


def _inward(end: Any, following: Any) -> Any:
    """Return the middle between two neighbours, of ticks on a grid the one nearer to the inner neighbour."""
    if not isinstance(end, np.integer):
        return end + (following - end) / 2
    half = abs(int(following) - int(end)) // 2
    return type(end)(int(following) + (half if end > following else -half))


def _written(end: Any, column: Ordered, scale: float) -> Any:
    """Return a tick as a value of the column."""
    return grid.from_grid(np.array([end]), np.zeros(1, dtype=bool), column, scale).iloc[0]
