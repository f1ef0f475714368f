"""Masked diffusion: orders that are uniform, steps worked by hand, probabilities that sum to one, what a token sees,
known cells, imputation.
"""

import itertools
import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch

from generators import Budget, fit
from generators.data.inference import infer
from generators.encoding import encoder
from generators.networks import attention
from generators.networks.attention import gated, ungated
from generators.sampling.conditioning import anything
from generators.tabular import _chain, _denoiser, diffusion
from generators.tabular._schedule import moments, mutual_information, orders_of_batch, random_orders
from generators.tabular.diffusion import Config, Model, guide
from tests.generators import tables


@pytest.fixture(scope="module")
def model():
    return fit(tables.linked(2000), "tabular.diffusion", budget=Budget(steps=300))


def small(frame: pd.DataFrame) -> Model:
    return Model(encoder.fit(frame, infer(frame)).layout, width=8, embedding=3, depth=1)


def test_orders_are_uniform_and_fine_tokens_follow_all_coarse_ones():
    orders = random_orders(24_000, 4, 6, torch.Generator().manual_seed(0))
    assert (orders[:, :4] < 4).all() and (orders[:, 4:] >= 4).all()
    share = pd.Series(map(tuple, orders[:, :4].tolist())).value_counts(normalize=True)
    entropy = -(share * np.log(share)).sum()
    assert len(share) == 24 and entropy > 0.999 * math.log(24)


def test_each_row_of_a_batch_has_an_order_of_its_own_unless_there_are_very_many_tokens():
    assert orders_of_batch(256, 20) == 256
    assert orders_of_batch(96, 500) == 48  # 2^24 / 500^2 = 67, of which 48 is the largest that divides 96
    assert orders_of_batch(256, 5000) == 1


def test_tokens_are_spread_over_the_steps_by_their_order():
    waiting = torch.tensor([[0.3, 0.1, 0.4, 0.2, 1.0], [0.3, 0.1, 0.4, 0.2, 1.0]])  # four coarse tokens and a fine one
    known = torch.tensor([[False] * 5, [True, False, False, True, False]])
    none = torch.zeros(4, 4)
    assert moments(waiting, known, 5, none).tolist() == [[3, 1, 4, 2, 5], [0, 1, 2, 0, 3]]
    assert moments(waiting, known, 3, none).tolist() == [[2, 1, 2, 1, 3], [0, 1, 2, 0, 3]]
    assert moments(waiting, known, 2, none).tolist() == [[1, 1, 1, 1, 2], [0, 1, 1, 0, 2]]


def test_rows_that_hide_fewer_tokens_than_others_take_no_more_steps():
    known = torch.tensor([[False] * 9, [True] * 5 + [False] * 4, [True] * 8 + [False]])
    at = moments(torch.rand(3, 9, generator=torch.Generator().manual_seed(0)), known, 3, torch.zeros(9, 9))
    assert at.amax(1).tolist() == [3, 3, 1] and (at[known] == 0).all() and (at[~known] > 0).all()


def test_contributions_summed_up_alike_are_those_through_open_gates():
    rng = torch.Generator().manual_seed(0)
    shown, place = torch.randn(5, 6, 4, generator=rng), torch.rand(3, 5, generator=rng).argsort(1)
    before = (place[:, None] < place[:, :, None]).float()
    assert torch.allclose(ungated(place, shown), gated(before, shown, torch.zeros(2, 5, 5)), atol=1e-6)


def test_tokens_that_say_much_of_each_other_are_not_drawn_in_one_step_and_the_order_stays_random():
    rng = torch.Generator().manual_seed(0)
    dependence = torch.zeros(6, 6)
    for a, b in ((0, 1), (2, 3)):
        dependence[a, b] = dependence[b, a] = 0.5
    waiting = torch.rand((24_000, 6), generator=rng, dtype=torch.float64)
    at = moments(waiting, torch.zeros(24_000, 6, dtype=torch.bool), 3, dependence)
    assert (torch.stack([(at == step).sum(1) for step in (1, 2, 3)]) == 2).all()
    for a, b in ((0, 1), (2, 3)):  # a fifth of the rows by chance; as a last pair it may be left over
        assert (at[:, a] == at[:, b]).float().mean() < 0.08
    share = pd.Series(map(tuple, at.tolist())).value_counts(normalize=True)
    possible = 90 - 30 - 30 + 18  # of the 6! / (2! 2! 2!) ways those without either pair
    assert -(share * np.log(share)).sum() > 0.9 * math.log(possible)
    first = at.eq(1).float().mean(0)
    assert torch.allclose(first, torch.full((6,), 1 / 3), atol=0.05)


