"""Every kind of formula: what it gives, what it solves for, and that it comes back from JSON as it was."""

import json

import numpy as np
import pytest

from launderette.generators import formulas
from launderette.generators.formulas.by_label import LabelLine, LabelSteps, LinearByLabel, StepsByLabel
from launderette.generators.formulas.calendar_addition import CalendarAddition, MonthsBetween
from launderette.generators.formulas.calendar_difference import CalendarDifference, DaysAfter
from launderette.generators.formulas.conditional_quantile import ConditionalQuantile, Curve
from launderette.generators.formulas.limited import Limited
from launderette.generators.formulas.missing_as_zero import MissingAsZero
from launderette.generators.formulas.polynomial import Monomial, Polynomial
from launderette.generators.formulas.ratio_or_zero import RatioOrZero
from launderette.generators.formulas.step_function import StepFunction

DAY = 86_400e6  # microseconds
NET = Polynomial(("price", "discount"), "price - discount", (Monomial(1, (1, 0)), Monomial(-1, (0, 1))))
CURVES = (Curve(1, False, (0, 1), (10, 20)), Curve(None, True, (0, 1), (0, 1)))
RATE = Polynomial(("won", "tried"), "won / tried", (Monomial(1, (1, -1)),))
CASES = {  # a formula, values of its sources, its results
    "polynomial": (NET, [[10, np.nan], [4, 1]], [6, np.nan]),
    "function": (Polynomial(("x",), "log(x)", (Monomial(1, (1,)),), "log"), [[1, np.e, -1]], [0, 1, np.nan]),
    "steps": (StepFunction(NET.sources, "in steps", NET, ((0, 7), (5, 9))), [[1, 5, 0], [0, 0, 9]], [7, 9, 7]),
    "nights": (CalendarDifference(("out", "in"), "", "days"), [[1.1 * DAY, 1.9 * DAY], [0.9 * DAY] * 2], [1, 1]),
    "days after": (
        DaysAfter(("n", "from", "hour", "rest"), "", 6e7),
        [[2], [0.9 * DAY], [3.6e9], [30]],
        [2 * DAY + 5.4e9],
    ),
    "years later": (
        CalendarAddition(("years", "from"), "", "same day", 12),
        [[1, np.nan], [0, 0]],
        [365 * DAY, np.nan],
    ),
    "months": (MonthsBetween(("end", "start"), "", "day before"), [[364 * DAY], [0]], [12]),
    "missing": (MissingAsZero(NET.sources, "0 where missing", NET, (1,)), [[10, np.nan], [np.nan, 1]], [10, np.nan]),
    "limited": (Limited.to(NET, 0, 5), [[10, 9, 3, np.nan], [4, 7, 4, 1]], [5, 2, 0, np.nan]),
    "ratio": (RatioOrZero.over(RATE), [[3, 0], [4, 0]], [0.75, 0]),
    "by label": (
        LinearByLabel(("pay", "rating"), "", (LabelLine(0, 0.1, 0), LabelLine(2, 0, 3))),
        [[50, 50, 50, np.nan], [0, 2, 1, 0]],
        [5, 3, np.nan, np.nan],
    ),
    "steps by label": (
        StepsByLabel(("weight", "zone"), "", (LabelSteps(0, ((0, 5), (2, 7))), LabelSteps(2, ((1, 9),)))),
        [[1, 2, 0.5, 3, np.nan], [0, 0, 2, 1, 0]],
        [5, 7, 9, np.nan, np.nan],
    ),
    "quantile": (ConditionalQuantile(("place", "of"), "", CURVES), [[0.5, 2, 1], [1, 1, 3]], [15, 30, np.e]),
    "place": (ConditionalQuantile(("x", "of"), "", CURVES, inverse=True), [[15, np.nan], [1, 1]], [0.5, np.nan]),
}


def test_every_kind_has_an_example():
    assert {type(formula) for formula, _, _ in CASES.values()} == set(formulas.FORMULA_KINDS)


@pytest.mark.parametrize("case", CASES)
def test_a_formula_gives_its_results_solves_for_its_sources_and_comes_back_from_json(case):
    formula, values, results = CASES[case]
    values, results = [np.array(own, dtype="float64") for own in values], np.array(results, dtype="float64")
    np.testing.assert_allclose(formula.value(values), results)
    for k in range(len(values)):
        found = formula.solved(k, values, results)
        again = formula.value([found if i == k else v for i, v in enumerate(values)])
        told = np.isfinite(found)
        np.testing.assert_allclose(again[told], results[told])
    assert formulas.from_dict(json.loads(json.dumps(formula.to_dict()))) == formula
