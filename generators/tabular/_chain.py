"""The network of tabular.autoregressive: every factor p(x_l | x_<l, x_C) of the chain rule, trained at once.

With the rows' tokens embedded as E [B, L, e], factor l sees the sum of what the tokens before it contribute (NADE,
Larochelle and Murray 2011), through gates of its own where these are asked for (networks/attention.py; without them a
token contributes the same to all later factors, so that the cost is linear in L), and another sum over the known tokens
after it. Then it has residual layers and an output layer of its own, batched over l.
The logits may start from a Gaussian copula (copula.py).
"""

import math
from collections.abc import Callable, Iterator, Mapping

import torch
from torch import Tensor, nn

from launderette.generators.devices.device import accelerated, half
from launderette.generators.encoding.layout import Layout
from launderette.generators.gradients.per_row import UNTAPED, Bias, Gated, Product, Tape
from launderette.generators.networks.attention import GATE_GROUPS, GATE_PACE, gated, seen_through
from launderette.generators.networks.copula import Conditionals, Copula
from launderette.generators.networks.drawn import (
    DrawnFactor,
    DrawnFactors,
    Earlier,
    drawn_by,
    from_copula,
    inverted,
    log_share,
    repeated,
    widened,
)
from launderette.generators.networks.frequencies import blurrable, blurred
from launderette.generators.networks.layers import IMPOSSIBLE, Heads, TokenEmbedding
from launderette.generators.priors import in_order
from launderette.generators.sampling.combinations import Combinations
from launderette.generators.sampling.conditioning import Allowed, anything
from launderette.generators.training.validation import Folds

EVERY_ROW = slice(None)  # which copies nothing
AtRows = Tensor | slice
Masked = Callable[[int, AtRows, Tensor], Tensor]  # place l, rows, their logits [rows, K] -> without those not allowed


def only(fixed: Mapping[int, int], layout: Layout) -> Allowed:
    """Allow at each place in `fixed` its own token alone, at the others every one."""

    def allowed(l: int, x: Tensor) -> Tensor | None:
        return (torch.arange(layout.sizes[l], device=x.device) == fixed[l]).expand(len(x), -1) if l in fixed else None

    return allowed


