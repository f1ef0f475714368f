"""Rows of one entity: it keeps its own values, what they share goes together, they come in their order, and each row
still depends on the seed and its number alone.
"""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from torch.special import ndtr

import generators
from generators.contract import Budget
from generators.data.inference import infer
from generators.encoding import encoder
from generators.identifiers import entities
from generators.sampling import shared
from generators.tabular.autoregressive import Autoregressive
from pipelines.config import relations

KEPT = ["sex", "born"]


def visits(patients: int = 150, seed: int = 0) -> pd.DataFrame:
    """Return visits of patients: a date of birth for each, weights near their own, costs of no one's."""
    rng = np.random.default_rng(seed)
    own = np.repeat(np.arange(patients), rng.integers(1, 8, patients))
    days, rows = rng.integers(0, 600, patients)[own] + np.sort(rng.integers(0, 300, len(own))), len(own)
    born = pd.Timestamp("1940-01-01") + pd.to_timedelta(rng.integers(0, 20_000, patients), "D")
    found = {"patient": [f"P-{k * 7 + 1000}" for k in own], "cost": rng.gamma(2, 50, rows).round(2)}
    found["weight"] = (rng.normal(70, 12, patients)[own] + rng.normal(0, 2, rows)).round(1)
    found["seen"] = pd.Timestamp("2020-01-01") + pd.to_timedelta(days, "D")
    found |= {"sex": rng.choice(["f", "m"], patients)[own], "born": born[own]}
    return pd.DataFrame(found).sort_values(["patient", "seen"], ignore_index=True)


@pytest.fixture(scope="module")
def model():
    frame = visits()
    schema = infer(frame, {"patient": "identifier"})
    return generators.fit(frame, schema=schema, groups=frame["patient"], budget=Budget(steps=20))


def agreement(frame, column):
    """How rows of an entity go together in a column: the correlation of two that follow one another."""
    together = (frame["patient"] == frame["patient"].shift()).to_numpy()
    return np.corrcoef(frame[column][together], frame[column].shift()[together])[0, 1]


def test_an_entity_keeps_its_own_and_its_rows_go_together_in_order(model):
    drawn, real = model.sample(3000, seed=1), visits()
    by_patient = drawn.groupby("patient")
    assert (by_patient[KEPT].nunique() == 1).all(axis=None) and drawn["born"].nunique() > 300
    assert by_patient["seen"].apply(lambda dates: dates.is_monotonic_increasing).mean() > 0.9  # within a cell any order
    assert agreement(drawn, "weight") > 0.8 and abs(agreement(drawn, "cost")) < 0.1
    assert drawn["weight"].std() == pytest.approx(real["weight"].std(), rel=0.2)
    assert abs((drawn["sex"] == "f").mean() - (real["sex"] == "f").mean()) < 0.06
    [said] = relations.worked_out(model.record)
    assert "keep one value of sex, born, come in the order of seen, are alike in" in said and "weight" in said


def test_rows_that_share_do_not_depend_on_how_they_are_drawn(model, tmp_path):
    model.save(tmp_path / "model")
    opened, whole = generators.open_model(tmp_path / "model"), model.sample(2200, seed=3).drop(columns="patient")
    for asked in ({}, {"constraints": ["weight > 65"]}):
        whole = model.sample(2200, seed=3, **asked)
        learned = whole.drop(columns="patient")
        pd.testing.assert_frame_equal(opened.sample(70, seed=3, **asked).drop(columns="patient"), learned.head(70))
        part = model.sample_part(range(2000, 2200), seed=3, **asked)[learned.columns]
        pd.testing.assert_frame_equal(part, learned.iloc[2000:].reset_index(drop=True))
        own = whole.head(2000).groupby("patient")[KEPT].nunique()
        assert (own == 1).all(axis=None) and (not asked or whole["weight"].min() > 65)


