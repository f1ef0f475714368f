"""Rows that belong together: how many rows share a value of an identifier column, and fresh values that are shared
alike.

Identifier columns are ordered from the finest to the coarsest: an order has lines, a customer has orders. A column
whose value follows from that of a finer one hangs on it (`over`), so that all rows of a synthetic order have the same
customer, and a customer's number and account stay together. What is kept is 21 quantiles of the sizes, the five largest
and smallest moved to the next, and their mean alone where there are twenty groups or fewer.
"""

import base64
import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from launderette.generators.data.groups import decide
from launderette.generators.data.schema import Identifier, Schema
from launderette.generators.identifiers import forms, placeholders, references
from launderette.generators.identifiers.forms import IdentifierForm, text_of
from launderette.generators.identifiers.panels import in_turn
from launderette.generators.identifiers.visits import Visits
from launderette.generators.training import randomness

CLIPPED_GROUPS = 5  # groups at each end whose sizes are not kept
QUANTILES = 21
FILTER_BITS_PER_VALUE = 8  # of the filter, for each value that it holds


@dataclass(frozen=True)
class Filter:
    """Which values are real, as a set of bits that a value's hash names: sure of what it denies; of other values it
    claims one in eight.
    """

    bits: str  # base64
    salt: str

    @classmethod
    def of(cls, texts: Sequence[str], salt: str) -> "Filter":
        """Hold the texts."""
        size = 1 << max(6, int(np.ceil(np.log2(FILTER_BITS_PER_VALUE * max(1, len(texts))))))
        marks = np.zeros(size, dtype="bool")
        marks[[_hash(text, salt) % size for text in texts]] = True
        return cls(base64.b64encode(np.packbits(marks).tobytes()).decode(), salt)

    @cached_property
    def _marks(self) -> np.ndarray:
        return np.unpackbits(np.frombuffer(base64.b64decode(self.bits), dtype="uint8"))

    def __contains__(self, text: str) -> bool:
        return bool(self._marks[_hash(text, self.salt) % len(self._marks)])


def _hash(text: str, salt: str) -> int:
    return int.from_bytes(hashlib.blake2b(f"{salt}\0{text}".encode(), digest_size=8).digest(), "little")


@dataclass(frozen=True)
class Grouping:
    """One identifier column: the column it hangs on ("" for rows), rows (or groups of that column) per value, the
    share of these without one, and the share of rows without one among those that have none in that column either.
    """

    name: str
    over: str
    sizes: list[int]
    missing: float
    missing_together: float
    taken: Filter


def fit(
    frame: pd.DataFrame, schema: Schema, salt: str, filled: Collection[str] = (), visits: Visits | None = None
) -> tuple[Grouping, ...]:
    """Learn how the identifier columns, and visits that none of them names, group the rows, the finest first; those
    `filled` are drawn for every row.
    """
    columns = schema.identifiers
    if not columns:
        return ()
    frame = pd.DataFrame({column.name: placeholders.without(frame[column.name]) for column in columns})
    codes = {column.name: pd.factorize(frame[column.name])[0] for column in columns}  # missing is -1
    salt = f"{salt}-{_digest(frame)}"
    if visits is not None:
        codes.setdefault(visits.name, visits.numbers)
    fitted: list[Grouping] = []
    for name in sorted(codes, key=lambda name: -codes[name].max(initial=-1)):
        over = _over(codes, name, [group.name for group in fitted])
        first = _first(codes[over]) if over else np.arange(len(frame))
        units, alone = codes[name][first], codes[over][first] < 0 if over else np.zeros(len(frame), dtype=bool)
        texts = [text_of(value) for value in frame[name].dropna().unique()] if name in frame else []
        sizes = np.bincount(units[units >= 0]) if (units >= 0).any() else np.ones(1, dtype=int)
        lacks = (_share(units[~alone] < 0), _share(units[alone] < 0))
        missing = (0.0, 0.0) if name in filled else lacks
        fitted.append(Grouping(name, over, _quantiles(sizes), *missing, Filter.of(texts, salt)))
    return tuple(fitted)


def _share(mask: np.ndarray) -> float:
    return float(mask.mean()) if len(mask) else 0.0


def _digest(frame: pd.DataFrame) -> str:
    """Return 64 bits of the identifiers' hash, so that models of other rows make up other values."""
    hashes = pd.util.hash_pandas_object(frame.astype("string"), index=False).to_numpy()
    return hashlib.blake2b(hashes.tobytes(), digest_size=8).hexdigest()


def _over(codes: Mapping[str, np.ndarray], name: str, finer: Sequence[str]) -> str:
    """Return the coarsest of the finer columns that decides this one, "" where none does."""
    return next((other for other in reversed(finer) if decide(_units(codes[other]), codes[name])), "")


