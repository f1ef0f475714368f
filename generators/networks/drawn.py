"""What drawing takes of an autoregressive model's factors, worked out once for all rows.

The mass of a token is softmax(logits) * p(token | copula) / p(token), up to a scale: rows are multiplied by the ratio
whose logarithm training adds to the logits. Tokens are padded to a whole number of LANES by some that cannot occur.
"""

import math
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from launderette.generators.devices.device import accelerated
from launderette.generators.networks.copula import Conditionals, Copula, number
from launderette.generators.networks.layers import IMPOSSIBLE
from launderette.generators.networks.normal_scores import LEAST_INTERVAL, LEAST_LEVEL, weights_of

LANES = 16  # float32 that AVX-512 works on at once: a softmax over 15 of them takes ten times as long as over 16
Patterns = Tensor | slice


@dataclass(frozen=True)
class IntervalRatio:
    """How much likelier the copula makes each cell of a number, or each of its coarse cells' fine ones."""

    feature: int
    coarse: int | None  # place of the coarse token, of a fine one
    edges: Tensor  # [K + 1] or [coarse tokens, K + 1], over sqrt 2
    weight: Tensor  # [K] or [coarse tokens, K]; 0 where the coarse token is a missing value
    floor: Tensor

    def scale(self, mass: Tensor, x: Tensor, X: Tensor, given: Conditionals, patterns: Patterns) -> None:
        """Multiply the mass [B, K] of tokens given those of x [B, L] and their features X [B, D]."""
        if self.coarse is None:
            mu, s = number(self.feature, X, given, patterns)
            edges, weight, floor = self.edges, self.weight, self.floor
        else:
            mu, s = X @ given.A_fine[self.feature], given.s_fine[self.feature]
            own = x[:, self.coarse]
            edges, weight, floor = (
                nn.functional.embedding(own, part) for part in (self.edges, self.weight, self.floor)
            )
        conditional = torch.erf(edges / s - (mu[:, None] / s) * math.sqrt(0.5)).diff()
        mass[:, : conditional.shape[1]] *= torch.addcmul(floor, conditional, weight)


@dataclass(frozen=True)
class LevelRatio:
    """How much likelier the copula makes each level of a label, or that a number is missing."""

    column: int
    groups: tuple[tuple[slice, slice], ...]  # tokens, and the levels that these are
    log_share: Tensor  # [levels + 1], of levels that cannot occur -inf
    weight: Tensor
    floor: Tensor

    def scale(self, mass: Tensor, x: Tensor, X: Tensor, given: Conditionals, patterns: Patterns) -> None:
        """Multiply the mass [B, K] of tokens given the features X [B, D] of others."""
        slopes, intercepts = (own[patterns] for own in given.log_odds[self.column])
        intercepts = intercepts + self.log_share
        if len(slopes) == 1:
            logits = torch.addmm(intercepts, X[:, : slopes.shape[1]], slopes[0])
        else:
            logits = (X.unflatten(0, (len(slopes), -1)) @ slopes + intercepts[:, None]).flatten(0, 1)
        ratio = torch.addcmul(self.floor, logits.softmax(1), self.weight)
        for tokens, levels in self.groups:
            mass[:, tokens] *= ratio[:, levels]


Ratio = IntervalRatio | LevelRatio


@dataclass(frozen=True)
class DrawnFactor:
    """Factor l; products in bfloat16 where the device multiplies it in hardware."""

    first: Tensor  # [h], what its first layer begins with
    told: Tensor  # [values, h], what each value of its token tells all factors after it, or its embedding [values, e]
    seen: Tensor | None  # [l e, h], how it sees the embeddings of the tokens before it; None where they tell all alike
    hidden: tuple[tuple[Tensor, Tensor], ...]  # weights [h, h] and biases [1, h]
    out: Tensor  # [h, K]
    out_bias: Tensor  # float32 [1, K]
    ratios: tuple[Ratio, ...] = ()
    features: tuple[slice, Tensor] | None = None  # which are its column's; of each value of its token [values, own]

    def logits(self, h: Tensor) -> Tensor:
        """First-layer sums h [B, h] -> the logits, float32 [B, K]."""
        h = nn.functional.silu(h).to(self.out.dtype)
        for W, b in self.hidden:
            h += nn.functional.silu(torch.addmm(b, h, W), inplace=True)
        return h @ self.out + self.out_bias

    def scale(self, mass: Tensor, x: Tensor, X: Tensor, given: Conditionals, patterns: Patterns) -> None:
        """Multiply the mass [B, K] of its tokens by what the copula makes of them, given the features X [B, D]."""
        for ratio in self.ratios:
            ratio.scale(mass, x, X, given, patterns)

    def read(self, token: Tensor, X: Tensor) -> None:
        """Write the features of tokens [B] into X [B, D]."""
        if self.features is not None:
            own, values = self.features
            X[:, own] = nn.functional.embedding(token, values)


@dataclass(frozen=True)
class DrawnFactors:
    """All factors, and the copula where no column is known."""

    factors: tuple[DrawnFactor, ...]
    given: Conditionals | None


