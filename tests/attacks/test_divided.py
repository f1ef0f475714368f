"""Few rows divided several times: each is attacked as a member and as a non-member, and all that is found is pooled."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import evaluation
from evaluation import divided
from evaluation.divided import Division, Repeats
from evaluation.fidelity import detection
from evaluation.privacy import copies, nearest_record
from evaluation.report import Report
from evaluation.samples import make
from evaluation.scores import Score
from pipelines import config
from pipelines.config import rules
from pipelines.modalities import tabular
from pipelines.release import gate
from pipelines.run import steps
from pipelines.scoring import repeats
from tests import runs
from tests.evaluation.tables import mixed

NAMES = ("privacy.membership", "privacy.linkability", "privacy.attribute")


@pytest.mark.parametrize("rows", [20, 23, 36, 45, 75, 117, 150, 299])
def test_every_row_is_dealt_out_once_to_each_side_of_a_circle(rows):
    first = np.random.default_rng(rows).permutation(rows) < round(tabular.splitting.share(None, rows) * rows)
    found = repeats.dealt(first, 0)
    assert (found[0].held == first).all() and (found[0].non_member == first).all()
    for one in found:
        assert one.held.sum() == first.sum() and not one.member[one.held].any()
        assert one.held[one.non_member].all() and one.member.sum() == one.non_member.sum()
    sides = [sum(getattr(one, side).astype(int) for one in found) for side in ("member", "non_member")]
    assert sides[0].sum() == sides[1].sum() >= min(repeats.LEAST_ATTACKED, 3 * first.sum())
    assert np.ptp(sides[0]) <= (rows > 3 * first.sum()) and np.ptp(sides[1]) <= (rows > 3 * first.sum())


def divisions(rows, copied):
    """Two sides of real rows, a release for them and the repeats, all with as many copies of training rows."""
    real, held = mixed(rows), np.arange(rows) >= rows - round(0.4 * rows)
    parts = repeats.dealt(held, 0)
    drawn = [mixed(rows, 100 + k) for k in range(len(parts))]
    drawn = [
        pd.concat([real[~p.held].head(round(copied * rows)), d], ignore_index=True)[:rows]
        for p, d in zip(parts, drawn, strict=True)
    ]
    attacked = [(p.member[~p.held], p.non_member[p.held]) for p in parts]
    others = [
        Division(real[~p.held], real[p.held], d, a) for p, d, a in zip(parts[1:], drawn[1:], attacked[1:], strict=True)
    ]
    return (real[~held], real[held], drawn[0]), Repeats(attacked[0], others)


def test_few_rows_show_a_leak_that_one_division_hides():
    sides, found = divisions(90, 0.15)
    scores = evaluation.score(*sides, names=NAMES, repeats=found)
    decided = gate.decide(
        scores, {name: rules.DEFAULT_RULES[name] for name in NAMES} | {"unnoticed": rules.LARGEST}, "0" * 64
    )
    failed = [reason["score"] for reason in decided.reasons if not reason["passed"]]
    assert "privacy.membership" in failed and "unnoticed" not in failed
    score = scores.scores["privacy.membership"]
    assert score.detail["members"] == score.detail["non_members"] == 90 and score.detail["training_rows"] == 54
    assert score.detail["alone"]["non_members"] == 36 and score.note.startswith("Of 3 divisions of the rows")


@pytest.mark.parametrize(("rows", "copied", "passes"), [(22, 0.0, True), (22, 0.7, False), (90, 0.4, False)])
def test_what_rows_lie_near_to_is_told_by_all_divisions_where_one_has_too_few(rows, copied, passes):
    sides, found = divisions(rows, copied)
    own, all_of_them = make(*sides), divided.repeated(make(*sides), found)
    assert (nearest_record(own).value is None) == (rows == 22)
    score, rule = nearest_record(all_of_them), {"privacy.nearest_record": rules.DEFAULT_RULES["privacy.nearest_record"]}
    assert ("alone" in score.detail) == (rows == 90) and score.detail["real_rows"] >= rows - 1
    assert gate.decide(Report({"privacy.nearest_record": score}, {}, {}, 0), rule, "0" * 64).passed == passes


def test_a_draw_that_alone_copies_rows_is_counted_beside_what_others_repeat_of_unlearnt_rows():
    (train, holdout, drawn), found = divisions(48, 0.0)
    copied = make(train, holdout, pd.concat([train.head(8), drawn], ignore_index=True)[:48])
    before, now = (copies(one).detail["counts"][0] for one in (copied, divided.repeated(copied, found)))
    assert before["hits"] == now["hits"] == 8 and now["allowed"] < 8 <= before["allowed"]
    honest = copies(divided.repeated(make(train, holdout, drawn), found)).detail["counts"]
    assert all(count["hits"] <= count["allowed"] for count in honest)


def test_what_the_released_division_shows_alone_has_to_pass_too():
    score = Score(0.0, 0.0, 0.02, detail={"members": 200, "non_members": 200})
    rule = {"privacy.membership": rules.DEFAULT_RULES["privacy.membership"]}
    told = {"members": 60, "non_members": 40, "value": 0.6, "low": 0.5, "high": 0.7}
    for detail, passes in (({}, True), ({"alone": told}, False), ({"alone": told | {"high": 0.1}}, True)):
        scores = {"privacy.membership": replace(score, detail=score.detail | detail)}
        assert gate.decide(Report(scores, {}, {}, 0), rule, "0" * 64).passed == passes


def test_a_holdout_of_most_rows_is_not_repeated():
    (own,) = repeats.dealt(np.arange(10) >= 3, 0)
    assert own.non_member.sum() == 7 and own.member.sum() == 3


def test_rows_that_are_too_few_for_a_classifier_are_compared_over_all_divisions():
    sides, found = divisions(30, 0.0)
    compared = divided.repeated(make(*sides), found)
    assert detection(make(*sides)).value is None and detection(compared).value > 0.3
    assert len(divided.joined(compared).holdout.drop_duplicates()) == 30


def test_a_run_trains_and_draws_for_each_division(tmp_path):
    frame = mixed(90)
    frame.to_csv(tmp_path / "t.csv", index=False)
    loaded = config.load(tmp_path / "t.csv", ["generator.name=tabular.marginals", "budget.steps=2"], tmp_path)
    schema = tabular.ingest(loaded, tmp_path).schema
    parts = list(repeats.trained(frame[:54], frame[54:], schema, loaded, entity=None))
    assert parts[0][1] is None and {len(drawn) for _, drawn in parts[1:]} == {90} and len(parts) == 3
    found = repeats.of(frame[:54], frame[54:], schema, parts)
    one, marks = found.others[0], parts[1][0]
    assert len(one.train) == 54 and one.members.sum() == marks["learnt"].sum() > 0
    order = np.concatenate([np.flatnonzero(~marks["held"]), np.flatnonzero(marks["held"])])
    both = pd.concat([one.train, one.holdout])
    assert (both["income"].to_numpy() == frame["income"].to_numpy()[order]).all()
    assert (one.loss(one.holdout) == marks["loss"].to_numpy()[marks["held"]]).all()


def test_a_run_on_few_rows_repeats_itself_where_its_gate_asks_for_it(tmp_path):
    mixed(90)[["age", "trade", "income"]].to_csv(tmp_path / "t.csv", index=False)
    gated = [f"gate.{name}=null" for name in rules.DEFAULT_RULES if name != "privacy.membership"]
    quick = ["generator.name=tabular.marginals", "score.metrics=[fidelity.shape]", *gated]
    loaded, ran = config.load(tmp_path / "t.csv", quick, tmp_path / "out"), {}
    given = runs.ingested(loaded)
    sides = runs.doing(loaded)(steps.split, **given)
    both = {name: sides[name] for name in ("train", "holdout")} | {"schema": given["schema"]}
    runs.doing(loaded, ran=ran)(steps.repeat, **both, combinations=[], constraints=[])
    reasons = runs.launder(loaded, done := [])["verdict"]["reasons"]
    assert ran == {"repeat": set()} and done.count("score") == 1
    said = [reason["note"] for reason in reasons if reason["score"] == "privacy.membership"]
    assert "could leak without this rule noticing" in said[0]
    accepted = config.load(tmp_path / "t.csv", [*quick, "gate.unnoticed=null"], tmp_path / "out")
    runs.launder(accepted, again := [])
    assert again == ["score", "decide"]