def test_a_balanced_panel_has_each_year_of_an_entity_once():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"firm_id": [f"F{k:04d}" for k in np.repeat(range(60), 8)], "year": [*range(1980, 1988)] * 60})
    frame["staff"] = np.repeat(rng.gamma(3, 50, 60), 8) + rng.normal(0, 5, 480)
    schema = infer(frame, {"firm_id": "identifier"})
    model = generators.fit(frame, schema=schema, groups=frame["firm_id"], budget=Budget(steps=1))
    years = model.sample(800, seed=1).groupby("firm_id")["year"]
    assert (years.nunique() == years.size()).mean() > 0.8 and years.apply(lambda own: own.is_monotonic_increasing).all()
    assert model.record["entities"]["in_order_of"] == "year" and model.record["entities"]["evenly"]


def test_a_condition_holds_for_all_of_an_entity_and_few_entities_share_nothing(model):
    given = model.sample(500, seed=2, where={"sex": "m", "weight": "< 80"})
    assert (given["sex"] == "m").all() and given["weight"].max() < 80
    assert (given.groupby("patient")["born"].nunique() == 1).all()
    few = visits(12)
    found = encoder.fit(few, infer(few, {"patient": "identifier"}), groups=few["patient"]).panel
    assert (found.owner, found.kept, found.time) == ("patient", 0, None)
    assert encoder.fit(few, infer(few, {"patient": "identifier"})).panel is None


@pytest.mark.parametrize(("effect", "share"), [(0.0, 0.0), (0.6, 0.0), (0.97, 0.0), (0.0, 0.7)])
def test_the_effect_of_entities_is_found_by_its_likelihood(effect, share):
    """Of tokens of twelve and of ten values."""
    stream = torch.Generator().manual_seed(0)
    own, entity = (torch.randn(rows, 2, dtype=torch.float64, generator=stream) for rows in (1500, 300))
    owners = np.arange(1500) // 5
    mixed = effect * entity[owners] + (1 - effect**2) ** 0.5 * own
    u = ndtr(torch.where(torch.rand(1500, 2, generator=stream) < share, entity[owners], mixed))
    cells = torch.tensor([12, 10])
    x = (u * cells).floor()
    frame = pd.DataFrame({"id": owners, "a": np.arange(1500) % 7, "b": np.arange(1500) % 11})
    encoded = encoder.fit(frame, infer(frame, {"id": "identifier"}), groups=owners)
    found, even = shared.measure(lambda x: (x / cells, (x + 1) / cells), x, owners, encoded, seed=0)
    assert found.flatten().tolist() == pytest.approx([effect, effect, share, share], abs=0.16) and not even


@pytest.mark.parametrize("missing", [0.0, 0.3])
def test_which_rows_belong_together_does_not_hang_on_how_many_there_are(missing):
    rng, place = np.random.default_rng(1), np.arange(3000)
    frame = pd.DataFrame({"order_id": [f"O-{k // 3:06d}" for k in place], "n": place % 7})
    frame["customer_id"] = [f"K-{k // 15:06d}" for k in place]
    frame.loc[rng.random(3000) < missing, ["order_id", "customer_id"]] = None
    groups = entities.fit(frame, infer(frame), "salt")
    many, few = (entities.numbers(groups, n, 5) for n in (2000, 700))
    assert {*many} == {"order_id", "customer_id"}
    for name, found in few.items():
        assert (many[name][:700] == found).all()
        assert np.bincount(many[name][many[name] >= 0]).max() <= entities.longest(groups, name)


def test_rows_that_share_a_name_alone_are_drawn_as_those_without_one():
    rng = np.random.default_rng(0)
    tried, who = rng.integers(0, 60, 300), rng.integers(0, 250, 300)
    frame = pd.DataFrame({"who": [f"N-{k * 7 + 1000}" for k in who], "tried": tried, "won": rng.integers(0, tried + 1)})
    schema = infer(frame, {"who": "identifier"})
    own = generators.fit(frame, schema=schema, groups=frame["who"], budget=Budget(steps=2))
    assert own.encoding.panel is not None and not own.model.shared.any()
    alone = Autoregressive(replace(own.encoding, panel=None), own.config, own.model, own.record)
    drawn, wanted = (one.sample(200, seed=1, constraints=["won <= tried"]) for one in (own, alone))
    pd.testing.assert_frame_equal(drawn, wanted)
