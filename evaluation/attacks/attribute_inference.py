"""Attribute inference: guess one value of a person from the others, by the nearest released row.

The guess is judged on training rows and, on people who were in no training table, the non-members; an attacker who has
a sample of the population instead of the released rows is the baseline.
"""

from __future__ import annotations

import numpy as np

from launderette.evaluation.attacks.disclosure import Parties
from launderette.evaluation.measures import intervals, neighbours
from launderette.evaluation.measures.neighbours import Group
from launderette.evaluation.measures.once import once
from launderette.evaluation.samples import Samples
from launderette.evaluation.streams import RandomStream, generator

SECRETS = 6
HIT_MASS = 0.025  # of the training distribution's mass on each side within which a number counts as guessed


def secrets(samples: Samples, seed: int) -> list[str]:
    """Columns to guess: the target and others drawn by the seed, all of which vary in the training table."""
    varied = [c for c in samples.known if samples.table("train")[c].nunique() > 1]
    order = [varied[i] for i in generator(seed, RandomStream.SECRETS).permutation(len(varied))]
    return sorted(order, key=lambda c: c != samples.target)[:SECRETS]


def guessed(samples: Samples, chosen: Parties, secret: str) -> tuple[np.ndarray, np.ndarray]:
    """Whether the secret of each member and of each non-member is guessed from the released rows: two bool vectors."""
    inputs = tuple(c for c in samples.known if c != secret)
    encoder = neighbours.encoder(samples, inputs)
    source = encoder.encode(samples.table(chosen.released.role).iloc[chosen.released.rows])
    answers = _values(samples, chosen.released, secret)
    found = []
    for group in (chosen.members, chosen.non_members):
        nearest = neighbours.nearest(encoder.encode(samples.table(group.role).iloc[group.rows]), source, 1)[1][:, 0]
        found.append(_right(samples, secret, answers[nearest], _values(samples, group, secret)))
    return found[0], found[1]


def all_guessed(samples: Samples, chosen: Parties, columns: list[str]) -> tuple[np.ndarray, np.ndarray]:
    """`guessed` of several secrets: two bool arrays [secrets, people]."""
    members, non_members = zip(*(guessed(samples, chosen, column) for column in columns), strict=True)
    return np.stack(members), np.stack(non_members)


def excess(members: np.ndarray, non_members: np.ndarray, seed: int) -> tuple[float, float, float]:
    """(r - c) / (1 - c) of the mean rates over secrets [secrets, people], in [0, 1], with the interval of people
    redrawn on both sides.
    """
    people = members.mean(0), non_members.mean(0)
    (r, ends), (c, usual) = (
        (float(p.mean()), intervals.around(float(p.mean()), p, seed + k)) for k, p in enumerate(people)
    )
    return intervals.excess(r, ends, c, usual)


def _values(samples: Samples, group: Group, secret: str) -> np.ndarray:
    return samples.table(group.role)[secret].to_numpy()[group.rows]


def _right(samples: Samples, secret: str, guess: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Equal labels (a missing one is not a secret), or numbers at most HIT_MASS of the training rows apart."""
    if not samples.is_number(secret):
        return (guess == truth) & (truth >= 0)
    train = _ordered(samples, secret)
    between = [
        np.abs(np.searchsorted(train, guess, side) - np.searchsorted(train, truth, side)) for side in ("left", "right")
    ]
    return (guess == truth) | (~np.isnan(guess) & ~np.isnan(truth) & (np.minimum(*between) <= HIT_MASS * len(train)))


@once
def _ordered(samples: Samples, column: str) -> np.ndarray:
    """The known training values of a number column, ascending."""
    return np.sort(samples.table("train")[column].dropna().to_numpy())
