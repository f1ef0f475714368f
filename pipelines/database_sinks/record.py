"""Which releases went into which table or among which objects: work/tables.json and work/objects.json, with references
to logins in place of secrets.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from launderette.pipelines.run.artifacts import read_json, write_json

TARGET_TABLES, TARGET_OBJECTS = "tables", "objects"


def _path(output: Path, kind: str) -> Path:
    return Path(output) / "work" / f"{kind}.json"


def of(output: Path, kind: str = TARGET_TABLES) -> dict[str, Any]:
    """Return the targets of releases by their ids, each as its section of `publish`."""
    path = _path(output, kind)
    return read_json(path) if path.is_file() else {}


def remember(output: Path, id: str, target: Mapping[str, Any], kind: str = TARGET_TABLES) -> None:
    """Keep where a release went."""
    write_json(_path(output, kind), of(output, kind) | {id: dict(target)})
