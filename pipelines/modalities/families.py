"""Which generator suits a source, by what was measured of each: the tables of docs/generators.md, which a test
compares with these.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np


class Figures(NamedTuple):
    """What `python -m benchmarks.families` prints of one family, of 100 rows `benchmarks.families.few_rows`."""

    detection: float  # of its rows among unseen ones; 1: undetected
    given: float | None  # likewise of rows under a condition; None where not measured
    attack: float | None  # AUC of its loss as an attack; None where it has none
    error: float | None  # of imputed numbers over that of the column's mean; None where it fills no gaps


MEASURED = {  # rows of Adult, 100: of twelve tables -> family -> figures
    100: {
        "tabular.autoregressive": Figures(0.66, None, 0.59, None),
        "tabular.diffusion": Figures(0.70, None, 0.59, None),
        "tabular.marginals": Figures(0.67, None, 0.63, None),
    },
    500: {
        "tabular.autoregressive": Figures(0.71, 0.62, 0.58, 0.95),
        "tabular.diffusion": Figures(0.70, 0.85, 0.54, 0.93),
        "tabular.gan": Figures(0.65, 0.51, None, None),
        "tabular.autoencoder": Figures(0.67, 0.71, None, 1.01),
        "tabular.marginals": Figures(0.72, 0.79, 0.54, 0.95),
    },
    5000: {
        "tabular.autoregressive": Figures(0.86, 0.85, 0.53, 0.86),
        "tabular.diffusion": Figures(0.79, 0.83, 0.53, 0.90),
        "tabular.gan": Figures(0.78, 0.93, None, None),
        "tabular.autoencoder": Figures(0.71, 0.87, None, 0.90),
        "tabular.marginals": Figures(0.81, 0.93, 0.53, 0.89),
    },
}
MOST_ATTACK = 0.6  # AUC, the bound on memory
NOISE = 0.03  # of a detection; the default is named where the best differs from it by no more
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
    table, many = _table(rows, columns, missing, conditions), missing >= MANY_MISSING
    measured = {size: _asked(families, many, conditions > 0) for size, families in MEASURED.items()}
    measured = {size: scores for size, scores in measured.items() if scores}
    if rows < min(measured) / 2:
        return f"{next(iter(MEASURED[min(measured)]))} suits {table}: the default, for none was measured with so few"
    size = min(measured, key=lambda size: abs(np.log(size / max(rows, 1))))
    scores = measured[size]
    best, default = max(scores, key=scores.__getitem__), next(iter(scores))
    name = default if round(scores[best] - scores[default], 2) <= NOISE else best
    others = sorted(scores.keys() - {name}, key=scores.__getitem__, reverse=True)
    rest = ", ".join(f"{other.partition('.')[2]} {scores[other]:.2f}" for other in others)
    how = "the hardest" if scores[name] == scores[best] else "but for noise as hard as any"
    hard = f"{how} to tell from unseen real ones ({scores[name]:.2f} of 1; {rest})"
    told = f"measured with {size:,} rows, its rows are {hard}{_gaps(MEASURED[size][name], missing)}"
    return f"{name} suits {table}: {told}"


def _asked(families: Mapping[str, Figures], missing: bool, conditions: bool) -> dict[str, float]:
    """Return the detection of the families that may be named, as far as it was measured."""
    scores = {}
    for name, own in families.items():
        score = own.given if conditions else own.detection
        by_heart = own.attack is not None and own.attack > MOST_ATTACK
        if score is not None and not by_heart and not (missing and own.error is None):
            scores[name] = score
    return scores


def _table(rows: int, columns: int, missing: float, conditions: int) -> str:
    parts = [f"{rows:,} rows of {columns:,} columns"]
    parts += [f"{missing:.0%} of the values missing"] if missing >= MANY_MISSING else []
    parts += [f"{conditions:,} conditions" if conditions > 1 else "a condition"] if conditions else []
    return " with ".join([parts[0], " and ".join(parts[1:])]) if len(parts) > 1 else parts[0]


def _gaps(figures: Figures, missing: float) -> str:
    return f", and it fills gaps at {figures.error:.2f} of the column mean's error" if missing >= MANY_MISSING else ""
