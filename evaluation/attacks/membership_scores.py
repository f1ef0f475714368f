"""How a membership attacker scores a row: six ways, each a function of the candidate, the release and a reference
sample.

All return one number per candidate, higher where membership is more likely. The non-members are the reference too, so
that each of them is left out of it when it is scored itself. Every member is compared without one of them, drawn by
chance: whatever the attack, members and non-members are measured against equally many rows of each kind.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from launderette.evaluation.measures import neighbours
from launderette.evaluation.measures.neighbours import Group
from launderette.evaluation.models import learners
from launderette.evaluation.samples import Samples

MEMBERSHIP_NEIGHBOURS = 5
TINY = 1e-4  # distances below it count as equal to it in a ratio; the unit is one differing label
CLASSIFIER_ROWS = 5000
COMPARISONS = 10_000_000_000  # of single values in the search for matching rows, for the larger group of candidates
BLOCK = 2**21

Scores = dict[str, np.ndarray]  # of the candidates of a group, by attack


@dataclass(frozen=True)
class Attacker:
    """What a no-box attacker holds, the released rows and a sample of the population, and the members it is tried
    on.
    """

    samples: Samples
    released: Group
    members: Group
    non_members: Group
    seed: int

    def left_out(self, group: Group) -> np.ndarray:
        """The place of the non-member without which each candidate is compared: int64 [candidates]."""
        if group == self.non_members:
            return np.arange(len(group))
        return np.random.default_rng([self.seed, 53]).integers(0, len(self.non_members), len(group))

    def near(self, group: Group) -> tuple[np.ndarray, np.ndarray]:
        """Distances and places of the five released rows nearest to each row of the group."""
        return neighbours.search(self.samples, group, self.released, MEMBERSHIP_NEIGHBOURS)

    def usual(self, group: Group) -> tuple[np.ndarray, np.ndarray]:
        """The same among the non-members but the one left out."""
        if group == self.non_members:
            return neighbours.search(self.samples, group, self.non_members, MEMBERSHIP_NEIGHBOURS)
        distances, places = neighbours.search(self.samples, group, self.non_members, MEMBERSHIP_NEIGHBOURS + 1)
        kept = _without(self.left_out(group), places)
        return distances[kept].reshape(len(group), -1), places[kept].reshape(len(group), -1)


def _without(left_out: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Which neighbours [candidates, ..., k] remain where one row is left out of the search; the last goes where
    that is none of them.
    """
    kept = places != left_out.reshape(-1, *[1] * (places.ndim - 1))
    kept[..., -1] &= ~kept.all(-1)
    return kept


def no_box(attacker: Attacker) -> tuple[Scores, Scores]:
    """Scores of members and of non-members by every attack that needs the released rows only."""
    classified = classifier(attacker)
    found = []
    for number, group in enumerate((attacker.members, attacker.non_members)):
        found.append(
            {
                "distance": distance(attacker, group),
                "calibrated distance": calibrated_distance(attacker, group),
                "density ratio": density_ratio(attacker, group),
                "classifier": classified[number],
                "local likelihood": local_likelihood(attacker, group),
                "matching values": matching_values(attacker, group),
            }
        )
    return found[0], found[1]


def distance(attacker: Attacker, group: Group) -> np.ndarray:
    """Nearness of the nearest released row."""
    return -attacker.near(group)[0][:, 0]


def calibrated_distance(attacker: Attacker, group: Group) -> np.ndarray:
    """The same relative to the nearest reference row: a row in a dense region is near to everything."""
    return np.log(attacker.usual(group)[0][:, 0] + TINY) - np.log(attacker.near(group)[0][:, 0] + TINY)


def density_ratio(attacker: Attacker, group: Group) -> np.ndarray:
    """Released density over reference density, from the mean distance to five neighbours (DOMIAS, van Breugel et
    al. 2023).
    """
    return np.log(attacker.usual(group)[0].mean(1) + TINY) - np.log(attacker.near(group)[0].mean(1) + TINY)


