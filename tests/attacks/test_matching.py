"""Values that match are counted as by comparing each pair, however many different ones there are."""

import numpy as np
import pandas as pd
import pytest
import torch

from evaluation import samples
from evaluation.attacks import matching
from evaluation.attacks.attacker import Attacker
from evaluation.measures import intervals
from evaluation.measures.neighbours import Group


# int16 by few codes and by few asked, with its sign bit, and int32
@pytest.mark.parametrize(("different", "asked"), [(3, 30), (70_000, 30), (70_000, 20_000), (90_000, 60_000)])
def test_the_best_match_is_that_of_all_pairs(different, asked):
    rng = np.random.default_rng(0)
    codes = rng.integers(0, different, (3, 600_000 // asked))
    codes[:, -1] = different - 1
    ends = np.sort(rng.integers(0, different, (2, 3, asked)), axis=0)
    weights = rng.integers(0, 9000, (3, asked))
    inside = (codes[:, None] >= ends[0][..., None]) & (codes[:, None] <= ends[1][..., None])
    found = matching._best_match(ends[0], ends[1], weights, codes)
    assert (found == (inside * weights[..., None]).sum(0).max(1)).all()
    kind = next(matching.sums(ends[0], ends[1], weights, codes)).dtype
    assert kind == (torch.int16 if asked < 60_000 else torch.int32)


def rows(count, seed):
    rng = np.random.default_rng(seed)
    numbers = rng.normal(50, 20, count).round()
    return pd.DataFrame({"n": np.where(rng.random(count) < 0.1, np.nan, numbers), "l": rng.choice(list("abc"), count)})


@pytest.mark.parametrize(
    ("attack", "room"),
    [
        (matching.matching_values, lambda values, deviation: 0 * values),
        (matching.near_values, lambda values, deviation: 0.02 * abs(values)),
        (matching.values_within_a_deviation, lambda values, deviation: 0.1 * deviation + 0 * values),
    ],
)
def test_a_value_matches_within_its_tolerance_and_weighs_its_surprise(attack, room):
    made = samples.make(rows(60, 0), rows(80, 1), rows(70, 2))
    groups = [Group(role, np.arange(made.size(role))) for role in ("synthetic", "train", "holdout")]
    attacker = Attacker(made, *groups, 0)
    released, asked = made.table("synthetic"), made.table("train")
    known, halves = pd.concat([asked, made.table("holdout")]), attacker.halves()
    own = halves[:60]
    deviations = np.array([known["n"][halves != half].std(ddof=0) for half in (0, 1)])[own]
    wide, total = room(asked["n"], deviations) + 1e-9, 0.0
    for column, tolerance in (("n", wide.fillna(0)), ("l", 0 * wide.fillna(0))):
        ask, have, usual = (table[column].fillna(1e9).to_numpy(float) for table in (asked, released, known))
        alike = [np.abs(ask[:, None] - other) <= tolerance.to_numpy()[:, None] for other in (have, usual)]
        counts = (alike[1] * (halves != own[:, None])).sum(1)
        total += -np.log((counts + 1) / 71)[:, None] * alike[0]
    assert attack(attacker, attacker.members) == pytest.approx(total.max(1), abs=2e-3)


def test_nothing_but_labels_does_not_tell_members_from_non_members():
    """Whose own label is counted among the others, and whose is not, is no leak."""

    def table(count, seed):
        rng = np.random.default_rng(seed)
        return pd.DataFrame(
            {"l": rng.choice(list("abcd"), count), "m": rng.random(count) < 0.1, "n": rng.random(count)}
        )

    made = samples.make(table(1600, 0), table(400, 1), table(1600, 2))
    attacker = Attacker(
        made, *(Group(role, np.arange(made.size(role))) for role in ("synthetic", "train", "holdout")), 0
    )
    scores = [matching.matching_values(attacker, group) for group in (attacker.members, attacker.non_members)]
    assert intervals.auc(*scores) == pytest.approx(0.5, abs=0.04)
