"""Images: how good, how varied and how private are synthetic ones? Compared by features and by pixels."""

from launderette.evaluation.image.classes import class_coverage, distinct
from launderette.evaluation.image.equality import equal
from launderette.evaluation.image.labels import class_accuracy, class_agreement
from launderette.evaluation.image.nearness import copies, copies_of_holdout
from launderette.evaluation.image.privacy import (
    authenticity,
    membership,
    membership_low_fpr,
    membership_model,
    membership_vulnerable,
)
from launderette.evaluation.image.quality import (
    accuracy,
    agreement,
    coverage,
    density,
    frechet,
    kernel,
    precision,
    recall,
    vendi,
)

__all__ = [
    "accuracy",
    "agreement",
    "authenticity",
    "class_accuracy",
    "class_agreement",
    "class_coverage",
    "copies",
    "copies_of_holdout",
    "coverage",
    "density",
    "distinct",
    "equal",
    "frechet",
    "kernel",
    "membership",
    "membership_low_fpr",
    "membership_model",
    "membership_vulnerable",
    "precision",
    "recall",
    "vendi",
]
