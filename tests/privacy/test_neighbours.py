"""Neighbouring tables: whatever one row more holds, the same is asked, in the same shapes, and where the answers are
the same, so is all that comes out.
"""

import datetime
import decimal

import numpy as np
import pandas as pd
import pytest

import generators
from generators.encoding.encoding import Encoding
from generators.privacy import entropy, fitting, learning, noise, subsampling
from generators.privacy.domain import PublicColumn
from generators.privacy.queries import NoisyQueries
from generators.tabular import marginals
from pipelines.privacy import splitting
from pipelines.run.artifacts import LaunderError

ROWS = 60
STREAM = np.random.default_rng(0)
DAYS = pd.to_datetime("2001-01-01") + pd.to_timedelta(STREAM.integers(0, 700, ROWS), "D")
LABELS = {"kind": "categorical", "categories": ["x", "y"]}
COLUMNS = {
    "number": {"kind": "numerical", "bounds": [0, 99], "decimals": 0, "missing": False},
    "amount": {"kind": "numerical", "bounds": [-1.5, 1.5], "decimals": 2},
    "price": {"kind": "numerical", "bounds": [0, 2], "decimals": 2, "format": "€1,234.50"},
    "label": LABELS | {"missing": False},
    "other": LABELS,
    "truth": {"kind": "boolean", "missing": False},
    "day": {"kind": "datetime", "format": "%Y-%m-%d", "bounds": ["2000-01-01", "2020-12-31"], "missing": False},
}
TABLE = pd.DataFrame(
    {
        "number": STREAM.integers(0, 99, ROWS),
        "amount": STREAM.random(ROWS),
        "price": [f"€{price:.2f}" for price in STREAM.random(ROWS)],
        "label": STREAM.choice(["x", "y"], ROWS),
        "other": STREAM.choice(["x", "y"], ROWS),
        "truth": STREAM.random(ROWS) < 0.5,
        "day": DAYS.strftime("%Y-%m-%d"),
    },
    dtype=object,
)
MOMENT = datetime.datetime(2010, 1, 1, 3, tzinfo=datetime.UTC)
ODD = [None, pd.NaT, np.datetime64("NaT"), "", b"x", [1], {"a": 1}, {1}, np.array([1, 2]), object(), 1 + 2j, np.inf]
ODD += [decimal.Decimal("sNaN"), decimal.Decimal("1e400"), 10**400, "9" * 5000, "\ud800", "1_000", "(other)", True]
ODD += [datetime.date(1, 1, 1), datetime.date(9999, 12, 31), MOMENT, datetime.time(3), pd.Timedelta("1D"), "0000-00-00"]


def with_row(value):
    return pd.DataFrame({name: pd.Series([*TABLE[name], value], dtype=object) for name in TABLE})


@pytest.mark.parametrize("value", ODD, ids=lambda value: f"{type(value).__name__} {value!r:.20}")
def test_a_row_of_any_kind_has_cells_and_changes_none_of_the_others(value):
    privacy = generators.Privacy(20.0, 1e-2, COLUMNS)
    (before, schema), (after, other) = privacy.conform(TABLE), privacy.conform(with_row(value))
    assert other == schema and after.iloc[:-1].equals(before) and after.dtypes.equals(before.dtypes)
    tables = [
        marginals.histograms.learn(before[one.name], one, NoisyQueries(40.0), 0.1) for one in privacy.public(TABLE)
    ]
    encoded = Encoding(schema, tuple(one.column for one in tables))
    tokens = marginals.tokens_of(encoded, after)
    assert (tokens >= 0).all() and (tokens < np.array(encoded.layout.sizes)).all()
    assert np.array_equal(tokens[:-1], marginals.tokens_of(encoded, before))
    learning.learn(with_row(value)[["number"]], generators.Privacy(90.0, 1e-2, {}, domain="learn"))


@pytest.mark.parametrize("name", ["day", "truth"])
@pytest.mark.parametrize("value", [pd.NaT, MOMENT, "2010-01-01"], ids=str)
def test_dates_of_one_zone_are_read_as_beside_a_value_of_another_type(name, value):
    column = PublicColumn.read(name, COLUMNS[name])
    dates = pd.Series(pd.date_range("2010-03-01", periods=3, tz="Europe/Vienna"))  # in UTC the days before
    before, after = column.conformed(dates), column.conformed(pd.Series([*dates, value], dtype=object))
    assert after.iloc[:-1].equals(before) and (name == "truth" or before[0] == "2010-03-01")


def replayed(monkeypatch, answers):
    """Have noise and chance come as before, and nobody chosen beyond the first ROWS."""
    stream = np.random.default_rng(3)
    monkeypatch.setattr(noise, "noisy", answers)
    monkeypatch.setattr(entropy, "normals", stream.standard_normal)
    monkeypatch.setattr(entropy, "uniforms", lambda count: 1 - stream.random(count))
    among = lambda count, rate: np.append(stream.random(ROWS) <= rate, np.zeros(count - ROWS, dtype=bool))  # noqa: E731
    monkeypatch.setattr(entropy, "chosen", among)


@pytest.mark.parametrize("name", ["tabular.marginals", "tabular.autoregressive", "tabular.diffusion"])
def test_of_the_same_answers_the_same_model_is_made_whoever_is_in_the_table(monkeypatch, name):
    monkeypatch.setattr(fitting, "CALIBRATION_STEPS", 2)
    monkeypatch.setattr(subsampling, "noise_for", lambda *asked: 4.0)
    exact, told = noise.noisy, []
    how = {"privacy": generators.Privacy(20.0, 1e-2, COLUMNS), "budget": generators.Budget(steps=2)}
    how |= {} if name == "tabular.marginals" else {"width": 8}
    replayed(monkeypatch, lambda counts, variance: told.append(exact(counts, variance)) or told[-1])
    less = generators.fit(TABLE, name, **how)
    answers = iter(told)

    def again(counts, variance):
        answer = next(answers)
        assert answer.shape == counts.shape
        return answer

    replayed(monkeypatch, again)
    more = generators.fit(with_row(None), name, **how)
    assert next(answers, None) is None and more.record == less.record
    assert more.encoding.to_dict() == less.encoding.to_dict() and more.sample(9, seed=1).equals(less.sample(9, seed=1))
    weights = less.model.state_dict()
    assert all(own.equal(weights[key]) for key, own in more.model.state_dict().items())


def test_nothing_but_noisy_counts_tells_that_there_are_no_rows_to_train_on():
    train, held = splitting.split(TABLE, holdout=0.9999)
    assert not len(train) and len(held) == ROWS
    with pytest.raises(generators.GeneratorError, match=r"the noise .* drowns"):
        generators.fit(train, "tabular.marginals", privacy=generators.Privacy(20.0, 1e-2, COLUMNS))
    with pytest.raises(LaunderError, match="each side of the split, found fewer"):  # the holdout is not protected
        splitting.split(TABLE, holdout=0.0001)
    with pytest.raises(LaunderError, match="each side of the split, found fewer"):
        splitting.halves(TABLE.head(1))
