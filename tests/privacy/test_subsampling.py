"""Steps on a random part of the rows: within 1 % of a finer accounting, never below it, and within the budget."""

import pytest

from generators import GeneratorError
from generators.privacy import ledger, noise, subsampling
from generators.privacy.subsampling import Steps

pld = pytest.importorskip("dp_accounting.pld.privacy_loss_distribution")

# mu of what all rows were asked, noise, rate, steps, delta
SETTINGS = [(0.17, 4.7, 1 / 32, 600, 1e-6), (0.45, 1.84, 1 / 32, 600, 1e-6), (1.08, 1.0, 1 / 32, 600, 1e-6)]
SETTINGS += [(0.02, 16.7, 1 / 32, 100, 1e-6), (0.0, 2.0, 0.3, 20, 1e-5), (2.5, 3.0, 1.0, 4, 1e-4)]


def tight(mu, one, delta, interval):
    found = pld.from_gaussian_mechanism(one.noise, sampling_prob=one.rate, value_discretization_interval=interval)
    found = found.self_compose(one.count)
    more = pld.from_gaussian_mechanism(1 / mu, value_discretization_interval=interval) if mu else None
    return (found.compose(more) if more else found).get_epsilon_for_delta(delta)


@pytest.mark.parametrize(("mu", "sigma", "rate", "steps", "delta"), SETTINGS)
def test_epsilon_is_that_of_a_finer_distribution_and_never_below(mu, sigma, rate, steps, delta):
    one = Steps(sigma, rate, steps)
    found = subsampling.epsilon_of(mu, [one], delta)
    finer = tight(mu, one, delta, found / 5000)
    assert finer * (1 - 1e-6) <= found <= finer * 1.01


def test_steps_that_use_every_row_cost_what_gaussian_noise_costs():
    one = subsampling.epsilon_of(0.5, [Steps(4.0, 1.0, 9)], 1e-6)
    whole = ledger.accounting.epsilon_of((0.25 + 9 / 16) ** 0.5, 1e-6)
    assert whole <= one <= whole * 1.01


@pytest.mark.filterwarnings("ignore")
def test_epsilon_is_that_of_opacus_privacy_random_variables():
    prv = pytest.importorskip("opacus.accountants.prv").PRVAccountant()
    prv.history = [(1.84, 1 / 32, 600)]
    found = subsampling.epsilon_of(0.0, [Steps(1.84, 1 / 32, 600)], 1e-6)
    error = {"eps_error": 1e-2, "delta_error": 1e-9}
    low, _, high = prv._get_dprv(**error).compute_epsilon(1e-6, *reversed(error.values()))
    assert low <= found * 1.001 and found == pytest.approx(high, rel=0.02)


def test_the_noise_that_is_found_fills_the_budget_and_no_more():
    sigma = subsampling.noise_for(3.0, 1e-6, 0.45, 1 / 32, 600)
    assert 2.97 < subsampling.epsilon_of(0.45, [Steps(sigma, 1 / 32, 600)], 1e-6) <= 3.0
    with pytest.raises(GeneratorError, match="room for 600 steps, found epsilon 3"):
        subsampling.noise_for(3.0, 1e-6, 0.7, 1 / 32, 600)


def mixed(sigma=1.84, reach=1):
    told = ledger.gaussian("tables", noise.variance_of(3.0))
    return ledger.Ledger((told, ledger.SubsampledGaussian("gradients", sigma, 1 / 32, 600, reach=reach)), 1e-6)


def test_a_ledger_of_both_adds_up_and_comes_back():
    one = mixed()
    assert one.epsilon > ledger.Ledger(one.events[:1], 1e-6).epsilon
    assert one.epsilon == subsampling.epsilon_of(one.mu, [Steps(1.84, 1 / 32, 600)], 1e-6)
    assert ledger.Ledger.from_dict(one.to_dict()) == one and "mu" not in one.to_dict()
    twice = one + one
    assert one.epsilon < twice.epsilon < 2 * one.epsilon and twice.sampled == 2 * one.sampled
    assert one.epsilon_after(0.5, 1e-6) > one.epsilon
    for change in ({"noise": 5.0}, {"rate": 0.01}, {"steps": 1}):
        document = one.to_dict()
        document["events"][1] |= change
        with pytest.raises(GeneratorError, match="follows from its events"):
            ledger.Ledger.from_dict(document)


def test_what_an_attack_recognises_is_bounded_as_of_gaussian_noise():
    steps = [Steps(4.0, 1.0, 9)]
    found = subsampling.largest_tpr(0.5, steps, 0.01)
    whole = ledger.accounting.largest_tpr((0.25 + 9 / 16) ** 0.5, 0.01)
    assert whole <= found <= whole * 1.02
