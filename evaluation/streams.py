"""Seeds of everything that evaluation draws: a stream of its own for each, so that one draw more moves no other."""

from enum import IntEnum

import numpy as np


class RandomStream(IntEnum):
    """What is drawn, beside a run's seed. A new name takes a new number; the names that share one never meet in one
    score, and keep it so that earlier reports stay what they are.
    """

    COLUMN_PAIRS = 3
    BOOTSTRAP = 7
    SPREAD = 11
    RARE_INTERVAL = 13
    NON_MEMBERS = 17
    ATTACK_CHOICE = 23
    SHUFFLED_PIXELS = 31
    FLAWS = 41
    CLASSIFIER = 43
    ROWS_SEARCHED = 47
    CANDIDATE_HALVES = 53
    QUERIES = 53
    PARTIES = 59
    GRID_ROWS_JUDGED = 61
    GUESSES = 61
    DEPENDENCE_ROWS = 67
    KNOWN_HALVES = 67
    DEPENDENCE_PAIRS = 71
    SECRETS = 71
    DEPENDENCE_FURTHER = 73
    SUBGROUP_LOSS = 73
    RARE_BY_CHANCE = 79
    REGION_ROWS = 79
    BLOCK_COLUMNS = 83
    DRIFT_ROWS = 83
    IMAGES_SHOWN = 83
    REGION_PAIRS = 83
    TIME_ROWS = 83
    UNSEEN = 83
    BLOCK_ROWS = 89
    IMAGES_ALONE = 89
    PREDICTION_ROWS = 89
    SUBGROUP_ROWS = 89
    AGREEMENT_ROWS = 97
    CLASS_COVERAGE = 97
    FOREST = 97
    ROWS_COMPARED = 97
    IMAGES_SEARCHED = 101
    LINKED_HALVES = 101
    PEOPLE = 101
    JUDGE_FOLDS = 103
    LABEL_FOLDS_JUDGED = 103
    LINKED_COLUMNS = 103
    LABEL_FOLDS_FITTED = 107
    FEW_COLUMNS_SEARCHED = 107
    EFFECT_HALVES = 109
    DECIDED_ROWS = 127
    DECIDING_HALVES = 131
    SPREAD_TIES = 139
    LABEL_COLUMNS = 149
    FUNCTION_ROWS = 151


def generator(seed: int, stream: RandomStream, *more: int) -> np.random.Generator:
    """Return numpy's generator for one stream of a seed, or for a part of it that `more` numbers tell."""
    return np.random.default_rng([seed, stream, *more])
