"""Privacy on tables where the answer is known."""

import hashlib
import itertools

import numpy as np
import pandas as pd
import pytest

from evaluation import privacy, samples, scores
from evaluation.attacks import choice, membership
from evaluation.copies import exchange
from evaluation.scores import EvaluationError
from tests.evaluation.tables import mixed

CHANCE = 0.01  # members recognised by guessing, at 1 % false alarms


@pytest.fixture(scope="module")
def people():
    return mixed(700, 0), mixed(700, 1), mixed(700, 2)


@pytest.fixture(scope="module")
def honest(people):
    return samples.make(*people)


@pytest.fixture(scope="module")
def copied(people):
    return samples.make(people[0], people[1], people[0].sample(frac=1, random_state=0))


def test_copies_by_hand():
    train = pd.DataFrame({"a": [1, 1, 2, 3], "c": list("xxyz")})
    holdout = pd.DataFrame({"a": [1, 9], "c": ["x", "q"]})
    synthetic = pd.DataFrame({"a": [1, 2, 2, 3, 7], "c": ["x", "y", "x", "z", "x"]})
    score = privacy.copies(samples.make(train, holdout, synthetic))
    assert score.value == 3 / 5 and score.ceiling == 1 / 2
    # 1x occurs twice in training and among non-members, so only 2y and 3z give one person away
    assert score.detail["copies"] == 3 and score.detail["of_unique_rows"] == 2
    # Clopper-Pearson of 3 in 5
    assert score.low == pytest.approx(0.1466, abs=1e-4) and score.high == pytest.approx(0.9473, abs=1e-4)


def test_copies_of_both_real_tables_are_counted_beside_chance():
    """Of six real rows two are alone, two stand in twos; a fresh row equals a lone one of training once in nine."""
    found = privacy.copies(samples.make(*(pd.DataFrame({"c": list(rows)}) for rows in ("aabc", "bd", "acdde")))).detail[
        "counts"
    ]
    assert [count["hits"] for count in found] == [2, 1, 2, 2]  # a and c; c alone; both d, twice
    # a: 1 - (1 - 2/3), twice, and b too: 4 * 2/3 of six rows, and so often of five; a third of that for the holdout
    assert [count["expected"] for count in found] == pytest.approx([20 / 9, 20 / 9, 10 / 9, 10 / 9])
    assert found[0]["sentence"].startswith("2 of 5 released rows are identical to training rows; non-members would")


@pytest.mark.parametrize(("side", "planted"), [("train", 0), ("holdout", 2)])
def test_a_few_planted_rows_of_either_real_table_are_more_than_chance(people, side, planted):
    tables = dict(zip(("train", "holdout", "synthetic"), people, strict=True))
    leak = pd.concat([tables["synthetic"][:-30], tables[side][:30]], ignore_index=True)
    counts = privacy.copies(samples.make(*people[:2], leak)).detail["counts"]
    assert counts[planted]["hits"] == 30 > counts[planted]["allowed"]
    assert all(count["hits"] <= count["allowed"] for count in (counts[2 - planted], counts[3 - planted]))


def test_honest_rows_of_few_columns_equal_real_ones_no_more_often_than_chance_allows():
    """Rows that many have, seldom and often; 40 tables, each judged by four counts at one in 4,000."""
    rng, beyond = np.random.default_rng(0), 0
    for _ in range(40):
        made = samples.make(*(pd.DataFrame({"z": rng.zipf(1.5, size)}) for size in (400, 100, 800)))
        beyond += any(c["hits"] > c["allowed"] for c in privacy.copies(made).detail["counts"])
    assert beyond <= 1


def test_real_identifiers_are_counted_whatever_their_type():
    train = pd.DataFrame({"id": [f"K{n}" for n in range(100)], "no": np.arange(100) * 7.0, "a": np.arange(100.0)})
    holdout = pd.DataFrame({"id": [f"K{n}" for n in range(90, 110)], "no": np.arange(20) + 2000.0, "a": 0.5})
    synthetic = pd.DataFrame({"id": [f"K{n}" for n in range(105, 125)], "no": [2000, *range(9001, 9020)], "a": 0.5})
    score = privacy.identifiers(samples.make(train, holdout, synthetic, kinds={"id": "identifier", "no": "identifier"}))
    # K105 to K109 stand in the holdout, as 2000 does; ten of forty holdout values stand in training rows
    assert (
        score.value == 6 / 40 and score.detail["columns"] == {"id": 5 / 20, "no": 1 / 20} and score.ceiling == 10 / 40
    )


