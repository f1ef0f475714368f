"""The audit in one run: its bound is that of the paper, stays below what is claimed, and catches what is broken."""

import pytest
import torch

from benchmarks.privacy import audit

pytest.importorskip("dp_accounting.pld.privacy_loss_distribution")

EPSILON, CANARIES, STEPS, RATE = 3.0, 2000, 30, 0.2


@pytest.fixture(autouse=True)
def chance():
    """The same models in every run of a test."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        yield


@pytest.mark.parametrize(("right", "epsilon"), [(1000, 5.81), (700, 0.73), (600, 0.30), (500, 0.0)])
def test_a_bound_is_that_of_randomised_answers(monkeypatch, right, epsilon):
    monkeypatch.setattr(audit, "DELTA", 0.0)
    assert audit._bound(1000, 1000, right, 0.05) == pytest.approx(epsilon, abs=0.005)


def test_delta_makes_a_bound_smaller():
    assert 0 < audit._bound(1000, 200, 199, 0.05) < audit._bound(100, 200, 199, 0.05)  # of fewer canaries


def test_descent_as_it_is_stays_below_its_claim_and_close_enough_to_tell():
    found = audit.audit(EPSILON, CANARIES, STEPS, RATE)
    assert 0.5 < found.found < found.claimed <= EPSILON


@pytest.mark.parametrize("broken", [name for name in audit.MECHANISMS if name != "as it is"])
def test_a_broken_mechanism_is_caught(broken):
    with audit.MECHANISMS[broken]():
        found = audit.audit(EPSILON, CANARIES, STEPS, RATE)
    assert found.found > found.claimed