def test_known_tokens_have_no_step_however_dependent():
    known = torch.tensor([[True, False, False, True, False, False]])
    at = moments(torch.rand(1, 6, dtype=torch.float64), known, 2, torch.ones(6, 6))
    assert (at[known] == 0).all() and sorted(at[~known].tolist()) == [1, 1, 2, 2]


def test_mutual_information_is_that_of_the_tokens():
    rng = torch.Generator().manual_seed(0)
    a, noise = (torch.randint(4, (5000,), generator=rng) for _ in range(2))
    number = torch.randint(100, (5000,), generator=rng)
    found = mutual_information(torch.stack([a, a.flip(0).flip(0) * 2 % 8, noise, number, 99 - number], 1), 5)
    assert found[0, 1] == pytest.approx(math.log(4), abs=0.02)
    assert found[3, 4] == pytest.approx(math.log(8), abs=0.05)  # of eight groups
    assert found[0, 2] < 0.005 and found[0, 3] < 0.01


def test_a_token_sees_what_was_revealed_before_it_and_nothing_else():
    net = small(tables.linked()).denoiser
    for out in net.heads.out:
        torch.nn.init.normal_(out)
    b_a_n = torch.tensor([[1, 0, 2]])

    def told(row):
        return net(torch.tensor([row]), b_a_n)

    row, later, first = told([0, 1, 5]), told([0, 1, 6]), told([0, 2, 5])
    assert torch.equal(row[:, :2], later[:, :2]) and not torch.equal(row[:, 2], later[:, 2])
    assert not torch.equal(row[:, 0], first[:, 0])
    two = net(torch.tensor([[0, 1, 5], [0, 1, 5]]), torch.tensor([[1, 0, 2], [0, 1, 2]]))
    assert torch.allclose(two[:1], row) and not torch.allclose(two[1:, 0], row[:, 0])


def test_a_gate_decides_how_much_of_one_token_another_sees():
    net, order = small(tables.linked()).denoiser, torch.tensor([[1, 0, 2]])
    for out in net.heads.out:
        torch.nn.init.normal_(out)
    net.gate.data[:, 2, 0] = -1 / attention.GATE_PACE  # n sees nothing of a
    row, other = (net(torch.tensor([[a, 1, 5]]), order) for a in (0, 2))
    assert torch.equal(row[:, 2], other[:, 2])
    net.gate.data[:2, 2, 0] = 0.1
    row, other = (net(torch.tensor([[a, 1, 5]]), order) for a in (0, 2))
    assert not torch.equal(row[:, 2], other[:, 2])


@torch.no_grad()
def alone(net, x: torch.Tensor) -> torch.Tensor:
    """Return log p of the second of three tokens x [B, 3], given the others, as `reveal` finds it."""
    rows, at = torch.arange(len(x)), torch.tensor([[0, 2, 1]]).expand_as(x)
    shown, walk, visible = net.shown_by(x, at < 1), net.prior.walk(x, at), at < 2
    net.show(2, shown, x, rows)
    walk.show(2, x, rows)
    logits = net.logits(1, shown, visible, x, walk.term(1, visible, x, rows))
    return logits.log_softmax(1).gather(1, x[:, 1:2])[:, 0]


def test_a_token_revealed_alone_has_the_probability_that_training_gave_it(model, monkeypatch):
    x = torch.from_numpy(model.encoding.encode(tables.grid()))
    monkeypatch.setattr(_denoiser, "MOST_GATED_TOKENS", 2)
    wide = fit(tables.linked(2000), "tabular.diffusion", budget=Budget(steps=20)).model.denoiser
    assert wide.gate is None
    for net in (model.model.denoiser, wide):
        assert torch.allclose(alone(net, x), net(x, torch.tensor([[0, 2, 1]]))[:, 1], atol=1e-5)


