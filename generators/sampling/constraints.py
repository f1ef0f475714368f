"""What every sampled row must meet: conditions on columns, and constraints between them, read against one encoding.

Conditions and constraints on one column become its domain. What relates columns is linear, low <= sum_k w_k x_k <=
high, or a rule "if premises then claims". A missing value breaks no constraint, and meets no condition but one that
asks for it. Orders and sums narrow what a column may still be (bounds propagation, Davis 1987), which guides a draw
(masks.py) and places values within cells.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from launderette.generators.encoding.cells import Cells
from launderette.generators.encoding.encoding import Encoding
from launderette.generators.encoding.labels import Labels
from launderette.generators.sampling import domains
from launderette.generators.sampling.domains import Domain

MOST_NARROWING_ROUNDS = 6  # of narrowing, at most
RELATIVE_SLACK = 1e-9  # relative, of sums of numbers without a common grid
# column -> low and high of its values, each [rows], in units of comparison
Ranges = dict[int, tuple[np.ndarray, np.ndarray]]


@dataclass(frozen=True)
class Linear:
    """low <= sum of weight * value <= high, or not so where `negated`; values in units of comparison (domains.unit)."""

    weights: Mapping[int, float]
    low: float
    high: float
    negated: bool = False
    slack: float = 0.0  # relative

    @property
    def columns(self) -> set[int]:
        return set(self.weights)


@dataclass(frozen=True)
class Within:
    """The value of column k lies in a domain."""

    k: int
    domain: Domain

    @property
    def columns(self) -> set[int]:
        return {self.k}


Atom = Linear | Within


@dataclass(frozen=True)
class EncodedRule:
    """Where every premise holds, every claim does."""

    premises: tuple[Atom, ...]
    claims: tuple[Atom, ...]


@dataclass(frozen=True)
class Constraints:
    """What rows of one encoding must meet. `domains` by column, `rules` with one claim each; no premise: it always
    holds. Columns are numbered as `encoding.known`.

    A column that is worked out lies also within the range of its training rows (`in_range`).
    """

    encoding: Encoding = field(repr=False)
    domains: Mapping[int, Domain]
    rules: tuple[EncodedRule, ...]

    @cached_property
    def linear(self) -> tuple[tuple[Linear, tuple[Atom, ...]], ...]:
        """Linear claims, with their premises, that narrow ranges."""
        return tuple(
            (c, r.premises)
            for r in self.rules
            for c in r.claims
            if isinstance(c, Linear) and not c.negated and max(c.columns) < len(self.encoding.columns)
        )

    def fixes(self, k: int) -> bool:
        """Whether more is asked of column k than orders and sums, with other columns or a number."""
        atoms = (atom for rule in self.rules for atom in (*rule.premises, *rule.claims))
        return k in self.domains or any(isinstance(atom, Within) and atom.k == k for atom in atoms)

    def of_other(self, k: int, other: int) -> Constraints:
        """Return the same with another column in the place of column k, of which only orders and sums are asked."""

        def moved(atom: Atom) -> Atom:
            if isinstance(atom, Within) or k not in atom.weights:
                return atom
            return replace(atom, weights={other if j == k else j: weight for j, weight in atom.weights.items()})

        rules = [(tuple(map(moved, rule.premises)), tuple(map(moved, rule.claims))) for rule in self.rules]
        return replace(self, rules=tuple(EncodedRule(*rule) for rule in rules))

    @cached_property
    def columns(self) -> set[int]:
        """The columns with tokens whose values must be known to tell whether a row holds."""
        told = {k for rule in self.rules for atom in (*rule.premises, *rule.claims) for k in atom.columns}
        told |= {*self.domains, *self.encoding.sources}
        return {k for k in told if k < len(self.encoding.columns)}

    @cached_property
    def ranges_of_derived(self) -> dict[int, Domain]:
        """The range that each column has which is worked out."""
        first, found = len(self.encoding.columns), {}
        for k, one in enumerate(self.encoding.derived, first):
            low, high = domains.ends(one.column)
            found[k] = Domain(one.column, ((low[0], high[-1]),), one.column.missing)
        return found

    @cached_property
    def fixed(self) -> dict[int, int]:
        """{place: token} of the columns that conditions leave one cell."""
        found: dict[int, int] = {}
        for k, domain in self.with_tokens.items():
            cells = np.flatnonzero(domain.share)
            if len(cells) == 1:
                parts = self.encoding.columns[k].split(cells)
                found |= {
                    place: int(part[0]) for place, part in zip(self.encoding.layout.places[k], parts, strict=True)
                }
        return found

    @property
    def open(self) -> bool:
        """Whether a row may break something although its fixed tokens are given and its values lie within the
        domains.
        """
        own = self.with_tokens
        some = bool(self.rules) or len(own) < len(self.domains)
        return some or any(self.encoding.layout.places[k][0] not in self.fixed for k in own)

    @cached_property
    def with_tokens(self) -> dict[int, Domain]:
        """The domains of the columns that have tokens."""
        return {k: domain for k, domain in self.domains.items() if k < len(self.encoding.columns)}

    def log_share(self, cells: Sequence[np.ndarray]) -> np.ndarray:
        """Return the log of how much of the rows' cells lies within the domains: float64 [rows]."""
        with np.errstate(divide="ignore"):
            parts = (np.log(domain.share)[cells[k]] for k, domain in self.with_tokens.items())
            return sum(parts, np.zeros(len(cells[0])))

    def place(self, cells: Sequence[np.ndarray], inside: np.ndarray, *, narrowed: bool) -> dict[int, np.ndarray]:
        """Return by column the ticks of the rows' values, given their cells: within the domains of fixed columns.

        inside [rows, columns] in [0, 1) is the place within an interval. `narrowed` keeps also to the other domains
        and, one column after another, to what sums and orders leave; else values lie anywhere in their cells.
        """
        ticks, ranges = {}, self.ranges(cells) if narrowed else {}
        is_missing = {k: cells[k] >= self.encoding.columns[k].size for k in ranges}
        for k in sorted(self.columns):
            column = self.encoding.columns[k]
            if isinstance(column, Labels) or not column.size:
                ticks[k] = cells[k]
                continue
            low, high = (end[np.where(cells[k] >= column.size, 0, cells[k])] for end in domains.ends(column))
            if k in ranges:
                low, high = _to_ticks(*self.narrow(ranges, dict(enumerate(cells)), is_missing)[k], low, high, column)
            keeps = narrowed or self.encoding.layout.places[k][0] in self.fixed
            domain = self.domains.get(k) if keeps else None
            ticks[k] = domain.place(inside[:, k], low, high) if domain else column.between(inside[:, k], low, high)
            if k not in ranges and k not in self.domains:
                ticks[k] = self.encoding.rounded(k, ticks[k], cells, inside[:, k])
            if k in ranges:
                value = np.where(cells[k] >= column.size, np.nan, ticks[k] / domains.per_unit(column))
                ranges[k] = np.where(np.isnan(value), -np.inf, value), np.where(np.isnan(value), np.inf, value)
        return ticks

    def ranges(self, cells: Sequence[np.ndarray]) -> Ranges:
        """Return the range of each column under an order or a sum, given the cells; of a missing value everything."""
        found = {}
        for k in sorted({k for one, _ in self.linear for k in one.columns}):
            low, high = self.cell_ranges[k]
            found[k] = low[cells[k]], high[cells[k]]
        return found

    @cached_property
    def cell_ranges(self) -> dict[int, tuple[np.ndarray, np.ndarray]]:
        """By column under an order or a sum, low and high of each cell within the domain, [cells + 1]; none: low
        above high.
        """
        found = {}
        for k in {k for one, _ in self.linear for k in one.columns}:
            column = self.encoding.columns[k]
            low, high = domains.numbers(column)
            if k in self.domains and isinstance(column, Cells) and (pieces := self.domains[k].pieces):
                low = np.maximum(low, pieces[0][0] / domains.per_unit(column))
                high = np.minimum(high, pieces[-1][1] / domains.per_unit(column))
            allowed = self.domains[k].share > 0 if k in self.domains else np.ones(column.size + 1, dtype=bool)
            found[k] = (
                np.where(allowed, np.append(low, -np.inf), np.inf),
                np.where(allowed, np.append(high, np.inf), -np.inf),
            )
        return found

    def narrow(self, ranges: Ranges, cells: Mapping[int, np.ndarray], is_missing: Mapping[int, np.ndarray]) -> Ranges:
        """Return what orders and sums leave of ranges, where no value `is_missing` and their premises are certain."""
        ranges = dict(ranges)
        alive = [_alive(one, is_missing) & certain(premises, cells) for one, premises in self.linear]
        for _ in range(MOST_NARROWING_ROUNDS):
            before = dict(ranges)
            for (one, _), rows in zip(self.linear, alive, strict=True):
                _narrow(one, ranges, rows)
            if all(np.array_equal(a, b) for k in ranges for a, b in zip(before[k], ranges[k], strict=True)):
                break
        return ranges

    def holds(self, cells: Sequence[np.ndarray], ticks: Mapping[int, np.ndarray]) -> np.ndarray:
        """Return which rows meet everything, given the cells and ticks of the columns with tokens: bool [rows]."""
        found = np.ones(len(cells[0]), dtype=bool)
        cells, ticks = self.encoding.worked_out(cells, ticks)
        for k, domain in self.domains.items():
            found &= domain.holds(cells[k], ticks[k])
        for rule in self.rules:
            applies = np.ones(len(found), dtype=bool)
            for atom in rule.premises:
                applies &= self._true(atom, cells, ticks, missing=False)
            for atom in rule.claims:
                found &= ~applies | self._true(atom, cells, ticks, missing=True)
        return found

    def in_range(self, cells: Sequence[np.ndarray], ticks: Mapping[int, np.ndarray]) -> np.ndarray:
        """Return in which rows every column that is worked out lies within its range, or near it where protection has
        moved its extremes, a date has all its parts or none, and gaps and labels are where other columns tell
        them, given the same: bool [rows].
        """
        cells, ticks = self.encoding.worked_out(cells, ticks)
        found = [~self.encoding.far_beyond(cells, ticks), self.encoding.is_as_told(cells, ticks)]
        found += [domain.holds(cells[k], ticks[k]) for k, domain in self.ranges_of_derived.items()]
        for parts in self.encoding.parts_of_dates:
            missing = [cells[k] >= self.encoding.columns[k].size for k in parts]
            found.append(np.all(missing, axis=0) | ~np.any(missing, axis=0))
        return np.all(found, axis=0)

    def _true(
        self, atom: Atom, cells: Sequence[np.ndarray], ticks: Mapping[int, np.ndarray], *, missing: bool
    ) -> np.ndarray:
        """Return where an atom is true: bool [rows]; `missing` where a value of its columns is missing."""
        is_missing = np.any([cells[k] >= self.encoding.known[k].size for k in atom.columns], axis=0)
        if isinstance(atom, Within):
            return np.where(is_missing, missing, atom.domain.holds(cells[atom.k], ticks[atom.k]))
        total = sum(w * self.encoding.values_at(k, cells, ticks) for k, w in atom.weights.items())
        slack = atom.slack * np.maximum(1, np.abs(total))
        met = (total >= atom.low - slack) & (total <= atom.high + slack)
        return np.where(is_missing, missing, met != atom.negated)


