"""The evaluation judged by tables whose flaw is known: each is refused by the section that should see it, an honest
one by none.
"""

import numpy as np
import pytest
from sklearn import datasets

import evaluation
from evaluation import calibration
from evaluation.calibration import population as population_of
from evaluation.calibration import tables
from pipelines.config import rules
from pipelines.release import gate
from tests.evaluation.tables import mixed

ROWS, KNOWN_ROWS = 600, 5000
ROLES = "train", "holdout", "synthetic"
RULES = {
    name: rule for name, rule in rules.DEFAULT_RULES.items() if name != "utility.target"
}  # slow, and no flaw needs it


@pytest.fixture(scope="module")
def population():
    return mixed(ROWS), mixed(ROWS, 1), mixed(ROWS, 2)


@pytest.fixture(scope="module")
def flawed(population):
    return tables.tables(population[0], population[2], seed=0)


def refused(population, synthetic, target="owner", section=None):
    """Return what refuses a table, of all sections, or of one and the rule on privacy that a gate has to have."""
    wanted = (name for name in RULES if section in (None, name.split(".")[0]) or name == "privacy.copies")
    asked = {name: RULES[name] for name in wanted}
    report = evaluation.score(*population[:2], synthetic, target=target, names=list(asked))
    return {reason["score"] for reason in gate.decide(report, asked, "d" * 64).reasons if not reason["passed"]}


def test_every_known_flaw_is_made(flawed):
    assert set(flawed) == set(tables.FLAWS)
    assert {len(table) for table in flawed.values()} == {ROWS}


@pytest.mark.parametrize("flaw", tables.FLAWS)
def test_a_flaw_is_named_by_its_section(population, flawed, flaw):
    section = tables.FLAWS[flaw]
    found = refused(population, flawed[flaw], section=section)
    assert {name.split(".")[0] for name in found} >= {section} if section else found == set(), found


def test_the_number_of_leaked_outliers_is_that_of_the_known_case():
    assert len(tables.isolated(mixed(KNOWN_ROWS))) == 87


def test_an_honest_sample_of_a_small_real_table_passes():
    table = datasets.load_breast_cancer(as_frame=True).frame.sample(frac=1, random_state=0).reset_index(drop=True)
    table["target"] = table["target"].map("class {}".format)
    cut, end = int(0.4 * len(table)), int(0.6 * len(table))
    parts = table[:cut], table[cut:end].reset_index(drop=True)
    assert refused(parts, table[end:].reset_index(drop=True), "target") == set()
    assert "privacy.membership" in refused(parts, parts[0], "target", "privacy")


@pytest.fixture(scope="module")
def cases():
    return {False: population_of.made((300, 75, 300)), True: population_of.digits((120, 40, 120))}  # of images


@pytest.mark.parametrize("kind", calibration.names())
def test_a_kind_of_flaw_changes_the_case_and_keeps_its_columns(cases, kind):
    flaw = calibration.load(kind)
    honest = cases[calibration.makes_images(flaw)]
    made, again = (flaw(honest, np.random.default_rng(1)) for _ in range(2))
    assert flaw.__doc__
    assert same(made, again)
    assert same(made, honest) == (kind in ("honest.plain", "honest.images"))
    if isinstance(made, population_of.Case):
        assert [*made.train] == [*made.holdout] == [*made.synthetic]


def same(one, other):
    """Whether two cases hold the same rows or images in the same order."""
    if isinstance(one, population_of.Case):
        return all(getattr(one, role).equals(getattr(other, role)) for role in ROLES)
    return all(np.array_equal(a, b) for r in ROLES for a, b in zip(getattr(one, r), getattr(other, r), strict=True))
