"""Diversity by hand, and on tables that have lost something."""

import numpy as np
import pandas as pd
import pytest
import torch

from evaluation import chance, diversity, fidelity, samples
from evaluation.calibration import population
from evaluation.diversity.repeats import repeats
from evaluation.measures import vendi
from pipelines.config.rules import DEFAULT_RULES
from tests.evaluation.tables import mixed


def compared(train, synthetic, holdout=None):
    return samples.make(
        pd.DataFrame(train), None if holdout is None else pd.DataFrame(holdout), pd.DataFrame(synthetic)
    )


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


def spread_out(rows, seed):
    rng = np.random.default_rng(seed)
    return pd.DataFrame(rng.normal(size=(rows, 5))).add_prefix("c")


@pytest.mark.parametrize("metric", [diversity.beta_recall, diversity.vendi, diversity.support])
def test_a_collapse_is_far_below_an_honest_sample(metric):
    train, holdout, honest = (spread_out(1500, seed) for seed in range(3))
    good = metric(compared(train, honest, holdout))
    assert good.low <= good.value <= good.high and good.ceiling is not None and good.floor is not None
    assert good.value > 0.8 and abs(good.value - good.ceiling) < 0.5
    few = metric(compared(train, honest[:40].sample(1500, replace=True, random_state=0), holdout))
    assert few.high < 0.5 * good.value


def test_depth_of_equal_rows_says_nothing():
    same = {"a": [1.0] * 50, "b": ["x"] * 50}
    for metric in (diversity.beta_recall, fidelity.alpha_precision):
        assert metric(compared(same, same, same)).value is None


def test_vendi_by_hand():
    # rows far apart are worth one each, equal rows one together: 2 and 2 of four rows are worth exp(log 2) = 2
    points = torch.tensor([[0.0], [0.0], [90.0], [90.0]])
    entropy, effects = vendi.log_score(points, 1.0)
    assert np.exp(entropy) == pytest.approx(2, abs=1e-6) and effects == pytest.approx(np.zeros(4), abs=1e-6)
    # shares 3/4 and 1/4; a row adds -log(its share) - entropy
    entropy, effects = vendi.log_score(torch.tensor([[0.0], [0.0], [0.0], [90.0]]), 1.0)
    expected = -(0.75 * np.log(0.75) + 0.25 * np.log(0.25))
    assert entropy == pytest.approx(expected, abs=1e-6)
    assert effects == pytest.approx(-np.log([0.75, 0.75, 0.75, 0.25]) - expected, abs=1e-6)


def test_support_by_hand():
    # of 1,000 rows drawn from 400 equally likely ones a share 1 - exp(-2.5) = 0.918 has a twin
    assert diversity._supported(918, 1000) == pytest.approx(400, rel=0.01)
    counts = np.bincount(np.random.default_rng(0).integers(0, 400, 1000))
    assert diversity._supported(counts[counts > 1].sum(), 1000) == pytest.approx(400, rel=0.1)
    assert np.isfinite([diversity._supported(0, 1000), diversity._supported(1000, 1000)]).all()


def test_distinct_counts_repeats_as_they_are():
    score = diversity.distinct(compared({"a": [1, 2, 3, 4]}, {"a": [1, 1, 2, 3]}, {"a": [5, 5, 6, 7]}))
    assert score.value == 0.75 and score.low <= 0.75
    assert {key: score.detail[key] for key in ("distinct_rows", "rows", "most_repeated")} == {
        "distinct_rows": 3,
        "rows": 4,
        "most_repeated": 2,
    }
    assert score.low <= 0.75 <= score.high


def test_distinct_leaves_identifiers_out():
    frame = pd.DataFrame({"id": [f"K{n}" for n in range(60)], "a": 1.0})
    assert diversity.distinct(samples.make(frame, None, frame)).value == pytest.approx(1 / 60)


