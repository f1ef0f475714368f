"""Utility: what synthetic rows teach about real ones."""

import numpy as np
import pandas as pd
import pytest

from evaluation import samples, utility
from evaluation.fidelity import effects
from evaluation.metadata import Metadata
from evaluation.models import learners
from evaluation.scores import Reason
from evaluation.utility import agreement, agreement_subgroups, label_columns, labels, prediction, worst
from evaluation.utility.agreement import _parts
from evaluation.utility.label_columns import _judged, _marked, _precision
from evaluation.utility.worst import WorstPart, _lost, _placements
from evaluation.utility.wrong_labels import Judged, shares
from pipelines.config.rules import DEFAULT_RULES
from tests.evaluation.tables import mixed


def score(synthetic, target="owner", held=400):
    return utility.target(samples.make(mixed(600), mixed(held, 1), synthetic, target=target))


def test_fresh_rows_teach_as_much_as_real_ones_and_shuffled_ones_nothing():
    fresh = score(mixed(600, 2))
    assert fresh.value == pytest.approx(1, abs=0.12) and fresh.low <= fresh.value <= fresh.high
    assert fresh.floor < 0.75 and fresh.ceiling > 0.85
    assert (
        set(fresh.detail["real"]) == {"boosted trees", "forest", "linear"} and min(fresh.detail["real"].values()) > 0.75
    )
    loose = mixed(600, 2)
    loose["owner"] = loose["owner"].sample(frac=1, random_state=0).to_numpy()
    assert score(loose).value < 0.75


def test_numbers_are_judged_by_explained_variance():
    fresh = score(mixed(600, 2), "income")
    assert fresh.detail["measure"] == "R2" and fresh.value == pytest.approx(1, abs=0.25)
    flat = mixed(600, 2)
    flat["income"] = np.random.default_rng(0).permutation(flat["income"])
    assert score(flat, "income").value < 0.2


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda t: t.assign(owner="yes"), Reason.TARGET_CONSTANT),
        (lambda t: t[["owner"]], Reason.ONE_COLUMN),
        (
            lambda t: t.assign(owner=np.random.default_rng(len(t)).choice(["a", "b"], len(t))),
            Reason.TARGET_UNPREDICTABLE,
        ),
    ],
)
def test_what_cannot_be_computed_is_said(change, reason):
    made = samples.make(*(change(mixed(n, seed)) for n, seed in ((600, 0), (400, 1), (600, 2))), target="owner")
    found = utility.target(made)
    assert found.value is None and found.reason is reason and found.note


def test_no_target_no_holdout_and_a_class_that_the_synthetic_rows_lack():
    assert utility.target(samples.make(mixed(100), mixed(100), mixed(100))).reason is Reason.NO_TARGET
    assert utility.target(samples.make(mixed(100), None, mixed(100), target="owner")).reason is Reason.NO_HOLDOUT
    assert score(mixed(600, 2).assign(owner="yes")).value < 0.8
    lost = mixed(600, 2)
    lost["married"] = lost["married"].map({True: "a", False: "b"}).where(lost["trade"] < "e", "c")
    real = [mixed(600, seed) for seed in (0, 1)]
    for table in real:
        table["married"] = table["married"].map({True: "a", False: "b"}).where(table["trade"] < "e", "c")
    whole, less = (
        utility.target(samples.make(*real, rows, target="married")) for rows in (lost, lost[lost["married"] != "c"])
    )
    assert less.value < whole.value


@pytest.mark.parametrize(("train", "held", "synthetic"), [(90, 200, 700), (700, 200, 90), (300, 300, 300)])
@pytest.mark.parametrize("target", ["owner", "income"])
def test_both_sides_of_each_ratio_train_on_equally_many_rows(train, held, synthetic, target, monkeypatch):
    monkeypatch.setattr(prediction, "TEST_ROWS", 60)  # the rest of the holdout trains the ceiling too
    sizes = {}

    def guess(samples, role, fit, test, classes, seed):
        sizes.setdefault(role, set()).add(len(fit))
        return {name: np.zeros((len(test), 1 if classes is None else len(classes))) for name in learners.FAMILIES}

    monkeypatch.setattr(prediction, "_fit_and_guess", guess)
    utility.target(samples.make(mixed(train), mixed(held, 1), mixed(synthetic, 2), target=target))
    n, ceiling = min(train, synthetic), min(train, synthetic, held - 30)
    assert sizes == {"train": {n, ceiling}, "synthetic": {n}, "shuffled": {n}, "holdout": {ceiling}}


def test_more_synthetic_rows_than_real_ones_teach_no_more_than_as_many():
    many = utility.target(samples.make(mixed(60), mixed(400, 1), mixed(3000, 2), target="income"))
    assert many.detail["rows"] == 60 and many.value < 1.2  # 3,000 rows against 60 reach 2.02


