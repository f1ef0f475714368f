"""Hard constraints between columns, kept while a row is drawn: each token is chosen among those that can still satisfy them.

A constraint is an order, `start <= end`, or a bound, `0 <= age` or `age <= 99`; a missing value breaks none. A column is known as an
interval [low, high] that its tokens narrow, so that a mask over the next token compares interval ends. Values are then placed within
their intervals in the order of the inequalities. So no row is rejected, and none violates.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from graphlib import CycleError, TopologicalSorter
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from generators.data.columns import Cells, to_grid
from generators.data.encoding import Encoding

ROUNDING = 1e-9


@dataclass(frozen=True)
class Constraints:
    """Orders and bounds over the columns of one encoding; ends are numbers, or microseconds since 1970 for dates."""

    encoding: Encoding
    orders: tuple[tuple[int, int], ...]  # columns (a, b) with a <= b, closed under transitivity
    bounds: Mapping[int, tuple[float, float]]

    @cached_property
    def sequence(self) -> list[int]:
        """Columns under an order, the lower ones first."""
        below: dict[int, set[int]] = {}
        for a, b in self.orders:
            below.setdefault(b, set()).add(a)
        return list(TopologicalSorter(below).static_order())

    @property
    def columns(self) -> set[int]:
        """The columns that an order or a bound limits."""
        return {*self.sequence, *self.bounds}

    @cached_property
    def _ends(self) -> dict[int, tuple[np.ndarray, np.ndarray]]:
        """By column, low and high of each cell within its bounds, [cells + 1]; a missing value lies anywhere."""
        found = {}
        for k in self.columns:
            column, (least, most) = self.encoding.columns[k], self.bounds.get(k, (-np.inf, np.inf))
            low, high = (np.asarray(ends, dtype="float64") / _per_unit(column) for ends in (column.low, column.high))
            low, high = np.maximum(low, least), np.minimum(high, most)
            found[k] = np.append(low, -np.inf), np.append(high, np.inf)
        return found

    def masks(self, known: list[int]) -> Mask:
        """Return the mask of every factor for rows in which the tokens at the places `known` are given."""
        return Mask(self, frozenset(known))

    def place(self, cells: Sequence[np.ndarray], inside: np.ndarray) -> dict[int, tuple[np.ndarray, np.ndarray]]:
        """Return by column the least and the most tick of each row's value, given the cells of its columns, so that every order holds.

        inside [rows, columns] in [0, 1) the place within what is left of an interval.
        """
        limits, values = {}, {}
        for k in [*self.sequence, *(set(self.bounds) - set(self.sequence))]:
            column, (low, high) = self.encoding.columns[k], (ends[cells[k]] for ends in self._ends[k])
            gone = cells[k] >= column.size
            for a, b in self.orders:
                if a == k:
                    high = np.minimum(high, np.where(cells[b] < self.encoding.columns[b].size, self._ends[b][1][cells[b]], np.inf))
                if b == k:
                    low = np.maximum(low, values[a])
            limits[k] = _ticks(low, high, column, gone)
            values[k] = np.where(gone, -np.inf, column.between(inside[:, k], *limits[k]) / _per_unit(column))
        return limits


@dataclass(frozen=True)
class Mask:
    """Which tokens can follow: `mask(l, x)` is bool [B, K] for factor l given the tokens x [B, L] drawn so far, None for all."""

    constraints: Constraints
    known: frozenset[int]

    def __call__(self, l: int, x: Tensor) -> Tensor | None:
        c = self.constraints
        k = next(k for k, places in enumerate(c.encoding.layout.places) if l in places)
        if k not in c._ends:
            return None
        low, high = self._after(k, l, x)
        allowed = low <= high
        for a, b in c.orders:
            if a == k:
                allowed = allowed & (low <= self._now(b, l, x)[1][:, None])
            if b == k:
                allowed = allowed & (high >= self._now(a, l, x)[0][:, None])
        return torch.where(allowed.any(1, keepdim=True), allowed, True)

    def _after(self, k: int, l: int, x: Tensor) -> tuple[Tensor, Tensor]:
        """The interval of column k for each token that factor l could take, [B or 1, K]."""
        column, size = self.constraints.encoding.columns[k], self.constraints.encoding.layout.sizes[l]
        if l == self.constraints.encoding.layout.places[k][0]:
            return tuple(ends[None].to(x.device) for ends in self._coarse(k))
        first = torch.tensor([*column.starts, column.size])[x[:, k].cpu()]
        cell = (first[:, None] + torch.arange(size)).clamp(max=column.size)
        cell = torch.where((x[:, k].cpu() >= len(column.starts))[:, None], column.size, cell)
        return tuple(torch.from_numpy(ends)[cell].to(x.device) for ends in self.constraints._ends[k])

    def _now(self, k: int, l: int, x: Tensor) -> tuple[Tensor, Tensor]:
        """The interval of column k as far as it is drawn before factor l, [B]."""
        places = self.constraints.encoding.layout.places[k]
        drawn = [place for place in places if place < l or place in self.known]
        if len(drawn) == len(places) > 1:
            cell = self.constraints.encoding.columns[k].join(x[:, list(places)].cpu().numpy())
            return tuple(torch.from_numpy(ends[cell]).to(x.device) for ends in self.constraints._ends[k])
        coarse = tuple(ends.to(x.device) for ends in self._coarse(k))
        if drawn:
            return tuple(ends[x[:, places[0]]] for ends in coarse)
        finite = coarse[0] <= coarse[1]
        ends = coarse[0][finite & coarse[0].isfinite()], coarse[1][finite & coarse[1].isfinite()]
        low, high = (ends[0].min(), ends[1].max()) if len(ends[0]) and len(ends[1]) else (coarse[0].min(), coarse[1].max())
        return low.expand(len(x)), high.expand(len(x))

    def _coarse(self, k: int) -> tuple[Tensor, Tensor]:
        """Low and high of each coarse token of column k: of the cells within the bounds that it holds."""
        column, (low, high) = self.constraints.encoding.columns[k], self.constraints._ends[k]
        inside = low <= high
        groups = np.searchsorted(np.asarray(column.starts), np.arange(column.size), side="right") - 1
        out = np.full(column.coarse_size, np.inf), np.full(column.coarse_size, -np.inf)
        np.minimum.at(out[0], groups[inside[:-1]], low[:-1][inside[:-1]])
        np.maximum.at(out[1], groups[inside[:-1]], high[:-1][inside[:-1]])
        if column.missing:
            out[0][-1], out[1][-1] = -np.inf, np.inf
        return torch.from_numpy(out[0]), torch.from_numpy(out[1])


def read(texts: Iterable[str], encoding: Encoding, where: Mapping[str, Any]) -> Constraints:
    """Read constraints such as `start <= end` and `0 <= age`, for rows under a condition.

    ValueError for another form, a column without order, a circle, or bounds that no training row meets.
    """
    orders, bounds = set(), {}
    for name, value in where.items():
        k = next(k for k, column in enumerate(encoding.columns) if column.name == name)
        if encoding.columns[k].kind == "numerical" and not pd.isna(value):
            bounds[k] = (float(value), float(value))  # it is written as it is
    for text in texts:
        left, found, right = (part.strip() for part in text.partition("<="))
        sides = [_column(side, encoding) for side in (left, right)]
        if not found or sides == [None, None]:
            raise ValueError(f"expected a constraint such as 'start <= end' or '0 <= age', found {text!r}; name a learned column")
        if None not in sides:
            orders.add(tuple(sides))
            continue
        k = next(side for side in sides if side is not None)
        least, most = bounds.get(k, (-np.inf, np.inf))
        value = _value(right if sides[1] is None else left, encoding.columns[k])
        bounds[k] = (least, min(most, value)) if sides[1] is None else (max(least, value), most)
    constraints = Constraints(encoding, _closed(orders), bounds)
    _check(constraints)
    return constraints


def _column(name: str, encoding: Encoding) -> int | None:
    """The number of the ordered column called `name`, None where it is a value; ValueError for a column without order."""
    for k, column in enumerate(encoding.columns):
        if column.name == name:
            if not isinstance(column, Cells):
                raise ValueError(f"expected a constraint on numbers or dates, found one on the labels of column {name!r}; leave it out")
            return k
    return None


def _value(text: str, column: Cells) -> float:
    """Return a number, or a date's microseconds since 1970."""
    date = column.kind == "datetime"
    try:
        ticks, _ = to_grid(pd.Series([text if date else float(text)]), column.kind, column.format, int(date))
        return float(ticks[0])
    except (ValueError, IndexError):
        what = "a date in its own format" if date else "a number"
        raise ValueError(f"expected {what} or a column beside {column.name!r} in its constraint, found neither; correct it") from None


