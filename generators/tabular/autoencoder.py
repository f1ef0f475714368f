"""Denoising autoencoder for tables: the classical baseline (Vincent et al. 2010, JMLR 11).

While it learns, some columns of each row are hidden from the encoder (masking noise), which maps the others' tokens to
z on a sphere; Gaussian noise is added there too (Poole et al. 2014, arXiv 1406.1831), and every token, seen or hidden,
is decoded from z + sigma e by a categorical head of its own. The column `target` is always hidden: its head classifies.
Gaps are filled as MIDA does, by what is decoded of the visible cells (Gondara & Wang 2018, arXiv 1705.02737); gaps of
one row depend on each other through z alone. Rows are drawn as p(z) prod_l p(x_l | z + sigma e) with a mixture of
Gaussians p(z) fitted to the training rows' latents afterwards (Ghosh et al. 2020, arXiv 1903.12436), so that no row is
needed once the model is fitted.

What sigma does (benchmarks/autoencoder_noise.py, docs/autoencoder_noise.svg): below 1 the noise costs nothing on breast
cancer and wine, beyond it the heads forget one another, and the rows are detected long before the columns' shapes or
the classifier suffer. A little of it, sigma = 1 on wine, even helps, because it covers what a mixture of Gaussians
misses between the latents.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, Unpack

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn

from launderette.generators.contract import Where
from launderette.generators.data.schema import Schema
from launderette.generators.encoding.encoding import Encoding
from launderette.generators.encoding.layout import Layout
from launderette.generators.errors import GeneratorError
from launderette.generators.fitted import FittedTable
from launderette.generators.networks import mixture
from launderette.generators.networks.layers import IMPOSSIBLE
from launderette.generators.networks.mixture import Mixture
from launderette.generators.sampling import conditioning, imputation, reading
from launderette.generators.sampling.conditioning import CHUNK_ROWS, Allowed, anything
from launderette.generators.sampling.rows import Asked, Drawing
from launderette.generators.training import fitting, options, randomness
from launderette.generators.training.fitting import FitOptions, TableFamily
from launderette.generators.training.plan import Plan, with_options
from launderette.generators.training.validation import Folds

CONDITION_LATENTS = 8192  # latents among which a condition chooses
LATENT_COMPONENTS = 24  # of the mixture
COSINES = (
    24  # cosines of a number's place in its column, in which its logits are written: neighbours share what is learned
)


@dataclass(frozen=True)
class Config:
    """Public options."""

    target: str | None = None  # the column that is classified: hidden from the encoder, predicted from the latent
    noise: float = 0.3  # sigma, where a latent's coordinates have variance 1
    masking: float = 0.3  # share of a row's columns that are hidden from the encoder while it learns
    latent: int = 16  # d, coordinates of z
    width: int = 192  # h, units per layer
    embedding: int = 8  # e, units per token
    validation: float = 0.05  # share of rows held back for early stopping
    batch: int = 256
    learning_rate: float | None = None
    weight_decay: float | None = None

    def __post_init__(self) -> None:
        options.check(self)


class Model(nn.Module):
    """Encoder, noise, decoder; forward returns the loss of reconstruction per row, in nats."""

    offsets: Tensor  # [L], the place of each token's first row in the embedding
    seen: Tensor  # [L], 0 for a token that is always hidden from the encoder
    coarse: Tensor  # int64 [L], the place of each token's coarse one: itself but for fine tokens

    def __init__(self, layout: Layout, hidden: list[int], config: Config) -> None:
        super().__init__()
        L, h, e, d = layout.width, config.width, config.embedding, config.latent
        self.sizes, self.d, self.sigma, self.masking = layout.sizes, d, config.noise, config.masking
        self.inner = {fine: coarse for fine, (coarse, _) in layout.inner.items()}
        waves = [_waves(*token) for token in zip(layout.ordered, self.sizes, strict=True)]
        self.ranks = [len(wave) for wave in waves]
        self.embed = nn.Parameter(torch.cat([_embedding(wave, e) for wave in waves]))
        self.encoder = nn.Sequential(nn.Linear(L * e, h), nn.SiLU(), nn.Linear(h, h), nn.SiLU(), nn.Linear(h, d))
        self.decoder = nn.Sequential(
            nn.Linear(d, h), nn.SiLU(), nn.Linear(h, h), nn.SiLU(), nn.Linear(h, sum(self.ranks))
        )
        self.bias = nn.Parameter(torch.zeros(sum(self.sizes)))
        self.register_buffer("coarse", torch.tensor([self.inner.get(l, l) for l in range(L)]), persistent=False)
        self.register_buffer("offsets", torch.tensor([0, *np.cumsum(self.sizes)[:-1]]), persistent=False)
        self.register_buffer("seen", torch.tensor([float(l not in hidden) for l in range(L)]), persistent=False)
        for l, wave in enumerate(waves):
            self.register_buffer(f"waves_{l}", wave, persistent=False)
        for fine, (_, allowed) in layout.inner.items():
            absent = torch.arange(self.sizes[fine]) >= torch.from_numpy(allowed)[:, None]
            self.register_buffer(f"inside_{fine}", absent * IMPOSSIBLE)  # log p(fine | coarse) [K coarse, K fine]

    @torch.no_grad()
    def start_from_marginals(self, x: Tensor) -> None:
        """Let the heads of tokens x [N, L] begin with the tokens' frequencies, fine ones with those under each
        coarse token.
        """
        for parameter in self.decoder[-1].parameters():
            parameter.zero_()
        for l, bias in enumerate(self.bias.split(self.sizes)):
            bias.copy_(torch.log((torch.bincount(x[:, l], minlength=len(bias)) + 0.1) / len(x)))
        for fine, coarse in self.inner.items():
            self.bias.split(self.sizes)[fine].zero_()
            inside = getattr(self, f"inside_{fine}")
            counts = torch.bincount(x[:, coarse] * inside.shape[1] + x[:, fine], minlength=inside.numel()).view_as(
                inside
            )
            inside.add_(torch.log((counts + 0.1) / (counts + 0.1).sum(1, keepdim=True)))

    def encode(self, x: Tensor, known: Tensor | None = None) -> Tensor:
        """Tokens [B, L], of which all or those `known` [B, L] are seen -> z [B, d] of mean 0 and variance 1 over its
        coordinates.
        """
        seen = self.seen if known is None else self.seen * known
        E = nn.functional.embedding(x + self.offsets, self.embed) * seen[..., None]
        return nn.functional.layer_norm(self.encoder(E.flatten(1)), (self.d,))

    def decode(self, z: Tensor) -> list[Tensor]:
        """Noisy z [B, d] -> the logits of every token, L of [B, K_l]; a fine token's still lack those under its
        coarse one.
        """
        parts = zip(self.decoder(z).split(self.ranks, 1), self.bias.split(self.sizes), strict=True)
        return [torch.addmm(bias, part, getattr(self, f"waves_{l}")) for l, (part, bias) in enumerate(parts)]

    def logits(self, decoded: list[Tensor], l: int, x: Tensor) -> Tensor:
        """Return the logits of token l, given the coarse tokens in x [B, L]."""
        return decoded[l] + getattr(self, f"inside_{l}")[x[:, self.inner[l]]] if l in self.inner else decoded[l]

    def forward(self, x: Tensor) -> Tensor:
        """Return -log p(x | z + sigma e) of tokens x [B, L] in nats, [B]."""
        z = self.encode(x, self._visible(x))
        decoded = self.decode(z + self.sigma * torch.randn_like(z))
        losses = (
            nn.functional.cross_entropy(self.logits(decoded, l, x), x[:, l], reduction="none")
            for l in range(len(self.sizes))
        )
        return sum(losses, z.new_zeros(len(z)))

    def _visible(self, x: Tensor) -> Tensor | None:
        """Return which tokens of x [B, L] the encoder sees: all, or while it learns those of random columns, [B, L]."""
        if not (self.training and self.masking):
            return None
        return (torch.rand(x.shape, device=x.device) >= self.masking)[:, self.coarse]

    @torch.no_grad()
    def draw(self, z: Tensor, u: Tensor, x: Tensor, known: Tensor, allowed: Allowed = anything) -> Tensor:
        """Noisy latents z [B, d], uniforms u [B, L] and tokens x [B, L], of which those `known` [B, L] stay -> tokens
        [B, L]; `allowed(l, x)` masks those that may be drawn at place l, [B, K].
        """
        x, decoded = x.clone(), self.decode(z)
        for l in range(len(self.sizes)):  # coarse tokens stand before their fine ones
            logits, mask = self.logits(decoded, l, x).double(), allowed(l, x)
            logits = logits if mask is None else logits.masked_fill(~mask, IMPOSSIBLE)
            cdf = logits.softmax(1).cumsum(1)
            drawn = torch.searchsorted(cdf / cdf[:, -1:], u[:, l : l + 1].contiguous(), right=True)[:, 0]
            x[:, l] = torch.where(known[:, l], x[:, l], drawn)
        return x

    @torch.no_grad()
    def log_likelihood(self, z: Tensor, known: Mapping[int, int]) -> Tensor:
        """Return log p(known tokens | z) for noisy z [B, d]: [B]."""
        x = torch.zeros(len(z), len(self.sizes), dtype=torch.int64, device=z.device)
        for l, token in known.items():
            x[:, l] = token
        decoded = self.decode(z)
        terms = (self.logits(decoded, l, x).double().log_softmax(1)[:, token] for l, token in known.items())
        return sum(terms, z.new_zeros(len(z), dtype=torch.float64))


def _waves(ordered: int, size: int) -> Tensor:
    """Return what a token's logits are sums of, [rank, size]: cosines over its ordered values, a unit vector for each
    other value.

    Cosine k is 1 / k high, so that a smooth dependence on the latent is learned before a jagged one.
    """
    k, place = torch.arange(1, min(ordered, COSINES) + 1)[:, None], (torch.arange(ordered) + 0.5) / max(ordered, 1)
    cosines = torch.cos(math.pi * k * place) / k
    return torch.block_diag(cosines, torch.eye(size - ordered)) if ordered else torch.eye(size)


def _embedding(wave: Tensor, e: int) -> Tensor:
    """Return the first embeddings of a token's values, [size, e]: mixtures of its waves."""
    return wave.t() @ torch.randn(len(wave), e) * (2 / e) ** 0.5


