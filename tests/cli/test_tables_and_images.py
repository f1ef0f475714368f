"""What init, fit and score are told with --set, of columns of any name, of images, and of tables that differ."""

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from evaluation.report import comparison
from generators.data.inference import infer
from pipelines import config
from pipelines.cli import main
from pipelines.config import documents
from pipelines.image_sources import decoding
from pipelines.stages import ingestion
from pipelines.templates import tables
from tests.generators.pictures import bars

N = 120
ODD = ["*", "\\*", "a: b", "2019", "1e5", "null", "~", "<<", "=", "- x", "x" * 2000]


def table(seed=0, **columns):
    rng = np.random.default_rng(seed)
    given = {"a": rng.choice(["männlich", "weiblich"], N), "x": rng.normal(size=N).round(3), "k": rng.integers(0, 9, N)}
    return pd.DataFrame(given | columns)


@pytest.fixture
def place(tmp_path):
    def _place(name, frame, **how):
        frame.to_csv(tmp_path / name, index=False, **how)
        return str(tmp_path / name)

    return _place


def test_settings_of_init_stand_in_what_it_writes(place, tmp_path):
    source, written = place("t.csv", table(), encoding="latin-1", sep=";"), tmp_path / "t.yaml"
    words = [
        "--set",
        "source.encoding=latin-1",
        "--set",
        "columns.k=drop",
        "--set",
        "split.holdout=0.3",
        "--set",
        "score.target=a",
    ]
    assert main(["init", source, "--output", str(written), *words]) == 0
    loaded = config.load(written)
    assert (loaded.source.encoding, loaded.columns["k"], loaded.split.holdout, loaded.score.target) == (
        "latin-1",
        "drop",
        0.3,
        "a",
    )
    assert ingestion.ingest(loaded)[1].names == ["a", "x"]
    text = written.read_text()
    assert "# share of rows" not in text and "# Every column of the table" in text and "# Launderette" in text


def test_init_of_images_writes_a_configuration_of_images(tmp_path, capsys):
    made = bars(24, seed=1)
    for n, (pixels, label) in enumerate(zip(made.pixels, made.labels, strict=True)):
        path = tmp_path / "i" / "train" / str(label) / f"{n}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(decoding.encode(pixels))
    assert main(["init", str(tmp_path / "i"), "--output", str(tmp_path / "i.yaml"), "--set", "images.size=16"]) == 0
    loaded = config.load(tmp_path / "i.yaml")
    assert loaded.modality == "image" and loaded.images.size == 16 and loaded.source.path == str(tmp_path / "i")
    assert "columns:" not in (tmp_path / "i.yaml").read_text()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150, deadline=None)
@given(st.lists(st.text(min_size=1, max_size=12) | st.sampled_from(ODD), min_size=1, max_size=4, unique=True))
def test_columns_of_any_name_are_listed_and_found_again(names):
    frame = pd.DataFrame({name: [1.5, 2.5, 3.5] for name in names})
    text = tables.template(infer(frame), "t.csv")
    read = config.validate(documents._named(documents.parse(text, "x")))
    assert list(read.listed) == names


@pytest.mark.parametrize("name", ["*", "line\none", "2019", "a: b", "null", "[x]"])
def test_a_column_of_any_name_can_be_the_target(place, tmp_path, name, capsys):
    source = place("t.csv", table().rename(columns={"a": name}))
    assert main(["init", source, "--output", str(tmp_path / "t.yaml")]) == 0
    assert ingestion.ingest(config.load(tmp_path / "t.yaml"))[1].names == [name, "x", "k"]
    words = ["fit", source, "--model", str(tmp_path / "m"), "--target", name, "--set", "budget.steps=2"]
    assert main(words) == 0, capsys.readouterr().err


