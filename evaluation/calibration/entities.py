"""Rows of people that are right one by one, and belong together no more."""

from __future__ import annotations

import numpy as np

from launderette.evaluation.calibration import population
from launderette.evaluation.calibration.population import Case

Rng = np.random.Generator


def times_of_a_visit_apart(case: Case, rng: Rng) -> Case:
    """Each row of a visit has a time of its own."""
    return _dealt(case, ["taken_at"], rng)


def times_of_a_visit_minutes_apart(case: Case, rng: Rng) -> Case:
    """The same, within the hour."""
    case = population.of_visits(case)
    apart = rng.integers(0, 60, len(case.synthetic)).astype("timedelta64[m]")
    return case.changed(taken_at=case.synthetic["taken_at"] + apart)


def wards_of_a_person_apart(case: Case, rng: Rng) -> Case:
    """Each row of a person is of a ward of its own."""
    return _dealt(case, ["ward"], rng)


def rows_of_other_people(case: Case, rng: Rng) -> Case:
    """Rows are those of anybody: who is named in them is dealt out anew."""
    return _dealt(case, ["person"], rng)


def values_of_a_person_apart(case: Case, rng: Rng) -> Case:
    """A person's readings lie no nearer to each other than to those of others."""
    return _dealt(case, ["value"], rng)


def every_row_its_own_person(case: Case, rng: Rng) -> Case:
    """No two rows are of one person."""
    case = population.of_visits(case)
    return case.changed(person=[f"Q{n:06d}" for n in range(len(case.synthetic))])


def _dealt(case: Case, columns: list[str], rng: Rng) -> Case:
    """Readings, of which columns are dealt out anew."""
    case = population.of_visits(case)
    order = rng.permutation(len(case.synthetic))
    return case.changed(**{c: case.synthetic[c].to_numpy()[order] for c in columns})
