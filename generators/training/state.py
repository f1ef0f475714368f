"""The state of a training run, and its checkpoint: a run that was killed continues from it and ends in the same
weights.
"""

import hashlib
import json
import math
import warnings
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np
import torch
from torch import Tensor, nn

from launderette.generators.contract import Budget
from launderette.generators.devices.cuda_graph import Replayed
from launderette.generators.errors import GeneratorError
from launderette.generators.optimizers.adam import Adam, ParameterGroup
from launderette.generators.training import checkpoint as files
from launderette.generators.training.memorisation import Attack
from launderette.generators.training.plan import Plan


@runtime_checkable
class Dropping(Protocol):
    """A model that leaves units out in training."""

    dropout: float  # share of them


@dataclass
class State:
    """Where a run stands: plain numbers, so that it goes into JSON."""

    step: int = 0
    total: int = 0  # 0 until the pace of the machine has been measured
    seconds: float = 0.0
    best: float = math.inf  # validation loss, nats per row
    stale: int = 0  # evaluations since the best
    remembered: float = 0.5  # AUC of the loss attack on the best, where the plan bounds it
    barred: int = 0  # evaluations since the best, better ones that remember too much
    dropouts: int = 0  # how many of the plan's have been taken
    lowered: int = 0
    loss: float = math.nan
    stopped: str = ""
    diversity: float = math.nan
    fidelity: float = math.nan
    restarts: int = 0
    parts: int = 1  # that a batch is taken in, one after another or by several processes
    narrowed: int = 1  # parts that a chunk of the validation split is taken in


@dataclass
class TrainingRun:
    """One training run: the model, its running averages and the best of these so far."""

    model: nn.Module
    plan: Plan
    seed: int
    identity: str  # of data, options, seed and budget: a checkpoint of another run is not continued
    budget: Budget
    started: float
    state: State = field(default_factory=State)
    epoch: int = -1  # whose order of the rows `order` is
    order: Tensor = field(init=False, repr=False)
    attack: Attack | None = None  # that the plan's bound on memory is kept by
    noted: Tensor | None = None  # the last loss that was kept, still on the device
    replayed: dict[str, Replayed] = field(default_factory=dict)  # each turn's move
    optimizer: Adam = field(init=False)
    average: dict[str, Tensor] = field(init=False)
    best: dict[str, Tensor] = field(init=False)

    def __post_init__(self) -> None:
        named = dict(self.model.named_parameters())
        plan, groups = self.plan, []
        for prefix, turn in plan.turns.items():
            own = {name: p for name, p in named.items() if name.startswith(prefix)}
            for bias, decay in ((False, plan.weight_decay), (True, 0.0)):
                parameters = [p for name, p in own.items() if ("bias" in name) is bias]
                groups.append(ParameterGroup(parameters, plan.learning_rate, decay, turn.pace))
        self.optimizer = Adam(groups, plan.betas)
        self.average = {name: p.detach().clone() for name, p in self.model.named_parameters()}
        self.best = self.average
        self.state.total = (
            0 if self.budget.minutes else self.budget.steps or max(1, round(self.budget.share * plan.steps))
        )

    def arrange_dropout(self) -> None:
        """Have the model leave out as many units as the state says."""
        if self.state.dropouts and isinstance(self.model, Dropping):
            self.model.dropout = self.plan.dropouts[self.state.dropouts - 1]

    @property
    def device(self) -> torch.device:
        """Where the weights lie."""
        return next(self.model.parameters()).device


def identity(tokens: np.ndarray, *rest: Any) -> str:
    """Return a digest of the tokens and of all else that decides what a run ends in (what JSON can hold)."""
    return hashlib.sha256(tokens.tobytes() + json.dumps(rest, sort_keys=True).encode()).hexdigest()


def save(run: TrainingRun, folder: Path) -> None:
    """Write the checkpoint of a run: weights, averages, and the moments of the parameters that have some.

    A parameter that no gradient has reached has none, and none has any in the step in which training went back to its
    best weights.
    """
    tensors: dict[str, Tensor] = {f"model.{name}": p for name, p in run.model.named_parameters()}
    tensors |= {f"average.{name}": p for name, p in run.average.items()}
    tensors |= {f"best.{name}": p for name, p in run.best.items()}
    for name, p in run.model.named_parameters():
        tensors |= {f"adam.{key}.{name}": value for key, value in run.optimizer.state.get(p, {}).items()}
    state = {
        key: value if not isinstance(value, float) or math.isfinite(value) else None
        for key, value in vars(run.state).items()
    }
    files.write(
        folder, {"identity": run.identity, "state": state}, {name: t.detach().clone() for name, t in tensors.items()}
    )


def resume(run: TrainingRun, folder: Path) -> None:
    """Continue from the checkpoint if it belongs to this run; start afresh otherwise, with a warning where it
    cannot be read.
    """
    try:
        document, tensors = files.read(folder)
    except GeneratorError:
        warnings.warn("expected a readable checkpoint, found a damaged one; training starts afresh", stacklevel=4)
        return
    if document.get("identity") != run.identity:
        return
    missing = {"best": math.inf, "loss": math.nan, "diversity": math.nan, "fidelity": math.nan}
    values: dict[str, Any] = {
        key: missing.get(key) if value is None else value for key, value in document["state"].items()
    }
    run.state = State(**values)
    run.arrange_dropout()
    named = dict(run.model.named_parameters())
    with torch.no_grad():
        for name, parameter in named.items():
            parameter.copy_(tensors[f"model.{name}"])
            if f"adam.step.{name}" in tensors:
                moments = {
                    key: _laid_out(tensors[f"adam.{key}.{name}"], parameter) for key in ("exp_avg", "exp_avg_sq")
                }
                run.optimizer.state[parameter] = {"step": tensors[f"adam.step.{name}"].to(parameter.device), **moments}
    run.average, run.best = (
        {name: _laid_out(tensors[f"{kind}.{name}"], p) for name, p in named.items()} for kind in ("average", "best")
    )


def _laid_out(tensor: Tensor, parameter: Tensor) -> Tensor:
    """Return a tensor on its parameter's device and in its order in memory: the fused optimizer goes by the memory
    of both.
    """
    return torch.empty_like(parameter, requires_grad=False).copy_(tensor)
