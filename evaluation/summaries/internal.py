"""What only the internal report may say: categories lost, extremes, people most at risk, and pairs of rows that lie
nearest.

Rows are named by their number in the table that was compared, counted from 0; their values are left where they are.
"""

from __future__ import annotations

import numpy as np

from launderette.evaluation.attacks import choice, membership
from launderette.evaluation.attacks.strength import strength
from launderette.evaluation.copies import near_copies
from launderette.evaluation.measures import neighbours, rarity
from launderette.evaluation.samples import Samples

SHOWN_CASES = 20  # people, pairs, and categories of a column


def details(samples: Samples, seed: int) -> dict:
    """Everything that names a category, an extreme or a row, as JSON may hold it; empty parts where there is
    nothing to say.
    """
    return {
        "lost": {c: found for c in samples.known if not samples.is_number(c) and (found := lost(samples, c))},
        "extremes": {c: extremes(samples, c) for c in samples.known if samples.is_number(c)},
        "at_risk": at_risk(samples, seed),
        "leaking": leaking(samples, seed),
        "pairs": pairs(samples, seed),
    }


def lost(samples: Samples, column: str) -> dict[str, int]:
    """Rare categories that no synthetic row has, with their number of training rows, the most frequent first."""
    size = len(samples.labels[column])
    train, released = (
        np.bincount(codes[codes >= 0], minlength=size)
        for codes in (samples.table(role)[column].to_numpy() for role in ("train", "synthetic"))
    )
    absent = np.flatnonzero((train > 0) & (train <= rarity.RARE * samples.size("train")) & (released == 0))
    absent = absent[np.argsort(-train[absent], kind="stable")][:SHOWN_CASES]
    return {str(samples.labels[column][code]): int(train[code]) for code in absent}


def extremes(samples: Samples, column: str) -> dict[str, list[float]]:
    """Lowest and highest value of the training and of the synthetic rows; dates in seconds since 1970."""
    values = {role: samples.table(role)[column].dropna() * samples.units[column] for role in ("train", "synthetic")}
    return {role: [float(v.min()), float(v.max())] for role, v in values.items() if len(v)}


def at_risk(samples: Samples, seed: int) -> list[dict]:
    """Training rows that the strongest attack is surest of: the share of non-members it would wrongly accuse before
    each of them.
    """
    evidence = None if samples.holdout is None or not samples.known else membership.evidence(samples, "synthetic", seed)
    if evidence is None:
        return []
    best = max(evidence.members, key=lambda a: strength(evidence.members[a], evidence.non_members[a]))
    outside = np.sort(evidence.non_members[best])
    # an equal non-member is accused too
    alarms = 1 - np.searchsorted(outside, evidence.members[best], "left") / len(outside)
    first = np.lexsort((-evidence.members[best], alarms))[:SHOWN_CASES]
    return [
        {
            "row": int(evidence.rows[i]),
            "attack": best,
            "false_alarms": float(alarms[i]),
            "isolation": float(evidence.isolation[0][i]),
        }
        for i in first
    ]


def leaking(samples: Samples, seed: int) -> list[str]:
    """The block of columns by which most training rows are recognised from the released rows, where there is one."""
    evidence = None if samples.holdout is None or not samples.known else membership.evidence(samples, "synthetic", seed)
    return [] if evidence is None else list(choice.leaking(samples, evidence.from_release(), seed))


def pairs(samples: Samples, seed: int) -> list[dict]:
    """Synthetic rows nearest to a training row, with the columns in which the two differ."""
    if not samples.known:
        return []
    train, size = near_copies.looked_at(samples, seed)
    released = samples.rows("synthetic", size, seed)
    distance, place = (
        found[:, 0]
        for found in neighbours.search(samples, neighbours.Group("synthetic", released), train, 1, ("train",))
    )
    nearest = np.argsort(distance, kind="stable")[:SHOWN_CASES]
    return [_pair(samples, int(released[i]), int(train.rows[place[i]]), float(distance[i])) for i in nearest]


def _pair(samples: Samples, released: int, train: int, distance: float) -> dict:
    one, other = samples.table("synthetic").iloc[released], samples.table("train").iloc[train]
    differing = [
        str(c) for c in samples.columns if one[c] != other[c] and not (one[c] != one[c] and other[c] != other[c])
    ]
    return {"synthetic": released, "train": train, "distance": distance, "differing": differing}
