"""The flagship's exactness: probabilities that sum to one, conditionals that follow from them, fine tokens under
coarse ones.
"""

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import kstest

from generators import Budget, fit
from generators.data.inference import infer
from generators.encoding import encoder
from generators.networks import drawn
from generators.networks.attention import GATE_PACE
from generators.networks.layers import IMPOSSIBLE
from generators.sampling import conditioning
from generators.tabular import _chain
from generators.training import randomness
from tests.generators import tables


@pytest.fixture(scope="module")
def model():
    return fit(tables.linked(2000), budget=Budget(steps=400), seed=0)


def test_probabilities_sum_to_one(model):
    assert np.exp(model.log_prob(tables.grid())).sum() == pytest.approx(1, abs=1e-4)


def test_draws_follow_the_probabilities(model):
    cells = tables.grid()
    drawn = model.sample(20_000, seed=1).groupby(["a", "b", "n"]).size().reset_index(name="n_drawn")
    merged = cells.assign(p=np.exp(model.log_prob(cells))).merge(drawn, how="left").fillna(0)
    assert np.abs(merged["p"] - merged["n_drawn"] / 20_000).max() < 4 * np.sqrt(0.25 / 20_000)


def test_a_condition_on_a_later_column_gives_its_conditional(model):
    cells = tables.grid()
    joint = np.exp(model.log_prob(cells))
    exact = cells.assign(p=joint)[cells["b"] == "q"].groupby("a")["p"].sum()
    drawn = model.sample(4000, where={"b": "q"})["a"].value_counts(normalize=True)
    assert np.abs(drawn.reindex(exact.index, fill_value=0) - exact / exact.sum()).max() < 0.03


def test_a_condition_on_the_first_columns_is_the_chain_rule_itself(model, monkeypatch):
    cells = tables.grid()
    exact = cells.assign(p=np.exp(model.log_prob(cells)))[cells["a"] == "y"].groupby(["b", "n"])["p"].sum()
    monkeypatch.setattr(conditioning, "CANDIDATES_PER_ROW", 0)  # no candidate is weighed
    drawn = model.sample(4000, where={"a": "y"})
    assert set(drawn["a"]) == {"y"}
    shares = drawn.groupby(["b", "n"]).size().reindex(exact.index, fill_value=0) / 4000
    assert np.abs(shares - exact / exact.sum()).max() < 0.03


def test_causality_no_factor_sees_itself_or_later_tokens(model):
    net = model.model
    x = torch.from_numpy(model.encoding.encode(tables.linked())[:4])
    changed = x.clone()
    changed[:, -1] = (changed[:, -1] + 1) % model.encoding.layout.sizes[-1]

    def first_layer(tokens):
        return net._first_layer(net.embed(tokens).transpose(0, 1), 0, torch.zeros(net.L))

    assert torch.equal(first_layer(x), first_layer(changed))


def test_fine_tokens_stay_under_their_coarse_one():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {"v": np.round(rng.lognormal(5, 2, 4000), 2), "shop": [f"s{n}" for n in rng.integers(0, 300, 4000)]}
    )
    fitted = fit(frame, budget=Budget(steps=20))
    assert fitted.encoding.layout.inner
    drawn = fitted.sample(3000)
    assert drawn["v"].between(frame["v"].min(), frame["v"].max()).all()
    assert set(drawn["shop"]) <= set(frame["shop"])
    assert np.isfinite(fitted.log_prob(frame)).all()


def test_numbers_named_by_a_condition_are_written_as_they_are():
    frame = pd.DataFrame({"v": np.random.default_rng(0).integers(0, 10_000, 500), "w": ["a", "b"] * 250})
    drawn = fit(frame, budget=Budget(steps=5)).sample(20, where={"v": int(frame["v"].iloc[3])})
    assert (drawn["v"] == frame["v"].iloc[3]).all()


