"""How many rows of which class: worked by hand; and what cannot be, in one sentence."""

import numpy as np
import pandas as pd
import pytest

from pipelines import config
from pipelines.augment.class_balance import binned, in_fold, wanted
from pipelines.config.augmentation import Augmentation
from pipelines.run.artifacts import LaunderError

LABELS = pd.Series(["a"] * 60 + ["b"] * 30 + ["c"] * 10)


@pytest.mark.parametrize(
    ("how", "added"),
    [
        ({}, (120, 150, 170)),  # three times the largest class, for few rows
        ({"to": "balance", "times": 1}, (0, 30, 50)),
        ({"times": 1.5}, (30, 60, 80)),
        ({"to": 1}, (0, 0, 0)),
        ({"to": 2.5}, (90, 45, 15)),
        ({"counts": {"c": 25, "b": 30}}, (0, 0, 15)),
        ({"shares": {"a": 0.5, "b": 0.25, "c": 0.25}}, (0, 0, 20)),  # 60 + 30 + 30
        ({"shares": {"a": 0.2, "b": 0.4, "c": 0.4}}, (0, 90, 110)),  # a fifth are 60 of 300
    ],
)
def test_rows_to_add(how, added):
    assert wanted(LABELS, Augmentation(**how)) == dict(zip("abc", added, strict=True))


def test_many_rows_are_balanced_at_the_largest_class():
    assert wanted(pd.Series([0] * 4000 + [1] * 1000), Augmentation()) == {0: 0, 1: 3000}


def test_counts_shrink_with_a_fold_but_never_below_its_rows():
    how = Augmentation(counts={"a": 60, "c": 90})
    fold = pd.concat([LABELS[:31], LABELS[60:79]])  # half the rows: 31 of a, 19 of b
    assert in_fold(how, fold, 100).counts == {"a": 31, "c": 45}
    assert in_fold(how, LABELS, 100) == how and in_fold(Augmentation(to=2), fold, 100) == Augmentation(to=2)


def test_classes_that_are_numbers_may_be_written_as_text():
    assert wanted(pd.Series([1, 1, 1, 0]), Augmentation(counts={"0": 3})) == {1: 0, 0: 2}


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ({"counts": {"d": 90}}, "augment.counts, found one that no row has"),
        ({"counts": {"a": 59}}, "found fewer; real rows are never removed"),
        ({"shares": {"a": 0.5, "b": 0.5}}, "found 1 without"),
        ({"shares": {"a": 0.5, "b": 0.25, "x": 0.25}}, "augment.shares, found one that no row has"),
    ],
)
def test_classes_and_counts_that_cannot_be(how, words):
    with pytest.raises(LaunderError, match=words):
        wanted(LABELS, Augmentation(**how))


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ("augment.shares={a: 0.5, b: 0.4}", "sum to 1, found 0.9"),
        ("augment={to: 2, counts: {a: 3}}", "one of to, counts and shares"),
        ("augment.to=0.5", "augment.to"),
        ("augment.fliter=true", "did you mean 'filter'"),
        ("augment.compare=[tabular.gam]", "did you mean 'tabular.gan'"),
    ],
)
def test_settings_that_cannot_be(setting, words):
    with pytest.raises(LaunderError, match=words):
        config.load("x.csv", [setting])


def test_a_continuous_target_is_cut_into_classes_of_equal_size():
    frame = pd.DataFrame({"pay": np.arange(100) * 1.5, "age": 1})
    assert binned(frame, "pay", 4)["pay"].value_counts().to_dict() == {f"bin {k}": 25 for k in (1, 2, 3, 4)}
    assert binned(frame, "pay", None) is frame
    with pytest.raises(LaunderError, match="expected numbers in the target"):
        binned(frame.astype({"pay": str}), "pay", 4)
