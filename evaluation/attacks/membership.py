"""Membership attacks: guess from the synthetic rows whether a person's row was used for training.

No-box attacks (membership_scores.py) see only the synthetic table and other real rows; the white-box attack, of whoever
holds the model, sees its loss. Here their scores are gathered; choice.py chooses among them and
measures what the chosen one reaches.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from launderette.evaluation.attacks import few_columns, linkage, membership_scores
from launderette.evaluation.attacks.attacker import Attacker
from launderette.evaluation.attacks.membership_scores import Scores
from launderette.evaluation.measures.neighbours import Group
from launderette.evaluation.measures.once import once
from launderette.evaluation.samples import Samples, Signal
from launderette.evaluation.scores import EvaluationError
from launderette.evaluation.streams import RandomStream, generator

MOST_CANDIDATES = 5000  # members, and as many non-members, at most
# of a candidate and a released row: in a large release fewer candidates are looked for among all its rows
MOST_SEARCHED_PAIRS = 2_000_000_000
MOST_RELEASED_ROWS = 1_000_000  # synthetic rows searched: a copy that is not looked at is not found
BASELINE = 2000, 20_000  # candidates and released rows for ceiling and floor
SMALLEST = 20  # non-members below which nothing is said
WHITE_BOX = "loss", "calibrated loss"  # the attacks that need the model
ISOLATED, LEFT = 0.1, 25  # share of candidates called isolated, more where so few non-members would be left


@dataclass(frozen=True)
class Evidence:
    """Attack scores of members and non-members, and how isolated each of them is among the holdout rows."""

    members: Scores
    non_members: Scores
    isolation: tuple[np.ndarray, np.ndarray]
    searched: int  # released rows
    rows: np.ndarray  # of the training table: the members
    held: np.ndarray  # of the holdout: the non-members
    linked: tuple[str, ...] = ()  # columns found to leak more than others, by either half of the candidates
    few: Mapping[str, tuple[str, ...]] = field(
        default_factory=dict
    )  # the few that an attack found to leak, by its name

    @property
    def isolated(self) -> float:
        """Share of the non-members that count as isolated."""
        return min(1.0, max(ISOLATED, LEFT / len(self.isolation[1])))

    def from_release(self) -> Evidence:
        """The attacks of somebody who has the released rows and no model."""
        return self._attacks(set(self.members) - set(WHITE_BOX))

    def from_model(self) -> Evidence:
        """The attacks that read the model's loss; none where there is no model or it has no loss."""
        return self._attacks(set(self.members) & set(WHITE_BOX))

    def _attacks(self, chosen: set[str]) -> Evidence:
        members, non_members = (
            {a: s for a, s in scores.items() if a in chosen} for scores in (self.members, self.non_members)
        )
        return replace(self, members=members, non_members=non_members)

    def most_isolated(self) -> Evidence:
        """The same evidence about the most isolated candidates only."""
        cut = np.quantile(self.isolation[1], 1 - self.isolated)
        return self.about(*(isolation >= cut for isolation in self.isolation))

    def about(self, inside: np.ndarray, outside: np.ndarray) -> Evidence:
        """The same evidence about some members, bool [members], and some non-members, bool [non-members], only."""
        members, non_members = _only(self.members, inside), _only(self.non_members, outside)
        isolation = self.isolation[0][inside], self.isolation[1][outside]
        kept = {"rows": self.rows[inside], "held": self.held[outside]}
        return replace(self, members=members, non_members=non_members, isolation=isolation, **kept)


def _only(scores: Scores, chosen: np.ndarray) -> Scores:
    return {attack: values[chosen] for attack, values in scores.items()}


@once
def evidence(samples: Samples, role: str, seed: int, least: int = SMALLEST) -> Evidence | None:
    """Evidence of all attacks with `role` released as the synthetic table; None where under `least` members or
    non-members are left.

    Where the holdout itself is released (the ceiling), its first half is, and the second half are the non-members. Of
    an entity whose rows are recognised together one is attacked.
    """
    limit, searched = _effort(samples) if role == "synthetic" else BASELINE
    held = samples.one_each("holdout", samples.size("holdout"), seed)
    order = generator(seed, RandomStream.NON_MEMBERS).permutation(held)
    released, order = (order[: len(order) // 2], order[len(order) // 2 :]) if role == "holdout" else (None, order)
    members, non_members = samples.one_each("train", limit, seed), np.sort(order[:limit])
    if min(len(members), len(non_members)) < least:
        return None
    rows = samples.rows(role, searched, seed) if released is None else np.sort(released[:searched])
    attacker = Attacker(samples, Group(role, rows), Group("train", members), Group("holdout", non_members), seed)
    found = membership_scores.no_box(attacker, thorough=role == "synthetic")
    if role == "synthetic":
        for name, signal in {**samples.signals, **({"loss": samples.loss} if samples.loss else {})}.items():
            _add_signal(attacker, name, signal, found)
    isolation = attacker.usual(attacker.members)[0].mean(1), attacker.usual(attacker.non_members)[0].mean(1)
    told = (linkage.found(attacker), few_columns.found(attacker)) if role == "synthetic" else ()
    return Evidence(*found, isolation, len(rows), members, non_members, *told)


def _effort(samples: Samples) -> tuple[int, int]:
    searched = min(MOST_RELEASED_ROWS, samples.size("synthetic"))
    return min(MOST_CANDIDATES, MOST_SEARCHED_PAIRS // searched), searched


def _add_signal(attacker: Attacker, name: str, signal: Signal, found: tuple[Scores, Scores]) -> None:
    """A low signal (a loss: the white-box attack), and one lower than that of the nearest other candidates: how hard
    such a row usually is.
    """
    values = [_signals(attacker.samples, name, signal, group) for group in attacker.candidates]
    usual = np.concatenate(values)
    for scores, group, own in zip(found, attacker.candidates, values, strict=True):
        scores[name] = -own
        scores[f"calibrated {name}"] = usual[attacker.usual(group)[1]].mean(1) - own


def _signals(samples: Samples, name: str, signal: Signal, group: Group) -> np.ndarray:
    values = np.asarray(signal(samples.frames[group.role].iloc[group.rows]), dtype=np.float64)
    if values.shape != (len(group),):
        raise EvaluationError(
            f"expected the {name} to be one number per row ({len(group)}), found shape {values.shape}; return a vector"
        )
    most = float(np.finfo(np.float32).max)
    return np.nan_to_num(values, nan=most, posinf=most)
