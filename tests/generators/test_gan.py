"""The adversarial family: losses by hand, tokens and variables, the start, the choice among candidates, conditions,
modes watched.
"""

import math

import numpy as np
import pandas as pd
import pytest
import torch

from generators import Budget, fit
from generators.data.inference import infer
from generators.encoding import encoder
from generators.networks.gan_losses import discriminator_loss, generator_loss, penalised
from generators.tabular._gan_model import raked
from generators.tabular._gan_networks import TableDiscriminator
from generators.tabular._start import Start
from generators.tabular._variables import Variables
from generators.training.collapse import coverage, precision
from generators.training.validation import folds
from tests.generators import tables


def variables_of(frame: pd.DataFrame) -> tuple[Variables, torch.Tensor]:
    encoded = encoder.fit(frame, infer(frame))
    x = torch.from_numpy(encoded.encode(frame))
    variables = Variables(encoded.layout, encoded.columns)
    variables.fit(x)
    return variables, x


def softplus(x: float) -> float:
    return math.log1p(math.exp(x))


def test_losses_are_those_of_the_papers():
    real, fake = torch.tensor([2.0]), torch.tensor([-1.0])
    expected = {
        "relativistic": (softplus(-3), softplus(3)),
        "nonsaturating": (softplus(-2) + softplus(-1), softplus(1)),
        "minimax": (softplus(-2) + softplus(-1), -softplus(-1)),  # log(1 - sigmoid(-1))
    }
    for loss, (of_discriminator, of_generator) in expected.items():
        assert discriminator_loss(loss, real, fake).item() == pytest.approx(of_discriminator)
        assert generator_loss(loss, real, fake).item() == pytest.approx(of_generator)


def test_the_penalty_is_half_the_squared_slope():
    w = torch.tensor([3.0, 4.0])
    logits, penalty = penalised(lambda x: x @ w, torch.eye(2))
    assert logits.tolist() == [3, 4] and penalty.item() == pytest.approx(12.5)


def test_a_pack_has_no_order_and_tells_more_than_its_rows():
    torch.manual_seed(0)
    D, rows = TableDiscriminator(3, 8, 1, packing=2), torch.randn(4, 3)
    assert torch.allclose(D(rows), D(rows[[1, 0, 3, 2]]), atol=1e-6)
    # were it a sum over rows
    assert not torch.allclose(D(rows)[:1], D(rows[[0, 2]]) + D(rows[[1, 3]]) - D(rows)[1:], atol=1e-6)


def test_variables_hold_every_token():
    frame = tables.odd().drop(columns=["id", "code"]).assign(shop=[f"s{n % 260}" for n in range(300)])
    variables, x = variables_of(frame)
    assert any(choice.above is not None for choice in variables.choices) and any(
        choice.is_missing for choice in variables.choices
    )
    _, picks = variables.read(x)
    u = torch.from_numpy(np.random.default_rng(0).uniform(0.01, 0.99, (len(x), len(variables.numbers))))
    assert torch.equal(variables.write(variables.within(x, u), picks), x)
    settled, levels = variables.settle(20 * variables.indicators(picks))
    assert torch.equal(settled, picks) and torch.allclose(levels, variables.indicators(picks))


def test_many_levels_are_seen_through_codes():
    variables, x = variables_of(pd.DataFrame({"few": ["a", "b"] * 100, "many": [f"m{n % 100}" for n in range(200)]}))
    assert variables.sizes == [2, 100] and variables.widths == [2, 32]
    assert variables.seen(*(torch.zeros(200, 0), variables.indicators(variables.read(x)[1]))).shape == (200, 34)


@pytest.mark.parametrize("start_from", ["copula", "pairs"])
def test_the_start_keeps_what_is_known_and_draws_the_rest_by_it(start_from):
    variables, x = variables_of(tables.linked(3000))
    start = Start(variables)
    start.fit(x, [(x, x[:200])], start_from)
    torch.manual_seed(0)
    z, y = start.draw(torch.zeros(3000, 0), torch.rand(3000, 18), x, [0])
    picks, _ = variables.settle(y)
    tokens = variables.write(z, picks)
    assert torch.equal(tokens[:, 0], x[:, 0])
    agreement, real = ((t[:, 0] == t[:, 1]).double().mean().item() for t in (tokens, x))
    assert agreement == pytest.approx(real, abs=0.08)


def test_tables_of_pairs_are_chosen_where_they_make_others_likelier_and_keep_the_columns_shares():
    rng = np.random.default_rng(0)
    v = rng.normal(size=1500).round(2)
    peaks = pd.DataFrame(
        {"v": v, "w": (np.abs(v) + 0.1 * rng.normal(size=1500)).round(2), "line": v + rng.normal(size=1500)}
    )
    variables, x = variables_of(peaks)
    start = Start(variables)
    start.fit(x[300:], [(x[300:], x[:300])], "likelier")
    assert start.pairs.used  # no correlation tells of |v|
    torch.manual_seed(0)
    z, y = start.draw(torch.randn(1500, 3), torch.rand(1500, sum(variables.sizes)), x, [])
    tokens = variables.write(z, variables.settle(y)[0])
    ends = (np.abs(z[:, 0].numpy()) > 1.5).astype(float)
    assert z[ends > 0, 1].mean() > z[ends == 0, 1].mean() + 1
    assert abs(z.mean()) < 0.1 and z.std() == pytest.approx(1, abs=0.1) and len(tokens) == 1500
    line = variables_of(peaks[["v", "line"]])
    start = Start(line[0])
    start.fit(line[1][300:], [(line[1][300:], line[1][:300])], "likelier")
    assert start.copula.used and not start.pairs.used


