"""Runs with a privacy budget: nothing but paid questions looks at training rows; what cannot be promised is refused."""

import json
import re
import signal
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from generators.data.schema import KINDS
from generators.privacy import accounting, descent, entropy, ledger, noise
from generators.privacy.domain import KIND_EXAMPLES, OTHER_LABEL
from pipelines import config
from pipelines.cli import main
from pipelines.config import RunConfig
from pipelines.config.run_config import PERSONAL_KINDS
from pipelines.modalities import private_tabular
from pipelines.privacy import public, spending, splitting, telling
from pipelines.release import verifying
from pipelines.run import pipeline
from pipelines.run.artifacts import LaunderError, canonical
from pipelines.stages import fitting
from tests import processes, runs

RULES = ("fidelity.formats", "fidelity.trend", "fidelity.detection", "utility.target")
QUICK = [
    "score.metrics=[fidelity.shape]",
    *(f"gate.{name}=null" for name in (*RULES, "diversity.coverage", "diversity.distinct")),
]
COLUMNS = {
    "age": {"kind": "numerical", "bounds": [0, 99], "decimals": 0},
    "town": {"kind": "categorical", "categories": ["Ulm", "Köln"]},
    "ill": "boolean",
    "note": "drop",
}
SECRET = "Quixworth"
ODD_ROWS = ["1e999,Ulm,true,x", ",,,", f"007,{SECRET},maybe,x", '"1.234,5",7,0,x', "-5,Köln,FALSE,x"]


def table(rows=700, seed=0):
    rng = np.random.default_rng(seed)
    age, town = rng.integers(18, 90, rows), rng.choice(["Ulm", "Köln"], rows, p=[0.7, 0.3])
    return pd.DataFrame({"age": age, "town": town, "ill": rng.random(rows) < age / 120, "note": f"of {SECRET}"})


@pytest.fixture
def source(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    table().to_csv("people.csv", index=False)
    return tmp_path / "people.csv"


def loaded(source, *words):
    settings = [f"columns={json.dumps(COLUMNS)}", "privacy.epsilon=4", "score.target=ill", "sample.rows=700", *words]
    return config.load(source, settings, Path(source).parent / "out")


REFUSED = {
    "generator.name=tabular.gan": "whose training gives no guarantee",
    "split.entity=town": "what is protected is one row",
    "privacy={epsilon: 4, unit: entity, rows_per_entity: 2}": "found none; name the column that says whose row it is",
    "privacy={epsilon: 4, unit: entity}": "found none; name the column",
    "columns.*=infer": "looks at rows",
    "protect.rare=5": "counts rows",
    "generator={name: tabular.diffusion, options: {memory: 0.55}}": "nothing looks at the loss of a row",
    "score.metrics=[privacy.copies]": "of which the ledger alone may tell",
    "score.quasi_identifiers=[age, town]": "of which the ledger alone may tell",
    "gate.privacy.membership.at_most=1": "of which the ledger alone may tell",
    "columns.age=numerical": "expected bounds and decimals of column 'age'",
    "columns.age={kind: numerical, bounds: [], decimals: 0}": "expected bounds and decimals of column 'age' stated",
    "columns.age=infer": "expected the kind of column 'age'",
    "columns.age=identifier": "expected no identifier under privacy.epsilon",
    "privacy.epsilon=1000": "at most 100, found 1000",
    "score.target=il": "did you mean 'ill'?",
    "generator.name=image.gan": "expected",
}


@pytest.mark.parametrize("word", REFUSED)
def test_what_no_guarantee_allows_is_one_sentence(source, word):
    with pytest.raises(LaunderError, match="expected") as refused:
        loaded(source, word)
    assert REFUSED[word] in str(refused.value)


@pytest.mark.parametrize("kind", sorted({*KINDS, *PERSONAL_KINDS} - {*KIND_EXAMPLES}))
def test_a_kind_of_which_only_rows_tell_the_form_is_refused(source, kind):
    """Whatever kinds there are beside those that are known to be public once they are stated."""
    with pytest.raises(LaunderError, match="expected"):
        public.check(loaded(source, f"columns.age={kind}"))


def test_a_source_of_other_columns_is_refused(source):
    for names, part in ((["town"], "the stated column 'town'"), (["ill", "note"], "the stated column 'ill'")):
        table().drop(columns=names).to_csv(source, index=False)
        with pytest.raises(LaunderError, match=part):
            public.read(loaded(source))
    table().assign(name="x").to_csv(source, index=False)
    with pytest.raises(LaunderError, match="found also 'name'"):
        public.read(loaded(source))


@pytest.mark.parametrize("row", ODD_ROWS)
def test_one_row_changes_nothing_of_another(source, row):
    asked = loaded(source)
    before, schema, _ = public.read(asked)
    with source.open("a") as file:
        file.write(f"{row}\n")
    after, other, _ = public.read(asked)
    assert other == schema and after.iloc[:-1].equals(before)


def test_what_the_stated_domain_loses_is_counted(source):
    with source.open("a") as file:
        file.write(f"120,{SECRET},maybe,x\n")
    (unread,) = [note for note in public.read(loaded(source))[2] if "'ill'" in note]
    assert unread == "1 values of column 'ill' cannot be read as boolean and count as missing."
    shown = " ".join(public.read(loaded(source))[2])
    assert "1 values of column 'age' lie beyond its bounds" in shown and "1 values of column 'town'" in shown
    assert SECRET not in shown


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 2), st.booleans()), min_size=20, max_size=40), st.data())
def test_neighbouring_tables_have_neighbouring_sides(rows, data):
    gone = data.draw(st.integers(0, len(rows) - 1))
    frame = pd.DataFrame(rows, columns=["a", "b"])
    less = frame.drop(index=gone).reset_index(drop=True)
    held, kept = (
        sorted(zip(splitting.shares(one, splitting.SPLIT_KEY), one["a"], one["b"], strict=True))
        for one in (frame, less)
    )
    assert len(set(held) - set(kept)) == 1 and not set(kept) - set(held)