class Model(nn.Module):
    """The factors p(x_l | x_<l, x_C) of L tokens; forward returns -log p per row."""

    member: Tensor  # [columns, L], 1 where a token is one of the column
    shared: Tensor
    evenly: Tensor
    intervals: Tensor  # bool [L, values + 1], the tokens that training blurs
    order: Tensor  # [1, L, L], 1 where token m is before token l at [0, l, m]; empty without gates

    def __init__(
        self,
        layout: Layout,
        *,
        width: int,
        embedding: int,
        depth: int,
        conditional: float,
        dropout: float = 0.0,
        gates: bool = False,
        blur: bool = False,
    ) -> None:
        super().__init__()
        self.dropout = dropout
        L, h, e = layout.width, width, embedding
        self.L, self.h, self.e, self.conditional = L, h, e, conditional
        self.embed, self.heads = TokenEmbedding(layout, e), Heads(layout, h)
        self.before = nn.Parameter(torch.randn(L, e, h) / (L * e / 2) ** 0.5)
        self.gate = nn.Parameter(torch.zeros(math.gcd(h, GATE_GROUPS), L, L)) if gates else None
        self.after = nn.Parameter(torch.randn(L, e, h) / (L * e / 2) ** 0.5)
        self.first_bias = nn.Parameter(torch.zeros(L, h))
        self.hidden = nn.Parameter(torch.randn(depth, L, h, h) * (0.5 / h**0.5))
        self.hidden_bias = nn.Parameter(torch.zeros(depth, L, 1, h))
        self.register_buffer("member", _member(layout), persistent=False)
        self.register_buffer("intervals", blurrable(layout), persistent=False)
        self.blur = blur and bool(self.intervals.any())  # a table without numbers draws nothing for it
        gated_tokens = L if gates else 0
        self.register_buffer("order", torch.ones(1, gated_tokens, gated_tokens).tril(-1), persistent=False)
        self.register_buffer("shared", torch.zeros(2, L, dtype=torch.float64))  # by entities, sampling/shared.py
        self.register_buffer("evenly", torch.zeros(()))  # whether their rows lie so in time
        self.copula = Copula(layout)
        self.combinations: tuple[Combinations, ...] = ()

    def start_from_copula(self, x: Tensor, folds: Folds) -> None:
        """Fit the copula to tokens x [N, L], as suits the others of its folds best."""
        self.eval()
        in_order.fit(self.copula, self.heads, x, folds)

    def forward(self, x: Tensor) -> Tensor:
        """Return -log p(x) of tokens x [B, L] in nats, [B]; while training, some rows are conditioned on random
        columns, and numbers lie a little elsewhere where that is asked for.
        """
        if self.training and self.blur:
            x = blurred(x, self.intervals)
        rows = round(self.conditional * len(x)) if self.training else 0
        columns = self._random_columns() if rows else self.member.new_zeros(len(self.member), dtype=torch.bool)
        known = (self.member * columns[:, None]).sum(0)  # [L]
        h = self._first_layer(self.embed(x).transpose(0, 1), rows, known)
        nll = -self.heads.log_prob(self._residual(h, slice(None)), x, self.copula.terms(x, rows, columns[None]))
        return torch.cat([(nll[:rows] * (1 - known)).sum(1), nll[rows:].sum(1)])

    def prepared(self, x: Tensor) -> Iterator[Callable[[], Tensor]]:
        """Yield what gives -log p(x_l | x_<l) of tokens x [B, L], in nats, by the heads as they are when it is called:
        [B, L].
        """
        h = self._first_layer(self.embed(x).transpose(0, 1), 0, torch.zeros_like(self.member[0]))
        h, terms = self._residual(h, slice(None)), self.copula.terms(x)
        yield lambda: -self.heads.log_prob(h, x, terms)

    def row_losses(self, x: Tensor, u: Tensor, tape: Tape) -> Tensor:
        """Return -log p of each row of tokens x [B, L] by itself, in nats: [B]. Uniforms u [B, chances] say which
        rows are conditioned on which columns: no row's loss depends on another's.
        """
        known = self._known(u) @ self.member  # [B, L]
        E = self.embed.taped(x, "embed", tape)
        told = tape.note(torch.bmm(E, self.before), Product(("before", None), E))
        seen = E * known.t()[:, :, None]
        shown = tape.note(torch.bmm(seen, self.after), Product(("after", None), seen))
        sums = self._earlier(told) + shown.flip(0).cumsum(0).flip(0) + self.first_bias[:, None]
        gate = self.gate
        gates = [] if gate is None else [Gated(("gate", None), self.order, told, GATE_PACE, len(gate))]
        sums = tape.note(sums, Bias(("first_bias", None)), *gates)
        h = self._residual(sums[self.heads.order], slice(None), tape)
        return -(self.heads.log_prob(h, x, {}, tape) * (1 - known)).sum(1)

    @property
    def chances(self) -> int:
        """How many uniforms `row_losses` takes for a row."""
        return len(self.member) + 3

    @property
    def row_numbers(self) -> int:
        """How many numbers the gradient of a row takes in memory, about."""
        return self.member.shape[1] ** 2

    def _known(self, u: Tensor) -> Tensor:
        """Return which columns each row shows, of 0 and 1 [B, columns]: as `_random_columns`, for each row."""
        columns, places = len(self.member), u[:, 3:].argsort(1).argsort(1)
        count = torch.where(u[:, 1] < 0.5, 1, 1 + (u[:, 2] * max(columns - 1, 1)).long().clamp(max=columns - 2))
        return (places < (count * (u[:, 0] < self.conditional))[:, None]).to(self.member.dtype)

    def own(self, l: int) -> list[Tensor]:
        """Return the parameters of factor l by which it departs from the marginals and the copula."""
        return self.heads.own(l)

    @property
    def prior(self) -> Copula:
        """What it knows before training."""
        return self.copula

    def _random_columns(self) -> Tensor:
        """Return which columns are known, bool [columns]: one in half of the steps, any number of them in the others.

        A GPU draws them itself, so that it need not wait for the host.
        """
        columns, device = len(self.member), self.member.device
        if accelerated(device):
            many = torch.randint(1, max(columns, 2), (), device=device)
            single = torch.rand((), device=device) < 0.5
            return torch.rand(columns, device=device).argsort().argsort() < torch.where(single, 1, many)
        count = 1 if torch.rand(()) < 0.5 else int(torch.randint(1, max(columns, 2), ()))
        return torch.zeros(columns, dtype=torch.bool).index_fill(0, torch.randperm(columns)[:count], True)

    def _first_layer(self, E: Tensor, rows: int, known: Tensor) -> Tensor:
        """Embedded rows E [L, B, e], the first `rows` showing their `known` tokens [L] to all -> sums [L, B, h] in
        the heads' order.
        """
        sums = self._earlier(torch.bmm(E, self.before)) + self.first_bias[:, None]
        if rows:
            shown = torch.bmm(E[:, :rows] * known[:, None, None], self.after)
            sums = torch.cat([sums[:, :rows] + shown.flip(0).cumsum(0).flip(0), sums[:, rows:]], 1)
        return sums[self.heads.order]

    def _earlier(self, told: Tensor) -> Tensor:
        """Add up what tokens tell [L, B, h] to the factors after them, through their gates: [L, B, h]."""
        if self.gate is not None:
            return gated(self.order, told, self.gate)
        return nn.functional.pad(told[:-1].cumsum(0), (0, 0, 0, 0, 1, 0))

    def _residual(self, h: Tensor, factors: slice, tape: Tape = UNTAPED) -> Tensor:
        """The factors' own layers on [factors, B, h]."""
        h = nn.functional.silu(h)
        for k, (W, b) in enumerate(zip(self.hidden, self.hidden_bias, strict=True)):
            h = self._dropped(h)
            y = torch.baddbmm(b[factors], h, W[factors])
            h = h + nn.functional.silu(tape.note(y, Product(("hidden", k), h), Bias(("hidden_bias", k))))
        return self._dropped(h)

    def _dropped(self, h: Tensor) -> Tensor:
        return nn.functional.dropout(h, self.dropout) if self.training and self.dropout else h

    @torch.no_grad()
    def draw(
        self, u: Tensor, x: Tensor, known: Tensor, allowed: Allowed = anything, factors: DrawnFactors | None = None
    ) -> tuple[Tensor, Tensor]:
        """Invert each conditional CDF at u [B, L]: tokens [B, L], those at the places that are known as in x, and log q
        of the others [B].

        The B = P * K rows are K of each of the P patterns `known`, bool [P, L]. `allowed(l, x)` masks the tokens that
        factor l may take, [B, K], given those drawn so far; None allows all. `factors` are those of `factors()`, which
        many calls may share.
        """
        log_q = torch.zeros(len(u), dtype=torch.float64, device=u.device)
        return self.draw_tokens(u, x, known, allowed, factors, log_q), log_q

    @torch.no_grad()
    def draw_tokens(
        self,
        u: Tensor,
        x: Tensor,
        known: Tensor,
        allowed: Allowed = anything,
        factors: DrawnFactors | None = None,
        log_q: Tensor | None = None,
    ) -> Tensor:
        """The tokens of `draw` alone; what it adds to log q is added to `log_q` [B] where that is given."""
        x, drawn = x.clone(), known.repeat_interleave(len(x) // len(known), 0)

        def masked(l: int, rows: AtRows, logits: Tensor) -> Tensor:
            K = self.heads.sizes[l]
            for mask in (allowed(l, x), *(c.mask(l, x, drawn, K) for c in self.combinations)):
                if mask is not None:
                    logits[:, :K].masked_fill_(~mask[rows].to(logits.device), IMPOSSIBLE)
            return logits

        for l, rows, mass in self._walk(x, known, factors or self.factors(), masked):
            x[rows, l] = inverted(mass, u[rows, l])
            if log_q is not None:
                log_q[rows] += log_share(mass, x[rows, l])
            drawn[:, l] = True
        return x

    @torch.no_grad()
    def uniforms(self, x: Tensor, v: Tensor) -> Tensor:
        """The inverse of `draw`: u_l = F(x_l - 1) + v_l p(x_l) for tokens x and v in [0, 1), both [B, L]
        (Rosenblatt 1952).
        """
        u = torch.zeros(x.shape, dtype=torch.float64, device=x.device)
        for l, mass in self._masses(x, self.factors()):
            p = mass.double() / mass.sum(1, keepdim=True, dtype=torch.float64)
            own = x[:, l : l + 1]
            u[:, l] = (p.cumsum(-1).gather(1, own) - (1 - v[:, l : l + 1]) * p.gather(1, own))[:, 0]
        return u

    @torch.no_grad()
    def log_p(self, x: Tensor, factors: DrawnFactors) -> Tensor:
        """Return log p of tokens x [B, L] as `draw` has it: float64 [B]."""
        log_p = torch.zeros(len(x), dtype=torch.float64, device=x.device)
        for l, mass in self._masses(x, factors):
            log_p += log_share(mass, x[:, l])
        return log_p

    def _masses(self, x: Tensor, factors: DrawnFactors) -> Iterator[tuple[int, Tensor]]:
        """Yield each factor and the mass of its tokens [B, K], up to a scale, given those before it in x [B, L]."""
        none = torch.zeros(1, self.L, dtype=torch.bool, device=x.device)
        for l, _, mass in self._walk(x, none, factors, lambda l, rows, logits: logits):
            yield l, mass

    @torch.no_grad()
    def factors(self) -> DrawnFactors:
        """Return what drawing takes of all factors."""
        product = torch.bfloat16 if half(self.first_bias.device) else torch.float32
        factors, copula = [self._factor(l, product) for l in range(self.L)], self.copula
        if not copula.used:
            return DrawnFactors(tuple(factors), None)
        factors = [from_copula(factor, l, copula) for l, factor in enumerate(factors)]
        return DrawnFactors(tuple(factors), drawn_by(copula.given_none(), copula, in_turn=True))

    def _factor(self, l: int, product: torch.dtype) -> DrawnFactor:
        row = self.heads.place[l]
        layers = zip(self.hidden[:, row].to(product), self.hidden_bias[:, row].to(product), strict=True)
        out, out_bias = widened(*self.heads.constants(l))
        first, told, seen = self.first_bias[l], self.embed.table(l), None
        if self.gate is not None:
            first, told = first.to(product), told.to(product)
            seen = seen_through(self.gate[:, l, :l], self.before[:l]).to(product)
        else:
            told = told @ self.before[l]
        return DrawnFactor(first, told, seen, tuple(layers), out.to(product), out_bias)

    def _walk(
        self, x: Tensor, known: Tensor, drawn: DrawnFactors, masked: Masked
    ) -> Iterator[tuple[int, AtRows, Tensor]]:
        """Yield each factor, the rows that do not know it and the mass of its tokens in them, up to a scale, [rows, K],
        given the tokens x as they are when it is its turn; `known` is bool [P, L], as in `draw`.
        """
        shows = known.repeat_interleave(len(x) // len(known), 0)[:, :, None]
        some, every = known.any(0).tolist(), known.all(0).tolist()
        given = None if drawn.given is None else self._given(x, known, some, drawn.given)
        shown = {l: self._shown(l, x) * shows[:, l] for l in range(self.L) if some[l]}
        earlier, later = Earlier(drawn.factors, len(x)), sum(shown.values())
        for l, factor in enumerate(drawn.factors):
            later = later - shown[l] if l in shown else later
            if not every[l]:
                rows, patterns = (_open(~shows[:, l, 0]), _open(~known[:, l])) if some[l] else (EVERY_ROW, EVERY_ROW)
                h = earlier.sums(l, rows)
                h = h + later[rows] if isinstance(later, Tensor) else h
                logits = masked(l, rows, self.heads.possible(l, factor.logits(h), x[rows]))
                mass = logits.softmax(-1)
                if given:
                    factor.scale(mass, x[rows], given[0][rows], given[1], patterns)
                yield l, rows, mass
            if given:
                factor.read(x[:, l], given[0])
            earlier.read(l, x[:, l])

    def _given(self, x: Tensor, known: Tensor, some: list[bool], none: Conditionals) -> tuple[Tensor, Conditionals]:
        """Return the features of what `some` rows of tokens x [B, L] know, and the copula given that, `none` where they
        know nothing.
        """
        copula, named = self.copula, [c for c in range(self.copula.columns) if some[c]]
        if not named:
            return torch.zeros(len(x), len(copula.R), device=x.device), none
        patterns, own = known[:, : copula.columns].unique(dim=0, return_inverse=True)  # many rows miss the same values
        given = drawn_by(copula.conditionals(patterns), copula)
        return copula.features(x, named).float(), given if len(known) == 1 else repeated(given, own)

    def _shown(self, l: int, x: Tensor) -> Tensor:
        """What token l of the rows x [B, L] adds to the first layer of the factors before it, [B, h]."""
        return nn.functional.embedding(x[:, l], self.embed.table(l) @ self.after[l])


def _open(chosen: Tensor) -> Tensor | slice:
    """Return the places that are chosen, bool [N]: EVERY_ROW where all are."""
    return EVERY_ROW if chosen.all() else chosen.nonzero()[:, 0]


def _member(layout: Layout) -> Tensor:
    """Return which tokens belong to which column: [columns, L] of 0 and 1."""
    member = torch.zeros(len(layout.places), layout.width)
    for column, places in enumerate(layout.places):
        member[column, list(places)] = 1
    return member
