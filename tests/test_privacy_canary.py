"""A canary in every kind of column, a whole run in a real process, and a search of all that it leaves outside work/."""

import json
import struct
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.processes import launder, marked_environment
from tests.test_flows import OPEN_GATE

ROWS = 400
CANARIES = {
    "name": "Zebulon Quixworth",
    "mail": "zebulon.quixworth@canary.example",
    "job": "lighthouse keeper",
    "note": "allergic to moonstone",
    "pay": 9876543.21,
    "born": "1871-03-09",
    "phone": "+44 20 7946 0991",
}
WORDS = ("7946 0991", "Zebulon", "Quixworth", "quixworth@", "lighthouse", "moonstone", "1871-03-09", "9876543")
LEARNED = {"kind": "name", "learn": True}  # whose names even work/ does not hold
BOTH = """
import json, sys
from pipelines.cli import main
sys.exit(main(json.loads(sys.argv[1])) or main(json.loads(sys.argv[2])))
"""
NEEDLES = [
    b"Quillfeather",
    *(form(word) for word in WORDS for form in (str.encode, lambda w: w.encode("utf-16-le"))),
    *(struct.pack(kind, CANARIES["pay"]) for kind in ("<f", "<d", ">d")),  # as weights and databases write numbers
    b"9,876,543",
    b"9.88e+06",
]


def leaks(path: Path) -> list[bytes]:
    """Return the canaries in a file: in its bytes, and in its rows where it is Parquet."""
    content = path.read_bytes()
    if path.suffix == ".parquet":
        frame = pd.read_parquet(path)
        content += frame.to_csv().encode() + frame.describe(include="all").to_csv().encode()
    return [needle for needle in NEEDLES if needle in content]


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    """The whole flow and `launder fit`, one after the other in one process, with Prefect's home where it lies by
    default, and a home of the user to watch.
    """
    folder = tmp_path_factory.mktemp("canary")
    rng = np.random.default_rng(0)
    born = pd.Timestamp("1960-01-01") + pd.to_timedelta(rng.integers(0, 15_000, ROWS), unit="D")
    frame = pd.DataFrame(
        {
            "name": [f"Person {n // 2}" for n in range(ROWS)],
            "mail": [f"person{n}@work.example" for n in range(ROWS)],
            "job": rng.choice(["nurse", "judge", "baker"], ROWS),
            "note": [f"said {n} words" for n in rng.integers(0, 300, ROWS)],
            "pay": rng.normal(3000, 500, ROWS).round(2),
            "born": pd.Series(born).dt.strftime("%Y-%m-%d"),
            "phone": [f"+44 20 7946 0{n:03d}" for n in range(ROWS)],
            "doctor": rng.choice(["Ada Quillfeather", "Bo Lund"], ROWS),
            "income": rng.choice(["low", "high"], ROWS),
        }
    )
    for column, canary in CANARIES.items():
        frame.loc[17, column] = canary
    frame.to_csv(folder / "people.csv", index=False)
    (folder / "home").mkdir()
    env = marked_environment(folder / "home")
    del env["PREFECT_HOME"]
    few = ["--set", "budget.steps=20", "--set", f"columns.doctor={json.dumps(LEARNED)}"]
    run = ["run", "people.csv", *few, "--set", f"gate={json.dumps(OPEN_GATE)}", "--set", "score.target=income"]
    fit = ["fit", "people.csv", *few, "--model", "model"]
    done = launder(json.dumps(run), json.dumps(fit), folder=folder, code=BOTH, env=env)
    assert done.returncode == 0, done.stderr
    return folder, done


def found_in(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file() and not path.is_symlink()]


def test_the_search_finds_what_is_there(ran):
    """work/ holds the rows, so the same search must find every canary there."""
    (ingested,) = (ran[0] / "laundered" / "work").glob("*/ingested.parquet")
    for path in (ingested, ran[0] / "people.csv"):
        assert {word.encode() for word in WORDS} <= set(leaks(path))


def test_no_canary_leaves_work(ran):
    folder, output = ran[0], ran[0] / "laundered"
    outside = [path for path in found_in(folder) if path.name != "people.csv" and output / "work" not in path.parents]
    names = {path.name for path in outside}
    assert {"data.parquet", "manifest.json", "report.html", "report.json", "model.json"} <= names
    assert any(name.endswith(".safetensors") for name in names)
    for path in outside:
        assert leaks(path) == [], path
        assert not [needle for needle in NEEDLES if needle in str(path).encode()]


def test_what_only_the_inside_may_read_is_in_work_and_nowhere_else(ran):
    output = ran[0] / "laundered"
    for path in output.rglob("report.json"):
        inside = json.loads(path.read_text()).get("internal")
        assert bool(inside) is (output / "work" in path.parents and path.parent.name == "internal"), path


def test_no_canary_reaches_prefect(ran):
    """Its database, its journal, its logs: in work/.prefect, yet for the operator to read; results are not stored."""
    home = ran[0] / "laundered" / "work" / ".prefect"
    files = found_in(home)
    assert home / "prefect.db" in files and not [path for path in files if "storage" in path.parts]
    # it did store the run
    assert any(b"privacy.copies" in path.read_bytes() for path in files if path.name.startswith("prefect.db"))
    for path in files:
        assert leaks(path) == [], path
    assert not list((ran[0] / "home").rglob("*.db"))


def test_no_canary_is_printed(ran):
    _, done = ran
    assert not [word for word in WORDS if word in done.stdout + done.stderr]
    assert done.stderr == ""