def labelled(rows, seed, exchanged=0.0, flipped=0.0):
    """A label that depends on a number alike in two towns; some labels are somebody else's, some of one class lost."""
    rng = np.random.default_rng(seed)
    x, town = rng.normal(size=rows), rng.choice(["here", "there"], rows)
    label = np.where(rng.random(rows) < 1 / (1 + np.exp(-4 * x)), "yes", "no")
    label = np.where(rng.random(rows) < exchanged, rng.permutation(label), label)
    label = np.where((label == "yes") & (rng.random(rows) < flipped), "no", label)
    return pd.DataFrame({"x": x, "noise": rng.normal(size=rows), "town": town, "label": label})


def agrees(metric, synthetic, target="label"):
    """Whether the gate's rule lets it pass, and what was lost."""
    found = metric(samples.make(labelled(1500, 0), labelled(300, 1), synthetic, target=target))
    return found.low >= DEFAULT_RULES[f"utility.{metric.__name__}"]["at_least"], found.detail["lost"].get(target, 0)


@pytest.mark.parametrize(
    ("how", "share"), [("exchanged", 0.0), ("exchanged", 0.3), ("exchanged", 0.6), ("flipped", 0.3), ("flipped", 0.6)]
)
def test_the_share_of_wrong_labels_is_what_their_agreement_has_lost(how, share):
    passed, lost = agrees(agreement, labelled(1500, 2, **{how: share}))
    assert passed == (share == 0) and lost == pytest.approx(share, abs=0.08)


def test_a_number_agrees_by_its_rank():
    assert agrees(agreement, labelled(1500, 2), target="x")[0]
    other = labelled(1500, 2)
    other["x"] = np.where(np.arange(1500) < 600, np.random.default_rng(0).permutation(other["x"]), other["x"])
    assert agrees(agreement, other, target="x") == (False, pytest.approx(0.4, abs=0.08))


@pytest.mark.parametrize("change", [lambda labels: "no", lambda labels: np.random.default_rng(0).permutation(labels)])
def test_a_target_that_is_wrong_in_one_subgroup_is_refused(change):
    other = labelled(1500, 2)
    assert agrees(agreement_subgroups, other)[0]
    there = (other["town"] == "there") & (other["noise"] > 0)
    wrong = other.assign(town=np.where(there, "there", "here"))
    real = [
        t.assign(town=np.where((t["town"] == "there") & (t["noise"] > 0), "there", "here"))
        for t in map(labelled, (1500, 300), (0, 1))
    ]
    wrong.loc[there, "label"] = change(wrong.loc[there, "label"])
    found = agreement_subgroups(samples.make(*real, wrong, target="label"))
    assert found.low < DEFAULT_RULES["utility.agreement_subgroups"]["at_least"]
    assert next(iter(found.detail["lost"])) == "label, by town"


def test_what_is_left_by_hand():
    said, true = np.array([0.0, 1.0, 0.0, 1.0]), np.array([0.0, 1.0, 1.0, 1.0])
    assert effects.slope(said, true, centred=True)[0] == 0.5  # covariance 0.125, variance 0.25
    assert effects.slope(said, true, centred=False)[0] == 1.0  # both rows that were said to be of the class are


@pytest.mark.parametrize(
    ("tables", "target", "reason"),
    [
        ((mixed(300), None, mixed(300, 1)), None, Reason.NO_TARGET),
        ((mixed(300), None, mixed(300, 1)), "height", Reason.TARGET_UNPREDICTABLE),
        ((mixed(50), None, mixed(50, 1)), "owner", Reason.TOO_FEW_ROWS),
    ],
)
def test_agreement_that_cannot_be_judged_is_said(tables, target, reason):
    assert agreement(samples.make(*tables, target=target)).reason is reason


def classed(rows, seed):
    """Five classes, each told from the others by a number of its own."""
    rng = np.random.default_rng(seed)
    kind = rng.integers(0, 5, rows)
    numbers = {f"x{k}": 2 * (kind == k) + rng.normal(size=rows) for k in range(5)}
    return pd.DataFrame(numbers | {"kind": np.array(list("abcde"))[kind]})


def test_two_classes_of_five_that_are_exchanged_are_refused_though_the_mean_is_not():
    other = classed(500, 2)
    other["kind"] = other["kind"].replace({"a": "b", "b": "a"})
    compared = samples.make(classed(500, 0), classed(300, 1), other, target="kind")
    found = worst(compared)
    assert found.low < DEFAULT_RULES["utility.worst"]["at_least"] < utility.target(compared).value
    assert found.ceiling == 1 and found.floor < 0.6