def test_the_rosenblatt_transform_is_the_inverse_of_sampling(model):
    x = torch.from_numpy(model.encoding.encode(tables.grid()))
    least, most = (model.model.uniforms(x, torch.full(x.shape, v, dtype=torch.float64)) for v in (0.0, 1.0))
    u = least + 0.4 * (most - least)
    drawn, _ = model.model.draw(u, torch.zeros_like(x), torch.zeros(1, x.shape[1], dtype=torch.bool))
    assert torch.equal(drawn, x) and bool((most > least).all())


@given(st.lists(st.floats(-60, 60), min_size=1, max_size=40), st.floats(0, 1 - 2**-53), st.data())
def test_a_cdf_is_inverted_where_it_passes_a_uniform_and_never_at_an_impossible_token(values, u, data):
    logits = torch.tensor([values], dtype=torch.float64)
    masked = data.draw(st.sets(st.integers(0, len(values) - 1), max_size=len(values) - 1))
    logits[0, list(masked)] = IMPOSSIBLE
    for point in (u, 1 - 2**-53):
        token = int(drawn.inverted(logits.softmax(1), torch.tensor([point], dtype=torch.float64)))
        cdf = logits.softmax(1)[0].cumsum(0)
        assert token not in masked and (token == 0 or cdf[token - 1] <= point + 1e-12)
        assert point < cdf[token] + 1e-12


def test_held_out_rows_have_uniform_coordinates(model):
    u = model.uniforms(tables.linked(2000, seed=3))
    assert u.shape == (2000, model.encoding.layout.width)
    for column in u.T:
        assert kstest(column, "uniform").pvalue > 1e-3
    shuffled = tables.linked(2000, seed=3)
    shuffled["b"] = shuffled["b"].to_numpy()[::-1]
    # another joint distribution shows
    assert min(kstest(column, "uniform").pvalue for column in model.uniforms(shuffled).T) < 1e-6


def test_sobol_rows_are_less_noisy_and_do_not_depend_on_the_batch(model):
    cells = tables.grid().assign(p=lambda f: np.exp(model.log_prob(f)))

    def error(sobol: bool) -> float:
        counts = [model.sample(1024, seed=s, sobol=sobol).groupby(["a", "b"]).size().div(1024) for s in range(8)]
        exact = cells.groupby(["a", "b"])["p"].sum()
        return float(np.mean([np.abs(found.reindex(exact.index, fill_value=0) - exact).mean() for found in counts]))

    assert error(True) < 0.6 * error(False)
    pd.testing.assert_frame_equal(model.sample(3000, seed=4, sobol=True).head(10), model.sample(10, seed=4, sobol=True))


def test_rows_drawn_evenly_are_less_noisy_and_those_of_any_longer_sample(model):
    def error(draw) -> float:
        counts = [draw(64, seed=s)["a"].value_counts(normalize=True) for s in range(20)]
        exact = model.sample(20_000, seed=99)["a"].value_counts(normalize=True)
        return float(np.mean([np.abs(found.reindex(exact.index, fill_value=0) - exact).mean() for found in counts]))

    assert error(model.sample_evenly) < 0.5 * error(model.sample)
    longer = model.sample_evenly(90, seed=4)
    pd.testing.assert_frame_equal(longer.head(10), model.sample_evenly(10, seed=4))
    u = randomness.row_strata(1, 5, 60, 3)
    np.testing.assert_array_equal(u[11:27], randomness.row_strata(1, 16, 16, 3))
    assert (np.sort((u[11:27] * randomness.STRATA).astype(int), axis=0) == np.arange(randomness.STRATA)[:, None]).all()


def test_missing_values_are_drawn_given_the_rest_of_the_row(model):
    frame = tables.linked(2000, seed=5)
    frame.loc[frame.index < 1500, "b"] = None
    filled = model.impute(frame, seed=1)
    assert filled.isna().sum().sum() == 0 and filled.loc[1500:].equals(frame.loc[1500:])
    assert filled[["a", "n"]].equals(frame[["a", "n"]])
    cells = tables.grid().assign(p=lambda f: np.exp(model.log_prob(f)))
    known = cells[(cells["a"] == "x")].groupby("b")["p"].sum()
    drawn = filled[:1500][filled["a"][:1500] == "x"]["b"].value_counts(normalize=True)
    assert np.abs(drawn.reindex(known.index, fill_value=0) - known / known.sum()).max() < 0.08


