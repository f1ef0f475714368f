"""JSON: a record per line, read in bounded memory, or a document of records, rows or columns, which is read whole."""

import json
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any

from launderette.pipelines.run.artifacts import LaunderError
from launderette.pipelines.sources.parts import LINES, Part, undamaged
from launderette.pipelines.sources.records import Record

RECORDS_HINT = "write one object per row, all in a list or one per line"


def rows_of(parts: list[Part], form: str) -> Callable[[], Iterable[Record]]:
    """Return a function that starts reading the records of all parts. LaunderError for text that is no JSON, or no
    records.
    """
    if form == LINES:
        return lambda: (row for part in parts for row in _lines(part))
    found = [row for part in parts for row in _records(_parsed(part), part.name)]
    return lambda: found


def _lines(part: Part) -> Iterator[Record]:
    with undamaged(part.name), part.open() as file:
        for number, line in enumerate(file, 1):
            text = line.removeprefix(b"\xef\xbb\xbf") if number == 1 else line
            if text.strip():
                yield _record(_loads(text, f"line {number:,} of {part.name}"), f"line {number:,} of {part.name}")


def _parsed(part: Part) -> Any:
    return _loads(part.read().removeprefix(b"\xef\xbb\xbf"), part.name)


def _loads(text: bytes, where: str) -> Any:
    try:
        return json.loads(text, object_pairs_hook=partial(_once, where))
    except UnicodeDecodeError:
        raise LaunderError(f"expected UTF-8 text in {where}, found other bytes; save it as UTF-8") from None
    except (json.JSONDecodeError, RecursionError):
        raise LaunderError(
            f"expected JSON in {where}, found text that is not JSON, or is cut off; write the file again"
        ) from None


def _once(where: str, pairs: list[tuple[str, Any]]) -> Record:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise LaunderError(f"expected every key once in an object of {where}, found one twice; rename one")
    return found


def _record(value: Any, where: str) -> Record:
    if not isinstance(value, dict):
        raise LaunderError(f'expected an object such as {{"age": 30}} in {where}, found another value; {RECORDS_HINT}')
    return value


def _records(value: Any, name: str) -> list[Record]:
    """Return the records of a document: a list of objects, alone or below one key, or columns of values by row."""
    if isinstance(value, list) and all(isinstance(row, dict) for row in value):
        return value
    if isinstance(value, dict):
        if isinstance(value.get("columns"), list) and isinstance(value.get("data"), list):
            return _split(value["columns"], value["data"], name)
        lists = [
            inner
            for inner in value.values()
            if isinstance(inner, list) and inner and all(isinstance(row, dict) for row in inner)
        ]
        if len(lists) == 1:
            return lists[0]
        if value and all(isinstance(inner, dict | list) for inner in value.values()):
            return _columns(value, name)
    raise LaunderError(f"expected records in {name}, found JSON of another shape; {RECORDS_HINT}")


def _split(columns: list[Any], data: list[Any], name: str) -> list[Record]:
    if any(not isinstance(row, list) or len(row) != len(columns) for row in data):
        raise LaunderError(f"expected rows of {len(columns)} values in {name}, found others; {RECORDS_HINT}")
    return [dict(zip(map(str, columns), row, strict=True)) for row in data]


def _columns(value: dict[str, Any], name: str) -> list[Record]:
    """Turn {"age": [30, 41]}, or {"age": {"0": 30, "1": 41}} as pandas writes it, into records."""
    columns = {key: dict(enumerate(inner)) if isinstance(inner, list) else inner for key, inner in value.items()}
    places = list(next(iter(columns.values())))
    if any(list(inner) != places for inner in columns.values()):
        raise LaunderError(f"expected as many values in every column of {name}, found others; {RECORDS_HINT}")
    return [{key: inner[place] for key, inner in columns.items()} for place in places]
