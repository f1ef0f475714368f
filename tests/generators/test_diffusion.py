"""Masked diffusion: schedules worked by hand, probabilities that sum to one, what a token sees, known cells,
imputation.
"""

import itertools
import math

import numpy as np
import pandas as pd
import pytest
import torch

from generators import Budget, fit
from generators.data import encoding
from generators.data.schema import infer
from generators.tabular.diffusion import Config, Model
from tests.generators import tables


@pytest.fixture(scope="module")
def model():
    return fit(tables.linked(2000), "tabular.diffusion", budget=Budget(steps=300))


def small(frame: pd.DataFrame, **options: float) -> Model:
    layout = encoding.fit(frame, infer(frame)).layout
    return Model(layout, width=8, embedding=3, depth=1, **({"sharpness": 4.0, "conditional": 0.0} | options))


def grid() -> pd.DataFrame:
    columns = [["x", "y", "z"], ["p", "q", "r"], [10 * k + r for k in range(3) for r in range(4)]]
    return pd.DataFrame(list(itertools.product(*columns)), columns=["a", "b", "n"])


def test_orders_are_drawn_with_the_weights_of_the_schedule():
    # weights 16, 4, 1: a first in 16 of 21 draws, b before n in 4 of 5
    net = small(tables.linked())
    torch.manual_seed(0)
    T = net.schedule.moments(40_000)
    first, b_before_n = T.argmin(1), (T[:, 1] < T[:, 2]).double().mean()
    assert (first == 0).double().mean() == pytest.approx(16 / 21, abs=0.01)
    assert b_before_n == pytest.approx(4 / 5, abs=0.01)


def test_known_columns_are_there_from_the_beginning():
    # n is first where it alone is known (3/4 of the draws have one known column, of three), or before the other of two
    # known ones:
    # 1/4 + 1/4 * (1/3 * 1/17 + 1/3 * 1/5)
    net = small(tables.linked(), conditional=1.0)
    torch.manual_seed(0)
    assert (net.schedule.moments(40_000).argmin(1) == 2).double().mean() == pytest.approx(0.2716, abs=0.01)


def test_a_token_sees_what_was_revealed_before_it_and_nothing_else():
    net = small(tables.linked()).denoiser
    for out in net.heads.out:
        torch.nn.init.normal_(out)
    b_a_n = torch.tensor([[1, 0, 2]])

    def told(row):
        return net([torch.tensor([row])], b_a_n, {})

    row, later, first = told([0, 1, 5]), told([0, 1, 6]), told([0, 2, 5])
    assert torch.equal(row[:, :2], later[:, :2]) and not torch.equal(row[:, 2], later[:, 2])
    assert not torch.equal(row[:, 0], first[:, 0])
    a_first = net([torch.tensor([[0, 1, 5]]), torch.tensor([[0, 1, 5]])], torch.tensor([[1, 0, 2], [0, 1, 2]]), {})
    assert torch.allclose(a_first[:1], row) and not torch.allclose(a_first[1:, 0], row[:, 0])


def test_fine_tokens_follow_all_coarse_ones():
    frame = pd.DataFrame({"v": np.round(np.random.default_rng(0).lognormal(5, 2, 4000), 2), "w": ["a", "b"] * 2000})
    T = small(frame, conditional=0.5).schedule.moments(500)
    assert T.shape[1] == 3 and (T[:, 2] > T[:, :2].amax(1)).all()
    fitted = fit(frame, "tabular.diffusion", budget=Budget(steps=20))
    assert fitted.sample(2000)["v"].between(frame["v"].min(), frame["v"].max()).all()
    assert np.isfinite(fitted.log_prob(frame)).all()


def test_an_untrained_model_knows_the_marginals():
    frame = pd.DataFrame({"a": ["x"] * 30 + ["y"] * 10, "b": ["p"] * 20 + ["q"] * 20})
    encoded = encoding.fit(frame, infer(frame))
    x, net = torch.from_numpy(encoded.encode(frame)), small(frame).eval()
    net.denoiser.heads.start_from_marginals(x)
    assert net(x[:1]).item() == pytest.approx(-math.log(0.75 * 0.5), abs=0.01)


