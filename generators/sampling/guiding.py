"""What conditions and constraints on columns that are worked out say of the columns that they are sums of."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping

from launderette.generators.encoding.encoding import Encoding
from launderette.generators.formulas.polynomial import Polynomial
from launderette.generators.sampling import domains
from launderette.generators.sampling.constraints import RELATIVE_SLACK, EncodedRule, Linear
from launderette.generators.sampling.domains import Domain


def from_sums(found: Mapping[int, Domain], rules: Iterable[EncodedRule], encoding: Encoding) -> Iterator[EncodedRule]:
    """Yield what conditions and sums that name columns that are worked out by a sum say of its terms, so that they
    guide a draw.
    """
    for k, domain in found.items():
        if k >= len(encoding.columns) and domain.pieces:
            asked = Linear({k: 1.0}, *_asked(domain), slack=RELATIVE_SLACK)
            yield from _of_terms(EncodedRule((), (asked,)), encoding)
    for rule in rules:
        yield from _of_terms(rule, encoding)


def _asked(domain: Domain) -> tuple[float, float]:
    """Return between which values a domain lies: at an end of a column's range lies also what was beyond it."""
    (lowest, *_), (*_, highest) = domains.ends(domain.column)
    low, high = domain.pieces[0][0], domain.pieces[-1][1]
    unit = domains.per_unit(domain.column)
    return (-math.inf if low <= lowest else low / unit), (math.inf if high >= highest else high / unit)


def _of_terms(rule: EncodedRule, encoding: Encoding) -> Iterator[EncodedRule]:
    """Yield a rule whose claim names columns that are worked out as one of what they are sums of: at most a tick off
    for each.
    """
    claim = rule.claims[0]
    if not isinstance(claim, Linear) or claim.negated or max(claim.columns) < len(encoding.columns):
        return
    sums = {k: _terms(k, encoding) for k in claim.weights}
    weights: dict[int, float] = {}
    constant = ticks = 0.0
    for k, w in claim.weights.items():
        if (own := sums[k]) is None:
            return
        constant += w * own[1]
        ticks += abs(w) / domains.per_unit(encoding.known[k]) * (k >= len(encoding.columns))
        for j, v in own[0].items():
            weights[j] = weights.get(j, 0.0) + w * v
    weights = {j: w for j, w in weights.items() if w}
    if len(weights) > 1:
        low, high = claim.low - constant - ticks, claim.high - constant + ticks
        yield EncodedRule(rule.premises, (Linear(weights, low, high, slack=RELATIVE_SLACK),))


def _terms(k: int, encoding: Encoding) -> tuple[dict[int, float], float] | None:
    """Return the factors of columns with tokens, and the constant, that a column is the sum of; None where it is no
    such sum.
    """
    if k < len(encoding.columns):
        return {k: 1.0}, 0.0
    formula = encoding.derived[k - len(encoding.columns)].formula
    if not isinstance(formula, Polynomial) or formula.function:
        return None
    weights: dict[int, float] = {}
    constant = 0.0
    for factor, powers in formula.terms:
        if sum(powers) not in (0, 1) or min(powers) < 0:
            return None
        own = _terms(encoding.index(formula.sources[powers.index(1)]), encoding) if any(powers) else ({}, 1.0)
        if own is None:
            return None
        constant += factor * own[1]
        for j, v in own[0].items():
            weights[j] = weights.get(j, 0.0) + factor * v
    return weights, constant
