"""Which generator suits a source, by what was measured of each: the tables of docs/generators.md, which a test
compares with these.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np


class Figures(NamedTuple):
    """What `python -m benchmarks.families` prints of one family of tables."""

    detection: float  # of its rows among unseen ones; 1: undetected
    given: float  # likewise of rows under a condition
    attack: float | None  # AUC of its loss as an attack; None where it has none
    error: float | None  # of imputed numbers over that of the column's mean; None where it fills no gaps


MEASURED = {  # rows of Adult -> family -> figures
    500: {
        "tabular.autoregressive": Figures(0.69, 0.75, 0.59, 0.96),
        "tabular.diffusion": Figures(0.76, 0.75, 0.57, 0.96),
        "tabular.gan": Figures(0.66, 0.69, None, None),
        "tabular.autoencoder": Figures(0.63, 0.70, None, None),
        "tabular.marginals": Figures(0.69, 0.77, 0.54, 0.96),
    },
    5000: {
        "tabular.autoregressive": Figures(0.80, 0.88, 0.53, 0.88),
        "tabular.diffusion": Figures(0.76, 0.82, 0.53, 0.90),
        "tabular.gan": Figures(0.77, 0.98, None, None),
        "tabular.autoencoder": Figures(0.65, 0.76, None, None),
        "tabular.marginals": Figures(0.78, 0.91, 0.53, 0.91),
    },
}
MOST_ATTACK = 0.6  # AUC, the bound on memory
NOISE = 0.03  # of a detection; of families that differ by no more the first one is named, the default
MANY_MISSING = 0.05  # share of the cells
ACCURACY_OF_IMAGES = {  # accuracy on real images of what is trained on images of each family, three minutes at most
    "image.diffusion": 0.989,
    "image.autoregressive": 0.972,
    "image.gan": 0.978,
    "image.autoencoder": 0.986,
}


def guaranteed(names: Sequence[str]) -> str:
    """Return which of the generators that keep to an epsilon suits most sources, the first, and why: one sentence."""
    name, *others = names
    too = f"; {' and '.join(others)} {'keep' if others[1:] else 'keeps'} to one too" if others else ""
    return f"{name} suits a guarantee of epsilon: it keeps to one and fits in seconds{too}"


def suiting_images(images: int) -> str:
    """Return the family that suits so many images, and why: one sentence."""
    name, *others = sorted(ACCURACY_OF_IMAGES, key=ACCURACY_OF_IMAGES.__getitem__, reverse=True)
    rest = ", ".join(f"{other.partition('.')[2]} {ACCURACY_OF_IMAGES[other]:.3f}" for other in others)
    return (
        f"{name} suits {images:,} images: measured on digits, what is trained on its images is right most often about "
        f"real ones ({ACCURACY_OF_IMAGES[name]:.3f}; {rest})"
    )


def suiting(rows: int, columns: int, *, missing: float = 0.0, conditions: int = 0) -> str:
    """Return the family of tables that suits `rows` of `columns`, a share of cells missing, and why: one sentence.

    It is the one whose rows are hardest to detect (under `conditions`, given one) at the measured number of rows
    nearest by ratio, the default where it differs from that by noise, among those that do not know their training rows
    by heart and, where many values are missing, fill gaps. For much fewer rows than were measured it is the default.
    """
    table, fewest = _table(rows, columns, missing, conditions), min(MEASURED)
    if rows < fewest / 2:
        return f"{next(iter(MEASURED[fewest]))} suits {table}: the default, for none was measured with so few"
    size = min(MEASURED, key=lambda measured: abs(np.log(measured / max(rows, 1))))
    asked = {name: own for name, own in MEASURED[size].items() if own.attack is None or own.attack <= MOST_ATTACK}
    if missing >= MANY_MISSING:
        asked = {name: own for name, own in asked.items() if own.error is not None}
    scores = {name: own.given if conditions else own.detection for name, own in asked.items()}
    most = max(scores.values())
    name = next(own for own, score in scores.items() if round(most - score, 2) <= NOISE)
    others = sorted(scores.keys() - {name}, key=scores.__getitem__, reverse=True)
    rest = ", ".join(f"{other.partition('.')[2]} {scores[other]:.2f}" for other in others)
    how = "the hardest" if scores[name] == most else "but for noise as hard as any"
    best = f"{how} to tell from unseen real ones ({scores[name]:.2f} of 1; {rest})"
    told = f"measured with {size:,} rows, its rows are {best}{_gaps(asked[name], missing)}"
    return f"{name} suits {table}: {told}"


def _table(rows: int, columns: int, missing: float, conditions: int) -> str:
    parts = [f"{rows:,} rows of {columns:,} columns"]
    parts += [f"{missing:.0%} of the values missing"] if missing >= MANY_MISSING else []
    parts += [f"{conditions:,} conditions" if conditions > 1 else "a condition"] if conditions else []
    return " with ".join([parts[0], " and ".join(parts[1:])]) if len(parts) > 1 else parts[0]


def _gaps(figures: Figures, missing: float) -> str:
    return f", and it fills gaps at {figures.error:.2f} of the column mean's error" if missing >= MANY_MISSING else ""
