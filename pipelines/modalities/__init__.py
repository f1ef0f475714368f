"""What differs between kinds of data, as values: one module per kind, each with all that contract.Modality names.

A modality has the name of its folder in generators/: `tabular.diffusion` is a generator of
`pipelines.modalities.tabular`.
"""

from importlib import import_module
from pathlib import Path
from typing import cast

from launderette.generators import MODALITIES
from launderette.generators.data.schema import Schema
from launderette.pipelines.config import RunConfig
from launderette.pipelines.modalities.contract import Ingested, Modality, Protected
from launderette.pipelines.run.artifacts import LaunderError

PRIVATE = "private_"  # how the names of modalities under a privacy budget begin

__all__ = ["Ingested", "Modality", "Protected", "of", "of_schema", "of_source", "private_twin", "settled"]


def named(name: str) -> Modality:
    """Return the modality of this name, one of generators.MODALITIES."""
    return cast(Modality, import_module(f"launderette.pipelines.modalities.{name}"))


def of(config: RunConfig) -> Modality:
    """Return the modality of a configuration, which its generator names; under a privacy budget, its private twin."""
    return named(config.modality if config.privacy is None else PRIVATE + config.modality)


def private_twin(modality: Modality) -> Modality:
    """Return the twin of a modality under a privacy budget."""
    return named(PRIVATE + modality.NAME)


def of_schema(schema: Schema) -> Modality:
    """Return the modality of the data that a schema describes, such as a fitted model's."""
    return named(schema.modality)


def of_source(path: str | Path) -> Modality:
    """Return the modality that recognises a source; tables are what nothing else recognises."""
    others = (named(name) for name in MODALITIES if name != "tabular")
    return next((modality for modality in others if modality.recognises(path)), named("tabular"))


def settled(config: RunConfig) -> RunConfig:
    """Return the configuration with the usual generator of its source's modality where it names none.

    LaunderError where it names a generator of another modality.
    """
    found = named("tabular") if config.source.is_remote else of_source(config.source.path)
    if "name" not in config.generator.model_fields_set:
        usual = private_twin(found) if config.privacy else found
        return config.updated("generator", name=usual.GENERATOR)
    is_there = config.source.uri or Path(config.source.path).exists()
    if found.NAME != config.modality in MODALITIES and is_there:
        if config.source.path:
            of(config).check_source(config.source.path)
        raise LaunderError(
            f"expected a generator whose name begins with '{found.NAME}.' for {found.SOURCE}, found "
            f"{config.generator.name!r}"
        )
    return config
