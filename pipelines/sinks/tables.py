"""Tables on the command line: conditions as people write them, and files by their suffix."""

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from launderette.generators.sampling.domains import Every
from launderette.pipelines.config.errors import nearest
from launderette.pipelines.run import folders
from launderette.pipelines.run.artifacts import Artifact, LaunderError, atomic_write, digest_file, write_frame

OPERATORS = ("<=", ">=", "==", "!=", "<", ">", "=")
PART = "part-{:05d}.parquet"
OUTPUT_SUFFIXES = (".csv", ".parquet", ".jsonl")


def conditions(texts: Iterable[str], names: Sequence[str]) -> dict[str, Any]:
    """Return by column what `income=>50K`, `age>=30`, `age=30..40` and `city=Rome|Milan` ask for; several on one
    column hold together.
    """
    found: dict[str, list[Any]] = {}
    for text in texts:
        name, value = _condition(text, names)
        found.setdefault(name, []).append(value)
    return {name: values[0] if len(set(values)) == 1 else Every(tuple(values)) for name, values in found.items()}


def _condition(text: str, names: Sequence[str]) -> tuple[str, str | None]:
    """Return column and value; the longest name that an operator follows is meant, and the operator but = belongs
    to the value.
    """
    for name in sorted(names, key=len, reverse=True):
        rest = text.strip().removeprefix(name).lstrip()
        operator = next((o for o in OPERATORS if rest.startswith(o)), "") if text.strip().startswith(name) else ""
        if operator:
            value = rest.removeprefix(operator).strip()
            return name, (operator + value if operator not in ("=", "==") else value) or None
    column = re.split("|".join(OPERATORS), text)[0].strip()
    if column == text.strip():
        raise LaunderError(
            "expected a condition such as --where 'income=>50K' or 'age>=30', found none; write COLUMN=VALUE"
        )
    raise LaunderError(
        f"expected a condition on one of the columns {list(names)}, found {column!r}{nearest(column, names)}"
    )


def check_suffix(path: Path) -> None:
    """Raise LaunderError for a file that `write` has no format for, or a folder that holds other files."""
    if not path.suffix:
        return folders.check_own(path)
    if path.suffix.lower() not in OUTPUT_SUFFIXES:
        raise LaunderError(
            f"expected a file ending in {', '.join(OUTPUT_SUFFIXES)} as --output, found {path.name!r}; "
            "choose one of these"
        )


def write(frame: pd.DataFrame, path: Path) -> None:
    """Write a table whole or not at all, in the format that the suffix names; without one, a folder of one part."""
    check_suffix(path)
    if not path.suffix:
        with folders.atomic_folder(path) as aside:
            write_frame(frame, aside / PART.format(0))
        return
    if path.suffix.lower() == ".parquet":
        write_frame(frame, path)
        return
    with atomic_write(path) as aside:
        if path.suffix.lower() == ".csv":
            frame.to_csv(aside, index=False, lineterminator="\n", encoding="utf-8")
        else:
            frame.to_json(aside, orient="records", lines=True, date_format="iso", force_ascii=False)


def write_release(frame: pd.DataFrame, staged: Path, *, format: str = "parquet") -> Artifact:
    """Write the synthetic rows into data/ of a staged folder, as publish.format says; the same rows give the same
    bytes.
    """
    path = Path(staged) / "data" / f"data.{format}"
    if format == "parquet":
        return write_frame(frame, path)
    with atomic_write(path) as aside:
        frame.to_csv(aside, index=False, lineterminator="\n", encoding="utf-8")
    return Artifact(str(path), digest_file(path), len(frame))
