"""Tables of pairs and a copula in any order as a start: exact for copies and for independent columns, the same
whichever way they are asked.
"""

import math
from functools import partial

import numpy as np
import pandas as pd
import pytest
import torch
from scipy.stats import norm

from generators import Budget, fit, open_model
from generators.data.inference import infer
from generators.encoding import encoder
from generators.priors import pairs
from generators.priors.any_order import AnyOrderPrior
from generators.priors.pairs import PairTables, gains
from generators.tabular import diffusion
from generators.tabular._schedule import mutual_information
from generators.training.validation import folds
from tests.generators import tables


def read(frame: pd.DataFrame) -> tuple[PairTables, torch.Tensor]:
    encoded = encoder.fit(frame, infer(frame))
    x, found = torch.from_numpy(encoded.encode(frame)), PairTables(encoded.layout)
    found.fit(x, mutual_information(x, len(encoded.layout.places)))
    return found, x


def told(found: PairTables, x: torch.Tensor, l: int, visible: list[int]) -> torch.Tensor:
    mask = torch.tensor([[m in visible for m in range(x.shape[1])]]).expand_as(x)
    term = found.term(l, x, mask)
    assert term is not None
    return (term + (torch.bincount(x[:, l]) / len(x)).log()).softmax(1).gather(1, x[:, l : l + 1])[:, 0]


def copies(n: int = 600) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    a = rng.choice(list("xyz"), n)
    b = np.where(rng.random(n) < 0.8, a, rng.choice(list("xyz"), n))
    return pd.DataFrame({"b": b, "a": a, "copy": a, "again": a, "noise": rng.choice(list("pq"), n)})


def test_columns_that_say_the_same_count_as_one_and_noise_counts_nothing():
    found, x = read(copies())
    share = (x[:, 0] == x[:, 1]).float().mean()
    once = told(found, x, 0, [1])
    assert once[x[:, 0] == x[:, 1]].mean() == pytest.approx(float(share), abs=0.03)
    for more in ([1, 2], [1, 2, 3], [1, 2, 3, 4]):
        assert torch.allclose(told(found, x, 0, more), once, atol=0.03)


def test_all_orders_of_a_batch_and_one_token_alone_are_told_the_same():
    found, x = read(tables.linked(300))
    before = torch.rand(len(x), 3, 3).gt(0.5).float() * (1 - torch.eye(3))
    every = found.terms(x, before)
    for l in range(3):
        assert torch.allclose(every[l], found.term(l, x, before[:, l] > 0), atol=1e-6)


def test_groups_are_few_where_rows_are_few_and_no_token_is_without_one():
    for rows, most in ((30, 2), (200, 8), (3000, pairs.MOST_GROUPS)):
        rng = np.random.default_rng(rows)
        values = rng.lognormal(0, 2, rows).round(2)
        values[::7] = 0
        found, _ = read(
            pd.DataFrame({"v": values, "w": rng.normal(size=rows).round(3), "gaps": np.where(values, values, np.nan)})
        )
        assert found.group.max() < max(most, 3) and torch.isfinite(found.ratio).all()


def test_a_start_that_is_weakened_to_nothing_is_none():
    found, x = read(tables.linked(300))
    found.weaken(0.0)
    assert (
        found.terms(x, torch.ones(len(x), 3, 3)) == {}
        and found.term(0, x, torch.ones_like(x, dtype=torch.bool)) is None
    )


def test_few_rows_start_from_pairs_and_keep_them_when_saved(tmp_path, monkeypatch):
    frame = tables.linked(400)
    model = fit(frame, "tabular.diffusion", budget=Budget(steps=1))
    monkeypatch.setattr(diffusion, "STARTED_ROWS", 0)
    alone = fit(frame, "tabular.diffusion", budget=Budget(steps=1))
    assert not alone.model.prior.used
    assert model.log_prob(frame).mean() > alone.log_prob(frame).mean() + 0.5 * math.log(2)
    model.save(tmp_path / "model")
    assert open_model(tmp_path / "model").sample(50, seed=1).equals(model.sample(50, seed=1))


