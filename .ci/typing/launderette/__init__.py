"""Launderette under one name: `from launderette import fit, open_model, score, Augmenter, run`.

The folders generators/, evaluation/ and pipelines/ and the module flows.py are parts of this package. A wheel holds
them below launderette/; a checkout keeps them beside it, where `__path__` finds them. They import each other as
`launderette.generators`, so that a user's own flows.py or pipelines/ in the working folder is never taken for ours.
"""

import os
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from launderette.evaluation import score
    from launderette.generators import fit, open_model
    from launderette.pipelines.augment.augmenter import Augmenter
    from launderette.pipelines.run.api import run

__all__ = ["Augmenter", "fit", "open_model", "run", "score"]

PLACES = {  # heavy modules are imported when they are asked for
    "fit": "generators",
    "open_model": "generators",
    "score": "evaluation",
    "Augmenter": "pipelines.augment.augmenter",
    "run": "pipelines.run.api",
}
# A thread that waits for one without a core gives up its own soon: beside other work a training of 15 s took minutes.
# OpenMP reads this when torch or scikit-learn is loaded; a value that is set already stays.
os.environ.setdefault("GOMP_SPINCOUNT", "3000")
# Arrow's own allocator gives memory back and takes it anew: a million rows of CSV were read a quarter slower by it.
os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")
_HERE = Path(__file__).resolve().parent
if not (_HERE / "generators").is_dir():  # a checkout
    __path__.append(str(_HERE.parent))


def __getattr__(name: str) -> Any:
    if name not in PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{PLACES[name]}"), name)


def __dir__() -> list[str]:
    return [*__all__, "evaluation", "flows", "generators", "pipelines"]
