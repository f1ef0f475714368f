"""Formulas by which one column follows from others: a file per kind, what all kinds offer (formula.py), and how people
write them (reading.py).
"""

from collections.abc import Mapping

from launderette.generators.formulas.by_label import LinearByLabel, StepsByLabel
from launderette.generators.formulas.calendar_addition import CalendarAddition, MonthsBetween
from launderette.generators.formulas.calendar_difference import CalendarDifference, DaysAfter
from launderette.generators.formulas.conditional_quantile import ConditionalQuantile
from launderette.generators.formulas.formula import Formula
from launderette.generators.formulas.limited import Limited
from launderette.generators.formulas.missing_as_zero import MissingAsZero
from launderette.generators.formulas.polynomial import Polynomial
from launderette.generators.formulas.ratio_or_zero import RatioOrZero
from launderette.generators.formulas.step_function import StepFunction

FORMULA_KINDS = (
    *(Polynomial, RatioOrZero, MissingAsZero, Limited, StepFunction, LinearByLabel, ConditionalQuantile),
    *(StepsByLabel, CalendarDifference, DaysAfter, CalendarAddition, MonthsBetween),
)


def from_dict(document: Mapping) -> Formula:
    """Read a formula of any kind, as its to_dict wrote it."""
    kinds = {kind.__name__: kind for kind in FORMULA_KINDS}
    return kinds[document["kind"]].from_dict(document)
