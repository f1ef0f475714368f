"""Rows of Python values as Arrow batches whose types hold for all rows: what JSON is read through."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any

import pyarrow as pa

from launderette.pipelines.run.artifacts import LaunderError

Record = dict[str, Any]
BATCH_ROWS = 65_536  # rows
INTEGER_LIMIT = 2**63


def open_records(
    rows: Callable[[], Iterable[Record]], name: str, missing: Iterable[str], without: frozenset[str] = frozenset()
) -> tuple[tuple[str, ...], Callable[[], Iterator[pa.RecordBatch]], tuple[str, ...]]:
    """Settle names and types over all rows, which `rows` starts anew; return names, a reader of batches and the columns
    of `without`.

    A key that a row lacks is a missing value, as are the texts of `missing`. LaunderError for lists and objects inside
    a row.
    """
    empty = frozenset(missing)
    found = _kinds(rows(), empty)
    kinds = {key: count for key, count in found.items() if key not in without}
    if not kinds:
        raise LaunderError(
            f"expected records with at least one value in {name}, found none; write the data to it again"
        )
    if nested := [key for key, count in kinds.items() if count["nested"]]:
        raise LaunderError(
            f"expected numbers, text or true and false in column {nested[0]!r} of {name}, found lists or objects; "
            f"set columns.{nested[0]} to drop, or write their parts as columns of their own"
        )
    types = {key: _type(count) for key, count in kinds.items()}
    return tuple(types), lambda: _batches(rows(), types, empty), tuple(key for key in found if key in without)


def _kinds(rows: Iterable[Record], missing: frozenset[str]) -> dict[str, Counter]:
    kinds: dict[str, Counter] = {}
    for row in rows:
        for key, value in row.items():
            count = kinds.setdefault(key, Counter())
            count[_kind(value, missing)] += 1
    return kinds


def _kind(value: Any, missing: frozenset[str]) -> str:
    if isinstance(value, str):
        return "none" if value in missing else "text"
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "truth"
    if isinstance(value, int):
        return "whole" if -INTEGER_LIMIT <= value < INTEGER_LIMIT else "large"
    return "float" if isinstance(value, float) else "nested"


def _type(count: Counter) -> pa.DataType:
    found = {kind for kind in count if kind != "none"}
    if not found:
        return pa.null()
    if found <= {"whole", "float"}:
        return pa.float64() if "float" in found else pa.int64()
    return pa.bool_() if found == {"truth"} else pa.string()


def _batches(
    rows: Iterable[Record], types: dict[str, pa.DataType], missing: frozenset[str]
) -> Iterator[pa.RecordBatch]:
    rows = iter(rows)
    while block := list(islice(rows, BATCH_ROWS)):
        arrays = [pa.array([_as(row.get(key), type_, missing) for row in block], type_) for key, type_ in types.items()]
        yield pa.record_batch(arrays, list(types))


def _as(value: Any, type_: pa.DataType, missing: frozenset[str]) -> Any:
    if value is None or (isinstance(value, str) and value in missing):
        return None
    if type_ == pa.string() and not isinstance(value, str):
        return str(value).lower() if isinstance(value, bool) else str(value)
    return float(value) if type_ == pa.float64() else value
