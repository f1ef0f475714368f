"""The three tables a metric compares, in one canonical numeric form."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from launderette.evaluation import canonical, entities, units
from launderette.evaluation.metadata import Metadata
from launderette.evaluation.scores import EvaluationError, count
from launderette.evaluation.sides import Sides, checked, drawn

# a coordinate is a number whose differences are distances as they stand
NUMBER_KINDS = ("numerical", "datetime", "coordinate")
COLUMN_KINDS = (*NUMBER_KINDS, "categorical", "boolean", "identifier")
_NAMES = {"train": "training", "holdout": "holdout", "synthetic": "synthetic"}
Signal = Callable[[pd.DataFrame], np.ndarray]  # a frame -> one number per row


@dataclass(frozen=True, eq=False)
class Samples(Sides):
    """Train, holdout (may be None) and synthetic frames with the same columns; `kinds` says what each column is.

    Metrics read `table(role)`: float64 in `units` for numbers and dates (missing is NaN), integer codes for labels
    (missing is -1). `loss` maps a frame to one loss per row and opens the white-box attack. `signals` are further
    attacks, lower for rows that were learnt from. `repeats` are further divisions of the same rows (divided.py),
    `attacked` the training and holdout rows asked about in each, bool [rows].
    """

    train: pd.DataFrame
    holdout: pd.DataFrame | None
    synthetic: pd.DataFrame
    kinds: dict[str, str]
    target: str | None = None
    loss: Callable[[pd.DataFrame], np.ndarray] | None = None
    members: np.ndarray | None = None
    signals: Mapping[str, Signal] = field(default_factory=dict)
    metadata: Metadata = field(default_factory=Metadata)
    floor: str = "train"
    attacked: tuple[np.ndarray, np.ndarray] | None = None  # None for all
    repeats: tuple[Samples, ...] = ()

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """Columns that metrics compare: all but identifiers."""
        return tuple(c for c in self.train.columns if self.kinds.get(c) != "identifier")

    @cached_property
    def identifiers(self) -> tuple[str, ...]:
        """Columns whose values name somebody: metrics look at them for real values alone."""
        return tuple(c for c in self.train.columns if self.kinds.get(c) == "identifier")

    @cached_property
    def repeated(self) -> list[str]:
        """Identifiers that name several rows each, such as a patient and a visit, that of the fewest owners first."""
        return entities.repeated(self.train[[c for c in self.identifiers if c not in self.metadata.shared]])

    @cached_property
    def entity(self) -> str | None:
        """The identifier that names owners of several training rows each: the known one, else that of the fewest
        owners; None where none does.
        """
        known = [column for column in self.repeated if column == self.metadata.entity]
        return next(iter([*known, *self.repeated]), None)

    @cached_property
    def recognised(self) -> str | None:
        """The entity, where its rows are recognised together (entities.py)."""
        if self.entity is None:
            return None
        owners = entities.owners_of(self.train[self.entity])
        return self.entity if entities.are_alike(self.table("train"), owners) else None

    @cached_property
    def known(self) -> tuple[str, ...]:
        """Compared columns in which the training table holds at least one value."""
        return tuple(c for c in self.columns if self.has_value(c))

    def has_value(self, column: str) -> bool:
        """Whether the training table has any value in the column."""
        values = self.table("train")[column].to_numpy()
        return bool(self.is_present(column, values).any())

    def is_present(self, column: str, values: np.ndarray) -> np.ndarray:
        """Which values of a column are not missing, in the form of `table`: bool [rows]."""
        return ~np.isnan(values) if self.is_number(column) else values >= 0

    def is_number(self, column: str) -> bool:
        """Whether a column is compared as a number (dates are) rather than as labels."""
        return self.kinds.get(column) in NUMBER_KINDS

    @cached_property
    def frames(self) -> dict[str, pd.DataFrame]:
        """Raw frames by role, without an absent holdout."""
        frames = {"train": self.train, "synthetic": self.synthetic}
        return frames if self.holdout is None else {**frames, "holdout": self.holdout}

    @cached_property
    def _canonical(self) -> tuple[dict[str, pd.DataFrame], dict[str, np.ndarray], dict[str, float]]:
        tables: dict[str, dict] = {role: {} for role in self.frames}
        labels, scales = {}, {}
        for column in self.columns:
            series = {role: frame[column] for role, frame in self.frames.items()}
            if self.is_number(column):
                dated = self.kinds[column] == "datetime"
                found = canonical.dates(series) if dated else {r: canonical.number(s) for r, s in series.items()}
                scales[column] = units.unit_of(found["train"])
                values = {role: units.in_unit(numbers, scales[column]) for role, numbers in found.items()}
            else:
                values, labels[column] = canonical.codes(series)
            for role in tables:
                tables[role][column] = values[role]
        rows = {role: range(len(frame)) for role, frame in self.frames.items()}
        frames = {role: pd.DataFrame(own, index=rows[role], copy=False) for role, own in tables.items()}
        return frames, labels, scales

    @cached_property
    def unreadable(self) -> dict[str, dict[str, int]]:
        """By column and role, values that are no finite number or no date, and count as missing; only where there
        are any.
        """
        found: dict[str, dict[str, int]] = {}
        for column in filter(self.is_number, self.columns):
            for role, frame in self.frames.items():
                lost = int(frame[column].notna().sum()) - int(self.table(role)[column].notna().sum())
                if lost > 0:
                    found.setdefault(column, {})[role] = lost
        return found

    @cached_property
    def labels(self) -> dict[str, np.ndarray]:
        """The labels behind the codes, per label column: private, never to be shown without a count."""
        return self._canonical[1]

    @cached_property
    def units(self) -> dict[str, float]:
        """What the canonical numbers of each number column are to be multiplied by, to be as they were given."""
        return self._canonical[2]

    @cached_property
    def _shuffled(self) -> pd.DataFrame:
        rng = np.random.default_rng(20_240_501)
        real = self.table(self.floor)
        return pd.DataFrame({c: rng.permutation(real[c].to_numpy()) for c in real}, index=real.index, copy=False)

    def table(self, role: str) -> pd.DataFrame:
        """Canonical numeric table of "train", "holdout", "synthetic" or "shuffled" (each column permuted on its
        own).
        """
        return self._shuffled if role == "shuffled" else self._canonical[0][role]

    def arranged(self, chosen: Mapping[str, Sequence[tuple[str, np.ndarray]]], floor: str) -> Samples:
        """Samples whose train, holdout and synthetic tables are chosen rows of these: role -> (role here, its row
        numbers), one part after the other. Columns, labels and units stay; who was learnt from is no longer known.
        """
        read = self.frames.__getitem__, self.table
        frames, tables = ({role: _joined(of, parts) for role, parts in chosen.items()} for of in read)
        real = frames["train"], frames.get("holdout"), frames["synthetic"]
        found = Samples(*real, self.kinds, self.target, floor=floor)
        vars(found)["_canonical"] = tables, self.labels, self.units  # as the cached property would find them
        return found

    @property
    def member_count(self) -> int:
        """Number of training rows that the generator learnt from: all of them, where it is not known which."""
        return len(self.train) if self.members is None else int(self.members.sum())

    def one_each(self, role: str, limit: int, seed: int) -> np.ndarray:
        """At most `limit` row numbers of a role, one row of each entity whose rows are recognised together, drawn
        as `rows` draws them; of the training rows those that the generator learnt from.
        """
        order = self.drawn_members(seed) if role == "train" else drawn(role, self.size(role), seed)
        return np.sort(self.apart(role, order)[:limit])

    def apart(self, role: str, rows: np.ndarray) -> np.ndarray:
        """The first of given row numbers of each entity of a role whose rows are recognised together."""
        if self.recognised is None or role not in self.frames:
            return rows
        return rows[entities.first_rows(self.frames[role][self.recognised].iloc[rows])]

    def size(self, role: str) -> int:
        """Number of rows of a role; 0 for an absent holdout."""
        return len(self.frames.get(role, ()))


def _joined(table: Callable[[str], pd.DataFrame], parts: Sequence[tuple[str, np.ndarray]]) -> pd.DataFrame:
    """Rows of several tables below one another; all rows of one table are not copied."""
    if len(parts) > 1:
        return pd.concat([table(role).iloc[rows] for role, rows in parts], ignore_index=True)
    ((role, rows),) = parts
    whole = table(role)
    found = whole.copy(deep=False) if np.array_equal(rows, np.arange(len(whole))) else whole.iloc[rows]
    found.index = pd.RangeIndex(len(found))
    return found


def make(
    train: pd.DataFrame,
    holdout: pd.DataFrame | None,
    synthetic: pd.DataFrame,
    *,
    kinds: Mapping[str, str] | None = None,
    target: str | None = None,
    loss: Any = None,
    members: Any = None,
    signals: Any = None,
    metadata: Metadata | None = None,
) -> Samples:
    """Check that the frames can be compared and return Samples with every column's kind settled."""
    if holdout is not None and len(holdout) == 0:
        holdout = None
    _check_frames({"training": train, "holdout": holdout, "synthetic": synthetic})
    train, synthetic = canonical.plain(train), canonical.plain(synthetic)
    holdout = None if holdout is None else canonical.plain(holdout)
    settled, metadata = _settled_kinds(train, kinds or {}), metadata or Metadata()
    _check_target(target, train, metadata.parts)
    metadata.check(settled)
    learnt = checked(members, len(train))
    compared = Samples(train, holdout, synthetic, settled, target, loss, learnt, signals or {}, metadata)
    _same_types(compared)
    return compared


