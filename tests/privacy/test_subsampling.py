"""Steps on a random part of the rows: within 1 % of a finer accounting, never below it, and within the budget."""

import pytest

from generators import GeneratorError
from generators.privacy import accounting, ledger, noise, subsampling
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
    found = subsampling.epsilon_of(mu, one, delta)
    finer = tight(mu, one, delta, found / 5000)
    assert finer * (1 - 1e-6) <= found <= finer * 1.01


def test_steps_that_use_every_row_cost_what_gaussian_noise_costs():
    one = subsampling.epsilon_of(0.5, Steps(4.0, 1.0, 9), 1e-6)
    whole = accounting.epsilon_of((0.25 + 9 / 16) ** 0.5, 1e-6)
    assert whole <= one <= whole * 1.01


@pytest.mark.filterwarnings("ignore")
def test_epsilon_is_that_of_opacus_privacy_random_variables():
    prv = pytest.importorskip("opacus.accountants.prv").PRVAccountant()
    prv.history = [(1.84, 1 / 32, 600)]
    found = subsampling.epsilon_of(0.0, Steps(1.84, 1 / 32, 600), 1e-6)
    error = {"eps_error": 1e-2, "delta_error": 1e-9}
    low, _, high = prv._get_dprv(**error).compute_epsilon(1e-6, *reversed(error.values()))
    assert low <= found * 1.001 and found == pytest.approx(high, rel=0.02)


@pytest.mark.parametrize(("epsilon", "share", "rate", "steps"), [(1, 0.8, 1 / 32, 600), (8, 0.5, 0.0445, 300)])
def test_the_noise_that_is_found_costs_what_is_charged_and_hardly_less(epsilon, share, rate, steps):
    """Steps and what was told before are together as private as is asked, by the numeric composition of both."""
    whole, slack = accounting.mu_of(epsilon, 9e-7), 1e-7
    mu = whole * (1 - share) ** 0.5
    one = Steps(subsampling.noise_for(mu, slack, rate, steps), rate, steps)
    assert 0.96 * epsilon < subsampling.epsilon_of(whole * share**0.5, one, 1e-6) <= epsilon
    assert subsampling.covered(one, mu, slack) and not subsampling.covered(one, 0.97 * mu, slack)
    assert not subsampling.covered(Steps(0.99 * one.noise, rate, steps), mu, slack)


def test_steps_that_no_noise_makes_cost_so_little_are_refused():
    with pytest.raises(GeneratorError, match="room for 600 steps, found mu 0 left of it"):
        subsampling.noise_for(0.0, 1e-7, 1 / 32, 600)


@pytest.fixture(scope="module")
def mixed():
    told = ledger.gaussian("tables", noise.variance_of(3.0))
    sigma = subsampling.noise_for(0.5, 1e-7, 1 / 32, 600)
    return ledger.Ledger((told, ledger.SubsampledGaussian("gradients", sigma, 1 / 32, 600, 0.5, 1e-7)), 1e-6)


def test_a_ledger_of_both_adds_up_and_comes_back(mixed):
    told = ledger.Ledger(mixed.events[:1], 1e-6)
    assert mixed.mu == pytest.approx((told.mu**2 + 0.25) ** 0.5) and mixed.lost == 1e-7
    assert mixed.epsilon == accounting.epsilon_of(mixed.mu, 9e-7) > told.epsilon
    assert ledger.Ledger.from_dict(mixed.to_dict()) == mixed
    assert mixed.epsilon < (mixed + mixed).epsilon < 2 * mixed.epsilon


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"noise": 1.0}, "found that they cost more"),
        ({"rate": 0.1}, "found that they cost more"),
        ({"steps": 900}, "found that they cost more"),
        ({"mu": 0.7}, "follows from its events"),
        ({"mu": None}, "found no 'mu': another version wrote it"),
    ],
)
def test_steps_that_cost_more_than_a_ledger_says_are_refused(mixed, change, sentence):
    document = mixed.to_dict()
    own = document["events"][1] | change
    document["events"][1] = {key: value for key, value in own.items() if value is not None}
    with pytest.raises(GeneratorError, match=sentence):
        ledger.Ledger.from_dict(document)
