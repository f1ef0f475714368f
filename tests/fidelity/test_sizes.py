"""Ceilings and bounds at the size of the release: what honest tables reach, whatever the sizes."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import betabinom

from evaluation import chance, diversity, fidelity, samples, unseen
from evaluation.calibration import population
from evaluation.diversity import rarefaction
from evaluation.fidelity.labels import Standing, _changed
from evaluation.fidelity.values import different
from pipelines.config import rules
from pipelines.release import gate
from tests.evaluation.tables import mixed

METRICS = {
    "fidelity.shape": fidelity.shape,
    "fidelity.trend": fidelity.trend,
    "diversity.coverage": diversity.coverage,
    "diversity.distinct": diversity.distinct,
}
SIZES = [(400, 40, 40), (400, 400, 100), (200, 50, 1000), (300, 100, 300)]  # training, held-out, released rows


def judged(name, compared):
    score = METRICS[name](compared)
    decided = gate.decide(gate.Report({name: score}, {}, {}, 0), rules.DEFAULT_RULES, "0" * 64)
    return score, next(reason for reason in decided.reasons if reason["score"] == name)


@pytest.mark.parametrize("sizes", SIZES, ids=str)
@pytest.mark.parametrize("name", METRICS)
def test_honest_tables_pass_and_have_their_ceiling_at_every_size(name, sizes):
    score, reason = judged(name, samples.make(*(mixed(rows, part + 5) for part, rows in enumerate(sizes))))
    assert reason["passed"] and score.value == pytest.approx(score.ceiling, abs=0.06)


@pytest.mark.parametrize("sizes", SIZES, ids=str)
def test_few_columns_repeat_themselves_as_real_rows_do(sizes):
    train, holdout, fresh = (mixed(rows, part)[["married", "owner", "trade"]] for part, rows in enumerate(sizes))
    assert judged("diversity.distinct", samples.make(train, holdout, fresh))[1]["passed"]
    collapsed = pd.concat([fresh[:2]] * (sizes[2] // 2))
    assert sizes[2] < 200 or not judged("diversity.distinct", samples.make(train, holdout, collapsed))[1]["passed"]


def test_different_rows_by_hand():
    # of a, a, b, c two are drawn: six pairs, of which only (a, a) are equal; one row is alone in the five others twice
    rows = np.array([7, 7, 8, 9])
    assert different(rows, 2) == pytest.approx((1 + 5 * 2) / 6)
    assert rarefaction.alone(rows, 2) == pytest.approx(5 * 2 / 6) and rarefaction.alone(rows, 4) == pytest.approx(2)
    # chance of four among these four: 3.29 standard errors, of which the squares are 2 and 2 * 4 / 4
    assert rarefaction.lost_by_chance(rows, 4) == pytest.approx(3.2905 * 2 / 4, abs=1e-3)


def test_different_rows_are_counted_among_as_many_as_are_real():
    # ten real rows of two kinds; of 1,000 synthetic rows of two kinds ten hold both, all but always
    few = {"a": [0, 1] * 5}
    score = diversity.distinct(samples.make(*(pd.DataFrame(t) for t in (few, few, {"a": [0, 1] * 500}))))
    assert score.value == pytest.approx(0.1, abs=1e-5) and score.ceiling == pytest.approx(0.1, abs=1e-5)
    assert score.detail["distinct_rows"] == 2 and "20 of the synthetic rows" in score.note


def test_real_rows_are_compared_in_equal_numbers():
    train, holdout, fresh = mixed(100), mixed(30, 1), mixed(400, 2)
    found = unseen.equal(samples.make(train, holdout, fresh), 1000, 0)
    assert {len(found.table(role)) for role in ("train", "holdout", "synthetic", "shuffled")} == {65}
    pooled = pd.concat([found.train, found.holdout])
    assert not pooled.duplicated().any() and len(pooled.merge(holdout)) >= 30
    alone = unseen.equal(samples.make(train, None, fresh), 50, 0)
    assert alone.holdout is None and len(alone.train) == 50


def test_copies_of_training_rows_cover_more_than_other_real_rows_do():
    train, holdout, fresh = mixed(600, 10), mixed(150, 11), mixed(600, 12)
    copied, honest = (diversity.coverage(samples.make(train, holdout, other)) for other in (train, fresh))
    assert copied.low > copied.ceiling and honest.low < honest.ceiling


def test_shuffled_columns_are_refused_at_a_hundred_rows_where_an_honest_sample_passes():
    case = population.made((400, 100, 100))
    train, holdout, fresh = case.train, case.holdout, case.synthetic
    loose = pd.DataFrame({c: fresh[c].sample(frac=1, random_state=n).to_numpy() for n, c in enumerate(fresh)})
    assert judged("fidelity.trend", samples.make(train, holdout, fresh))[1]["passed"]
    assert not judged("fidelity.trend", samples.make(train, holdout, loose))[1]["passed"]


def test_what_samples_of_one_table_differ_by_is_what_samples_of_a_population_do():
    # means of 50 of 100 normal numbers: an error of 1 / sqrt(50), and t(9) exceeds 4.30 once in a thousand times
    rng = np.random.default_rng(0)
    found = []
    for table in rng.normal(size=(400, 100)):
        means = np.array([rng.permutation(table)[:50].mean() for _ in range(10)])
        found.append(chance.below(means, 0.5))
    assert np.sqrt(np.mean(np.square(found))) == pytest.approx(4.30 * np.sqrt(1 / 50 * 1.1), rel=0.05)


@pytest.mark.parametrize(("count", "rows", "size"), [(75, 2500, 200), (10, 500, 60), (40, 375, 300), (300, 3000, 3000)])
def test_a_label_of_few_rows_is_too_often_there_by_chance_in_one_table_of_a_thousand(count, rows, size):
    """Of sixty labels; exact chances of counts of fresh rows, by Jeffreys, for either side."""
    parts, rare = 60, betabinom(size, count + 0.5, rows - count + 0.5)
    standing = [Standing("c", "A value", count, rows, there, size) for there in range(size + 1)]
    beyond = [one.there for one in standing if _changed(one, parts).beyond > 0]
    assert beyond and rare.pmf(beyond).sum() * parts < 1.5 / chance.ONCE_IN