def _check_frames(frames: Mapping[str, pd.DataFrame | None]) -> None:
    for name, frame in frames.items():
        if frame is not None and (len(frame) == 0 or frame.shape[1] == 0):
            raise EvaluationError(
                f"expected a {name} table with rows and columns, found {frame.shape[0]} rows and "
                f"{frame.shape[1]} columns; give a table with data"
            )
    for name, frame in frames.items():
        if frame is not None:
            _same_columns(frames["training"], frame, name)


def _settled_kinds(train: pd.DataFrame, stated: Mapping[str, str]) -> dict[str, str]:
    settled = canonical.infer_kinds(train, stated)
    for column, kind in settled.items():
        if kind not in COLUMN_KINDS:
            raise EvaluationError(
                f"expected the kind of column {column!r} to be one of {', '.join(COLUMN_KINDS)}, found {kind!r}; "
                "name one of them"
            )
    return settled


def _check_target(target: str | None, train: pd.DataFrame, parts: Mapping[str, str]) -> None:
    if target is not None and target not in train.columns:
        near = difflib.get_close_matches(str(target), map(str, train.columns), n=1, cutoff=0.3)
        hint = f"did you mean {near[0]!r}?" if near else "name one of them"
        raise EvaluationError(
            f"expected the target among the {count(train, parts):,} columns, found {target!r}; {hint}"
        )


