"""Attacks see what a release copies in part, and say nothing of honest rows."""

from functools import cache

import numpy as np
import pandas as pd
import pytest
from scipy.stats import betabinom

from evaluation import calibration, privacy, samples
from evaluation.attacks import blocks, choice, column_matches, few_columns
from evaluation.attacks.attacker import Attacker
from evaluation.attacks.strength import strength
from evaluation.calibration import changes, population
from evaluation.measures import intervals
from evaluation.measures.neighbours import Group
from evaluation.summaries import internal
from pipelines.config import rules
from pipelines.release import gate


@pytest.fixture(scope="module")
def honest():
    return population.made((600, 300, 600))


@pytest.fixture(scope="module")
def flawed(honest):
    """Samples by the name of their flaw: metrics remember what they found of these."""
    return cache(lambda kind: compared(calibration.load(kind)(honest, np.random.default_rng(0))))


def compared(case):
    return samples.make(case.train, case.holdout, case.synthetic, kinds=case.kinds, target=case.target)


@pytest.mark.parametrize(
    ("kind", "least"),
    [
        ("columns.numbers_within_2_percent_fresh_labels", 0.9),
        ("columns.numbers_shifted_fresh_labels", 0.9),
        ("copies.labels_swapped_numbers_within_2_percent", 0.9),
        ("columns.labels_and_dates_copied", 0.9),
        ("columns.numbers_of_a_third_within_2_percent", 0.27),
        ("columns.half_of_the_columns_of_a_third", 0.27),
        ("columns.two_dates_a_day_off_in_half", 0.15),
        ("columns.two_dates_a_week_later_in_half", 0.15),
    ],
)
def test_a_block_of_columns_that_is_copied_is_recognised(flawed, kind, least):
    assert privacy.membership(flawed(kind)).value > least


def test_three_columns_under_noise_are_recognised_where_two_of_them_are_not(monkeypatch):
    rng, names = np.random.default_rng(0), [f"x{k}" for k in range(6)]
    train, holdout, fresh = (pd.DataFrame(rng.normal(size=(n, 6)), columns=names) for n in (600, 300, 600))
    fresh[names[:3]] = train[names[:3]] + 0.03 * rng.normal(size=(600, 3))
    found = []
    for most in (few_columns.MOST_TOGETHER, 2):
        monkeypatch.setattr(few_columns, "MOST_TOGETHER", most)
        groups = (Group(role, np.arange(n)) for role, n in (("synthetic", 600), ("train", 600), ("holdout", 300)))
        sides = few_columns.scores(Attacker(samples.make(train, holdout, fresh), *groups, 0))
        found.append(strength(*(side[few_columns.NEAREST_IN_FEW] for side in sides)))
    assert found[0] > 2 * found[1]


def test_a_little_of_everybody_is_recognised_by_how_many_rows_match():
    rng = np.random.default_rng(0)
    train, holdout, fresh = (
        pd.DataFrame({"age": rng.integers(17, 90, n), "hours": rng.integers(5, 99, n), "pay": rng.lognormal(8, 1, n)})
        for n in (500, 500, 500)
    )
    copied = train * rng.uniform(0.95, 1.05, train.shape)
    found = []
    for released in (copied.round({"age": 0, "hours": 0}), fresh):
        groups = (Group(role, np.arange(500)) for role in ("synthetic", "train", "holdout"))
        sides = few_columns.scores(Attacker(samples.make(train, holdout, released), *groups, 0))
        found.append({attack: strength(*(side[attack] for side in sides)) for attack in sides[0]})
    assert found[0][few_columns.MATCHES_IN_FEW] > 100 and found[1][few_columns.MATCHES_IN_FEW] < choice.SURPRISING


@pytest.mark.parametrize("view", few_columns.MATCHING_VIEWS)
def test_rows_that_match_are_counted(honest, view):
    made, (rows, held, drawn) = compared(honest), (Group(r, np.arange(40)) for r in ("train", "holdout", "synthetic"))
    attacker, room = Attacker(made, drawn, rows, held, 0), column_matches.MATCHING_WITHIN[view]
    real, released = (
        [column_matches.places(made, "debt", view, made.table(g.role)["debt"].to_numpy()[g.rows]) for g in groups]
        for groups in ((rows, held), (drawn,))
    )
    known = np.concatenate(real)
    found = few_columns._matched(attacker, attacker, "debt", view)
    for bits, others in ((found.released, released[0]), (found.real, known)):
        near = abs(known[:, None] - others) <= room
        np.testing.assert_array_equal(np.bitwise_count(bits).sum(1), near.sum(1))