def test_rows_that_were_protected_are_held_out_by_no_later_run(source):
    """Neither another seed nor a smaller holdout moves a row to it; a larger one is refused."""
    frame, schema, _ = public.read(loaded(source))
    sides = lambda *words: private_tabular.split(frame, schema, loaded(source, *words))  # noqa: E731
    (train, held), (_, other), (_, part) = sides(), sides("seed=7"), sides("split.holdout=0.05")
    assert other.equals(held) and 0 < len(part) < len(held) < len(train)
    entry(source.parent, "20260101T000000-a", 1.0, "split.holdout=0.1", to="out", released=False, model="x")
    for share in (0.05, 0.1):
        pipeline.check_budget(loaded(source, f"split.holdout={share}"))
    with pytest.raises(LaunderError, match=r"expected split.holdout of 0\.1 at most, .* found 0\.2,"):
        pipeline.check_budget(loaded(source, "split.holdout=0.2"))
    fitting.fit(loaded(source))
    with pytest.raises(LaunderError, match=r"holdout of 0, as launder fit has learnt from all rows, found 0\.05,"):
        pipeline.check_budget(loaded(source, "split.holdout=0.05"))


def test_a_share_of_the_rows_is_held_out():
    train, held = splitting.split(table(4000), holdout=0.2)
    assert len(train) + len(held) == 4000 and abs(len(held) - 800) < 4 * (4000 * 0.16) ** 0.5
    assert abs(held["age"].mean() - train["age"].mean()) < 4 * 21 / 800**0.5


def test_no_score_looks_at_a_training_row(source):
    asked = loaded(source)
    frame, schema, _ = public.read(asked)
    train, held = private_tabular.split(frame, schema, asked)
    model = private_tabular.train(train, schema, asked)
    drawn = private_tabular.sample(model, asked, frame)
    names = ["fidelity.shape", "fidelity.trend", "privacy.copies"]
    scored = [private_tabular.score(side, held, drawn, schema, asked, model, names) for side in (train, train[:3])]
    assert scored[0].to_json() == scored[1].to_json() and set(scored[0].scores) == {*names[:2], "privacy.epsilon"}
    assert scored[0].profile["rows"]["train"] < len(held)


def digests_of_rows(source):
    """Return the digests and keys, or beginnings of them, by which a guessed table could be tested."""
    places = [p for name in ("ingest", "protect", "split") for p in (source.parent / "out/work").glob(f"{name}-*")]
    digests = {*re.findall(rb"[0-9a-f]{64}", b"".join((place / "result.json").read_bytes() for place in places))}
    assert len(places) == 3 and len(digests) >= 3
    return [*(one[:16] for one in digests), *(place.name.rpartition("-")[2].encode() for place in places)]


