"""`launder augment`: what it refuses before anything is trained, each in one sentence without a value of a row."""

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from pipelines.cli import main

SECRET = "Quixworth"


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {"age": rng.integers(20, 60, 60), "town": rng.choice(["Ulm", SECRET], 60), "pay": rng.normal(size=60).round(3)}
    )
    frame["member"] = np.where(frame["age"] > 45, "yes", "no")
    frame.loc[3, "member"] = SECRET
    frame.to_csv("odd.csv", index=False)
    frame = frame.drop(index=3)
    frame.to_csv("data.csv", index=False)
    frame.tail(5).to_csv("test.csv", index=False)
    for name in ("a/1.png", "b/2.png"):
        path = tmp_path / "pictures" / name
        path.parent.mkdir(parents=True)
        Image.new("L", (8, 8)).save(path)
    return tmp_path


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["data.csv"], "found none; name its column with --target"),
        (["data.csv", "--target", "membr"], "found 'membr'; did you mean 'member'?"),
        (["data.csv", "--target", "pay"], "continuous numbers; give a number of bins (--bins 4)"),
        (["data.csv", "--target", "member", "--bins", "3"], "expected numbers in the target 'member'"),
        (["odd.csv", "--target", "member"], "at least two rows of every class of 'member', found 1 classes with one"),
        (["data.csv", "--target", "member", "--class", "maybe=90"], "found one that no row has"),
        (["data.csv", "--target", "member", "--class", "yes=many"], "found no number after '='"),
        (["data.csv", "--target", "member", "--class", "yes=1"], "real rows are never removed"),
        (["data.csv", "--target", "member", "--share", "yes=0.7", "--share", "no=0.7"], "sum to 1, found 1.4"),
        (
            ["data.csv", "--target", "member", "--share", "yes=0.99", "--share", "maybe=0.01"],
            "found one that no row has",
        ),
        (["data.csv", "--target", "member", "--to", "2", "--class", "yes=90"], "one of to, counts and shares"),
        (["data.csv", "--target", "member", "--to", "half"], "augment.to"),
        (["data.csv", "--target", "member", "--test", "test.csv"], "no test row among the training rows, found 5"),
        (["data.csv", "--target", "member", "--generator", "tabular.gam"], "did you mean 'tabular.gan'?"),
        (
            ["data.csv", "--target", "member", "--compare", "image.gan"],
            "whose names begin with 'tabular.' for a table, found image.gan",
        ),
        (["pictures"], "at least two rows of every class of 'label', found 2 classes with one"),
        (["pictures", "--compare", "tabular.gan"], "whose names begin with 'image.' for images, found tabular.gan"),
        (["pictures", "--format", "csv"], "parquet or folder for images, found csv"),
        (["data.csv", "--target", "member", "--folds", "1"], "augment.folds"),
    ],
)
def test_bad_input_in_one_sentence(here, capsys, words, said):
    assert main(["augment", *words]) == 1
    captured = capsys.readouterr()
    (line,) = captured.err.splitlines()
    assert line.startswith("launder: expected") and said in line
    assert SECRET not in captured.out + line and "Traceback" not in captured.out
    assert not (here / "laundered").exists()
