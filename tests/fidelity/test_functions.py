"""Numbers that follow from other columns: what stops at an end, tariffs, terms, and what is told in two ways."""

import numpy as np
import pandas as pd
import pytest

from evaluation import samples
from evaluation.calibration import population, relations
from evaluation.fidelity import functions
from evaluation.scores import Reason
from pipelines.config.rules import DEFAULT_RULES

BAR = DEFAULT_RULES["fidelity.functions"]["at_least"]
PEOPLE = population.made((1000, 250, 1000), 1)


def compared(case):
    return functions(samples.make(case.train, case.holdout, case.synthetic, target=case.target))


@pytest.mark.parametrize("flaw", [relations.fees_of_other_debts, relations.prices_of_other_tariffs])
def test_a_fee_that_stops_at_an_end_and_a_tariff_are_asked_for(flaw):
    flawed = compared(flaw(PEOPLE, np.random.default_rng(3)))
    assert flawed.low < BAR and flawed.ceiling == 1 and "released ones" in flawed.detail["said"]
    assert compared(flaw(PEOPLE, Unshuffled())).low == 1


class Unshuffled:
    """In the place of a generator of random numbers: nothing is exchanged with another row."""

    def random(self, size):
        return np.ones(size)

    def permutation(self, of):
        return np.arange(of) if np.isscalar(of) else np.asarray(of)


def loans(rows, seed, wrong=0.0):
    """Days overdue follow from two dates, the fee from the days, the term of a loan from its kind."""
    rng = np.random.default_rng(seed)
    kind = rng.choice(3, rows)
    out, term = rng.integers(0, 700, rows), np.array([14, 28, 56])[kind]
    back = out + term + rng.poisson(20, rows) - 20
    late = np.maximum(0, back - out - term)
    late = np.where(rng.random(rows) < wrong, rng.permutation(late), late)
    days = {"out": out, "due": out + term, "back": back}
    dates = {name: pd.Timestamp("2024-01-01") + pd.to_timedelta(day, "D") for name, day in days.items()}
    return pd.DataFrame({"kind": np.array(list("abc"))[kind], **dates, "late": late, "fee": np.minimum(2, 0.2 * late)})


@pytest.mark.parametrize("wrong", [0.0, 0.1, 0.4])
def test_a_number_is_asked_for_in_each_way_that_tells_it(wrong):
    found = functions(samples.make(loans(1500, 0), None, loans(1500, 1, wrong)))
    assert found.detail["lost"].get("'late'", 0.0) == pytest.approx(wrong, abs=0.06)
    assert (found.low < BAR) == (wrong > 0)


def test_where_nothing_follows_there_is_nothing_to_lose():
    rng = np.random.default_rng(0)
    loose = pd.DataFrame({"a": rng.normal(size=300), "b": rng.choice(list("xyz"), 300)})
    assert functions(samples.make(loose, None, loose)).reason is Reason.NO_ASSOCIATION
