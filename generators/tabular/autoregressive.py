"""Autoregressive tables: p(row) = prod_l p(x_l | x_<l, x_C), each factor a categorical over the tokens of one column.

All factors are trained at once. With the rows' tokens embedded as E [B, L*e], factor l sees the tokens before it through a triangular
first layer (Germain et al. 2015, MADE, arXiv 1502.03509), then has residual layers and an output layer of its own, batched over l.
A share of the training rows also shows a random set C of columns to every factor. So conditions on any columns are exact when a row is drawn
(the known tokens come first), without rejection. Row i is drawn by inverting each conditional CDF at one coordinate of its own
u in [0, 1)^L: rows do not depend on the batch they are drawn in.
"""

import hashlib
import json
import math
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn

from generators import checkpoint as files
from generators import device as devices
from generators import encoding, randomness, training
from generators.contract import Budget, Progress, Where
from generators.encoding import Encoding, Layout
from generators.schema import Schema

NAME = "tabular.autoregressive"
CHUNK = 2048  # rows drawn at once; fixed, so that a row's arithmetic never changes
EPOCHS = 30  # passes over the rows where the budget names neither steps nor minutes
TO_THE_END = Budget()
CANDIDATES = 16  # rows drawn for each row under a condition
WAVES = 12  # cosines of a number's place in its column
MASKED = -1e9  # logit of a token that cannot follow


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