def test_the_columns_that_leak_are_named(honest, flawed):
    made = flawed("columns.numbers_within_2_percent_fresh_labels")
    score = privacy.membership(made)
    reason = gate._judge("privacy.membership", rules.DEFAULT_RULES["privacy.membership"], score)
    assert not reason["passed"] and "They are recognised by the columns age, income" in reason["note"]
    assert set(internal.leaking(made, 0)) == set(changes.numbers(honest))
    assert set(score.detail["leaking_columns"]) == set(changes.numbers(honest))
    assert "The columns that leak most: age" in score.note
    others = compared(honest)
    fresh = privacy.membership(others)
    assert "leaking_columns" not in fresh.detail and "leak most" not in fresh.note
    assert internal.leaking(others, 0) == []


def test_few_rows_learnt_by_heart_are_seen_above_every_non_member(honest):
    """4 % of the rows: under the bound of the rate at 1 % false alarms, far over what chance reaches without any."""
    rng = np.random.default_rng(0)
    rows = changes.jittered(changes.memorised(honest, 0.04, rng), changes.numbers(honest), 0.01, rng)
    leak = privacy.membership_low_fpr(compared(changes.planted(honest, rows, rng)))
    bound = intervals.null_best_quantile(600, 300, 0.999)
    assert leak.value > bound > privacy.membership_low_fpr(compared(honest)).value
    assert "The false-alarm rate is 0.66%" in leak.note


def test_the_best_of_the_non_members_is_exceeded_as_often_as_chance_says():
    rng = np.random.default_rng(0)
    halves = [(rng.random((4000, 50)), rng.random((4000, 30))) for _ in range(2)]
    shares = np.mean([(m > o.max(1, keepdims=True)).mean(1) for m, o in halves], axis=0)
    for level in (0.9, 0.99):
        assert intervals.null_best_quantile(100, 60, level) == pytest.approx(np.quantile(shares, level), abs=0.015)


@pytest.mark.parametrize(("members", "non_members"), [(300, 100), (200, 400)])
def test_what_is_tolerated_is_refused_once_in_a_hundred_draws(members, non_members):
    """0.245 standard deviations apart, 15 % of the members lie above all but a tenth of the others."""
    rng, drawn, most = np.random.default_rng(0), [], (non_members + 2) // 10
    for _ in range(1000):
        sides = rng.normal(0.245, 1, (2, members // 2)), rng.normal(size=(2, non_members // 2))
        drawn.append(intervals._above_both(list(zip(*sides, strict=True)), most)[most] / members)
    bound = intervals.rank_quantile(members, non_members, 0.1, 0.15, 0.99)
    assert 0.003 < np.mean(np.array(drawn) > bound) < 0.02 and np.mean(drawn) == pytest.approx(0.15, abs=0.01)
    chances = betabinom.cdf(np.arange(members + 1), members, 10, 90)  # of what knows nothing, beside 99 others
    assert intervals.rank_quantile(members, 99, 0.1, 0.1, 0.9) * members == pytest.approx((chances < 0.9).sum(), abs=1)


def test_an_attack_that_knows_most_is_stronger_and_none_is_surprising_by_chance():
    rng = np.random.default_rng(0)
    drawn = [(rng.normal(size=400), rng.normal(size=200)) for _ in range(40)]
    idle = [strength(members, others) for members, others in drawn]
    assert np.median(idle) < 3
    members, others = drawn[0]
    leaking = np.concatenate([members[:-20], members[-20:] + 10])
    assert strength(leaking, others) > max(10, *idle)


def test_attacks_are_combined_where_each_knows_a_part(honest):
    """Two attacks that see half of the leak each: their combination is chosen, and reported on other rows."""
    rng = np.random.default_rng(0)
    members, others = rng.normal(size=(3, 1000)), rng.normal(size=(3, 1000))
    members += 0.8
    ranks = {str(n): (members[n], others[n]) for n in range(3)}
    halves, attacks = choice.cross_fit(ranks, rng)
    assert attacks == [choice.COMBINED] * 2
    alone = intervals.auc(members[0], others[0])
    assert min(intervals.auc(*half) for half in halves) > alone + 0.05


def test_blocks_leave_no_column_out_and_read_no_single_one(honest):
    made = compared(honest)
    found = blocks.blocks(made, 0)
    assert all(2 <= len(columns) < len(made.known) for columns in found.values())
    assert set(found["numbers"]) | set(found["labels and dates"]) == set(made.known)
    assert blocks.columns_of(made, "nearest by size of numbers", 0) == found["numbers"]
    assert blocks.columns_of(made, "calibrated distance", 0) == ()
