"""Generators: a name is a path in this folder; `fit` returns a model that samples.

>>> model = fit(frame, "tabular.autoregressive", seed=0)
>>> model.sample(10_000, where={"income": ">50K"})
"""

if __name__ == "generators":  # imported from a checkout by its short name
    from launderette.aliases import alias

    alias(__name__)

import difflib
import warnings
from collections.abc import Iterable
from dataclasses import fields
from importlib import import_module
from pathlib import Path
from types import ModuleType

import numpy as np
import pandas as pd

from launderette.generators import notebook
from launderette.generators.contract import Budget, Progress, Synthesizer
from launderette.generators.data.groups import Groups, numbered
from launderette.generators.data.images import Images
from launderette.generators.data.inference import infer
from launderette.generators.data.schema import Categorical, Identifier, Numerical, Schema, conform
from launderette.generators.errors import GeneratorError, IdentifierWarning
from launderette.generators.privacy import images as private_images
from launderette.generators.privacy import learning
from launderette.generators.privacy.domain import Privacy
from launderette.generators.training import checkpoint as files

__all__ = [
    "Budget",
    "GeneratorError",
    "IdentifierWarning",
    "Images",
    "Privacy",
    "Progress",
    "Schema",
    "Synthesizer",
    "check_options",
    "configure",
    "fit",
    "infer",
    "load",
    "names",
    "open_model",
]

MODALITIES = {
    "image": Images,
    "tabular": pd.DataFrame,
}  # folders whose files a configuration can name, and what they learn


def names() -> tuple[str, ...]:
    """Return the name of every generator, the path of its file: `tabular.autoregressive`."""
    here = Path(__file__).parent
    found = [path for modality in MODALITIES for path in (here / modality).glob("[!_]*.py")]
    return tuple(sorted(f"{path.parent.name}.{path.stem}" for path in found))


def load(name: str) -> ModuleType:
    """Import the generator called `name`; ValueError with the nearest name where there is none."""
    if name not in names():
        raise GeneratorError(
            f"expected a generator among {', '.join(names())}, found {name!r}{_nearest(name, names())}"
        )
    return import_module(f"launderette.generators.{name}")


def configure(name: str, options: dict) -> object:
    """Return the generator's Config with `options` set; ValueError with the nearest name for an unknown option."""
    check_options(name, options)
    return load(name).Config(**options)


def check_options(name: str, options: Iterable[str]) -> None:
    """Raise GeneratorError with the nearest name for an option that the generator does not have."""
    known = [field.name for field in fields(load(name).Config)]
    for option in options:
        if option not in known:
            expected = f"options of {name} among {known}" if known else f"no options of {name}, which has none"
            raise GeneratorError(f"expected {expected}, found {option!r}{_nearest(option, known)}")


def _nearest(name: str, known: list[str] | tuple[str, ...]) -> str:
    close = difflib.get_close_matches(str(name), known, n=1, cutoff=0.4)
    return f"; did you mean {close[0]!r}?" if close else ""


def fit(
    data: pd.DataFrame | Images,
    name: str = "tabular.autoregressive",
    *,
    schema: Schema | None = None,
    seed: int = 0,
    device: str = "auto",
    budget: Budget | None = None,
    privacy: Privacy | None = None,
    progress: Progress | None = None,
    checkpoint: Path | None = None,
    groups: Groups | None = None,
    **options: object,
) -> Synthesizer:
    """Train the generator called `name` on the rows of a frame, or on images, and return the fitted model.

    `progress` is told how far training is; without one, a notebook's cell shows it.
    `checkpoint` is a folder that training saves its state to, and continues from where it holds one of the same run.
    `groups` has one value per row: rows of equal ones stay together where some rows are held back to validate by, and
    without a schema the columns that tell them are identifiers.
    Without a schema, IdentifierWarning names the columns that are taken as identifiers.
    `privacy` is a guarantee of differential privacy to keep; what it states of columns then takes the schema's place.
    Raises ValueError for options, budgets, devices, groups and tables it cannot use.
    """
    config = configure(name, options)
    _check(data, name, budget)
    if isinstance(privacy, Privacy):
        data, schema, privacy, groups = _within(data, privacy, groups, resumable=checkpoint is not None)
    schema = schema or (data.schema if isinstance(data, Images) else _guessed(data, groups))
    return load(name).fit(
        data if isinstance(data, Images) else conform(data, schema),
        schema,
        config,
        seed=seed,
        device=device,
        privacy=privacy,
        budget=budget or Budget(),
        progress=progress or notebook.progress(),
        checkpoint=checkpoint,
        groups=groups,
    )