def _alive(one: Linear, is_missing: Mapping[int, np.ndarray]) -> np.ndarray:
    """Return in which rows none of the values of a linear constraint is missing, as far as is known."""
    return ~np.any(np.broadcast_arrays(*(is_missing.get(k, np.False_) for k in one.columns)), axis=0)


def certain(premises: tuple[Atom, ...], cells: Mapping[int, np.ndarray]) -> np.ndarray:
    """Return in which rows the cells that are known make every premise true whatever comes: bool [rows], or [] where
    that is the same in all.
    """
    found = np.ones((), dtype=bool)
    for atom in premises:
        if isinstance(atom, Within) and atom.k in cells:
            found = found & (atom.domain.share[cells[atom.k]] == 1)
        else:
            found = np.zeros_like(found)
    return found


def _narrow(one: Linear, ranges: Ranges, rows: np.ndarray) -> None:
    """Narrow the range of every column of a linear constraint by the others', in the given rows."""
    with np.errstate(invalid="ignore"):
        parts = {k: _times(w, *ranges[k]) for k, w in one.weights.items()}
        for k, w in one.weights.items():
            rest = [parts[j] for j in one.weights if j != k]
            low = one.low - sum(high for _, high in rest)  # of w * x
            high = one.high - sum(low for low, _ in rest)
            low, high = (low / w, high / w) if w > 0 else (high / w, low / w)
            old = ranges[k]
            ranges[k] = np.where(rows, np.fmax(old[0], low), old[0]), np.where(rows, np.fmin(old[1], high), old[1])
            parts[k] = _times(w, *ranges[k])


def _times(w: float, low: np.ndarray, high: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return (w * low, w * high) if w > 0 else (w * high, w * low)


def _to_ticks(
    low: np.ndarray, high: np.ndarray, least: np.ndarray, most: np.ndarray, column: Cells
) -> tuple[np.ndarray, np.ndarray]:
    """Return the part of the cell [least, most] (ticks) that lies between low and high (units); the cell where that
    is nothing.
    """
    a, b = low * domains.per_unit(column), high * domains.per_unit(column)
    if column.scale:
        a, b = np.ceil(a - 1e-9 * np.maximum(1, np.abs(a))), np.floor(b + 1e-9 * np.maximum(1, np.abs(b)))
    a, b = np.fmax(a, least), np.fmin(b, most)
    a, b = np.where(a <= b, a, least).astype(least.dtype), np.where(a <= b, b, most).astype(least.dtype)
    return a, b
