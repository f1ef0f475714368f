"""Missing cells drawn given the rest of their row."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from launderette.generators.data.encoding import Encoding
from launderette.generators.data.schema import conform
from launderette.generators.sampling.conditioning import CANDIDATES_PER_ROW, CHUNK_ROWS, Allowed, randoms
from launderette.generators.training import randomness

# u [B, 1 + randoms of the tokens], tokens x [B, L], which of them are known bool [B, L] -> tokens [B, L]
Draw = Callable[[np.ndarray, Tensor, Tensor], np.ndarray]
# likewise, of rows in which the same places are known
DrawPattern = Callable[[np.ndarray, Tensor, list[int]], np.ndarray]


def present(encoding: Encoding) -> Allowed:
    """Allow every token but the one for a missing value."""

    def allowed(l: int, x: Tensor) -> Tensor | None:
        if l >= len(encoding.columns) or not encoding.columns[l].missing:
            return None
        size = encoding.layout.sizes[l]
        return (torch.arange(size, device=x.device) < size - 1).expand(len(x), -1)

    return allowed


def impute(frame: pd.DataFrame, encoding: Encoding, draw: Draw, seed: int) -> pd.DataFrame:
    """Return the frame with each missing value drawn given the rest of its row; identifiers and columns without any
    value stay.
    """
    index, frame, out = frame.index, conform(frame, encoding.schema).reset_index(drop=True), []
    dtypes = frame.dtypes.to_dict()
    frame = frame.astype({name: "object" for name, dtype in dtypes.items() if isinstance(dtype, pd.CategoricalDtype)})
    for first in range(0, len(frame), CHUNK_ROWS):
        u = randomness.row_uniforms(seed, first, CHUNK_ROWS, randoms(encoding, given=True))
        out.append(_imputed(frame.iloc[first : first + CHUNK_ROWS], encoding, draw, u))
    filled = pd.concat(out) if out else frame
    return filled.astype({name: _admitting(dtype, filled[name]) for name, dtype in dtypes.items()}).set_axis(index)


def _admitting(dtype: Any, values: pd.Series) -> Any:
    """Return the dtype; of pandas' categories, with those of the values that it lacks."""
    if not isinstance(dtype, pd.CategoricalDtype):
        return dtype
    new = [value for value in values.dropna().unique() if value not in dtype.categories]
    return pd.CategoricalDtype([*dtype.categories, *new], dtype.ordered)


def _imputed(frame: pd.DataFrame, encoding: Encoding, draw: Draw, u: np.ndarray) -> pd.DataFrame:
    """Fill one chunk."""
    columns, tokens = encoding.columns, encoding.encode(frame)
    is_missing = np.stack(
        [frame[column.name].isna().to_numpy() & (column.size > 0) for column in columns], 1
    )  # [rows, columns]
    known = np.ones(tokens.shape, dtype=bool)
    for k, places in enumerate(encoding.layout.places):
        known[:, list(places)] = ~is_missing[:, k : k + 1]
    rows = np.flatnonzero(is_missing.any(1))
    if len(rows):
        drawn = draw(u[rows, len(columns) :], torch.from_numpy(tokens[rows]), torch.from_numpy(known[rows]))
        tokens[rows] = drawn
    filled, out = encoding.decode(tokens, u[: len(frame), : len(columns)]), frame.copy()
    for k, column in enumerate(columns):
        out[column.name] = frame[column.name].where(~is_missing[:, k], filled[column.name].set_axis(frame.index))
    return out


def by_pattern(draw: DrawPattern) -> Draw:
    """Draw the rows of each pattern of known places at once, for families that cannot mix them."""

    def drawn(u: np.ndarray, x: Tensor, known: Tensor) -> np.ndarray:
        out, patterns = x.numpy().copy(), known.numpy()
        for pattern in np.unique(patterns, axis=0):
            rows = np.flatnonzero((patterns == pattern).all(1))
            out[rows] = draw(u[rows], x[rows], np.flatnonzero(pattern).tolist())
        return out

    return drawn


def in_parts(draw: Draw) -> Draw:
    """Draw as many rows at once as make CHUNK_ROWS candidates."""

    def drawn(u: np.ndarray, x: Tensor, known: Tensor) -> np.ndarray:
        size = CHUNK_ROWS // CANDIDATES_PER_ROW
        parts = zip(np.split(u, range(size, len(u), size)), x.split(size), known.split(size), strict=True)
        return np.concatenate([draw(*part) for part in parts])

    return drawn
