"""What options of generators may be: one range per name, whatever the family."""

import math
from dataclasses import fields
from typing import Any, TypeVar

from launderette.generators.errors import GeneratorError

SIZE_RANGE = (1, 65_536)  # units, layers, rows, draws
SHARE_RANGE = (0.0, 1.0)
UNUSED_PRIVATELY = ("validation", "memory")  # under a privacy budget: they judge by losses of rows held back
RANGES: dict[str, tuple[float, float]] = {
    **dict.fromkeys(
        ("width", "hidden", "depth", "blocks", "embedding", "mixture", "patch", "packing", "candidates"), SIZE_RANGE
    ),
    **dict.fromkeys(("conditional", "unlabelled", "augment", "shift", "masking"), SHARE_RANGE),
    "memory": (0.5, 1.0),
    "batch": (1, 1 << 24),
    "bins": (2, 1024),
    "edges": (0, 65_536),
    "latent": (2, 65_536),
    "sampling_steps": (2, 10_000),
    "validation": (0.0, 0.9),
    "dropout": (0.0, 0.95),
    "finish": (0.0, 0.95),
    "pace": (1e-6, 1e3),
    "learning_rate": (1e-9, 10.0),
    "weight_decay": (0.0, 1e4),
    "penalty": (0.0, 1e6),
    "noise": (0.0, 1e6),
    "guidance": (0.0, 1e3),
}

Option = TypeVar("Option")


def settled(option: Option | None) -> Option:
    """Return an option of a config that its family has filled; GeneratorError where it was left open."""
    if option is None:
        raise GeneratorError("expected a config whose options its family has settled, found one that is still open")
    return option


def check(config: Any) -> None:
    """Raise GeneratorError for the first option of a Config that is no number in its range; None is chosen later."""
    for field in fields(config):
        value, (low, high) = getattr(config, field.name), RANGES.get(field.name, (-math.inf, math.inf))
        if isinstance(value, int | float) and not low <= value <= high:
            raise GeneratorError(f"expected {field.name} of {low:g} to {high:g}, found {value:g}; correct it")