class Model(nn.Module):
    """The factors p(x_l | x_<l, x_C) of L tokens; forward returns -log p per row."""

    def __init__(self, layout: Layout, *, width: int, embedding: int, depth: int, conditional: float) -> None:
        super().__init__()
        L, h, e = layout.width, width, embedding
        self.L, self.h, self.e, self.conditional = L, h, e, conditional
        self.groups = _groups(layout)
        self.order = [l for group in self.groups for l in group]  # factors stand in this order in `hidden` and `out`
        widest = [max(layout.sizes[l] for l in group) for group in self.groups]
        self.embed = nn.Parameter(torch.randn(sum(layout.sizes), e))
        self.first = nn.Parameter(torch.randn(L, L * e, h) / (L * e / 2) ** 0.5)
        self.first_bias = nn.Parameter(torch.zeros(L, h))
        self.hidden = nn.Parameter(torch.randn(depth, L, h, h) * (0.5 / h**0.5))
        self.hidden_bias = nn.Parameter(torch.zeros(depth, L, 1, h))
        self.out = nn.ParameterList(torch.zeros(len(g), h, K) for g, K in zip(self.groups, widest, strict=True))
        self.out_bias = nn.ParameterList(torch.zeros(len(g), 1, K) for g, K in zip(self.groups, widest, strict=True))
        self.smooth = nn.ParameterList(torch.zeros(len(g), h, WAVES) for g in self.groups)
        self._constant(offsets=torch.tensor([0, *np.cumsum(layout.sizes)[:-1]]), member=_member(layout))
        self._constant(waves=torch.cat([_waves(*token, e) for token in zip(layout.ordered, layout.sizes, strict=True)]))
        for k, (group, K) in enumerate(zip(self.groups, widest, strict=True)):
            self._constant(**{f"waves_{k}": torch.stack([_waves(layout.ordered[l], K, WAVES).t() for l in group])})
        self._limits(layout)

    def _constant(self, **tensors: Tensor) -> None:
        for name, tensor in tensors.items():
            self.register_buffer(name, tensor, persistent=False)

    def _limits(self, layout: Layout) -> None:
        """Keep which tokens each factor has: as a term of its logits, or by the coarse token for a fine one."""
        sizes = torch.tensor(layout.sizes)
        for k, (group, bias) in enumerate(zip(self.groups, self.out_bias, strict=True)):
            absent = torch.arange(bias.shape[-1]) >= sizes[group][:, None, None]
            self._constant(**{f"absent_{k}": absent * MASKED})
        self.inner = {fine: coarse for fine, (coarse, _) in layout.inner.items()}
        for fine, (_, allowed) in layout.inner.items():
            self._constant(**{f"allowed_{fine}": torch.from_numpy(allowed)})

    def start_from_marginals(self, x: Tensor) -> None:
        """Set the output biases to the log frequencies of tokens x [N, L]: the untrained model draws independent columns."""
        with torch.no_grad():
            for group, bias in zip(self.groups, self.out_bias, strict=True):
                for row, l in enumerate(group):
                    counts = torch.bincount(x[:, l], minlength=bias.shape[-1])
                    bias[row, 0] = torch.log(counts + 0.1) - math.log(len(x))

    def embedded(self, x: Tensor) -> Tensor:
        """Tokens [B, L] -> [B, L*e]."""
        return nn.functional.embedding(x + self.offsets[: x.shape[1]], self.embed + self.waves).flatten(1)

    def forward(self, x: Tensor) -> Tensor:
        """Return -log p(x) of tokens x [B, L] in nats, [B]; while training, some rows are conditioned on random columns."""
        E, rows = self.embedded(x), round(self.conditional * len(x)) if self.training else 0
        known = self._random_columns(rows)  # [rows, L]
        h = self._first_layer(E, E[:rows] * known.repeat_interleave(self.e, 1))
        nll = self._nll(h, x)
        return torch.cat([(nll[:rows] * (1 - known)).sum(1), nll[rows:].sum(1)])

    def _random_columns(self, rows: int) -> Tensor:
        """Return which tokens are known, [rows, L] of 0 and 1: one column in half of the rows, any number of them in the others."""
        columns = len(self.member)
        count = torch.where(torch.rand(rows, 1) < 0.5, 1, torch.randint(1, max(columns, 2), (rows, 1)))
        chosen = torch.rand(rows, columns).argsort(1) < count
        return chosen.to(self.member) @ self.member

    def _first_layer(self, E: Tensor, shown: Tensor) -> Tensor:
        """Embedded rows E [B, L*e], and `shown` [R, L*e] what the first R of them know of later tokens -> [L, B, h] in `order`."""
        weights, sums, R = self.first.unbind(0), [], len(shown)
        for l in self.order:
            before = slice(0, l * self.e)
            h = torch.addmm(self.first_bias[l], E[:, before], weights[l][before])
            if R:
                later = shown[:, l * self.e :] @ weights[l][l * self.e :]
                h = torch.cat([h[:R] + later, h[R:]])
            sums.append(h)
        return torch.stack(sums)

    def _nll(self, h: Tensor, x: Tensor) -> Tensor:
        """First-layer sums h [L, B, h] -> -log p(x_l | ...) of every token, [B, L]."""
        parts = self._residual(h, slice(None)).split([len(group) for group in self.groups])
        nll = [self._group_nll(k, part, x) for k, part in enumerate(parts)]
        return torch.cat(nll)[self._places].t()

    def _group_nll(self, k: int, h: Tensor, x: Tensor) -> Tensor:
        logits = self._possible(self._logits(k, slice(None), h), self.groups[k], x)
        own = x[:, self.groups[k]].t()[..., None]
        return logits.logsumexp(-1) - logits.gather(-1, own)[..., 0]

    @cached_property
    def _places(self) -> list[int]:
        return [self.order.index(l) for l in range(self.L)]

    def _residual(self, h: Tensor, factors: slice) -> Tensor:
        """The factors' own layers on [factors, B, h]."""
        h = nn.functional.silu(h)
        for W, b in zip(self.hidden, self.hidden_bias, strict=True):
            h = h + nn.functional.silu(torch.baddbmm(b[factors], h, W[factors]))
        return h

    def _logits(self, k: int, rows: slice, h: Tensor) -> Tensor:
        """Group k's logits [factors, B, K] of h [factors, B, h], those of tokens that a factor does not have at -inf (nearly)."""
        bias = self.out_bias[k][rows] + getattr(self, f"absent_{k}")[rows]
        weight = self.out[k][rows] + self.smooth[k][rows] @ getattr(self, f"waves_{k}")[rows]
        return torch.baddbmm(bias, h, weight)

    def _possible(self, logits: Tensor, group: list[int], x: Tensor) -> Tensor:
        """Mask the logits [g, B, K] of fine tokens that their coarse one does not have."""
        if group[0] not in self.inner:
            return logits
        limit = torch.stack([getattr(self, f"allowed_{fine}")[x[:, self.inner[fine]]] for fine in group])  # [g, B]
        return logits.masked_fill(torch.arange(logits.shape[-1], device=x.device) >= limit[..., None], MASKED)

    @torch.no_grad()
    def draw(self, u: Tensor, known: dict[int, int]) -> tuple[Tensor, Tensor]:
        """Invert each conditional CDF at u [B, L]: tokens [B, L], those in `known` as they are given, and log q of the others [B]."""
        x = torch.zeros(u.shape, dtype=torch.int64, device=u.device)
        for place, token in known.items():
            x[:, place] = token
        log_q, C = torch.zeros(len(u), dtype=torch.float64, device=u.device), torch.zeros(self.L, device=u.device)
        C[list(known)] = 1
        shown = self.embedded(x) * C.repeat_interleave(self.e)  # [B, L*e]
        for l in (l for l in range(self.L) if l not in known):
            before, later = slice(0, l * self.e), slice(l * self.e, None)
            h = self.first_bias[l] + self.embedded(x[:, :l]) @ self.first[l, before] + shown[:, later] @ self.first[l, later]
            logits = self._factor(l, h, x).double()
            cdf, last = logits.softmax(-1).cumsum(-1), (logits > MASKED / 2).sum(-1) - 1
            x[:, l] = torch.minimum(torch.searchsorted(cdf, u[:, l : l + 1].double().contiguous(), right=True)[:, 0], last)
            log_q += logits.log_softmax(-1).gather(1, x[:, l : l + 1])[:, 0]
        return x, log_q

    def _factor(self, l: int, h: Tensor, x: Tensor) -> Tensor:
        """First-layer sums h [B, h] of factor l -> its logits [B, its own tokens]."""
        at = self._places[l]
        k = next(k for k, group in enumerate(self.groups) if l in group)
        row = self.groups[k].index(l)
        logits = self._logits(k, slice(row, row + 1), self._residual(h[None], slice(at, at + 1)))
        return self._possible(logits, [l], x)[0]


