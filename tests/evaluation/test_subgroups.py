"""What is lost of pairs of columns and of subgroups, where the whole table looks right."""

import numpy as np
import pandas as pd
import pytest

from evaluation import chance, samples
from evaluation.calibration import population, relations
from evaluation.diversity.regions import regions
from evaluation.diversity.subgroups import SUBGROUP_NEIGHBOUR, subgroups
from evaluation.fidelity import dependence
from pipelines.config.rules import DEFAULT_RULES
from tests.evaluation.tables import mixed


def related(rows, seed, share=1.0):
    """Two numbers and a date that depend on one cause in a share of the rows."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=rows)
    y, days = (np.where(rng.random(rows) < share, x, rng.normal(size=rows)) for _ in range(2))
    dates = pd.Timestamp("2020-01-01") + pd.to_timedelta((300 + 80 * days).astype(int), "D")
    return pd.DataFrame({"x": x, "y": y + rng.normal(0, 0.3, rows), "day": dates})


@pytest.mark.parametrize("share", [0.25, 0.5, 0.75, 1.0])
def test_what_remains_of_dependence_is_the_share_of_rows_that_depend(share):
    found = dependence(samples.make(related(4000, 0), None, related(4000, 1, share)))
    assert found.detail["lost"].get("x / y", 0) == pytest.approx(1 - share, abs=0.05)
    assert (found.low < DEFAULT_RULES["fidelity.dependence"]["at_least"]) == (share <= 0.5)
    assert found.floor < 0.2


@pytest.mark.parametrize(
    "flaw", [relations.alike_columns_exchanged, relations.number_shuffled_in_a_subgroup, relations.three_columns_apart]
)
def test_what_only_a_subgroup_or_several_columns_together_show_is_refused(flaw):
    case = population.made((1000, 250, 1000), 11)
    flawed = flaw(case, np.random.default_rng(0))
    bar = DEFAULT_RULES["fidelity.dependence"]["at_least"]
    honest, found = (dependence(samples.make(c.train, c.holdout, c.synthetic)) for c in (case, flawed))
    assert found.low < bar and honest.low == 1


def test_nothing_depends_on_anything_is_said():
    rng = np.random.default_rng(0)
    loose = pd.DataFrame({"a": rng.normal(size=900), "b": rng.normal(size=900)})
    assert dependence(samples.make(loose, None, loose)).reason == "no_association"


def few(table, inside, count, jitter=0.0):
    """The rows of a subgroup made of `count` of them, their numbers moved."""
    group = table[inside].head(count).sample(int(inside.sum()), replace=True, random_state=0)
    noise = 1 + np.random.default_rng(0).uniform(-jitter, jitter, len(group))
    return pd.concat([table[~inside], group.assign(weight=group["weight"] * noise, height=group["height"] * noise)])


@pytest.mark.parametrize("jitter", [0.0, 0.02])
def test_a_class_made_of_few_rows_is_refused(jitter):
    train, other = mixed(1500), mixed(1500, 1)
    collapsed = few(other, other["owner"] == "no", 20, jitter)
    found = [subgroups(samples.make(train, None, table)) for table in (other, collapsed)]
    assert found[0].low == 1 and found[1].low < DEFAULT_RULES["diversity.subgroups"]["at_least"]


@pytest.mark.parametrize("rows", [600, 1500])
def test_a_subgroup_that_is_missing_or_of_five_rows_is_refused(rows):
    train, other = mixed(rows), mixed(rows, 1)
    inside = other["trade"] == "c"
    for table in (few(other, inside, 5), other[~inside]):
        found = subgroups(samples.make(train, None, table))
        assert found.low < DEFAULT_RULES["diversity.subgroups"]["at_least"]


def test_coverage_of_two_samples_of_one_population_is_what_ranks_say():
    rng = np.random.default_rng(0)
    covered = []
    for _ in range(200):
        real, other = np.sort(rng.random(40)), rng.random(25)
        gaps = np.sort(np.abs(real[:, None] - real), axis=1)[:, SUBGROUP_NEIGHBOUR]
        covered.append((np.abs(real[:, None] - other).min(1) <= gaps).mean())
    assert np.mean(covered) == pytest.approx(chance.covered(40, 25, SUBGROUP_NEIGHBOUR), abs=0.01)


def corners(xp, xq, yp, yq):
    """Two columns of two labels each, so many rows in each of the four regions."""
    counts = (xp, xq, yp, yq)
    return pd.DataFrame({"a": np.repeat(list("xxyy"), counts), "b": np.repeat(list("pqpq"), counts)})


def test_a_region_that_is_missing_is_what_counts_say():
    found = regions(samples.make(corners(250, 250, 250, 250), None, corners(400, 0, 300, 300)))
    # either side of halves, thirds, quarters and tenths, the same four regions
    least = chance.least(250, 1000, 1000, 2 * 4 * 4)
    assert found.detail["lost"] == {"a / b": 1.0} and found.detail["parts"] == 16
    assert found.value == pytest.approx((1 - least / 0.25) / 2)  # the low end, half of what chance may take
    assert regions(samples.make(corners(250, 250, 250, 250), None, corners(240, 255, 260, 245))).value == 1


def test_a_region_of_too_many_rows_is_refused():
    found = regions(samples.make(corners(400, 100, 400, 100), None, corners(300, 200, 440, 60)))
    assert found.value < DEFAULT_RULES["diversity.regions"]["at_least"]


@pytest.mark.parametrize("sizes", [(250, 15, 250), (1000, 50, 250), (300, 150, 3000)])
def test_regions_of_real_rows_are_kept_at_every_size(sizes):
    for seed in range(3):
        train, holdout, fresh = (mixed(rows, 10 * seed + part + 50) for part, rows in enumerate(sizes))
        assert regions(samples.make(train, holdout, fresh)).low == 1


def test_a_region_of_two_numbers_that_is_missing_is_refused_though_their_columns_are_not():
    train, other = mixed(1500), mixed(1500, 1)
    gone = (other["age"] > train["age"].median()) & (other["income"] > train["income"].quantile(0.7))
    assert regions(samples.make(train, None, other[~gone])).low < DEFAULT_RULES["diversity.regions"]["at_least"]


def test_few_rows_have_no_region():
    assert regions(samples.make(mixed(60), None, mixed(15, 1))).reason == "too_few_rows"


def test_greatest_values_that_come_together_no_more_are_seen_in_three_thousand_rows():
    case = population.made((3000, 750, 3000), 3)
    flawed = relations.upper_ends_apart(case, np.random.default_rng([3, 131]))
    tables = samples.make(case.train, case.holdout, flawed.synthetic, target=case.target)
    assert regions(tables).low < DEFAULT_RULES["diversity.regions"]["at_least"]
