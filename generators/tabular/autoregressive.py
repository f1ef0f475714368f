"""Autoregressive tables: p(row) = prod_l p(x_l | x_<l, x_C), each factor a categorical over the tokens of one column.

All factors are trained at once (_chain.py). A share of the training rows also shows a random set C of columns to every factor, so
that a condition on any columns holds when a row is drawn (the known tokens come first), without rejection. Row i is drawn by
inverting each conditional CDF at one coordinate of its own u in [0, 1)^L: rows do not depend on the batch they are drawn in.
"""

import hashlib
import json
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from generators import checkpoint as files
from generators import device as devices
from generators import encoding, randomness, training
from generators.contract import Budget, Progress, Where
from generators.encoding import Encoding
from generators.schema import Schema
from generators.tabular._chain import Model

NAME = "tabular.autoregressive"
CHUNK = 2048  # rows drawn at once; fixed, so that a row's arithmetic never changes
EPOCHS = 30  # passes over the rows where the budget names neither steps nor minutes
TO_THE_END = Budget()
CANDIDATES = 16  # rows drawn for each row under a condition


@dataclass(frozen=True)
class Config:
    """Public options; None is chosen from the number of rows and tokens."""

    width: int | None = None  # h, units per factor
    embedding: int = 12  # e, units per token
    depth: int = 2  # residual layers per factor
    conditional: float = 0.15  # share of training rows that show a random set of columns
    validation: float = 0.05  # share of rows held back for early stopping
    batch: int | None = None
    learning_rate: float | None = None
    weight_decay: float | None = None


@dataclass(frozen=True)
class Autoregressive:
    """A fitted table: samples, likelihoods, saving."""

    encoding: Encoding
    config: Config
    model: Model = field(repr=False)
    record: Mapping[str, Any]

    @property
    def schema(self) -> Schema:
        return self.encoding.schema

    def sample(self, n: int, *, seed: int = 0, where: Where | None = None) -> pd.DataFrame:
        """Draw exactly n rows; row i depends on the seed and i alone. ValueError for a condition that no row can meet."""
        if n < 0:
            raise ValueError(f"expected a number of rows, found {n}")
        known = self.encoding.known(where or {})
        candidates = CANDIDATES if known else 1
        L, columns = self.encoding.layout.width, len(self.encoding.columns)
        chunks = [randomness.row_uniforms(seed, first, CHUNK, columns + 1 + candidates * L) for first in range(0, n, CHUNK)]
        empty = np.zeros((0, L), dtype="int64"), np.zeros((0, columns))
        tokens = np.concatenate([empty[0], *(self._draw(torch.from_numpy(u[:, columns:]), known) for u in chunks)])
        inside = np.concatenate([empty[1], *(u[:, :columns] for u in chunks)])
        return self._with_known(self.encoding.decode(tokens[:n], inside[:n], seed=seed), where or {})

    @torch.no_grad()
    def _draw(self, u: Tensor, known: dict[int, int]) -> np.ndarray:
        """Draw tokens [B, L] at u [B, 1 + K*L]: the one candidate, or one of K by its importance weight p(x) / q(x).

        The model's second pass over conditions, q, is less exact than p; resampling among candidates (Rubin 1987) mends that.
        """
        self.model.eval()
        u = u.to(self.model.first.device)
        drawn = [self.model.draw(part, known) for part in u[:, 1:].split(self.encoding.layout.width, 1)]
        if len(drawn) == 1:
            return drawn[0][0].cpu().numpy()
        weights = torch.stack([-self.model(x) - log_q for x, log_q in drawn]).softmax(0)  # [K, B]
        chosen = (weights.cumsum(0) <= u[:, 0]).sum(0).clamp(max=len(drawn) - 1)
        return torch.stack([x for x, _ in drawn])[chosen, torch.arange(len(u))].cpu().numpy()

    def _with_known(self, frame: pd.DataFrame, where: Where) -> pd.DataFrame:
        """Write a number that a condition names as it is, not as another number of its interval."""
        for name, value in where.items():
            if self.schema.column(name).kind == "numerical" and not pd.isna(value):
                frame[name] = pd.Series([float(value) if isinstance(value, str) else value] * len(frame)).astype(frame[name].dtype)
        return frame

    @torch.no_grad()
    def log_prob(self, frame: pd.DataFrame) -> np.ndarray:
        """Return the log-probability of each row's cells, in nats: float64 [rows]; 0 > better known."""
        self.model.eval()
        x = torch.from_numpy(self.encoding.encode(frame)).to(self.model.first.device)
        return np.concatenate([-self.model(chunk).double().cpu().numpy() for chunk in x.split(CHUNK)] or [np.zeros(0)])

    def save(self, folder: Path) -> None:
        """Write the model as safetensors and JSON."""
        document = {"generator": NAME, "config": asdict(self.config), "encoding": self.encoding.to_dict(), "record": dict(self.record)}
        files.write(Path(folder), document, self.model.state_dict())


