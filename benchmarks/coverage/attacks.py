"""Intervals of attacks on membership: AUC, and the rate of members recognised at a rate of false alarms."""

from collections.abc import Iterator
from functools import cache, partial

import numpy as np
from scipy.stats import norm

from benchmarks.coverage.shares import Case, Ends
from evaluation.attacks import choice
from evaluation.attacks.membership import Evidence
from evaluation.measures import intervals

Rng = np.random.Generator


def areas() -> Iterator[Case]:
    """AUC of two normal groups a deviation, or nothing, apart."""
    for size, shift in ((50, 0.0), (200, 1.0), (1000, 0.0)):

        def drawn(rng: np.random.Generator, seed: int, size=size, shift=shift) -> Ends:
            return intervals.mean_auc([(rng.normal(shift, 1, size), rng.normal(size=size)) for _ in range(2)], seed)[1:]

        yield "AUC", f"two halves of {size}, {shift:g} apart", drawn, float(norm.cdf(shift / np.sqrt(2)))


def rates() -> Iterator[Case]:
    """TPR at a false-alarm rate: nothing known, a shift of all members, a leak of some."""
    for members, others in ((200, 200), (600, 600), (5000, 5000), (5000, 500), (500, 5000)):
        for rate in (0.01, 0.1):
            for leak, shift in ((0.0, 0.0), (0.0, 1.0), (0.05, 0.0), (0.5, 0.0)):

                def drawn(
                    rng: np.random.Generator,
                    seed: int,
                    m=members // 2,
                    n=others // 2,
                    rate=rate,
                    leak=leak,
                    shift=shift,
                ) -> Ends:
                    halves = [
                        (rng.normal(shift, 1, m) + 20 * (rng.random(m) < leak), rng.normal(size=n)) for _ in range(2)
                    ]
                    return intervals.recognised([halves], rate)[1:]

                true = leak + (1 - leak) * float(norm.sf(norm.isf(rate) - shift))
                yield f"TPR at {rate:.0%} FPR", f"{members} / {others}, leak {leak:.0%}, shift {shift:g}", drawn, true


def chosen() -> Iterator[Case]:
    """What is reported of the strongest of three attacks, over four ways to halve the candidates.

    None knows anything; or one recognises a twentieth of the members; or all see the same in members.
    """
    for members, others in ((1000, 250), (3000, 750)):
        for leak, shift in ((0.0, 0.0), (0.05, 0.0), (0.0, 1.0)):

            @cache
            def outcome(seed: int, m=members, n=others, leak=leak, shift=shift) -> choice.Outcome:
                return choice.measure(_evidence(np.random.default_rng([seed, 97]), m, n, leak, shift), seed)

            case = f"{members} / {others}, leak {leak:.0%}, shift {shift:g}"
            for rate in (0.01, 0.1):
                true = leak + (1 - leak) * float(norm.sf(norm.isf(rate) - shift))
                ends = partial(lambda rng, seed, rate, of: of(seed).rates[rate][1:], rate=rate, of=outcome)
                yield f"TPR at {rate:.0%} FPR, chosen", case, ends, true
            true = leak + (1 - leak) * float(norm.cdf(shift / np.sqrt(2)))
            yield "AUC, chosen", case, partial(lambda rng, seed, of: of(seed).area[1:], of=outcome), true


def _evidence(rng: Rng, members: int, others: int, leak: float, shift: float) -> Evidence:
    """Scores of three attacks: of noise and, the first, of a leak; of the same shifted scores where there is a
    shift.
    """
    inside, outside = rng.normal(size=(3, members)), rng.normal(size=(3, others))
    if shift:
        inside, outside = np.repeat(inside[:1] + shift, 3, 0), np.repeat(outside[:1], 3, 0)
    inside[0] += 20 * (rng.random(members) < leak)
    sides = ({str(n): scores for n, scores in enumerate(side)} for side in (inside, outside))
    return Evidence(*sides, (np.zeros(members), np.zeros(others)), others, np.arange(members))
