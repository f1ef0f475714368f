"""What a table's generator starts from: rows of a Gaussian copula or of tables of pairs, whichever makes other rows
likelier, with the noise that each was drawn with.

Columns are drawn one after another from the conditionals of the copula (copula.py) or of the tables (pairs.py), known
columns first. A number is z = mu + s e, or from the tables where e lies in its conditional distribution; a choice is
the largest of its logits log p + g with Gumbel noise g, so that a later correction of the logits changes it smoothly.
"""

from dataclasses import replace

import torch
from torch import Tensor, nn

from launderette.generators.networks.copula import COPULA_ROWS, INDEPENDENT, Conditionals, Copula, number
from launderette.generators.networks.label_fitting import fit_labels
from launderette.generators.networks.layers import IMPOSSIBLE
from launderette.generators.networks.ties import is_wide, shrinkages
from launderette.generators.priors.pairs import PairTables, gains
from launderette.generators.priors.score_fitting import fit_scores
from launderette.generators.tabular._schedule import mutual_information
from launderette.generators.tabular._variables import Variables
from launderette.generators.training.validation import Folds

VALIDATION_ROWS = 2000  # validation rows that are asked
MOST_DRAWN_FEATURES = 1000  # of a copula, which each draw reads for each column: those of wider tables start alone
NO_LOSS = 1e-6  # nats that sums are rounded by
UNIFORM_MARGIN = 1e-7  # uniforms keep away from 0 and 1
STARTS = "likelier", "copula", "pairs", "noise"  # the first: copula or pairs