def fit(
    data: pd.DataFrame,
    schema: Schema,
    config: Config,
    *,
    seed: int,
    device: str = "auto",
    privacy: object | None = None,
    budget: Budget = TO_THE_END,
    progress: Progress | None = None,
    checkpoint: Path | None = None,
) -> Autoregressive:
    """Train on the rows of `data`; ValueError where a budget, a device or a privacy guarantee cannot be met."""
    started = time.monotonic()
    if privacy is not None:
        raise ValueError(f"expected no privacy budget, found one: {NAME} has no differentially private training yet")
    chosen, reason = devices.choose(device)
    encoded = encoding.fit(data, schema)
    tokens = encoded.encode(data)
    config = _settle(config, encoded.layout.width, len(data))
    kept, held = training.split(len(data), config.validation, seed)
    with torch.random.fork_rng():
        randomness.manual_seed(seed, "weights")
        model = _build(encoded, config)
    x = torch.from_numpy(tokens)
    model.start_from_marginals(x[kept])
    model.start_from_copula(x[kept], x[held])
    model.to(chosen)
    best, record = training.train(
        model,
        x[kept].to(chosen),
        x[held].to(chosen),
        _plan(config, len(kept)),
        seed=seed,
        identity=_identity(tokens, encoded, config, seed, budget),
        budget=budget,
        started=started,
        progress=progress,
        checkpoint=checkpoint,
    )
    model.load_state_dict(model.state_dict() | best)
    return Autoregressive(encoded, config, model.eval(), record | {"device": str(chosen), "reason": reason})


def _settle(config: Config, L: int, rows: int) -> Config:
    """Fill the options left open: less width for many tokens (the first layer has L^2 * e * h weights), more decay for few rows."""
    width = config.width or int(np.clip(8e6 / (L * L * config.embedding) // 16 * 16, 16, 128))
    decay = float(np.clip(3e4 / rows, 0.1, 6))
    batch = int(np.clip(2 ** int(np.log2(max(rows // 16, 1))), 32, 256))
    given = {name: value for name, value in asdict(config).items() if value is not None}
    return Config(**({"width": width, "weight_decay": decay, "batch": batch} | given))


def _build(encoded: Encoding, config: Config) -> Model:
    shape = {name: getattr(config, name) for name in ("width", "embedding", "depth", "conditional")}
    return Model(encoded.layout, **shape)


def _plan(config: Config, rows: int) -> training.Plan:
    epoch = max(1, rows // config.batch)  # steps
    plan = training.Plan(batch=config.batch, steps=int(np.clip(EPOCHS * epoch, 400, 8000)), evaluate_every=max(20, min(epoch, 200)))
    return training.with_options(plan, {"learning_rate": config.learning_rate, "weight_decay": config.weight_decay})


def _identity(tokens: np.ndarray, encoded: Encoding, config: Config, seed: int, budget: Budget) -> str:
    rest = json.dumps([encoded.to_dict(), asdict(config), seed, asdict(budget)], sort_keys=True)
    return hashlib.sha256(tokens.tobytes() + rest.encode()).hexdigest()


def restore(document: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> Autoregressive:
    """Return the model that `save` wrote."""
    encoded, config = Encoding.from_dict(document["encoding"]), Config(**document["config"])
    model = _build(encoded, config)
    model.load_state_dict(tensors, strict=True)
    return Autoregressive(encoded, config, model.eval(), document["record"])