def test_numbers_with_fine_tokens_are_drawn_in_their_range():
    frame = pd.DataFrame({"v": np.round(np.random.default_rng(0).lognormal(5, 2, 14_000), 2), "w": ["a", "b"] * 7000})
    fitted = fit(frame, "tabular.diffusion", budget=Budget(steps=20))
    assert fitted.encoding.layout.width == 3
    assert fitted.sample(2000)["v"].between(frame["v"].min(), frame["v"].max()).all()
    assert np.isfinite(fitted.log_prob(frame)).all()


def test_an_untrained_model_knows_the_marginals():
    frame = pd.DataFrame({"a": ["x"] * 30 + ["y"] * 10, "b": ["p"] * 20 + ["q"] * 20})
    encoded = encoder.fit(frame, infer(frame))
    x, net = torch.from_numpy(encoded.encode(frame)), small(frame).eval()
    net.denoiser.heads.start_from_marginals(x)
    drawn = (1 - 0.625) / (39 * 2 * 0.25**2)  # 1/13 of the way from .75 to .5, as of James and Stein
    assert net(x[:1]).item() == pytest.approx(-math.log((0.75 - drawn * 0.25) * 0.5), abs=0.01)


@pytest.fixture(scope="module")
def autoregressive():
    return fit(tables.linked(400), "tabular.autoregressive", budget=Budget(steps=1))


def test_it_shares_no_likelihood_with_the_autoregressive_family(autoregressive):
    frame = tables.linked(400)
    own = fit(frame, "tabular.diffusion", budget=Budget(steps=1))
    assert not own.model.prior.copula.used  # labels are told by tables of pairs
    assert (autoregressive.log_prob(frame) - own.log_prob(frame)).std() > 0.2


def test_the_two_families_share_no_network_and_no_order_of_factors(model, autoregressive):
    frame, chain = tables.linked(400), autoregressive.model.eval()
    assert not any(isinstance(part, _chain.Model) for part in model.model.modules())
    assert not any(isinstance(part, _denoiser.Denoiser) for part in chain.modules())
    x = torch.from_numpy(model.encoding.encode(frame))
    other = torch.cat([x[:, :1], x[torch.randperm(len(x), generator=torch.Generator().manual_seed(0))][:, 1:]], 1)
    with torch.no_grad():  # the first factor of the chain sees nothing, a token revealed at random others
        assert torch.equal(next(chain.prepared(x))()[:, 0], next(chain.prepared(other))()[:, 0])
        assert (model.model.losses(x)[:, 0] - model.model.losses(other)[:, 0]).abs().mean() > 0.05


def test_probabilities_sum_to_one_in_any_order_and_draws_follow_their_mean(model):
    x, net, orders = (
        torch.from_numpy(model.encoding.encode(tables.grid())),
        model.model,
        itertools.permutations(range(3)),
    )
    with torch.no_grad():
        p = torch.stack([net.denoiser(x, torch.tensor([order])).sum(1).double().exp() for order in orders])
    assert torch.allclose(p.sum(1), torch.ones(6).double(), atol=1e-4)
    assert (model.log_prob(tables.grid()) <= np.log(p.amax(0).numpy()) + 1e-5).all()  # a mean over orders is a bound
    drawn = model.sample(20_000, seed=1).groupby(["a", "b", "n"]).size().reset_index(name="drawn")
    merged = tables.grid().assign(p=p.mean(0).numpy()).merge(drawn, how="left").fillna(0)
    assert np.abs(merged["p"] - merged["drawn"] / 20_000).max() < 4 * np.sqrt(0.25 / 20_000)


def test_tokens_revealed_in_one_step_do_not_know_of_each_other(model):
    frame = tables.linked(2000)
    links = {}
    for steps in (2, None):
        drawn = replace(model, config=replace(model.config, sampling_steps=steps)).sample(4000)
        links[steps] = (drawn["a"].map({"x": "p", "y": "q", "z": "r"}) == drawn["b"]).mean()
    agreed = (frame["a"].map({"x": "p", "y": "q", "z": "r"}) == frame["b"]).mean()
    assert links[None] == pytest.approx(agreed, abs=0.04)
    assert links[2] < agreed - 0.1  # two of three columns are drawn at once


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


