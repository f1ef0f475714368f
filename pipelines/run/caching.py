"""Cached steps: each has a private folder of its own, known by all that the step reads, and is done once.

A step's key is the digest of what decides its result: the contents of its inputs and of the files that it reads from
outside (never their paths), the keys of the configuration that it declares, the code that it runs and the versions of
the libraries that matter. It is handed a configuration that has no other key, so that a missing declaration is an
error at once, and not a result that is out of date later.
"""

import inspect
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from launderette.evaluation.models import onnx
from launderette.pipelines import modalities
from launderette.pipelines.config import RunConfig
from launderette.pipelines.config.narrowing import chosen, narrowed, without
from launderette.pipelines.modalities import Modality
from launderette.pipelines.personal_data import keys
from launderette.pipelines.run.artifacts import (
    LaunderError,
    code_digest,
    digest_of,
    digest_path,
    explained,
    read_json,
    write_json,
)
from launderette.pipelines.run.locks import locked

Result = dict[str, Any]  # small JSON; a file or a folder in it is {"path", "digest"}
RESULT, LOCK, STEP_INPUTS = "result.json", "lock", "inputs.json"
WORK, KEY_DIGITS = "work", 16
# keys of the configuration that are paths to what a step reads, or names of secrets, and its digest: it counts alone
OUTSIDE: dict[str, Callable[[Modality, str], str]] = {
    "source.path": lambda modality, path: modality.digest_source(path),
    "augment.test": lambda modality, path: modality.digest_source(path),
    "score.features": lambda modality, path: onnx.digest(path),
    "personal.key": lambda modality, reference: keys.fingerprint(reference),
}


class NotDone(Exception):
    """A step was asked for its result and has none yet."""


@dataclass(frozen=True)
class Place:
    """Where a step works: `work` is the private folder of all steps, `folder` its own, named by its key."""

    work: Path
    folder: Path
    key: str
    modality: Modality

    @property
    def output(self) -> Path:
        return self.work.parent

    def path(self, *names: str) -> Path:
        return self.folder.joinpath(*names)


@dataclass(frozen=True)
class Step:
    """A step of a run with all that its result depends on.

    `reads` are keys of the configuration, `runs` files and folders of the code, `needs` libraries; inputs in `aside`
    change nothing of the result.
    """

    function: Callable[..., Result]
    reads: tuple[str, ...]
    runs: tuple[str, ...]
    needs: tuple[str, ...]
    aside: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return self.function.__name__

    def __call__(self, place: Place, config: RunConfig, *inputs: Any, **named: Any) -> Result:
        return self.function(place, narrowed(config, self.reads), *inputs, **named)

    def outside(self, config: RunConfig) -> dict[str, str | None]:
        """Return the SHA-256 of each file or folder that the step reads from outside, by its key in the configuration;
        None for one that is not given.
        """
        document, modality = config.model_dump(mode="json"), modalities.of(config)
        asked = {key: digest for key, digest in OUTSIDE.items() if any(_within(key, name) for name in self.reads)}
        paths = chosen(document, asked)
        return {key: path and asked[key](modality, path) for key, path in paths.items()}

    def key(self, config: RunConfig, outside: Mapping[str, str | None], inputs: Mapping[str, Any]) -> str:
        """Return what a result is known by."""
        document = without(config.model_dump(mode="json"), OUTSIDE)
        depends = {
            "step": inspect.getsource(self.function),
            "modality": config.modality,
            "inputs": _contents({name: given for name, given in inputs.items() if name not in self.aside}),
            "configuration": chosen(document, (key for key in self.reads if key not in OUTSIDE)),
            "outside": outside,
            "code": code_digest(self.runs),
            "versions": {name: _version(name) for name in self.needs},
        }
        return digest_of(depends)[:KEY_DIGITS]


def step(
    *, reads: tuple[str, ...], runs: tuple[str, ...], needs: tuple[str, ...], aside: tuple[str, ...] = ()
) -> Callable[[Callable[..., Result]], Step]:
    """Make a function of a place, a configuration and inputs a step."""
    return lambda function: Step(function, reads, runs, needs, aside)


