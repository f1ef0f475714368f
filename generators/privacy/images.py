"""Images under a privacy budget: what is publicly known of them, their size and their labels, and each brought into it
by itself.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from launderette.generators.data.images import LABEL_COLUMN, ImageForm, Images
from launderette.generators.data.values import text_of
from launderette.generators.errors import GeneratorError
from launderette.generators.privacy import learning
from launderette.generators.privacy.domain import OTHER_LABEL, Privacy
from launderette.generators.privacy.ledger import IMAGE_UNITS, Event, Ledger

SIZE = "size and colour of the images"  # the shape of the array that holds them, whoever is in it


def within(images: Images, privacy: Privacy, groups: Any) -> tuple[Images, Privacy, np.ndarray | None]:
    """Return the images that are used, those of a known label of each unit, with their labels as they are stated; the
    guarantee, with labels known; and the unit of each image, None where it is the image. GeneratorError for labels that
    are not known.
    """
    owners = None if groups is None else pd.Series(groups).reset_index(drop=True)
    used = np.flatnonzero(privacy.used(len(images), owners))
    images, owners = images.take(used), None if owners is None or privacy.unit == "row" else owners.iloc[used]
    if images.labels is not None:
        privacy = _labelled(images.labels, privacy)
        numbers = _numbers(images.labels, classes(privacy))
        known = np.flatnonzero(numbers >= 0)
        stated = np.array(classes(privacy), dtype=object)
        images = Images(images.pixels[known], stated[numbers[known]])
        owners = None if owners is None else owners.iloc[known]
    return images, privacy, None if owners is None else owners.to_numpy()


def _labelled(labels: np.ndarray, privacy: Privacy) -> Privacy:
    """Return a guarantee whose labels are known: stated, or learnt at a price."""
    if privacy.domain == "learn":
        entry = privacy.columns.get(LABEL_COLUMN, {})
        stated = {} if isinstance(entry, str) else dict(entry)
        asked = replace(privacy, columns={LABEL_COLUMN: stated | {"kind": "categorical"}})
        privacy = learning.learn(pd.DataFrame({LABEL_COLUMN: labels.astype(object)}), asked)
    (column,) = privacy.public([LABEL_COLUMN])
    if column.kind != "categorical":
        raise GeneratorError(
            f"expected labels of images as {{kind: categorical, categories: [...]}}, found {column.kind}; list them"
        )
    return privacy


def classes(privacy: Privacy) -> tuple[Any, ...]:
    """Return the labels that images may have: whole numbers where all are, else texts. Where rows have told labels, a
    code list that they seem to follow adds none, for there may be no image of it.
    """
    (column,) = privacy.public([LABEL_COLUMN])
    known = (column.categories or ())[: len(column.rows) or None]
    listed = [one for one in known if one != OTHER_LABEL]
    whole = all(isinstance(one, int) and not isinstance(one, bool) for one in listed)
    return tuple(listed if whole else map(text_of, listed))


def _numbers(labels: np.ndarray, known: tuple[Any, ...]) -> np.ndarray:
    """Return the place of each label among the known ones, -1 for another: each by itself."""
    place: Mapping[str, int] = {text_of(label): k for k, label in enumerate(known)}
    return np.array([place.get(text_of(label), -1) for label in labels], dtype="int64")


def ledger_of(privacy: Privacy, events: tuple[Event, ...], *, labelled: bool) -> Ledger:
    """Return the ledger of a fit on images, those events that were asked before included."""
    unit = IMAGE_UNITS[privacy.unit]
    learnt = privacy.public([LABEL_COLUMN])[0].learnt if labelled else ()
    public = (SIZE, *((LABEL_COLUMN,) if labelled and not learnt else ()))
    told = (f"{' and '.join(learnt)} of {LABEL_COLUMN}",) if learnt else ()
    return Ledger((*privacy.events, *events), privacy.delta, unit, public, told)


def form_of(images: Images, privacy: Privacy) -> ImageForm:
    """Return the form of images that `within` has returned: nothing of it depends on which they are. Labels have equal
    shares, until these are told.
    """
    known = () if images.labels is None else classes(privacy)
    height, width, channels = images.pixels.shape[1:]
    return ImageForm(height, width, channels, known, (1 / max(1, len(known)),) * len(known))