def test_the_copula_knows_what_is_revealed_before_a_token_and_nothing_else():
    z = np.random.default_rng(0).normal(size=(500, 2)) @ [[1.0, 0.9], [0.0, 0.4]]
    frame = pd.DataFrame(z, columns=["a", "b"]).round(1)
    encoded = encoding.fit(frame, infer(frame))
    x, net = torch.from_numpy(encoded.encode(frame)), small(frame)
    net.start(x[:450], x[450:])
    assert net.copula.used
    b_first = net._terms((x,), torch.tensor([[1, 0]]))
    assert b_first[1].abs().max() < 1e-3  # log p(b) / p(b) = 0
    assert b_first[0].gather(1, x[:, :1]).mean() > 0.3  # nats that b tells of a


def test_probabilities_sum_to_one_and_draws_follow_them(model):
    cells = grid()
    p = np.exp(model.log_prob(cells))
    assert p.sum() == pytest.approx(1, abs=1e-4)
    drawn = model.sample(20_000, seed=1).groupby(["a", "b", "n"]).size().reset_index(name="drawn")
    merged = cells.assign(p=p).merge(drawn, how="left").fillna(0)
    assert np.abs(merged["p"] - merged["drawn"] / 20_000).max() < 4 * np.sqrt(0.25 / 20_000)


def test_a_condition_on_a_later_column_gives_its_conditional(model):
    frame = tables.linked(2000)
    real = frame[frame["n"] >= 20]["a"].value_counts(normalize=True)
    drawn = pd.concat([model.sample(500, where={"n": n}, seed=n) for n in (20, 21, 22, 23)])["a"].value_counts(
        normalize=True
    )
    assert real.index[0] == drawn.index[0] == "z" and drawn["z"] > 0.95


def test_numbers_named_by_a_condition_are_written_as_they_are():
    frame = pd.DataFrame({"v": np.random.default_rng(0).integers(0, 10_000, 500), "w": ["a", "b"] * 250})
    drawn = fit(frame, "tabular.diffusion", budget=Budget(steps=5)).sample(20, where={"v": int(frame["v"].iloc[3])})
    assert (drawn["v"] == frame["v"].iloc[3]).all()


def test_imputation_fills_missing_cells_alone_and_by_the_others():
    frame = tables.linked(2000).astype({"b": object})
    gone = np.random.default_rng(1).random(2000) < 0.3
    holes = frame.assign(b=frame["b"].where(~gone, None)).set_index(np.arange(2000) + 7)
    filled = fit(holes, "tabular.diffusion", budget=Budget(steps=150)).impute(holes, seed=2)
    assert filled["b"].notna().all() and filled.index.equals(holes.index)
    pd.testing.assert_frame_equal(filled[~gone], holes[~gone])
    agreed = (filled["b"] == frame["a"].map({"x": "p", "y": "q", "z": "r"}).to_numpy())[gone].mean()
    assert agreed == pytest.approx(0.9 + 0.1 / 3, abs=0.06)


def test_imputation_keeps_types_and_leaves_empty_columns():
    frame = tables.odd()
    filled = fit(frame, "tabular.diffusion", budget=Budget(steps=5)).impute(frame)
    assert filled.dtypes.astype(str).to_dict() == frame.dtypes.astype(str).to_dict()
    assert filled["empty"].isna().all() and filled.drop(columns="empty").notna().all(axis=None)


@pytest.mark.parametrize("options", [{"sharpness": 0.5}, {"sharpness": math.inf}, {"conditional": 1.5}])
def test_schedules_out_of_range_are_refused(options):
    with pytest.raises(ValueError, match=r"expected (sharpness|conditional) of"):
        Config(**options)