def test_a_run_releases_with_its_ledger(source):
    asked, ran = loaded(source, *QUICK), {}
    ended = runs.launder(asked, ran=ran)
    assert not any(ran.values()), ran  # no code that the steps do not declare
    assert ended["passed"], [reason["score"] for reason in ended["verdict"]["reasons"] if not reason["passed"]]
    place = Path(ended["place"])
    manifest = json.loads((place / "manifest.json").read_text())
    assert manifest["ledger"]["epsilon"] <= 4 and not verifying.verify(place)
    assert "guarantee of differential privacy" in (place / "report.html").read_text()
    everything = b"".join(path.read_bytes() for path in place.rglob("*") if path.is_file())
    assert SECRET.encode() not in everything and not [one for one in digests_of_rows(source) if one in everything]
    assert pipeline.unchanged(asked)
    more = loaded(source, *QUICK, "privacy.total_epsilon=5", "seed=1")
    for told in (None, manifest["ledger"]):  # before training, and when it is published
        with pytest.raises(LaunderError, match=r"total_epsilon 5 .* found (4|3\.99) spent and 5\.9"):
            spending.check(more, told)
    spending.check(asked.model_copy(update={"privacy": more.privacy}), manifest["ledger"], ended["id"])  # this very run
    for change, said in (({"epsilon": 0.1}, "epsilon follows from its events"), ({"format": 2}, "of format 1, found")):
        changed = manifest | {"ledger": manifest["ledger"] | change}
        changed["digest"] = verifying.digest_manifest(changed)
        (place / "manifest.json").write_bytes(canonical(changed))
        assert any("does not add up" in one and said in one for one in verifying.verify(place))


def test_a_run_pays_for_what_it_learns_of_columns(source):
    with source.open("a") as file:
        file.write(f"120,{SECRET},maybe,x\n")
    learning = ["privacy.domain=learn", 'columns={"note": "drop", "*": "infer"}']
    ended = runs.launder(loaded(source, *QUICK, *learning))
    assert ended["passed"], [reason["score"] for reason in ended["verdict"]["reasons"] if not reason["passed"]]
    place = Path(ended["place"])
    manifest = json.loads((place / "manifest.json").read_text())
    learnt = [event["what"] for event in manifest["ledger"]["events"] if "column" in event["what"]]
    assert 3.9 < manifest["ledger"]["epsilon"] <= 4 and manifest["ledger"]["public"] == []
    asked = ("forms of the values", "labels", "rows of other labels")
    assert {what for what in learnt if "town" in what} == {f"{a} of column 'town'" for a in asked}
    drawn = pd.read_parquet(place / "data")
    assert set(drawn["town"]) <= {"Ulm", "Köln", OTHER_LABEL}
    assert drawn["age"].between(0, 127).all()  # once in a thousand runs a power of two without a row is told
    [age] = [note for note in ended["notes"] if "'age': kind and decimals and bounds learnt" in note]
    stated = yaml.safe_load(age.partition("columns: ")[2])
    assert stated["age"]["bounds"][1] >= 90
    assert public.stated(loaded(source, "score={}", f"columns={json.dumps(stated)}")) == ["age"]
    everything = b"".join(path.read_bytes() for path in place.rglob("*") if path.is_file())
    assert SECRET.encode() not in everything and not verifying.verify(place)
    assert pipeline.unchanged(loaded(source, *QUICK, *learning))  # nothing is asked again


def entry(folder, id, epsilon, *words, to, **more):
    asked = config.load(
        folder / "people.csv", [f"columns={json.dumps(COLUMNS)}", *words, f"privacy.epsilon={epsilon}"], folder / to
    )
    told = ledger.gaussian("t", noise.variance_for(accounting.mu_of(epsilon, 1e-6)))
    spending.remember(asked, id, ledger.Ledger((told,), 1e-6).to_dict(), **more)
    return asked


