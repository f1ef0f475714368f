"""Dates: is what always comes first still first?"""

from __future__ import annotations

from launderette.evaluation import chance
from launderette.evaluation.measures import rules
from launderette.evaluation.samples import Samples
from launderette.evaluation.scores import Reason, Score


def date_order(samples: Samples, *, seed: int = 0) -> Score:
    """1 - share of rows in which a date lies after one that it never lies after in training rows, of the worst pair,
    beyond chance; in [0, 1], higher better.

    Nobody leaves before joining: where two dates are in order in every row, a row in which they are not is wrong.
    `constraints` counts these rules too, among those that a generator has to guess. Cost: one comparison per pair.
    """
    dates = {c for c in samples.known if samples.kinds[c] == "datetime"}
    found = {text: rule for text, rule in rules.find(samples, seed).items() if {*rule[1:]} <= dates}
    tried = len(dates) * (len(dates) - 1)
    absent = Reason.NO_RULES, "no two dates are in order in every training row"
    return chance.kept(samples, lambda role: rules.losses(samples, role, found, tried, seed), absent)
