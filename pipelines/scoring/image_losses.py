"""The loss of each image as a model knows it: what a white-box attacker reads, and what generators of one family are
compared by.
"""

from collections.abc import Callable, Mapping

import numpy as np

from launderette.generators import Synthesizer
from launderette.generators.contract import HasLoss
from launderette.pipelines.stages.image_sample import ImageSample


def loss_of(
    sides: Mapping[str, ImageSample], model: Synthesizer | None
) -> Callable[[str, np.ndarray], np.ndarray] | None:
    """Return what a white-box attacker reads: a role and image numbers -> the model's loss of each; None for a
    model without one.
    """
    if not isinstance(model, HasLoss):
        return None
    labels = sides["train"].labels

    def loss(role: str, rows: np.ndarray) -> np.ndarray:
        asked = sides[role].take(rows)
        own, seen = asked.labels, np.ones(len(asked), bool)
        if labels is not None and own is not None:
            seen = np.isin(own.astype(str), labels.astype(str))
        losses = np.full(len(asked), np.inf)  # of an image of a label that the model has never seen
        losses[seen] = model.loss(asked.take(np.flatnonzero(seen)).images())
        return losses

    return loss


def losses(model: Synthesizer, train: ImageSample, images: ImageSample) -> np.ndarray | None:
    """Return the model's loss of each of some images [N], infinite for a label that no training image has; None for a
    model without one.
    """
    known = loss_of({"train": train, "images": images}, model)
    return None if known is None else known("images", np.arange(len(images)))
