"""Augmenter: exact counts, dtypes kept, the conventions of scikit-learn and imbalanced-learn."""

import numpy as np
import pandas as pd
import pytest
from imblearn.pipeline import make_pipeline
from imblearn.utils import estimator_checks
from sklearn.base import clone
from sklearn.datasets import make_classification
from sklearn.ensemble import HistGradientBoostingClassifier

from pipelines.augment.augmenter import Augmenter
from pipelines.augment.class_balance import plentiful
from pipelines.run.artifacts import LaunderError
from tests import chunks

FEW = {"steps": 2, "filter": False, "options": {"width": 16, "memory": 1.0}}
QUICK = {"generator": "tabular.marginals", "steps": 2, "filter": False}  # without a network
# All that imbalanced-learn has for samplers, but its check of sparse matrices, which the tag rules out: a generator
# learns columns one by
# one, so that a sparse matrix would have to be written out in full. Sparse columns of a frame are taken.
CHECKS = [check for _, check in estimator_checks.estimator_checks_generator(Augmenter(**QUICK))]
MORE = (estimator_checks.check_param_validation, estimator_checks.check_dataframe_column_names_consistency)


@pytest.fixture(scope="module", autouse=True)
def _chunks():
    with chunks.of_rows(128):
        yield


@pytest.fixture
def table():
    """60 rows of seven dtypes, 12 of the class "ill"."""
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "age": rng.integers(20, 80, 60),
            "weight": rng.normal(70, 10, 60).round(1),
            "visits": pd.array(rng.integers(0, 9, 60), dtype="Int64"),
            "town": pd.Categorical(rng.choice(["Ulm", "Bonn"], 60), categories=["Bonn", "Ulm", "Köln"]),
            "smokes": rng.random(60) < 0.3,
            "since": pd.Timestamp("2020-01-01") + pd.to_timedelta(rng.integers(0, 900, 60), "D"),
            "noise": rng.normal(size=60).astype("float32"),
        }
    )
    frame.loc[::9, "weight"] = np.nan
    frame.loc[::11, "visits"] = pd.NA
    return frame, pd.Series(np.where(np.arange(60) % 5, "well", "ill"), name="state", dtype="category")


def test_groups_stay_together_where_the_generator_validates_itself(table):
    augmenter, owners = Augmenter(**FEW), np.arange(60) // 3
    augmenter.fit_resample(*table, groups=owners)
    held = augmenter.model_.record["validation_rows"]
    assert held and not set(owners[held]) & set(np.delete(owners, held))


def test_classes_become_equal_real_rows_stay_and_dtypes_are_kept(table):
    X, y = table
    augmenter = Augmenter(**FEW)
    more, labels = augmenter.fit_resample(X, y)
    assert labels.value_counts().to_dict() == {"well": 48, "ill": 48}
    pd.testing.assert_frame_equal(more.iloc[:60], X)
    assert labels.name == "state" and labels.dtype == y.dtype and more.dtypes.equals(X.dtypes)
    assert augmenter.is_synthetic_.tolist() == [False] * 60 + [True] * 36 and (labels[60:] == "ill").all()
    assert more["weight"][60:].between(40, 100).sum() + more["weight"][60:].isna().sum() == 36
    # the caller's frame is as it was
    assert X.columns.tolist() == ["age", "weight", "visits", "town", "smokes", "since", "noise"]


def test_counts_by_class_and_the_same_seed_gives_the_same_rows(table):
    X, y = table
    wanted = {"ill": 15, "well": 50}
    first, second, other = (
        Augmenter(sampling_strategy=wanted, random_state=s, **FEW).fit_resample(X, y) for s in (0, 0, 1)
    )
    assert first[1].value_counts().to_dict() == wanted
    pd.testing.assert_frame_equal(first[0], second[0])
    assert not first[0].equals(other[0])


def test_a_plenty_is_three_times_the_largest_class(table):
    _, labels = Augmenter(sampling_strategy=plentiful, **FEW).fit_resample(*table)
    assert labels.value_counts().to_dict() == {"well": 144, "ill": 144}


def test_what_is_balanced_is_returned_without_a_fit(table):
    X, _ = table
    y = np.arange(60) % 2
    augmenter = Augmenter(**FEW)
    more, labels = augmenter.fit_resample(X, y)
    assert augmenter.model_ is None and len(more) == 60 and labels.tolist() == y.tolist()


def test_a_filter_keeps_the_numbers_and_drops_rows_of_the_wrong_class():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(300, 2)).round(2)
    y = (X[:, 0] > 0.8) ^ (rng.random(300) < 0.03)  # no step of X alone, which would be worked out
    y, inside = y.astype(int), {}
    for filter in (False, True):
        more, labels = Augmenter(steps=1, filter=filter).fit_resample(X, y)
        assert (labels == 1).sum() == (labels == 0).sum()
        inside[filter] = (more[300:, 0] > 0.8).mean()
    assert inside[False] < 0.9 < inside[True]


def test_a_pipeline_resamples_in_fit_only_and_a_clone_is_unfitted(table):
    X, y = table
    X = X.drop(columns=["since", "noise"])
    model = make_pipeline(
        Augmenter(**FEW), HistGradientBoostingClassifier(max_iter=3, categorical_features="from_dtype")
    )
    assert len(model.fit(X, y).predict(X)) == 60
    assert len(model[0].seen_) == 60 and not hasattr(clone(model)[0], "model_")
    assert clone(Augmenter("tabular.gan", options={"packing": 2})).get_params()["options"] == {"packing": 2}


@pytest.fixture
def few(monkeypatch):
    """Check by 200 rows of six features where imbalanced-learn takes 1000 of twenty."""
    kind = {"n_classes": 3, "n_informative": 4, "weights": [0.2, 0.3, 0.5], "random_state": 0}
    rows = make_classification(n_samples=200, n_features=6, **kind)
    monkeypatch.setattr(estimator_checks, "sample_dataset_generator", lambda: tuple(part.copy() for part in rows))


@pytest.mark.parametrize("check", CHECKS, ids=estimator_checks._check_name)
def test_imblearn_checks(check, few):
    check(Augmenter(**QUICK))


@pytest.mark.parametrize("check", MORE, ids=lambda check: check.__name__)
def test_more_imblearn_checks(check, few):
    check("Augmenter", Augmenter(**QUICK))


@pytest.mark.parametrize(
    ("y", "words"),
    [
        (["a", "b", None] * 20, "found rows without"),
        (np.linspace(0, 1, 60), "continuous"),
        (["a"] * 60, "class"),
        (["a"] * 59 + ["b"], "at least two rows of every class"),
    ],
)
def test_targets_that_cannot_be_augmented(table, y, words):
    with pytest.raises(ValueError, match=words):
        Augmenter(**FEW).fit_resample(table[0], y)


def test_an_unknown_generator_is_named(table):
    with pytest.raises(ValueError, match=r"did you mean 'tabular\.gan'"):
        Augmenter("tabular.gann").fit_resample(*table)
    with pytest.raises((LaunderError, ValueError), match="found 'stepps'"):
        Augmenter(options={"stepps": 3}).fit_resample(*table)