class Earlier:
    """What the tokens of B rows tell the factors after them: their sum so far [B, h], or all their embeddings, which
    each factor sees in a way of its own.
    """

    def __init__(self, factors: tuple[DrawnFactor, ...], rows: int) -> None:
        first = factors[0]
        width = first.told.shape[1] * (1 if first.seen is None else len(factors))
        self.factors, self.told = factors, first.told.new_zeros(rows, width)

    def sums(self, l: int, rows: Patterns) -> Tensor:
        """Return the first-layer sums of factor l in some rows [N]: [N, h]."""
        factor = self.factors[l]
        if factor.seen is None:
            return self.told[rows] + factor.first
        return torch.addmm(factor.first, self.told[rows, : len(factor.seen)], factor.seen)

    def read(self, l: int, token: Tensor) -> None:
        """Take in the tokens [B] of factor l."""
        factor = self.factors[l]
        told = nn.functional.embedding(token, factor.told)
        if factor.seen is None:
            self.told += told
        else:
            self.told[:, len(factor.seen) :][:, : told.shape[1]] = told


def widened(out: Tensor, bias: Tensor) -> tuple[Tensor, Tensor]:
    """Pad weights [h, K] and biases [1, K] of logits by tokens that cannot occur."""
    return _padded(out), _padded(bias, IMPOSSIBLE)


def _padded(own: Tensor, value: float = 0.0) -> Tensor:
    return nn.functional.pad(own, (0, -own.shape[-1] % LANES), value=value)


def from_copula(factor: DrawnFactor, l: int, copula: Copula) -> DrawnFactor:
    """Return factor l with what the copula adds to it."""
    ratios = list[Ratio]()
    if l in copula.ordered or l in copula.fine:
        ratios.append(_intervals(l, copula))
    if l in copula.levels:
        ratios.append(_levels(l, copula))
    if l >= copula.columns:
        return replace(factor, ratios=tuple(ratios))
    own = (copula.column == l).nonzero()[:, 0].tolist()
    x = torch.zeros(copula.sizes[l], l + 1, dtype=torch.int64, device=copula.R.device)
    x[:, l] = torch.arange(len(x))
    X = copula.features(x, [l])[:, own].float()
    return replace(factor, ratios=tuple(ratios), features=(slice(own[0], own[-1] + 1), X))


def _intervals(l: int, copula: Copula) -> IntervalRatio:
    edges = getattr(copula, f"edges_{l}")
    weight, floor = weights_of(torch.special.ndtr(edges).float().diff(), LEAST_INTERVAL)
    edges, weight = (edges * math.sqrt(0.5)).float(), weight / 2  # erf is 2 ndtr - 1, of sqrt 2 as much
    if l not in copula.fine:
        return IntervalRatio(copula.feature[l], None, edges, weight, floor)
    missing = edges.new_zeros(1, edges.shape[1])
    tables = torch.cat([edges, missing]), torch.cat([weight, missing[:, 1:]]), torch.cat([floor, missing[:, 1:] + 1])
    return IntervalRatio(copula.feature[copula.fine[l]], copula.fine[l], *tables)


def _levels(c: int, copula: Copula) -> LevelRatio:
    """A label's first tokens are levels of their own, all others one; a number's missing value is level 0."""
    n, shares = copula.levels[c], _padded(copula.shares(c).float())
    weight, floor = weights_of(shares, LEAST_LEVEL)
    groups = ((slice(0, n), slice(0, n)), (slice(n, None), slice(n, n + 1)))
    if c in copula.ordered:
        groups = ((slice(0, copula.ordered[c]), slice(1, 2)), (slice(copula.ordered[c], None), slice(0, 1)))
    return LevelRatio(c, groups, shares.log(), weight, floor)


def drawn_by(given: Conditionals, copula: Copula, *, in_turn: bool = False) -> Conditionals:
    """Return what drawing takes of the copula given some columns, in float32; `in_turn` where none is known, so that no
    column sees those after it.
    """
    log_odds = {}
    for c, (slopes, intercepts) in given.log_odds.items():
        seen = slopes[:, : max(1, copula.feature[c])] if in_turn else slopes
        log_odds[c] = _padded(seen.float()), _padded(intercepts.float())
    A, s, b, A_fine, s_fine = (own.float() for own in (given.A, given.s, given.b, given.A_fine, given.s_fine))
    return Conditionals(A, s, b, A_fine, s_fine, log_odds)


def repeated(given: Conditionals, own: Tensor) -> Conditionals:
    """Return the conditionals of patterns each of which, own [N], is one of those that are given."""
    log_odds = {c: (slopes[own], intercepts[own]) for c, (slopes, intercepts) in given.log_odds.items()}
    return replace(given, A=given.A[own], s=given.s[own], b=given.b[own], log_odds=log_odds)


def inverted(mass: Tensor, u: Tensor) -> Tensor:
    """Return the tokens at which the CDFs of masses [B, K] pass u [B] in [0, 1), never one without any: int64 [B]."""
    ends = mass.cumsum(-1, dtype=torch.float64)
    at = torch.searchsorted(ends, u[:, None] * ends[:, -1:], right=True)[:, 0]
    rounded = at == mass.shape[1]
    if not accelerated(mass.device) and not rounded.any():  # to look would wait for a GPU
        return at
    last = mass.shape[1] - 1 - (mass > 0).int().flip(1).argmax(1)
    return torch.where(rounded, last, at)


def log_share(mass: Tensor, token: Tensor) -> Tensor:
    """Return the log of the share of masses [B, K] that tokens [B] have, of one without any the least: float64 [B]."""
    own = mass.gather(1, token[:, None])[:, 0].clamp(min=torch.finfo(mass.dtype).tiny)
    return own.double().log() - mass.sum(1, dtype=torch.float64).log()
