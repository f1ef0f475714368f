"""Attribute inference: guess one value of a person from the others, by the nearest released row.

The guess is judged on training rows and, as the control, on people who were in no training table; an attacker who has a sample of
the population instead of the released rows is the baseline.
"""

from __future__ import annotations

import numpy as np

from evaluation.attacks.disclosure import Group, Parties
from evaluation.measures import intervals, neighbours
from evaluation.samples import Samples

SECRETS = 6
NEAR = 0.025  # of the training distribution's mass on each side within which a number counts as guessed


def secrets(samples: Samples, seed: int) -> list[str]:
    """Columns to guess: the target and others drawn by the seed, all of which vary in the training table."""
    varied = [c for c in samples.known if samples.table("train")[c].nunique() > 1]
    order = [varied[i] for i in np.random.default_rng([seed, 71]).permutation(len(varied))]
    return sorted(order, key=lambda c: c != samples.target)[:SECRETS]


def guessed(samples: Samples, chosen: Parties, secret: str) -> tuple[np.ndarray, np.ndarray]:
    """Whether the secret of each member and of each control is guessed from the released rows: two bool vectors."""
    inputs = tuple(c for c in samples.known if c != secret)
    encoder = neighbours.Encoder(samples, inputs)
    source = encoder.encode(samples.table(chosen.released[0]).iloc[chosen.released[1]])
    answers = _values(samples, chosen.released, secret)
    found = []
    for group in (chosen.members, chosen.controls):
        nearest = neighbours.nearest(encoder.encode(samples.table(group[0]).iloc[group[1]]), source, 1)[1][:, 0]
        found.append(_right(samples, secret, answers[nearest], _values(samples, group, secret)))
    return found[0], found[1]


def all_guessed(samples: Samples, chosen: Parties, columns: list[str]) -> tuple[np.ndarray, np.ndarray]:
    """`guessed` of several secrets: two bool arrays [secrets, people]."""
    members, controls = zip(*(guessed(samples, chosen, column) for column in columns), strict=True)
    return np.stack(members), np.stack(controls)


def excess(members: np.ndarray, controls: np.ndarray, seed: int) -> tuple[float, float, float]:
    """(r - c) / (1 - c) of the mean rates, at least 0, with the interval of people redrawn on both sides."""
    r, c = members.mean(), controls.mean()
    inside, outside = intervals.spread(members.mean(0), seed), intervals.spread(controls.mean(0), seed + 1)
    ends = r - c, r - c - np.hypot(inside[0], outside[1]), r - c + np.hypot(inside[1], outside[0])
    value, low, high = (float(np.clip(end / max(1e-9, 1 - c), 0, 1)) for end in ends)
    return value, low, high


def _values(samples: Samples, group: Group, secret: str) -> np.ndarray:
    return samples.table(group[0])[secret].to_numpy()[group[1]]


def _right(samples: Samples, secret: str, guess: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Equal labels (a missing one is not a secret), or numbers at most NEAR of the training rows apart."""
    if not samples.is_number(secret):
        return (guess == truth) & (truth >= 0)
    train = np.sort(samples.table("train")[secret].dropna().to_numpy())
    between = [np.abs(np.searchsorted(train, guess, side) - np.searchsorted(train, truth, side)) for side in ("left", "right")]
    return (guess == truth) | (~np.isnan(guess) & ~np.isnan(truth) & (np.minimum(*between) <= NEAR * len(train)))
