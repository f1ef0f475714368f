"""tabular.marginals under a privacy budget: an audit that finds what is charged and no more, and broken mechanisms."""

import random

import numpy as np
import pandas as pd
import pytest

import generators
from generators import GeneratorError, Privacy
from generators.privacy import noise
from generators.privacy.queries import NoisyQueries
from generators.tabular import marginals

COLUMNS = {
    "a": {"kind": "categorical", "categories": ["x"], "missing": False},
    "b": {"kind": "boolean", "missing": False},
}
ROWS = pd.DataFrame({"a": ["x"] * 30, "b": [False] * 30})
MORE = pd.concat([ROWS, pd.DataFrame({"a": ["unlisted"], "b": [True]})], ignore_index=True)
SQUARED, FITS = 4.0, 120
FIXED = 3  # questions before the groups of pairs, which depend on noisy answers


def told(frame):
    """Return two histograms as a fit was told them, in standard deviations, and all questions."""
    privacy = Privacy(20.0, 1e-2, COLUMNS)
    queries = NoisyQueries(SQUARED)
    data, schema = privacy.conform(frame)
    marginals.measure(data, schema, privacy, queries, marginals.Config(bins=2))
    return np.concatenate([own.values / np.sqrt(own.variance) for own in queries.answers[:2]]), queries


@pytest.fixture
def entropy(monkeypatch):
    """The same noise in every run of a test: a bound on a statistic is then no matter of luck."""
    monkeypatch.setattr(noise.secrets, "randbelow", random.Random(0).randrange)


def audit():
    """Return a lower bound on mu: how far apart the two tables are by the sum of all counts that the row adds to."""
    more_by = np.array([0, 1, 0, 1])
    less, more = (np.stack([told(frame)[0] for _ in range(FITS)]) @ more_by for frame in (ROWS, MORE))
    spread = np.sqrt((less.var() + more.var()) / 2)
    return (more.mean() - less.mean()) / spread if spread > 1e-9 else np.inf


def test_an_audit_finds_no_more_than_is_charged(entropy):
    events = told(ROWS)[1].events
    assert sum(event.squared for event in events) <= SQUARED + 1e-9
    histograms = np.sqrt(sum(event.squared for event in events[:2]))
    assert 0.5 * histograms <= audit() <= 1.6 * histograms <= np.sqrt(SQUARED)


def test_noise_that_is_off_is_caught(entropy, monkeypatch):
    monkeypatch.setattr(noise, "noisy", lambda counts, variance: counts)
    assert audit() > 1.1 * np.sqrt(SQUARED)


def test_rows_that_count_more_than_once_are_caught(entropy, monkeypatch):
    exact = noise.noisy
    monkeypatch.setattr(noise, "noisy", lambda counts, variance: exact(5 * counts, variance))
    assert audit() > 1.1 * np.sqrt(SQUARED)


@pytest.mark.parametrize("value", ["unlisted", None, np.inf, 10**30, ""])
def test_a_row_of_any_kind_changes_no_question(value):
    """Record and replay: a new category, a missing value, a new maximum lead to the same questions."""
    row = pd.DataFrame({"a": [value], "b": [value]}, dtype=object)
    other = pd.concat([ROWS.astype(object), row], ignore_index=True)
    asked = [[(event.what, event.count) for event in told(frame)[1].events[:FIXED]] for frame in (ROWS, other)]
    shapes = [[answer.values.shape for answer in told(frame)[1].answers[:FIXED]] for frame in (ROWS, other)]
    assert asked[0] == asked[1] and shapes[0] == shapes[1]


def test_the_users_seed_is_not_the_seed_of_the_noise():
    assert not np.array_equal(told(ROWS)[0], told(ROWS)[0])
    first, second = (generators.fit(TABLE, "tabular.marginals", privacy=budget(), seed=5) for _ in range(2))
    assert first.record["rows"] != second.record["rows"] or not first.sample(300).equals(second.sample(300))


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
    assert drawn["n"].between(0, 99_999).all() and drawn["n"].notna().all()
    assert set(drawn["a"]) <= {"x", "y", "z", "never"} and (drawn["a"] == "never").mean() < 0.02
    assert (drawn["b"] == (drawn["a"] == "x"))[drawn["a"] == "x"].mean() == pytest.approx(0.9, abs=0.06)
    assert pd.to_datetime(drawn["day"], format="%Y-%m-%d").between("2019-12-01", "2022-01-31").all()
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
    with pytest.raises(GeneratorError, match="entity"):
        Privacy(1.0, 1e-6, STATED, unit="entity")
    with pytest.raises(GeneratorError, match="no differentially private training"):
        generators.fit(TABLE, "tabular.gan", privacy=budget())
