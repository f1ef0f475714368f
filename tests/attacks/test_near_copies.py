"""Near copies: likeness by hand, planted rows of either real table, honest tables of any size."""

import numpy as np
import pandas as pd
import pytest

from evaluation import calibration, privacy, samples
from evaluation.calibration import population
from evaluation.copies import likeness
from evaluation.measures.neighbours import Group
from tests.evaluation.tables import mixed


def everything(made):
    return {role: Group(role, np.arange(made.size(role))) for role in made.frames}


def test_likeness_is_the_surprise_of_shared_values():
    train = pd.DataFrame({"x": np.arange(10.0), "c": list("aaaaabbbcc")})
    released = pd.DataFrame({"x": [8.0, 0.0, np.nan], "c": ["c", "d", "c"]})
    made = samples.make(train, None, released, kinds={"x": "numerical", "c": "categorical"})
    groups = everything(made)
    found = np.exp(-likeness.greatest(made, groups["synthetic"], groups["train"]))
    # its label is that of two in ten, its number as near as those of two; a label that nobody has and a missing number
    # say nothing
    assert found == pytest.approx([0.2 * 0.2, 0.2, 0.2])
    # 9 and 8 are a rank apart, less the half of each: as near as two
    assert np.exp(-likeness.greatest(made, groups["train"], groups["train"]))[9] == pytest.approx(0.2 * 0.2)


def test_the_search_for_the_row_most_alike_is_brute_force(monkeypatch):
    monkeypatch.setattr(likeness, "BLOCK_PAIRS", 100)
    made = samples.make(mixed(60, 0), mixed(20, 1), mixed(30, 2))
    chosen, groups = Group("train", np.arange(0, 60, 2)), everything(made)
    for group in (Group("train", np.arange(5, 15)), groups["holdout"], groups["synthetic"]):
        expected = [_best(made, group.role, row, chosen.rows) for row in group.rows]
        assert likeness.greatest(made, group, chosen) == pytest.approx(expected, rel=1e-4)


def _best(made, role, row, references):
    real, own = 80, role != "synthetic"
    best = -np.inf
    for other in references:
        if role == "train" and other == row:
            continue
        total = 0.0
        for name, column in likeness.columns(made).items():
            one, two = (made.table(r)[name].to_numpy()[[i]] for r, i in ((role, row), ("train", other)))
            least = max(column.having(one)[0], likeness.NEAREST) / real
            apart = abs(column.places(one)[0] - column.places(two)[0]) - own / real
            total -= np.log(min(1.0, max(apart, least)))
        best = max(best, total)
    return best


PLANTED = {
    "copies.fiftieth_within_1_percent": "training",
    "columns.numbers_of_a_tenth_within_1_percent": "training",
    "copies.tenth_half_perturbed": "training",
    "records.outliers_within_2_percent": "training",
    "records.holdout_within_2_percent": "holdout",
    "records.numbers_of_the_holdout": "holdout",
}


@pytest.fixture(scope="module")
def honest():
    return population.made((1200, 300, 1200), 3)


@pytest.mark.parametrize("kind", PLANTED)
def test_near_copies_are_found_in_few_rows_few_columns_and_on_either_side(honest, kind):
    case = calibration.load(kind)(honest, np.random.default_rng(0))
    counts = privacy.near_copies(samples.make(case.train, case.holdout, case.synthetic)).detail["counts"]
    beyond = [c["counted"] for c in counts if c["hits"] > max(5 * c["expected"], c["allowed"])]
    assert beyond and all(PLANTED[kind] in words for words in beyond)


@pytest.mark.parametrize("sizes", [(400, 100, 400), (400, 400, 100), (300, 20, 200), (100, 25, 500)])
@pytest.mark.parametrize("columns", [None, ["income", "weight"], ["trade", "age", "owner"]])
def test_an_honest_table_is_no_more_like_real_rows_than_they_are_like_each_other(sizes, columns):
    for seed in range(3):
        tables = [mixed(rows, 3 * seed + part)[columns or slice(None)] for part, rows in enumerate(sizes)]
        for count in privacy.near_copies(samples.make(*tables), seed=seed).detail["counts"]:
            assert count["hits"] <= count["allowed"], count
