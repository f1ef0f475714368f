"""A table of few rows divided several times: what is known of all divisions together, and of the released one alone.

One division leaves too few non-members to tell a leak from chance. So a run divides its rows further times, trains and
draws again for each division in the same way (nothing of it is released), and each row is attacked as a member and as a
non-member, equally often. Scores of one row are alike on both sides, so what an attack that knows nothing reaches
varies no more than on as many different rows.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from launderette.evaluation import samples as comparing
from launderette.evaluation.measures.once import once
from launderette.evaluation.samples import Samples
from launderette.evaluation.scores import Reason, Score

FEWEST_ATTACKED = 4  # members, and non-members, of one division that is attacked
Attacked = tuple[np.ndarray, np.ndarray]  # which training and holdout rows are asked about: bool [rows]


@dataclass(frozen=True, eq=False)
class Division:
    """One further division of the rows, what was drawn after training on it, and which rows are attacked in it."""

    train: pd.DataFrame
    holdout: pd.DataFrame
    synthetic: pd.DataFrame
    attacked: Attacked
    loss: Callable[[pd.DataFrame], np.ndarray] | None = None
    members: np.ndarray | None = None


@dataclass(frozen=True, eq=False)
class Repeats:
    """Which rows of the released division are attacked beside those of others, and the others."""

    attacked: Attacked
    others: Sequence[Division]


def repeated(compared: Samples, repeats: Repeats) -> Samples:
    """The samples with further divisions of their rows, compared by the same columns and kinds."""
    return replace(compared, attacked=repeats.attacked, repeats=tuple(_like(compared, one) for one in repeats.others))


def _like(compared: Samples, one: Division) -> Samples:
    made = comparing.make(
        one.train,
        one.holdout,
        one.synthetic,
        kinds=compared.kinds,
        target=compared.target,
        loss=one.loss,
        members=one.members,
        metadata=compared.metadata,
    )
    return replace(made, attacked=one.attacked)


def asked(samples: Samples) -> Attacked:
    """Which training and holdout rows are attacked in a division."""
    everybody = np.ones(samples.size("train"), bool), np.ones(samples.size("holdout"), bool)
    return everybody if samples.attacked is None else samples.attacked


@once
def joined(samples: Samples) -> Samples:
    """Each row once as one that was held out, and once as one that was trained on, beside as many of those drawn for
    each division.
    """
    parts: list[Samples] = []
    for one in (samples, *samples.repeats):
        if sum(int(asked(part)[1].sum()) for part in parts) < samples.size("train") + samples.size("holdout"):
            parts.append(one)
    train, holdout, synthetic = (
        pd.concat([frames[side] for frames in map(_asked, parts)], ignore_index=True) for side in range(3)
    )
    return comparing.make(
        train, holdout, synthetic, kinds=samples.kinds, target=samples.target, metadata=samples.metadata
    )


def _asked(samples: Samples) -> tuple[pd.DataFrame, ...]:
    """Training and holdout rows that are asked about in a division, and as many drawn ones as the latter."""
    members, others = asked(samples)
    return samples.train[members], samples.frames["holdout"][others], samples.synthetic.head(int(others.sum()))


def both(samples: Samples, measure: Callable[[Sequence[Samples]], Score]) -> Score:
    """What is measured of all divisions together, with what is measured of the released one alone, where its rows
    suffice, under `alone` in the detail; the gate judges both.
    """
    alone = measure((samples,))
    if not samples.repeats or (alone.value is None and alone.reason != Reason.TOO_FEW_ROWS):
        return alone
    together = measure((samples, *samples.repeats))
    if together.value is None:
        return alone
    detail = {**together.detail, "divisions": 1 + len(samples.repeats)}
    if alone.value is not None:
        detail["alone"] = {**alone.detail, "value": alone.value, "low": alone.low, "high": alone.high}
    said = f"Of {detail['divisions']} divisions of the rows, each trained on anew"
    return replace(together, detail=detail, note=f"{said}: {together.note}")