def test_refused_runs_and_folders_that_share_an_account_add_up(source, capsys):
    folder, bound = source.parent, ["privacy.account=shared", "privacy.total_epsilon=2.5"]
    entry(folder, "20260101T000000-a", 1.0, to="one", released=False)
    asked = entry(folder, "20260101T000001-b", 1.0, to="one", released=True)
    entry(folder, "20260101T000001-b", 1.0, to="one", released=False)  # a run that is taken up again stays released
    assert 1.3 < spending.spent(folder / "one").epsilon < 1.6
    assert main(["releases", str(folder / "one")]) == 0
    assert (
        "Runs under a privacy budget, 2 in all, pruned ones and 1 that were not released included: together epsilon"
        in capsys.readouterr().out
    )
    spending.check(asked)  # nobody has stated a bound
    entry(folder, "20260101T000002-c", 2.0, *bound, to="two", released=True)
    with pytest.raises(
        LaunderError, match=r"total_epsilon 2\.5 spent .*shared knows of, found 2 spent and 2\.9\d after"
    ):
        spending.check(loaded(source, *bound, "privacy.epsilon=2"))
    spending.check(loaded(source, "privacy.epsilon=2", *bound[1:]))  # another account
    unbound = loaded(source, "privacy.epsilon=2.5", bound[0])
    with pytest.raises(LaunderError, match=r"total_epsilon 2\.5 "):  # what the last run has stated holds on
        spending.check(unbound)
    left = folder / "shared/privacy/20260101T000002-c.json"
    for held, why in (({"format": 2}, "expected a ledger of format 1, found format 2"), ({}, "expected a ledger")):
        left.write_text(json.dumps(json.loads(left.read_text()) | {"ledger": held}))
        with pytest.raises(LaunderError, match=f"in the account, of 20260101T000002-c: {why}"):
            spending.check(unbound)


@pytest.mark.parametrize("do", [runs.launder, fitting.fit])
def test_of_two_at_once_that_together_go_beyond_a_bound_one_comes_to_nothing(source, monkeypatch, do):
    asked, train = loaded(source, *QUICK, "privacy.total_epsilon=5"), private_tabular.train

    def beside_another(*args, **options):
        entry(source.parent, "20260101T000000-a", 3.0, to="out", released=True)
        return train(*args, **options)

    monkeypatch.setattr(private_tabular, "train", beside_another)
    for _ in range(1 + (do == runs.launder)):  # also where the run goes on with its model
        with pytest.raises(LaunderError, match=r"total_epsilon 5 .* found 2\.99 spent and 5\.\d"):
            do(asked)
    assert 5 < spending.spent(source.parent / "out").epsilon < 5.3 and not (source.parent / "out/releases").exists()


def test_a_refused_run_and_a_model_leave_their_entries(source):
    asked = loaded(source, *QUICK, "gate.fidelity.shape.at_least=1", "privacy.account=models")
    refused = runs.launder(asked)
    assert not refused["passed"] and [one["released"] for one in spending.entries(source.parent / "models")] == [False]
    assert runs.launder(asked)["id"] == refused["id"] and len(spending.entries(source.parent / "out")) == 1
    fitting.fit(asked)
    assert [one["released"] for one in spending.entries(source.parent / "models")] == [False, True]
    runs.launder(loaded(source, *QUICK, "gate.fidelity.shape.at_least=1", "privacy.total_epsilon=20"), again := [])
    assert again == []  # a bound, or an account, is no reason to train anew


KILLED = """
import os, random, signal, sys
from generators.privacy import descent, entropy, resuming
from tests import processes, runs
from tests.private_runs.test_runs import loaded, trained_by_rows
entropy.SYSTEM, resuming.SAVE_SECONDS, step = random.Random(0), 0.0, descent.Descent._step
def killed(begun, batch):
    if begun.step == 2:
        os.kill(os.getpid(), signal.SIGKILL)
    step(begun, batch)
descent.Descent._step = killed
runs.launder(loaded(sys.argv[1], *trained_by_rows()))
"""


def trained_by_rows():
    return [*QUICK, "generator.name=tabular.autoregressive", "generator.options.width=8", "budget.steps=4"]


def test_a_run_resumed_after_kill_9_reports_the_epsilon_of_an_uninterrupted_one(source, monkeypatch):
    with processes.start(source, folder=source.parent, code=KILLED) as process:
        process.communicate(timeout=200)
    assert process.returncode == -signal.SIGKILL
    taken, step = [], descent.Descent._step
    monkeypatch.setattr(descent.Descent, "_step", lambda run, batch: (taken.append(run.step), step(run, batch)))
    asked = loaded(source, *trained_by_rows())
    ended = runs.launder(asked)
    assert taken == [2, 3]  # what was paid for before the kill is not paid again
    manifest = json.loads((Path(ended["place"]) / "manifest.json").read_text())
    frame, schema, _ = public.read(asked)
    alone = private_tabular.train(private_tabular.split(frame, schema, asked)[0], schema, asked).record["ledger"]
    assert 3.95 < manifest["ledger"]["epsilon"] <= 4 and 3.95 < alone["epsilon"] <= 4
    assert manifest["ledger"]["events"][-1]["steps"] == 4 and taken == [2, 3, 0, 1, 2, 3]
    (begun,) = source.parent.glob("out/work/train-*/checkpoint/model.json")  # where the digest of the rows stays
    digest = json.loads(begun.read_text())["identity"].encode()
    assert not [path for path in Path(ended["place"]).rglob("*") if path.is_file() and digest in path.read_bytes()]
    report = (Path(ended["place"]) / "report.html").read_text()
    assert "times the longest that one row may add, in each of 4 steps" in report