@pytest.fixture(scope="module")
def of_copula():
    """A model that starts from a copula, and tokens of its training rows."""
    frame = tables.linked(600, seed=1).assign(v=lambda f: f["n"] + np.random.default_rng(0).normal(size=600))
    fitted = fit(frame, budget=Budget(steps=20))
    model, x = fitted.model.eval(), torch.from_numpy(fitted.encoding.encode(frame))
    model.copula.shrink(model.copula.fit(x), 0.01)
    assert model.copula.used
    return model, x


def test_candidates_are_weighed_by_the_likelihood_that_is_trained(of_copula):
    model, x = of_copula
    with torch.no_grad():
        assert torch.allclose(model.log_p(x, model.factors()), -model(x).double(), atol=0.05)  # bfloat16 where there is


def test_rows_with_gaps_of_their_own_are_drawn_together_as_each_pattern_alone(of_copula):
    model, x = of_copula
    x = x[:12].repeat_interleave(3, 0)  # three candidates of each row
    rng = torch.Generator().manual_seed(0)
    u, known = torch.rand(x.shape, generator=rng), torch.rand((12, x.shape[1]), generator=rng) < 0.5
    known[0], known[1] = False, True
    together, log_q = model.draw(u, x, known)
    for p in range(12):
        own = slice(3 * p, 3 * p + 3)
        alone, log_q_alone = model.draw(u[own], x[own], known[p : p + 1])
        assert torch.equal(together[own], alone) and torch.allclose(log_q[own], log_q_alone, atol=1e-4)


def test_rows_are_drawn_as_likely_as_the_model_has_them(model):
    """Whatever precision drawing multiplies in, and however rows are cut into batches."""
    u = torch.rand((400, model.model.L), dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    x, none = torch.zeros(u.shape, dtype=torch.int64), torch.zeros((1, model.model.L), dtype=torch.bool)
    drawn, log_q = model.model.draw(u, x, none)
    assert torch.allclose(log_q, -model.model(drawn).detach().double(), atol=0.03)
    parts = [model.model.draw_tokens(part, x[: len(part)], none) for part in u.split(150)]
    assert torch.equal(torch.cat(parts), drawn)


@pytest.mark.parametrize("gates", [False, True])
def test_rows_are_drawn_as_likely_whether_or_not_factors_have_gates(gates):
    frame, rng = tables.linked(400), torch.Generator().manual_seed(0)
    encoded = encoder.fit(frame, infer(frame))
    torch.manual_seed(0)
    net = _chain.Model(encoded.layout, width=16, embedding=4, depth=1, conditional=0.0, gates=gates).eval()
    for name, p in net.named_parameters():  # gates are multiplied by their pace
        p.data += (0.5 / GATE_PACE if name == "gate" else 0.1) * torch.randn(p.shape, generator=rng)
    x = torch.from_numpy(encoded.encode(frame))
    with torch.no_grad():
        assert torch.allclose(net.log_p(x, net.factors()), -net(x).double(), atol=0.03)


def test_categories_of_pandas_admit_what_is_drawn(model):
    frame = tables.linked(40, seed=5)
    there = sorted(frame["b"].unique())
    frame["b"] = pd.Series([there[0], *[None] * 39]).astype(pd.CategoricalDtype(there[:1]))
    filled = model.impute(frame, seed=1)
    assert filled["b"].notna().all() and set(filled["b"]) == set(there) == set(filled["b"].cat.categories)


@pytest.mark.parametrize("budget", [{"minutes": 1}, 5])
def test_a_budget_that_is_none_is_refused(budget):
    with pytest.raises(ValueError, match=r"expected a budget such as Budget\(minutes=2\), found"):
        fit(tables.odd(), budget=budget)
