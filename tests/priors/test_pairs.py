"""Tables of pairs as a start: exact for copies and for independent columns, the same whichever way they are asked."""

import math

import numpy as np
import pandas as pd
import pytest
import torch

from generators import Budget, fit, open_model
from generators.data import encoding
from generators.data.schema import infer
from generators.priors import pairs
from generators.priors.pairs import PairTables
from generators.tabular import diffusion
from generators.tabular._schedule import mutual_information
from tests.generators import tables


def read(frame: pd.DataFrame) -> tuple[PairTables, torch.Tensor]:
    encoded = encoding.fit(frame, infer(frame))
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
    monkeypatch.setattr(diffusion, "PAIRED_ROWS", 0)
    alone = fit(frame, "tabular.diffusion", budget=Budget(steps=1))
    assert not alone.model.denoiser.pairs.used
    assert model.log_prob(frame).mean() > alone.log_prob(frame).mean() + 0.5 * math.log(2)
    model.save(tmp_path / "model")
    assert open_model(tmp_path / "model").sample(50, seed=1).equals(model.sample(50, seed=1))
