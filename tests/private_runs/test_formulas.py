"""Formulas that are stated under a privacy budget: nothing is asked of such a column, and every drawn row keeps it."""

import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import generators
from generators import GeneratorError, Privacy
from generators.privacy import fitting, formulas, noise, subsampling
from pipelines.modalities import private_tabular
from tests import runs
from tests.derived import tables
from tests.private_runs.test_runs import QUICK, loaded

DAY = {"kind": "datetime", "format": "%d.%m.%Y"}
COLUMNS = {
    "quantity": {"kind": "numerical", "bounds": [0, 20], "decimals": 0},
    "price": {"kind": "numerical", "bounds": [0, 500], "decimals": 2, "missing": False},
    "rate": {"kind": "numerical", "bounds": [0, 0.25], "decimals": 2, "missing": False},
    "net": {"kind": "numerical", "derived": "price * quantity"},
    "tax": {"kind": "numerical", "derived": "net * rate", "decimals": 2},
    "gross": {"kind": "numerical", "derived": "net + tax", "decimals": 2},
    "days": {"kind": "numerical", "bounds": [0, 60], "decimals": 0, "missing": False},
    "ordered": DAY | {"bounds": ["01.01.2020", "31.12.2030"], "missing": False},
    "delivered": DAY | {"derived": "ordered + days * day"},
    "kg": {"kind": "numerical", "bounds": [0, 100], "decimals": 1},
    "lb": {"kind": "numerical", "derived": "2.20462 * kg", "decimals": 1},
}
DERIVED = [name for name, one in COLUMNS.items() if "derived" in one]


def sales(rows=400, **how):
    frame = tables.sales(rows, missing=0.05, **how)
    return frame.assign(ordered=frame["ordered"].dt.strftime("%d.%m.%Y"))[list(COLUMNS)]


@pytest.mark.parametrize("name", ["tabular.marginals", "tabular.autoregressive", "tabular.diffusion"])
def test_what_is_stated_holds_in_every_row_and_is_not_asked_for(monkeypatch, tmp_path, name):
    monkeypatch.setattr(fitting, "CALIBRATION_STEPS", 2)
    monkeypatch.setattr(subsampling, "noise_for", lambda *asked: 4.0)
    options = {} if name == "tabular.marginals" else {"width": 8, "budget": generators.Budget(steps=2)}
    model = generators.fit(sales(), name, privacy=Privacy(20.0, 1e-5, COLUMNS), **options)
    told = [event["what"] for event in model.record["ledger"]["events"]]
    assert not [what for what in told for one in DERIVED if one in what]
    assert set(model.record["derived"]) == set(DERIVED)
    model.save(tmp_path / "m")
    drawn = generators.open_model(tmp_path / "m").sample(300, seed=1, where={"quantity": ">2"})
    kept = tables.kept(drawn.assign(ordered=pd.to_datetime(drawn["ordered"], format="%d.%m.%Y")))
    assert list(drawn) == list(COLUMNS) and set(kept.values()) == {1.0}
    assert model.sample(50, seed=1, where={"gross": ">100"})["gross"].astype(float).min() > 100


def test_whatever_a_derived_column_holds_the_same_is_asked_and_made(monkeypatch):
    asked, told, exact = [], [], noise.noisy
    monkeypatch.setattr(noise, "noisy", lambda counts, variance: told.append(exact(counts, variance)) or told[-1])
    privacy = Privacy(20.0, 1e-5, COLUMNS)
    model = generators.fit(sales(), "tabular.marginals", privacy=privacy)
    answers = iter(told)
    monkeypatch.setattr(noise, "noisy", lambda counts, variance: asked.append(counts) or next(answers))
    wrong = sales().assign(net=-1, tax=np.nan, gross="x", delivered="01.01.2021", lb=5)
    other = generators.fit(wrong, "tabular.marginals", privacy=privacy)
    assert len(asked) == len(told) and other.record == model.record
    assert other.sample(50, seed=2).equals(model.sample(50, seed=2))


NUMBERS = {
    "a": {"kind": "numerical", "bounds": [-3, 9], "decimals": 1, "missing": False},
    "b": {"kind": "numerical", "bounds": [0, 4], "decimals": 0},
}


