"""Wrong labels: how many of a table's labels are another row's, or were lost by a class to others?

What is asked is how much likelier the labels are, by models of other real rows, if a share of them is wrong. The
derivative of the log-likelihood by that share, at a small share, is the most powerful statistic near it (Rao 1948); its
mean over other rows, beside its mean over real rows, as they are and with every label wrong, is the share.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from launderette.evaluation import entities
from launderette.evaluation.chance import Owners

MIXED = 0.1  # share of wrong labels at which the derivative is taken; it lies under the inverse
KNOWN = 4  # standard errors from nothing, that wrong labels of real rows have to be for anything to be told
LEAST_CLASS = 20  # real rows of a class that may have lost some
LEAST_CHANCE = 1e-9

Labels = np.ndarray  # float64 [rows, classes]: probabilities, or 1 for the class of the row
Flaw = Callable[[Labels, Labels], Labels]  # labels, and what is said of the rows -> labels, all of them wrong
Share = tuple[float, float]  # of the labels that are wrong, in [0, 1], and its standard error


@dataclass(frozen=True, eq=False)
class Judged:
    """Rows, what models of other real rows say of their target, and what it is: a column per class, or the rank of a
    number, all in [0, 1]; and whom rows belong to, where that is known.
    """

    table: pd.DataFrame
    said: Labels
    true: Labels
    owners: Owners = None

    def inside(self, rows: np.ndarray) -> Judged:
        """The rows of a mask."""
        owners = None if self.owners is None else self.owners[rows]
        return replace(self, table=self.table[rows], said=self.said[rows], true=self.true[rows], owners=owners)


def shares(real: Judged, other: Judged) -> Iterator[Share]:
    """The share of labels exchanged, and of each class the share lost to others; where real rows would show it."""
    yield from exchanged(real, other)
    real, other = _whole(real), _whole(other)
    for kind in np.flatnonzero(real.true.sum(0) >= LEAST_CLASS):
        yield from _share(real, other, _lost(int(kind)), by_chance=False)


def exchanged(real: Judged, other: Judged) -> Iterator[Share]:
    """The share of labels that were dealt out anew; nothing where real rows would hardly show it."""
    yield from _share(_whole(real), _whole(other), _exchanged(real.true.mean(0)), by_chance=True)


def _whole(rows: Judged) -> Judged:
    """The rows, of which every class is said to have a chance, one in all."""
    said = np.maximum(rows.said, LEAST_CHANCE)
    return replace(rows, said=said / said.sum(1, keepdims=True))


def _exchanged(usual: np.ndarray) -> Flaw:
    """Labels dealt out anew: whatever a row is like, its label is drawn by the usual shares [classes]."""
    return lambda labels, said: np.broadcast_to(usual, labels.shape)


def _lost(kind: int) -> Flaw:
    """A class whose rows bear other labels, by what is said of these."""

    def changed(labels: Labels, said: Labels) -> Labels:
        others = said * (np.arange(said.shape[1]) != kind)
        left = labels * (np.arange(said.shape[1]) != kind)
        return left + labels[:, [kind]] * others / np.maximum(others.sum(1, keepdims=True), LEAST_CHANCE)

    return changed


def _share(real: Judged, other: Judged, flaw: Flaw, *, by_chance: bool) -> Iterator[Share]:
    """The share and its error; nothing where wrong labels of real rows would hardly be told.

    The error is that of right labels (`by_chance`), whose spread the models know better than few rows do, or of labels
    of which that share is wrong.
    """
    scores, others = (_scores(rows.said, flaw) for rows in (real, other))
    usual, seen = (scores * real.true).sum(1), (others * other.true).sum(1)
    moved = (scores * flaw(real.true, real.said)).sum(1) - usual
    if moved.mean() <= KNOWN * moved.std() * np.sqrt(entities.design_effect(moved, real.owners) / len(moved)):
        return
    share = float((seen.mean() - usual.mean()) / moved.mean())
    spread = (usual + share * moved).var(), seen.var()
    if by_chance:
        spread = (max(usual.var(), _spread(others, other.said)),) * 2
    effect = entities.design_effect(usual, real.owners)
    error = np.sqrt(effect * (spread[0] / len(usual) + spread[1] / len(seen))) / moved.mean()
    yield float(np.clip(share, 0, 1)), float(error)


def _scores(said: Labels, flaw: Flaw) -> np.ndarray:
    """Derivative of the log-likelihood of each class by the share of wrong labels: float64 [rows, classes]."""
    wrong = flaw(said, said)
    return (wrong - said) / ((1 - MIXED) * said + MIXED * wrong)


def _spread(scores: np.ndarray, said: Labels) -> float:
    """Variance of the scores of labels that are as likely as is said."""
    means = (said * scores).sum(1)
    return float((said * scores**2).sum(1).mean() - means.mean() ** 2)
