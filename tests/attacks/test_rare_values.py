"""Rare values of one person in the release: by hand, by chance, and each way in which they leak."""

import re

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binom

from evaluation import calibration, privacy, samples
from evaluation.calibration import population
from evaluation.copies import letters, nearest_texts, rare_counts, rare_values
from evaluation.measures import reuse
from evaluation.metadata import Metadata
from evaluation.scores import EvaluationError
from tests.evaluation.tables import mixed


def test_rare_values_are_counted_by_whose_they_are():
    train = pd.DataFrame({"c": ["Rare One", "two", "two", "x", *["usual"] * 21]})
    holdout = pd.DataFrame({"c": ["x", "mine", *["usual"] * 3]})
    released = pd.DataFrame({"c": ["rare  one!", "mine", "mine", "new", *["usual"] * 16]})
    made = samples.make(train, holdout, released, kinds={"c": "categorical"})
    training, held = privacy.rare_values(made).detail["counts"]
    # of four values that two or three rows have, the first is one training row's, "mine" is one held-out row's
    assert (training["of"], training["hits"], held["hits"]) == (4, 1, 1)
    m, h, n = 25 / 50, 5 / 50, 20 / 50
    assert training["expected"] == pytest.approx(3 * 2 * m * n + 3 * m * n**2)
    assert held["expected"] == pytest.approx(3 * 2 * h * n + 3 * h * n**2)
    assert "one training row" in training["sentence"] and "rare one" not in training["sentence"].lower()


def test_what_two_columns_have_of_the_same_rows_counts_once():
    town = [f"town {n}" for n in range(60)] * 2
    tables = [pd.DataFrame({"a": town[i : i + 40], "b": town[i : i + 40]}) for i in (0, 40, 80)]
    counts = privacy.rare_values(samples.make(*tables, kinds={"a": "categorical", "b": "categorical"})).detail["counts"]
    assert {count["of"] for count in counts if "values in" in count["counted"]} == {60}


def test_counts_stand_in_the_order_of_the_columns():
    rng = np.random.default_rng(0)
    tables = [pd.DataFrame(rng.permutation(4_000).reshape(200, 20)[:, :8] * 7.3).add_prefix("n") for _ in range(3)]
    counted = [count.counted for count in rare_values.counted(samples.make(*tables))]
    training = [
        found[1] for words in counted if "training row" in words and (found := re.search(r"values in (n\d)", words))
    ]
    assert training == [f"n{k}" for k in range(8)]


def test_chance_of_values_that_as_many_rows_have_is_binomial():
    assert rare_counts.most(np.full(30, 0.4), 0.001) == binom.isf(0.001, 30, 0.4)
    many = rare_counts.most(np.full(6000, 0.4), 0.001)
    assert many == pytest.approx(binom.isf(0.001, 6000, 0.4), abs=1)


def test_counts_that_cannot_be_beyond_chance_take_no_error_from_the_others():
    tests = rare_counts.shared_tests
    assert tests([0.5, 1e-9, 1e-9, 0.01]) == 2
    assert tests([1e-9] * 5) == 5 and tests([0.5]) == 1 and tests([]) == 1


def test_of_texts_whose_parts_all_real_rows_have_once_it_is_chance_whose_are_released():
    """Codes of real rows count up, so that none is had twice: released ones may repeat them, if of both real tables."""
    rng = np.random.default_rng(0)
    real = rng.permutation(400)
    for numbers, caught in ((rng.permutation(400), False), (real[:300], True)):
        tables = [pd.DataFrame({"code": [f"A/{n:04}" for n in part]}) for part in (real[:300], real[300:], numbers)]
        tables[2]["code"] += "/x"  # which is no real code
        counts = [c for c in rare_values.counted(samples.make(*tables)) if "single words" in c.counted]
        assert any(count.hits > count.allowed for count in counts) is caught


