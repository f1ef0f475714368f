"""What real rows lose by chance alone, and what a table loses beyond it.

Of many columns, pairs or groups the worst one decides, so each is allowed what fresh real rows of that number would
lose once in a thousand tables, divided among all that are looked at (Bonferroni).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from operator import attrgetter
from typing import Protocol, TypeVar

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.stats import nbinom, norm, t

from launderette.evaluation import entities
from launderette.evaluation.measures.once import once
from launderette.evaluation.samples import Samples
from launderette.evaluation.scores import Obstacle, Reason, Score, unknown

ONCE_IN = 1000  # tables of real rows, of which one exceeds what chance is allowed
FEWEST_TOLD = 10  # real rows, that a sentence tells the number of
SHOWN = 20  # worst parts in a report


@dataclass(frozen=True)
class Loss:
    """What one part of a table (a column, a pair of columns, a group of rows) has lost, in [0, 1].

    `chance` is what fresh real rows lose once in ONCE_IN tables: some twice the half-width of a 95 % interval.
    """

    part: str
    lost: float
    chance: float

    @property
    def beyond(self) -> float:
        """What is lost beyond chance."""
        return min(max(self.lost - self.chance, 0.0), 1.0)

    @property
    def sure(self) -> float:
        """What is lost at least (95 %), where it is beyond chance: a loss that few rows show is not a smaller one."""
        return min(max(self.lost - self.chance / 2, 0.0), 1.0) if self.lost > self.chance else 0.0


@dataclass(frozen=True)
class Counted(Loss):
    """A loss of a class and the counts behind it, as a sentence."""

    said: str


L = TypeVar("L", bound=Loss)


class Compared(Protocol):
    """Tables or images that know which of them stands for the value, the ceiling and the floor of a score."""

    def roles(self) -> dict[str, str]: ...


Owners = np.ndarray | None  # whom each real row belongs to: int64 [rows]
Measure = Callable[[str], Sequence[Loss]]  # of a role


def kept(samples: Compared, measure: Measure, absent: Obstacle, note: str = "", sure: bool = False) -> Score:
    """1 - what the worst part has lost beyond chance, with the same of held-out rows and shuffled columns beside it;
    with `sure`, 1 - what is lost at least of a part that has lost more than chance takes.

    `absent` says why there is no value where there is nothing to measure. The low end of the interval is the value,
    from which chance is taken already.
    """
    found = {end: measure(role) for end, role in samples.roles().items()}
    return worst_of(found, note, sure) if found["value"] else unknown(*absent)


def worst_of(found: Mapping[str, Sequence[Loss]], note: str = "", sure: bool = False) -> Score:
    """The score of losses that were found already, as value and, where they are known, ceiling and floor."""
    beyond = attrgetter("sure" if sure else "beyond")
    ends = {end: 1 - max((beyond(loss) for loss in losses), default=0.0) for end, losses in found.items()}
    certain = max(max(0.0, loss.beyond - loss.chance / 2) for loss in found["value"])
    worst = max(found["value"], key=lambda loss: (beyond(loss), loss.beyond))
    said = {"said": worst.said} if isinstance(worst, Counted) and worst.beyond > 0 else {}
    detail = {**_worst(found["value"]), "parts": len(found["value"]), **said}
    return Score(
        ends["value"], ends["value"], 1 - certain, ends.get("ceiling"), ends.get("floor"), "higher", detail, note
    )


def usual(rows: float) -> str:
    """How many real rows show something, in words: few of them are not told."""
    return f"{rows:,.0f}" if rows >= FEWEST_TOLD else f"fewer than {FEWEST_TOLD}"


def of_worst_class(images: Compared, measure: Callable[[str], Sequence[Counted]], floored: bool) -> Score:
    """The score of the worst class, with its counts in words; what shuffled pixels lose only where asked."""
    ends = {end: role for end, role in images.roles().items() if floored or end != "floor"}
    return counted({end: measure(role) for end, role in ends.items()})


def counted(found: Mapping[str, Sequence[Counted]]) -> Score:
    """The score of losses as value and, where they are known, ceiling and floor; the worst one in words."""
    if not found["value"]:
        return unknown(Reason.TOO_FEW_ROWS, "no class has enough images")
    return replace(worst_of(found), note=max(found["value"], key=lambda loss: loss.beyond).said)


def _worst(losses: Sequence[Loss]) -> dict[str, dict[str, float]]:
    """What is lost in each of the worst parts, and by chance alone; the greatest loss of a part that has several."""
    found: dict[str, Loss] = {}
    lossy = (loss for loss in losses if loss.lost > 0)
    for loss in sorted(lossy, key=lambda loss: (-loss.beyond, -loss.lost, loss.part)):
        found.setdefault(loss.part, loss)
    shown = list(found.values())[:SHOWN]
    return {"lost": {loss.part: loss.lost for loss in shown}, "by_chance": {loss.part: loss.chance for loss in shown}}


def real(samples: Samples, role: str) -> pd.DataFrame:
    """The real rows that a role is compared with: all of them for synthetic rows, else the training rows."""
    return _pooled(samples) if role == "synthetic" else samples.table("train")


@once
def _pooled(samples: Samples) -> pd.DataFrame:
    return pd.concat([samples.table(side) for side in _sides(samples, "synthetic")], ignore_index=True)


def _sides(samples: Samples, role: str) -> list[str]:
    sides = ("train", "holdout") if role == "synthetic" else ("train",)
    return [side for side in sides if side in samples.frames]


def owners(samples: Samples, role: str) -> Owners:
    """Whom the rows of `real` belong to; one without an owner is its own."""
    return None if samples.entity is None else entities.owners_of(names(samples, role, samples.entity))


def names(samples: Samples, role: str, column: str) -> pd.Series:
    """What the rows of `real` call whom they belong to, by an identifier."""
    return pd.concat([samples.frames[side][column] for side in _sides(samples, role)], ignore_index=True)


def most(hits: int, real_rows: int, rows: int, parts: int) -> float:
    """Largest share of `rows` fresh rows to show what `hits` of `real_rows` real rows show, once in ONCE_IN tables.

    Counts are Poisson, and the rate behind them is Gamma(hits + 1): together negative binomial.
    """
    if rows == 0 or real_rows == 0:
        return 1.0
    level = 1 / (ONCE_IN * max(1, parts))
    return float(min(1.0, nbinom.isf(level, hits + 1, real_rows / (real_rows + rows)) / rows))


@cache
def deviations(parts: int) -> float:
    """Standard errors that a normal statistic of one of so many parts exceeds, on either side, once in ONCE_IN
    tables.
    """
    return float(norm.isf(1 / (2 * ONCE_IN * max(1, parts))))


def allowed(losses: Sequence[L]) -> list[L]:
    """Losses of normal statistics whose `chance` is a standard error so far, with what so many of them lose by chance
    in its place. Nothing is lost on the other side.
    """
    errors = norm.isf(1 / (ONCE_IN * max(1, len(losses))))
    return [replace(loss, chance=float(errors * loss.chance)) for loss in losses]


def least(hits: int, real_rows: int, rows: int, parts: int) -> float:
    """Smallest share of `rows` fresh rows to show what `hits` of `real_rows` real rows show, once in ONCE_IN tables."""
    if hits == 0 or rows == 0:
        return 0.0
    level = 1 / (ONCE_IN * max(1, parts))
    return float(max(0.0, nbinom.ppf(level, hits, real_rows / (real_rows + rows))) / rows)


def covered(rows: ArrayLike, others: ArrayLike, k: int) -> np.ndarray:
    """Share of rows that have one of so many others of the same population as near as their own k-th neighbour: those k
    nearest, of rows - 1 + others, are not all of their own side.
    """
    own = np.subtract.outer(rows, 1 + np.arange(k))
    return 1 - np.prod(own / (own + np.expand_dims(others, -1)), axis=-1)


def below(drawn: np.ndarray, share: float) -> float:
    """How far below the mean of what so many samples of real rows score another sample falls, once in ONCE_IN tables.

    Each is that `share` of one table, so they have rows in common and differ by a factor of sqrt(1 - share) less than
    samples of a population do (without replacement).
    """
    size = len(drawn)
    error = float(np.std(drawn, ddof=1)) / np.sqrt(1 - share) * np.sqrt(1 + 1 / size)
    return float(t.isf(1 / ONCE_IN, size - 1) * error)
