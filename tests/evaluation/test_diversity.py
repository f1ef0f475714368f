"""Diversity by hand, and on tables that have lost something."""

import numpy as np
import pandas as pd
import pytest

from evaluation import diversity, samples
from tests.evaluation.tables import mixed


def compared(train, synthetic, holdout=None):
    return samples.make(pd.DataFrame(train), None if holdout is None else pd.DataFrame(holdout), pd.DataFrame(synthetic))


def test_coverage_of_honest_rows_is_what_theory_says_and_of_a_collapse_is_small():
    rng = np.random.default_rng(0)
    train, holdout, other = ({"a": rng.random(2000), "b": rng.random(2000)} for _ in range(3))
    honest = diversity.coverage(compared(train, other, holdout))
    assert honest.value == pytest.approx(1 - 2**-5, abs=0.012)  # five neighbours, equal sizes (Naeem et al. 2020)
    assert honest.ceiling == pytest.approx(honest.value, abs=0.02)
    few = {k: np.resize(v[:50], 2000) for k, v in train.items()}
    assert diversity.coverage(compared(train, few, holdout)).value < 0.25


def test_coverage_by_hand():
    # five real rows each 1 apart; the fifth neighbour does not exist, so the radius is that of the fourth
    train, other = {"a": [0.0, 1, 2, 3, 4]}, {"a": [0.0, 0, 0, 0, 0]}
    assert diversity.coverage(compared(train, other)).value == 1  # 0 is within the farthest neighbour of each


def test_distinct_counts_repeats_as_they_are():
    score = diversity.distinct(compared({"a": [1, 2, 3, 4]}, {"a": [1, 1, 2, 3]}, {"a": [5, 5, 6, 7]}))
    assert score.value == 0.75 and score.detail == {"distinct_rows": 3, "rows": 4, "most_repeated": 2}
    assert score.low <= 0.75 <= score.high


def test_distinct_leaves_identifiers_out():
    frame = pd.DataFrame({"id": [f"K{n}" for n in range(60)], "a": 1.0})
    assert diversity.distinct(samples.make(frame, None, frame)).value == pytest.approx(1 / 60)


def test_rare_by_hand():
    # of 1,000 rows: "r" 10 times, "s" 5, "t" once; synthetic: r 5 times (half), s 20 times (all), t never
    def column(**counts):
        rest = 1000 - sum(counts.values())
        return {"c": np.repeat([*counts, "usual"], [*counts.values(), rest])}
    score = diversity.rare(compared(column(r=10, s=5, t=1), column(r=5, s=20)))
    assert score.value == pytest.approx((0.5 + 1 + 0) / 3) and score.detail["absent"] == 1
    assert score.detail["by_training_rows"] == {"1-5": {"categories": 2, "retained": 0.5}, "6-20": {"categories": 1, "retained": 0.5}}
    assert diversity.rare(compared({"c": list("ab")}, {"c": list("ab")})).value is None


def test_a_lost_group_of_rows_is_a_dropped_mode():
    rng = np.random.default_rng(0)

    def groups(centres, rows=3000):
        at = rng.choice(centres, rows)
        return {"a": at * 10 + rng.normal(0, 0.3, rows), "b": (at % 3) * 10 + rng.normal(0, 0.3, rows)}
    train, holdout, honest, fewer = groups(range(8)), groups(range(8)), groups(range(8)), groups(range(6))
    assert diversity.modes(compared(train, honest, holdout)).value == 1
    lost = diversity.modes(compared(train, fewer, holdout))
    assert lost.value == pytest.approx(0.75, abs=0.12) and lost.detail["dropped"] > 5
    assert lost.detail["differing_share"] > 0.2 > 0.05 > lost.detail["differing_share_ceiling"]


def test_too_few_rows_are_said():
    tiny = mixed(3)
    assert "at least 4 rows" in diversity.coverage(samples.make(tiny, None, tiny)).note
    assert diversity.modes(samples.make(mixed(30), None, mixed(30))).value is None
