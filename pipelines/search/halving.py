"""Successive halving (Jamieson and Talwalkar 2016): in each round every generator that is left is trained for the same
share of the budget, and the better half goes on; the last one is trained anew with what is left.

Learning rates follow the length of a training, so a longer run does not go on from a shorter one: it starts afresh.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from launderette.pipelines.config import Budget
from launderette.pipelines.modalities.families import MOST_ATTACK

SEARCH_SHARE = 0.5  # of the budget, that short runs may take together
LEAST_RUN_STEPS = 10  # of a short run


@dataclass(frozen=True)
class ShortRun:
    """What a short run of a candidate came to: a metric or a loss is None where the candidate has none."""

    candidate: int  # its place in the configuration, from 0
    name: str
    refused: str = ""  # the sentence of a generator that could not be trained or drawn from
    steps: int = 0
    whole: int | None = None  # steps that the whole budget is to it; None for a generator without steps
    spent: float = 0.0  # share of the budget
    loss: float | None = None  # mean over the validation rows
    scale: str = ""  # only losses of one scale are comparable
    likeness: float | None = None  # of what it draws to the validation rows
    better: str = "higher"  # likeness
    auc: float | None = None  # of its loss as an attack

    @property
    def remembers(self) -> bool:
        """Whether its loss tells training rows from others beyond the bound on memory."""
        return self.auc is not None and self.auc > MOST_ATTACK


def rounds(candidates: int) -> int:
    """Return how many rounds there are: each halves what is left, until one is."""
    return math.ceil(math.log2(candidates))


def share(candidates: int, left: int) -> float:
    """Return the share of the budget of a short run in the round that `left` of the candidates are in."""
    return SEARCH_SHARE / rounds(candidates) / left


def of_budget(budget: Budget, share: float) -> Budget:
    """Return a share of a budget."""
    if budget.steps:
        return budget.model_copy(update={"steps": max(1, round(share * budget.steps))})
    if budget.minutes:
        return budget.model_copy(update={"minutes": share * budget.minutes})
    return budget.model_copy(update={"share": share * budget.share})


def rest(budget: Budget, found: Sequence[ShortRun], winner: ShortRun) -> dict[str, Any]:
    """Return what is left of the budget for the winner after all short runs, as keys of the section `budget`; nothing
    where its training has no steps.
    """
    left = max(SEARCH_SHARE, 1 - sum(run.spent for run in found))
    if winner.whole is None:
        return {}
    if budget.minutes:
        return {"minutes": left * budget.minutes}
    return {"steps": max(1, round(left * winner.whole))}


def criterion(found: Sequence[ShortRun]) -> str:
    """Return what the runs of a round are compared by: their loss where it is comparable, else their likeness."""
    tried = [run for run in found if not run.refused]
    comparable = len({run.scale for run in tried}) == 1 and all(run.loss is not None for run in tried)
    return "loss" if comparable else "likeness"


def ranked(found: Sequence[ShortRun]) -> list[ShortRun]:
    """Return the runs of a round that were not refused, best first: one that remembers its rows comes behind all that
    do not, and of equal ones the first named is first.
    """
    by = criterion(found)

    def key(run: ShortRun) -> tuple[bool, float, int]:
        value = getattr(run, by)
        falls = by == "likeness" and run.better == "higher"
        return run.remembers, math.inf if value is None else -value if falls else value, run.candidate

    return sorted((run for run in found if not run.refused), key=key)


def kept(found: Sequence[ShortRun]) -> list[int]:
    """Return the candidates of a round that go on: the better half, at least one of those that could be tried."""
    return sorted(run.candidate for run in ranked(found)[: math.ceil(len(found) / 2)])
