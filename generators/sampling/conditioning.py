"""Rows of which some cells are given: one of several candidates is kept by its importance; missing cells are drawn
given the others.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from launderette.generators.data.encoding import Encoding
from launderette.generators.data.schema import conform
from launderette.generators.sampling.constraints import Constraints
from launderette.generators.training import randomness

CHUNK_ROWS = 2048  # rows drawn at once; fixed, so that a row's arithmetic never changes
LEAST_LOG_WEIGHT = -1e4  # log of nothing, so that weights of rows that all fail are still numbers
CANDIDATES_PER_ROW = 16  # rows drawn for each row of which some cells are given

# u [B, 1 + randoms of the tokens], tokens x [B, L], which of them are known bool [B, L] -> tokens [B, L]
Draw = Callable[[np.ndarray, Tensor, Tensor], np.ndarray]
# likewise, of rows in which the same places are known
DrawPattern = Callable[[np.ndarray, Tensor, list[int]], np.ndarray]


Allowed = Callable[
    [int, Tensor], Tensor | None
]  # place l, tokens x [B, L] -> which tokens may be drawn there, bool [B, K]; None: all


def anything(l: int, x: Tensor) -> None:
    """Allow every token."""


def present(encoding: Encoding) -> Allowed:
    """Allow every token but the one for a missing value."""

    def allowed(l: int, x: Tensor) -> Tensor | None:
        if l >= len(encoding.columns) or not encoding.columns[l].missing:
            return None
        size = encoding.layout.sizes[l]
        return (torch.arange(size, device=x.device) < size - 1).expand(len(x), -1)

    return allowed


def randoms(encoding: Encoding, given: bool) -> int:
    """Return how many random numbers a row takes: its places within intervals, a choice, and L for each candidate."""
    return len(encoding.columns) + 1 + (CANDIDATES_PER_ROW if given else 1) * encoding.layout.width


def given(fixed: Mapping[int, int], width: int) -> Tensor:
    """Return tokens [CHUNK_ROWS, width] that are as {place: token} says, and 0 elsewhere."""
    x = torch.zeros(CHUNK_ROWS, width, dtype=torch.int64)
    x[:, list(fixed)] = torch.tensor(list(fixed.values()), dtype=torch.int64)
    return x


def log_share(tokens: Tensor, encoding: Encoding, held: Constraints) -> Tensor:
    """Return the log of how much of the rows' cells the constraints leave: tokens [B, L] -> [B]; 0 for a row
    without any.
    """
    found = held.log_share(encoding.cells(tokens.cpu().numpy()))
    return torch.from_numpy(np.maximum(found, LEAST_LOG_WEIGHT))


def resampled(drawn: list[tuple[Tensor, Tensor]], log_p: Callable[[Tensor], Tensor], u: Tensor) -> Tensor:
    """K candidates' tokens [B, L] with log q [B], and u [B] -> for each row the candidate that u chooses, by p / q
    (Rubin 1987).
    """
    if len(drawn) == 1:
        return drawn[0][0]
    weights = torch.stack([log_p(x) - log_q for x, log_q in drawn]).softmax(0)  # [K, B]
    chosen = (weights.cumsum(0) <= u).sum(0).clamp(max=len(drawn) - 1)
    return torch.stack([x for x, _ in drawn])[chosen, torch.arange(len(u), device=u.device)]


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
