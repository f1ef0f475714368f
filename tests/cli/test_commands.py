"""The commands as people use them."""

import os
import resource
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from pipelines.cli import main
from pipelines.release import publishing
from pipelines.run import artifacts
from pipelines.sinks import tables as sink
from tests.cli.tables import SECRET, csv
from tests.processes import environment, launder
from tests.release.test_publishing import decide

COMMANDS = ("demo", "init", "run", "serve", "fit", "sample", "score", "augment", "releases", "verify", "rollback")


@pytest.mark.parametrize("name", ["x.csv", "x.parquet", "x.jsonl"])
def test_sampling_into_every_format(model, here, capsys, name):
    assert main(["sample", str(model), "--rows", "40", "--output", name, "--where", "income=>50K", "--seed", "5"]) == 0
    readers = {".csv": pd.read_csv, ".parquet": pd.read_parquet, ".jsonl": lambda path: pd.read_json(path, lines=True)}
    drawn = readers[os.path.splitext(name)[1]](name)
    assert list(drawn.columns) == ["age", "income", "note"] and len(drawn) == 40
    assert set(drawn["income"]) == {">50K"} and set(drawn["note"].dropna()) <= {"ü"}
    assert capsys.readouterr().out.endswith(f"\nWrote {name}: 40 rows.\n")
    first = (here / name).read_bytes()
    assert (
        main(
            [
                "sample",
                str(model),
                "--rows",
                "40",
                "--output",
                name,
                "--where",
                "income=>50K",
                "--seed",
                "5",
                "--overwrite",
            ]
        )
        == 0
    )
    assert (here / name).read_bytes() == first


def test_a_condition_may_ask_for_a_missing_value(model, here):
    assert (
        main(["sample", str(model), "--rows", "9", "--output", "x.csv", "--where", "note=", "--where", "age=30"]) == 0
    )
    drawn = pd.read_csv("x.csv")
    assert drawn["note"].isna().all() and set(drawn["age"]) == {30}


@pytest.mark.parametrize(
    ("condition", "part"),
    [("incom=x", "'incom'"), ("income", "found none"), (f"income={SECRET}", "'income'"), ("age=many", "'age'")],
)
def test_a_condition_that_cannot_be(model, refused, condition, part):
    assert part in refused("sample", model, "--rows", 3, "--output", "x.csv", "--where", condition)


def test_a_folder_without_a_model(refused, here):
    assert "a model folder" in refused("sample", here, "--rows", 3, "--output", "x.csv")


