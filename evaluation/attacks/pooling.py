"""What attacks show in all divisions of few rows together: each row as a member and as a non-member (divided.py)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from launderette.evaluation import divided
from launderette.evaluation.attacks import membership
from launderette.evaluation.attacks.membership import Evidence
from launderette.evaluation.samples import Samples


def evidence(divisions: Sequence[Samples], role: str, seed: int) -> Evidence | None:
    """Evidence of one division, or of the rows asked about in each of several; None where too few are left."""
    if len(divisions) == 1:
        return membership.evidence(divisions[0], role, seed)
    known = [(one, membership.evidence(one, role, seed, divided.FEWEST_ATTACKED)) for one in divisions]
    found = [ranked for one, each in known if each is not None and (ranked := _asked(one, each)) is not None]
    if min((sum(len(one.isolation[side]) for one in found) for side in (0, 1)), default=0) < membership.SMALLEST:
        return None
    names = dict.fromkeys(attack for one in found for attack in one.members)
    return replace(
        found[0],
        members={attack: _joined(found, attack, 0) for attack in names},
        non_members={attack: _joined(found, attack, 1) for attack in names},
        isolation=(_isolation(found, 0), _isolation(found, 1)),
        rows=np.concatenate([one.rows for one in found]),
        held=np.concatenate([one.held for one in found]),
    )


def _asked(samples: Samples, found: Evidence) -> Evidence | None:
    """The evidence about the rows that are attacked in a division."""
    inside, outside = (of[rows] for of, rows in zip(divided.asked(samples), (found.rows, found.held), strict=True))
    few = min(inside.sum(), outside.sum()) < divided.FEWEST_ATTACKED
    return None if few else found.about(inside, outside)


def _isolation(found: Sequence[Evidence], side: int) -> np.ndarray:
    return np.concatenate([one.isolation[side] for one in found])


def _joined(found: Sequence[Evidence], attack: str, side: int) -> np.ndarray:
    """Scores as they are, for real rows are the same everywhere and so are distances among them; the usual score where
    an attack could not be tried in a division.
    """
    usual = np.median(np.concatenate([one.non_members[attack] for one in found if attack in one.non_members]))
    scores = [(one.members, one.non_members)[side].get(attack) for one in found]
    sizes = [len(one.isolation[side]) for one in found]
    return np.concatenate([np.full(n, usual) if own is None else own for own, n in zip(scores, sizes, strict=True)])