def test_score_takes_settings_of_how_tables_are_read(place, tmp_path, capsys):
    source = place("t.csv", table(), encoding="latin-1")
    other = place("s.csv", table(seed=1))  # UTF-8
    words = [
        "score",
        "--overwrite",
        "--train",
        source,
        "--synthetic",
        other,
        "--output",
        str(tmp_path / "r"),
        "--set",
        'score.metrics=["fidelity.shape"]',
    ]
    assert main(words) == 1 and "source.encoding=latin-1" in capsys.readouterr().err
    assert main([*words, "--set", "source.encoding=latin-1"]) == 0
    score = json.loads((tmp_path / "r" / "report.json").read_text())["scores"][0]
    assert score["value"] > 0.8  # the labels of both are the same words
    assert main([*words, "--set", "budget.steps=3"]) == 1 and "found 'budget'" in capsys.readouterr().err


def test_score_takes_kinds_missing_words_and_dropped_columns(place, tmp_path, capsys):
    mixed = table(code=[str(n) for n in range(N - 2)] + ["none", "none"])
    words = [
        "score",
        "--overwrite",
        "--train",
        place("t.csv", mixed),
        "--synthetic",
        place("s.csv", mixed),
        "--output",
        str(tmp_path / "r"),
    ]
    words += ["--set", 'score.metrics=["fidelity.shape"]', "--set", "source.encoding=latin-1"]
    for one in ('source.missing=["none"]', "columns.code=identifier", "columns.code=drop"):
        assert main([*words, "--set", one]) == 0, capsys.readouterr().err
    assert main([*words, "--set", "columns.code=drop", "--set", "columns.cod=drop"]) == 1
    assert "did you mean 'code'" in capsys.readouterr().err


def test_what_tables_share_is_scored_and_the_rest_listed(place, tmp_path, capsys):
    train, made = place("t.csv", table(only="x")), place("s.csv", table(seed=1, other=1)[["k", "other", "a", "x"]])
    words = [
        "score",
        "--overwrite",
        "--train",
        train,
        "--synthetic",
        made,
        "--output",
        str(tmp_path / "r"),
        "--set",
        'score.metrics=["fidelity.shape"]',
    ]
    assert main(words) == 0
    said = capsys.readouterr().out
    assert "the synthetic table lacks it: 'only'" in said and "the training table lacks it: 'other'" in said
    assert main([*words, "--gate"]) == 1 and "found also 'other'" in capsys.readouterr().err
    assert main([*words, "--target", "only"]) == 1
    place("s.csv", pd.DataFrame({"z": range(9)}))
    assert main(words) == 1 and "columns that all tables share" in capsys.readouterr().err


def test_no_table_stands_above_one_that_passes_what_it_fails(tmp_path, monkeypatch):
    class Plain:
        def __init__(self, name):
            self.name, self.scores = name, {}

    def verdict(*failed):
        rules = ("fidelity.shape", "privacy.copies", "privacy.membership")
        return {"passed": not failed, "reasons": [{"score": rule, "passed": rule not in failed} for rule in rules]}

    ranks = {"copy": 1.0, "leaky": 0.9, "poor": 0.1, "honest": 0.2}
    monkeypatch.setattr(
        comparison, "standing", lambda report: dict.fromkeys((*comparison.WAYS, "risk"), ranks[report.name])
    )
    reports = {name: Plain(name) for name in ranks}
    verdicts = {"copy": verdict("privacy.copies", "privacy.membership"), "leaky": verdict("privacy.membership"),
                "poor": verdict("fidelity.shape"), "honest": verdict()}  # fmt: skip
    order = [row["name"] for row in comparison.compare(reports, verdicts)["tables"]]
    assert order == ["honest", "poor", "leaky", "copy"]


def test_a_copy_is_ranked_last_without_being_asked_to_gate(place, tmp_path, capsys):
    train, held, honest = table(), table(seed=1), table(seed=2)
    sources = [place(f"{name}.csv", frame) for name, frame in (("copy", train), ("honest", honest))]
    words = ["score", "--train", place("t.csv", train), "--holdout", place("h.csv", held), "--compare", *sources]
    assert main([*words, "--output", str(tmp_path / "r")]) == 0
    said = [line for line in capsys.readouterr().out.splitlines() if line[:2] in ("1.", "2.")]
    assert said[0].startswith("1. honest") and said[1].startswith("2. copy") and said[1].endswith("refused")
