"""Honest draws: fresh people of the same population, at sizes and of shapes that may mislead a rule."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np

from launderette.evaluation.calibration import changes, population
from launderette.evaluation.calibration.population import Case, ImageCase

Rng = np.random.Generator


def _shares(train: float, held: float, released: float, case: Case, rng: Rng) -> Case:
    """The case cut to shares of its training rows."""
    size = len(case.train)
    return case.sized(*(round(share * size) for share in (train, held, released)))


def plain(case: Case, rng: Rng) -> Case:
    """As many rows as trained on."""
    return case


def holdout_as_large(case: Case, rng: Rng) -> Case:
    """A holdout as large as the training table, four times the release."""
    held = len(case.holdout)
    return case.sized(held, held, held // 4)


def four_columns(case: Case, rng: Rng) -> Case:
    """Four columns, of which many people have the same values."""
    columns = [*changes.numbers(case)[:1], *changes.labels(case)[:2], case.target]
    return replace(case, **{role: getattr(case, role)[columns] for role in ("train", "holdout", "synthetic")})


def few_columns(case: Case, rng: Rng) -> Case:
    """Four columns, and four times as many rows as trained on."""
    return four_columns(_shares(0.25, 0.0625, 1, case, rng), rng)


def with_text(case: Case, rng: Rng) -> Case:
    """E-mails, names and notes of everybody."""
    return population.with_text(case, rng)


def survey(case: Case, rng: Rng) -> Case:
    """Ten questions answered by 0 or 1, three that hardly anybody answered, long-tailed counts, a list of labels and a
    text of two numbers, beside a few of the columns.
    """
    kept = [*changes.numbers(case)[:3], *changes.labels(case)[:2], *changes.dates(case)[:1], case.target]
    values = case.train[kept[0]]
    tables = {role: getattr(case, role)[kept] for role in ("train", "holdout", "synthetic")}
    scaled = {role: ((t[kept[0]] - values.mean()) / values.std()).to_numpy(float) for role, t in tables.items()}
    return replace(case, **{role: table.assign(**_answers(scaled[role], rng)) for role, table in tables.items()})


def _answers(cause: np.ndarray, rng: Rng) -> dict[str, object]:
    """Columns that depend on a standardised number: [rows] -> [rows] each."""
    size = len(cause)

    def likely(base: float, slope: float) -> np.ndarray:
        return rng.random(size) < 1 / (1 + np.exp(-base - slope * cause))

    questions = {f"question {n}": likely(1 - n / 2, (-1) ** n).astype(int) for n in range(10)}
    counts = np.exp(1 + 0.5 * cause + rng.normal(0, 1.2, size)).astype(int)
    asked = {f"asked {n}": np.where(likely(-1 - n, 0.5), rng.poisson(4, size), np.nan) for n in range(1, 4)}
    chosen = np.array([likely(-n / 2, 0.5) for n in range(6)]).T  # [rows, labels]
    upper = (120 + 10 * cause + rng.normal(0, 9, size)).astype(int)
    lower = (0.5 * upper + 20 + rng.normal(0, 6, size)).astype(int)
    return (
        questions
        | asked
        | {
            "contacts": counts,
            "bought": np.where(likely(-1, 0), counts * rng.geometric(0.3, size), 0),
            "choices": [";".join(np.array(list("abcdef"))[row]) for row in chosen],
            "pressures": [f"{a}/{b}" for a, b in zip(upper, lower, strict=True)],
        }
    )


def without_numbers(case: Case, rng: Rng) -> Case:
    """Labels only."""
    columns = [*changes.labels(case), case.target]
    return replace(case, **{role: getattr(case, role)[columns] for role in ("train", "holdout", "synthetic")})


def without_labels(case: Case, rng: Rng) -> Case:
    """Numbers and the target only."""
    columns = [*changes.numbers(case), case.target]
    return replace(case, **{role: getattr(case, role)[columns] for role in ("train", "holdout", "synthetic")})


def visits(case: Case, rng: Rng) -> Case:
    """Six readings of each person, on two visits."""
    return population.of_visits(case)


def images(case: ImageCase, rng: Rng) -> ImageCase:
    """Fresh images."""
    return case


def few_images(case: ImageCase, rng: Rng) -> ImageCase:
    """140 training, 35 held-out and 140 released images."""
    sides = ((*case.train, 140), (*case.holdout, 35), (*case.synthetic, 140))
    return ImageCase(*((pixels[:n], labels[:n]) for pixels, labels, n in sides))


HONEST_SIZES = {  # of the training rows: how many are trained on, held out, released
    "few_released": (1, 0.25, 0.25),
    "very_few_released": (1, 0.25, 0.1),
    "small_holdout": (1, 0.05, 1),
    "small": (0.1, 0.025, 0.1),
    "many_released": (0.2, 0.05, 1),
}
VARIANTS = {name: partial(_shares, *how) for name, how in HONEST_SIZES.items()}
