"""Runs that wait for somebody: what was staged stays below work/ as it is, and a record says whether it was released or
refused since, and by whom.

A record is private: it holds the configuration and the schema of its run. Only the newest run of a data set waits.
"""

import os
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from launderette.pipelines.config import RunConfig
from launderette.pipelines.config.errors import nearest
from launderette.pipelines.release.decisions import Approval, Override, SignOff, overridden, reopen
from launderette.pipelines.release.history import PENDING
from launderette.pipelines.run.artifacts import LaunderError, read_json, write_json

ARTIFACTS = ("staged", "report")  # of a decision: files and folders below work/
LONGEST_WORDS = 500  # characters of a name or a reason


class Status(StrEnum):
    """What has become of a run that waits."""

    WAITING = "waiting"
    RELEASED = "released"
    REFUSED = "refused"
    SUPERSEDED = "superseded"


@dataclass(frozen=True)
class Held:
    """A run that waits: its configuration, its decision as the step `decide` has left it, and the schema of its
    source.
    """

    config: RunConfig
    decided: Mapping[str, Any]
    schema: Mapping[str, Any]

    @property
    def id(self) -> str:
        return str(self.decided["id"])

    def permitted(self, said: SignOff) -> Approval | Override:
        """Return what releases the run; LaunderError where the gate has refused it and nobody may override that."""
        decision = reopen(self.decided["verdict"])
        if isinstance(decision, Approval):
            return decision
        if self.config.gate.override != "allowed":
            raise LaunderError(
                f"expected gate: {{override: allowed}} in the configuration of {self.config.name!r} to release what "
                "the gate refuses, found it left out; mend what the report names, or add it and run again"
            )
        if not said.override:
            raise LaunderError(
                f"expected a run that the gate let pass, found {self.id} refused; read its report, then add --override"
            )
        return overridden(decision, said)


def sign_off(held: Held, by: str, reason: str, *, override: bool) -> SignOff:
    """Return what a person says of a run; LaunderError where the name or the reason is empty, or not one line."""
    for word, text in (("--by with a name", by), ("--reason with a text", reason)):
        if not text.strip() or len(text) > LONGEST_WORDS or not text.isprintable():
            raise LaunderError(f"expected {word} of one line and at most {LONGEST_WORDS} characters, found another")
    refused = not reopen(held.decided["verdict"]).passed
    at = f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC"
    return SignOff(by.strip(), reason.strip(), at, held.decided["verdict"]["data"], override and refused)


def keep(config: RunConfig, decided: Mapping[str, Any], schema: Mapping[str, Any]) -> dict[str, Any]:
    """Have a run wait in place of an earlier one of its data set, and return its record; one that somebody has refused
    stays so.
    """
    output = Path(config.publish.to)
    known = _read(output, decided["id"])
    if known is not None and known["status"] in (Status.WAITING, Status.REFUSED):
        return known
    supersede(output, config.name, decided["id"])
    path = _path(output, decided["id"])
    moved = {key: decided[key] | {"path": os.path.relpath(decided[key]["path"], path.parent)} for key in ARTIFACTS}
    record = {"status": Status.WAITING, "name": config.name, "config": config.model_dump(mode="json")}
    record |= {"decided": {**decided, **moved}, "schema": dict(schema)}
    write_json(path, record)
    return record


def supersede(output: Path, name: str, id: str) -> None:
    """Let no other run of a data set wait any longer: the run `id` has come after it."""
    for other, record in _records(output):
        if record["name"] == name and record["status"] == Status.WAITING and other != id:
            _write(output, other, record | {"status": Status.SUPERSEDED, "by": id})


def close(output: Path, id: str, status: Status, said: SignOff) -> None:
    """Record what was done with a run that waited."""
    _write(output, id, read_json(_path(output, id)) | {"status": status, "said": said.to_dict()})


def waiting(output: Path) -> list[dict[str, Any]]:
    """Return the runs that wait, oldest first: their ids, whether the gate let them pass, and their folders."""
    found = [(id, record["decided"]["verdict"]["passed"]) for id, record in _records(output) if _waits(record)]
    return [
        {"id": id, "passed": passed, "path": str(Path(output) / (PENDING if passed else "quarantine") / id)}
        for id, passed in found
    ]


def opened(output: Path, id: str) -> Held:
    """Return a run that waits; LaunderError where there is none of that id, or something was done with it already."""
    record = _read(output, id)
    if record is None:
        near = nearest(id, [one["id"] for one in waiting(output)])
        raise LaunderError(
            f"expected a run that waits below {output}, found none called {id!r}{near}; "
            f"launder releases {output} lists them"
        )
    if record["status"] == Status.SUPERSEDED:
        raise LaunderError(
            f"expected the newest run of {record['name']!r}, found that {record['by']} came after {id}; look at that"
        )
    if not _waits(record):
        said = record["said"]
        raise LaunderError(
            f"expected a run that waits, found that {said['by']!r} has {record['status']} {id} at {said['at']}; "
            "nothing is left to do"
        )
    base = _path(output, id).parent
    moved = {
        key: record["decided"][key] | {"path": os.path.normpath(base / record["decided"][key]["path"])}
        for key in ARTIFACTS
    }
    return Held(_config(record, output), record["decided"] | moved, record["schema"])


def _config(record: Mapping[str, Any], output: Path) -> RunConfig:
    """Return the configuration of a run, whose output folder may lie elsewhere since."""
    return RunConfig.model_validate(record["config"]).updated("publish", to=str(output))


def _waits(record: Mapping[str, Any]) -> bool:
    return record["status"] == Status.WAITING


def _path(output: Path, id: str) -> Path:
    return Path(output) / "work" / "held" / f"{id}.json"


def _read(output: Path, id: str) -> dict[str, Any] | None:
    return next((record for other, record in _records(output) if other == id), None)


def _records(output: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    for path in sorted((Path(output) / "work" / "held").glob("*.json")):
        yield path.stem, read_json(path)


def _write(output: Path, id: str, record: Mapping[str, Any]) -> None:
    """Change the record of a run that waits no longer, whose report for those who were to look at it goes."""
    write_json(_path(output, id), dict(record))
    shutil.rmtree(Path(output) / PENDING / id, ignore_errors=True)
