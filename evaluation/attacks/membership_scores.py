"""How a membership attacker scores a row: by whole rows, by blocks of columns, by values shared and by classifiers.

All return one number per candidate, higher where membership is more likely.
"""

from __future__ import annotations

import numpy as np

from launderette.evaluation.attacks import blocks, few_columns, linkage, matching
from launderette.evaluation.attacks.attacker import LEAST_GAP, MEMBERSHIP_NEIGHBOURS, Attacker, without
from launderette.evaluation.measures.neighbours import Group
from launderette.evaluation.models import learners
from launderette.evaluation.samples import Samples
from launderette.evaluation.streams import RandomStream, generator

CLASSIFIER_ROWS = 5000
ATTACK_TREES = 60
ATTACK_LEAVES = 31  # of a boosted tree: fewer remember less

Scores = dict[str, np.ndarray]  # of the candidates of a group, by attack


def no_box(attacker: Attacker, *, thorough: bool = True) -> tuple[Scores, Scores]:
    """Scores of members and of non-members by every attack that needs the released rows only.

    Whole rows and exact values; `thorough` adds nearly equal values, classifiers, blocks of columns, and those found to
    leak.
    """
    found = tuple(_of_group(attacker, group, thorough) for group in (attacker.members, attacker.non_members))
    trained = {}
    if thorough:
        trained = {"classifier": classifier(attacker), "forest": forest(attacker)}
        for members, non_members in (blocks.scores(attacker), few_columns.scores(attacker), linkage.scores(attacker)):
            trained |= {name: (members[name], non_members[name]) for name in members}
    for name, sides in trained.items():
        for scores, values in zip(found, sides, strict=True):
            scores[name] = values
    return found[0], found[1]


def _of_group(attacker: Attacker, group: Group, thorough: bool) -> Scores:
    attacks = {
        "distance": distance,
        "calibrated distance": calibrated_distance,
        "density ratio": density_ratio,
        "local likelihood": local_likelihood,
        "matching values": matching.matching_values,
    }
    if thorough:
        attacks |= {
            "values within 2 %": matching.near_values,
            "values within a tenth of a deviation": matching.values_within_a_deviation,
        }
    return {name: attack(attacker, group) for name, attack in attacks.items()}


def distance(attacker: Attacker, group: Group) -> np.ndarray:
    """Nearness of the nearest released row."""
    return -attacker.near(group)[0][:, 0]


def calibrated_distance(attacker: Attacker, group: Group) -> np.ndarray:
    """The same relative to the nearest other candidate: a row in a dense region is near to everything."""
    return np.log(attacker.usual(group)[0][:, 0] + LEAST_GAP) - np.log(attacker.near(group)[0][:, 0] + LEAST_GAP)


def density_ratio(attacker: Attacker, group: Group) -> np.ndarray:
    """Released density over reference density, from the mean distance to five neighbours (DOMIAS, van Breugel et
    al. 2023).
    """
    return np.log(attacker.usual(group)[0].mean(1) + LEAST_GAP) - np.log(attacker.near(group)[0].mean(1) + LEAST_GAP)


def classifier(attacker: Attacker) -> tuple[np.ndarray, np.ndarray]:
    """Log odds of being released rather than a candidate, by boosted trees (LOGAN, Hayes et al. 2019).

    Two models, each trained on one half of the candidates; they are scored by the one that has not seen them.
    """
    samples, rng, halves = attacker.samples, generator(attacker.seed, RandomStream.CLASSIFIER), attacker.halves()
    released = _features(
        samples, Group(attacker.released.role, rng.permutation(attacker.released.rows)[:CLASSIFIER_ROWS])
    )
    asked, scores = _candidates(attacker), np.zeros(len(halves))
    for half in (0, 1):
        seen = rng.permutation(asked[halves == half])[:CLASSIFIER_ROWS]
        x, y = np.concatenate([seen, released]), np.repeat([0, 1], [len(seen), len(released)])
        trees = learners.trees(samples, samples.known, attacker.seed).set_params(max_leaf_nodes=ATTACK_LEAVES)
        model = learners.fitted(trees, x, y)
        scores[halves != half] = model.decision_function(asked[halves != half])
    return attacker.split(scores)


def forest(attacker: Attacker) -> tuple[np.ndarray, np.ndarray]:
    """Share of trees that take a row for released rather than a candidate, by a random forest (Synth-MIA 2025).

    A candidate is asked of the trees that were grown without it.
    """
    samples, rng = attacker.samples, generator(attacker.seed, RandomStream.FOREST)
    order = rng.permutation(attacker.released.rows)[:CLASSIFIER_ROWS]
    asked, released = _candidates(attacker), _features(samples, Group(attacker.released.role, order))
    votes, times = np.zeros(len(asked)), np.zeros(len(asked))
    for number in range(ATTACK_TREES):
        grown = rng.integers(0, len(asked), min(len(asked), CLASSIFIER_ROWS))
        drawn = released[rng.integers(0, len(released), len(released))]
        x, y = np.concatenate([asked[grown], drawn]), np.repeat([0, 1], [len(grown), len(drawn)])
        tree = learners.fitted(learners.tree(attacker.seed + number), x, y)
        free = np.flatnonzero(np.bincount(grown, minlength=len(asked)) == 0)
        votes[free] += tree.predict_proba(asked[free])[:, 1]
        times[free] += 1
    return attacker.split(votes / np.maximum(times, 1))


def _candidates(attacker: Attacker) -> np.ndarray:
    return np.concatenate([_features(attacker.samples, group) for group in attacker.candidates])


def _features(samples: Samples, group: Group) -> np.ndarray:
    return learners.features(samples, samples.table(group.role).iloc[group.rows], samples.known)


def local_likelihood(attacker: Attacker, group: Group) -> np.ndarray:
    """How much more likely the five nearest released rows are once the candidate joins the reference (Gen-LRA, Ward et
    al. 2025).

    Gaussian kernels as wide as the median distance between neighbouring reference rows, over five neighbours.
    """
    near, places = attacker.near(group)
    usual = np.concatenate([attacker.usual(side)[0][:, 0] for side in attacker.candidates])
    width = max(float(np.median(usual)), LEAST_GAP)
    sides = [attacker.near(side)[1] for side in attacker.candidates]
    found = np.unique(np.concatenate(sides))  # the same for both groups: searched once
    around, who = attacker.usual(
        Group(attacker.released.role, attacker.released.rows[found]), MEMBERSHIP_NEIGHBOURS + 1
    )
    at, kernels, own = np.searchsorted(found, places), -np.square(around / width) / 2, -np.square(near / width) / 2
    kept = without(attacker.places(group), who[at])  # [candidates, released neighbours, reference neighbours]
    total = np.logaddexp.reduce(np.where(kept, kernels[at], -np.inf), axis=2)
    return np.logaddexp(0.0, own - np.maximum(total, -1e6)).sum(1)