class Start(nn.Module):
    """Draws starting rows; `fit` fills the copula, and chooses the columns that follow it, or fills the tables."""

    follows: Tensor  # bool [columns]; the others are drawn by their own shares

    def __init__(self, variables: Variables) -> None:
        super().__init__()
        self.variables = variables
        ordered = [size * (c in variables.numbers) for c, size in enumerate(variables.layout.ordered)]
        # a choice is a label to it, whatever it is called
        self.copula = Copula(replace(variables.layout, ordered=tuple(ordered)))
        self.register_buffer("follows", torch.zeros(self.copula.columns, dtype=torch.bool))
        self.pairs = PairTables(variables.layout)

    def fit(self, x: Tensor, folds: Folds, start: str) -> None:
        """Fit what STARTS names to tokens x [N, L]: of copula and tables what makes others of its folds likelier."""
        R = self.copula.R
        parts = [(own, others[:VALIDATION_ROWS]) for own, others in folds][: 1 if is_wide(R) else None]
        gained = self._fit_copula(x, parts, used=start in ("likelier", "copula") and len(R) <= MOST_DRAWN_FEATURES)
        if start in ("likelier", "pairs") and self.pairs.partners.numel():
            gained_of_pairs = sum(self._gain_of_pairs(*part) for part in parts) / len(parts)
            self._fit_pairs(x)
            if start == "likelier" and gained_of_pairs <= gained:
                self.pairs.weaken(0.0)

    def _fit_pairs(self, x: Tensor) -> None:
        x = x[:: max(1, len(x) // COPULA_ROWS)]
        self.pairs.fit(x, mutual_information(x, self.copula.columns))

    def _gain_of_pairs(self, x: Tensor, other: Tensor) -> float:
        """Return how much likelier other rows [M, L] are by tables of tokens x [N, L] than column by column, in nats
        per row.
        """
        self._fit_pairs(x)
        before = torch.ones(self.copula.columns, self.copula.columns).tril(-1).expand(len(other), -1, -1)
        return float(gains(self.pairs.terms(other, before).items(), x, other).sum(1).mean())

    def _fit_copula(self, x: Tensor, parts: list[tuple[Tensor, Tensor]], *, used: bool) -> float:
        """Fit the copula to tokens x [N, L], shrunk as suits other rows best, for the columns of which these do not
        become less likely, or use none; return how much likelier they become, in nats per row.
        """
        if not used:
            self.copula.shrink(self.copula.fit(x), INDEPENDENT)
            self.follows.zero_()
            return 0.0
        gains = torch.stack([self._gains(*part) for part in parts]).mean(0)
        best = int(gains.clamp(min=0).sum(1).argmax())
        self.copula.shrink(R := self.copula.fit(x), shrinkages(R)[best])
        gained = gains[best] + (fit_labels(self.copula, x, parts) + fit_scores(self.copula, x, parts)).mean(0)
        self.follows.copy_(gained >= -NO_LOSS)  # what comes first gains nothing but under conditions
        if gained.max() <= 0:
            self.copula.shrink(R, INDEPENDENT)
        return float(gained.clamp(min=0).sum())

    def _gains(self, x: Tensor, other: Tensor) -> Tensor:
        """Return how much likelier each number of other rows [M, L] is by a copula of tokens x [N, L] than alone, in
        nats per row, by shrinkage: float64 [shrinkages, columns], 0 for labels.
        """
        R, X = self.copula.fit(x), self.copula.features(other)
        found = torch.zeros(len(shrinkages(R)), self.copula.columns, dtype=torch.float64)
        for k, amount in enumerate(shrinkages(R)):
            self.copula.shrink(R, amount)
            for c in self.copula.ordered if self.copula.used else ():  # not of a single column
                term = self.copula.term(c, other, X, self.copula.given_none())
                found[k, c] = term.gather(1, other[:, c : c + 1]).mean()
        return found

    @torch.no_grad()
    def draw(self, e: Tensor, u: Tensor, x: Tensor, known: list[int]) -> tuple[Tensor, Tensor]:
        """Normals e [B, n], uniforms u [B, T] and tokens x [B, L], of which the columns `known` are given -> z [B,
        n], logits [B, T].
        """
        variables, copula = self.variables, self.copula
        gumbel = -torch.log(-torch.log(u.clamp(UNIFORM_MARGIN, 1 - UNIFORM_MARGIN)))
        z = variables.within(x, torch.special.ndtr(e.double())) if known else e.clone()
        y = list(gumbel.split(variables.sizes, 1))
        follows = self.follows.tolist()  # asked once: each answer of a GPU is waited for
        of_others = copula.conditionals(copula.mask(known)) if any(follows) else copula.given_none()
        x = x.clone()
        drawn = torch.zeros_like(x, dtype=torch.bool)
        X = torch.zeros(len(e), len(copula.R), dtype=copula.R.dtype, device=e.device)
        for c in [*sorted(known), *(c for c in range(copula.columns) if c not in known)]:
            told, given = None if c in known else self.pairs.term(c, x, drawn), of_others if follows[c] else None
            drawn[:, c] = True
            for v in variables.of_column[c]:
                y[v] = self._certain(v, x) if c in known else y[v] + self._logits(v, x, X, given, told)
            if told is not None and c in variables.numbers:
                z[:, variables.numbers.index(c)] = self._told_score(c, e, told)
                x[:, c] = self._token(c, z, y)
            elif c not in known:
                x[:, c] = (
                    self._number(c, z, e, y, X, given)
                    if c in variables.numbers
                    else y[variables.of_column[c][0]].argmax(1)
                )
            copula.read(c, x, X)
        return z, torch.cat([u[:, :0], *y], 1)

    def _logits(self, v: int, x: Tensor, X: Tensor, given: Conditionals | None, told: Tensor | None) -> Tensor:
        """Return log p of choice v given the tokens x [B, L] and their features X [B, D], by itself (`given` None), or
        what tables have `told` of its tokens [B, K]: [B, K]; a choice under another one adds its own once that is made.
        """
        choice, share = self.variables.choices[v], getattr(self.variables, f"log_share_{v}")
        if choice.above is not None:
            return torch.zeros_like(share[:1])
        if told is not None:
            return self._missing(choice.column, told) if choice.is_missing else share + told
        if given is None:
            return share
        if choice.is_missing:
            return share + self.copula.gap_term(choice.column, X, given)
        return share + self.copula.term(choice.column, x, X, given)

    def _number(self, c: int, z: Tensor, e: Tensor, y: list[Tensor], X: Tensor, given: Conditionals | None) -> Tensor:
        """Draw z of column c from N(mu, s^2), or by itself (`given` None) from N(0, 1), into z [B, n]; return its token
        [B].
        """
        i, j = self.variables.numbers.index(c), self.copula.feature[c]
        z[:, i] = e[:, i]
        if given is not None:
            mu, s = number(j, X, given)
            z[:, i] = (mu + s[:, 0] * e[:, i]).float()
        return self._token(c, z, y)

    def _log_shares(self, c: int) -> Tensor:
        """Return the log shares of the coarse tokens of number c, the one for a missing value last: [K]."""
        edges = torch.special.ndtr(getattr(self.copula, f"edges_{c}"))
        present, missing = (edges.diff() + 1e-9).log(), self.variables.of_column[c]
        if not missing:
            return present
        there, gone = getattr(self.variables, f"log_share_{missing[0]}")[0].double()
        return torch.cat([present + there, gone[None]])

    def _missing(self, c: int, told: Tensor) -> Tensor:
        """Return log p that number c is there, and that it is missing: [B, 2]."""
        logits, size = self._log_shares(c) + told, self.copula.ordered[c]
        return torch.stack([logits[:, :size].logsumexp(1), logits[:, size]], 1).float()

    def _told_score(self, c: int, e: Tensor, told: Tensor) -> Tensor:
        """Return z [B] of number c where its normal in e [B, n] lies in what tables have `told` [B, K]."""
        size, edges = self.copula.ordered[c], torch.special.ndtr(getattr(self.copula, f"edges_{c}"))
        p = (self._log_shares(c) + told)[:, :size].softmax(1)
        cdf = nn.functional.pad(p.cumsum(1), (1, 0))
        u = torch.special.ndtr(e[:, self.variables.numbers.index(c)].double())[:, None]
        token = (torch.searchsorted(cdf, u, right=True) - 1).clamp(0, size - 1)
        inside = ((u - cdf.gather(1, token)) / p.gather(1, token).clamp(min=1e-12)).clamp(0, 1)
        at = edges[token] + inside * (edges[token + 1] - edges[token])
        return torch.special.ndtri(at.clamp(UNIFORM_MARGIN, 1 - UNIFORM_MARGIN))[:, 0].float()

    def _token(self, c: int, z: Tensor, y: list[Tensor]) -> Tensor:
        """Return the coarse token [B] of number c by its score among z [B, n] and the choice that it is missing."""
        edges, i = getattr(self.copula, f"edges_{c}"), self.variables.numbers.index(c)
        token = torch.bucketize(z[:, i].double(), edges[1:-1], right=True)
        for v in self.variables.of_column[c]:
            token = torch.where(y[v].argmax(1) == 1, self.copula.ordered[c], token)
        return token

    def _certain(self, v: int, x: Tensor) -> Tensor:
        """Return logits of choice v that leave only the level in tokens x: [B, K]."""
        choice = self.variables.choices[v]
        return (1 - nn.functional.one_hot(self.variables.pick(x, choice), choice.size).float()) * IMPOSSIBLE
