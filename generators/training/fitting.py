"""What fitting, saving and opening a generator have in common, whatever its family; `train` serves tables and
images alike.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, TypedDict, Unpack

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn

from launderette.generators.contract import Budget, Progress
from launderette.generators.data.groups import Groups
from launderette.generators.data.schema import Schema
from launderette.generators.devices import device as devices
from launderette.generators.devices import memory
from launderette.generators.encoding import encoder
from launderette.generators.encoding.encoding import Encoding
from launderette.generators.errors import GeneratorError
from launderette.generators.sampling.conditioning import CHUNK_ROWS
from launderette.generators.training import loop, state, validation
from launderette.generators.training.crossing import (
    CROSSED_BELOW,
    CROSSED_FOLDS,
    MOST_CROSSED_TOKENS,
    Begin,
    Crossing,
    Untrained,
)
from launderette.generators.training.memorisation import (
    LEAST_WATCHED_ROWS,
    MOST_ATTACKED_ROWS,
    MOST_WATCHED_ROWS,
    REFERENCE_ROWS,
    Attack,
)
from launderette.generators.training.neighbourhood import Coordinates, Sides
from launderette.generators.training.plan import Plan, for_width
from launderette.generators.training.shrinking import Again, Beginning, Chain, same
from launderette.generators.training.state import TrainingRun
from launderette.generators.training.validation import Folds


class FitOptions(TypedDict, total=False):
    """The keyword arguments of every `fit`: how to train."""

    seed: int
    device: str
    privacy: object | None
    budget: Budget
    progress: Progress | None
    checkpoint: Path | None
    groups: Groups | None


@dataclass(frozen=True)
class PrivateTraining:
    """What sets a family apart that can be trained under a privacy budget (privacy/fitting.py): its model has
    `row_losses`. `options` take the place of those that are left open, `start(model, tokens)` gives a model its shares,
    and `biases(model)` are the parameters that keep them.
    """

    options: Mapping[str, Any]
    start: Callable[[Any, Tensor], None]
    biases: Callable[[Any], list[Tensor]]


@dataclass(frozen=True)
class TableFamily:
    """What sets one family of generators apart; each function takes the family's own Config and Model."""

    name: str
    config: type
    # (config, encoding, rows) -> config with the options that were left open
    settle: Callable[[Any, Encoding, int], Any]
    build: Callable[[Encoding, Any], nn.Module]  # (encoding, config) -> untrained model
    # (model, encoding, config, tokens [N, L], parts of them by which settings are chosen)
    start: Callable[[Any, Encoding, Any, Tensor, Folds], None]
    plan: Callable[[Any, int], Plan]  # (config, rows) -> how to optimise
    private: PrivateTraining | None = None  # where there is one
    in_order: bool = False  # whether it draws the rows of an entity in their order


@dataclass(frozen=True)
class Fitted:
    """A trained model and what it was trained with; `x` are the tokens [N, L] of the rows that were not held back."""

    encoding: Encoding
    config: Any
    model: Any
    record: Mapping[str, Any]
    x: Tensor


def fit(family: TableFamily, data: pd.DataFrame, schema: Schema, config: Any, **how: Unpack[FitOptions]) -> Fitted:
    """Train a model of the family on the rows of `data`; ValueError where budget, device, memory or privacy
    guarantee are lacking.
    """
    started, chosen = time.monotonic(), choose(family.name, **how)
    salt = f"{family.name}-{how['seed']}"
    encoded = encoder.fit(data, schema, salt, **named(config), groups=how.get("groups"), in_order=family.in_order)
    x = torch.from_numpy(encoded.encode(data))
    config = family.settle(config, encoded, len(data))

    def begin(training_rows: Tensor, folds: Folds) -> nn.Module:
        model = family.build(encoded, config)
        family.start(model, encoded, config, training_rows, folds)
        return model.to(chosen[0])

    def plan(rows: int) -> Plan:
        return for_width(family.plan(config, rows), encoded.layout.width)

    task = TrainingTask(x, begin, plan, config, encoded.to_dict(), encoded.layout.coordinates)
    model, record, rows = train(task, chosen, started, **how)
    return Fitted(encoded, config, model, record | encoded.told, rows)


class LearntColumns(TypedDict):
    """The columns that are learnt, though others may give them, and fixed combinations such as "city, country"."""

    kept: Sequence[str]
    combinations: Sequence[str]


def named(config: Any) -> LearntColumns:
    """Return what a family's options name of columns, as an encoding takes it."""
    target = getattr(config, "target", None)
    return {"kept": [target] if target else [], "combinations": getattr(config, "combinations", ())}


def choose(name: str, **how: Unpack[FitOptions]) -> tuple[torch.device, str]:
    """Return the device to train on and why; ValueError where it is absent, and for a privacy guarantee that cannot
    be given.
    """
    if how.get("privacy") is not None:
        raise GeneratorError(
            f"expected no privacy budget, found one: {name} has no differentially private training yet"
        )
    return devices.choose(how.get("device", "auto"))


