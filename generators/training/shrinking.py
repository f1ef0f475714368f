"""Shrinking: of what each factor of a chain has learnt, keep as much as other rows confirm, and no more than the bound
on memory allows.

Most of what a network remembers of few rows lies in columns that nothing explains: their factors p(x_l | x_<l) fit
noise. So factor l stands between where it began and where training ended,

theta_l = begun_l + share_l (learnt_l - begun_l)

with the share that minimises V_l + pressure (V_l - T_l), V_l and T_l the mean losses of validation and training rows.
At no pressure this is the factor's best share by the validation rows. Where the loss attack is still better than the
bound allows, pressure rises. Where no pressure suffices, by more than the luck of the validation rows, it is the prior
that remembers (a copula, tables of pairs), and about the most of that is kept which the bound allows. Where nothing
suffices, as much of it stays as remembers no more than the least does, but for luck, and the model says that it does
not keep to the bound.
"""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol, runtime_checkable

import numpy as np
import torch
from torch import Tensor

from launderette.generators.training.memorisation import LEAST_JUDGING_ROWS, Attack

KEPT_SHARES = (0.0, 0.1, 0.2, 0.35, 0.5, 0.7, 0.85, 1.0)  # of what a factor has learnt
PRIOR_SHARES = (0.85, 0.7, 0.5, 0.3, 0.0)  # of what the prior knows, where all of it is too much
WIDE_FACTORS = 500  # from which on but half and nothing are tried, for each takes as long as all factors
LUCK = 0.2  # error of the AUC times the root of the validation rows: a prior is weakened for no less than that
BEYOND_LUCK = 3.0  # errors by which a share of a prior must remember more than another to be given up for it
PRESSURES = (0.0, *(0.02 * 1.2**k for k in range(40)))  # to about 25
PRESSURE_HALVINGS = 6  # of what lies between the least of these that suffices and the one before
PRIOR_HALVINGS = 3  # of what lies between the largest of PRIOR_SHARES that suffices and the one before


class Again(Protocol):
    """How an attack on a chain that keeps a share of its prior is judged by more than the validation rows."""

    def __call__(self, attack: Attack, share: float = 1.0) -> Attack: ...


def same(attack: Attack, share: float = 1.0) -> Attack:
    """Return the attack itself, where nothing more is known."""
    return attack


class Tried(NamedTuple):
    """The AUC of the attack where a share of a prior is kept, and each factor's place in KEPT_SHARES there, int [L]."""

    auc: float
    share: float
    chosen: Tensor


class Prior(Protocol):
    """What a chain knows before it is trained, by the rows that it is trained on."""

    used: bool  # it says more than that columns are independent

    def state_dict(self) -> dict[str, Any]:
        """Return what it knows, by name."""
        ...

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> Any:
        """Know this again."""
        ...

    def weaken(self, share: float) -> None:
        """Keep a share of it."""
        ...


@runtime_checkable
class Chain(Protocol):
    """A model whose loss is a sum over factors, each with parameters of its own that no other factor reads.
    Where it has a `prior`, that is what it knew before training.
    """

    def prepared(self, x: Tensor) -> Iterator[Callable[[], Tensor]]:
        """Yield what gives losses of each factor for tokens x [B, L], in nats, by the own parameters as they are when
        it is called: [B, L]; the loss is their mean.
        """
        ...

    def own(self, l: int) -> Sequence[Tensor]:
        """Return the parameters of factor l by which it departs from where it began."""
        ...