def test_the_times_of_a_clock_are_released_as_those_of_both_real_tables_are():
    """A reading every half hour, each of one real row: fresh draws of such times repeat some, and are no leak."""
    rng = np.random.default_rng(1)
    times = pd.date_range("2024-03-01", periods=2000, freq="30min").to_series(index=range(2000))
    order = rng.permutation(2000)
    train, holdout = times[order[:1500]], times[order[1500:]]
    drawn = {False: times[rng.integers(0, 2000, 2000)], True: train.iloc[rng.integers(0, 1500, 2000)]}
    for leaked, released in drawn.items():
        tables = [pd.DataFrame({"at": part.to_numpy()}) for part in (train, holdout, released)]
        counts = rare_values.counted(samples.make(*tables, kinds={"at": "datetime"}))
        found = [c for c in counts if "in at" in c.counted and "training" in c.counted]
        assert found and any(count.hits > count.allowed for count in found) is leaked


def test_the_years_of_a_series_are_released_as_those_of_both_real_tables_are():
    rng = np.random.default_rng(2)
    begun = np.arange(1900, 2020)
    real = pd.DataFrame({"begun": begun, "ended": begun + 1, "snow": rng.normal(600, 150, 120).round(1)})
    order = rng.permutation(120)
    train, holdout = real.iloc[order[:72]], real.iloc[order[72:]]
    years = rng.permutation(begun)
    fresh = pd.DataFrame({"begun": years, "ended": years + 1, "snow": rng.normal(600, 150, 120).round(1)})
    for leaked, released in {False: fresh, True: pd.concat([fresh[:80], train[:40]])}.items():
        counts = rare_values.counted(samples.make(train, holdout, released.reset_index(drop=True)))
        assert any(count.hits > count.allowed for count in counts) is leaked


LEAKS = [
    "columns.two_dates_of_a_fifth",
    "columns.age_city_and_date_of_a_third",
    "columns.income_of_a_fifth",
    "records.emails_of_another_domain",
    "records.emails_with_characters_exchanged",
    "records.account_numbers_moved_by_one_amount",
    "records.notes_with_accents",
    "records.notes_spaced_out",
    "records.notes_with_a_word_changed",
    "records.notes_turned_round",
    "records.ten_one_person_labels",
    "records.ten_greatest_values",
    "records.ten_smallest_values",
    "records.emails_reused_as_labels",
    "records.notes_copied_in_capitals",
    "records.names_and_notes_copied",
    "records.account_numbers_reused",
    "records.account_numbers_with_three_digits_changed",
    "records.account_numbers_with_another_end",
    "records.account_numbers_in_notes",
    "records.incomes_in_notes",
    "records.emails_as_digests",
    "records.emails_with_three_digits_changed",
    "records.incomes_of_few_repeated",
    "columns.sums_of_money_scaled_by_row",
    "columns.cents_of_half",
    "columns.sums_of_a_fifth",
]


@pytest.fixture(scope="module")
def honest():
    return population.made((1500, 375, 1500), 1)


@pytest.mark.parametrize("kind", LEAKS)
def test_values_of_single_people_are_found(honest, kind):
    case = calibration.load(kind)(honest, np.random.default_rng(0))
    made = samples.make(case.train, case.holdout, case.synthetic, kinds=case.kinds)
    counts = privacy.rare_values(made).detail["counts"]
    beyond = [count["counted"] for count in counts if count["hits"] > max(1.1 * count["expected"], count["allowed"])]
    assert beyond and all("training" in words for words in beyond)


@pytest.mark.parametrize("sizes", [(400, 100, 400), (400, 400, 100), (100, 25, 500)])
def test_rare_values_of_an_honest_table_are_no_more_than_chance(sizes):
    for seed in range(4):
        tables = [mixed(rows, 3 * seed + part) for part, rows in enumerate(sizes)]
        for count in privacy.rare_values(samples.make(*tables)).detail["counts"]:
            assert count["hits"] <= max(1.1 * count["expected"], count["allowed"]), count


