"""What fitting, saving and opening a table's generator have in common, whatever its family."""

import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TypedDict

import pandas as pd
import torch
from torch import Tensor, nn

from generators import checkpoint as files
from generators import device as devices
from generators import encoding, memory, randomness, training
from generators.contract import Budget, Progress
from generators.encoding import Encoding
from generators.schema import Schema


class How(TypedDict, total=False):
    """The keyword arguments of every `fit`: how to train."""

    seed: int
    device: str
    privacy: object | None
    budget: Budget
    progress: Progress | None
    checkpoint: Path | None


@dataclass(frozen=True)
class Family:
    """What sets one family of generators apart; each function takes the family's own Config and Model."""

    name: str
    config: type
    settle: Callable[[Any, Encoding, int], Any]  # (config, encoding, rows) -> config with the options that were left open
    build: Callable[[Encoding, Any], nn.Module]  # (encoding, config) -> untrained model
    start: Callable[[Any, Encoding, Any, Tensor, Tensor], None]  # (model, encoding, config, tokens [N, L], held-out ones [M, L])
    plan: Callable[[Any, int], training.Plan]  # (config, rows) -> how to optimise


@dataclass(frozen=True)
class Fitted:
    """A trained model and what it was trained with; `x` are the tokens [N, L] of the rows that were not held back."""

    encoding: Encoding
    config: Any
    model: Any
    record: Mapping[str, Any]
    x: Tensor


def fit(
    family: Family,
    data: pd.DataFrame,
    schema: Schema,
    config: Any,
    *,
    seed: int,
    device: str = "auto",
    privacy: object | None = None,
    budget: Budget | None = None,
    progress: Progress | None = None,
    checkpoint: Path | None = None,
) -> Fitted:
    """Train a model of the family on the rows of `data`; ValueError where budget, device, memory or privacy guarantee are lacking."""
    started, budget = time.monotonic(), budget or Budget()
    if privacy is not None:
        raise ValueError(f"expected no privacy budget, found one: {family.name} has no differentially private training yet")
    chosen, reason = devices.choose(device)
    encoded = encoding.fit(data, schema)
    x = torch.from_numpy(encoded.encode(data))
    config = family.settle(config, encoded, len(data))
    kept, held = (x[rows] for rows in training.split(len(data), config.validation, seed))
    with torch.random.fork_rng():
        randomness.manual_seed(seed, "weights")
        model = family.build(encoded, config)
        family.start(model, encoded, config, kept, held)
    plan = family.plan(config, len(kept))
    needed = memory.preflight(model.to(chosen), kept, held, plan)
    best, record = training.train(
        model,
        kept.to(chosen),
        held.to(chosen),
        plan,
        seed=seed,
        identity=training.identity(x.numpy(), encoded.to_dict(), asdict(config), seed, asdict(budget)),
        budget=budget,
        started=started,
        progress=progress and (lambda status: progress(status | {"memory_mb": needed})),
        checkpoint=checkpoint,
    )
    model.load_state_dict(model.state_dict() | best)
    return Fitted(encoded, config, model.eval(), record | {"device": str(chosen), "reason": reason, "memory_mb": needed}, kept)


def save(folder: Path, family: Family, fitted: Any, tensors: Mapping[str, Tensor]) -> None:
    """Write what was fitted (its encoding, config and record) and its tensors as safetensors and JSON."""
    document = {"generator": family.name, "config": asdict(fitted.config), "encoding": fitted.encoding.to_dict()}
    files.write(Path(folder), document | {"record": dict(fitted.record)}, tensors)


def restore(family: Family, document: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> tuple[Encoding, Any, Any, Mapping[str, Any]]:
    """Return encoding, config, model and record of what `save` wrote."""
    encoded, config = Encoding.from_dict(document["encoding"]), family.config(**document["config"])
    model = family.build(encoded, config)
    model.load_state_dict(tensors, strict=True)
    return encoded, config, model.eval(), document["record"]