def _groups(layout: Layout) -> list[list[int]]:
    """Return the tokens in groups of like size (each at most twice its smallest), so that padding to the widest costs little.

    Fine tokens stand apart from the others: only they are masked row by row.
    """
    groups: list[list[int]] = []
    for l in sorted(range(layout.width), key=lambda l: (l in layout.inner, layout.sizes[l])):
        first = groups[-1][0] if groups else None
        alike = first is not None and (first in layout.inner) == (l in layout.inner)
        if alike and layout.sizes[l] <= max(16, 2 * layout.sizes[first]):
            groups[-1].append(l)
        else:
            groups.append([l])
    return groups


def _waves(ordered: int, size: int, count: int) -> Tensor:
    """Cosines over the ordered tokens, zero for the others: [size, count]. What neighbouring numbers share is learned once for all."""
    place = (torch.arange(ordered)[:, None] + 0.5) / max(ordered, 1)
    waves = torch.zeros(size, count)
    waves[:ordered] = torch.cos(math.pi * place * torch.arange(1, count + 1))
    return waves


def _member(layout: Layout) -> Tensor:
    """Return which tokens belong to which column: [columns, L] of 0 and 1."""
    member = torch.zeros(len(layout.places), layout.width)
    for column, places in enumerate(layout.places):
        member[column, list(places)] = 1
    return member


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
        files.write(Path(folder), document, dict(self.model.named_parameters()))


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
    model.load_state_dict(best, strict=True)
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
