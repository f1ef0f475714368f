"""A Gaussian copula over tokens: what an autoregressive model knows before its first training step.

Numbers and dates are seen as normal scores: a column's cells tile the line by their shares of the rows. Labels are seen
as indicators of their frequent levels. With R, the shrunk correlation matrix of all these features, each column has a
conditional given the columns before it and those that a condition names:
- a number's score is z | x ~ N(mu, s^2) with mu linear in x, so that a cell's probability is that of its interval;
- the square of a number's score is a feature too where that helps, for relations that rise and fall;
- whether a number is missing is a label of its own, and a feature; where it often is, z is regressed by itself;
- a label follows a multinomial logistic regression on x (label_fitting.py). What a condition names of the columns after
  it adds to the log odds, by slopes fitted to columns that are named at random.
A few hundred rows suffice for this; the network learns what it leaves over.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from launderette.generators.encoding.layout import Layout
from launderette.generators.networks.normal_scores import (
    LEAST_PRESENT,
    LEAST_VARIANCE,
    interval_term,
    label_term,
    scores_of,
    squares_of,
    tiles,
)
from launderette.generators.networks.regressions import ScoreRegressions, believed, on_earlier, on_others
from launderette.generators.networks.ties import shrunk

COPULA_ROWS = 20_000
FREQUENT_LABELS, LABELS_OF_FEW = 16, 64  # frequent labels of a column that are features; the second of few columns
LABEL_FEATURES, FEATURES_OF_FEW = 256, 144  # over all columns, that their number is divided into
LEAST_SAVED_NATS = 0.25  # of many rows, per column and held-out row: for less, the network learns the same sooner
INDEPENDENT = 1.0  # the shrinkage that leaves no correlation
EVERY_PATTERN = slice(None)
SCORE, SQUARE = -1, -2  # in place of a level
OFTEN_MISSING = 0.1  # share of rows from which on a number has a regression of its own
MOST_SQUARED = 64  # numbers of a table whose squared scores are features


@dataclass(frozen=True)
class Conditionals:
    """The conditionals of all columns, for P patterns of known columns: given those before them and the known ones.

    x are features [P * K, D], K rows of each pattern after another.
    """

    A: Tensor  # [P, D, D], mu = A x + b for a number's coarse token
    s: Tensor  # [P, D]
    b: Tensor  # [P, D]
    A_fine: Tensor  # [D, D], given all other columns; none where no token is fine
    s_fine: Tensor  # [D]
    log_odds: dict[int, tuple[Tensor, Tensor]]  # column -> slopes [P, D, levels + 1], intercepts [P, levels + 1]


class Copula(nn.Module):
    """Terms that are added to the logits of a model's factors; `fit` fills the buffers, which belong to the model's
    file.
    """

    column: Tensor  # [D], of each feature
    level: Tensor  # [D], the rank of its label, the token of a missing number
    R: Tensor  # [D, D]
    share: Tensor  # [D], of a label's level
    rows: Tensor  # [], of the tokens that it is fitted to
    v: Tensor  # [D], variance of a number's scores E[z | cell], those of missing ones 0

    def __init__(self, layout: Layout, *, in_order: bool = True) -> None:
        super().__init__()
        self.columns, self.used = len(layout.places), False  # used: it says more than that columns are independent
        self._given_all: tuple[Tensor, Tensor] | None = None  # what no condition changes, until R does
        self._given_none: Conditionals | None = None
        self.sizes = layout.sizes
        self.ordered = {c: layout.ordered[c] for c in range(self.columns) if layout.ordered[c]}  # column -> cells
        labels = [c for c in range(self.columns) if c not in self.ordered]
        most = max(1, min(FREQUENT_LABELS, LABEL_FEATURES // max(1, len(labels))))
        if in_order:  # such as the states of a panel, which a network of few rows does not come to know
            most = max(most, min(LABELS_OF_FEW, FEATURES_OF_FEW // max(1, len(labels))))
        self.levels = {c: min(most, layout.sizes[c]) for c in labels}
        gaps = [c for c, size in self.ordered.items() if layout.sizes[c] > size]
        self.levels |= dict.fromkeys(gaps if len(gaps) <= LABEL_FEATURES else [], 1)  # missing or not
        self.fine = {l: c for l, (c, _) in layout.inner.items() if layout.ordered[l]}  # fine token -> column
        self.factors = [*range(self.columns), *self.fine]
        few = in_order and len(self.ordered) <= MOST_SQUARED
        self.squared = [c for c, size in self.ordered.items() if few and size > 2]  # of two values it says no more
        # feature j is the score of a column, its square, or tells whether its token is this level
        places = [(c, k) for c in range(self.columns) for k in self._levels_of(c)]
        self.feature = {c: j for j, (c, k) in reversed(list(enumerate(places)))}  # column -> its first feature
        numbers = {c: self.feature[c] for c in gaps if c in self.levels and in_order}
        self.scores = ScoreRegressions(numbers, len(places))
        self.regressed = self.levels if in_order else {}  # by columns before them: a copula in any order has none
        self._add_buffers(layout, places)

    def _add_buffers(self, layout: Layout, places: list[tuple[int, int]]) -> None:
        """Add what fitting fills in, given the column and the level of each feature."""
        self.register_buffer("column", torch.tensor([c for c, _ in places]), persistent=False)
        self.register_buffer("level", torch.tensor([k for _, k in places]), persistent=False)
        self.register_buffer("R", torch.eye(len(places), dtype=torch.float64))
        self.register_buffer("share", torch.full((len(places),), 0.5, dtype=torch.float64))
        self.register_buffer("rows", torch.tensor(1.0, dtype=torch.float64))
        self.register_buffer("v", torch.ones(len(places), dtype=torch.float64))
        for c, size in self.ordered.items():
            self.register_buffer(f"edges_{c}", torch.zeros(size + 1, dtype=torch.float64))
            # E[z | cell] / sqrt(v), 0 for a missing value
            self.register_buffer(f"scores_{c}", torch.zeros(size + 1, dtype=torch.float64))
        for c in self.squared:
            self.register_buffer(f"squares_{c}", torch.zeros(self.ordered[c] + 1, dtype=torch.float64))
        for l, c in self.fine.items():
            self.register_buffer(f"edges_{l}", torch.zeros(self.ordered[c], layout.sizes[l] + 1, dtype=torch.float64))
        for c, levels in self.regressed.items():
            self.register_buffer(f"slopes_{c}", torch.zeros(len(places), levels + 1, dtype=torch.float64))
            self.register_buffer(f"intercepts_{c}", torch.zeros(levels + 1, dtype=torch.float64))
            self.register_buffer(f"known_{c}", torch.zeros(self.columns, levels + 1, dtype=torch.float64))  # for each

    def _levels_of(self, c: int) -> list[int]:
        if c not in self.ordered:
            return list(range(self.levels[c]))
        return [SCORE, *([SQUARE] if c in self.squared else []), *([self.ordered[c]] if c in self.levels else [])]

    def indicators(self, c: int) -> slice:
        """Return the features that are levels of column c, a label or whether a number is missing."""
        first = self.feature[c] + (c in self.ordered) + (c in self.squared)
        return slice(first, first + self.levels[c])

    def fit(self, x: Tensor, *, squares: bool = False) -> Tensor:
        """Read intervals and shares off the tokens x [N, L] and return the features' correlation matrix, unshrunk [D,
        D]; features of `squares` are 0 where they are not asked for. No label or number is regressed any more.

        A table of more than COPULA_ROWS rows is thinned out to about as many.
        """
        self.forget()
        self.scores.forget()
        for own in self._of_labels():
            own.zero_()
        x = x[:: max(1, len(x) // COPULA_ROWS)]
        for c in self.ordered:
            self._read_scores(c, x[:, c], squares=squares)
        for l, c in self.fine.items():
            self._read_inner(l, x[x[:, c] < self.ordered[c]][:, [c, l]])
        self.share.copy_((x[:, self.column] == self.level).double().mean(0))
        self.rows.fill_(len(x))
        for k, c in enumerate(self.scores.column.tolist()):
            self.scores.active[k] = self.share[self.indicators(c)].item() >= OFTEN_MISSING
        X = self.features(x)
        X = nn.functional.normalize(X - X.mean(0), dim=0)
        return X.t() @ X

    def _read_scores(self, c: int, tokens: Tensor, *, squares: bool) -> None:
        """Read the intervals of normal scores of a number's cells off its tokens [N], and their means and variance."""
        size, edges, scores = self.ordered[c], getattr(self, f"edges_{c}"), getattr(self, f"scores_{c}")
        present = tokens < size
        edges.copy_(tiles(torch.bincount(tokens[present], minlength=size)))
        means, v = scores_of(edges)
        v = v * present.double().mean().clamp(min=LEAST_PRESENT)
        scores[:size] = means / v.sqrt()
        self.v[self.feature[c]] = v
        if c in self.squared:
            getattr(self, f"squares_{c}").copy_(squares_of(scores, tokens) * squares)

    def _read_inner(self, l: int, tokens: Tensor) -> None:
        """Read the intervals of fine token l off the coarse and fine tokens [N, 2] of rows that have the number."""
        edges = getattr(self, f"edges_{l}")
        widest = edges.shape[1] - 1
        tiled = tiles(torch.bincount(tokens[:, 0] * widest + tokens[:, 1], minlength=len(edges) * widest))
        edges.copy_(torch.stack([tiled[k * widest : (k + 1) * widest + 1] for k in range(len(edges))]))

    def shrink(self, R: Tensor, amount: float) -> None:
        """Take R as the correlation matrix, shrunk towards independence by lambda in (0, 1]."""
        self.take(shrunk(R, amount))

    def take(self, R: Tensor) -> None:
        """Take R as the correlation matrix."""
        self.R.copy_(R)
        self._look()

    def weaken(self, share: float) -> None:
        """Keep a share of all that it knows of dependence: of correlations and of log odds."""
        self.R.mul_(share).fill_diagonal_(1.0)
        self.scores.weaken(share)
        for own in self._of_labels():
            own.mul_(share)
        self._look()

    def _of_labels(self) -> list[Tensor]:
        return [getattr(self, f"{name}_{c}") for c in self.regressed for name in ("slopes", "intercepts", "known")]

    def rank(self, c: int, x: Tensor) -> Tensor:
        """Return the level of label c in tokens x [B, L], as `ranks` gives it: [B]."""
        return self.ranks(c, x.device)[x[:, c]]

    def ranks(self, c: int, device: torch.device) -> Tensor:
        """Return the level of each token of column c, all beyond the frequent ones as one; of a number 0 if missing."""
        tokens = torch.arange(self.sizes[c], device=device)
        return (tokens < self.ordered[c]).long() if c in self.ordered else tokens.clamp(max=self.levels[c])

    def shares(self, c: int) -> Tensor:
        """Return the shares of the levels of label c and of all its other labels: [levels + 1]."""
        own = self.share[self.indicators(c)]
        return torch.cat([own, (1 - own.sum()).clamp(min=0)[None]])

    def _look(self) -> None:
        self.forget()
        self.used = not torch.equal(self.R, torch.eye(len(self.R)).to(self.R))

    def forget(self) -> None:
        """Keep nothing that was solved before a buffer changed."""
        self._given_all = self._given_none = None

    def _apply(self, *args: Any, **kwargs: Any) -> "Copula":
        self.forget()  # it lies where the buffers lay
        return super()._apply(*args, **kwargs)

    def _load_from_state_dict(self, *args: Any, **kwargs: Any) -> None:
        super()._load_from_state_dict(*args, **kwargs)
        self._look()

    def features(self, x: Tensor, columns: Collection[int] | None = None) -> Tensor:
        """Tokens [B, L] -> features [B, D], each of mean 0 and variance 1 or constant 0; 0 of other than `columns`."""
        X = torch.zeros(len(x), len(self.R), dtype=self.R.dtype, device=x.device)
        for c in range(self.columns) if columns is None else columns:
            self.read(c, x, X)
        return X

    def read(self, c: int, x: Tensor, X: Tensor) -> None:
        """Write the features of column c into X."""
        if c in self.ordered:
            X[:, self.feature[c]] = getattr(self, f"scores_{c}")[x[:, c]]
        if c in self.squared:
            X[:, self.feature[c] + 1] = getattr(self, f"squares_{c}")[x[:, c]]
        if c not in self.levels:
            return
        own = self.indicators(c)
        share = self.share[own]
        spread = (share * (1 - share)).sqrt()
        hit = torch.arange(self.sizes[c], device=x.device)[:, None] == self.level[own]  # of each value
        values = torch.where(spread > 1e-6, (hit.double() - share) / spread.clamp(min=1e-6), 0.0)
        X[:, own] = values[x[:, c]]

    def mask(self, known: Collection[int]) -> Tensor:
        """Return which columns are known, as one pattern: bool [1, columns]."""
        return torch.tensor([[c in known for c in range(self.columns)]], device=self.R.device)

    @torch.no_grad()
    def conditionals(self, known: Tensor) -> Conditionals:
        """Solve for all columns at once by the Cholesky factor C of R, the columns `known` bool [P, columns] first."""
        place = known.logical_not().long().argsort(dim=1, stable=True).argsort(1)  # of each column, [P, columns]
        order = place[:, self.column].argsort(dim=1, stable=True)  # of the features, [P, D]
        back = order.argsort(1)
        A, variance = on_earlier(self.R[order[:, :, None], order[:, None, :]])
        pattern = torch.arange(len(A), device=A.device)[:, None, None]
        A, s = self._regression(A[pattern, back[:, :, None], back[:, None, :]], variance.gather(1, back))
        if self._given_all is None:
            others = self.by_all_others(self.R[None]) if self.fine else (self.R[None, :0], self.v[None, :0])
            self._given_all = others[0][0], others[1][0]
        log_odds = {c: self._log_odds(c, known) for c in self.levels}
        return Conditionals(A, s, self.scores.put(A, s, known), *self._given_all, log_odds)

    def given_none(self) -> Conditionals:
        """Return the conditionals where no condition names a column."""
        if self._given_none is None:
            self._given_none = self.conditionals(self.mask(()))
        return self._given_none

    def by_earlier(self, R: Tensor) -> tuple[Tensor, Tensor]:
        """Regress the score of each number on the features before it by correlations R [P, D, D]: slopes [P, D, D] and
        deviations [P, D], of numbers with regressions of their own as if each were alone.
        """
        return self.scores.leave(*self._regression(*on_earlier(R)))

    def by_all_others(self, R: Tensor) -> tuple[Tensor, Tensor]:
        """Regress the score of each number on the features of all other columns by correlations R [P, D, D]: slopes
        [P, D, D] and deviations [P, D], as above.
        """
        own = [(self.column == c).nonzero()[:, 0] for c in self.ordered]  # of each its score first
        return self.scores.leave(*self._regression(*on_others(R, own)))

    def _regression(self, A: Tensor, variance: Tensor) -> tuple[Tensor, Tensor]:
        """Turn regressions of features, E[z | cell] over sqrt(v), on others into those of scores z."""
        s = (1 - (1 - variance) / self.v).clamp(min=LEAST_VARIANCE).sqrt()
        A.diagonal(dim1=-2, dim2=-1).zero_()
        rows = torch.where(self.level < 0, torch.inf, self.share * self.rows)  # a number is of all of them
        return believed(A, variance, rows) / self.v.sqrt()[:, None], s

    def _log_odds(self, c: int, known: Tensor) -> tuple[Tensor, Tensor]:
        """Return slopes, 0 for what label c does not see, and intercepts: of columns before it and `known` ones."""
        seen = known[:, self.column] | (self.column < c)  # [P, D]
        intercepts = getattr(self, f"intercepts_{c}") + known.double() @ getattr(self, f"known_{c}")
        return getattr(self, f"slopes_{c}") * seen[:, :, None], intercepts

    @torch.no_grad()
    def terms(self, x: Tensor, rows: int = 0, known: Tensor | None = None) -> dict[int, Tensor]:
        """Return the term [B, tokens] of every factor for tokens x [B, L], none if unused; the first `rows` know
        the `known` columns, bool [1, columns].
        """
        if not self.used:
            return {}
        X = self.features(x)
        parts = [(x[:rows], X[:rows], self.conditionals(known))] if rows and known is not None else []
        parts.append((x[rows:], X[rows:], self.given_none()))
        return {l: torch.cat([self.term(l, *part) for part in parts]) for l in self.factors}

    def term(
        self, l: int, x: Tensor, X: Tensor, given: Conditionals, patterns: Tensor | slice = EVERY_PATTERN
    ) -> Tensor:
        """Return log p(token | features X) / p(token) of factor l: float32 [B, tokens].

        The tokens x [B, L] and their features X [B, D] are K rows of each of the `patterns` of what is given.
        """
        if l in self.levels and l not in self.ordered:
            return self._label_term(l, X, given, patterns)
        j, fine = self.feature[self.fine.get(l, l)], l in self.fine
        mu, s = (X @ given.A_fine[j], given.s_fine[j]) if fine else number(j, X, given, patterns)
        term = self.interval_term(l, x, mu, s)
        return term + self._label_term(l, X, given, patterns) if l in self.levels else term

    def interval_term(self, l: int, x: Tensor, mu: Tensor, s: Tensor) -> Tensor:
        """Return the term of a number's factor l for tokens x [B, L] and scores of N(mu, s^2), mu [B] and s [B, 1]."""
        c, edges = self.fine.get(l, l), getattr(self, f"edges_{l}")
        if l not in self.fine:
            return nn.functional.pad(interval_term(edges, mu, s), (0, 1))[:, : self.sizes[l]]
        is_missing = x[:, c] >= len(edges)
        return interval_term(edges[x[:, c].clamp(max=len(edges) - 1)], mu, s).masked_fill(is_missing[:, None], 0.0)

    def gap_term(self, c: int, X: Tensor, given: Conditionals) -> Tensor:
        """Return log p(state | X) / p(state) of number c, present and missing: float32 [B, 2], 0 without gaps."""
        if c not in self.levels:
            return X.new_zeros(len(X), 2, dtype=torch.float32)
        return self._level_term(c, X, given, EVERY_PATTERN).flip(1)

    def _label_term(self, c: int, X: Tensor, given: Conditionals, patterns: Tensor | slice) -> Tensor:
        return self._level_term(c, X, given, patterns)[:, self.ranks(c, X.device)]

    def _level_term(self, c: int, X: Tensor, given: Conditionals, patterns: Tensor | slice) -> Tensor:
        slopes, intercepts = (own[patterns] for own in given.log_odds[c])
        if len(slopes) == 1:  # in half the time
            return label_term(torch.addmm(intercepts, X, slopes[0]), self.shares(c))
        logits = (X.unflatten(0, (len(slopes), -1)) @ slopes + intercepts[:, None]).flatten(0, 1)
        return label_term(logits, self.shares(c))


def number(j: int, X: Tensor, given: Conditionals, patterns: Tensor | slice = EVERY_PATTERN) -> tuple[Tensor, Tensor]:
    """Return mean [B] and deviation [B, 1] or [1, 1] of the score of feature j for features X [P * K, D]."""
    A, s, b = (own[patterns, j] for own in (given.A, given.s, given.b))  # [P, D], [P], [P]
    mu = (X.unflatten(0, (len(A), -1)) @ A[:, :, None] + b[:, None, None]).flatten()
    return mu, (s if len(s) == 1 else s.repeat_interleave(len(X) // len(s)))[:, None]
