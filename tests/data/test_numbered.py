"""Numbers that name entities by what they decide, though no name of a column says so."""

import numpy as np
import pandas as pd
import pytest

from generators import infer
from launderette.pipelines import config
from launderette.pipelines.stages import ingestion


def answers(people=60, each=6):
    """Rows of respondents, six each: sex, age and region are a person's, what is tasted and how it is liked a row's."""
    rng, who = np.random.default_rng(0), np.repeat(np.arange(people), each)
    own = {"sex": rng.choice(["f", "m"], people), "age": rng.integers(18, 80, people), "region": rng.choice(4, people)}
    rows = {"soup": rng.integers(1, 5, people * each), "liked": rng.integers(1, 8, people * each)}
    return pd.DataFrame({"resp": 1 + who, **{name: values[who] for name, values in own.items()}, **rows})


def kind(frame, **kinds):
    column = infer(frame, kinds).columns[0]
    return column.kind, getattr(column, "repeats", False)


@pytest.mark.parametrize("first", [1, 101])
def test_a_number_that_decides_half_of_the_columns_names_an_entity(first):
    frame = answers()
    assert kind(frame.assign(resp=frame["resp"] + first - 1)) == ("identifier", True)


@pytest.mark.parametrize(
    "changed",
    [
        lambda frame: frame.assign(age=frame["liked"], region=frame["soup"]),  # two of five columns are left
        lambda frame: frame.assign(sex="f", age=40, region=1, soup=frame["soup"], liked=3),  # everybody is the same
        lambda frame: frame.assign(resp=frame["resp"] * 37),  # a quantity
        lambda frame: pd.DataFrame(
            {"age": frame["resp"], "capped": np.minimum(frame["resp"], 50), "soup": frame["soup"]}
        ),
        lambda frame: frame.assign(name=frame["resp"].map("county {}".format)),  # named by another column
        lambda frame: frame.assign(resp=np.random.default_rng(1).permutation(frame["resp"])),
    ],
)
def test_what_decides_little_counts_nothing_or_is_named_is_a_quantity(changed):
    assert kind(changed(answers())) == ("numerical", False)


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (lambda k: f"DE{4_100_000 + 37 * k}", ("identifier", True)),
        (lambda k: f"district {k}", ("categorical", False)),
        (lambda k: f"{k:05d}", ("categorical", False)),
    ],
)
def test_a_long_code_that_names_a_row_with_a_date_names_an_entity(code, expected):
    hours = pd.date_range("2025-01-01", periods=72, freq="h")
    frame = pd.DataFrame({"unit": [code(k) for k in range(30) for _ in hours], "at": [*hours] * 30})
    frame["use"] = np.random.default_rng(0).gamma(2, 1, len(frame)).round(3)
    assert kind(frame) == expected
    assert kind(pd.concat([frame, frame.head(40)])) == ("categorical", False)  # rows that repeat: no series


def test_the_owner_may_state_otherwise(tmp_path):
    answers().to_csv(tmp_path / "t.csv", index=False)
    assert kind(answers(), resp="numerical") == ("numerical", False)
    for setting, found in ([], "identifier"), (["split.entity=none"], "numerical"):
        _, schema = ingestion.ingest(config.load(str(tmp_path / "t.csv"), setting))
        assert schema.columns[0].kind == found
