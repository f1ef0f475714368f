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
MASKED = -1e9  # logit of a token that cannot follow


@dataclass(frozen=True)
class Config:
    """Public options; None is chosen from the number of rows and tokens."""

    width: int | None = None  # h, units per factor
    embedding: int = 12  # e, units per token
    depth: int = 2  # residual layers per factor
    dropout: float | None = None
    conditional: float = 0.15  # share of training rows that show a random set of columns
    validation: float = 0.05  # share of rows held back for early stopping
    batch: int | None = None
    learning_rate: float | None = None
    weight_decay: float | None = None


class Model(nn.Module):
    """The factors p(x_l | x_<l, x_C) of L tokens; forward returns -log p per row."""

    def __init__(self, layout: Layout, *, width: int, embedding: int, depth: int, dropout: float, conditional: float) -> None:
        super().__init__()
        L, h, e = layout.width, width, embedding
        self.L, self.h, self.e, self.conditional = L, h, e, conditional
        self.groups = _groups(layout)
        self.embed = nn.Embedding(sum(layout.sizes), e)
        self.first = nn.Parameter(torch.randn(L * e, L, h) / (L * e / 2) ** 0.5)
        self.first_bias = nn.Parameter(torch.zeros(L, h))
        self.hidden = nn.Parameter(torch.randn(depth, L, h, h) * (0.5 / h**0.5))
        self.hidden_bias = nn.Parameter(torch.zeros(depth, L, 1, h))
        widest = [max(layout.sizes[l] for l in group) for group in self.groups]
        self.out = nn.ParameterList(torch.zeros(len(g), h, K) for g, K in zip(self.groups, widest, strict=True))
        self.out_bias = nn.ParameterList(torch.zeros(len(g), 1, K) for g, K in zip(self.groups, widest, strict=True))
        self.drop = nn.Dropout(dropout)
        before = torch.ones(L, L).triu(1).repeat_interleave(e, 0)  # [L*e, L]: 1 where the token comes before token l
        self._constant(before=before, offsets=torch.tensor([0, *np.cumsum(layout.sizes)[:-1]]), member=_member(layout))
        parent, allowed = _allowed(layout)
        self._constant(parent=parent, allowed=allowed)

    def _constant(self, **tensors: Tensor) -> None:
        for name, tensor in tensors.items():
            self.register_buffer(name, tensor, persistent=False)

    def start_from_marginals(self, x: Tensor) -> None:
        """Set the output biases to the log frequencies of tokens x [N, L]: the untrained model draws independent columns."""
        with torch.no_grad():
            for group, bias in zip(self.groups, self.out_bias, strict=True):
                for row, l in enumerate(group):
                    counts = torch.bincount(x[:, l], minlength=bias.shape[-1])
                    bias[row, 0] = torch.log(counts + 0.1) - math.log(len(x))

    def embedded(self, x: Tensor) -> Tensor:
        """Tokens [B, L] -> [B, L*e]."""
        return self.embed(x + self.offsets).flatten(1)

    def forward(self, x: Tensor) -> Tensor:
        """Return -log p(x) of tokens x [B, L] in nats, [B]; while training, some rows are conditioned on random columns."""
        E = self.embedded(x)
        h = torch.addmm(self.first_bias.flatten(), E, (self.first * self.before[..., None]).flatten(1))
        unknown = torch.ones_like(x, dtype=h.dtype)
        if rows := round(self.conditional * len(x)) if self.training else 0:
            known = self._random_columns(rows)  # [rows, L]
            unknown = torch.cat([1 - known, unknown[rows:]])
            shown = (E[:rows] * known.repeat_interleave(self.e, 1)) @ (self.first * (1 - self.before)[..., None]).flatten(1)
            h = torch.cat([h[:rows] + shown, h[rows:]])
        return (self._nll(h.view(len(x), self.L, self.h), x) * unknown).sum(1)

    def _random_columns(self, rows: int) -> Tensor:
        """Return which tokens are known, [rows, L] of 0 and 1: one column in half of the rows, any number of them in the others."""
        columns = len(self.member)
        count = torch.where(torch.rand(rows, 1) < 0.5, 1, torch.randint(1, max(columns, 2), (rows, 1)))
        chosen = torch.rand(rows, columns).argsort(1) < count
        return chosen.to(self.member) @ self.member

    def _nll(self, h: Tensor, x: Tensor) -> Tensor:
        """First-layer sums h [B, L, h] -> -log p(x_l | ...) of every token, [B, L]."""
        h = self._residual(h.transpose(0, 1), slice(None))
        nll = torch.empty(self.L, len(x), device=x.device)
        for group, W, b in zip(self.groups, self.out, self.out_bias, strict=True):
            logits = self._possible(torch.baddbmm(b, h[group], W), group, x)
            own = x[:, group].t()[..., None]
            nll[group] = logits.logsumexp(-1) - logits.gather(-1, own)[..., 0]
        return nll.t()

    def _residual(self, h: Tensor, l: slice) -> Tensor:
        """The factors' own layers on [factors, B, h]."""
        h = nn.functional.silu(h)
        for W, b in zip(self.hidden, self.hidden_bias, strict=True):
            h = h + nn.functional.silu(torch.baddbmm(b[l], self.drop(h), W[l]))
        return h

    def _possible(self, logits: Tensor, group: list[int], x: Tensor) -> Tensor:
        """Mask the logits [g, B, K] of tokens that a factor, or a fine token under its coarse one, does not have."""
        parents = x[:, self.parent[group]].t()  # [g, B]
        limit = self.allowed[torch.tensor(group, device=x.device)[:, None], parents]
        return logits.masked_fill(torch.arange(logits.shape[-1], device=x.device) >= limit[..., None], MASKED)

    @torch.no_grad()
    def draw(self, u: Tensor, known: dict[int, int]) -> Tensor:
        """Invert each conditional CDF at u [B, L]: tokens [B, L], those in `known` as they are given."""
        x = torch.zeros(u.shape, dtype=torch.int64, device=u.device)
        for place, token in known.items():
            x[:, place] = token
        C = torch.zeros(self.L, device=u.device)
        C[list(known)] = 1
        shown = self.embedded(x) * C.repeat_interleave(self.e)  # [B, L*e]
        at = {l: (k, row) for k, group in enumerate(self.groups) for row, l in enumerate(group)}
        for l in (l for l in range(self.L) if l not in known):
            s = slice(0, l * self.e)
            E = self.embed(x[:, :l] + self.offsets[:l]).flatten(1)
            h = self.first_bias[l] + E @ self.first[s, l] + shown[:, l * self.e :] @ self.first[l * self.e :, l]
            h = self._residual(h[None], slice(l, l + 1))
            k, row = at[l]
            logits = self._possible(torch.baddbmm(self.out_bias[k][row : row + 1], h, self.out[k][row : row + 1]), [l], x)[0]
            cdf = logits.double().softmax(-1).cumsum(-1)
            highest = logits.argmax(-1) if logits.shape[-1] == 1 else (logits > MASKED / 2).sum(-1) - 1
            x[:, l] = torch.minimum((cdf <= u[:, l : l + 1]).sum(-1), highest)
        return x