@settings(max_examples=40, deadline=None)
@given(
    st.sampled_from(
        [
            "a + b",
            "a - 0.25 * b",
            "a * b",
            "a / b",
            "b / a ^ 2",
            "floor(a * b)",
            "3 - a * a",
            "b / 2",
            "log(a)",
            "exp(a)",
        ]
    ),
    st.sampled_from([None, 0, 3]),
    st.integers(0, 99),
)
def test_results_lie_within_what_is_known_of_them(text, decimals, seed):
    entry = {"kind": "numerical", "derived": text} | ({} if decimals is None else {"decimals": decimals})
    privacy = Privacy(1.0, 1e-6, {**NUMBERS, "c": entry})
    if decimals is None and re.search("/ [ab]|log|exp", text.replace("b / a", "/ a")):
        with pytest.raises(GeneratorError, match=r"the decimals \(its formula "):
            privacy.public("abc")
        return
    (one,) = formulas.derived(privacy.public("abc"))
    stream = np.random.default_rng(seed)
    a, b = stream.integers(-30, 91, 200) / 10, stream.integers(0, 5, 200).astype(float)
    ticks, is_missing = one.ticks([{"a": a, "b": b}[name] for name in one.formula.sources])
    assert (ticks[~is_missing] >= one.column.low[0]).all() and (ticks[~is_missing] <= one.column.high[0]).all()
    assert one.column.missing or not is_missing.any()
    if decimals is None and "floor" not in text:
        exact = one.formula.value([{"a": a, "b": b}[name] for name in one.formula.sources])
        assert np.allclose(ticks / one.column.scale, exact, atol=1e-9)


REFUSED = {
    '{"kind": "numerical", "derived": "a + x"}': "found 'x'",
    '{"kind": "categorical", "derived": "a + b"}': "expected kind numerical or datetime",
    '{"kind": "numerical", "derived": "a + b", "bounds": [0, 1]}': "neither bounds nor categories",
    '{"kind": "datetime", "derived": "a + b"}': "expected the format of column 'c'",
    '{"kind": "numerical", "derived": "a ^ 2 * 1000000000000", "decimals": 9}': "64-bit numbers of its decimals",
}


@pytest.mark.parametrize("entry", REFUSED)
def test_what_no_formula_can_be_is_one_sentence(entry):
    with pytest.raises(GeneratorError, match="expected") as refused:
        formulas.derived(Privacy(1.0, 1e-6, {**NUMBERS, "c": json.loads(entry)}).public("abc"))
    assert REFUSED[entry] in str(refused.value)


def test_formulas_in_a_circle_are_refused():
    circle = {"a": {"kind": "numerical", "derived": "b - 1"}, "b": {"kind": "numerical", "derived": "a + 1"}}
    with pytest.raises(GeneratorError, match="found 'a', 'b' to follow from each other"):
        Privacy(1.0, 1e-6, circle).public("ab")


def test_a_run_learns_the_rest_and_says_what_it_works_out(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    frame = sales(700)[["price", "quantity", "net", "kg"]]
    frame.assign(net=frame["net"].where(frame.index != 3, 7)).to_csv("people.csv", index=False)
    stated = {"net": COLUMNS["net"], "*": "infer"}
    asked = loaded("people.csv", *QUICK, f"columns={json.dumps(stated)}", "privacy.domain=learn", "score.target=net")
    ended = runs.launder(asked)
    manifest = json.loads((Path(ended["place"]) / "manifest.json").read_text())
    assert not [event for event in manifest["ledger"]["events"] if "net" in event["what"]]
    assert any(note.endswith("as stated: net = price * quantity.") for note in ended["notes"])
    drawn = pd.read_parquet(Path(ended["place"]) / "data").dropna()
    assert np.allclose(drawn["net"], drawn["price"] * drawn["quantity"])
    columns = {name: COLUMNS[name] for name in frame}
    asked = loaded("people.csv", f"columns={json.dumps(columns)}", "score.target=net")
    said = "1 values of column 'net' are not what its formula says; those drawn all are."
    assert said in private_tabular.inspect(asked)
