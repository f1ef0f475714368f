"""The cross-validation of augmentation: no leak passes, gains and harms are told from noise, baselines are what
they say.
"""

import json

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_iris

from evaluation import report
from evaluation.augmentation import cross_validation, folds, resampling
from evaluation.augmentation.cross_validation import cross_validate
from evaluation.augmentation.resampling import Resampled, row_hashes
from evaluation.measures import intervals
from evaluation.models import classifiers
from evaluation.scores import EvaluationError


def lopsided(rows=240, seed=0, noise=0, apart=1):
    """Two numbers and a label that hint at a class of one row in six, and columns of pure noise."""
    rng = np.random.default_rng(seed)
    rare = np.arange(rows) % 6 == 0
    return pd.DataFrame(
        {
            "dose": (rng.normal(size=rows) + apart * rare).round(3),
            "age": rng.integers(20, 60, rows) + 5 * rare,
            "ward": np.where(rng.random(rows) < 0.3 + 0.3 * rare, "north", "south"),
            **{f"noise {k}": rng.normal(size=rows) for k in range(noise)},
            "ill": np.where(rare, "yes", "no"),
        }
    )


def linear(rows, labels, *, weight, seed):
    kinds = {column: "categorical" if column == "ward" else "numerical" for column in rows if column != "ill"}
    model = classifiers.fitted("logistic regression", rows, labels, kinds, weight=weight, seed=seed)
    return lambda asked: classifiers.probabilities(model, asked, 2)


def validated(candidates, table=None, **options):
    options = {"learners": {"linear": linear}, "folds": 4, "repeats": 1} | options
    return cross_validate(lopsided() if table is None else table, "ill", candidates, **options)


def candidate(change):
    """A strategy that trains on changed rows, honest about what it saw."""

    def strategy(train, *, target, kinds, groups, seed):
        return {"candidate": Resampled(change(train), row_hashes(train))}

    return strategy


def test_the_corrected_interval_by_hand():
    # mean .2, s .1414, (1/2 + 1/4) s^2 = .015, t(1) at 97.5 % = 12.706
    mean, low, high = intervals.corrected_t(np.array([0.1, 0.3]), 0.25)
    assert (mean, low, high) == pytest.approx((0.2, 0.2 - 1.5562, 0.2 + 1.5562), abs=1e-3)


def test_measures_by_hand():
    # guesses 0, 0, 1, 0 for 0, 0, 1, 1: F1 .8 and 2/3, recall 1 and 1/2; 1 - p of the truth .1, .4, .2, .7, squared and
    # averaged .175
    p = np.array([0.9, 0.6, 0.2, 0.7])
    found = cross_validation.measured(np.array([0, 0, 1, 1]), np.stack([p, 1 - p], 1))
    assert found == pytest.approx([(0.8 + 2 / 3) / 2, 0.75, (5 / 6 + 5 / 6) / 2, 0.175, 0.8, 2 / 3])


def test_a_planted_leak_is_found():
    whole = lopsided()

    def leaky(train, *, target, kinds, groups, seed):
        return {"leaky": Resampled(train, row_hashes(whole))}  # as if a generator had been fitted before the split

    with pytest.raises(EvaluationError, match=r"no test row among those that 'leaky' was fitted to, found 60"):
        validated({"leaky": leaky})
    with pytest.raises(EvaluationError, match="hashes"):
        validated({"silent": lambda train, **_: {"silent": Resampled(train, np.zeros(0, dtype="uint64"))}})


def test_one_leaked_row_among_others_is_found_whatever_its_columns_order_and_dtypes():
    whole, seen = lopsided(), []

    def leaky(train, *, target, kinds, groups, seed):
        held = whole[~np.isin(row_hashes(whole), row_hashes(train))].iloc[:1]
        seen.append(pd.concat([train, held])[["ill", "ward", "age", "dose"]].astype({"ward": "category"}))
        return {"leaky": Resampled(train, row_hashes(seen[-1]))}

    with pytest.raises(EvaluationError, match="found 1;"):
        validated({"leaky": leaky})


def test_equal_rows_stay_on_one_side_and_every_row_is_tested_once_per_repeat():
    task = folds.task_of(pd.concat([lopsided(60)] * 3, ignore_index=True), "ill", {})
    runs = list(folds.runs_of(task, 5, 2, 0))
    assert len(runs) == 10
    for fit, test in runs:
        assert not set(task.hashes[fit]) & set(task.hashes[test]) and len(fit) + len(test) == 180
        assert 0.1 < task.labels[test].mean() < 0.25
    for repeat in (runs[:5], runs[5:]):
        assert sorted(np.concatenate([test for _, test in repeat])) == list(range(180))


def test_gain_harm_and_nothing_are_told_apart():
    # what a perfect generator would draw, and the rows to learn from
    truth, few = (lopsided(rows, seed, noise=40, apart=3) for rows, seed in ((2000, 9), (150, 0)))
    verdicts = {}
    for name, change in {
        "gain": lambda train: pd.concat([train, truth]),
        "no gain": lambda train: train,
        "harm": lambda train: pd.concat([train, truth.assign(ill="no")]),
    }.items():
        found = validated({"candidate": candidate(change)}, few, folds=5, baselines={"none": resampling.none})
        (verdict,) = found.verdicts()
        verdicts[name] = verdict["verdict"]
        assert verdict["verdict"] in verdict["sentence"] and found.gain("none", "none").value == 0
    assert verdicts == {name: name for name in verdicts}