@dataclass(frozen=True)
class TrainingTask:
    """What is learnt, and how: coded rows x [N, ...], by models that `begin` makes of some of them."""

    x: Tensor
    begin: Begin
    plan: Callable[[int], Plan]  # (training rows) -> how to optimise
    config: Any
    coded: Mapping[str, Any]  # how the rows were encoded, as JSON
    coordinates: Coordinates | None = None  # of rows, by which they are alike: calibrated losses are attacked too

    def untrained(self, seed: int, groups: Groups | None) -> Untrained:
        """Return the models before their training."""
        return Untrained(self.begin, self.x, validation.owners(len(self.x), groups), seed, self.coordinates)

    def planned(self, parts: Sides) -> Plan:
        """Return how to optimise on the first of two parts, row numbers; few others bound no memory."""
        plan = self.plan(len(parts[0]))
        return replace(plan, memory=None) if len(parts[1]) < LEAST_WATCHED_ROWS else plan

    def identity(self, seed: int, budget: Budget, parts: Sides) -> str:
        """Return a digest of all that decides what a training ends in."""
        known = dict(self.coded), asdict(self.config), seed, asdict(budget), parts[1].tolist()
        return state.identity(self.x.numpy(), *known)


def train(
    task: TrainingTask, chosen: tuple[torch.device, str], started: float, **how: Unpack[FitOptions]
) -> tuple[Any, dict[str, Any], Tensor]:
    """Train on the `chosen` device, and for its reason: the best model, its record, the training rows."""
    (device, reason), seed, groups = chosen, how["seed"], how.get("groups")
    parts = validation.split(len(task.x), task.config.validation, seed, groups)
    rows, held = (task.x[numbers] for numbers in parts)
    untrained, plan = task.untrained(seed, groups), task.planned(parts)
    model = untrained(*parts)
    beginning = Beginning.of(model, rows.shape[1]) if isinstance(model, Chain) else None
    needed = memory.preflight(model, rows, held, plan)
    attack = _attack(untrained, parts, device, plan)
    budget = how.get("budget") or Budget()
    run = TrainingRun(model, plan, seed, task.identity(seed, budget, parts), budget, started, attack=attack)
    record = _optimise(run, rows.to(device), held.to(device), needed, **how)
    record |= {"device": str(device), "reason": reason, "memory_mb": needed, "validation_rows": parts[1].tolist()}
    if groups is not None:
        record["groups_on_both_sides"] = validation.shared(groups, parts)
    if attack:
        bounded = {} if plan.memory is None else {"bound": plan.memory}
        if beginning is not None:
            bounded = beginning.shrink(attack, task.config.memory, _crossing(untrained, parts, groups, plan))
        record["memorisation"] = attack.measure(partial(model, **plan.attacked)) | bounded
    return model, record, rows


def _optimise(run: TrainingRun, rows: Tensor, held: Tensor, needed: int, **how: Unpack[FitOptions]) -> dict[str, Any]:
    """Leave the model of a run at its best weights, to be asked, and return its record; `needed` is memory in MB."""
    progress = how.get("progress")
    reported = progress and (lambda status: progress(status | {"memory_mb": needed}))
    best, record = loop.train(run, rows, held, progress=reported, checkpoint=how.get("checkpoint"))
    run.model.load_state_dict(run.model.state_dict() | best)
    run.model.eval()
    return record


def _crossing(untrained: Untrained, parts: Sides, groups: Groups | None, plan: Plan) -> Again:
    """Return how an attack on rows of few owners held back is judged again by cross-fitting; the attack itself where
    they are more, or the rows wide.
    """
    rows = untrained.rows
    if len(np.unique(untrained.owners[parts[1]])) >= CROSSED_BELOW or rows.shape[1] > MOST_CROSSED_TOKENS:
        return same
    fold = validation.parts(len(rows), CROSSED_FOLDS, untrained.seed, groups)
    return Crossing(untrained, parts, fold, plan.attacked).judged


def _attack(untrained: Untrained, parts: Sides, device: torch.device, plan: Plan) -> Attack | None:
    """Set up the attack that training is judged by; None for a game of two networks, which has no loss of a row."""
    if list(plan.turns) != [""]:
        return None
    every, held = np.arange(len(untrained.rows)), len(parts[1])
    most = MOST_ATTACKED_ROWS if plan.memory is None else MOST_WATCHED_ROWS
    attack = untrained.attack(parts[0][:most], parts[1][:most], plan.chunk, device)
    if held >= REFERENCE_ROWS:
        return attack
    return attack.steadied(partial(untrained(every, every).eval(), **plan.attacked))


@torch.no_grad()
def log_prob(model: nn.Module, encoded: Encoding, frame: pd.DataFrame, device: torch.device) -> np.ndarray:
    """Return minus the model's loss of each row: float64 [rows]; -inf where a value is missing that no training row
    lacked.
    """
    tokens, nats = encoded.encode(frame), np.full(len(frame), -np.inf)
    known = (tokens < np.array(encoded.layout.sizes)).all(1)
    x = torch.from_numpy(tokens[known]).to(device)
    nats[known] = np.concatenate(
        [np.zeros(0), *(-model(chunk).double().cpu().numpy() for chunk in x.split(CHUNK_ROWS))]
    )
    return nats


def restore(
    family: TableFamily, document: Mapping[str, Any], tensors: Mapping[str, Tensor]
) -> tuple[Encoding, Any, Any, Mapping[str, Any]]:
    """Return encoding, config, model and record of what `save` wrote."""
    encoded, config = Encoding.from_dict(document["encoding"]), family.config(**document["config"])
    model = family.build(encoded, config)
    model.load_state_dict(tensors, strict=True)
    return encoded, config, model.eval(), document["record"]
