"""How a membership attacker scores a row: seven ways, each a function of the candidate, the release and a reference sample.

All return one number per candidate, higher where membership is more likely. The outsiders are part of the reference, so that
each of them is left out of it when it is scored itself; otherwise every attack would recognise them by their own shadow.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from evaluation.measures import neighbours
from evaluation.models import learners
from evaluation.samples import Samples

NEAREST = 5
TINY = 1e-4  # distances below it count as equal to it in a ratio; the unit is one differing label
CLASSIFIER_ROWS = 5000
COMPARISONS = 10_000_000_000  # of single values in the search for matching rows, per group of candidates
BLOCK = 2**21

Group = neighbours.Group


@dataclass(frozen=True)
class Attacker:
    """What a no-box attacker holds: the released rows and a reference sample of the population (here the outsiders)."""

    samples: Samples
    released: Group
    reference: Group
    seed: int

    def near(self, group: Group) -> tuple[np.ndarray, np.ndarray]:
        """Distances and places of the five released rows nearest to each row of the group."""
        return neighbours.search(self.samples, group, self.released, NEAREST)

    def usual(self, group: Group) -> tuple[np.ndarray, np.ndarray]:
        """The same among the reference rows, each row itself left out."""
        return neighbours.search(self.samples, group, self.reference, NEAREST)


def no_box(attacker: Attacker, members: Group) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Scores of members and of outsiders (the reference) by every attack that needs the released rows only."""
    classified = classifier(attacker, members)
    found = []
    for number, group in enumerate((members, attacker.reference)):
        found.append({
            "distance": distance(attacker, group),
            "calibrated distance": calibrated_distance(attacker, group),
            "density ratio": density_ratio(attacker, group),
            "classifier": classified[number],
            "local likelihood": local_likelihood(attacker, group),
            "matching values": matching_values(attacker, group),
        })
    return found[0], found[1]


def distance(attacker: Attacker, group: Group) -> np.ndarray:
    """Nearness of the nearest released row."""
    return -attacker.near(group)[0][:, 0]


def calibrated_distance(attacker: Attacker, group: Group) -> np.ndarray:
    """The same relative to the nearest reference row: a row in a dense region is near to everything."""
    return np.log(attacker.usual(group)[0][:, 0] + TINY) - np.log(attacker.near(group)[0][:, 0] + TINY)


def density_ratio(attacker: Attacker, group: Group) -> np.ndarray:
    """Released density over reference density, from the mean distance to five neighbours (DOMIAS, van Breugel et al. 2023)."""
    return np.log(attacker.usual(group)[0].mean(1) + TINY) - np.log(attacker.near(group)[0].mean(1) + TINY)


def classifier(attacker: Attacker, members: Group) -> tuple[np.ndarray, np.ndarray]:
    """Log odds of being released rather than reference, by boosted trees (LOGAN, Hayes et al. 2019).

    Two models, each trained on one half of the reference; an outsider is judged by the one that has not seen it.
    """
    samples, rows = attacker.samples, attacker.reference[1]
    rng = np.random.default_rng([attacker.seed, 43])
    released = _features(samples, (attacker.released[0], rng.permutation(attacker.released[1])[:CLASSIFIER_ROWS]))
    outsiders, inside = _features(samples, attacker.reference), _features(samples, members)
    sides, judges = rng.permutation(np.arange(len(rows)) % 2), rng.permutation(np.arange(len(inside)) % 2)
    scores = np.zeros(len(inside)), np.zeros(len(outsiders))
    for side in (0, 1):
        seen = outsiders[sides == side]
        x, y = np.concatenate([seen, released]), np.repeat([0, 1], [len(seen), len(released)])
        model = learners.trees(samples, samples.known, attacker.seed).fit(x, y)
        for out, table, asked in ((scores[0], inside, judges == side), (scores[1], outsiders, sides != side)):
            if asked.any():
                out[asked] = model.decision_function(table[asked])
    return scores


def _features(samples: Samples, group: Group) -> np.ndarray:
    return learners.features(samples, samples.table(group[0]).iloc[group[1]], samples.known)


def local_likelihood(attacker: Attacker, group: Group) -> np.ndarray:
    """How much more likely the five nearest released rows are once the candidate joins the reference (Gen-LRA, Ward et al. 2025).

    Gaussian kernels as wide as the median distance between neighbouring reference rows, over five neighbours.
    """
    near, places = attacker.near(group)
    width = max(float(np.median(attacker.usual(attacker.reference)[0][:, 0])), TINY)
    around, who = neighbours.search(attacker.samples, attacker.released, attacker.reference, NEAREST + 1)
    kernels = -np.square(around / width) / 2
    own = -np.square(near / width) / 2
    reference = kernels[places]  # [candidates, released neighbours, reference neighbours]
    if group is attacker.reference:
        reference = np.where(who[places] == np.arange(len(near))[:, None, None], -np.inf, reference)
    total = np.logaddexp.reduce(reference, axis=2)
    return np.logaddexp(0.0, own - np.maximum(total, -1e6)).sum(1)


def matching_values(attacker: Attacker, group: Group) -> np.ndarray:
    """Surprise of the values that the best matching released row shares with the candidate (after Narayanan and Shmatikov 2008).

    A value weighs -log of its share in the reference. Sees released rows that are training rows in some columns only.
    """
    samples = attacker.samples
    rng = np.random.default_rng([attacker.seed, 47])
    limit = max(100, COMPARISONS // (max(1, len(group[1])) * len(samples.known)))
    released = attacker.released[0], np.sort(rng.permutation(attacker.released[1])[:limit])
    asked, found, weights = [], [], []
    for column in samples.known:
        values = [samples.table(role)[column].to_numpy()[rows] for role, rows in (group, released, attacker.reference)]
        codes = np.unique(np.concatenate(values), return_inverse=True)[1]
        query, answer, known = np.split(codes, np.cumsum([len(v) for v in values])[:-1])
        own = group is attacker.reference  # an outsider is left out of its own reference
        counts = np.bincount(known, minlength=codes.max() + 1)[query] - own
        asked.append(query)
        found.append(answer)
        weights.append(-np.log((counts + 1) / (len(known) + 1 - own)))
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
            total += torch.eq(ask[part, column:column + 1], have[column]).to(torch.int16) * weigh[part, column:column + 1]
        best.append(total.amax(1))
    return torch.cat(best).numpy() / scale
