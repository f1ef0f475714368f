"""Missing cells drawn given the rest of their row."""

import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from launderette.generators.data import parts
from launderette.generators.data.schema import Datetime, Numerical, conform
from launderette.generators.derived import running
from launderette.generators.encoding.cells import Cells
from launderette.generators.encoding.encoding import Encoding
from launderette.generators.encoding.labels import Labels
from launderette.generators.errors import GeneratorError
from launderette.generators.formats.grid import from_grid, is_duration
from launderette.generators.sampling import agreement, completion
from launderette.generators.sampling.conditioning import CANDIDATES_PER_ROW, CHUNK_ROWS, Allowed, chosen, randoms
from launderette.generators.training import randomness

# u [B, 1 + randoms of the tokens], tokens x [B, L], which of them are known bool [B, L] -> the tokens of K candidates
# for each row [K, B, L], and their weights [K, B], whose sum is 1
Draw = Callable[[np.ndarray, Tensor, Tensor], tuple[Tensor, Tensor]]
# likewise one candidate, of rows in which the same places are known -> tokens [B, L]
DrawPattern = Callable[[np.ndarray, Tensor, list[int]], np.ndarray]
Given = tuple[np.ndarray, np.ndarray]  # tokens [rows, L], which of them are known bool [rows, L]
DrawnRows = tuple[np.ndarray, np.ndarray, np.ndarray]  # places of rows, candidates [K, rows, L], weights [K, rows]
MOST_BOUND_TOKENS = 2**22  # of the candidates of rows that a derived value binds, at once


def present(encoding: Encoding) -> Allowed:
    """Allow every token but the one for a missing value."""

    def allowed(l: int, x: Tensor) -> Tensor | None:
        if l >= len(encoding.columns) or not encoding.columns[l].missing:
            return None
        size = encoding.layout.sizes[l]
        return (torch.arange(size, device=x.device) < size - 1).expand(len(x), -1)

    return allowed


def impute(
    frame: pd.DataFrame, encoding: Encoding, draw: Draw, seed: int, draws: int = 1, rounded: bool = True
) -> pd.DataFrame:
    """Return the frame with each missing value drawn given the rest of its row; identifiers and columns without any
    value stay. GeneratorError for fewer than one of `draws`.

    Of several draws a number or date becomes their mean on the column's grid, a label the most frequent: nearer to the
    truth, but less spread than true values are. Plain numbers that are not to be `rounded` keep their mean, such as 1.7
    children, which errs less. What follows from the rest of a row, or from other rows (generators/derived), is not
    drawn, and what is drawn agrees with a known value that follows from it, where the model finds such
    (agreement.py).
    """
    if draws < 1:
        raise GeneratorError(f"expected at least one draw for each missing value, found {draws}")
    index, frame, out = frame.index, conform(frame, encoding.schema).reset_index(drop=True), []
    rounded = rounded or draws == 1
    dtypes = frame.dtypes.to_dict() if rounded else {name: _of_means(frame[name]) for name in frame}
    frame = frame.astype(
        {name: "object" if isinstance(dtype, pd.CategoricalDtype) else dtype for name, dtype in dtypes.items()}
    )
    for first in range(0, len(frame), CHUNK_ROWS):
        u = randomness.row_uniforms(seed, first, CHUNK_ROWS, randoms(encoding, given=True))
        part = frame.iloc[first : first + CHUNK_ROWS]
        steps = partial(randomness.row_uniforms, randomness.key(seed, "steps"), first, len(part), u.shape[1])
        out.append(_imputed(part, encoding, GapDraws(draw, u[: len(part)], steps, draws), rounded))
    filled = running.filled(pd.concat(out), encoding.running) if out else frame
    return filled.astype({name: _admitting(dtype, filled[name]) for name, dtype in dtypes.items()}).set_axis(index)


class GapDraws(NamedTuple):
    """How candidates for the gaps of a chunk are drawn: by the random numbers u [rows, n], shifted for each of `draws`
    by `steps` [rows, n].
    """

    draw: Draw
    u: np.ndarray
    steps: Callable[[], np.ndarray]
    draws: int

    def candidates(self, rows: np.ndarray, given: Given, places: int, least: int = 1) -> tuple[np.ndarray, np.ndarray]:
        """Return the tokens [K, rows, L] of at least so many candidates for each of `rows`, and their weights
        [K, rows], whose sum is 1; the first `places` of the random numbers are no tokens'.
        """
        x, known = (torch.from_numpy(part[rows]) for part in given)
        found = [self.draw(self.u[rows, places:], x, known)]
        shifts = max(self.draws, math.ceil(least / len(found[0][0])))
        if shifts > 1:
            spread = _spread(self.u[rows], self.steps()[rows], shifts)
            found += [self.draw(u[:, places:], x, known) for u in spread[1:]]
        tokens, weights = (torch.cat(parts).cpu().numpy() for parts in zip(*found, strict=True))
        return tokens, weights / shifts


