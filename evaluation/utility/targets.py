"""The target: what it is, and what stands in the way of predicting it."""

from __future__ import annotations

from launderette.evaluation.samples import Samples
from launderette.evaluation.scores import EvaluationError, Obstacle, Reason

FREQUENT_CLASSES = 20  # the most frequent ones of the training table
MOST_NUMBERS = 10  # different numbers of a target that are classes


def obstacle(samples: Samples, *, tested: bool) -> Obstacle | None:
    """Why nothing can be said of the target; `tested` where models are to be tested on the holdout."""
    if samples.target is None:
        return Reason.NO_TARGET, "no target column is named"
    if samples.target not in samples.known:
        return Reason.TARGET_NOT_COMPARED, "the target is not a compared column with values"
    if tested and samples.holdout is None:
        return Reason.NO_HOLDOUT, "there is no holdout to test on"
    if len(samples.known) < 2:
        return Reason.ONE_COLUMN, "there is no column to predict the target from"
    return None


def column(samples: Samples) -> str:
    """The target; EvaluationError where none is named."""
    if samples.target is None:
        raise EvaluationError("expected a target to predict, found none; name its column")
    return samples.target


def is_quantity(samples: Samples) -> bool:
    """Whether the target is a number with more values than classes would have."""
    name = column(samples)
    return samples.is_number(name) and samples.table("train")[name].nunique() > MOST_NUMBERS