def _groups(layout: Layout) -> list[list[int]]:
    """Return the tokens in groups of like size (each at most twice its smallest), so that padding to the widest costs little."""
    groups: list[list[int]] = []
    for l in sorted(range(layout.width), key=lambda l: layout.sizes[l]):
        if groups and layout.sizes[l] <= max(16, 2 * layout.sizes[groups[-1][0]]):
            groups[-1].append(l)
        else:
            groups.append([l])
    return groups


def _member(layout: Layout) -> Tensor:
    """Return which tokens belong to which column: [columns, L] of 0 and 1."""
    member = torch.zeros(len(layout.places), layout.width)
    for column, places in enumerate(layout.places):
        member[column, list(places)] = 1
    return member


def _allowed(layout: Layout) -> tuple[Tensor, Tensor]:
    """Return each token's parent [L] and how many values it has under each value of the parent: [L, largest size]."""
    parent = torch.zeros(layout.width, dtype=torch.int64)
    allowed = torch.tensor(layout.sizes)[:, None].repeat(1, max(layout.sizes))
    for fine, (coarse, sizes) in layout.inner.items():
        parent[fine] = coarse
        allowed[fine, : len(sizes)] = torch.from_numpy(sizes)
    return parent, allowed


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
        L, width = self.encoding.layout.width, self.encoding.layout.width + len(self.encoding.columns)
        chunks = [randomness.row_uniforms(seed, first, CHUNK, width) for first in range(0, n, CHUNK)]
        tokens = [self._draw(torch.from_numpy(u[:, :L]), known) for u in chunks]
        inside = np.concatenate([u[:, L:] for u in chunks])[:n] if chunks else np.zeros((0, width - L))
        rows = np.concatenate(tokens)[:n] if chunks else np.zeros((0, L), dtype="int64")
        return self._with_known(self.encoding.decode(rows, inside, seed=seed), where or {})

    def _draw(self, u: Tensor, known: dict[int, int]) -> np.ndarray:
        self.model.eval()
        return self.model.draw(u.to(self.model.first.device), known).cpu().numpy()

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
    """Fill the options left open: less width for many tokens (the first layer has L^2 * e * h weights), more dropout for few rows."""
    width = config.width or int(np.clip(8e6 / (L * L * config.embedding) // 16 * 16, 16, 128))
    dropout = 0.1 if rows >= 20_000 else 0.2
    batch = int(np.clip(2 ** int(np.log2(max(rows // 16, 1))), 32, 256))
    given = {name: value for name, value in asdict(config).items() if value is not None}
    return Config(**({"width": width, "dropout": dropout, "batch": batch} | given))


def _build(encoded: Encoding, config: Config) -> Model:
    shape = {name: getattr(config, name) for name in ("width", "embedding", "depth", "dropout", "conditional")}
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
