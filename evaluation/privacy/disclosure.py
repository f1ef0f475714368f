"""Disclosure: what do released rows give away of one person, whose other values are known?"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from launderette.evaluation import divided
from launderette.evaluation.attacks import attribute_inference, disclosure
from launderette.evaluation.attacks.disclosure import Parties
from launderette.evaluation.samples import Samples
from launderette.evaluation.scores import Reason, Score, unknown

TARGETS = 1000  # people whose values are guessed or linked


def attribute(samples: Samples, *, seed: int = 0) -> Score:
    """How much better a value of a training person can be guessed than a non-member's, in [0, 1], lower better.

    (r - c) / (1 - c): r and c are the shares of values guessed right of members and of holdout people, over up to six
    columns, from all other columns by the nearest released row. `detail` names the columns, and what a sample of the
    population alone would reach. Interval: bootstrap over people. Cost: one search per column and table.
    """
    if obstacle := disclosure.without_non_members(samples):
        return unknown(*obstacle, "lower")
    if len(samples.known) < 2 or not (secrets := attribute_inference.secrets(samples, seed)):
        return unknown(Reason.ONE_COLUMN, "guessing a value takes another column", "lower")
    return divided.both(samples, lambda divisions: _attribute(divisions, secrets, seed))


def _attribute(divisions: Sequence[Samples], secrets: list[str], seed: int) -> Score:
    chosen = {
        name: disclosure.each_division(divisions, role, TARGETS, seed) for name, role in divisions[0].roles().items()
    }
    if not chosen["value"]:
        return unknown(Reason.TOO_FEW_ROWS, f"guesses need {disclosure.SMALLEST} training and holdout rows", "lower")
    rights = {name: _guessed(parties, secrets) for name, parties in chosen.items() if parties}
    if rights["value"][1].all():
        everybody = "ceiling" in rights and bool(rights["ceiling"][1].all())
        return disclosure.always_right("every value is guessed right", everybody)
    risks = {name: attribute_inference.excess(*right, seed) for name, right in rights.items()}
    known = rights["ceiling"][0].mean(1) if "ceiling" in rights else [None] * len(secrets)
    columns = {
        str(c): {"members": float(m), "non_members": float(s), "from_population": None if k is None else float(k)}
        for c, m, s, k in zip(secrets, *(right.mean(1) for right in rights["value"]), known, strict=True)
    }
    people = rights["value"][0].shape[1]
    return Score(
        *risks["value"],
        risks["ceiling"][0] if "ceiling" in risks else None,
        risks["floor"][0],
        "lower",
        {"columns": columns, "members": people},
        f"{people:,} people on each side, {len(secrets)} columns, "
        f"{len(chosen['value'][0][1].released):,} synthetic rows searched.",
    )


def _guessed(parties: Sequence[tuple[Samples, Parties]], secrets: list[str]) -> tuple[np.ndarray, np.ndarray]:
    """Whether each secret of each member and non-member of all divisions is guessed: two bool arrays [secrets,
    people].
    """
    members, non_members = zip(
        *(attribute_inference.all_guessed(samples, chosen, secrets) for samples, chosen in parties), strict=True
    )
    return np.concatenate(members, axis=1), np.concatenate(non_members, axis=1)


def singling_out(samples: Samples, *, seed: int = 0) -> Score:
    """How much more often a predicate made from released rows fits exactly one training person than one non-member;
    lower better.

    (r - c) / (1 - c) of the success rates on training and on as many holdout rows, in [0, 1] (Article 29 Working Party
    2014, Giomi et al. 2022), Wilson intervals. A guess has to name one released row. Cost: GUESSES counts over
    PREDICATE_ROWS per table.
    """
    return disclosure.excess_risk(samples, seed, disclosure.PREDICATE_ROWS, disclosure.single_out)


def linkability(samples: Samples, *, seed: int = 0) -> Score:
    """How much more often two halves of a training person's columns lead to one released row than a non-member's; lower
    better.

    (r - c) / (1 - c) of the success rates, in [0, 1] (Article 29 Working Party 2014, Giomi et al. 2022), Wilson
    intervals. Each half has three nearest released rows. Cost: four searches per table.
    """
    if len(samples.known) < 2:
        return unknown(Reason.ONE_COLUMN, "a link takes two columns with values", "lower")
    return disclosure.excess_risk(
        samples, seed, TARGETS, lambda s, chosen, seed: (len(chosen.members), *disclosure.link(s, chosen, seed))
    )