def test_looking_at_a_source_before_a_run_learns_nothing(source, monkeypatch):
    monkeypatch.setattr(noise, "noisy", None)
    assert private_tabular.inspect(loaded(source, "privacy.domain=learn", "columns={note: drop, '*': infer}")) == []


def test_init_leaves_room_for_what_is_public(source, capsys):
    assert main(["init", "people.csv", "--epsilon", "3"]) == 0
    written = Path("launder.yaml").read_text().replace(str(source), "")
    assert "bounds: []" in written and "categories: []" in written and "Ulm" not in written and "90" not in written
    assert "at most e^3 = 20.1, but for" in written and "does NOT protect" in written
    unasked = {"name", "images", "augment", "personal", "protect", "train"}
    assert {*RunConfig.model_fields} - {*yaml.safe_load(written)} == unasked
    assert main(["run", "launder.yaml"]) == 1
    assert "expected bounds and decimals of column 'age' stated" in capsys.readouterr().err


def test_init_writes_nothing_that_rows_tell_of_what_is_to_be_learnt(source):
    assert main(["init", "people.csv", "--epsilon", "3", "--set", "privacy.domain=learn"]) == 0
    written = yaml.safe_load(Path("launder.yaml").read_text())
    assert set(written["columns"].values()) <= {"infer", "drop"} and written["privacy"]["domain"] == "learn"


def test_init_says_how_whoever_has_several_rows_is_protected(source, capsys):
    frame = table(60).assign(visitor_id=[f"V-{1000 + k // 3}" for k in range(60)])
    frame.to_csv("visits.csv", index=False)
    assert main(["init", "visits.csv", "--epsilon", "3"]) == 0
    assert "visitor_id: drop  # it repeats: to protect all rows of each" in Path("launder.yaml").read_text()


def test_whether_rows_fit_into_memory_is_asked_with_noise_and_charged(source):
    asked = loaded(source, *QUICK, "resources.memory=4GiB")
    kept, schema, _ = public.read(asked)
    spent = telling.ledger_of(private_tabular.train(private_tabular.split(kept, schema, asked)[0], schema, asked))
    assert "for the memory" in spent.events[0].what and 3.99 < spent.epsilon <= 4
    before = entropy.told()
    assert pipeline.look(loaded(source, *QUICK, "resources.memory=1MiB")) == [] and entropy.told() == before
    with pytest.raises(LaunderError, match="found more by a noisy count"):
        runs.launder(loaded(source, *QUICK, "resources.memory=1MiB"))
    assert [entry["released"] for entry in spending.entries(source.parent / "out")] == [False]


def test_fit_tells_what_was_learnt_once_it_is_charged(source, monkeypatch):
    """Whoever interrupts it, or kills it, has read nothing that no ledger holds."""
    asked, told = loaded(source, "privacy.domain=learn", "columns={note: drop, '*': infer}"), []
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(private_tabular, "train", lambda *_, **how: (_ for _ in ()).throw(KeyboardInterrupt))
        fitting.fit(asked, tell=told.append)
    assert not told and not spending.entries(source.parent / "out")
    fitting.fit(asked, tell=lambda note: told.append((note, len(spending.entries(source.parent / "out")))))
    assert len(told) == 3 and {entries for _, entries in told} == {1}


def test_fit_says_what_is_guaranteed(source, capsys):
    words = [f"--set=columns={json.dumps(COLUMNS)}", "--epsilon", "2", "--delta", "1e-5", "--model", "m"]
    assert main(["fit", "people.csv", *words]) == 0
    shown = capsys.readouterr().out
    assert "by a factor of at most e^2 = 7." in shown and "but for a probability of 1e-05" in shown
