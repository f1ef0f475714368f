"""What runs have released before: the last release of a data set with its schema, and whether a new run would change
anything.
"""

import os
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from launderette.pipelines.release.verifying import verify
from launderette.pipelines.run.artifacts import read_json, write_json

RELEASES, QUARANTINE, PENDING, CURRENT = "releases", "quarantine", "pending", "current"
CREATED_FORMAT = "%Y%m%dT%H%M%S"  # how an id begins


def current(output: Path) -> str | None:
    """Return the id of the current release, None where there is none."""
    link = Path(output) / RELEASES / CURRENT
    return os.readlink(link) if link.is_symlink() and link.exists() else None


def id_of(output: Path, decision: str) -> str | None:
    """Return the id under which a decision, known by its key, was released, refused or held before; None for a new
    one.
    """
    kinds = RELEASES, QUARANTINE, PENDING
    return min((path.name for kind in kinds for path in (Path(output) / kind).glob(f"*-{decision}")), default=None)


def remember(output: Path, name: str, id: str, schema: Mapping[str, Any], base: Mapping[str, Any]) -> None:
    """Keep the id and the schema of the last release of a data set, and what its model was trained from, for the run
    after it. A model that was trained for this release names none in `base`.
    """
    trained = base["trained"] or {"release": id, "since": _time(id)}
    write_json(_memory(output, name), {**schema, "release": id, "base": {**base, "trained": trained}})


def last(output: Path, name: str) -> dict[str, Any] | None:
    """Return the schema of the last release of a data set with its id under `release` and, under `base`, what its model
    was trained from; None before the first one.
    """
    path = _memory(output, name)
    return read_json(path) if path.is_file() else None


def _memory(output: Path, name: str) -> Path:
    return Path(output) / "work" / f"{name}.schema.json"


def unchanged(output: Path, name: str, id: str) -> str:
    """Return a sentence where the last release of a data set has this id and is whole, so that a run would make it
    again; "" elsewhere.

    A release that someone has rolled back from is left so.
    """
    place, known = Path(output) / RELEASES / id, last(output, name)
    if known is None or known.get("release") != id or not place.is_dir() or verify(place):
        return ""
    made = f"nothing has changed since release {id} of {_time(id)}"
    if (now := current(output)) == id:
        return f"{made}; it is the current one: {place}"
    return f"{made}, {place}; the current one is {now}: launder rollback {output} {id} makes this one current again"


def _time(id: str) -> str:
    return f"{datetime.strptime(id.partition('-')[0], CREATED_FORMAT):%Y-%m-%d %H:%M:%S} UTC"
