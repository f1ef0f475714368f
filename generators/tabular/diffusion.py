"""Masked diffusion over the tokens of a table (Sahoo et al. 2024, arXiv 2406.07524; Shi et al. 2024, arXiv 2406.04329).

Forward in time, each token of a row is hidden at a random moment; backward, a network that sees the visible tokens and
how many they are predicts all hidden ones, and any number of them is revealed in one step. All tokens share one
schedule, so that they are revealed in uniformly random order. The likelihood bound of this process is the likelihood of
a row revealed one token at a time, averaged over orders (Hoogeboom et al. 2022, arXiv 2110.02037):

L(x) = E_order sum_l -log p(x_l | tokens revealed before l)

Every row of a batch has an order of its own, and all L terms of an order are trained in one pass. Fine tokens follow
all coarse ones: a cascade (Mueller et al. 2026, arXiv 2601.22816). `sampling_steps` trades quality for speed: as many
as tokens reveal them one at a time, which is exact; fewer reveal several at once, as if they did not depend on each
other given the visible ones. Any columns may be visible from the beginning: conditions and imputations of any pattern
are drawn by the same weights in one batch, without resampling. `guidance` w draws more typical rows of a condition y
(Schiff et al. 2025, arXiv 2412.10193), the network being asked with y hidden too:

log p_w(x_l | visible, y) = w log p(x_l | visible, y) + (1 - w) log p(x_l | visible) + constant
"""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any, ClassVar, Unpack

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn

from launderette.generators.contract import Where
from launderette.generators.data.schema import Schema
from launderette.generators.encoding.encoding import Encoding
from launderette.generators.encoding.layout import Layout
from launderette.generators.fitted import FittedTable
from launderette.generators.gradients.per_row import Tape
from launderette.generators.networks.layers import IMPOSSIBLE
from launderette.generators.priors.any_order import AnyOrderPrior
from launderette.generators.privacy import fitting as private
from launderette.generators.sampling import conditioning, imputation, reading
from launderette.generators.sampling.conditioning import Allowed, anything
from launderette.generators.sampling.constraints import Constraints
from launderette.generators.sampling.masks import Mask
from launderette.generators.sampling.rows import Asked, Drawing
from launderette.generators.tabular._denoiser import Denoiser
from launderette.generators.tabular._schedule import (
    moments,
    mutual_information,
    orders_of_batch,
    random_orders,
    waiting_orders,
)
from launderette.generators.training import fitting, options, randomness
from launderette.generators.training.fitting import FitOptions, PrivateTraining, TableFamily
from launderette.generators.training.options import settled
from launderette.generators.training.plan import chain_options, of_chain
from launderette.generators.training.validation import Folds

PRIVATE_WIDTH = 32  # under noise, of which each weight gets some
# orders that the bound of a row is averaged over, the same for all rows; of wide ones as few as make so many tokens
EVALUATION_ORDERS, EVALUATION_TOKENS = 4, 2048
STARTED_ROWS = 10_000  # below which the network starts from a prior
ONE_AT_A_TIME, WIDE_STEPS = 300, 50  # tokens of a row that are drawn one by one; steps that draw more of them
TOKENS_IN_ORDERS = 2**14  # of all orders that a chunk of rows is drawn in: rows of many tokens share theirs with others


@dataclass(frozen=True)
class Config:
    """Public options; None is chosen from the number of rows and tokens."""

    width: int | None = None  # h, units per token's network
    embedding: int = 12  # e, units per token
    depth: int = 2  # residual layers that all tokens share
    sampling_steps: int | None = None  # None: one token at a time; of very wide rows WIDE_STEPS steps
    guidance: float = 1.0  # w, by the columns whose value a condition states; 1: the distribution as it was learnt
    memory: float = 0.6  # bound on the AUC of the loss attack, 0.5 to 1
    validation: float = 0.05  # share of rows held back for early stopping
    batch: int | None = None
    learning_rate: float | None = None
    weight_decay: float | None = None

    def __post_init__(self) -> None:
        options.check(self)


