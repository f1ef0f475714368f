"""Accounting in closed form: against numerical integration, against PLD where it is installed, and back."""

import math
import random
from collections import Counter
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from generators import GeneratorError
from generators.privacy import accounting, ledger, noise

SETTINGS = [(0.2367, 1e-6), (0.648, 1e-6), (1.532, 1e-6), (0.05, 1e-5), (0.5, 1e-3), (1.0, 1e-9), (3.0, 1e-5)]
SETTINGS += [(6.0, 1e-6), (0.3, 1e-2), (2.0, 1e-4)]


@pytest.mark.parametrize(("mu", "delta"), SETTINGS)
def test_epsilon_is_that_of_googles_privacy_loss_distribution(mu, delta):
    pld = pytest.importorskip("dp_accounting.pld.privacy_loss_distribution")
    upper = pld.from_gaussian_mechanism(1 / mu, value_discretization_interval=mu * 1e-3)
    lower = pld.from_gaussian_mechanism(1 / mu, value_discretization_interval=mu * 1e-3, pessimistic_estimate=False)
    found = accounting.epsilon_of(mu, delta)
    assert found >= lower.get_epsilon_for_delta(delta) - 1e-9  # never below the tight value
    assert found == pytest.approx(upper.get_epsilon_for_delta(delta), rel=0.01)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("mu", "delta"), SETTINGS)
def test_epsilon_is_that_of_opacus_privacy_random_variables(mu, delta):
    prv = pytest.importorskip("opacus.accountants.prv")
    accountant, found = prv.PRVAccountant(), accounting.epsilon_of(mu, delta)
    accountant.history = [(2 / mu, 1.0, 4)]  # four events of half the mu, on all rows
    error = {"eps_error": 2e-3 * found, "delta_error": delta / 1000}
    low, _, high = accountant._get_dprv(**error).compute_epsilon(delta, *reversed(error.values()))
    assert low <= found <= high and found == pytest.approx(high, rel=0.01)


@given(st.floats(0.01, 5), st.floats(0.01, 20))
def test_delta_is_the_integral_of_what_exceeds_epsilon(mu, epsilon):
    z = stats.norm
    expected = z.sf(epsilon / mu - mu / 2) - math.exp(epsilon + z.logsf(epsilon / mu + mu / 2))
    assert accounting.delta_of(mu, epsilon) == pytest.approx(max(expected, 0), abs=1e-13, rel=1e-6)


@given(st.floats(0.05, 20), st.sampled_from([1e-9, 1e-6, 1e-3]))
def test_mu_and_epsilon_are_inverse_and_err_on_the_safe_side(epsilon, delta):
    mu = accounting.mu_of(epsilon, delta)
    assert accounting.delta_of(mu, epsilon) <= delta
    assert accounting.epsilon_of(mu, delta) == pytest.approx(epsilon, rel=1e-6)


@pytest.mark.parametrize("sigma", [1.0, 1.3, 2.0, 3.7, 8.0, 18.0, 137.0])
def test_a_discrete_gaussian_is_as_private_as_it_is_charged(sigma):
    variance = noise.variance_of(sigma)
    reach = int(38 * math.sqrt(variance))  # beyond, probabilities are below the least float
    y = np.arange(-reach, reach + 1)
    p = np.exp(-(y.astype(float) ** 2) / (2 * float(variance)))
    tails = np.cumsum(p[::-1])[::-1] / p.sum()  # P[Y >= k]
    z = stats.norm.isf(tails[(y > 0) & (y < 30 * math.sqrt(variance))])
    spacing = np.diff(np.concatenate([-z[:1], z]))  # symmetric: z_0 = -z_1
    assert spacing.max() <= noise.mu_of(variance) + 1e-12
    assert noise.mu_of(variance) <= 1.07 / math.sqrt(variance)


def test_noise_has_its_distribution():
    stream = random.Random(0)
    variance = Fraction(13, 4)
    drawn = Counter(noise.discrete_gaussian(variance, stream.randrange) for _ in range(20_000))
    y = np.arange(-6, 7)
    p = np.exp(-(y**2) / (2 * float(variance)))
    whole = np.exp(-(np.arange(-60, 61) ** 2) / (2 * float(variance))).sum()
    observed = np.array([drawn[int(value)] for value in y])
    expected = p / whole * 20_000
    rest = 20_000 - observed.sum(), 20_000 - expected.sum()
    assert stats.chisquare([*observed, rest[0]], [*expected, rest[1]]).pvalue > 0.001


def test_noise_is_new_each_time_and_whole():
    counts = np.arange(60).reshape(6, 10)
    first, second = (noise.noisy(counts, noise.variance_of(50)) for _ in range(2))
    assert first.shape == counts.shape and first.dtype == np.int64
    assert not np.array_equal(first, second)


@pytest.mark.parametrize(("epsilon", "delta"), [(0, 1e-6), (-1, 1e-6), (math.nan, 1e-6), (1, 0), (1, 1), (1e9, 1e-6)])
def test_what_promises_nothing_is_refused(epsilon, delta):
    with pytest.raises(GeneratorError, match=r"expected (epsilon|delta)"):
        accounting.check(epsilon, delta)


def events(*sigmas, delta=0.0):
    return tuple(ledger.gaussian(f"table {k}", noise.variance_of(s), delta=delta) for k, s in enumerate(sigmas))


def test_ledgers_add_up_and_come_back_from_json():
    one, other = ledger.Ledger(events(5, 12), 1e-6, public=("age",)), ledger.Ledger(events(9), 1e-5)
    both = one + other
    assert both.mu == pytest.approx(math.hypot(one.mu, other.mu)) and both.delta == 1e-5
    assert ledger.Ledger.from_dict(both.to_dict()) == both
    assert ledger.total([one, other]) == both and ledger.total([]) is None
    assert "e^" in both.sentence() and 0.01 < both.largest_tpr(0.01) < 1


def test_the_delta_of_events_is_taken_from_the_delta_of_the_ledger():
    whole, less = ledger.Ledger(events(5), 1e-6), ledger.Ledger(events(5, delta=5e-7), 1e-6)
    assert less.epsilon > whole.epsilon
    assert ledger.Ledger(events(5, delta=2e-6), 1e-6).epsilon == math.inf


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda d: d["events"][0].update(mechanism="laplace"), "found 'laplace'"),
        (lambda d: d["events"][0].update(numerator=64 * 10**6), "follows from its events"),
        (lambda d: d.update(epsilon=0.1), "follows from its events"),
        (lambda d: d.update(unit="house"), "unit of privacy"),
        (lambda d: d.update(format=2), "of format 1, found format 2, which another version"),
        (lambda d: d.update(neighbours="replace one"), "another relation"),
    ],
)
def test_a_ledger_that_says_what_it_cannot_know_is_refused_by_name(change, sentence):
    document = ledger.Ledger(events(5), 1e-6).to_dict()
    change(document)
    with pytest.raises(GeneratorError, match=sentence):
        ledger.Ledger.from_dict(document)