def test_init_writes_a_configuration_that_loads(here, people, capsys, refused):
    from pipelines import config

    (here / "data.csv").write_bytes(csv(people))
    assert main(["init", "data.csv"]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "5 columns" in said and "tabular.diffusion suits" in said and f"{len(people)} rows of 5 columns" in said
    loaded = config.load("launder.yaml")
    assert list(loaded.columns.values()) == ["identifier", "numerical", "numerical", "categorical", "categorical"]
    assert loaded.source.path == str(here / "data.csv") and loaded.publish.to == str(here / "laundered")
    assert "found something; add --overwrite" in refused("init", "data.csv")


def test_scoring_a_table_made_elsewhere(here, people, capsys):
    rng = np.random.default_rng(2)
    big = people.drop(columns="name").sample(250, replace=True, random_state=0)
    big["height"] = (big["height"] + rng.normal(size=250)).round(1)
    for name, rows in (("train", big[:100]), ("holdout", big[100:150]), ("copy", big[:100]), ("other", big[150:])):
        rows.to_csv(f"{name}.csv", index=False)
    words = [
        "score",
        "--train",
        "train.csv",
        "--holdout",
        "holdout.csv",
        "--target",
        "income",
        "--output",
        "report",
        "--overwrite",
    ]
    assert main([*words, "--synthetic", "other.csv"]) == 0
    shown = capsys.readouterr().out
    assert "privacy.membership_vulnerable" in shown and "gate" not in shown and max(map(len, shown.splitlines())) <= 80
    assert {"report.html", "report.json"} == set(os.listdir("report"))
    assert main([*words, "--synthetic", "copy.csv", "--gate"]) == 3
    assert "refused" in capsys.readouterr().out


@pytest.fixture
def released(here):
    """Two releases, the second current."""
    for id, value in (("r1", 1), ("r2", 2)):
        staged = here / "out" / "work" / id
        sink.write_release(pd.DataFrame({"a": [value, 7]}), staged)
        decision = decide(staged)
        (staged / "report.html").write_text("<p>fine")
        (staged / "report.json").write_bytes(artifacts.canonical({"verdict": decision.verdict()}))
        facts = {"rows": 2, "created": f"2024-01-0{value}", "generator": "g", "seed": 0}
        publishing.manifest(staged, decision.verdict(), id=id, output=here / "out", **facts)
        publishing.publish(decision, staged, here / "out", id)
    return here / "out"


def test_releases_verify_rollback(released, capsys):
    assert main(["releases", str(released)]) == 0
    assert [line.split() for line in capsys.readouterr().out.splitlines()] == [
        ["r1", "2", "rows", "g"],
        ["*", "r2", "2", "rows", "g"],
    ]
    assert main(["rollback", str(released), "r1"]) == 0
    assert os.readlink(released / "releases" / "current") == "r1"
    assert main(["verify", str(released / "releases" / "current")]) == 0
    capsys.readouterr()
    assert main(["rollback", str(released), "r3"]) == 1
    assert "found none called 'r3'; did you mean" in capsys.readouterr().err
    (released / "releases" / "r1" / "report.html").write_text("<p>Fine")
    assert main(["verify", str(released / "releases" / "r1")]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("launder: expected the release as it was published") and "report.html was changed" in line


COMPLETED = """
import atexit, sys
atexit.register(lambda: print({"torch", "pandas"} & set(sys.modules)))
sys.argv[0] = "launder"
from pipelines.cli import main
main()
"""


LIGHT = """
import sys
from pipelines.cli import main
for words in (["--help"], ["--version"], ["schema"], ["releases", "out"], ["verify", "out/releases/r1"],
              ["rollback", "out", "r1"], ["run"], ["rum"]):
    main(words)
    heavy = {"torch", "pandas", "pyarrow", "prefect", "scipy", "sklearn", "matplotlib"} & set(sys.modules)
    assert not heavy, (words, heavy)
"""


def test_commands_that_look_at_documents_alone_load_no_library_for_data(released):
    ran = launder(folder=released.parent, code=LIGHT)
    assert ran.returncode == 0, ran.stderr
    completed = launder(
        folder=released.parent,
        code=COMPLETED,
        env=environment(_LAUNDER_COMPLETE="complete_bash", COMP_WORDS="launder rel", COMP_CWORD="1"),
    )
    assert completed.stdout.split("\n")[:2] == ["releases", "set()"]


def test_folders_without_releases(refused, here, capsys):
    assert "an output folder" in refused("releases", "nowhere")
    assert "check the path" in refused("verify", here)
    assert main(["releases", str(here)]) == 0 and "No releases" in capsys.readouterr().out


def test_help_is_quick_and_light(here):
    began = resource.getrusage(resource.RUSAGE_CHILDREN)
    shown = launder("--help", folder=here)
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)  # of CPU: whatever else the machine does
    assert shown.returncode == 0 and all(word in shown.stdout for word in COMMANDS)
    assert ended.ru_utime - began.ru_utime < 1
    light = (
        "import gc, sys; from pipelines.cli import main; heavy, sys.argv = sys.argv[1:], ['launder', '--help']\n"
        "try: main()\n"
        "finally: print(gc.get_threshold()[0] > 700, [m for m in sys.modules if m in heavy])"
    )
    heavy = ["torch", "prefect", "sdmetrics", "pandas", "sklearn", "pyarrow"]
    done = subprocess.run(
        [sys.executable, "-c", light, *heavy], cwd=here, env=environment(), capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1] == "True []"


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(command, capsys):
    assert main([command, "--help"]) == 0
    assert "Usage:" in capsys.readouterr().out