def test_columns_that_explain_nothing_do_not_keep_the_start_from_what_others_explain():
    rng = np.random.default_rng(0)
    a = rng.choice(list("xyz"), 300)
    noise = {f"n{k}": rng.choice([f"v{j}" for j in range(14)], 300, p=[0.48] + [0.04] * 13) for k in range(8)}
    variables, x = variables_of(pd.DataFrame({"a": a, "b": np.char.upper(a), **noise}))
    start = Start(variables)
    start.fit(x[40:], folds(x[40:], x[:40], np.arange(len(x) - 40)), "copula")
    terms = start.copula.terms(x)
    assert start.copula.used and start.follows.all() and float(terms[1].max()) > 0.5
    assert sum(bool(terms[c].abs().max() < 1e-6) for c in range(2, 10)) > 4  # by what comes before
    start.fit(x[40:], [(x[40:], x[:40])], "noise")
    assert not start.copula.used and not start.follows.any()


def test_candidates_are_weighted_until_every_column_has_its_shares():
    tokens = (torch.rand(4, 5000, 2, generator=torch.Generator().manual_seed(0)) < torch.tensor([0.5, 0.3])).long()
    shares = {0: torch.tensor([0.3, 0.7]), 1: torch.tensor([0.6, 0.4])}
    terms = raked(tokens, torch.zeros(4, 5000), shares)
    weight = (terms[0][tokens[:, :, 0]] + terms[1][tokens[:, :, 1]]).softmax(0) / 5000
    for c, share in shares.items():
        assert (weight * tokens[:, :, c]).sum().item() == pytest.approx(share[1].item(), abs=0.005)


def test_lost_modes_are_seen():
    real = torch.randn(600, 2, generator=torch.Generator().manual_seed(0)) * 0.1
    real[300:] += 5
    fresh = torch.randn(600, 2, generator=torch.Generator().manual_seed(1)) * 0.1
    assert coverage(real, fresh) == pytest.approx(0.5, abs=0.03)  # one of two modes
    fresh[300:] += 5
    assert coverage(real, fresh) > 0.9
    assert coverage(real, torch.zeros(600, 2)) < 0.02


def test_noise_is_seen_where_diversity_is_not():
    stream = torch.Generator().manual_seed(0)
    line = torch.randn(1200, 1, generator=stream) * torch.ones(20) + 0.05 * torch.randn(1200, 20, generator=stream)
    real, fresh, noise = line[:600], line[600:], torch.randn(600, 20, generator=stream)
    assert precision(real, fresh) > 0.9 and precision(real, real[:1].expand(600, 20)) == 1
    assert precision(real, noise) == 0
    assert precision(real, torch.cat([fresh[:300], noise[:300]])) == pytest.approx(0.48, abs=0.03)
    assert precision(real[:9], noise) == coverage(real[:9], noise) == 1  # too few to tell


@pytest.fixture(scope="module")
def model():
    return fit(tables.linked(1000), "tabular.gan", budget=Budget(steps=300), seed=0)


def test_a_condition_gives_the_conditional(model):
    frame = tables.linked(1000)
    real = frame.loc[frame["b"] == "q", "a"].value_counts(normalize=True)
    drawn = model.sample(4000, where={"b": "q"})
    assert (drawn["b"] == "q").all()
    assert np.abs(drawn["a"].value_counts(normalize=True).reindex(real.index, fill_value=0) - real).max() < 0.08


def test_every_column_has_its_shares(model):
    frame, drawn = tables.linked(1000), model.sample(8000, seed=2)
    for name in frame:
        gap = drawn[name].value_counts(normalize=True).sub(frame[name].value_counts(normalize=True), fill_value=0)
        assert gap.abs().sum() / 2 < 0.035, name


def test_what_happened_is_recorded(model):
    assert model.record["collapsed"] is False and model.record["restarts"] == 0 and 0 < model.record["diversity"] <= 1
    assert model.record["noise"] is False and model.record["fidelity"] > 0.8


def test_unknown_losses_are_one_sentence():
    with pytest.raises(ValueError, match="expected a loss among relativistic"):
        fit(tables.linked(), "tabular.gan", budget=Budget(steps=1), loss="wasserstein")


def test_the_textbook_loss_trains_too():
    drawn = fit(
        tables.linked(), "tabular.gan", budget=Budget(steps=20), loss="minimax", packing=1, penalty=0, start="noise"
    ).sample(50)
    assert len(drawn) == 50
