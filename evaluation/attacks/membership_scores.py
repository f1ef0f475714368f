"""How a membership attacker scores a row: by whole rows, by blocks of columns, by values shared and by classifiers.

All return one number per candidate, higher where membership is more likely.
"""

from __future__ import annotations

import numpy as np

from launderette.evaluation.attacks import blocks, linkage, matching
from launderette.evaluation.attacks.attacker import LEAST_GAP, MEMBERSHIP_NEIGHBOURS, Attacker, without
from launderette.evaluation.measures import neighbours
from launderette.evaluation.measures.neighbours import Group
from launderette.evaluation.models import learners
from launderette.evaluation.samples import Samples

CLASSIFIER_ROWS = 5000
ATTACK_TREES = 60

Scores = dict[str, np.ndarray]  # of the candidates of a group, by attack


def no_box(attacker: Attacker, *, thorough: bool = True) -> tuple[Scores, Scores]:
    """Scores of members and of non-members by every attack that needs the released rows only.

    Whole rows and exact values; `thorough` adds nearly equal values, a forest, blocks of columns, and those found to
    leak. Classifiers need 40 non-members: they score each by what the others are like, so that few that are alike by
    chance all pass for non-members at once.
    """
    found = tuple(_of_group(attacker, group, thorough) for group in (attacker.members, attacker.non_members))
    enough = len(attacker.non_members) >= linkage.FEWEST_NON_MEMBERS
    trained = {"classifier": classifier(attacker)} if enough else {}
    if thorough:
        trained |= {"forest": forest(attacker)} if enough else {}
        for members, non_members in (blocks.scores(attacker), linkage.scores(attacker)):
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
    """The same relative to the nearest reference row: a row in a dense region is near to everything."""
    return np.log(attacker.usual(group)[0][:, 0] + LEAST_GAP) - np.log(attacker.near(group)[0][:, 0] + LEAST_GAP)


def density_ratio(attacker: Attacker, group: Group) -> np.ndarray:
    """Released density over reference density, from the mean distance to five neighbours (DOMIAS, van Breugel et
    al. 2023).
    """
    return np.log(attacker.usual(group)[0].mean(1) + LEAST_GAP) - np.log(attacker.near(group)[0].mean(1) + LEAST_GAP)


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


def forest(attacker: Attacker) -> tuple[np.ndarray, np.ndarray]:
    """Share of trees that take a row for released rather than reference, by a random forest (Synth-MIA 2025).

    A non-member is asked of the trees that were grown without it, and every member of those of one non-member.
    """
    samples, rng = attacker.samples, np.random.default_rng([attacker.seed, 97])
    usual, inside = _features(samples, attacker.non_members), _features(samples, attacker.members)
    order = rng.permutation(attacker.released.rows)[:CLASSIFIER_ROWS]
    released, left_out = _features(samples, Group(attacker.released.role, order)), attacker.left_out(attacker.members)
    votes, asked = ([np.zeros(len(inside)), np.zeros(len(usual))] for _ in range(2))
    for number in range(ATTACK_TREES):
        grown = rng.integers(0, len(usual), len(usual))
        drawn = released[rng.integers(0, len(released), len(released))]
        x, y = np.concatenate([usual[grown], drawn]), np.repeat([0, 1], [len(grown), len(drawn)])
        tree = learners.fitted(learners.tree(attacker.seed + number), x, y)
        free = ~np.isin(np.arange(len(usual)), grown)
        for side, (table, chosen) in enumerate(((inside, free[left_out]), (usual, free))):
            votes[side][chosen] += tree.predict_proba(table[chosen])[:, 1]
            asked[side][chosen] += 1
    return votes[0] / np.maximum(asked[0], 1), votes[1] / np.maximum(asked[1], 1)


def _features(samples: Samples, group: Group) -> np.ndarray:
    return learners.features(samples, samples.table(group.role).iloc[group.rows], samples.known)


def local_likelihood(attacker: Attacker, group: Group) -> np.ndarray:
    """How much more likely the five nearest released rows are once the candidate joins the reference (Gen-LRA, Ward et
    al. 2025).

    Gaussian kernels as wide as the median distance between neighbouring reference rows, over five neighbours.
    """
    near, places = attacker.near(group)
    width = max(float(np.median(attacker.usual(attacker.non_members)[0][:, 0])), LEAST_GAP)
    k = MEMBERSHIP_NEIGHBOURS + 1
    around, who = neighbours.search(attacker.samples, attacker.released, attacker.non_members, k)
    kernels = -np.square(around / width) / 2
    own = -np.square(near / width) / 2
    kept = without(attacker.left_out(group), who[places])  # [candidates, released neighbours, reference neighbours]
    total = np.logaddexp.reduce(np.where(kept, kernels[places], -np.inf), axis=2)
    return np.logaddexp(0.0, own - np.maximum(total, -1e6)).sum(1)