def _spread(u: np.ndarray, v: np.ndarray, draws: int) -> list[np.ndarray]:
    """Return u [rows, n] shifted for each draw, so that every number of a row falls once into each of `draws` equal
    parts of [0, 1): a lattice with a random shift (Cranley and Patterson 1976), its steps chosen by v [rows, n].

    Every draw is one of the same distribution, and their mean is less noisy than that of independent ones.
    """
    steps = np.array([k for k in range(1, draws + 1) if math.gcd(k, draws) == 1])
    step = steps[(v * len(steps)).astype("int64")]
    return [(u + k * step / draws) % 1 for k in range(draws)]


def _of_means(values: pd.Series) -> Any:
    """Return the dtype; of whole numbers with gaps, that of fractions."""
    if not (pd.api.types.is_integer_dtype(values.dtype) and values.hasnans):
        return values.dtype
    return "double[pyarrow]" if isinstance(values.dtype, pd.ArrowDtype) else "Float64"


def _admitting(dtype: Any, values: pd.Series) -> Any:
    """Return the dtype; of pandas' categories, with those of the values that it lacks."""
    if not isinstance(dtype, pd.CategoricalDtype):
        return dtype
    new = [value for value in values.dropna().unique() if value not in dtype.categories]
    return pd.CategoricalDtype([*dtype.categories, *new], dtype.ordered)


def _imputed(frame: pd.DataFrame, encoding: Encoding, gaps_drawn: GapDraws, rounded: bool) -> pd.DataFrame:
    """Fill one chunk."""
    frame = encoding.with_between(completion.certain(parts.split(frame, encoding.schema), encoding))
    frame = completion.certain(frame, encoding) if encoding.between else frame
    columns, tokens = encoding.columns, encoding.encode(frame)
    words = {part.name for part in encoding.worded}  # of numbers that are drawn there is none
    gaps = [frame[column.name].isna().to_numpy() & (column.size > 0 and column.name not in words) for column in columns]
    is_missing = np.stack(gaps, 1)  # [rows, columns]
    known = np.ones(tokens.shape, dtype=bool)
    for k, places in enumerate(encoding.layout.places):
        known[:, list(places)] = ~(is_missing[:, k] | _unseen(columns[k], frame))[:, None]
    drawn = _drawn(frame, encoding, gaps_drawn, (tokens, known))
    if gaps_drawn.draws == 1:
        for rows, *candidates in drawn:
            parts_of = map(torch.from_numpy, (*candidates, gaps_drawn.u[rows, len(columns)]))
            tokens[rows] = chosen(*parts_of).numpy()
        filled = encoding.decode_known(tokens, gaps_drawn.u[:, : len(columns)])
    else:
        filled = _typical(encoding, tokens, drawn, rounded)
    out = frame.copy()
    for k, column in enumerate(columns):
        out[column.name] = frame[column.name].where(~is_missing[:, k], filled[column.name].set_axis(frame.index))
    found = completion.worked_out(completion.solved(out, encoding, frame), encoding)
    if not rounded:
        found = _with_means(found, frame, encoding, drawn)
    return found.assign(**parts.joined(found, encoding.schema))[encoding.schema.names]


def _unseen(column: Cells | Labels, frame: pd.DataFrame) -> np.ndarray:
    """Return in which rows a column has a label that no training row has, which tells nothing of the others: bool
    [rows].
    """
    return column.unseen(frame[column.name]) if isinstance(column, Labels) else np.zeros(len(frame), dtype=bool)