class Model(nn.Module):
    """The denoiser and its process; forward returns the likelihood bound of each row, [B]: for a random order while
    training, otherwise the mean over the fixed ones.
    """

    orders: Tensor  # [orders, L]
    dependence: Tensor  # [columns, columns], nats that coarse tokens say of each other

    def __init__(self, layout: Layout, **shape: int) -> None:
        super().__init__()
        self.columns, self.width = len(layout.places), layout.width
        self.denoiser = Denoiser(layout, **shape)
        count = max(1, min(EVALUATION_ORDERS, EVALUATION_TOKENS // layout.width))
        orders = random_orders(count, self.columns, self.width, torch.Generator().manual_seed(0))
        self.register_buffer("orders", orders, persistent=False)
        self.register_buffer("dependence", torch.zeros(self.columns, self.columns))

    def forward(self, x: Tensor) -> Tensor:
        if self.training:
            count = len(x) if self.denoiser.gate is None else orders_of_batch(*x.shape)
            return -self.denoiser(x, random_orders(count, self.columns, self.width, device=x.device)).sum(1)
        return self.losses(x).sum(1)

    def losses(self, x: Tensor) -> Tensor:
        """Return -log p of each token of x [B, L], in nats, the mean over the fixed orders: [B, L]."""
        return torch.stack([losses() for losses in self.prepared(x)]).mean(0)

    def prepared(self, x: Tensor) -> Iterator[Callable[[], Tensor]]:
        """Yield, for each of the fixed orders, what gives the same in it by the heads as they are when it is called."""
        for order in self.orders:
            yield partial(_negative, self.denoiser.prepared(x, order[None]))

    def row_losses(self, x: Tensor, u: Tensor, tape: Tape) -> Tensor:
        """Return the likelihood bound of each row of tokens x [B, L] by itself, in nats: [B]. Uniforms u [B, chances]
        give each row an order of its own: no row's loss depends on another's.
        """
        place = waiting_orders(u, self.columns).argsort(1)
        return -self.denoiser.row_log_prob(x, place, tape.within("denoiser")).sum(1)

    @property
    def chances(self) -> int:
        """How many uniforms `row_losses` takes for a row."""
        return self.width

    @property
    def row_numbers(self) -> int:
        """How many numbers the gradient of a row takes in memory, about."""
        return self.width**2

    def own(self, l: int) -> list[Tensor]:
        """Return the parameters of token l by which it departs from the marginals and the prior."""
        return self.denoiser.heads.own(l)

    @property
    def prior(self) -> AnyOrderPrior:
        """What it knows before training."""
        return self.denoiser.prior

    @torch.no_grad()
    def reveal(
        self, x: Tensor, at: Tensor, u: Tensor, allowed: Allowed, guidance: float = 1.0
    ) -> tuple[Tensor, Tensor]:
        """Reveal the tokens of x [B, L] at the steps `at` [B, L] (0: visible from the beginning), which are on the CPU,
        by inverting CDFs at u [B, L].

        Return the tokens and log w [B]: of each row the share of the model's probability that `allowed` has left, token
        by token. `allowed(l, x)` masks the tokens that may be drawn at place l, [B, K]; None: all. `guidance` is by the
        tokens that are visible from the beginning.
        """
        revealed_at, at = _by_step(at, x.device), at.to(x.device)
        x, log_w = x.masked_fill(at > 0, 0), torch.zeros(len(x), dtype=torch.float64, device=x.device)
        known = at == 0
        shown = self.denoiser.shown_by(x, known)
        given, told = shown.clone(), self.prior.walk(x, at)
        untold = self.prior.walk(x, torch.where(known, at.amax() + 1, at)) if guidance != 1 else told
        for step, revealed in enumerate(revealed_at[1:], 1):
            visible = at < step
            for l, rows in revealed:
                seen = visible[rows], x[rows]
                logits = self.denoiser.logits(l, shown[rows], *seen, told.term(l, *seen, rows))
                if guidance != 1:
                    seen = (visible & ~known)[rows], x[rows]
                    free = self.denoiser.logits(l, (shown - given)[rows], *seen, untold.term(l, *seen, rows))
                    logits = guide(logits, free, guidance)
                x[rows, l], share = _inverted(logits.double(), u[rows, l], allowed(l, x[rows]))
                log_w[rows] += share
            for l, rows in revealed:
                self.denoiser.show(l, shown, x, rows)
                for walk in {told, untold}:
                    walk.show(l, x, rows)
        return x, log_w


def _by_step(at: Tensor, device: torch.device) -> list[list[tuple[int, Tensor]]]:
    """Return which places are revealed at each step of `at` [B, L], and in which rows: found on the CPU and sent to the
    device at once, which nothing waits for then.
    """
    L, steps = at.shape[1], int(at.max()) + 1 if at.numel() else 1
    key = (at * L + torch.arange(L)).flatten()
    counts = key.bincount(minlength=steps * L).tolist()
    rows = (key.argsort(stable=True) // L).to(device).split(counts)
    return [[(l, rows[s * L + l]) for l in range(L) if counts[s * L + l]] for s in range(steps)]


def _negative(log_prob: Callable[[], Tensor]) -> Tensor:
    return -log_prob()


def guide(logits: Tensor, free: Tensor, w: float) -> Tensor:
    """Logits [B, K] under a condition and without it -> log-probabilities under the condition at guidance w."""
    return torch.lerp(free.double().log_softmax(1), logits.double().log_softmax(1), w).log_softmax(1)


def _inverted(logits: Tensor, u: Tensor, mask: Tensor | None) -> tuple[Tensor, Tensor]:
    """Logits [B, K], masked or not, and u [B] in [0, 1) -> tokens [B], and the log of the share that the mask leaves
    [B].
    """
    every = logits.logsumexp(1)
    if mask is not None:
        mask = nn.functional.pad(mask.to(logits.device), (0, logits.shape[1] - mask.shape[1]))
        logits = logits.masked_fill(~mask, IMPOSSIBLE)
    p = logits.softmax(1)
    # the last token of the CDF's support where rounding leaves u above the sum
    last = (p > 0).long().mul(torch.arange(p.shape[1], device=p.device)).amax(1)
    tokens = torch.minimum(torch.searchsorted(p.cumsum(1), u[:, None], right=True)[:, 0], last)
    return tokens, logits.logsumexp(1) - every


class Diffusion(FittedTable[Config, Model]):
    """A fitted table: samples, imputations, likelihoods, saving."""

    is_bound: ClassVar[bool] = True  # log_prob bounds the likelihood from below

    def _drawing(self, seed: int, where: Where | None, constraints: Sequence[str]) -> Drawing:
        held = reading.read(where, constraints, self.encoding)
        return Asked(self.encoding, held, chunk_rows=self._chunk_rows), partial(self._chunk, held)

    def _chunk(self, held: Constraints, seed: int, first: int, guided: bool) -> tuple[np.ndarray, np.ndarray]:
        """Draw tokens and places of a chunk of candidates, given the fixed tokens, masked where they are guided."""
        L, columns, size = self.encoding.layout.width, len(self.encoding.columns), self._chunk_rows
        u = randomness.row_uniforms(seed, first, size, L + conditioning.randoms(self.encoding, guided))
        x, known = conditioning.given(held.fixed, L, size), torch.zeros(size, L, dtype=torch.bool)
        known[:, list(held.fixed)] = True
        if guided:
            return self._guided(u[:, columns:], x, known, held), u[:, :columns]
        sharing = 2 ** math.ceil(math.log2(max(1.0, size * L / TOKENS_IN_ORDERS))) if L * L > TOKENS_IN_ORDERS else 1
        tokens = self._reveal(u[:, columns:], x, known, guidance=self.config.guidance, sharing=sharing)
        return tokens, u[:, :columns]

    def _reveal(
        self,
        u: np.ndarray,
        x: Tensor,
        known: Tensor,
        allowed: Allowed = anything,
        guidance: float = 1.0,
        sharing: int = 1,
    ) -> np.ndarray:
        """Fill the tokens x [B, L] that are not known [B, L], in the order and by the numbers of u [B, 1 + 2 L or
        more]; so many rows in turn that know the same share the order of the first.
        """
        L = x.shape[1]
        steps = self.config.sampling_steps or (L if L <= ONE_AT_A_TIME else WIDE_STEPS)
        uniforms = torch.from_numpy(u[:, 1 : 1 + 2 * L])
        at = moments(uniforms[::sharing, :L], known[::sharing], steps, self.model.dependence.cpu())
        at = at.repeat_interleave(sharing, 0)[: len(x)]
        return self._drawn(x, at, uniforms[:, L:], allowed, guidance)[0].cpu().numpy()

    def _guided(self, u: np.ndarray, x: Tensor, known: Tensor, held: Constraints) -> np.ndarray:
        """Fill tokens one at a time in the order of the columns, masked by what the constraints leave: of the
        candidates of each row one, by the model's own probability of what was left.
        """
        L = x.shape[1]
        at, allowed = torch.where(known, 0, torch.arange(1, L + 1)), Mask(held, list(held.fixed))
        parts = torch.from_numpy(u[:, 1 + L :]).split(L, 1)
        drawn = [self._drawn(x, at, part, allowed, self.config.guidance) for part in parts]
        weighted = [(tokens, -log_w) for tokens, log_w in drawn]
        left = partial(conditioning.log_share, encoding=self.encoding, held=held)
        chosen = conditioning.resampled(
            weighted, lambda tokens: left(tokens).to(tokens.device), torch.from_numpy(u[:, 0]).to(self._device)
        )
        return chosen.cpu().numpy()

    def _drawn(self, x: Tensor, at: Tensor, u: Tensor, allowed: Allowed, guidance: float) -> tuple[Tensor, Tensor]:
        self.model.eval()
        x, u = x.to(self._device), u.contiguous().to(self._device)
        return self.model.reveal(x, at, u, allowed, guidance)

    @property
    def _device(self) -> torch.device:
        return self.model.orders.device

    @property
    def _chunk_rows(self) -> int:
        return conditioning.chunk_rows(self.encoding.layout, self._device)

    def impute(self, frame: pd.DataFrame, *, seed: int = 0, draws: int = 1, rounded: bool = True) -> pd.DataFrame:
        """Return the frame with each missing value drawn given the rest of its row, or typical of several draws;
        identifiers and columns without any value stay.
        """
        return imputation.impute(frame, self.encoding, self._fill, seed, draws, rounded)

    def _fill(self, u: np.ndarray, x: Tensor, known: Tensor) -> tuple[Tensor, Tensor]:
        drawn = self._reveal(u, x, known, imputation.present(self.encoding))
        return imputation.alone(torch.from_numpy(drawn))

    def log_prob(self, frame: pd.DataFrame) -> np.ndarray:
        """Return a lower bound of the log-probability of each row's cells, in nats: float64 [rows]; -inf for a row that
        cannot be drawn.

        It is the mean over EVALUATION_ORDERS orders, of wide rows over fewer, each revealed one token at a time.
        """
        self.model.eval()
        return fitting.log_prob(self.model, self.encoding, frame, self._device)


def fit(data: pd.DataFrame, schema: Schema, config: Config, **how: Unpack[FitOptions]) -> Diffusion:
    """Train on the rows of `data`; ValueError where a budget, a device or a privacy guarantee cannot be met."""
    train = fitting.fit if how.get("privacy") is None else private.fit
    fitted = train(FAMILY, data, schema, config, **how)
    return Diffusion(fitted.encoding, fitted.config, fitted.model, fitted.record)


def restore(document: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> Diffusion:
    """Return the model that `save` wrote."""
    return Diffusion(*fitting.restore(FAMILY, document, tensors))


def _settle(config: Config, encoded: Encoding, rows: int) -> Config:
    """Fill the options left open by the number of tokens and rows."""
    given = {name: value for name, value in asdict(config).items() if value is not None}
    return Config(**(chain_options(encoded.layout.width, rows) | given))


def _build(encoded: Encoding, config: Config) -> Model:
    return Model(encoded.layout, width=settled(config.width), embedding=config.embedding, depth=config.depth)


def _start(model: Model, encoded: Encoding, config: Config, x: Tensor, folds: Folds) -> None:
    _from_marginals(model, x)
    if len(x) < STARTED_ROWS:
        model.prior.fit(x, folds, partial(mutual_information, columns=model.columns))


def _from_marginals(model: Model, x: Tensor) -> None:
    model.denoiser.heads.start_from_marginals(x)
    model.dependence.copy_(mutual_information(x, model.columns))


def _biases(model: Model) -> list[Tensor]:
    return list(model.denoiser.heads.out_bias)


PRIVATELY = PrivateTraining({"width": PRIVATE_WIDTH}, _from_marginals, _biases)
FAMILY = TableFamily("tabular.diffusion", Config, _settle, _build, _start, of_chain, PRIVATELY)
