"""Fidelity: do the synthetic rows look like real ones, column by column, pair by pair, and to a classifier?"""

from launderette.evaluation.fidelity.decided import decided
from launderette.evaluation.fidelity.dependence import dependence
from launderette.evaluation.fidelity.functions import functions
from launderette.evaluation.fidelity.labels import label_shares
from launderette.evaluation.fidelity.marginals import formats, shape, worst_column
from launderette.evaluation.fidelity.missing_values import missing_ties, missingness
from launderette.evaluation.fidelity.orders import orders, proportions
from launderette.evaluation.fidelity.owned import within_entities
from launderette.evaluation.fidelity.relations import constraints, date_order, mutual_information, query_error, trend
from launderette.evaluation.fidelity.spread import within_spread
from launderette.evaluation.fidelity.time import over_time
from launderette.evaluation.fidelity.two_samples import alpha_precision, detection, detection_logistic
from launderette.evaluation.fidelity.values import granularity, tails, validity

__all__ = [
    "alpha_precision",
    "constraints",
    "date_order",
    "decided",
    "dependence",
    "detection",
    "detection_logistic",
    "formats",
    "functions",
    "granularity",
    "label_shares",
    "missing_ties",
    "missingness",
    "mutual_information",
    "orders",
    "over_time",
    "proportions",
    "query_error",
    "shape",
    "tails",
    "trend",
    "validity",
    "within_entities",
    "within_spread",
    "worst_column",
]
