"""The report: same seed, same bytes; offline, escaped, small; no rare value and no extreme in it."""

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import jsonschema
import numpy as np
import pandas as pd
import pytest

import evaluation
import evaluation.report
from evaluation.scores import Reason
from evaluation.summaries import words
from pipelines.config import rules
from pipelines.release import gate
from tests.evaluation.tables import mixed

QUICK = [
    "fidelity.shape",
    "fidelity.trend",
    "diversity.rare",
    "diversity.modes",
    "privacy.copies",
    "privacy.membership",
]
VOID = {"meta", "wbr", "br", "img", "input", "hr", "link", "use", "path", "rect", "line"}


class Page(HTMLParser):
    """Every tag with its attributes; fails where tags do not close in order."""

    def __init__(self, text):
        super().__init__()
        self.open, self.tags, self.words = [], [], []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_data(self, data):
        self.words.append(data)


@pytest.fixture(scope="module")
def report():
    return evaluation.score(mixed(500), mixed(300, 1), mixed(500, 2), target="owner", names=QUICK)


@pytest.fixture(scope="module")
def full():
    """A report of every metric."""
    return evaluation.score(mixed(120), mixed(90, 1), mixed(120, 2), target="owner", seed=3)


def written(report, folder, **options):
    evaluation.report.write(report, folder, **options)
    return (folder / "report.html").read_text(encoding="utf-8"), (folder / "report.json").read_text(encoding="utf-8")


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(full, tmp_path):
    tables = mixed(120), mixed(90, 1), mixed(120, 2)
    again = evaluation.score(*tables, target="owner", seed=3)
    assert written(full, tmp_path / "a") == written(again, tmp_path / "b")
    other = evaluation.score(*tables, target="owner", seed=4, names=["fidelity.detection"])
    assert other.scores["fidelity.detection"] != full.scores["fidelity.detection"]


def test_the_number_of_threads_changes_no_byte(tmp_path, undrawn):
    import torch

    before, found = torch.get_num_threads(), []
    for count in (1, 4):
        torch.set_num_threads(count)
        found.append(written(evaluation.score(mixed(600), mixed(450, 1), mixed(600, 2), names=QUICK), tmp_path))
        assert torch.get_num_threads() == count
    torch.set_num_threads(before)
    assert found[0] == found[1]


def test_the_json_is_what_its_version_promises(report, tmp_path, undrawn):
    data = json.loads(written(report, tmp_path)[1])
    assert data["version"] == 1 and [s["name"] for s in data["scores"]] == QUICK
    assert data["rows"] == {"train": 500, "holdout": 300, "synthetic": 500} and data["verdict"] is None
    for score in data["scores"]:
        assert score["low"] <= score["value"] <= score["high"], score["name"]
        assert score["ceiling"] is not None and score["floor"] is not None
        assert score["better"] in ("higher", "lower", "none")


