"""Utility: does a model trained on the synthetic rows work on real ones it has not seen?"""

from launderette.evaluation.utility.agreement import agreement, agreement_subgroups, labels
from launderette.evaluation.utility.label_columns import label_columns
from launderette.evaluation.utility.prediction import target
from launderette.evaluation.utility.worst import worst

__all__ = ["agreement", "agreement_subgroups", "label_columns", "labels", "target", "worst"]