def test_a_digest_of_a_real_identifier_is_a_real_one():
    """Cut, in capitals and behind a word; of the two, one is of a name that nobody has."""
    names = pd.Series([f"person {n}" for n in range(100)])
    digests = [f"no-{hashlib.md5(text.encode()).hexdigest()[:16].upper()}" for text in ("person 7", "nobody")]
    tables = [pd.DataFrame({"id": column}) for column in (names, digests)]
    assert privacy.identifiers(samples.make(tables[0], None, tables[1], kinds={"id": "identifier"})).value == 0.5


def test_row_numbers_name_nobody():
    frame = pd.DataFrame({"id": np.arange(1, 101), "a": 0.5})
    assert privacy.identifiers(samples.make(frame, None, frame, kinds={"id": "identifier"})).reason == "no_identifier"
    repeated = frame.assign(id=np.repeat(np.arange(1, 51), 2))
    assert privacy.identifiers(samples.make(repeated, None, repeated, kinds={"id": "identifier"})).value == 1


def test_membership_is_at_chance_for_an_honest_sample(honest):
    for metric in (privacy.membership, privacy.membership_vulnerable):
        score = metric(honest)
        assert score.low < CHANCE + 0.01 and score.value < 0.04 and score.better == "lower"
        assert score.detail["auc_low"] < 0.52
    assert privacy.membership(honest).ceiling < 0.04


def test_membership_is_near_one_for_a_copy(copied):
    for metric in (privacy.membership, privacy.membership_vulnerable):
        score = metric(copied)
        assert score.value > 0.97 and score.detail["auc"] > 0.99 and score.detail["tpr_at_0.1_low"] > 0.9
    assert privacy.membership(copied).ceiling < 0.04  # the released holdout rows betray nobody in training


def test_a_little_of_everybody_is_seen_by_an_attack_with_many_false_alarms():
    rng = np.random.default_rng(0)
    train, holdout, fresh = (pd.DataFrame(rng.normal(size=(500, 3)), columns=list("abc")) for _ in range(3))
    noisy, honest = (samples.make(train, holdout, made) for made in (train + rng.normal(0, 0.2, train.shape), fresh))
    assert privacy.membership(noisy).low < CHANCE  # at so few false alarms chance explains what is recognised
    assert privacy.membership_broad(noisy).low > 0.15
    often = privacy.membership_broad(honest)
    assert often.high < 0.2 and often.value == often.detail["tpr_at_0.1"] and often.detail["alarms"] == 0.1


def test_a_blurred_copy_is_recognised_though_no_row_is_equal(people):
    train = people[0]
    blurred = train.assign(**{c: train[c] * 1.001 for c in ("income", "savings", "height", "weight")})
    made = samples.make(train, people[1], blurred)
    assert privacy.copies(made).value < 0.01
    assert privacy.membership(made).value > 0.9


def test_leaked_outliers_pass_the_distance_check_and_not_the_attack_on_isolated_rows(people):
    train, holdout, fresh = people
    from evaluation.calibration import tables

    leak = tables.tables(train, fresh, seed=0)["outlier leak"]
    made = samples.make(train, holdout, leak)
    assert privacy.nearest_record(made).value < 0.53
    assert privacy.membership_vulnerable(made).detail["tpr_at_0.1_low"] > 0.11


def test_nearest_record_is_a_half_for_non_members_and_one_for_copies(copied):
    score = privacy.nearest_record(samples.make(*(mixed(1500, seed) for seed in range(3))))
    assert score.low <= 0.5 <= score.high or abs(score.value - 0.5) < 0.03
    assert score.better == "none" and "Sanity check" in score.note
    assert privacy.nearest_record(copied).value > 0.97
    assert "a half is honest" in score.note and score.detail["deviation"] < 0.02


def test_the_deviation_of_the_nearest_record_is_that_of_exchanged_tables():
    """Five released rows at three of four real rows, of which every two may be the training rows."""
    places = np.array([0, 0, 0, 1, 2])
    shares = [np.isin(places, pair).mean() for pair in itertools.combinations(range(4), 2)]
    assert exchange.deviation(places, 4) == pytest.approx(np.std(shares))


@pytest.mark.parametrize("sizes", [(400, 400, 100), (400, 200, 60), (400, 100, 40), (200, 50, 800)])
def test_an_honest_table_is_as_near_to_either_real_table_at_every_size(sizes):
    beyond = 0
    for seed in range(10):
        score = privacy.nearest_record(samples.make(*(mixed(n, 3 * seed + i) for i, n in enumerate(sizes))), seed=seed)
        beyond += abs(score.value - 0.5) > 2 * score.detail["deviation"]
    assert beyond <= 3


