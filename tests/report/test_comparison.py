"""Several tables on one page: the order is the one a reader would give, and the page is a page."""

import json

import pytest

import evaluation
import evaluation.report
from evaluation.calibration import tables as calibration
from evaluation.report import Report
from evaluation.report.comparison import standing
from evaluation.scores import Score
from tests.evaluation.tables import mixed
from tests.report.test_report import HOSTILE, Page

NAMES = [
    "fidelity.trend",
    "fidelity.query_error",
    "utility.target",
    "diversity.coverage",
    "diversity.distinct",
    "privacy.copies",
    "privacy.membership",
]


def made(**scores):
    return Report({name.replace("__", "."): score for name, score in scores.items()}, {}, {}, 0)


def test_standing_by_hand():
    found = standing(
        made(
            fidelity__trend=Score(0.9, ceiling=0.95, floor=0.75),  # 0.15 of 0.20
            fidelity__query_error=Score(0.01, ceiling=0.005, floor=0.025, better="lower"),  # 0.015 of 0.02
            diversity__vendi=Score(0.6, ceiling=1.2, floor=1.8),  # noise is no floor: half of the ceiling
            privacy__membership=Score(0.04, better="lower"),
            privacy__copies=Score(0.3, ceiling=0.1, better="lower"),
        )
    )
    assert found == {
        "fidelity": pytest.approx(0.75),
        "utility": None,
        "diversity": pytest.approx(0.5),
        "risk": pytest.approx(0.2),
    }


def test_what_the_gate_passed_comes_first_and_ranks_decide_the_rest():
    def table(fidelity, attack):
        return made(
            fidelity__trend=Score(fidelity, ceiling=1.0, floor=0.0), privacy__membership=Score(attack, better="lower")
        )

    reports = {"copy": table(1.0, 1.0), "good": table(0.9, 0.02), "poor": table(0.2, 0.02)}
    found = evaluation.report.compare(reports)
    assert [t["name"] for t in found["tables"]] == ["good", "copy", "poor"]
    # fidelity ranks 1, 2, 3; risk ranks 3, 1.5, 1.5; the other two sections are missing for all: 2 each
    assert {t["name"]: t["mean_rank"] for t in found["tables"]} == {"copy": 2.0, "good": 1.875, "poor": 2.125}
    judged = evaluation.report.compare(
        reports, {"copy": {"passed": False}, "good": {"passed": False}, "poor": {"passed": True}}
    )
    assert [t["name"] for t in judged["tables"]] == ["poor", "good", "copy"]


@pytest.fixture(scope="module")
def reports():
    train, holdout, fresh = mixed(350), mixed(350, 1), mixed(350, 2)
    flawed = calibration.tables(train, fresh)
    return {
        name: evaluation.score(train, holdout, flawed[name], target="owner", names=NAMES)
        for name in ("300 rows repeated", "honest sample", "shuffled columns", "exact copy")
    }


def test_an_honest_sample_is_ranked_best(reports):
    found = evaluation.report.compare(reports)["tables"]
    assert found[0]["name"] == "honest sample"
    risks = {t["name"]: t["risk"] for t in found}
    assert risks["exact copy"] > 0.9 and risks["honest sample"] < 0.1


def test_the_page_is_offline_escaped_and_whole(reports, tmp_path):
    named = {HOSTILE if name == "exact copy" else name: report for name, report in reports.items()}
    data = evaluation.report.write_comparison(
        named, tmp_path, {name: {"passed": name == "honest sample"} for name in named}
    )
    assert json.loads((tmp_path / "comparison.json").read_text(encoding="utf-8")) == data
    text = (tmp_path / "comparison.html").read_text(encoding="utf-8")
    page = Page(text)
    assert [tag for tag, _ in page.tags].count("script") == 1 and "<svg" in text
    assert all(
        value.startswith("#")
        for _, found in page.tags
        for name, value in found.items()
        if name in ("src", "href", "xlink:href")
    )
    words = " ".join(page.words)
    assert HOSTILE in words and "✓ passed" in words and "✗ refused" in words and "Pairs of columns" in words
    assert evaluation.report.write_comparison(named, tmp_path)["tables"][0]["passed"] is None


def test_tables_are_compared_from_files_by_the_command(tmp_path, capsys, undrawn):
    from pipelines import cli

    mixed(300).to_csv(tmp_path / "train.csv", index=False)
    mixed(200, 1).to_csv(tmp_path / "holdout.csv", index=False)
    mixed(300).to_csv(tmp_path / "copied.csv", index=False)
    mixed(300, 2).to_csv(tmp_path / "fresh.csv", index=False)
    command = [
        "score",
        "--overwrite",
        "--train",
        f"{tmp_path}/train.csv",
        "--holdout",
        f"{tmp_path}/holdout.csv",
        "--output",
        f"{tmp_path}/out",
    ]
    tables = [f"{tmp_path}/copied.csv", f"{tmp_path}/fresh.csv"]
    assert cli.main([*command, "--gate", "--compare", *tables]) == 0
    assert "1. fresh: " in capsys.readouterr().out
    found = json.loads((tmp_path / "out" / "comparison.json").read_text(encoding="utf-8"))["tables"]
    assert [(t["name"], t["passed"]) for t in found] == [("fresh", True), ("copied", False)]
    assert (tmp_path / "out" / "fresh" / "report.html").is_file()
    for name in ("train", "part", "another"):
        mixed(60).to_csv(tmp_path / f"{name}.csv", index=False)
    copies = [f"{tmp_path}/part.csv", f"{tmp_path}/another.csv"]
    assert cli.main([*command, "--gate", "--compare", *copies]) == 3  # neither may leave
    assert cli.main([*command, "--compare", tables[0], tables[0]]) == 1
    assert "different names" in capsys.readouterr().err
    assert cli.main([*command, "--compare"]) == 2 and cli.main(command) == 2


def test_without_a_holdout_a_table_is_judged_and_the_gate_says_what_cannot_be_known(tmp_path, capsys):
    from pipelines import cli

    mixed(100).to_csv(tmp_path / "train.csv", index=False)
    mixed(100, 2).to_csv(tmp_path / "fresh.csv", index=False)
    tables = ["--train", f"{tmp_path}/train.csv", "--synthetic", f"{tmp_path}/fresh.csv", "--output", f"{tmp_path}/out"]
    assert cli.main(["score", "--overwrite", *tables, "--gate"]) == 3
    data = json.loads((tmp_path / "out" / "report.json").read_text(encoding="utf-8"))
    counted = ("copies", "near_copies", "identifiers", "rare_values", "membership_model")  # no attacks by rows alone
    attacked = [
        score
        for score in data["scores"]
        if score["name"].startswith("privacy.") and score["name"].partition(".")[2] not in counted
    ]
    assert len(attacked) == 8 and all(
        score["value"] is None and "there is no holdout" in score["note"] for score in attacked
    )
    assert "no holdout" in capsys.readouterr().out
    assert cli.main(["score", "--overwrite", *tables, "--target", "ownr"]) == 1
    assert "among the 10 columns, found 'ownr'; did you mean 'owner'?" in capsys.readouterr().err
