"""Subgroups: are the people of each class, label and range of numbers as many, and as different, as real ones?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from launderette.evaluation import chance, panels
from launderette.evaluation.chance import Loss
from launderette.evaluation.measures import cells, neighbours
from launderette.evaluation.measures.neighbours import Group
from launderette.evaluation.samples import Samples
from launderette.evaluation.scores import Reason, Score
from launderette.evaluation.streams import RandomStream, generator

GROUP_ROWS = 400  # of a subgroup that are looked at
LEAST_SUBGROUP_ROWS = 60  # real rows of a subgroup, and synthetic ones expected
SUBGROUP_NEIGHBOUR = 2


class Coverage(NamedTuple):
    """Share of real rows that are usually covered, that are, and of how many rows."""

    usual: float
    found: float
    rows: int


def subgroups(samples: Samples, *, seed: int = 0) -> Score:
    """How well synthetic rows cover the real rows of each subgroup: 1 - the share of coverage lost beyond chance, in
    the worst subgroup; in [0, 1], higher better.

    A subgroup is at least 60 rows of one class, one frequent label or one eighth of a number, one of each entity whose
    rows are recognised together. A real row is covered where a synthetic one of its subgroup is as near as its second
    neighbour there; how many are covered where both are samples of one population follows from ranks alone: 1 - the
    chance that m synthetic rows are all farther. In a panel (panels.py) neighbours, real and synthetic, are rows of
    other subjects, for nobody who does not know a subject's other rows comes as near as these do. What is lost beyond
    chance is the low end of its 95 % interval. Cost: two searches of at most 400 x 400 rows per subgroup.
    """

    def measure(role: str) -> list[Loss]:
        groups = list(_groups(samples, role, seed))
        return [_lost(samples, role, *group, seed, len(groups)) for group in groups]

    absent = Reason.TOO_FEW_ROWS, f"no subgroup has {LEAST_SUBGROUP_ROWS} rows"
    found = chance.kept(samples, measure, absent, f"Up to {GROUP_ROWS} rows of each subgroup.", sure=True)
    subject = panels.subject(samples)
    return found if subject is None else replace(found, detail={**found.detail, "subject": subject})


def _groups(samples: Samples, role: str, seed: int) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
    """Column, training rows and rows of the role of each subgroup that is large enough."""
    real, other = samples.table("train"), samples.table(role)
    for column in samples.known:
        one, two = (cells.codes(samples, column, real, table) for table in (real, other))
        for name in np.unique(one):
            rows, there = (_apart(samples, *side, seed) for side in (("train", one == name), (role, two == name)))
            if min(1, len(other) / len(real)) * len(rows) >= LEAST_SUBGROUP_ROWS:
                yield column, rows, there


def _apart(samples: Samples, role: str, inside: np.ndarray, seed: int) -> np.ndarray:
    """The numbers of rows of a subgroup, one of each entity whose rows are recognised together, drawn by the seed."""
    rows = np.flatnonzero(inside)
    return samples.apart(
        role, rows if samples.recognised is None else generator(seed, RandomStream.SUBGROUP_ROWS).permutation(rows)
    )


def _lost(samples: Samples, role: str, column: str, real: np.ndarray, other: np.ndarray, seed: int, parts: int) -> Loss:
    rng = generator(seed, RandomStream.SUBGROUP_LOSS)
    rows = np.sort(rng.permutation(real)[:GROUP_ROWS])
    expected = min(len(rows), round(len(real) * len(samples.table(role)) / len(samples.train)))
    there = np.sort(rng.permutation(other)[:expected])
    usual, covered, asked = _coverage(samples, role, rows, there, expected)
    error = 1.5 * np.sqrt(usual * (1 - usual) * (1 / asked + 1 / expected))
    return Loss(str(column), float(max(0.0, 1 - covered / usual)), float(chance.deviations(parts) * error / usual))


def _coverage(samples: Samples, role: str, rows: np.ndarray, there: np.ndarray, expected: int) -> Coverage:
    subject = panels.subject(samples)
    if subject is not None and (found := _of_others(samples, subject, rows, Group(role, there), expected)):
        return found
    return Coverage(
        float(chance.covered(len(rows), expected, SUBGROUP_NEIGHBOUR)),
        _covered(samples, role, rows, there) if len(there) else 0.0,
        len(rows),
    )


def _of_others(samples: Samples, subject: str, rows: np.ndarray, there: Group, expected: int) -> Coverage | None:
    """Coverage by rows of other subjects; None for a subgroup in which too few rows have such neighbours."""
    near = panels.apart(samples, subject, Group("train", rows), Group("train", rows))
    others = np.isfinite(near).sum(1)
    asked = others >= SUBGROUP_NEIGHBOUR
    if asked.sum() < LEAST_SUBGROUP_ROWS:
        return None
    radius = np.sort(near[asked], 1)[:, SUBGROUP_NEIGHBOUR - 1]
    usual = chance.covered(1 + others[asked], expected * others[asked] / len(rows), SUBGROUP_NEIGHBOUR)
    nearest = panels.apart(samples, subject, Group("train", rows[asked]), there).min(1, initial=np.inf)
    return Coverage(float(usual.mean()), float((nearest <= radius).mean()), int(asked.sum()))


def _covered(samples: Samples, role: str, rows: np.ndarray, others: np.ndarray) -> float:
    real = Group("train", rows)  # the same whatever the role
    radius = neighbours.search(samples, real, real, SUBGROUP_NEIGHBOUR)[0][:, -1]
    near = neighbours.search(samples, real, Group(role, others), 1)[0][:, 0]
    return float(np.mean(near <= radius))
