"""Privacy: what do the synthetic rows say about the people in the training table that they should not?"""

from launderette.evaluation.privacy.disclosure import attribute, linkability, singling_out
from launderette.evaluation.privacy.membership_inference import (
    membership,
    membership_broad,
    membership_low_fpr,
    membership_model,
    membership_vulnerable,
)
from launderette.evaluation.privacy.rare import rare_values
from launderette.evaluation.privacy.records import copies, identifiers, near_copies, nearest_record

__all__ = [
    "attribute",
    "copies",
    "identifiers",
    "linkability",
    "membership",
    "membership_broad",
    "membership_low_fpr",
    "membership_model",
    "membership_vulnerable",
    "near_copies",
    "nearest_record",
    "rare_values",
    "singling_out",
]
