"""Exact copies among all rows of a sample of which a part is scored, read a batch at a time."""

from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd


def counted(batches: Iterable[pd.DataFrame], real: pd.DataFrame, names: Sequence[str]) -> int:
    """Return how many rows equal one of the real ones in all of these columns."""
    known = np.unique(_hashes(real, names))
    return sum(_among(_hashes(batch, names), known) for batch in batches)


def _among(hashes: np.ndarray, known: np.ndarray) -> int:
    """Return how many of the hashes are among the known ones, which are sorted: np.isin would sort these again."""
    asked = np.sort(hashes)  # so that neighbours in it are near each other in memory
    places = np.searchsorted(known, asked).clip(max=len(known) - 1)
    return int((known[places] == asked).sum())


def _hashes(frame: pd.DataFrame, names: Sequence[str]) -> np.ndarray:
    """Return a hash of each row, uint64 [rows]: of numbers as such, whatever their type, of all else as text."""
    columns = {name: _same(frame[name]) for name in names}
    return pd.util.hash_pandas_object(pd.DataFrame(columns, index=frame.index), index=False).to_numpy()


def _same(values: pd.Series) -> pd.Series:
    if not pd.api.types.is_numeric_dtype(values.dtype) or pd.api.types.is_bool_dtype(values.dtype):
        return values.astype("string")
    return pd.Series(values.to_numpy("float64", na_value=np.nan) + 0.0, index=values.index)  # -0.0 is 0.0
