"""Augmentation of tables: exact numbers, nothing seen but training rows, and the files of `launder augment`."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from evaluation.augmentation.cross_validation import cross_validate
from evaluation.augmentation.resampling import Resampled, none, row_hashes
from evaluation.models import classifiers
from evaluation.scores import EvaluationError
from generators import Budget
from pipelines import config
from pipelines.augment import oversampling
from pipelines.augment import steps as augmenting
from pipelines.augment.oversampling import Recipe
from pipelines.config.augmentation import Augmentation
from pipelines.run.artifacts import LaunderError
from pipelines.stages import ingestion
from tests import chunks, runs

FEW = Recipe(budget=Budget(steps=2), filter=False)
QUICK = replace(FEW, generator="tabular.marginals")  # where it does not matter which generator it is
KINDS = {"visits": "numerical", "town": "categorical", "since": "datetime", "ill": "categorical"}


@pytest.fixture(scope="module", autouse=True)
def _chunks():
    with chunks.of_rows(128):
        yield


def patients(rows=120, seed=0):
    rng = np.random.default_rng(seed)
    ill = np.arange(rows) % 6 == 0
    return pd.DataFrame(
        {
            "visits": pd.array(rng.poisson(3 + 3 * ill), dtype="Int64"),
            "town": rng.choice(["Ulm", "Bonn"], rows),
            "since": (pd.Timestamp("2020-01-01") + pd.to_timedelta(rng.integers(0, 900, rows), "D")).strftime(
                "%d.%m.%Y"
            ),
            "ill": np.where(ill, "yes", "no"),
        }
    )


def test_exact_numbers_of_each_class_with_and_without_a_filter():
    rows = patients()
    for filter in (False, True):
        learned = oversampling.learn(rows, "ill", replace(QUICK, filter=filter), kinds=KINDS)
        drawn = oversampling.draw(learned, {"yes": 40, "no": 3}, seed=1).rows
        assert drawn["ill"].value_counts().to_dict() == {"yes": 40, "no": 3} and set(drawn["ill"].iloc[:20]) == {
            "yes",
            "no",
        }
        assert (
            drawn["town"].isin(["Ulm", "Bonn"]).all()
            and pd.to_datetime(drawn["since"], format="%d.%m.%Y").notna().all()
        )
    assert len(oversampling.draw(learned, {"yes": 0}).rows) == 0
    assert sorted(learned.seen) == sorted(row_hashes(rows))


def test_filters_and_learners_read_amounts_and_dates_as_they_are_written():
    rows, rng = patients(), np.random.default_rng(1)
    ill = (rows["ill"] == "yes").to_numpy()
    days = pd.to_timedelta(rng.integers(0, 300, len(rows)) + 400 * ill, "D")  # told by the day-first date alone
    amounts = rng.integers(100, 900, len(rows)) + 1000 * ~ill  # "1.234,50 €": told by the amount alone
    euros = [f"{amount:,}".replace(",", ".") + ",50 €" for amount in amounts]
    since = (pd.Timestamp("2020-01-01") + days).strftime("%d.%m.%Y")
    for told in ({"since": since}, {"fee": euros, "since": "01.02.2020"}):
        table = rows.drop(columns=["visits"]).assign(**told)
        learned = oversampling.learn(table, "ill", replace(QUICK, filter=True))
        seen, kinds = learned.kind.for_learners(table, learned.model.schema, "ill"), learned.model.schema.kinds()
        for predict in learned.filters:
            assert ((predict(seen)[:, 1] > 0.5) == ill).all()
    ways = {"made": augmenting.strategy("made", QUICK, Augmentation(), kinds)}
    assert cross_validate(seen, "ill", ways, kinds=kinds, folds=2, repeats=1, baselines={"none": none}).verdicts()


def test_rows_that_the_filter_would_drop_are_counted_where_there_are_no_others(monkeypatch):
    learned = oversampling.learn(patients(), "ill", replace(QUICK, filter=True), kinds=KINDS)
    own = {"yes": 1.0, "no": 0.0}

    def predict(rows):  # calls every row but the first of a draw a "no"
        chance = np.where(np.arange(len(rows)) == 0, own[rows["ill"].iloc[0]], 0.0)
        return np.stack([1 - chance, chance], 1)

    drawn = oversampling.draw(replace(learned, filters=(predict,)), {"yes": 40, "no": 3}, seed=1)
    assert len(drawn.rows) == 43 and drawn.mislabelled == 40 - oversampling.MOST_DRAWS
    monkeypatch.setattr(oversampling, "learn", lambda *_, **__: replace(learned, filters=(predict,)))
    ways = augmenting.strategy("made", QUICK, Augmentation(), KINDS)(patients(), target="ill", kinds=KINDS, seed=0)
    assert ways["made"].mislabelled > 0


def test_a_categorical_target_with_an_empty_category_keeps_its_dtype():
    rows = patients().astype({"ill": pd.CategoricalDtype(["no", "yes", "unknown"])})
    learned = oversampling.learn(rows, "ill", QUICK)
    drawn = oversampling.draw(learned, {"yes": 5, "no": 2}).rows
    assert drawn["ill"].value_counts().to_dict() | {"unknown": 0} == {"yes": 5, "no": 2, "unknown": 0}
    assert augmenting.together(rows, drawn)["ill"].dtype == rows["ill"].dtype


@pytest.mark.parametrize("name", ["tabular.gan", "tabular.autoencoder"])
def test_other_families_keep_the_numbers_too(name):
    learned = oversampling.learn(patients(), "ill", Recipe(name, budget=Budget(steps=2), filter=False), kinds=KINDS)
    assert oversampling.draw(learned, {"yes": 7, "no": 2}).rows["ill"].value_counts().to_dict() == {"yes": 7, "no": 2}


def test_the_strategy_of_a_generator_passes_the_cross_validation_and_one_that_saw_too_much_does_not():
    rows = patients()
    honest = augmenting.strategy("made", QUICK, Augmentation(times=1, curve=(1.5,)), KINDS)
    found = cross_validate(rows, "ill", {"made": honest}, kinds=KINDS, folds=2, repeats=1, baselines={"none": none})
    assert found.candidates == ("made", "made x 1.5") and found.added["made"] == 40 and found.added["made x 1.5"] == 30

    def leaky(train, *, target, kinds, groups, seed):  # the generator is fitted before the split, as people do
        learned = oversampling.learn(rows, target, QUICK, kinds=KINDS)
        return {
            "leaky": Resampled(augmenting.together(train, oversampling.draw(learned, {"yes": 40}).rows), learned.seen)
        }

    with pytest.raises(EvaluationError, match=r"no test row among those that 'leaky' was fitted to, found 60"):
        cross_validate(rows, "ill", {"leaky": leaky}, kinds=KINDS, folds=2, repeats=1, baselines={"none": none})


@pytest.fixture
def hurried(monkeypatch):
    """Learn little in a cross-validation whose scores no test looks at."""
    monkeypatch.setattr(classifiers, "TREES", 5)
    monkeypatch.setattr(classifiers, "PERCEPTRON_UPDATES", 50)


@pytest.fixture
def run(tmp_path, hurried):
    patients().to_csv(tmp_path / "patients.csv", index=False)
    settings = ["score.target=ill", "budget.steps=2", "augment={folds: 2, repeats: 1, weight: 0.5, times: 1}"]
    loaded = config.load(tmp_path / "patients.csv", settings, tmp_path / "out")
    return loaded, runs.ingested(loaded)


def test_the_steps_leave_the_enlarged_table_and_the_report_below_work(run):
    loaded, source = run
    ran = {}
    do = runs.doing(loaded, ran=ran)
    validated = do(augmenting.cross_validate, **source)
    reported = do(augmenting.report, cross_validation=validated["cross_validation"])["report"]["path"]
    enlarged = do(augmenting.enlarge, **source)
    assert ran == {"cross_validate": set(), "report": set(), "enlarge": set()}  # no code that they do not declare
    path = Path(enlarged["data"]["path"])
    table = pd.read_parquet(path)
    assert (tmp := path.parents[1]).parent.name == "work" and tmp.stat().st_mode & 0o777 == 0o700
    assert (enlarged["real"], enlarged["synthetic"], len(table)) == (120, 80, 200)
    assert (
        table["is_synthetic"].tolist() == [False] * 120 + [True] * 80
        and table["weight"].tolist() == [1.0] * 120 + [0.5] * 80
    )
    assert table["ill"].value_counts().to_dict() == {"no": 100, "yes": 100}
    assert table["visits"].dtype == ingestion.ingest(loaded)[0]["visits"].dtype
    page = Path(reported, "augmentation.html").read_text()
    (sentence,) = validated["verdicts"]
    assert (
        sentence.split(":")[0] == "tabular.autoregressive"
        and sentence in page
        and "http" not in page.replace("http://www.w3.org", "")
    )


@pytest.mark.parametrize("stated", [[], ["split.entity=patient", "columns.patient=categorical"]])
def test_no_patient_is_learned_from_and_tested_by(tmp_path, monkeypatch, hurried, stated):
    names, learned, learn = [f"p{k // 4:03d}" for k in range(120)], [], oversampling.learn
    patients().assign(patient=names).to_csv(tmp_path / "visits.csv", index=False)
    settings = ["score.target=ill", "budget.steps=2", "augment={folds: 2, repeats: 1}", *stated]
    loaded = config.load(tmp_path / "visits.csv", settings, tmp_path / "out")
    asked = runs.ingested(loaded)

    def recorded(rows, *words, **how):
        learned.append((set(rows["patient"]), learn(rows, *words, **how)))
        owners = rows["patient"].to_numpy()
        held = learned[-1][1].model.record["validation_rows"]
        assert held and not set(owners[held]) & set(np.delete(owners, held))
        return learned[-1][1]

    monkeypatch.setattr(oversampling, "learn", recorded)
    runs.doing(loaded)(augmenting.cross_validate, **asked)
    runs.doing(loaded)(augmenting.enlarge, **asked)
    (first, _), (second, _), (whole, _) = learned
    assert not first & second and first | second == whole == set(names)


def test_the_same_run_gives_the_same_bytes(run, tmp_path):
    loaded, source = run
    other = loaded.model_copy(update={"publish": config.Publish(to=str(tmp_path / "other"))})
    first, second = (runs.doing(one)(augmenting.enlarge, **source)["data"] for one in (loaded, other))
    assert first["digest"] == second["digest"] and first["path"] != second["path"]


def test_another_cross_validation_trains_no_other_final_model(run):
    loaded, source = run
    runs.doing(loaded)(augmenting.enlarge, **source)
    for change, done in (({"folds": 3, "curve": (2.0,)}, []), ({"weight": 0.25}, ["enlarge"])):
        made: list[str] = []
        other = loaded.model_copy(update={"augment": loaded.augment.model_copy(update=change)})
        runs.doing(other, made)(augmenting.enlarge, **source)
        assert made == done


BAD = {
    "no target": (lambda t: t, ["score.target=null"], "found none; name its column with --target"),
    "a target with gaps": (lambda t: t.assign(ill=[None, *t["ill"][1:]]), [], "found 1 rows without"),
    "a continuous target": (
        lambda t: t.assign(ill=np.arange(120) / 7),
        [],
        r"continuous numbers; give a number of bins \(--bins 4\)",
    ),
    "a count as target": (lambda t: t.assign(ill=np.arange(120)), [], "continuous numbers"),
    "a lone row": (lambda t: t.assign(ill=["odd", *t["ill"][1:]]), [], "at least two rows of every class"),
    "an unknown class": (lambda t: t, ["augment.counts={maybe: 200}"], "found one that no row has"),
    "a mark of our own": (lambda t: t.assign(weight=1.0), [], "no column 'weight' in the data"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_in_one_sentence(name, tmp_path):
    change, settings, words = BAD[name]
    loaded = config.load("x.csv", ["score.target=ill", *settings])
    with pytest.raises(LaunderError, match=words):
        augmenting.check(change(patients()), loaded, tmp_path)


def test_test_rows_among_the_training_rows_are_refused(tmp_path):
    patients(20, seed=7).to_csv(tmp_path / "test.csv", index=False)
    loaded = config.load("x.csv", ["score.target=ill", f"augment.test={tmp_path / 'test.csv'}"])
    assert len(augmenting.check(patients(), loaded, tmp_path)) == 120
    with pytest.raises(LaunderError, match="no test row among the training rows, found 2 that are equal"):
        augmenting.check(pd.concat([patients(), patients(20, seed=7).iloc[:2]]), loaded, tmp_path)


def test_few_rows_are_enlarged_around_real_ones_whose_gaps_they_keep():
    rows = patients(60).assign(
        name=[f"P-{k:04d}" for k in range(60)], age=np.arange(60) % 37, smokes=np.arange(60) % 2 == 0
    )
    rows.loc[rows["ill"] == "yes", "town"] = None
    learned = oversampling.learn(rows, "ill", FEW, kinds={**KINDS, "name": "identifier"})
    drawn = augmenting.together(rows, oversampling.draw(learned, {"yes": 300, "no": 10}).rows).iloc[60:]
    assert drawn["ill"].value_counts().to_dict() == {"yes": 300, "no": 10}
    assert not drawn["name"].isin(rows["name"]).any()
    assert drawn["town"].isna().tolist() == (drawn["ill"] == "yes").tolist() and drawn.dtypes.equals(rows.dtypes)
    own = rows.loc[rows["ill"] == "yes", ["visits", "since", "age", "smokes"]]
    kept = [(own == row).to_numpy().sum(1).max() for _, row in drawn.loc[drawn["ill"] == "yes", own.columns].iterrows()]
    assert np.mean(np.array(kept) >= 3) > 0.2 and min(kept) < 4  # of rows that are drawn whole .04 share so much
    assert oversampling.learn(patients(240), "ill", FEW, kinds=KINDS).anchors is None