@pytest.mark.parametrize("expected", [2, 3, 4])
def test_a_class_of_so_few_expected_rows_may_lack_them_all(expected):
    """Labels as often right as said: where none of a few is there, rows say nothing of how often that happens."""

    def judged(likely, hits):
        said = np.zeros((150, 3))
        said[: len(likely), 0], said[:, 1] = likely, 0.5 * (np.arange(150) >= len(likely))
        said[:, 2] = 1 - said.sum(1)
        true = np.zeros((150, 3))
        true[:hits, 0] = 1
        true[np.arange(hits, 150), 1 + np.arange(hits, 150) % 2] = 1
        return Judged(pd.DataFrame(index=range(150)), said, true)

    likely = np.full(2 * expected, 0.5)
    of_class = next(_parts("t", judged(np.full(20, 0.9), 18), judged(likely, 0)))
    assert of_class[1] == 1 and of_class[2] > 0.5 / np.sqrt(expected)


def test_what_a_class_has_lost_by_hand():
    # of 2 x 2 pairs, real models rank all 4 rightly, synthetic ones 3: areas 1 and 0.75, a half of the skill is lost
    part = WorstPart("label", np.arange(4), np.array([True, True, False, False]), 0)
    real, other = ({"linear": np.array(values)[:, None]} for values in ([0.9, 0.8, 0.2, 0.1], [0.9, 0.4, 0.5, 0.1]))
    real, other = (_placements(part, guesses) for guesses in (real, other))
    name, lost, _ = _lost(part, other, real)
    assert (name, lost) == ("label", 0.5)
    assert _lost(part, real, other) is None  # so few rows do not show that real models know anything


@pytest.mark.parametrize(("how", "share"), [("exchanged", 0.25), ("flipped", 0.25)])
def test_a_quarter_of_wrong_labels_of_few_rows_is_refused_and_right_ones_are_not(how, share):
    real = labelled(500, 0), labelled(200, 1)
    least = DEFAULT_RULES["utility.labels"]["at_least"]
    fresh, wrong = (labels(samples.make(*real, labelled(500, 2, **{how: s}), target="label")) for s in (0.0, share))
    assert fresh.low == 1 and wrong.low < least
    assert wrong.detail["lost"]["label"] == pytest.approx(share, abs=0.1)


@pytest.mark.parametrize("share", [0.0, 0.4, 0.8])
def test_labels_exchanged_in_a_column_that_is_no_target(share):
    real = labelled(800, 0), labelled(200, 1)
    found = label_columns(samples.make(*real, labelled(800, 2, exchanged=share)))
    assert (found.low >= DEFAULT_RULES["utility.label_columns"]["at_least"]) == (share == 0)
    assert found.detail["lost"].get("label", 0) == pytest.approx(share, abs=0.1)
    assert found.ceiling == 1 and found.floor < 0.2


def test_what_all_other_columns_say_of_one_is_a_ridge_regression_on_their_cells():
    frame = labelled(300, 0)
    real, other = _marked(samples.make(frame, None, labelled(200, 1)), list(frame), "synthetic", 0)
    judged = _judged(other, [_precision(real, fold) for fold in range(3)], 3, np.array([1, 2]))
    rest, own = real.marks[:, :30], real.marks[:, 30:]  # cells of three columns, and of the labels
    for fold in range(3):
        x, y = rest[real.folds != fold], own[real.folds != fold][:, 1:3]
        weights = np.linalg.solve(x.T @ x + np.eye(30), x.T @ y)
        said = np.clip(other.marks[other.folds == fold][:, :30] @ weights, 0.01, 1)
        assert judged.said[other.folds == fold] == pytest.approx(said / said.sum(1, keepdims=True))


@pytest.mark.parametrize(("owners", "reason"), [(100, Reason.NO_LABELS), (300, None)])
def test_labels_of_few_owners_of_several_rows_are_not_judged(owners, reason):
    tables = [labelled(1500, seed).assign(who=np.arange(1500) % owners + 1000 * seed) for seed in range(3)]
    metadata = Metadata(entity="who")
    found = label_columns(samples.make(tables[0], None, tables[2], kinds={"who": "identifier"}, metadata=metadata))
    assert found.reason is reason and found.value == (None if reason else 1)


def test_the_share_of_wrong_labels_by_hand():
    said, true = (np.repeat([one, one[::-1]], 20, 0) for one in ([0.9, 0.1], [1.0, 0.0]))
    real = Judged(None, said, true)
    exchanged = list(shares(real, Judged(None, said, true[np.r_[5:20, 20:25, 25:40, 0:5]])))
    assert exchanged[0][0] == pytest.approx(0.5)  # ten of forty; dealt out anew, half would be right by chance
    lost = np.concatenate([true[20:25], true[5:]])  # five of the first class have the label of the second
    assert [share for share, _ in shares(real, Judged(None, said, lost))][1:] == [pytest.approx(0.25), 0.0]


def test_a_number_has_no_labels():
    assert labels(samples.make(*(labelled(300, seed) for seed in range(3)), target="x")).reason is Reason.NO_LABELS
