"""Which releases went into which table: work/tables.json, with references to logins in place of secrets."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from launderette.pipelines.run.artifacts import read_json, write_json

RECORD = Path("work", "tables.json")  # below an output folder


def of(output: Path) -> dict[str, Any]:
    """Return the targets of releases by their ids, each as the section publish.table."""
    path = Path(output) / RECORD
    return read_json(path) if path.is_file() else {}


def remember(output: Path, id: str, target: Mapping[str, Any]) -> None:
    """Keep where a release went."""
    write_json(Path(output) / RECORD, of(output) | {id: dict(target)})