def _check(data: object, name: str, budget: object) -> None:
    """Raise GeneratorError for data of another modality than the generator's, and for what is no budget."""
    learnt = MODALITIES[name.partition(".")[0]]
    if not isinstance(data, learnt):
        raise GeneratorError(
            f"expected {learnt.__name__} for {name}, found {type(data).__name__}; choose another generator"
        )
    if not isinstance(budget, Budget | None):
        raise GeneratorError(f"expected a budget such as Budget(minutes=2), found {type(budget).__name__}")


def _within(
    data: pd.DataFrame | Images, privacy: Privacy, groups: Groups | None, *, resumable: bool
) -> tuple[pd.DataFrame | Images, Schema, Privacy, Groups | None]:
    """Return the rows or images that a guarantee lets be used, in the stated domain; its schema; the guarantee, with
    that known; and the groups of what is used.
    """
    if isinstance(data, Images):
        data, privacy, groups = private_images.within(data, privacy, groups)
        return data, private_images.form_of(data, privacy).schema, privacy, groups
    if privacy.domain == "learn" and resumable:
        raise GeneratorError(
            "expected columns that are known before a training that may be resumed, found domain learn, which "
            "would ask the rows again each time; leave the checkpoint out, or call privacy.learning.learn first"
        )
    owners = None if groups is None else pd.Series(groups).reset_index(drop=True)
    used = privacy.used(len(data), owners)
    data, groups = data[used], None if owners is None or privacy.unit == "row" else owners[used]
    privacy = learning.learn(data, privacy) if privacy.domain == "learn" else privacy
    return *privacy.conform(data), privacy, groups


def _guessed(frame: pd.DataFrame, groups: Groups | None) -> Schema:
    """Return the schema of a frame, in which what names the groups is never learnt, and warn of its identifiers."""
    schema = infer(frame)
    schema = infer(frame, dict.fromkeys(_naming(frame, schema, groups), "identifier")) if groups is not None else schema
    names = [column.name for column in schema.columns if isinstance(column, Identifier)]
    if names:
        kinds = ", ".join(f"{name!r}: 'categorical'" for name in names)
        warnings.warn(
            f"taken as identifiers: {', '.join(map(repr, names))}; nothing learns them, their values are made up anew; "
            f"to learn one, fit with schema=generators.infer(frame, {{{kinds}}}), or 'numerical' for numbers",
            IdentifierWarning,
            stacklevel=3,
        )
    return schema


def _naming(frame: pd.DataFrame, schema: Schema, groups: Groups) -> list[str]:
    """Return the columns of labels or numbers whose values part the rows as the groups do, some of several rows."""
    owners = numbered(groups, len(frame))
    if owners.max(initial=0) + 1 >= len(owners):
        return []
    names = [column.name for column in schema.columns if isinstance(column, Categorical | Numerical)]
    return [name for name in names if np.array_equal(numbered(frame[name], len(frame)), owners)]


def open_model(folder: str | Path) -> Synthesizer:
    """Read a model that `Synthesizer.save` wrote; ValueError for a folder that holds none."""
    document, tensors = files.read(Path(folder))
    return load(document["generator"]).restore(document, tensors)
