"""Audit private descent in one run (Steinke, Nasr and Jagielski 2023, 2305.08846): a lower bound of epsilon beside what
is claimed.

    python -m benchmarks.privacy.audit --epsilon 1 3 8

Each of many canaries is in the rows with a probability of 1/2. Its gradient is longer than the clip and in a direction
of its own, a number of a parameter that nothing else uses. An attacker who sees the noisy gradients of all steps
guesses of those with the largest and the smallest sums that they were in and were not; so many right guesses are
impossible below some epsilon, with a confidence of 95 %. A mechanism that is broken on purpose is to be caught: a lower
bound above the claim. r right guesses show log(r / 3) at most, so a claim of 8 takes tens of thousands of canaries.
"""

import argparse
import math
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from functools import lru_cache
from unittest import mock

import numpy as np
import torch
from rich.console import Console
from rich.table import Table
from scipy import stats
from torch import Tensor, nn

from launderette.generators.gradients.per_row import Lookup, Tape
from launderette.generators.privacy import accounting, descent, entropy
from launderette.generators.privacy.descent import Descent, DescentSchedule, PrivateRows
from launderette.generators.privacy.fitting import STEPS_DELTA_SHARE
from launderette.generators.privacy.subsampling import Steps, epsilon_of, noise_for

DELTA, CONFIDENCE = 1e-6, 0.95
STEEPNESS = 1e3  # length of a canary's gradient, in clips
GUESSED = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)  # shares of the canaries that are guessed
LARGEST_EPSILON, BISECTION_STEPS = 30.0, 40


class Canaries(nn.Module):
    """A parameter with a number for each canary, whose loss is steep in it alone."""

    chances, row_numbers = 1, 1  # uniforms of a row, of which its loss uses none; numbers of its gradient

    def __init__(self, count: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(count, 1))

    def row_losses(self, x: Tensor, u: Tensor, tape: Tape) -> Tensor:
        """Return the loss of each canary of x [B, 1]: [B]."""
        at = x.t()
        return STEEPNESS * tape.note(self.weight[at], Lookup(("weight", None), at))[0, :, 0]


@dataclass(frozen=True)
class Audit:
    """What was claimed, and the lower bound that was found."""

    claimed: float
    found: float


def audit(epsilon: float, canaries: int, steps: int, rate: float) -> Audit:
    """Run private descent with so many canaries, within a budget, and attack it."""
    schedule = _schedule(epsilon, canaries, steps, rate)
    included = torch.rand(canaries) < 0.5
    rows = PrivateRows(included.nonzero(), np.arange(int(included.sum())))
    model, sums = Canaries(canaries), torch.zeros(canaries, dtype=torch.float64)
    Descent(model, schedule).run(rows, lambda step: sums.add_(model.weight.grad[:, 0]))
    claimed = epsilon_of(0.0, Steps(schedule.noise, rate, steps), DELTA)
    return Audit(claimed, lower_bound(sums.numpy(), included.numpy()))


@lru_cache
def _schedule(epsilon: float, canaries: int, steps: int, rate: float) -> DescentSchedule:
    slack = STEPS_DELTA_SHARE * DELTA
    noise = noise_for(accounting.mu_of(epsilon, DELTA - slack), slack, rate, steps)
    return DescentSchedule(steps, rate, noise, rate * canaries / 2)


def lower_bound(scores: np.ndarray, included: np.ndarray) -> float:
    """Return the epsilon below which so many right guesses are too unlikely, the best for several numbers of guesses
    (each at its share of 1 - CONFIDENCE).
    """
    m, order, best = len(scores), np.argsort(scores, kind="stable"), 0.0
    for share in GUESSED:
        each = max(1, round(share * m / 2))
        right = int(included[order[-each:]].sum() + (~included[order[:each]]).sum())
        best = max(best, _bound(m, 2 * each, right, (1 - CONFIDENCE) / len(GUESSED)))
    return best


def _bound(m: int, guesses: int, right: int, level: float) -> float:
    low, high = 0.0, LARGEST_EPSILON
    for _ in range(BISECTION_STEPS):
        middle = (low + high) / 2
        low, high = (middle, high) if p_value(m, guesses, right, middle) < level else (low, middle)
    return low


def p_value(m: int, guesses: int, right: int, epsilon: float) -> float:
    """Return the probability, at most, of so many right guesses about m canaries of an (epsilon, DELTA)-private
    mechanism (theorem 5.2 of the paper).
    """
    each = stats.binom(guesses, 1 / (1 + math.exp(-epsilon)))
    short = np.cumsum(each.pmf(right - np.arange(1, right + 1))) / np.arange(1, right + 1)
    return min(1.0, float(each.sf(right - 1) + 2 * m * DELTA * short.max(initial=0.0)))


def noise_off() -> AbstractContextManager[object]:
    return mock.patch.object(entropy, "normals", np.zeros)


def noise_of_a_fifth() -> AbstractContextManager[object]:
    exact = entropy.normals
    return mock.patch.object(entropy, "normals", lambda count: exact(count) / 5)


@contextmanager
def clipping_off() -> Iterator[None]:
    sums = descent.clipped_sums
    with mock.patch.object(descent, "clipped_sums", lambda model, batch, clip: sums(model, batch, math.inf)):
        yield


def all_rows_in_every_step() -> AbstractContextManager[object]:
    return mock.patch.object(entropy, "chosen", lambda count, rate: np.ones(count, dtype=bool))


MECHANISMS: dict[str, Callable[[], AbstractContextManager[object]]] = {
    "as it is": nullcontext,
    "noise off": noise_off,
    "a fifth of the noise": noise_of_a_fifth,
    "clipping off": clipping_off,
    "all rows in every step": all_rows_in_every_step,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--epsilon", type=float, nargs="+", default=[1.0, 3.0, 8.0])
    parser.add_argument("--canaries", type=int, default=40_000)
    parser.add_argument("--steps", type=int, default=100)
    parser.add_argument("--rate", type=float, default=0.2)
    options = parser.parse_args()
    table = Table("private descent", "epsilon claimed", "at least (95 %)", "", title=f"delta {DELTA:g}")
    for epsilon in options.epsilon:
        for name, broken in MECHANISMS.items():
            with broken():
                one = audit(epsilon, options.canaries, options.steps, options.rate)
            said = "caught" if one.found > one.claimed else ""
            table.add_row(name, f"{one.claimed:.2f}", f"{one.found:.2f}", said)
    Console(width=100).print(table)


if __name__ == "__main__":
    main()