def _closed(orders: set[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    """Add a <= c for every a <= b <= c."""
    closed, before = set(orders), None
    while closed != before:
        before = set(closed)
        closed |= {(a, d) for a, b in before for c, d in before if b == c}
    return tuple(sorted(closed))


def _check(constraints: Constraints) -> None:
    names = [column.name for column in constraints.encoding.columns]
    if any(a == b for a, b in constraints.orders):
        raise ValueError("expected orders between columns without a circle, found one; leave one of the constraints out")
    try:
        constraints.sequence  # noqa: B018
    except CycleError:
        raise ValueError("expected orders between columns without a circle, found one; leave one of the constraints out") from None
    kinds = {(constraints.encoding.columns[a].kind, constraints.encoding.columns[b].kind) for a, b in constraints.orders}
    if any(one != two for one, two in kinds):
        raise ValueError("expected an order between two numbers or two dates, found one of each; leave that constraint out")
    for k in constraints._ends:
        low, high = constraints._ends[k]
        if not (low[:-1] <= high[:-1]).any():
            raise ValueError(f"expected bounds that some training row of column {names[k]!r} meets, found none; widen them")


def _per_unit(column: Cells) -> float:
    """Ticks per unit of comparison: of a number's 1, of a date's microsecond."""
    if column.kind == "datetime":
        return 1 / column.scale
    return column.scale or 1.0


def _ticks(low: np.ndarray, high: np.ndarray, column: Cells, gone: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Ends on the column's own grid; where rounding leaves nothing between them, the lower one is all there is."""
    low, high = np.where(gone, 0.0, low) * _per_unit(column), np.where(gone, 0.0, high) * _per_unit(column)
    if column.scale:
        low, high = np.ceil(low - ROUNDING * np.maximum(1, np.abs(low))), np.floor(high + ROUNDING * np.maximum(1, np.abs(high)))
    return low, np.maximum(low, high)
