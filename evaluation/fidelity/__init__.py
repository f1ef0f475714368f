"""Fidelity: do the synthetic rows look like real ones, column by column, pair by pair, and to a classifier?"""

from launderette.evaluation.fidelity.marginals import formats, missingness, shape
from launderette.evaluation.fidelity.relations import constraints, mutual_information, query_error, trend
from launderette.evaluation.fidelity.two_samples import alpha_precision, detection, detection_logistic

__all__ = [
    "alpha_precision",
    "constraints",
    "detection",
    "detection_logistic",
    "formats",
    "missingness",
    "mutual_information",
    "query_error",
    "shape",
    "trend",
]