def _drawn(frame: pd.DataFrame, encoding: Encoding, gaps_drawn: GapDraws, given: Given) -> list[DrawnRows]:
    """Draw candidates for rows with gaps: where a derived value is known that binds what is drawn, more of them."""
    bound, places, some = agreement.bound_rows(frame, encoding), len(encoding.columns), ~np.all(given[1], axis=1)
    free = np.flatnonzero(some & ~bound)
    drawn = [(free, *gaps_drawn.candidates(free, given, places))] if len(free) else []
    size = max(1, MOST_BOUND_TOKENS // (agreement.LEAST_CANDIDATES * given[0].shape[1]))
    bound_ones = np.flatnonzero(some & bound)
    for first in range(0, len(bound_ones), size):
        rows = bound_ones[first : first + size]
        tokens, weights = gaps_drawn.candidates(rows, given, places, agreement.LEAST_CANDIDATES)
        drawn.append((rows, tokens, agreement.agreeing(tokens, weights, frame.iloc[rows], encoding)))
    return drawn


def _typical(encoding: Encoding, tokens: np.ndarray, drawn: Sequence[DrawnRows], rounded: bool) -> dict[str, pd.Series]:
    """Return by column the mean number or the most frequent label of each row [B]: by what is drawn for it, if
    anything, else by its tokens [B, L].
    """
    if not drawn:
        return encoding.decode_known(tokens, np.full((len(tokens), len(encoding.columns)), 0.5))
    found = {}
    for column, places in zip(encoding.columns, encoding.layout.places, strict=True):
        typical = []
        for rows, candidates, weights in drawn:
            cells = column.join(candidates.reshape(-1, candidates.shape[2])[:, list(places)]).reshape(weights.shape)
            of_rows = (
                _mean(column, cells, weights, rounded) if isinstance(column, Cells) else _mode(column, cells, weights)
            )
            typical.append(of_rows.set_axis(rows))
        found[column.name] = pd.concat(typical).reindex(range(len(tokens)))
    return found


def _with_means(
    found: pd.DataFrame, frame: pd.DataFrame, encoding: Encoding, drawn: Sequence[DrawnRows]
) -> pd.DataFrame:
    """Return what is `found` with the mean in place of each plain number that was worked out from what is typical: that
    of a yes or no would be one of both.
    """
    plain = [one.column for one in encoding.derived if isinstance(one.column, Cells) and _is_plain(one.column.column)]
    found = found.copy()
    for rows, candidates, weights in drawn:
        means, of_rows = agreement.means(candidates, weights, frame.iloc[rows], encoding), frame.index[rows]
        for column in plain:
            worked_out = frame.loc[of_rows, column.name].isna().to_numpy() & np.isfinite(means[column.name])
            found.loc[of_rows[worked_out], column.name] = means[column.name][worked_out]
    return found


def _mean(column: Cells, cells: np.ndarray, weights: np.ndarray, rounded: bool = True) -> pd.Series:
    """Cells [K, rows] with weights [K, rows] -> the means of their centres; rounded, or of a column that is written in
    a form of its own, on the column's grid.
    """
    none = np.zeros(cells.shape[1], dtype=bool)
    if not column.size:
        return column.decode(np.full(len(none), column.size), none.astype("float64"))
    low, high = (np.asarray(ends, dtype="float64") for ends in (column.low, column.high))
    middle = low + (high - low) * np.asarray(column.centres or 0.5)
    ticks = (weights * middle[np.minimum(cells, column.size - 1)]).sum(0)
    if not rounded and _is_plain(column.column):
        return pd.Series(ticks / (column.scale or 1))
    on_grid = np.rint(ticks).astype("int64") if column.scale else ticks
    return from_grid(on_grid, none, column.column, column.scale)


def _is_plain(column: Numerical | Datetime) -> bool:
    """Tell whether values of a column are numbers as they are, neither dates, durations, decimals nor texts."""
    return isinstance(column, Numerical) and not (column.format or "ecimal" in column.dtype or is_duration(column))


def _mode(column: Labels, cells: np.ndarray, weights: np.ndarray) -> pd.Series:
    """Labels' ranks [K, rows] with weights [K, rows] -> the label of the greatest weight, of equal ones the more
    frequent.
    """
    votes = np.zeros((cells.shape[1], column.size + 1), dtype="float32")
    np.add.at(votes, (np.arange(cells.shape[1]), cells), weights)
    return column.decode(votes.argmax(1), np.zeros(len(votes)))


def by_pattern(draw: DrawPattern) -> Draw:
    """Draw the rows of each pattern of known places at once, for families that cannot mix them."""

    def drawn(u: np.ndarray, x: Tensor, known: Tensor) -> tuple[Tensor, Tensor]:
        out, patterns = x.numpy().copy(), known.numpy()
        for pattern in np.unique(patterns, axis=0):
            rows = np.flatnonzero((patterns == pattern).all(1))
            out[rows] = draw(u[rows], x[rows], np.flatnonzero(pattern).tolist())
        return alone(torch.from_numpy(out))

    return drawn


def alone(tokens: Tensor) -> tuple[Tensor, Tensor]:
    """Return tokens [B, L] as the one candidate of each row, with its weight."""
    return tokens[None], torch.ones(1, len(tokens), dtype=torch.float64, device=tokens.device)


def in_parts(draw: Draw) -> Draw:
    """Draw as many rows at once as make CHUNK_ROWS candidates."""

    def drawn(u: np.ndarray, x: Tensor, known: Tensor) -> tuple[Tensor, Tensor]:
        size = CHUNK_ROWS // CANDIDATES_PER_ROW
        chunks = zip(np.split(u, range(size, len(u), size)), x.split(size), known.split(size), strict=True)
        tokens, weights = zip(*(draw(*chunk) for chunk in chunks), strict=True)
        return torch.cat(tokens, 1), torch.cat(weights, 1)

    return drawn