def test_ties_count_half():
    frame = pd.DataFrame({"c": ["x", "y"] * 20})
    assert privacy.nearest_record(samples.make(frame, frame, frame)).value == 0.5


def test_the_loss_of_an_overfit_model_betrays_its_rows(people):
    train, holdout, fresh = people
    seen = set(train["income"])
    made = samples.make(train, holdout, fresh, loss=lambda rows: np.where(rows["income"].isin(seen), 0.1, 1.0))
    score = privacy.membership_model(made)
    assert score.value > 0.9 and any("loss" in attack for attack in score.detail["attacks"])
    dull = samples.make(train, holdout, fresh, loss=lambda rows: np.ones(len(rows)))
    assert privacy.membership_model(dull).value < 0.04


def density(train, width):
    """Minus the log density of a Gaussian kernel model of the numbers: the narrower its kernels, the more it has
    learnt by heart.
    """
    names = ["age", "income", "height", "weight"]
    middle, size = train[names].mean(), train[names].std()

    def loss(rows):
        squares = (
            ((rows[names] - middle) / size).to_numpy()[:, None] - ((train[names] - middle) / size).to_numpy()[None]
        ) ** 2
        return -np.logaddexp.reduce(-squares.sum(2) / (2 * width**2) - 4 * np.log(width), axis=1)

    return loss


def test_a_model_that_has_learnt_by_heart_is_caught_by_its_loss_and_a_smooth_one_is_not(people):
    train, holdout, fresh = people
    made = {width: samples.make(train, holdout, fresh, loss=density(train, width)) for width in (0.05, 2.0)}
    found = {width: privacy.membership_model(one) for width, one in made.items()}
    assert found[0.05].detail["tpr_at_0.1_low"] > 0.4 and "loss" in found[0.05].detail["attacks"][0]
    assert found[2.0].detail["tpr_at_0.1"] < 0.2 and found[2.0].value < 0.04
    alone = privacy.membership(made[0.05])  # who reads the fresh rows holds no model
    assert alone.value < 0.04 and not {"loss", "calibrated loss"} & set(alone.detail["tried"])


def test_without_a_model_there_is_no_score_of_one_and_it_says_so(people):
    silent = privacy.membership_model(samples.make(*people))
    assert silent.value is None and silent.reason is scores.Reason.NO_LOSS


def test_a_loss_of_the_wrong_shape_is_told():
    few = [mixed(40, seed) for seed in range(3)]
    with pytest.raises(EvaluationError, match="one number per row"):
        privacy.membership_model(samples.make(*few, loss=lambda rows: np.ones((len(rows), 2))))


@pytest.mark.parametrize(
    ("rows", "candidates", "searched"), [(1500, 5000, 1500), (1_000_000, 2000, 1_000_000), (10**8, 2000, 10**6)]
)
def test_a_large_release_is_searched_whole_for_fewer_candidates(rows, candidates, searched):
    class Release:
        def size(self, role):
            return rows

    assert membership._effort(Release()) == (candidates, searched)


def test_few_non_members_are_said_and_fewer_are_refused():
    score = privacy.membership(samples.make(mixed(100), mixed(60, 1), mixed(100, 2)))
    assert "Only 60 non-members" in score.note and score.detail["tpr_at_0.001"] is None
    few = privacy.membership(samples.make(mixed(100), mixed(19, 1), mixed(100, 2)))
    assert few.value is None and "found 100 and 19" in few.note


def test_an_attack_that_says_the_same_of_everybody_is_not_chosen():
    rng = np.random.default_rng(0)
    noise, silent = [rng.random(n) for n in (60, 40)], [np.zeros(n) for n in (60, 40)]
    rest = tuple(noise), 10, np.arange(60), np.arange(40)
    evidence = membership.Evidence(
        {"silent": silent[0], "noise": noise[0]}, {"silent": silent[1], "noise": noise[1]}, *rest
    )
    for seed in range(20):  # by chance alone it would be the stronger one half of the time
        found = choice.measure(evidence, seed)
        assert set(found.attacks) == {"noise"} and found.tried == ("silent", "noise")
    nothing = membership.Evidence({"silent": silent[0]}, {"silent": silent[1]}, *rest)
    assert set(choice.measure(nothing, 0).attacks) == {"silent"}
