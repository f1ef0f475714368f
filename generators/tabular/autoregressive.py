"""Autoregressive tables: p(row) = prod_l p(x_l | x_<l, x_C), each factor a categorical over the tokens of one column.

All factors are trained at once (_chain.py). A share of the training rows also shows a random set C of columns to every factor, so
that a condition on any columns holds when a row is drawn (the known tokens come first), without rejection. Row i is drawn by
inverting each conditional CDF at one coordinate of its own u in [0, 1)^L: rows do not depend on the batch they are drawn in.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from generators import checkpoint as files
from generators import constraints as rules
from generators import device as devices
from generators import encoding, randomness, training
from generators.contract import Budget, Progress, Where
from generators.encoding import Encoding
from generators.schema import Schema, conform
from generators.tabular._chain import Allowed, Model, anything

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

    def sample(
        self, n: int, *, seed: int = 0, where: Where | None = None, constraints: Sequence[str] = (), sobol: bool = False
    ) -> pd.DataFrame:
        """Draw exactly n rows; row i depends on the seed and i alone. ValueError for a condition that no row can meet.

        `constraints` such as "start <= end" or "0 <= age" hold in every row (constraints.py). `sobol` spreads the rows more evenly
        than independent draws: less noise in the table's shares, the same distribution.
        """
        if n < 0:
            raise ValueError(f"expected a number of rows, found {n}")
        where, fixed, columns = where or {}, self.encoding.known(where or {}), len(self.encoding.columns)
        x = torch.zeros(CHUNK, self.encoding.layout.width, dtype=torch.int64)
        x[:, list(fixed)] = torch.tensor(list(fixed.values()), dtype=torch.int64)
        held = rules.read(constraints, self.encoding, where) if constraints else None
        points = randomness.row_sobol if sobol else randomness.row_uniforms
        chunks = [points(seed, first, CHUNK, self._randoms(bool(fixed or held))) for first in range(0, n, CHUNK)]
        allowed = held.masks(list(fixed)) if held else anything
        tokens = np.concatenate([x[:0].numpy(), *(self._draw(u, x, list(fixed), allowed) for u in chunks)])[:n]
        inside = np.concatenate([np.zeros((0, columns)), *(u[:, :columns] for u in chunks)])[:n]
        limits = held.place(self.encoding.cells(tokens), inside) if held else None
        return self._with_known(self.encoding.decode(tokens, inside, seed=seed, limits=limits), where)

    def _randoms(self, conditioned: bool) -> int:
        """Return how many random numbers a row takes: its places within intervals, a choice, and L for each candidate."""
        return len(self.encoding.columns) + 1 + (CANDIDATES if conditioned else 1) * self.encoding.layout.width

    @torch.no_grad()
    def _draw(self, u: np.ndarray, x: Tensor, known: list[int], allowed: Allowed = anything) -> np.ndarray:
        """Draw tokens [B, L] where x is not known: the one candidate, or one of K by its importance weight p(x) / q(x).

        The model's second pass over conditions, q, is less exact than p; resampling among candidates (Rubin 1987) mends that.
        """
        self.model.eval()
        u, x = torch.from_numpy(u[:, len(self.encoding.columns) :]).to(self._device), x.to(self._device)
        drawn = [self.model.draw(part, x, known, allowed) for part in u[:, 1:].split(self.encoding.layout.width, 1)]
        if len(drawn) == 1:
            return drawn[0][0].cpu().numpy()
        weights = torch.stack([-self.model(x) - log_q for x, log_q in drawn]).softmax(0)  # [K, B]
        chosen = (weights.cumsum(0) <= u[:, 0]).sum(0).clamp(max=len(drawn) - 1)
        return torch.stack([x for x, _ in drawn])[chosen, torch.arange(len(u))].cpu().numpy()

    @property
    def _device(self) -> torch.device:
        return self.model.first_bias.device

    def impute(self, frame: pd.DataFrame, *, seed: int = 0) -> pd.DataFrame:
        """Return the frame with each missing value drawn given the rest of its row; identifiers and columns without any value stay."""
        frame, out = conform(frame, self.schema).reset_index(drop=True), []
        for first in range(0, len(frame), CHUNK):
            u = randomness.row_uniforms(seed, first, CHUNK, self._randoms(True))
            out.append(self._imputed(frame.iloc[first : first + CHUNK], u))
        return pd.concat(out).astype(frame.dtypes.to_dict()) if out else frame

    def _imputed(self, frame: pd.DataFrame, u: np.ndarray) -> pd.DataFrame:
        """Fill one chunk, the rows of each pattern of missing columns at once."""
        columns = self.encoding.columns
        gone = np.stack([frame[column.name].isna().to_numpy() & (column.size > 0) for column in columns], 1)  # [rows, columns]
        tokens = self.encoding.encode(frame)
        for pattern in np.unique(gone[gone.any(1)], axis=0):
            rows = np.flatnonzero((gone == pattern).all(1))
            drawn = [place for k in np.flatnonzero(pattern) for place in self.encoding.layout.places[k]]
            known = [place for place in range(tokens.shape[1]) if place not in drawn]
            tokens[rows] = self._draw(u[rows], torch.from_numpy(tokens[rows]), known, self._present)
        filled, out = self.encoding.decode(tokens, u[: len(frame), : len(columns)]), frame.copy()
        for k, column in enumerate(columns):
            out[column.name] = frame[column.name].where(~gone[:, k], filled[column.name].set_axis(frame.index))
        return out

    def _present(self, l: int, x: Tensor) -> Tensor | None:
        """Allow every token of a column but the one for a missing value."""
        if l >= len(self.encoding.columns) or not self.encoding.columns[l].missing:
            return None
        size = self.encoding.layout.sizes[l]
        return (torch.arange(size, device=x.device) < size - 1).expand(len(x), -1)

    def uniforms(self, frame: pd.DataFrame, *, seed: int = 0) -> np.ndarray:
        """Return u [rows, L] from which `sample` would draw these rows' tokens: uniform where the rows are of the model's distribution."""
        self.model.eval()
        x = torch.from_numpy(self.encoding.encode(frame)).to(self._device)
        v = torch.from_numpy(randomness.row_uniforms(seed, 0, len(x), x.shape[1])).to(self._device)
        parts = [self.model.uniforms(*part).cpu().numpy() for part in zip(x.split(CHUNK), v.split(CHUNK), strict=True)]
        return np.concatenate(parts) if parts else np.zeros(x.shape)

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
        x = torch.from_numpy(self.encoding.encode(frame)).to(self._device)
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
        identity=training.identity(tokens, encoded.to_dict(), asdict(config), seed, asdict(budget)),
        budget=budget,
        started=started,
        progress=progress,
        checkpoint=checkpoint,
    )
    model.load_state_dict(model.state_dict() | best)
    return Autoregressive(encoded, config, model.eval(), record | {"device": str(chosen), "reason": reason})


def _settle(config: Config, L: int, rows: int) -> Config:
    """Fill the options left open: less width for many tokens (the residual layers cost L * h^2 each), more decay for few rows."""
    width = config.width or int(np.clip((1.2e6 / L) ** 0.5 // 16 * 16, 32, 128))
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


def restore(document: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> Autoregressive:
    """Return the model that `save` wrote."""
    encoded, config = Encoding.from_dict(document["encoding"]), Config(**document["config"])
    model = _build(encoded, config)
    model.load_state_dict(tensors, strict=True)
    return Autoregressive(encoded, config, model.eval(), document["record"])
