"""How many synthetic rows of each class are wanted: a balance, a multiple, counts or shares; and classes cut from a
continuous target.
"""

import math
from collections.abc import Hashable, Mapping
from typing import Any, TypeVar

import numpy as np
import pandas as pd

from launderette.pipelines.config.augmentation import SUM_TOLERANCE, Augmentation
from launderette.pipelines.run.artifacts import LaunderError

Amount = TypeVar("Amount", int, float)
ENLARGED_BELOW_ROWS = 5000  # training rows, under which a balance has
ENLARGEMENT_FACTOR = 3.0  # times the rows of the largest class


def wanted(labels: pd.Series, how: Augmentation) -> dict[Hashable, int]:
    """Return how many rows to add to each class of the labels; LaunderError for classes and counts that cannot be."""
    have = labels.value_counts()
    have = {label: int(n) for label, n in have[have > 0].items()}
    if how.shares:
        return _by_shares(have, _known(how.shares, have, "shares"))
    if how.counts:
        return _by_counts(have, _known(how.counts, have, "counts"))
    if how.to is None or how.to == "balance":
        times = how.times or (ENLARGEMENT_FACTOR if len(labels) < ENLARGED_BELOW_ROWS else 1.0)
        return {label: round(times * max(have.values())) - n for label, n in have.items()}
    return multiplied(have, how.to)


def in_fold(how: Augmentation, labels: pd.Series, rows: int) -> Augmentation:
    """Return what is wanted of a fold with these labels out of `rows` rows: counts shrink with it, never below what
    the fold has.
    """
    have, share = labels.map(str).value_counts(), len(labels) / rows
    counts = {label: max(round(n * share), int(have.get(str(label), 0))) for label, n in how.counts.items()}
    return how.model_copy(update={"counts": counts})


def plentiful(labels: Any) -> dict[Hashable, int]:
    """Return the rows of every class at three times the largest: a sampling_strategy for the Augmenter, best where
    rows are few.
    """
    have = pd.Series(np.asarray(labels)).value_counts()
    return dict.fromkeys(have.index.tolist(), round(ENLARGEMENT_FACTOR * int(have.max())))


def multiplied(have: Mapping[Hashable, int], factor: float) -> dict[Hashable, int]:
    """Return the rows that bring every class to `factor` times its own."""
    return {label: round((factor - 1) * n) for label, n in have.items()}


def _known(given: Mapping[Any, Amount], have: Mapping[Hashable, int], key: str) -> dict[Hashable, Amount]:
    """Return what is given by the class itself, which a configuration may write as text."""
    by_text = {str(label): label for label in have}
    if any(str(label) not in by_text for label in given):
        raise LaunderError(
            f"expected classes of the target under augment.{key}, found one that no row has; correct its name"
        )
    return {by_text[str(label)]: value for label, value in given.items()}


def _by_counts(have: Mapping[Hashable, int], counts: Mapping[Hashable, int]) -> dict[Hashable, int]:
    if any(count < have[label] for label, count in counts.items()):
        raise LaunderError(
            "expected augment.counts of at least the rows that each class has, found fewer; real rows are never removed"
        )
    return {label: int(counts.get(label, n)) - n for label, n in have.items()}


def _by_shares(have: Mapping[Hashable, int], shares: Mapping[Hashable, float]) -> dict[Hashable, int]:
    """Return the fewest rows that bring every class to its share."""
    if missing := len(set(have) - set(shares)):
        raise LaunderError(
            f"expected a share for every class of the target under augment.shares, found {missing} without; add them"
        )
    rows = max(n / shares[label] for label, n in have.items())
    return {label: max(0, math.ceil(rows * shares[label] - SUM_TOLERANCE) - n) for label, n in have.items()}


def binned(frame: pd.DataFrame, target: str, bins: int | None) -> pd.DataFrame:
    """Return the frame with its target cut into `bins` classes of about equal size, as it is where bins is None."""
    if bins is None:
        return frame
    if not pd.api.types.is_numeric_dtype(frame[target].dtype):
        raise LaunderError(
            f"expected numbers in the target {target!r} to cut into bins, found {frame[target].dtype}; leave bins out"
        )
    codes = pd.qcut(frame[target], bins, labels=False, duplicates="drop")
    names = codes.map(lambda code: f"bin {int(code) + 1}", na_action="ignore")
    return frame.assign(**{target: names.astype("object")})
