"""Which attack is the strongest, and what it reaches on candidates by which it was not chosen.

Half of the candidates choose, the other half report; then the halves change places, and all of it is done several times
with other halves, so that a single unlucky choice does not hide a leak. Among the attacks to choose from is their
combination, by a logistic model that is fitted to the choosing half.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy.stats import norm
from sklearn.linear_model import LogisticRegression

from launderette.evaluation.attacks import blocks, linkage
from launderette.evaluation.attacks.membership import Evidence
from launderette.evaluation.attacks.strength import strength
from launderette.evaluation.measures import intervals
from launderette.evaluation.measures.intervals import Half, threshold_rank
from launderette.evaluation.samples import Samples
from launderette.evaluation.streams import RandomStream, generator

FALSE_ALARMS = (0.001, 0.01, 0.1)
CROSS_FITS = 4
LEAST_COMBINED = 200  # non-members below which attacks are not combined: a model would fit their noise
COMBINED = "all attacks combined"
SURPRISING = 12.0  # strength of an attack by chance in one of some 3,000 tables, with sixty tries each
PLAINER = 1.5  # times as surprising as by the distances of whole rows is what a block of columns gives away

Rate = tuple[float, float, float]  # value, low end, high end


@dataclass(frozen=True)
class Outcome:
    """What the strongest attack reached: TPR by false-alarm rate and AUC with their intervals, and ROC points."""

    members: int
    non_members: int
    searched: int  # released rows
    tried: tuple[str, ...]
    attacks: tuple[str, ...]  # the strongest, of each choosing half
    rates: Mapping[float, Rate]  # by false-alarm rate
    lowest: Rate  # above the best of each reporting half of the non-members
    area: Rate
    curve: tuple[list[float], list[float]]

    def named_rates(self) -> dict[str, float | None]:
        """Rates with both ends; None where a half of the non-members holds too few for so small a false-alarm rate."""
        return {
            f"tpr_at_{rate:g}{end}": value if rate * (self.non_members // 2 + 1) >= 1 else None
            for rate, found in self.rates.items()
            for end, value in zip(("", "_low", "_high"), found, strict=True)
        }


def measure(evidence: Evidence, seed: int) -> Outcome:
    """The strongest attack's rates, averaged over CROSS_FITS pairs of halves; their intervals are averaged too."""
    rng = generator(seed, RandomStream.ATTACK_CHOICE)
    ranks = {a: _ranks(evidence.members[a], evidence.non_members[a], rng) for a in _varied(evidence)}
    fits = [cross_fit(ranks, rng) for _ in range(CROSS_FITS)]
    lowest = 1 / (len(evidence.isolation[1]) // 2 + 1)
    rates = {rate: intervals.recognised([halves for halves, _ in fits], rate) for rate in (*FALSE_ALARMS, lowest)}
    return Outcome(
        len(evidence.isolation[0]),
        len(evidence.isolation[1]),
        evidence.searched,
        tuple(evidence.members),
        tuple(attack for _, attacks in fits for attack in attacks),
        rates,
        rates[lowest],
        _mean([intervals.mean_auc(halves, seed) for halves, _ in fits]),
        _curve(*fits[0][0][0]),
    )


def _mean(found: list[Rate]) -> Rate:
    value, low, high = np.mean(found, axis=0)
    return float(value), float(low), float(high)


def cross_fit(ranks: Mapping[str, Half], rng: np.random.Generator) -> tuple[list[Half], list[str]]:
    """Scores of both reporting halves, each by the attack that was the strongest on the other, and these attacks."""
    members, non_members = next(iter(ranks.values()))
    sides = _half(len(members), rng), _half(len(non_members), rng)
    halves, attacks = [], []
    for report in (0, 1):
        asked = sides[0] == report, sides[1] == report
        best = strongest({a: (m[~asked[0]], o[~asked[1]]) for a, (m, o) in ranks.items()}, rng)
        scores = combined(ranks, asked) if best == COMBINED else ranks[best]
        halves.append((scores[0][asked[0]], scores[1][asked[1]]))
        attacks.append(best)
    return halves, attacks


def strongest(ranks: Mapping[str, Half], rng: np.random.Generator) -> str:
    """The attack that is strongest on these candidates; of the combination, on those to which it was not fitted."""
    found = {attack: strength(*scores) for attack, scores in ranks.items()}
    members, non_members = next(iter(ranks.values()))
    if len(ranks) > 2 and len(non_members) >= LEAST_COMBINED // 2:
        sides = _half(len(members), rng), _half(len(non_members), rng)
        tried = []
        for report in (0, 1):
            asked = sides[0] == report, sides[1] == report
            scores = combined(ranks, asked)
            tried.append(strength(scores[0][asked[0]], scores[1][asked[1]]))
        found[COMBINED] = sum(tried)  # of both halves together
    return max(found, key=lambda attack: found[attack])


def combined(ranks: Mapping[str, Half], asked: tuple[np.ndarray, np.ndarray]) -> Half:
    """Log odds of membership of all candidates, by a logistic model of those that are not asked."""
    x = [np.stack([scores[side] for scores in ranks.values()], axis=1) for side in (0, 1)]
    fit = np.concatenate([x[0][~asked[0]], x[1][~asked[1]]])
    y = np.repeat([1, 0], [int((~side).sum()) for side in asked])
    model = LogisticRegression(C=0.1, class_weight="balanced", solver="newton-cholesky", max_iter=50).fit(fit, y)
    return model.decision_function(x[0]), model.decision_function(x[1])


def _varied(evidence: Evidence) -> list[str]:
    """The attacks whose scores vary over the candidates; one whose do not would recognise by chance. All of them
    where none does.
    """
    varied = [
        a for a, scores in evidence.members.items() if np.ptp(np.concatenate([scores, evidence.non_members[a]])) > 0
    ]
    return varied or list(evidence.members)


def _half(size: int, rng: np.random.Generator) -> np.ndarray:
    return rng.permutation(np.arange(size) % 2)


def _ranks(members: np.ndarray, non_members: np.ndarray, rng: np.random.Generator) -> Half:
    """Scores as distinct quantiles of a normal distribution, so that no attack's own scale decides; ties are broken by
    chance, so that many equal distances favour neither group.
    """
    scores = np.concatenate([members, non_members])
    ranks = np.empty(len(scores))
    ranks[np.lexsort((rng.random(len(scores)), scores))] = np.arange(len(scores))
    normal = norm.ppf((ranks + 0.5) / len(scores))
    return normal[: len(members)], normal[len(members) :]


def _recognised(members: np.ndarray, non_members: np.ndarray, rate: float) -> float:
    """Share of the members above the threshold of a false-alarm rate."""
    return float((members > np.sort(non_members)[-threshold_rank(rate, len(non_members))]).mean())


def leaking(samples: Samples, evidence: Evidence, seed: int) -> tuple[str, ...]:
    """The block of columns by which most training rows are recognised; none where chance explains it, or where whole
    rows say more.
    """
    found = {a: strength(evidence.members[a], evidence.non_members[a]) for a in evidence.members}
    searched = dict.fromkeys(linkage.LINKAGE_ATTACKS, evidence.linked) | dict(evidence.few)
    columns = {a: searched[a] if a in searched else blocks.columns_of(samples, a, seed) for a in found}
    best = max((a for a in found if columns[a]), key=lambda attack: found[attack], default="")
    if not best or found[best] < max(SURPRISING, PLAINER * found.get("calibrated distance", 0.0)):
        return ()
    return tuple(map(str, columns[best]))


def _curve(members: np.ndarray, non_members: np.ndarray) -> tuple[list[float], list[float]]:
    rates = np.unique(np.geomspace(1 / (len(non_members) + 1), 1, 40).round(6))
    rates = rates[rates < 1]
    return [float(r) for r in rates], [_recognised(members, non_members, r) for r in rates]
