"""The command line: one sentence for every bad input, and no value of a row in it."""

import os

import numpy as np
import pandas as pd
import pytest

from pipelines.cli import main
from tests.cli.tables import SECRET, csv, parquet

# what the file is made of, further words, and what the sentence says: found, and what to do
BAD = {
    "empty file": (lambda p: b"", [], ("an empty file", "write the data")),
    "header only": (lambda p: csv(p.head(0)), [], ("found none", "write the data")),
    "one row": (lambda p: csv(p.head(1)), [], ("at least 3 rows", "found 1;", "larger table")),
    "two rows": (lambda p: csv(p.head(2)), [], ("at least 3 rows", "found 2;", "larger table")),
    "duplicate column names": (
        lambda p: csv(p.set_axis(["a", "b", "c", "b", "d"], axis=1)),
        [],
        ("column 2 again in column 4", "rename"),
    ),
    "a column the data lack": (csv, ["--set", "columns.hight=numerical"], ("'hight'", "did you mean 'height'?")),
    "unknown key": (csv, ["--set", "protct.rare=3"], ("'protct'", "did you mean 'protect'?")),
    "unknown option": (csv, ["--set", "generator.options.widht=3"], ("'widht'", "did you mean 'width'?")),
    "unknown generator": (
        csv,
        ["--set", "generator.name=tabular.autoregresive"],
        ("did you mean 'tabular.autoregressive'?",),
    ),
    "unknown metric": (csv, ["--set", "gate.fidelity.shap.at_least=0.5"], ("did you mean 'fidelity.shape'?",)),
    "unknown target": (csv, ["--set", "score.target=incom"], ("'incom'", "did you mean 'income'?")),
    "NaN everywhere": (lambda p: csv(pd.DataFrame({"a": ["NaN"] * 9, "b": None})), [], ("found none in any row",)),
    "constant target": (
        lambda p: csv(p.assign(income="low")),
        ["--set", "score.target=income"],
        ("one value in all rows", "name another"),
    ),
    "binary garbage": (lambda p: np.random.default_rng(0).bytes(5000), [], ("binary data", "give a CSV")),
    "wrong encoding": (
        lambda p: csv(p.assign(job="Küster")).decode().encode("latin-1"),
        [],
        ("source.encoding=latin-1",),
    ),
    "wrong encoding stated": (
        lambda p: csv(p.assign(job="Küster")),
        ["--set", "source.encoding=ascii"],
        ("source.encoding=utf-8",),
    ),
    "seed that is no number": (csv, ["--set", f"seed={SECRET}"], ("a whole number at seed",)),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_one_sentence(people, refused, here, case):
    make, words, parts = BAD[case]
    (here / "data.csv").write_bytes(make(people))
    line = refused("run", "data.csv", *words)
    for part in parts:
        assert part in line


def test_paths_without_data(refused, here, people):
    assert "found nothing there; check the path" in refused("run", "no.csv")
    (here / "folder").mkdir()
    (here / "folder" / "notes.md").write_text("x")
    assert "expected CSV, Parquet or other tables in the folder" in refused("run", "folder")
    assert "check the path" in refused("run", "no.yaml")


def test_damaged_parquet(refused, here, people):
    whole = parquet(people, here / "x.parquet")
    (here / "x.parquet").write_bytes(whole[: len(whole) // 2])
    assert "cut off or damaged; copy or write it again" in refused("run", "x.parquet")


def test_an_unlisted_column_stops_the_run(refused, here, people):
    (here / "data.csv").write_bytes(csv(people))
    (here / "c.yaml").write_text(
        "source: data.csv\ncolumns: {name: identifier, age: numerical, height: numerical, job: categorical}\n"
    )
    assert "found also 'income'; list" in refused("run", "c.yaml")


@pytest.mark.parametrize("command", ["init", "fit", "run"])
def test_every_command_that_reads_refuses_alike(refused, here, people, command):
    (here / "data.csv").write_bytes(csv(people.head(2)))
    assert "at least 3 rows" in refused(command, "data.csv", *(["--model", "m"] if command == "fit" else []))
    assert sorted(os.listdir(here)) == ["data.csv"]


def test_an_output_that_cannot_be_written(refused, here, people):
    (here / "data.csv").write_bytes(csv(people))
    (here / "file").write_text("x")
    assert "something else under a name on its way; choose another" in refused(
        "run", "data.csv", "--output", "file/out"
    )
    assert "something else under a name on its way" in refused("fit", "data.csv", "--model", "file/m")
    (here / "other").mkdir()
    (here / "other" / "notes").write_text("x")
    assert "choose another --model" in refused("fit", "data.csv", "--model", "other")
    assert "a file ending in .csv, .parquet, .jsonl" in refused("sample", "m", "--rows", 3, "--output", "x.xls")


@pytest.mark.parametrize("words", ["rum", "run", "run x.csv --sed 1", "sample m --rows none --output x.csv"])
def test_wrong_usage(words, capsys):
    assert main(words.split()) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("launder: ")


def test_an_interrupt_is_130(people, here, monkeypatch, capsys):
    from pipelines.stages import ingestion

    def interrupted(config, work):
        raise KeyboardInterrupt

    (here / "data.csv").write_bytes(csv(people))
    monkeypatch.setattr(ingestion, "ingest", interrupted)
    assert main(["run", "data.csv"]) == 130
    assert capsys.readouterr().err == "launder: interrupted; the same command continues where this one was\n"


def test_a_foreign_exception_is_told_without_its_text(people, here, monkeypatch, capsys):
    from pipelines.stages import ingestion

    def broken(config, work):
        raise KeyError(SECRET)

    (here / "data.csv").write_bytes(csv(people))
    monkeypatch.setattr(ingestion, "ingest", broken)
    assert main(["run", "data.csv"]) == 1
    assert (
        capsys.readouterr().err
        == "launder: expected the command to work, found KeyError; run it with --debug to see where\n"
    )
    with pytest.raises(KeyError, match=SECRET):
        main(["run", "data.csv", "--debug"])


def test_warnings_of_libraries_stay_inside(here, monkeypatch, capsys):
    import warnings

    from pipelines.stages import ingestion

    monkeypatch.setattr(ingestion, "ingest", lambda config: warnings.warn(SECRET, stacklevel=1))
    main(["init", "data.csv"])
    assert SECRET not in capsys.readouterr().err


def test_a_schedule_is_needed_to_serve(refused, here, people):
    (here / "data.csv").write_bytes(csv(people))
    (here / "a.yaml").write_text("source: data.csv\n")
    (here / "b.yaml").write_text('source: data.csv\nname: a\nschedule: {cron: "0 3 * * *"}\n')
    (here / "c.yaml").write_text('source: data.csv\nname: a\nschedule: {cron: "0 4 * * *"}\n')
    assert "found none for 'data'" in refused("serve", "a.yaml")
    assert "a different name for every configuration" in refused("serve", "b.yaml", "c.yaml")
