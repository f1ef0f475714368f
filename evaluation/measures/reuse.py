"""Real values of an identifying column that stand in a released table."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from launderette.evaluation.canonical import label
from launderette.evaluation.samples import Samples


@dataclass(frozen=True)
class Reuse:
    """Counts of one column: released values, the real ones among them, holdout values, those that training rows
    have too.
    """

    values: int
    real: int
    held: int
    shared: int


def of(samples: Samples, column: str) -> Reuse:
    """Count the released values of a column that a training or holdout row has."""
    texts = {role: written(frame[column]) for role, frame in samples.frames.items()}
    train, held, released = texts["train"], texts.get("holdout", texts["train"][:0]), texts["synthetic"]
    real = int(released.isin({*train, *held}).sum())
    return Reuse(len(released), real, len(held), int(held.isin({*train}).sum()))


def counts_rows(samples: Samples, column: str) -> bool:
    """Whether the column numbers the rows of the real tables one after the other: it says nothing of anybody."""
    real = pd.concat([frame[column] for role, frame in samples.frames.items() if role != "synthetic"])
    if not pd.api.types.is_numeric_dtype(real.dtype) or real.isna().any() or real.duplicated().any():
        return False
    numbers = np.sort(real.to_numpy("float64"))
    return bool(numbers[0] in (0, 1) and np.all(np.diff(numbers) == 1))


def written(values: pd.Series) -> pd.Series:
    """Write values without their type, so that 1001 and 1001.0 are one, and without the spaces around them."""
    return values.dropna().map(label).astype("object").map(str.strip)