def test_rare_by_hand():
    # of 2,000 rows: "r" 18 times, "s" 8, "t" 3; synthetic: r 9 times (half), s 20 times (all), t never
    def column(**counts):
        rest = 2000 - sum(counts.values())
        return {"c": np.repeat([*counts, "usual"], [*counts.values(), rest])}

    score = diversity.rare(compared(column(r=18, s=8, t=3), column(r=9, s=20)))
    assert score.value == pytest.approx((0.5 + 1 + 0) / 3) and score.detail["absent"] == 1
    assert score.detail["by_training_rows"] == {"1-20": {"categories": 3, "retained": pytest.approx(0.5)}}
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


def test_rare_categories_are_redrawn_by_rows():
    """Two categories of ten training rows with half as many synthetic ones: five rows each, which may have been two
    or nine.
    """
    train = {"c": ["a"] * 10 + ["b"] * 10 + ["x"] * 980}
    score = diversity.rare(compared(train, {"c": ["a"] * 5 + ["b"] * 5 + ["x"] * 990}))
    assert score.value == 0.5 and score.low < 0.25 and score.high > 0.7
    lost = diversity.rare(compared(train, {"c": ["x"] * 1000}))
    # none of 20 expected rows: up to 1 - 0.025 ** (1 / 20)
    assert lost.value == lost.low == 0 and 0.1 < lost.high < 0.3


def once_more(table, rows, jitter=0.0):
    """The table whose last rows are its first ones once more, their numbers moved."""
    again = table.head(rows)
    noise = 1 + np.random.default_rng(0).uniform(-jitter, jitter, rows)
    again = again.assign(**{c: again[c] * noise for c in ("income", "height", "weight")})
    return pd.concat([table.head(len(table) - rows), again], ignore_index=True)


def test_rows_that_repeat_each_other_are_counted_and_nearly_equal_ones_too():
    train, other = mixed(1000), mixed(1000, 1)
    honest = repeats(samples.make(train, None, other))
    assert honest.low == 1 and honest.detail["lost"].keys() <= {"nearly equal rows"}
    equal = repeats(samples.make(train, None, once_more(other, 200))).detail
    assert equal["lost"]["equal rows"] == pytest.approx(0.2)
    assert equal["by_chance"]["equal rows"] == chance.most(0, 1000, 1000, 2)  # no real row repeats another
    near = repeats(samples.make(train, None, once_more(other, 200, 0.01)))
    assert near.detail["lost"]["nearly equal rows"] == pytest.approx(0.4, abs=0.02)  # both rows of each pair
    assert near.low < DEFAULT_RULES["diversity.repeats"]["at_least"]


@pytest.mark.parametrize("rows", [200, 1000, 6000])
def test_rows_of_few_columns_repeat_each_other_by_nature_at_every_size(rows):
    columns = ["trade", "married", "owner"]
    train, holdout, other = (mixed(size, seed)[columns] for seed, size in enumerate((1000, 250, rows)))
    found = repeats(samples.make(train, holdout, other))
    assert found.low == 1 and found.detail["lost"]["equal rows"] > 0.5


@pytest.mark.parametrize("sizes", [(300, 30, 60), (300, 150, 300), (1000, 250, 1000)])
def test_names_that_few_people_share_seldom_come_again_in_an_honest_table(sizes):
    """Of 1,280 names most have one training row, and fresh people have other ones; notes are texts, no categories."""
    case = population.with_text(population.made(sizes, 0), np.random.default_rng(0))
    tables = (frame[["name", "note"]] for frame in (case.train, case.holdout, case.synthetic))
    score = diversity.rare(samples.make(*tables))
    assert score.value == pytest.approx(score.ceiling, rel=0.5)
    assert score.low >= score.ceiling - 3 * (score.ceiling - score.detail["ceiling_low"])
    assert score.detail["rare_categories"] <= case.train["name"].nunique()


def test_labels_that_were_frequent_by_chance_are_no_loss_of_an_honest_table():
    """The 50 most frequent of 1,280 names in 330 real rows have two rows or three; of fresh rows they have no more
    than others.
    """
    case = population.with_text(population.made((300, 30, 1500), 3), np.random.default_rng(0))
    tables = (frame[["name", "age"]] for frame in (case.train, case.holdout, case.synthetic))
    assert fidelity.worst_column(samples.make(*tables)).value > 0.95