@dataclass(frozen=True, repr=False)
class Autoencoder(FittedTable[Config, Model]):
    """A fitted table: samples, classifies, saves itself."""

    latents: Mixture = field(repr=False)

    def _drawing(self, seed: int, where: Where | None, constraints: Sequence[str]) -> Drawing:
        held = reading.read(where, constraints, self.encoding)
        pool = self._pool(seed, held.fixed) if held.fixed else None
        return Asked(self.encoding, held, guided=False), partial(self._chunk, held.fixed, pool)

    def _chunk(
        self, known: Mapping[int, int], pool: tuple[Tensor, Tensor] | None, seed: int, first: int, guided: bool
    ) -> tuple[np.ndarray, np.ndarray]:
        """Draw tokens and places of CHUNK_ROWS candidates, given the tokens in `known`."""
        L, columns = self.encoding.layout.width, len(self.encoding.columns)
        u = torch.from_numpy(randomness.row_uniforms(seed, first, CHUNK_ROWS, columns + L + 1 + 2 * self.config.latent))
        return self._draw(u, columns, known, pool).cpu().numpy(), u[:, :columns].numpy()

    def _draw(self, u: Tensor, columns: int, known: Mapping[int, int], pool: tuple[Tensor, Tensor] | None) -> Tensor:
        """Uniforms [B, columns + L + 1 + 2 d] -> tokens [B, L]."""
        parts = u.split([columns, self.encoding.layout.width, 1, 2 * self.config.latent], 1)
        _, tokens, choice, normals = (part.contiguous() for part in parts)
        if pool:
            z = pool[0][
                torch.searchsorted(pool[1], choice[:, 0].to(pool[1]), right=True).clamp(max=CONDITION_LATENTS - 1)
            ]
        else:
            z = self._latents(choice[:, 0], normals)
        x, stays = conditioning.given(known, tokens.shape[1], len(u)), torch.zeros(tokens.shape, dtype=torch.bool)
        stays[:, list(known)] = True
        return self.model.draw(z, tokens.to(z.device), x.to(z.device), stays.to(z.device))

    def _latents(self, choice: Tensor, normals: Tensor) -> Tensor:
        """Uniforms [B] and [B, 2 d] -> noisy latents [B, d]."""
        e, noise = torch.special.ndtri(normals.clamp(min=1e-12)).chunk(2, 1)
        z = nn.functional.layer_norm(self.latents.draw(choice, e), (self.config.latent,))
        return (z + self.config.noise * noise).float().to(self.model.embed.device)

    def _pool(self, seed: int, known: Mapping[int, int]) -> tuple[Tensor, Tensor]:
        """Return noisy latents [CONDITION_LATENTS, d] and the distribution function of p(z | known), which is as p(z)
        p(known | z).
        """
        u = torch.from_numpy(
            randomness.generator(seed, "condition").random((CONDITION_LATENTS, 1 + 2 * self.config.latent))
        )
        z = self._latents(u[:, 0].contiguous(), u[:, 1:])
        return z, self.model.log_likelihood(z, known).softmax(0).cumsum(0)

    def impute(self, frame: pd.DataFrame, *, seed: int = 0, draws: int = 1, rounded: bool = True) -> pd.DataFrame:
        """Return the frame with each missing value drawn given the rest of its row, or typical of several draws;
        identifiers and columns without any value stay.
        """
        return imputation.impute(frame, self.encoding, self._fill, seed, draws, rounded)

    @torch.no_grad()
    def _fill(self, u: np.ndarray, x: Tensor, known: Tensor) -> tuple[Tensor, Tensor]:
        """Fill the tokens of x [B, L] that are not known [B, L], by the numbers of u [B, 1 + L or more]."""
        x, known, uniforms = (part.to(self.model.embed.device) for part in (x, known, torch.from_numpy(u[:, 1:])))
        x = x.masked_fill(~known, 0)
        z = self.model.encode(x, known)
        return imputation.alone(self.model.draw(z, uniforms, x, known, imputation.present(self.encoding)))

    @torch.no_grad()
    def classify(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Return the probability of each label of `target` given the row's other columns: [rows, labels];
        ValueError without a target.
        """
        if self.config.target is None:
            raise GeneratorError("expected a model fitted with a target to classify by, found one without")
        column = next(c for c in self.encoding.columns if c.name == self.config.target)
        place = self.encoding.columns.index(column)
        x = torch.from_numpy(self.encoding.encode(frame)).to(self.model.embed.device)
        parts = [self.model.decode(self.model.encode(part))[place].softmax(1).cpu() for part in x.split(CHUNK_ROWS)]
        labels = column.decode(np.arange(column.coarse_size), np.full(column.coarse_size, 0.5))
        return pd.DataFrame(torch.cat([torch.zeros(0, len(labels)), *parts]).numpy(), index=frame.index, columns=labels)

    def tensors(self) -> dict[str, Tensor]:
        return super().tensors() | {f"latents.{name}": t for name, t in vars(self.latents).items()}


def fit(data: pd.DataFrame, schema: Schema, config: Config, **how: Unpack[FitOptions]) -> Autoencoder:
    """Train on the rows of `data`; ValueError where a target, a budget, a device or a privacy guarantee cannot be
    met.
    """
    fitted = fitting.fit(FAMILY, data, schema, config, **how)
    latents = _latents(fitted.model, fitted.x, how["seed"])
    return Autoencoder(fitted.encoding, fitted.config, fitted.model, fitted.record, latents)


def restore(document: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> Autoencoder:
    """Return the model that `save` wrote."""
    own = {name: tensor for name, tensor in tensors.items() if not name.startswith("latents.")}
    latents = Mixture(*(tensors[f"latents.{name}"] for name in ("share", "mean", "factor")))
    return Autoencoder(*fitting.restore(FAMILY, document, own), latents)


def _settle(config: Config, encoded: Encoding, rows: int) -> Config:
    return config


def _build(encoded: Encoding, config: Config) -> Model:
    return Model(encoded.layout, _hidden(encoded, config.target), config)


def _hidden(encoded: Encoding, target: str | None) -> list[int]:
    """Return the places of the target's tokens; ValueError where it is no label of one token."""
    if target is None:
        return []
    found = [c for c, column in enumerate(encoded.columns) if column.name == target]
    if not found or len(encoded.layout.places[found[0]]) > 1:
        raise GeneratorError(f"expected as target a column of at most 256 values, found {target!r}")
    return found


def _start(model: Model, encoded: Encoding, config: Config, x: Tensor, folds: Folds) -> None:
    model.start_from_marginals(x)


def _plan(config: Config, rows: int) -> Plan:
    epoch = max(1, rows // config.batch)  # steps
    plan = Plan(
        replayed=True,
        batch=config.batch,
        steps=int(np.clip(40 * epoch, 600, 6000)),
        evaluate_every=max(25, min(epoch, 200)),
    )
    plan = replace(plan, weight_decay=float(np.clip(1e3 / rows, 0.01, 1)))
    return with_options(plan, {"learning_rate": config.learning_rate, "weight_decay": config.weight_decay})


@torch.no_grad()
def _latents(model: Model, x: Tensor, seed: int) -> Mixture:
    """Fit the mixture to the latents of tokens x [N, L]."""
    z = torch.cat([model.encode(part.to(model.embed.device)).double().cpu() for part in x.split(CHUNK_ROWS)])
    return mixture.fit(z, LATENT_COMPONENTS, torch.Generator().manual_seed(randomness.key(seed, "latents")))


FAMILY = TableFamily("tabular.autoencoder", Config, _settle, _build, _start, _plan)
