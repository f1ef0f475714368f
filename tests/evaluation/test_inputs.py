"""Inputs: tables that are not what they are said to be are refused before anything is scored, honest ones never."""

import numpy as np
import pandas as pd
import pytest

import evaluation
from evaluation import calibration, inputs, samples
from evaluation.calibration import population
from evaluation.image import samples as image_samples
from evaluation.inputs import images
from evaluation.report import Report
from evaluation.scores import EvaluationError
from pipelines.config import rules
from pipelines.release import gate
from tests.evaluation.tables import mixed, raw

SIZES = 800, 200, 800
EXPECTED = {
    "inputs.holdout_drawn_from_training": "overlap",
    "inputs.training_is_holdout": "overlap",
    "inputs.half_of_holdout_in_training": "overlap",
    "inputs.tenth_of_holdout_in_training": "overlap",
    "inputs.holdout_is_jittered_training": "near_overlap",
    "inputs.released_in_the_order_of_training": "order",
    "inputs.synthetic_is_holdout": "released_holdout",
    "inputs.synthetic_is_training": "released_train",
    "inputs.source_repeated_then_copied": "repeats",
    "inputs.source_repeated_then_jittered": "repeats",
    "inputs.source_twice_then_copied": "repeats",
    "inputs.holdout_of_another_year": "drift",
    "inputs.holdout_repeated": "repeats",
}
OF_IMAGES = {
    "inputs.images_training_is_holdout": "overlap",
    "inputs.images_tenth_of_holdout_in_training": "overlap",
    "inputs.images_holdout_is_noisy_training": "near_overlap",
    "inputs.images_synthetic_is_holdout": "released_holdout",
    "inputs.images_synthetic_is_training": "released_train",
    "inputs.images_source_twice_then_copied": "repeats",
    "inputs.images_holdout_of_another_camera": "drift",
    "inputs.images_holdout_of_some_classes": "drift",
}


@pytest.fixture(scope="module")
def honest():
    return population.made(SIZES)


def found(case):
    compared = samples.make(case.train, case.holdout, case.synthetic, kinds=case.kinds, target=case.target)
    return inputs.check(compared)


def refused(case):
    return {finding.check for finding in found(case) if finding.level == "refused"}


@pytest.mark.parametrize("kind", EXPECTED)
def test_wrong_tables_are_named(honest, kind):
    assert EXPECTED[kind] in refused(calibration.load(kind)(honest, np.random.default_rng(1)))


def refused_images(*collections):
    compared = image_samples.make(*collections, features=raw)
    return {finding.check for finding in images.check(compared) if finding.level == "refused"}


@pytest.mark.parametrize("kind", OF_IMAGES)
def test_wrong_collections_are_named(kind):
    case = calibration.load(kind)(population.digits((600, 300, 400)), np.random.default_rng(1))
    assert OF_IMAGES[kind] in refused_images(case.train, case.holdout, case.synthetic)


@pytest.mark.parametrize("sizes", [(1000, 250, 547), (140, 35, 140), (100, 900, 100)])
def test_honest_collections_are_not_refused(sizes):
    case = population.digits(sizes, 1)
    assert refused_images(case.train, case.holdout, case.synthetic) == set()


def test_images_of_few_dots_meet_by_chance():
    """Of nine black or white pixels most images are equal to another, and nobody repeated them."""
    dots = (np.random.default_rng(0).random((1200, 3, 3, 1)) < 0.5).astype(np.uint8)
    parts = [(part, None) for part in np.split(dots, [600, 800])]
    assert refused_images(*parts) == set()


def test_a_collection_given_twice_stops_before_scoring():
    case = population.digits((100, 50, 100))
    with pytest.raises(EvaluationError, match="100 of 100 holdout images are training images too"):
        evaluation.score_images(case.train, case.train, case.synthetic, features=raw, names=["image.equal"])


@pytest.mark.parametrize("kind", [k for k in calibration.names() if k.startswith("honest.") and "images" not in k])
def test_honest_tables_are_not_refused(honest, kind):
    assert refused(calibration.load(kind)(honest, np.random.default_rng(1))) == set()


def test_tables_that_are_sorted_or_come_round_alike_are_in_no_order():
    rng = np.random.default_rng(0)
    for years in (np.arange(600) % 12, np.arange(600)):
        train, drawn = (pd.DataFrame({"year": years, "x": years + rng.normal(0, 4, 600)}) for _ in range(2))
        assert not {f.check for f in inputs.check(samples.make(train, None, drawn)) if f.level == "refused"}
        train["z"], drawn["z"] = rng.normal(size=(2, 600))
        moved = drawn.assign(z=train.z + rng.normal(size=600))
        assert "order" in {f.check for f in inputs.check(samples.make(train, None, moved)) if f.level == "refused"}


@pytest.mark.parametrize("unknown", [0, 1])
def test_entities_on_one_side_are_no_other_population(unknown):
    rows = mixed(150).assign(person=[f"p{n}" for n in range(150)])
    real = rows.loc[np.repeat(rows.index, 6)].reset_index(drop=True)
    real["income"] += np.random.default_rng(0).normal(size=len(real))  # so that no row repeats another
    real.loc[[5, 605] if unknown else [], "person"] = None
    report = found(population.Case(real[:600], real[600:], real[:600], "owner", {"person": "identifier"}))
    drift = next(finding for finding in report if finding.check == "drift")
    assert f"tell {50 + unknown} holdout rows" in drift.sentence and drift.level == "held"


def test_who_is_named_in_some_rows_alone_is_not_asked_where_all_rows_name_somebody():
    """Visits to a site, of which every second one is that of a user."""
    rows = mixed(150).assign(visit=[f"v{n}" for n in range(150)], user=[f"u{n}" if n % 2 else None for n in range(150)])
    real = rows.loc[np.repeat(rows.index, 6)].reset_index(drop=True)
    real["income"] += np.random.default_rng(0).normal(size=len(real))
    kinds = {"visit": "identifier", "user": "identifier"}
    report = found(population.Case(real[:600], real[600:], real[:600], "owner", kinds))
    assert "tell 50 holdout rows" in next(finding for finding in report if finding.check == "drift").sentence


def test_a_table_given_twice_stops_before_scoring(honest):
    with pytest.raises(EvaluationError, match="800 of 800 holdout rows are training rows too"):
        evaluation.score(honest.train, honest.train, honest.synthetic, names=["privacy.copies"])


def test_the_gate_refuses_inputs_whatever_its_rules(honest):
    case = calibration.load("inputs.tenth_of_holdout_in_training")(honest, np.random.default_rng(1))
    report = evaluation.score(case.train, case.holdout, case.synthetic, names=["privacy.copies"])
    decision = gate.decide(report, {"privacy.copies": rules.DEFAULT_RULES["privacy.copies"]}, "d" * 64)
    reasons = {reason["score"]: reason for reason in decision.reasons}
    assert not decision.passed and "20 of 200 holdout rows" in reasons["inputs.overlap"]["note"]
    assert gate.reopen(decision.verdict()).verdict() == decision.verdict()
    assert Report({}, {}, {}, 0).inputs == []