@dataclass(frozen=True)
class Beginning:
    """A chain before its training: the own parameters of every factor."""

    chain: Any
    begun: tuple[tuple[Tensor, ...], ...]

    @classmethod
    def of(cls, chain: Any, factors: int) -> "Beginning":
        """Remember where each of the factors begins."""
        return cls(chain, _copies(chain, factors))

    def shrink(self, attack: Attack, bound: float, again: Again = same) -> dict[str, float]:
        """Shrink the trained chain, and its prior where it has one, to a bound on the attack's AUC; return the bound
        and the mean shares kept.

        A prior is not weakened where the attack as judged `again` says that it may stay. By too few validation rows
        nothing else is judged, and nothing is kept of what was learnt.
        """
        learnt, whole = _copies(self.chain, len(self.begun)), self._known()
        few = len(attack.outside) < LEAST_JUDGING_ROWS
        luck = LUCK / math.sqrt(len(attack.outside) + few * len(attack.inside))

        def under(share: float) -> Tried:
            self._weaken(whole, share)
            inside, outside = (self._losses(rows, learnt, attack.chunk) for rows in (attack.inside, attack.outside))
            chosen = torch.tensor([0] * len(self.begun) if few else _chosen(inside, outside, attack, bound))
            losses = [_rows(side, chosen) for side in (inside, outside)]
            auc = (again(attack, share) if few else attack).auc(*losses)
            auc = min(auc, again(attack).auc(*losses)) if share == 1 and auc > bound + luck else auc
            return Tried(auc, share, chosen)

        kept = self._most_of_prior(under, self._prior_shares() if whole else [1.0], bound, luck)
        self._weaken(whole, kept.share)
        shares = [KEPT_SHARES[k] for k in kept.chosen.tolist()]
        self._stand(learnt, shares)
        weakened = {} if kept.share == 1 else {"prior": kept.share}
        return {"bound": bound, "kept": round(sum(shares) / len(shares), 3)} | weakened

    def _most_of_prior(
        self, under: Callable[[float], Tried], shares: Sequence[float], bound: float, luck: float
    ) -> Tried:
        """Try descending shares of the prior, and what lies between the first that keeps to the bound and the one
        before; where none does, take one that remembers little.
        """
        tried: list[Tried] = []
        for share in shares:
            tried.append(under(share))
            if tried[-1].auc <= bound + luck * (share == 1):
                break
        else:
            return _remembering_least(tried, luck)
        much, best = tried[-2].share if len(tried) > 1 else 1.0, tried[-1]
        for _ in range(PRIOR_HALVINGS if best.share < 1 and len(self.begun) < WIDE_FACTORS else 0):
            middle = under(round((much + best.share) / 2, 4))
            much, best = (much, middle) if middle.auc <= bound else (middle.share, best)
        return best

    def _known(self) -> dict[str, Tensor]:
        """Return what the chain's prior knows; nothing where it has none, or one that says nothing."""
        prior: Prior | None = getattr(self.chain, "prior", None)
        known = {} if prior is None or not prior.used else prior.state_dict()
        return {name: own.clone() for name, own in known.items()}

    def _prior_shares(self) -> Sequence[float]:
        return 1.0, *(PRIOR_SHARES[2::2] if len(self.begun) >= WIDE_FACTORS else PRIOR_SHARES)

    def _weaken(self, whole: Mapping[str, Tensor], share: float) -> None:
        """Have the chain's prior keep a share of what it knew, which `whole` remembers; without that it stays."""
        if whole:
            self.chain.prior.load_state_dict(whole)
            self.chain.prior.weaken(share)

    @torch.no_grad()
    def _losses(self, rows: Tensor, learnt: tuple[tuple[Tensor, ...], ...], chunk: int) -> Tensor:
        """Return each factor's loss of each row at each of KEPT_SHARES: [S, rows, L]."""
        found = torch.zeros(len(KEPT_SHARES), *rows.shape, dtype=torch.float64)
        for at in torch.arange(len(rows)).split(chunk):
            for times, losses in enumerate(self.chain.prepared(rows[at.to(rows.device)]), 1):
                for k, share in enumerate(KEPT_SHARES):
                    self._stand(learnt, [share] * len(learnt))
                    found[k, at] += (losses().double().cpu() - found[k, at]) / times
        return found

    @torch.no_grad()
    def _stand(self, learnt: tuple[tuple[Tensor, ...], ...], shares: Sequence[float]) -> None:
        """Put each factor at its share of the way from where it began to what it has learnt."""
        for l, share in enumerate(shares):
            for own, begun, end in zip(self.chain.own(l), self.begun[l], learnt[l], strict=True):
                own.copy_(torch.lerp(begun, end, share))


def _remembering_least(tried: Sequence[Tried], luck: float) -> Tried:
    """Return the first share, with what is chosen beside it, whose AUC exceeds the least by no more than luck can."""
    least = min(one.auc for one in tried)
    return next(one for one in tried if one.auc <= least + BEYOND_LUCK * luck)


def _copies(chain: Any, factors: int) -> tuple[tuple[Tensor, ...], ...]:
    return tuple(tuple(own.detach().clone() for own in chain.own(l)) for l in range(factors))


def _chosen(inside: Tensor, outside: Tensor, attack: Attack, bound: float) -> list[int]:
    """Return each factor's place in KEPT_SHARES under the least pressure with which losses [S, N, L] inside and
    [S, M, L] outside keep to the bound; where none does, under that with the smallest AUC.
    """
    validation, gap = outside.mean(1), outside.mean(1) - inside.mean(1)  # [S, L]

    def under(pressure: float) -> tuple[float, Tensor]:
        chosen = (validation + pressure * gap).argmin(0)
        return attack.auc(*(_rows(side, chosen) for side in (inside, outside))), chosen

    tried = []
    for before, pressure in zip((0.0, *PRESSURES), PRESSURES, strict=False):
        tried.append(under(pressure))
        if tried[-1][0] <= bound:
            return under(_least(lambda less: under(less)[0] <= bound, before, pressure))[1].tolist()
    return min(tried, key=lambda one: one[0])[1].tolist()


def _least(suffices: Callable[[float], bool], much: float, enough: float) -> float:
    """Return about the least number between two that suffices, as the second does."""
    for _ in range(PRESSURE_HALVINGS):
        middle = (much + enough) / 2
        much, enough = (much, middle) if suffices(middle) else (middle, enough)
    return enough


def _rows(losses: Tensor, chosen: Tensor) -> np.ndarray:
    """Return the loss of each row [N] where factor l stands at its chosen share."""
    return losses.gather(0, chosen.expand(1, *losses.shape[1:]))[0].sum(1).numpy()