def _same_types(compared: Samples) -> None:
    """A number column that is text in another table would be read as all missing, and scored as if that were meant."""
    for column in (c for c in compared.columns if compared.is_number(c)):
        for role, frame in compared.frames.items():
            given, lost = int(frame[column].notna().sum()), compared.unreadable.get(column, {}).get(role, 0)
            if lost > given / 2 and not _infinite(frame[column]):
                word = "dates in the training table's format" if compared.kinds[column] == "datetime" else "numbers"
                raise EvaluationError(
                    f"expected {word} in column {column!r} of the {_NAMES[role]} table, found that {lost:,} of "
                    f"{given:,} values are not; give tables of the same types, or state the column's kind"
                )


def _infinite(series: pd.Series) -> bool:
    return pd.api.types.is_float_dtype(series.dtype) and bool(
        np.isinf(series.to_numpy(dtype=np.float64, na_value=np.nan)).any()
    )


def _same_columns(train: pd.DataFrame, frame: pd.DataFrame, name: str) -> None:
    if frame.columns.has_duplicates:
        raise EvaluationError(f"expected distinct column names, found duplicates in the {name} table; rename them")
    lacking, extra = [c for c in train if c not in frame], [c for c in frame if c not in train]
    if lacking or extra:
        found = "; ".join(
            f"{word} {', '.join(map(str, cs[:5]))}{' ...' if len(cs) > 5 else ''}"
            for word, cs in (("without", lacking), ("with the extra", extra))
            if cs
        )
        raise EvaluationError(
            f"expected the {name} table to have the training table's {train.shape[1]} columns, "
            f"found it {found}; give tables with the same columns"
        )


def row_hashes(table: pd.DataFrame) -> np.ndarray:
    """One 64-bit hash per row over all compared columns."""
    return pd.util.hash_pandas_object(table, index=False).to_numpy()
