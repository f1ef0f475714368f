"""Membership attacks: guess from the synthetic rows whether a person's row was used for training.

No-box attacks (recognition.py) see only the synthetic table and a reference sample, the holdout; the white-box attack sees the
model's loss. Here their scores are gathered, and the strongest attack is chosen and judged.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from evaluation.attacks import membership_scores
from evaluation.measures import intervals, neighbours
from evaluation.samples import EvaluationError, Samples

CANDIDATES = 5000  # members, and as many outsiders, at most
PAIRS = 2_000_000_000  # of a candidate and a released row: in a large release fewer candidates are looked for among all its rows
RELEASED = 1_000_000  # synthetic rows searched: a copy that is not looked at is not found
BASELINE = 2000, 20_000  # candidates and released rows for ceiling and floor
FALSE_ALARMS = (0.001, 0.01, 0.1)
SMALLEST = 20  # outsiders below which nothing is said
ISOLATED, LEFT = 0.1, 25  # share of candidates called isolated, more where so few outsiders would be left


@dataclass(frozen=True)
class Evidence:
    """Attack scores of members and outsiders, and how isolated each of them is among the holdout rows."""

    members: dict[str, np.ndarray]
    outsiders: dict[str, np.ndarray]
    isolation: tuple[np.ndarray, np.ndarray]
    searched: int  # released rows
    rows: np.ndarray  # of the training table: the members

    @property
    def isolated(self) -> float:
        """Share of the outsiders that count as isolated."""
        return min(1.0, max(ISOLATED, LEFT / len(self.isolation[1])))

    def most_isolated(self) -> Evidence:
        """The same evidence about the most isolated candidates only."""
        cut = np.quantile(self.isolation[1], 1 - self.isolated)
        inside, outside = (isolation >= cut for isolation in self.isolation)
        return Evidence({a: s[inside] for a, s in self.members.items()}, {a: s[outside] for a, s in self.outsiders.items()},
                        (self.isolation[0][inside], self.isolation[1][outside]), self.searched, self.rows[inside])


@dataclass(frozen=True)
class Outcome:
    """What the strongest attack reached: hits among members at 1 % false alarms, rates, AUC with interval, ROC points."""

    hits: int
    members: int
    outsiders: int
    searched: int  # released rows
    tried: tuple[str, ...]
    attacks: tuple[str, str]  # the strongest, of each half
    rates: dict[str, float | None]  # by false-alarm rate, with Clopper-Pearson ends
    area: tuple[float, float, float]
    curve: tuple[list[float], list[float]]


def evidence(samples: Samples, role: str, seed: int) -> Evidence | None:
    """`gather`, remembered."""
    key = "evidence", role, seed
    if key not in samples.memo:
        samples.memo[key] = gather(samples, role, seed)
    return samples.memo[key]


def gather(samples: Samples, role: str, seed: int) -> Evidence | None:
    """Evidence of all attacks with `role` released as the synthetic table; None where too few outsiders are left.

    Where the holdout itself is released (the ceiling), its first half is, and the second half are the outsiders.
    """
    limit, searched = _effort(samples) if role == "synthetic" else BASELINE
    held = samples.rows("holdout", samples.size("holdout"), seed)
    order = np.random.default_rng([seed, 17]).permutation(held)
    released, order = (order[:len(order) // 2], order[len(order) // 2:]) if role == "holdout" else (None, order)
    if len(order) < SMALLEST or samples.size("train") < SMALLEST:
        return None
    outsiders = "holdout", np.sort(order[:limit])
    members = "train", samples.rows("train", limit, seed)
    rows = samples.rows(role, searched, seed) if released is None else np.sort(released[:searched])
    attacker = membership_scores.Attacker(samples, (role, rows), outsiders, seed)
    found = membership_scores.no_box(attacker, members)
    if samples.loss is not None and role == "synthetic":
        _add_loss(samples, members, outsiders, found)
    return Evidence(*found, tuple(attacker.usual(group)[0].mean(1) for group in (members, outsiders)), len(rows), members[1])


def _effort(samples: Samples) -> tuple[int, int]:
    searched = min(RELEASED, samples.size("synthetic"))
    return min(CANDIDATES, PAIRS // searched), searched


def _add_loss(samples: Samples, members, outsiders, found) -> None:
    """White-box: low loss, and loss lower than that of the nearest holdout rows (how hard such a row usually is)."""
    losses = {role: _losses(samples, role, rows) for role, rows in (members, outsiders)}
    for scores, group in zip(found, (members, outsiders), strict=True):
        _, index = neighbours.search(samples, group, outsiders, membership_scores.NEAREST)
        scores["loss"] = -losses[group[0]]
        scores["calibrated loss"] = losses["holdout"][index].mean(1) - losses[group[0]]


def _losses(samples: Samples, role: str, rows: np.ndarray) -> np.ndarray:
    values = np.asarray(samples.loss(samples.frames[role].iloc[rows]), dtype=np.float64)
    if values.shape != (len(rows),):
        raise EvaluationError(f"expected the loss to be one number per row ({len(rows)}), found shape {values.shape}; "
                              "return a vector")
    return np.nan_to_num(values, nan=np.finfo(np.float32).max, posinf=np.finfo(np.float32).max)


def judge(evidence: Evidence, seed: int) -> Outcome:
    """Pick the strongest attack on one half of the candidates, report it on the other; then the halves change places."""
    rng = np.random.default_rng([seed, 23])
    sides = [(_half(e, rng)) for e in (len(evidence.isolation[0]), len(evidence.isolation[1]))]
    ranks = {a: _ranks(evidence.members[a], evidence.outsiders[a], rng) for a in _telling(evidence)}
    hits, areas, attacks, curves = dict.fromkeys(FALSE_ALARMS, 0), [], [], []
    for report in (0, 1):
        choose = {a: (m[sides[0] != report], o[sides[1] != report]) for a, (m, o) in ranks.items()}
        best = max(choose, key=lambda a: strength(*choose[a]))
        m, o = ranks[best][0][sides[0] == report], ranks[best][1][sides[1] == report]
        for rate in FALSE_ALARMS:
            hits[rate] += _hits(m, o, rate)
        areas.append(intervals.auc_interval(m, o, seed))
        attacks.append(best)
        curves.append(_curve(m, o))
    members, outsiders = len(sides[0]), len(sides[1])
    rates = _rates(hits, members, outsiders)
    area = tuple(float(np.mean([a[i] for a in areas])) for i in range(3))
    return Outcome(hits[0.01], members, outsiders, evidence.searched, tuple(evidence.members), tuple(attacks), rates, area, curves[0])


def _telling(evidence: Evidence) -> list[str]:
    """The attacks that tell any two candidates apart; one that cannot would only be luck. All of them where none can."""
    telling = [a for a, scores in evidence.members.items() if np.ptp(np.concatenate([scores, evidence.outsiders[a]])) > 0]
    return telling or list(evidence.members)


def _rates(hits: dict[float, int], members: int, outsiders: int) -> dict[str, float | None]:
    """Rates with both ends; None where a half of the outsiders holds too few for so small a false-alarm rate."""
    rates: dict[str, float | None] = {}
    for rate in FALSE_ALARMS:
        low, high = intervals.clopper_pearson(hits[rate], members)
        measured = rate * outsiders / 2 >= 1
        for name, value in (("", hits[rate] / members), ("_low", low), ("_high", high)):
            rates[f"tpr_at_{rate:g}{name}"] = value if measured else None
    return rates


def _half(size: int, rng: np.random.Generator) -> np.ndarray:
    return rng.permutation(np.arange(size) % 2)


def _ranks(members: np.ndarray, outsiders: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Scores as distinct ranks; ties are broken by chance, so that many equal distances favour neither group."""
    scores = np.concatenate([members, outsiders])
    ranks = np.empty(len(scores), dtype=np.int64)
    ranks[np.lexsort((rng.random(len(scores)), scores))] = np.arange(len(scores))
    return ranks[:len(members)], ranks[len(members):]


def _hits(members: np.ndarray, outsiders: np.ndarray, rate: float) -> int:
    """Members above the threshold that lets through at most `rate` of the outsiders."""
    allowed = int(rate * len(outsiders))
    return int((members > np.sort(outsiders)[-1 - allowed]).sum())


def strength(members: np.ndarray, outsiders: np.ndarray) -> float:
    """Share of members recognised at 1 % false alarms, plus that at 10 %."""
    return (_hits(members, outsiders, 0.01) + _hits(members, outsiders, 0.1)) / len(members)


def _curve(members: np.ndarray, outsiders: np.ndarray) -> tuple[list[float], list[float]]:
    rates = np.unique(np.geomspace(1 / len(outsiders), 1, 40).round(6))
    rates = rates[rates < 1]
    return [float(r) for r in rates], [_hits(members, outsiders, r) / len(members) for r in rates]