def test_guidance_is_worked_by_hand():
    held, free = torch.tensor([[0.6, 0.3, 0.1]]).log(), torch.tensor([[0.2, 0.3, 0.5]]).log()
    # w = 2: p(x | y)^2 / p(x) = 1.8, 0.3, 0.02, which sum to 2.12
    twice = torch.tensor([[1.8, 0.3, 0.02]], dtype=torch.float64) / 2.12
    assert torch.allclose(guide(held + 3, free - 1, 2.0).exp(), twice, atol=1e-6)
    assert torch.allclose(guide(held, free, 1.0), held.double(), atol=1e-6)
    assert torch.allclose(guide(held, free, 0.0), free.double(), atol=1e-6)


def test_a_guided_token_is_drawn_by_what_the_network_says_with_and_without_the_condition():
    torch.manual_seed(0)
    model, n = small(tables.grid()).eval(), 3000
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.3 * torch.randn_like(parameter))
    x, u = torch.zeros(n, model.width, dtype=torch.int64), torch.full((n, model.width), 0.5, dtype=torch.float64)
    u[:, 1] = (torch.arange(n) + 0.5) / n
    at = torch.arange(model.width).expand(n, -1)  # the first column is given, the second one revealed first
    drawn, _ = model.reveal(x, at, u, anything, 3.0)
    given = model.denoiser.shown_by(x[:1], at[:1] == 0)
    seen = [model.denoiser.logits(1, s, at[:1] < k, x[:1], None) for s, k in ((given, 1), (0 * given, 0))]
    share = torch.bincount(drawn[:, 1], minlength=seen[0].shape[1]).double() / n
    assert not torch.allclose(share, seen[0][0].double().softmax(0), atol=0.01)
    assert torch.allclose(share, guide(*seen, 3.0)[0].exp(), atol=1e-3)


def test_guidance_is_of_conditions_alone(model):
    guided = replace(model, config=replace(model.config, guidance=3.0))
    assert guided.sample(50, seed=1).equals(model.sample(50, seed=1))
    rows = model.sample(20, seed=2)
    rows.iloc[::2, -1] = None
    assert guided.impute(rows).equals(model.impute(rows))


def test_imputation_fills_missing_cells_alone_and_by_the_others():
    frame = tables.linked(2000).astype({"b": object})
    gone = np.random.default_rng(1).random(2000) < 0.3
    holes = frame.assign(b=frame["b"].where(~gone, None)).set_index(np.arange(2000) + 7)
    filled = fit(holes, "tabular.diffusion", budget=Budget(steps=150)).impute(holes, seed=2)
    assert filled["b"].notna().all() and filled.index.equals(holes.index)
    pd.testing.assert_frame_equal(filled[~gone], holes[~gone])
    agreed = (filled["b"] == frame["a"].map({"x": "p", "y": "q", "z": "r"}).to_numpy())[gone].mean()
    assert agreed == pytest.approx(0.9 + 0.1 / 3, abs=0.06)


@pytest.mark.parametrize("options", [{"sampling_steps": 1}, {"depth": 0}])
def test_options_out_of_range_are_refused(options):
    with pytest.raises(ValueError, match=r"expected (sampling_steps|depth) of"):
        Config(**options)


def test_very_wide_rows_are_drawn_in_fewer_steps(monkeypatch):
    frame = pd.DataFrame(np.random.default_rng(0).integers(0, 4, (120, 3))).add_prefix("c")
    fitted, asked = fit(frame, "tabular.diffusion", budget=Budget(steps=1)), []

    def counted(u, known, steps, dependence):
        asked.append(steps)
        return moments(u, known, steps, dependence)

    monkeypatch.setattr(diffusion, "moments", counted)
    fitted.sample(5)
    monkeypatch.setattr(diffusion, "ONE_AT_A_TIME", 2)
    fitted.sample(5)
    assert asked == [3, diffusion.WIDE_STEPS]
