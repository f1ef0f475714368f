"""tabular.marginals under a privacy budget: what it keeps of a table, and what it refuses."""

import numpy as np
import pandas as pd
import pytest

import generators
from generators import GeneratorError, Privacy

STREAM = np.random.default_rng(0)
TABLE = pd.DataFrame(
    {
        "n": np.where(STREAM.random(4000) < 0.6, 0, STREAM.integers(0, 100_000, 4000)),
        "a": STREAM.choice(["x", "y", "z"], 4000),
        "day": pd.to_datetime("2020-01-01") + pd.to_timedelta(STREAM.integers(0, 700, 4000), "D"),
    }
)
TABLE["b"] = np.where(STREAM.random(4000) < 0.9, TABLE["a"] == "x", TABLE["a"] == "y")
STATED = {
    "n": {"kind": "numerical", "bounds": [0, 99_999], "decimals": 0},
    "a": {"kind": "categorical", "categories": ["x", "y", "z", "never"]},
    "day": {"kind": "datetime", "format": "%Y-%m-%d", "bounds": ["2019-12-01", "2022-01-31"]},
    "b": "boolean",
}


def budget(epsilon=8.0):
    return Privacy(epsilon, 1e-6, STATED)


def test_a_private_model_keeps_its_promise_and_the_shape_of_the_table(tmp_path):
    model = generators.fit(TABLE, "tabular.marginals", privacy=budget())
    assert 7 < model.ledger.epsilon <= 8.0 and model.ledger.delta == 1e-6
    model.save(tmp_path / "model")
    opened = generators.open_model(tmp_path / "model")
    drawn = opened.sample(3000, seed=1)
    assert opened.ledger == model.ledger and drawn.equals(model.sample(3000, seed=1))
    assert (drawn["n"] == 0).mean() == pytest.approx(0.6, abs=0.06)  # an atom on a grid of 100,000 ticks is found
    assert drawn["n"].dropna().between(0, 99_999).all() and drawn["n"].isna().mean() < 0.02  # noise may count a gap
    assert set(drawn["a"]) <= {"x", "y", "z", "never"} and (drawn["a"] == "never").mean() < 0.02
    assert (drawn["b"] == (drawn["a"] == "x"))[drawn["a"] == "x"].mean() == pytest.approx(0.9, abs=0.06)
    days = pd.to_datetime(drawn["day"], format="%Y-%m-%d").dropna()
    assert len(days) > 2940 and days.between("2019-12-01", "2022-01-31").all()
    assert model.sample(50, where={"n": "100..2000", "a": "z"})["n"].between(100, 2000).all()


@pytest.mark.parametrize(
    ("column", "entry", "sentence"),
    [
        ("n", None, "the kind of column 'n' stated"),
        ("n", "numerical", r"bounds and decimals of column 'n' .* columns: \{'n': \{kind: numerical"),
        ("a", "categorical", "the categories of column 'a' stated"),
        ("a", "identifier", "columns: {'a': drop}"),
        ("n", {"kind": "numerical", "bounds": [5, 5], "decimals": 0}, "lower and a higher bound"),
        ("day", {"kind": "datetime", "format": "%Y-%m-%d", "bounds": ["x", "y"]}, "in its format"),
    ],
)
def test_a_private_field_stops_the_run_and_names_the_line_to_write(column, entry, sentence):
    stated = {name: own for name, own in (STATED | {column: entry}).items() if own is not None}
    with pytest.raises(GeneratorError, match=sentence):
        generators.fit(TABLE, "tabular.marginals", privacy=Privacy(3.0, 1e-6, stated))


def test_what_cannot_be_promised_is_refused():
    with pytest.raises(GeneratorError, match="drowns"):
        generators.fit(TABLE.head(5), "tabular.marginals", privacy=budget(0.01))
    for unit in ({"unit": "entity"}, {"rows_per_entity": 3}, {"unit": "entity", "rows_per_entity": 0}):
        with pytest.raises(GeneratorError, match="rows_per_entity of 1 or more"):
            Privacy(1.0, 1e-6, STATED, **unit)
    with pytest.raises(GeneratorError, match="no differentially private training"):
        generators.fit(TABLE, "tabular.gan", privacy=budget())


def test_the_record_of_a_private_fit_tells_no_more_than_its_ledger():
    """No digest of the rows, by which a guessed table could be tested; no number of them, nor the time they took."""
    known = {"ledger", "rows", "steps", "loss", "validation", "validation_rows", "device", "reason"}
    record = generators.fit(TABLE, "tabular.marginals", privacy=budget()).record
    assert set(record) == known | {"stopped", "memory_mb"} and record["validation_rows"] == []
