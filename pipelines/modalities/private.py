"""What all runs under a privacy budget have in common, on tables and on images: what nobody paid for is not asked."""

from collections.abc import Sequence
from typing import Any

from launderette.evaluation import names as metric_names
from launderette.generators import Schema
from launderette.pipelines.config import RunConfig, rules
from launderette.pipelines.config.proposals import Proposals
from launderette.pipelines.drift import schemas
from launderette.pipelines.drift.findings import Drifted
from launderette.pipelines.modalities.contract import Protected

REPEATED_UNDER = 0  # for each training would be paid for


def entity(schema: Schema, config: RunConfig) -> None:
    """Return None: what is protected is one row or image, or an entity that the configuration names."""


def compare(before: Any, data: Any, old: Schema, schema: Schema, rows: Sequence[int] = ()) -> list[Drifted]:
    """Return what has changed in columns and in the size of images: about rows and images nobody has asked."""
    return schemas.compare(old, schema)


def propose_rules(data: Any, schema: Schema, config: RunConfig) -> Proposals:
    """Return none: which rules the rows keep is a question that nobody paid for."""
    return Proposals()


def protect(data: Any, schema: Schema, config: RunConfig) -> Protected:
    """Return the data as they are: their domain is stated, so nothing rare or extreme is left to take out."""
    return Protected(data, {"columns": {}})


def counted(train: Any, holdout: Any, schema: Schema, config: RunConfig) -> Schema:
    """Return the schema as it is: what rows share is a question that nobody paid for."""
    return schema


def shared(train: Any, holdout: Any) -> int:
    """Return 0: how many rows or images equal a training one is a question that nobody paid for."""
    return 0


def scored(names: Sequence[str] | None, modality: str) -> list[str]:
    """Return the metrics to compute, of these or of all: none of privacy, which would look at training data."""
    return [name for name in names or metric_names(modality) if not name.startswith(rules.PRIVACY)]