def classifier(attacker: Attacker) -> tuple[np.ndarray, np.ndarray]:
    """Log odds of being released rather than reference, by boosted trees (LOGAN, Hayes et al. 2019).

    Two models, each trained on one half of the reference; a non-member is scored by the one that has not seen it.
    """
    samples, rng = attacker.samples, np.random.default_rng([attacker.seed, 43])
    released = _features(
        samples, Group(attacker.released.role, rng.permutation(attacker.released.rows)[:CLASSIFIER_ROWS])
    )
    usual, inside = _features(samples, attacker.non_members), _features(samples, attacker.members)
    sides, models = rng.permutation(np.arange(len(usual)) % 2), rng.permutation(np.arange(len(inside)) % 2)
    scores = np.zeros(len(inside)), np.zeros(len(usual))
    for side in (0, 1):
        seen = usual[sides == side]
        x, y = np.concatenate([seen, released]), np.repeat([0, 1], [len(seen), len(released)])
        model = learners.fitted(learners.trees(samples, samples.known, attacker.seed), x, y)
        for out, table, asked in ((scores[0], inside, models == side), (scores[1], usual, sides != side)):
            if asked.any():
                out[asked] = model.decision_function(table[asked])
    return scores


def _features(samples: Samples, group: Group) -> np.ndarray:
    return learners.features(samples, samples.table(group.role).iloc[group.rows], samples.known)


def local_likelihood(attacker: Attacker, group: Group) -> np.ndarray:
    """How much more likely the five nearest released rows are once the candidate joins the reference (Gen-LRA, Ward et
    al. 2025).

    Gaussian kernels as wide as the median distance between neighbouring reference rows, over five neighbours.
    """
    near, places = attacker.near(group)
    width = max(float(np.median(attacker.usual(attacker.non_members)[0][:, 0])), TINY)
    k = MEMBERSHIP_NEIGHBOURS + 1
    around, who = neighbours.search(attacker.samples, attacker.released, attacker.non_members, k)
    kernels = -np.square(around / width) / 2
    own = -np.square(near / width) / 2
    kept = _without(attacker.left_out(group), who[places])  # [candidates, released neighbours, reference neighbours]
    total = np.logaddexp.reduce(np.where(kept, kernels[places], -np.inf), axis=2)
    return np.logaddexp(0.0, own - np.maximum(total, -1e6)).sum(1)


def matching_values(attacker: Attacker, group: Group) -> np.ndarray:
    """Surprise of the values that the best matching released row shares with the candidate (after Narayanan and
    Shmatikov 2008).

    A value weighs -log of its share in the reference. Sees released rows that are training rows in some columns only.
    Members and non-members are looked for among the same released rows: of more, the best matches better.
    """
    samples = attacker.samples
    most = max(len(attacker.members), len(attacker.non_members))
    limit = max(100, COMPARISONS // (most * len(samples.known)))
    rows = np.sort(np.random.default_rng([attacker.seed, 47]).permutation(attacker.released.rows)[:limit])
    groups, left_out = (group, Group(attacker.released.role, rows), attacker.non_members), attacker.left_out(group)
    asked, found, weights = [], [], []
    for column in samples.known:
        values = [samples.table(role)[column].to_numpy()[rows] for role, rows in groups]
        codes = np.unique(np.concatenate(values), return_inverse=True)[1]
        query, answer, known = np.split(codes, np.cumsum([len(v) for v in values])[:-1])
        counts = np.bincount(known, minlength=codes.max() + 1)[query] - (known[left_out] == query)
        asked.append(query)
        found.append(answer)
        weights.append(-np.log((counts + 1) / len(known)))
    return _best_match(np.stack(asked, 1), np.stack(found), np.stack(weights, 1))


def _best_match(queries: np.ndarray, released: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Largest sum of the weights [queries, columns] of equal codes over the released rows [columns, rows]."""
    small = max(queries.max(), released.max()) < 2**15
    kind = torch.int16 if small else torch.int32
    scale = min(100.0, 32_000 / max(1e-9, float(weights.sum(1).max())))
    ask, have = torch.from_numpy(queries).to(kind), torch.from_numpy(released).to(kind)
    weigh = torch.from_numpy(np.floor(weights * scale)).to(torch.int16)
    step, best = max(1, BLOCK // have.shape[1]), []
    for start in range(0, len(ask), step):
        part = slice(start, start + step)
        total = torch.zeros(len(ask[part]), have.shape[1], dtype=torch.int16)
        for column in range(len(have)):
            total += (
                torch.eq(ask[part, column : column + 1], have[column]).to(torch.int16)
                * weigh[part, column : column + 1]
            )
        best.append(total.amax(1))
    return torch.cat(best).numpy() / scale