def test_positive_is_better_also_for_the_brier_score():
    found = validated(
        {"candidate": candidate(lambda train: train.assign(ill=train["ill"].sample(frac=1, random_state=0).to_numpy()))}
    )
    assert found.runs("candidate", "Brier score").mean() > found.runs("none", "Brier score").mean()
    assert found.gain("candidate", "none", "Brier score").value < 0
    data = found.to_json()
    assert {gain["learner"] for gain in data["gains"]} == {None, "linear"} and "F1 of yes" in {
        gain["measure"] for gain in data["gains"]
    }


def test_three_learners_and_three_classes():
    bunch = load_iris(as_frame=True)
    rows = bunch.data.iloc[::3].assign(kind=bunch.target_names[bunch.target[::3]])
    found = cross_validate(rows, "kind", {}, folds=2, repeats=1)
    assert set(found.scores) == set(resampling.BASELINES) and set(found.scores["none"]) == set(classifiers.LEARNERS)
    assert found.runs("none", learner="logistic regression").mean() > 0.85
    assert list(found.classes) == ["rare class 1", "rare class 2", "rare class 3"]  # 17 rows each


def test_baselines_balance_and_keep_the_real_rows():
    train = lopsided(120).assign(since=pd.Timestamp("2024-01-01"))
    train.loc[::7, "dose"] = np.nan
    kinds = {"dose": "numerical", "age": "numerical", "ward": "categorical", "since": "datetime", "ill": "categorical"}
    ways = {
        name: baseline(train, target="ill", kinds=kinds, seed=0)[name]
        for name, baseline in resampling.BASELINES.items()
    }
    for name in ("random oversampling", "SMOTE-NC"):
        assert ways[name].rows["ill"].value_counts().to_dict() == {"no": 100, "yes": 100}
        assert np.isin(row_hashes(train), ways[name].seen).all()
        assert ways[name].rows["age"].iloc[:120].tolist() == train["age"].tolist()
    weight = ways["class weights"].weight
    assert weight[train["ill"] == "yes"].sum() == pytest.approx(
        weight[train["ill"] == "no"].sum()
    ) and weight.sum() == pytest.approx(120)
    drawn = ways["SMOTE-NC"].rows.iloc[120:]
    assert (
        drawn["ward"].isin(["north", "south"]).all()
        and drawn["age"].between(20, 70).all()
        and drawn["dose"].notna().all()
    )


def test_the_page_tells_the_verdict_names_no_rare_class_and_loads_nothing(tmp_path, drawn):
    rows = lopsided().assign(ill=["Morbus Quix" if k < 6 else "yes" if k % 6 == 0 else "no" for k in range(240)])
    same = {"made": candidate(lambda train: train), "more": candidate(lambda train: pd.concat([train, train]))}
    named = {
        name: lambda train, strategy=strategy, name=name, **given: {name: strategy(train, **given)["candidate"]}
        for name, strategy in same.items()
    }
    found = cross_validate(
        rows, "ill", named, folds=2, repeats=1, baselines=dict(list(resampling.BASELINES.items())[:2])
    )
    report.write_augmentation(found.to_json(), tmp_path)
    page, data = (tmp_path / "augmentation.html").read_text(), json.loads((tmp_path / "augmentation.json").read_text())
    assert "No gain: made" in page and page.count("<svg") == 2 and "src=" not in page
    assert "rare class 1" in page and "Quix" not in page + json.dumps(data)
    for sentence in (verdict["sentence"] for verdict in data["verdicts"]):
        assert sentence in page
    before = page
    report.write_augmentation(found.to_json(), tmp_path)
    assert (tmp_path / "augmentation.html").read_text() == before


def test_hashes_tell_images_apart():
    images = [np.zeros((40, 40), dtype="uint8") for _ in range(2)]
    images[1][20, 20] = 1
    first, second = row_hashes(pd.DataFrame({"image": images, "label": ["a", "a"]}))
    assert first != second


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda t: t.assign(ill="no"), "two classes"),
        (lambda t: t.assign(ill=["yes"] + ["no"] * 239), "two distinct rows of every class"),
        (lambda t: t.assign(ill=[None, *t["ill"][1:]]), "a class in every row"),
        (lambda t: t.drop(columns="ill"), "a class in every row"),
    ],
)
def test_targets_that_cannot_be_cross_validated(change, words):
    with pytest.raises(EvaluationError, match=words):
        cross_validate(change(lopsided()), "ill", {})


def test_trees_learn_from_rows_too_few_for_leaves_of_the_usual_size():
    rows = pd.DataFrame({"dose": np.arange(24.0)})
    labels = (rows["dose"] >= 12).to_numpy("int64")
    model = classifiers.fitted("boosted trees", rows, labels, {"dose": "numerical"})
    assert classifiers.probabilities(model, rows, 2).argmax(1).tolist() == labels.tolist()


def test_fewer_folds_than_asked_for_are_told(tmp_path):
    rows = lopsided().groupby("ill").head(3)
    found = cross_validate(rows, "ill", {}, folds=5, repeats=1, baselines={"none": resampling.none})
    assert (found.folds, found.folds_asked) == (3, 5)
    report.write_augmentation(found.to_json(), tmp_path)
    page = (tmp_path / "augmentation.html").read_text(encoding="utf-8")
    assert "3 folds (5 were asked for, but a class has only 3 distinct rows)" in page
