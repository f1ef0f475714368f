"""What the rows of one person have in common: a visit's time, a ward, values near each other."""

import numpy as np
import pandas as pd
import pytest

from evaluation import calibration, samples
from evaluation.calibration import population
from evaluation.fidelity import within_entities, within_spread
from evaluation.metadata import Metadata
from evaluation.scores import Reason
from pipelines.config.rules import DEFAULT_RULES

PEOPLE = population.made((600, 300, 600), 2)


RULES = within_entities, within_spread


def judged(case):
    """What the rules find, by their names."""
    made = samples.make(case.train, case.holdout, case.synthetic, kinds=case.kinds, target=case.target)
    return {rule.__name__: rule(made) for rule in RULES}


@pytest.mark.parametrize("kind", calibration.names("entities"))
def test_rows_of_people_that_belong_together_no_more_are_refused(kind):
    found = judged(calibration.load(kind)(PEOPLE, np.random.default_rng(0)))
    bounds = {name: DEFAULT_RULES[f"fidelity.{name}"]["at_least"] for name in found}
    refused = [one for name, one in found.items() if one.low is not None and one.low < bounds[name]]
    assert refused and all(one.detail["said"] for one in refused)


@pytest.mark.parametrize("sizes", [(600, 300, 600), (300, 150, 1200), (900, 150, 300)])
def test_other_people_have_as_much_in_common(sizes):
    for seed in range(4):
        found = judged(population.of_visits(population.made(sizes, seed)))
        assert all(one.low > 0.9 for one in found.values())


@pytest.mark.parametrize("alone", [0.0, 0.7])
def test_an_identifier_that_entities_share_names_no_visit(alone):
    """Whether or not most shops stand in one row, and so in one entity."""
    case = population.of_visits(PEOPLE)
    ranks = (t["value"].rank(method="first").to_numpy() for t in (case.train, case.holdout))
    real, others = ([f"S{int(r // 4)}" if r >= alone * len(own) else f"R{r:.0f}" for r in own] for own in ranks)
    shops = np.random.default_rng(0).permutation(real)  # a shop of the release goes with no reading
    tables = [t.assign(shop=s) for t, s in ((case.train, real), (case.holdout, others), (case.synthetic, shops))]
    found = within_spread(samples.make(*tables, kinds={"person": "identifier", "shop": "identifier"}))
    assert found.low > 0.9


def test_without_entities_nothing_is_asked():
    assert {one.reason for one in judged(PEOPLE).values()} == {Reason.NO_IDENTIFIER}


def test_texts_that_unrelated_rows_share_name_no_entity():
    rng = np.random.default_rng(0)
    tables = [
        pd.DataFrame({"note": rng.integers(0, 30, n), "id": np.arange(n) // 3, "x": rng.random(n)}) for n in (300, 90)
    ]
    drawn = tables[0].assign(note=np.arange(300))  # each made-up text stands once
    shared = Metadata(shared=["note"])
    made = samples.make(*tables, drawn, kinds={"note": "identifier", "id": "identifier"}, metadata=shared)
    assert made.entity == "id"
    alone = samples.make(*(t[["note", "x"]] for t in (*tables, drawn)), kinds={"note": "identifier"}, metadata=shared)
    assert within_entities(alone).reason is Reason.NO_IDENTIFIER
