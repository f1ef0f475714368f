"""Rows of people that are right one by one, and belong together no more."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

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


def sessions_of_days(case: Case, rng: Rng) -> Case:
    """Rows of one session lie days apart, where real ones lie minutes apart."""
    case = population.of_visits(case)
    tables = {role: _in_session(getattr(case, role), rng) for role in ("train", "holdout", "synthetic")}
    case = replace(case, **tables, kinds={**case.kinds, "session": "identifier"})
    starts = case.synthetic.groupby("session")["taken_at"].transform("min")
    return case.changed(taken_at=starts + 3000 * (case.synthetic["taken_at"] - starts))


def _in_session(frame: pd.DataFrame, rng: Rng) -> pd.DataFrame:
    """Rows of a visit share a session, and follow one another within minutes."""
    session = frame["person"] + frame["taken_at"].dt.strftime("-%y%m%d%H%M")
    later = pd.to_timedelta(rng.exponential(90, len(frame)).round(), "s")
    return frame.assign(session=session, taken_at=frame["taken_at"] + later)


def visits_of_a_person_soon_after(case: Case, rng: Rng) -> Case:
    """A person's visits follow each other within months, where real ones do within years."""
    case = population.of_visits(case)
    starts = case.synthetic.groupby("person")["taken_at"].transform("min")
    return case.changed(taken_at=starts + (case.synthetic["taken_at"] - starts) / 5)


def values_of_a_person_scattered(case: Case, rng: Rng) -> Case:
    """A person's readings lie three times as far from each other."""
    return _spread(case, 3.0)


def values_of_a_person_drawn_together(case: Case, rng: Rng) -> Case:
    """A person's readings lie a third as far from each other."""
    return _spread(case, 1 / 3)


def _spread(case: Case, times: float) -> Case:
    case = population.of_visits(case)
    means = case.synthetic.groupby("person")["value"].transform("mean")
    return case.changed(value=(means + times * (case.synthetic["value"] - means)).round(1))


def every_row_its_own_person(case: Case, rng: Rng) -> Case:
    """No two rows are of one person."""
    case = population.of_visits(case)
    return case.changed(person=[f"Q{n:06d}" for n in range(len(case.synthetic))])


def _dealt(case: Case, columns: list[str], rng: Rng) -> Case:
    """Readings, of which columns are dealt out anew."""
    case = population.of_visits(case)
    order = rng.permutation(len(case.synthetic))
    return case.changed(**{c: case.synthetic[c].to_numpy()[order] for c in columns})