def test_the_json_meets_its_published_schema(full, tmp_path, undrawn):
    schema = json.loads((Path(evaluation.report.__file__).parent / "schema.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema["$defs"]["reason"]["enum"] == [None, *Reason]  # a new reason is added to the schema too
    verdict = gate.decide(full, rules.DEFAULT_RULES, "d" * 64).verdict()
    poor = evaluation.score(mixed(30), None, mixed(30, 1))
    for report, said in ((full, verdict), (full, None), (poor, None)):
        data = json.loads(written(report, tmp_path, verdict=said, card={"model": {"steps": 3}})[1])
        jsonschema.validate(data, schema)
        for broken in ({**data, "version": 2}, {**data, "more": 1}, {**data, "scores": [{"name": "fidelity.shape"}]}):
            with pytest.raises(jsonschema.ValidationError):
                jsonschema.validate(broken, schema)


def test_the_page_parses_and_loads_nothing(report, tmp_path):
    text, _ = written(
        report, tmp_path, verdict={"passed": True, "reasons": []}, card={"model": {"generator": "tabular.gan"}}
    )
    page = Page(text)
    loading = [
        found[name]
        for _, found in page.tags
        for name in ("src", "href", "xlink:href", "action", "data")
        if name in found
    ]
    assert loading and all(value.startswith(("#", "data:image/png;base64,")) for value in loading)
    assert not {"link", "iframe", "object", "img", "base"} & {tag for tag, _ in page.tags}
    assert [found for tag, found in page.tags if tag == "script"] == [{}]  # our own, written in the page
    assert not re.search(r"url\(\s*['\"]?(?!#)|@import", text)
    names = {found["id"] for _, found in page.tags if "id" in found}
    assert {value[1:] for value in loading if value.startswith("#")} <= names
    assert {"fidelity", "diversity", "privacy", "limits", "tables"} <= names
    shown = "".join(page.words)
    assert "Passed the gate" in shown and "tabular.gan" in shown


def test_reasons_are_shown_with_their_numbers(report, tmp_path, undrawn):
    reason = {"rule": "at most 0.05", "score": "privacy.membership", "value": 0.31, "bound": 0.05, "passed": False}
    text, data = written(report, tmp_path, verdict={"passed": False, "reasons": [reason]})
    assert (
        "Refused by the gate" in text
        and "found 31.0\u00a0%" in text
        and json.loads(data)["verdict"]["reasons"] == [reason]
    )


def test_an_attack_that_does_better_than_guessing_is_said_to():
    rates = {"group": "all rows", "tpr_at_0.1": 0.35, "tpr_at_0.1_low": 0.3, "tpr_at_0.1_high": 0.41}
    assert "Of all rows, 35.0 % (30.0 % to 41.0 %) are recognised" in words.recognised(
        rates
    ) and "trace" in words.recognised(rates)
    assert "not shown to be better than guessing" in words.recognised(rates | {"tpr_at_0.1_low": 0.09})
    assert "too few non-members" in words.recognised(dict.fromkeys(rates) | {"group": "all rows"})


HOSTILE = "<script>alert('x')</script>"


def test_hostile_names_and_categories_stay_text(tmp_path):
    def hostile(seed):
        table = mixed(300, seed)
        table[HOSTILE] = np.random.default_rng(seed).choice(["<img src=x onerror=alert(1)>", '"&<b>', "$x_1$"], 300)
        return table.rename(columns={"age": "</style></title>", "income": 'a" onclick="b'})

    report = evaluation.score(hostile(0), hostile(1), hostile(2), target=HOSTILE, names=[*QUICK, "utility.target"])
    reason = {"rule": HOSTILE, "score": HOSTILE, "value": 1, "bound": HOSTILE}
    text, _ = written(
        report, tmp_path, verdict={"passed": False, "reasons": [reason]}, card={"model": {HOSTILE: HOSTILE}}
    )
    page = Page(text)
    assert [tag for tag, _ in page.tags if tag in ("script", "img", "title")] == ["title", "script"]
    assert not any("onclick" in found or "onerror" in found for _, found in page.tags)
    assert HOSTILE in " ".join(page.words)


def secretive(seed):
    table = mixed(800, seed)
    table["income"] = table["income"].clip(5000, 80_000)
    if seed == 0:
        table.loc[:3, "town"] = "Canaryham"
        table.loc[4, "income"] = 98_765_432.1
        table.loc[5, "height"] = -13_579.25
        table.loc[6, "since"] = "1871-03-09"
    return table


SECRETS = "Canaryham", "98765432", "98,765,432", "98 765 432", "9.88e", "13579", "13,579", "1871-0"


def test_no_rare_value_and_no_extreme_is_shown(tmp_path):
    tables = secretive(0), secretive(1), secretive(0)
    report = evaluation.score(*tables, target="owner", names=[*QUICK, "fidelity.constraints"], internal=True)
    page, data = written(report, tmp_path)
    assert not [value for value in SECRETS if value in page + data]
    assert "internal" not in json.loads(data)


def test_the_internal_variant_names_what_was_lost_and_who_is_at_risk(tmp_path, undrawn):
    train, synthetic = secretive(0), secretive(2)
    synthetic.loc[7] = train.loc[700]  # one copied row
    report = evaluation.score(train, secretive(1), synthetic, names=QUICK, internal=True)
    written(report, tmp_path / "public", internal=tmp_path)
    text, data = (tmp_path / "report.html").read_text(), (tmp_path / "report.json").read_text()
    found = json.loads(data)["internal"]
    assert found["lost"]["town"]["Canaryham"] == 4 and found["extremes"]["income"]["train"][1] == 98_765_432.1
    assert found["pairs"][0] == {"synthetic": 7, "train": 700, "distance": 0, "differing": []}
    assert found["at_risk"][0]["false_alarms"] < 0.01 and len({person["row"] for person in found["at_risk"]}) == 20
    assert "Canaryham (4)" in text and "98765432.1" in text and "1871-03-09" in text and "do not pass on" in text
    Page(text)
    schema = json.loads((Path(evaluation.report.__file__).parent / "schema.json").read_text(encoding="utf-8"))
    jsonschema.validate(json.loads(data), schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(json.loads(data) | {"public": True}, schema)  # nothing internal in public


def test_every_label_shown_stands_for_twenty_rows_or_more(report):
    train = mixed(500)
    for chart in report.charts["columns"]:
        for label in set(chart.get("labels", ())) - {"all other", "missing"}:
            assert train[chart["name"]].astype(str).eq(label).sum() >= 20
        if "edges" in chart and chart["kind"] == "numerical":
            assert (train[chart["name"]] <= chart["edges"][0]).sum() >= 20
            assert (train[chart["name"]] >= chart["edges"][-1]).sum() >= 20


def test_a_hundred_columns_stay_under_five_megabytes(tmp_path):
    rng = np.random.default_rng(0)

    def wide(seed):
        numbers = pd.DataFrame(rng.normal(size=(300, 60))).add_prefix("number ")
        labels = pd.DataFrame(rng.integers(0, 12, (300, 40)).astype(str)).add_prefix("label ")
        return pd.concat([numbers, labels], axis=1)

    text, _ = written(evaluation.score(wide(0), wide(1), wide(2), names=["fidelity.shape", "fidelity.trend"]), tmp_path)
    assert len(text.encode()) < 5_000_000 and "label 39" in text


def test_a_page_without_holdout_says_what_cannot_be_known(tmp_path, undrawn):
    report = evaluation.score(mixed(200), None, mixed(200, 2), names=QUICK)
    text, data = written(report, tmp_path)
    assert "no holdout" in text and "not computable" in text
    assert any("no holdout" in line for line in json.loads(data)["not_tested"])
    Page(text)