def test_combinations_of_values_that_one_training_row_has_alone_are_found(honest):
    """Of labels, and of numbers that many have, such as an age."""
    labels, numbers = honest.synthetic.copy(), honest.synthetic.copy()
    for leak, columns, rows in (
        (labels, ["education", "city", "country", "trade", "plan"], 750),
        (numbers, ["age", "pulse", "visits"], 300),
    ):
        leak.loc[: rows - 1, columns] = honest.train[columns].head(rows).to_numpy()
    for released, caught in ((labels, True), (numbers, True), (honest.synthetic, False)):
        counts = privacy.rare_values(samples.make(honest.train, honest.holdout, released)).detail["counts"]
        beyond = [c for c in counts if "combination" in c["counted"] and c["hits"] > c["allowed"]]
        assert bool(beyond) is caught and all("training" in c["counted"] for c in beyond)


def test_combinations_of_quasi_identifiers_are_rare_values_of_their_own(honest):
    """Nothing in one column is rare; who was born, lives and works so is one person."""
    columns = "age", "city", "trade"
    leak = honest.synthetic.copy()
    leak.loc[:499, list(columns)] = honest.train[list(columns)].head(500).to_numpy()
    for released, caught in ((leak, True), (honest.synthetic, False)):
        made = samples.make(honest.train, honest.holdout, released, metadata=Metadata(columns))
        counts = privacy.rare_values(made).detail["counts"]
        (found,) = [c for c in counts if "quasi" in c["counted"] and "training" in c["counted"]]
        assert (found["hits"] > max(1.1 * found["expected"], found["allowed"])) is caught
    with pytest.raises(EvaluationError, match="2 of 3"):
        samples.make(honest.train, honest.holdout, leak, metadata=Metadata(("age", "city", "absent")))


def test_rows_that_share_what_no_other_real_row_has_count_once_beside_the_other_side():
    """Training row 0 shares two values with released rows, row 1 and holdout row 3 share one, rows 2 and 4 one that
    two real rows have.
    """
    rows, codes = np.array([0, 0, 1, 2, 3, 4, 5, 5, 6, 6, 7]), np.array([0, 1, 2, 3, 4, 3, 0, 1, 2, 3, 4])
    found = rare_counts.sharing("a word", codes, rows, np.array([3, 2, 3]))
    assert found.rows.tolist() == [2, 1]
    count = found.count(0, 1)
    assert (count.hits, count.of, count.expected) == (2, 3, 1.5) and count.allowed == 3
    many = rare_counts.Sharing("a word", np.array([60, 5]), np.array([1000, 250])).count(0, 1)
    assert binom.cdf(5, 6 + many.allowed, 0.2) <= 0.001 < binom.cdf(5, 5 + many.allowed, 0.2)


@pytest.mark.parametrize("other", ["anna12845@x", "anna1245@x", "anna123945@x", "anna12435@x"])
def test_texts_that_differ_in_one_character_have_a_part_in_common(other):
    codes, rows = letters.Letters(["anna12345x", "annb12845x", "", "".join(reuse.words(other))]).all_but_one()
    first, second, last = ({*codes[rows == row].tolist()} for row in (0, 1, 3))
    assert first & last and not first & second


def test_runs_of_characters_are_known_again_wherever_they_stand():
    codes, rows = letters.Letters(["xx12345678", "short", "é12345678yyy"]).runs(8)
    assert len({*codes[rows == 0].tolist()} & {*codes[rows == 2].tolist()}) == 1 and not (rows == 1).any()


def test_the_nearest_real_text_is_that_which_was_changed_and_a_person_counts_once():
    """Of numbers with three digits anew. All of two training rows are one person's, whose numbers are alike."""
    real = ["482915637", "482915630", "105938274", "777000111"]
    released = ["489915337", "482715039", "105838904", "105838904", ""]
    made, sizes = letters.Letters([*real, *released]), np.array([3, 1, 5])
    by_place = [found.rows.tolist() for found in nearest_texts.nearest("account", made, np.array([0, 0, 1, 2]), sizes)]
    assert by_place[2] == [1, 0] and nearest_texts.CLOSEST_SHARES[2] == 0.3
