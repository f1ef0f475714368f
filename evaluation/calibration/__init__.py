"""Tables and images with one known flaw each, by which the evaluation itself is judged, and honest ones beside them.

`copies.spliced` is the function of that name in copies.py: a public function of these modules that takes a case and
returns one is a kind of flaw (or, in honest.py, an honest draw), and so is each of a module's VARIANTS.
"""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable
from types import ModuleType

FLAW_SECTIONS = (
    "inputs",
    "copies",
    "columns",
    "records",
    "few_rows",
    "relations",
    "entities",
    "values",
    "diversity",
    "images",
    "honest",
)


def names(section: str | None = None) -> tuple[str, ...]:
    """Names of all kinds, or of those in one section: `section.function`."""
    chosen = FLAW_SECTIONS if section is None else (section,)
    return tuple(f"{part}.{name}" for part in chosen for name in _kinds(_module(part)))


def load(name: str) -> Callable:
    """The function of a kind: (case, rng) -> case, of tables or of images."""
    section, _, kind = name.partition(".")
    return _kinds(_module(section))[kind]


def makes_images(flaw: Callable) -> bool:
    """Whether a kind takes and returns images rather than tables; one of a table of variants is a partial function."""
    return bool(getattr(flaw, "func", flaw).__annotations__["return"] == "ImageCase")


def _module(section: str) -> ModuleType:
    return importlib.import_module(f"launderette.evaluation.calibration.{section}")


def _kinds(module: ModuleType) -> dict[str, Callable]:
    written = {
        name: f
        for name, f in vars(module).items()
        if inspect.isfunction(f)
        and f.__module__ == module.__name__
        and not name.startswith("_")
        and f.__annotations__.get("return") in ("Case", "ImageCase")
    }
    return written | getattr(module, "VARIANTS", {})
