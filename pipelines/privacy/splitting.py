"""Splitting that one row more or less does not disturb: which side a row is on follows from that row alone.

Of a run's seed it does not, nor of what is stated or learnt of its columns: whoever runs again with another would hold
out, and so expose, what was protected before. A smaller holdout is a part of a larger one.
"""

import numpy as np
import pandas as pd

from launderette.generators.data.values import names_of
from launderette.generators.training import randomness
from launderette.pipelines.run.artifacts import LaunderError

HASH_RANGE = 2.0**64  # hashes lie below it
LEAST_SIDE_ROWS = 2  # on each side, to learn or to compare anything
SPLIT_KEY = "private split"  # of the key by which rows are held out, in every run
PLACE_COLUMN = "\1place"  # of a frame, as no source calls a column: where a row lies among all, by its values as read
HALVES_KEY, HALF = "halves of a holdout", 0.5


def split(frame: pd.DataFrame, *, holdout: float, entity: str | None = None) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return training and holdout rows, each row, or each value of the column `entity` with all of its rows, held out
    with a probability of `holdout`.

    A row's side follows from its values, as they were read where the frame has their places, and from how many equal
    rows stand before it, so that neighbouring tables have neighbouring training sets; that of an entity from its name
    alone. LaunderError where all but no row is held out;
    whether any is left to train on, only the generator's noisy counts may tell.
    """
    train, rest = _sides(frame, holdout, SPLIT_KEY, entity)
    _check(len(rest))
    return train, rest


def halves(frame: pd.DataFrame, *, entity: str | None = None) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return two halves of rows that nothing protects; LaunderError where one is all but empty."""
    found = _sides(frame, HALF, HALVES_KEY, entity)
    _check(min(map(len, found)))
    return found


def _check(rows: int) -> None:
    if rows < LEAST_SIDE_ROWS:
        raise LaunderError(
            f"expected at least {LEAST_SIDE_ROWS} rows on each side of the split, found fewer; give a larger table or "
            "another split.holdout"
        )


def sides_of(digests: list[str], *, holdout: float, key: str = SPLIT_KEY) -> tuple[np.ndarray, np.ndarray]:
    """Return the places of training and held-out units, each by its digest and by how many equal ones stand before it;
    errors as in `split`.
    """
    held = shares(pd.DataFrame({"digest": digests}, dtype="string"), key) < holdout
    _check(int(held.sum()))
    return np.flatnonzero(~held), np.flatnonzero(held)


def sides_of_entities(names: pd.Series, *, holdout: float, key: str = SPLIT_KEY) -> tuple[np.ndarray, np.ndarray]:
    """Return the places of training and held-out units by whose they are: all of an entity on one side; errors as in
    `split`.
    """
    held = _drawn(names_of(names), key) < holdout
    _check(int(held.sum()))
    return np.flatnonzero(~held), np.flatnonzero(held)


def placed(frame: pd.DataFrame, raw: pd.DataFrame) -> pd.DataFrame:
    """Return rows with their places by the values they were read with, whatever has been made of these since."""
    return frame.assign(**{PLACE_COLUMN: shares(raw, SPLIT_KEY)})


def _sides(frame: pd.DataFrame, holdout: float, key: str, entity: str | None) -> tuple[pd.DataFrame, pd.DataFrame]:
    if entity is not None:
        drawn = _drawn(names_of(frame[entity]), key)
    else:
        drawn = frame[PLACE_COLUMN].to_numpy() if PLACE_COLUMN in frame else shares(frame, key)
    held, frame = drawn < holdout, frame.drop(columns=PLACE_COLUMN, errors="ignore")
    train, rest = (frame[side].reset_index(drop=True) for side in (~held, held))
    return train, rest


def shares(frame: pd.DataFrame, key: str) -> np.ndarray:
    """Return a number in [0, 1) for each row, as if drawn: float64 [rows]."""
    rows = zip(*(_texts(frame[name]) for name in sorted(frame)), strict=True)
    texts = pd.Series(["\1".join(row).encode("utf-8", "replace").decode() for row in rows], dtype=object)
    places = texts.groupby(texts).cumcount().astype(str).astype(object)
    return _drawn(texts + "\1" + places, key)


def _texts(values: pd.Series) -> list[str]:
    """Return values as text, however their column is stored: 1, 1.0 and "1" are one."""
    missing = values.isna().to_numpy()
    return [
        "\0" if gone else str(value).removesuffix(".0") for value, gone in zip(values.tolist(), missing, strict=True)
    ]


def _drawn(texts: pd.Series, key: str) -> np.ndarray:
    hash_key = f"{randomness.key(0, key):016x}"
    return pd.util.hash_array(texts.to_numpy(object), hash_key=hash_key).astype("float64") / HASH_RANGE