def numbers(n: int = 300) -> pd.DataFrame:
    """Four numbers, three of which hang together, one of those with gaps, and a label that they tell; by `v` a
    curve that no correlation tells of.
    """
    rng = np.random.default_rng(0)
    a, v = rng.normal(size=(2, n))
    b, c = (np.round(a + rng.normal(size=n) * spread, 2) for spread in (0.3, 0.5))
    label = np.where(a + 0.3 * rng.normal(size=n) > 0, "up", "down")
    frame = pd.DataFrame({"label": label, "a": a.round(2), "b": np.where(c > 1, np.nan, b), "c": c, "v": v.round(2)})
    return frame.assign(curve=(v**2 + 0.1 * rng.normal(size=n)).round(2))


def prior_of(frame: pd.DataFrame) -> tuple[AnyOrderPrior, torch.Tensor]:
    encoded = encoder.fit(frame, infer(frame))
    x, found = torch.from_numpy(encoded.encode(frame)), AnyOrderPrior(encoded.layout)
    found.fit(x, folds(x, x[:0], np.arange(len(x))), partial(mutual_information, columns=len(encoded.layout.places)))
    return found, x


def test_each_column_is_told_by_what_makes_it_likelier_in_other_rows():
    prior, _ = prior_of(numbers())
    assert {1, 3} <= set(prior.following) and 5 not in prior.following


def test_a_copula_tells_the_same_in_a_batch_of_orders_and_step_by_step():
    prior, x = prior_of(numbers())
    prior.following = list(range(x.shape[1]))
    place = torch.rand(len(x), x.shape[1], generator=torch.Generator().manual_seed(1)).argsort(1)
    every, walk, rows = prior.terms(x, place), prior.walk(x, place + 1), torch.arange(len(x))
    for step in range(x.shape[1]):
        for l in range(x.shape[1]):
            now = rows[place[:, l] == step]
            assert torch.allclose(walk.term(l, (place < step)[now], x[now], now), every[l][now], atol=1e-4)
        for l in range(x.shape[1]):
            walk.show(l, x, rows[place[:, l] == step])
    alone = prior.terms(x[:1].expand(len(x), -1), place[:1])  # one order for all rows
    assert all(torch.allclose(alone[l][3], every[l][0], atol=1e-4) for l in alone)


@pytest.mark.parametrize("visible", [["asked"], ["days"], ["asked", "days"]])
def test_a_number_that_half_of_the_rows_lack_is_told_in_any_order_by_those_that_have_it(visible):
    rng = np.random.default_rng(0)
    asked = rng.choice(["no", "yes", "unknown"], 1000, p=[0.2, 0.3, 0.5])
    weeks = np.where(asked == "no", 2, 0) + rng.normal(size=1000)
    frame = pd.DataFrame({"weeks": weeks, "days": weeks + rng.normal(size=1000) / 2}).round(3)
    there = asked != "unknown"
    prior, x = prior_of(frame.where(np.c_[there, there]).assign(asked=asked))
    place = torch.tensor([[1, *(2 * (name not in visible) for name in ("days", "asked"))]])
    seen = place[:, prior.copula.column] < place[:, :1]
    mu, s = prior.present.told(0, prior.copula.features(x[there])[None], seen)
    score = norm.ppf((frame["weeks"][there].rank().to_numpy() - 0.5) / there.sum())
    assert np.polyfit(mu, score, 1)[0] == pytest.approx(1, abs=0.05)
    assert float(s[0]) == pytest.approx(np.std(score - mu.numpy()), abs=0.05) and float(s[0]) < 0.85


def test_normals_are_told_as_their_correlation_says_whichever_comes_first():
    prior, x = prior_of(numbers(3000)[["a", "c"]])
    nats = []
    for place in ([[0, 1]], [[1, 0]]):
        gained = gains(prior.terms(x, torch.tensor(place)).items(), x, x).mean(0)
        nats.append(float(gained.sum()))
    assert nats[0] == pytest.approx(nats[1], abs=0.02)
    assert nats[0] == pytest.approx(-math.log(1 - 1 / 1.25) / 2, abs=0.08)  # of c = a + noise of deviation .5