def perform(
    step: Step, config: RunConfig, waits: Callable[[], None] = lambda: None, **inputs: Any
) -> tuple[Result, bool]:
    """Return the result of a step, and whether it was there already; while another process is at it, wait for that one.

    LaunderError where a file that it reads from outside changes meanwhile, or its folder cannot be written.
    """
    place, outside = _place(step, config, inputs)
    with explained(place.folder):
        place.folder.mkdir(parents=True, exist_ok=True)
        for private in (place.work, place.folder):
            os.chmod(private, 0o700)
    with locked(place.path(LOCK), waits):
        if (known := _result(place)) is not None and intact(known):
            return known, True
        with _withdrawn(place):
            found = step(place, config, **inputs)
        _check_unchanged(outside, step.outside(config))
        write_json(place.path(STEP_INPUTS), sorted(_folders(inputs, place.work)))
        write_json(place.path(RESULT), mapped(found, lambda path: os.path.relpath(path, place.folder)))
    return found, False


@contextmanager
def _withdrawn(place: Place) -> Iterator[None]:
    """Leave no empty folder behind where a step refuses what it is given."""
    try:
        yield
    except LaunderError:
        if os.listdir(place.folder) == [LOCK]:
            with suppress(OSError):  # a folder that holds more stays
                place.path(LOCK).unlink()
                for folder in (place.folder, place.work, place.output):
                    folder.rmdir()
        raise


def _folders(inputs: Any, work: Path) -> set[str]:
    """Return the names of the folders of steps that inputs lie in."""
    found: set[str] = set()

    def note(path: str) -> str:
        if Path(path).is_relative_to(work):
            found.add(Path(path).relative_to(work).parts[0])
        return path

    mapped(inputs, note)
    return found


def look_up(step: Step, config: RunConfig, **inputs: Any) -> Result:
    """Return the result of a step without doing it, nor looking at its files; NotDone where there is none."""
    if (known := _result(_place(step, config, inputs)[0])) is None:
        raise NotDone(step.name)
    return known


def _place(step: Step, config: RunConfig, inputs: Mapping[str, Any]) -> tuple[Place, dict[str, str | None]]:
    work, outside = Path(config.publish.to) / WORK, step.outside(config)
    key = step.key(config, outside, inputs)
    return Place(work, work / f"{step.name}-{key}", key, modalities.of(config)), outside


def _result(place: Place) -> Result | None:
    """Return what a step has left, with paths below its folder wherever that lies now; None where nothing whole is."""
    try:
        return mapped(read_json(place.path(RESULT)), lambda path: os.path.normpath(place.path(path)))
    except LaunderError:
        return None


def mapped(value: Any, change: Callable[[str], str]) -> Any:
    """Return a result with the path of every file and folder in it changed."""
    if isinstance(value, list):
        return [mapped(one, change) for one in value]
    if not isinstance(value, dict):
        return value
    found = {name: mapped(one, change) for name, one in value.items()}
    return found | {"path": change(found["path"])} if _is_file(value) else found


def _contents(value: Any) -> Any:
    """Return inputs without the paths of the files and folders in them: they are known by their digests."""
    if isinstance(value, list):
        return [_contents(one) for one in value]
    if not isinstance(value, dict):
        return value
    return {name: _contents(one) for name, one in value.items() if not (name == "path" and _is_file(value))}


def _is_file(value: Mapping[str, Any]) -> bool:
    return "path" in value and "digest" in value


def intact(value: Any) -> bool:
    """Tell whether every file and folder that a result names is still there as its step left it."""
    if not isinstance(value, dict):
        return True
    if _is_file(value):
        return Path(value["path"]).exists() and digest_path(value["path"]) == value["digest"]
    return all(intact(one) for one in value.values())


def _check_unchanged(before: Mapping[str, str | None], after: Mapping[str, str | None]) -> None:
    for key, digest in before.items():
        if after[key] != digest:
            raise LaunderError(
                f"expected {key} to stay as it is while it is read, found it changed; run again once it is complete"
            )


@cache  # of what is installed, which no step of a process changes
def _version(library: str) -> str | None:
    try:
        return version(library)
    except PackageNotFoundError:  # of an optional one
        return None


def _within(key: str, name: str) -> bool:
    return key == name or key.startswith(f"{name}.")