def _units(codes: np.ndarray) -> np.ndarray:
    """Number the groups; a row without a value is a group of its own."""
    return np.where(codes < 0, codes.max(initial=-1) + 1 + np.arange(len(codes)), codes)


def _first(codes: np.ndarray) -> np.ndarray:
    return np.unique(_units(codes), return_index=True)[1]


def _quantiles(sizes: np.ndarray) -> list[int]:
    sizes = np.sort(sizes)
    few = np.full(2, max(1, round(float(sizes.mean()))))
    inner = (
        np.clip(sizes, sizes[CLIPPED_GROUPS], sizes[-CLIPPED_GROUPS - 1]) if len(sizes) > 4 * CLIPPED_GROUPS else few
    )
    return np.quantile(inner, np.linspace(0, 1, QUANTILES), method="nearest").astype(int).tolist()


def restore(entries: Sequence[Mapping]) -> tuple[Grouping, ...]:
    """Read the groups that were written as dictionaries."""
    return tuple(Grouping(**{**entry, "taken": Filter(**entry["taken"])}) for entry in entries)


def draw(groups: Sequence[Grouping], schema: Schema, n: int, seed: int) -> dict[str, pd.Series]:
    """Return fresh values of every identifier column for n rows; rows of one synthetic entity follow one another."""
    found, columns = numbers(groups, n, seed), {column.name: column for column in schema.identifiers}
    streams = {group.name: _stream(seed, group, "texts") for group in groups}
    own = [group for group in groups if group.name in columns and not columns[group.name].refers]
    made = {g.name: _written(columns[g.name], found[g.name], g.taken, streams[g.name]) for g in own}
    for column in (column for column in columns.values() if column.refers):
        texts = references.drawn(found[column.name], made[column.refers], streams[column.name])
        made[column.name] = forms.typed(texts, column.dtype)
    return made


def numbers(groups: Sequence[Grouping], n: int, seed: int) -> dict[str, np.ndarray]:
    """Return which synthetic entity each of n rows has in each column, int64 [n], -1 for none: of more rows the first
    are the same.
    """
    found: dict[str, np.ndarray] = {}
    for group in groups:
        units = in_turn(found[group.over]) if group.over else np.arange(n)
        alone = np.zeros(int(units.max(initial=-1)) + 1, dtype=bool)
        if group.over:
            alone[units[found[group.over] < 0]] = True
        numbered = _pack(group, alone, seed)
        found[group.name] = _renumbered(numbered[units]) if n else np.zeros(0, dtype=int)
    return found


def longest(groups: Sequence[Grouping], name: str) -> int:
    """Return how many rows a synthetic entity of the column has at most."""
    group = next(group for group in groups if group.name == name)
    return max(1, *group.sizes) * (longest(groups, group.over) if group.over else 1)


def rows_around(groups: Sequence[Grouping], names: Sequence[str]) -> int:
    """Return how many rows before and after a row may share its value of one of the columns; 0 for none."""
    return max((longest(groups, name) for name in names), default=0)


def _stream(seed: int, group: Grouping, what: str) -> np.random.Generator:
    return randomness.generator(seed, "identifier", group.taken.salt, group.name, what)


def _renumbered(codes: np.ndarray) -> np.ndarray:
    present = codes >= 0
    codes[present] = pd.factorize(codes[present])[0]
    return codes


def _pack(group: Grouping, alone: np.ndarray, seed: int) -> np.ndarray:
    """Return the group of each unit, -1 for none, by sizes drawn one after the other; `alone` are units of a row
    without a value of the finer column: bool [units].
    """
    units = len(alone)
    chances = _stream(seed, group, "missing").random(units)
    is_missing = chances < np.where(alone, group.missing_together, group.missing)
    sizes = np.interp(_stream(seed, group, "sizes").random(units), np.linspace(0, 1, QUANTILES), group.sizes)
    numbered = np.repeat(np.arange(units), np.maximum(1, np.round(sizes).astype(int)))[:units]
    numbered = np.full(units, -1) if not len(numbered) else numbered.copy()
    codes = np.full(units, -1)
    codes[~is_missing] = numbered[: int((~is_missing).sum())]
    return codes


def _written(column: Identifier, codes: np.ndarray, taken: Filter, stream: np.random.Generator) -> pd.Series:
    count = int(codes.max(initial=-1)) + 1
    values = forms.texts(IdentifierForm(column.pattern, column.check), count, stream, taken.__contains__)
    return forms.typed(pd.Series([*values, None], dtype="object").iloc[codes].reset_index(drop=True), column.dtype)
