"""How to optimise: the same fields for every family."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from launderette.generators.training.options import settled

WIDE_TOKENS = 500  # of a row, beyond which steps are as many fewer as they take longer
LEAST_STEPS = 40  # of the widest rows
DEFAULT_EPOCHS = 30  # passes over the rows of a table where the budget names neither steps nor minutes


@dataclass(frozen=True)
class Turn:
    """What one network of a GAN does; a model with one loss has one turn."""

    pace: float = 1.0  # share of the learning rate
    until: float = 1.0  # share of the steps; then its averaged weights take the place of the latest ones, and it rests


@dataclass(frozen=True)
class Plan:
    """How to optimise; the same fields for every family."""

    learning_rate: float = 3e-3
    weight_decay: float = 1e-2
    batch: int = 256
    steps: int = 2000  # where the budget names none
    most_steps: int = 10**9  # that a budget of minutes may plan with
    warmup: int = 50  # steps
    ema: float = 0.995
    clip: float = 1.0
    evaluate_every: int = 100  # steps
    patience: int = 10  # evaluations without a better validation loss
    dropouts: tuple[float, ...] = ()  # shares of the units left out, one after another, as validation no longer gains
    betas: tuple[float, float] = (0.9, 0.99)
    # by the prefix of the parameters that move in it
    turns: Mapping[str, "Turn"] = field(default_factory=lambda: {"": Turn()})
    latest: bool = False  # return the latest weights: the validation loss does not tell which are best
    least_diversity: float = (
        0.0  # below it a run has collapsed; a model that measures this sets `diversity` when it is evaluated
    )
    least_fidelity: float = 0.0  # below it a run draws noise; likewise, `fidelity`
    watched_from: float = 0.0  # share of the steps before which nothing has collapsed, only not begun
    chunk: int = 4096  # rows of the validation split at once
    memory: float | None = None  # bound on the AUC of the loss attack on the weights that are kept
    attacked: Mapping[str, Any] = field(default_factory=dict)  # arguments of the model whose losses are attacked
    half: bool = False  # multiply in bfloat16 on a GPU
    replayed: bool = False  # record a step as a CUDA graph: nothing in it waits for the GPU, as solving equations does


def chain_options(tokens: int, rows: int) -> dict[str, float]:
    """Return the options of a chain over so many tokens that rows decide: less width for many tokens (residual layers
    cost L * h^2 each), more decay for few rows.
    """
    return {
        "width": int(np.clip((1.2e6 / tokens) ** 0.5 // 16 * 16, 32, 128)),
        "weight_decay": float(np.clip(3e4 / rows, 0.1, 6)),
        "batch": int(np.clip(2 ** int(np.log2(max(rows // 16, 1))), 32, 256)),
    }


def of_chain(config: Any, rows: int) -> Plan:
    """Return the plan of a chain over tokens, whose config names batch, learning_rate and weight_decay."""
    batch = settled(config.batch)
    epoch = max(1, rows // batch)  # steps
    plan = Plan(
        batch=batch,
        steps=int(np.clip(DEFAULT_EPOCHS * epoch, 400, 8000)),
        evaluate_every=max(20, min(epoch, 200)),
        half=True,
    )
    return with_options(plan, {"learning_rate": config.learning_rate, "weight_decay": config.weight_decay})


def for_width(plan: Plan, tokens: int) -> Plan:
    """Return the plan for rows of so many tokens: of very wide rows a step takes longer, and fewer are taken."""
    fewer = max(LEAST_STEPS, round(plan.steps * WIDE_TOKENS / tokens))
    return replace(plan, steps=min(plan.steps, fewer))


def with_options(plan: Plan, options: Mapping[str, Any]) -> Plan:
    """Return the plan with the options that are not None."""
    return replace(plan, **{name: value for name, value in options.items() if value is not None})
