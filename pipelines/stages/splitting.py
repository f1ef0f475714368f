"""Splitting: rows for training and rows that nothing before scoring ever sees."""

import numpy as np
import pandas as pd

from launderette.generators.data import groups as grouping
from launderette.generators.data.schema import Identifier, Schema
from launderette.generators.training import randomness
from launderette.pipelines.config import RunConfig
from launderette.pipelines.config.sections import HELD_OUT
from launderette.pipelines.run.artifacts import LaunderError

LEAST_TRAIN = 2  # rows, for a generator to learn anything from
# rows of a holdout that leaves attacks the power to notice a quarter of the rows (pipelines/release/power.py), and the
# largest share that is held out for it
POWERFUL_ROWS, MOST_HELD_OUT = 60, 0.4
LEAST_HELD_OUT = 20  # rows that metrics compare with; of few, half of them


def share(stated: float | None, rows: int) -> float:
    """The share of so many rows of a table, or of their entities, that is held out: the stated one, else HELD_OUT, more
    of few.
    """
    if stated is not None:
        return stated
    powerful, compared = POWERFUL_ROWS / max(1, rows), min(LEAST_HELD_OUT, rows // 2) / max(1, rows)
    return max(min(max(HELD_OUT, powerful), MOST_HELD_OUT), compared)


def entity_of(config: RunConfig, schema: Schema) -> str | None:
    """Return the column whose values name entities of several rows: the stated one, else an identifier that
    repeats; None where there is none, or where every row is stated to be alone.
    """
    if config.split.entity:
        return config.split.column
    return repeated(schema)


def repeated(schema: Schema) -> str | None:
    """Return the identifier that repeats, of several the first that is called by people, else the first."""
    found = [column for column in schema.columns if isinstance(column, Identifier) and column.repeats]
    return min(found, key=lambda column: not column.person).name if found else None


def split(frame: pd.DataFrame, *, holdout: float, entity: str | None, seed: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return training and holdout rows, a share `holdout` of them held out, at least one; all rows of an entity on one
    side.

    Both keep the frame's order. Two different people may have equal rows, so equal rows may stand on both sides (see
    `shared`). LaunderError for a table, or a number of entities, that cannot be cut in two.
    """
    if len(frame) <= LEAST_TRAIN:
        raise LaunderError(
            f"expected at least {LEAST_TRAIN + 1} rows to split, found {len(frame)}; give a larger table"
        )
    wanted = min(max(1, round(holdout * len(frame))), len(frame) - LEAST_TRAIN)
    groups = np.arange(len(frame)) if entity is None else _entities(frame, entity)
    held = grouping.chosen(groups, wanted, randomness.generator(seed, "split"))
    train, rest = frame[~held], frame[held]
    for side in (train, rest):
        side.index = pd.RangeIndex(len(side))  # which copies no value, as resetting it does
    _check(groups[~held], groups[held], len(frame))
    return train, rest


def counted(frame: pd.DataFrame, entity: str | None) -> int:
    """How many there are of what attacks compare: entities, of which a row each, or rows."""
    return len(frame) if entity is None else len(np.unique(grouping.numbered(frame[entity], len(frame))))


def _entities(frame: pd.DataFrame, entity: str) -> np.ndarray:
    """Return a number per entity for each row; a row without one is its own."""
    numbers = grouping.numbered(frame[entity], len(frame))
    if (numbers == numbers[0]).all():
        raise LaunderError(
            f"expected at least two entities in column {entity!r}, found one; name another column in split.entity"
        )
    return numbers


def _check(train: np.ndarray, held: np.ndarray, rows: int) -> None:
    """Stop where a row or an entity stands on both sides, on none, or where a side is empty: it would void every
    privacy score.
    """
    if len(train) + len(held) != rows or not len(train) or not len(held) or _meet(train, held):
        raise LaunderError(
            "expected every row on one side of the split, found otherwise; report this as a fault of Launderette"
        )


def _meet(train: np.ndarray, held: np.ndarray) -> bool:
    """Tell whether numbers from 0 stand on both sides."""
    marked = np.zeros(1 + max(train.max(), held.max()), dtype=bool)
    marked[train] = True
    return bool(marked[held].any())


def shared(train: pd.DataFrame, held: pd.DataFrame) -> int:
    """Return how many held-out rows equal a training row in every column: copies that chance has made."""
    hashes = [pd.util.hash_pandas_object(_written(frame), index=False) for frame in (train, held)]
    return int(hashes[1].isin(hashes[0]).sum())


def _written(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the frame with all but its numbers, which are compared as they are, as text."""
    return frame.astype({name: "string" for name in frame if not pd.api.types.is_numeric_dtype(frame[name].dtype)})
