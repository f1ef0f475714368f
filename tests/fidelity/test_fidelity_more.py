"""Information, depth, queries, missing values, rules and formats on tables worked by hand."""

import numpy as np
import pandas as pd
import pytest

from evaluation import fidelity
from pipelines.config.rules import DEFAULT_RULES
from tests.evaluation.tables import compared, mixed


def test_information_sees_a_relation_that_correlation_does_not():
    x = np.tile(np.arange(-5, 6), 200).astype(float)
    train, loose = {"x": x, "y": x**2}, {"x": x, "y": np.random.default_rng(0).permutation(x**2)}
    assert fidelity.trend(compared(train, loose)).value > 0.95  # both correlations are about 0
    found = fidelity.mutual_information(compared(train, loose))
    assert found.value < 0.35 and fidelity.mutual_information(compared(train, train)).value == 1


def test_information_by_hand():
    # equal labels: I = H, so 1; independent ones: 0, and the correction for few rows must not invent any
    n = 1000
    same, free = (
        {"a": list("xy") * n, "b": list("pq") * n},
        {"a": list("xxyy") * (n // 2), "b": list("pqpq") * (n // 2)},
    )
    found = fidelity.mutual_information(compared(same, free))
    assert found.value == pytest.approx(0, abs=1e-3) and found.low <= found.value <= found.high
    # half of b's entropy is shared: a decides b on half of the rows; I = H(b) - H(b | a) = log 2 - log(2) / 2
    half = {"a": list("xyzz") * n, "b": list("pqpq") * n}  # H(a) = 1.5 log 2, H(b) = log 2, I = 0.5 log 2
    assert fidelity.mutual_information(compared(same, half)).value == pytest.approx(0.5 / np.sqrt(1.5), abs=1e-3)


def test_depth_of_honest_typical_and_odd_rows():
    rng = np.random.default_rng(0)
    train, holdout, honest = (pd.DataFrame(rng.normal(size=(2000, 4))) for _ in range(3))
    names = {c: f"c{c}" for c in train}
    train, holdout, honest = (t.rename(columns=names) for t in (train, holdout, honest))
    good = fidelity.alpha_precision(compared(train, honest, holdout))
    assert good.value > 0.95 and good.ceiling > 0.95 and good.low <= good.value <= good.high
    assert fidelity.alpha_precision(compared(train, honest * 0.5, holdout)).value < 0.75  # only typical rows
    # all rows where no training row is: no share is ever inside, so 1 - 2 * (1 / 2)
    assert fidelity.alpha_precision(compared(train, honest * 0 + 9, holdout)).value == pytest.approx(0, abs=0.03)


def test_query_error_by_hand():
    train = {"c": ["x"] * 50 + ["y"] * 50}
    # only "x" and "y" are asked for, each 50 % of training rows and 100 % or 0 % of the synthetic ones
    found = fidelity.query_error(compared(train, {"c": ["x"] * 40}))
    assert found.value == pytest.approx(0.5) and found.better == "lower"
    assert fidelity.query_error(compared(train, train)).value == 0


def test_query_error_of_non_members_is_small_and_of_loose_columns_larger():
    def related(seed):
        rng = np.random.default_rng(seed)
        x = rng.normal(size=2000)
        return {"x": x, "y": x + rng.normal(0, 0.3, 2000)}

    found = fidelity.query_error(compared(related(0), related(1), related(2)))
    assert (
        found.value < 0.03 and found.ceiling == pytest.approx(found.value, abs=0.02) and found.floor > 2 * found.value
    )
    assert found.low <= found.value <= found.high


def test_missing_values_are_compared_by_column_and_by_what_else_is_known():
    train = {"a": [1, np.nan] * 500, "b": [2, np.nan] * 500}
    apart = {"a": [1, np.nan] * 500, "b": [np.nan, 2] * 500}
    assert fidelity.missingness(compared(train, train)).value == 1
    # column by column half are missing in both, but never of the same rows: all is lost, but for chance
    found = fidelity.missingness(compared(train, apart))
    assert found.detail["lost"] == {"a, by b": 1.0, "b, by a": 1.0} and found.value < 0.2
    # 5 % of the values of one column, where half are missing in training: 0.45 of 0.5
    fewer = {"a": [1] * 450 + [1, np.nan] * 50, "b": [2, np.nan] * 500}
    assert fidelity.missingness(compared(train, {**fewer, "a": fewer["a"] + [1] * 450})).detail["lost"]["a"] == 0.9
    assert "no table has a missing value" in fidelity.missingness(compared({"a": [1, 2]}, {"a": [1, 2]})).note


def ordered(rows, seed):
    rng = np.random.default_rng(seed)
    start, town = rng.integers(0, 50, rows), rng.integers(0, 6, rows)
    return pd.DataFrame(
        {
            "start": start,
            "end": start + rng.integers(0, 30, rows),
            "town": np.array(list("abcdef"))[town],
            "county": np.array(list("pppqqq"))[town],
        }
    )


def test_rules_are_found_and_their_breakers_counted():
    train, holdout, other = ordered(400, 0), ordered(400, 1), ordered(400, 2)
    honest = fidelity.constraints(compared(train, other, holdout))
    assert honest.value == 1 and honest.ceiling == 1 and honest.floor < 0.6
    assert set(honest.detail["broken_share"]) == {"start is at most end", "town decides county"}
    other.loc[:39, ["start", "end"]] = [9, 3]
    other.loc[20:79, "county"] = other.loc[20:79, "county"].map({"p": "q", "q": "p"})
    broken = fidelity.constraints(compared(train, other, holdout))
    assert broken.value == pytest.approx(1 - (0.15 - broken.detail["by_chance"]["town decides county"]))
    assert broken.detail["broken_share"] == {"town decides county": 0.15, "start is at most end": 0.1}


def test_no_rule_is_found_where_none_is():
    assert "no rule" in fidelity.constraints(compared(mixed(300), mixed(300, 1))).note


def test_formats_by_hand():
    code = [f"AB-{n:04d}" for n in range(60)]
    train = pd.DataFrame({"whole": range(60), "cents": np.arange(60) / 4, "c": ["x", "y"] * 30, "code": code})
    odd = train.assign(
        whole=[0.5] * 15 + [3] * 45, cents=0.125, c=["new"] + ["x"] * 59, code=["AB-12345"] * 30 + ["CD-0001"] * 30
    )
    found = fidelity.formats(compared(train, odd, train))
    assert found.detail["lost"] == {"cents": 1.0, "code": 0.5, "whole": 0.25}
    # none of 60 training values are otherwise, so as many fresh ones would hardly be
    assert found.value == pytest.approx(found.detail["by_chance"]["cents"]) and found.value < 0.25
    assert found.ceiling == 1
    assert fidelity.formats(compared(train, train)).value == 1


def test_forms_of_identifiers_that_rows_share_are_those_of_their_distinct_values():
    def visits(seed, form):
        rng = np.random.default_rng(seed)
        codes = [form.format(n) for n in rng.integers(0, 2**32, 60)]
        return pd.DataFrame({"id": np.repeat(codes, 8), "x": rng.random(480)})

    def score(train, other):
        return fidelity.formats(compared(train, other, kinds={"id": "identifier"})).value

    train = visits(0, "{:08x}")  # no two have letters in the same places
    assert score(train, visits(1, "{:08x}")) == 1
    assert score(train, visits(1, "{:08X}")) < 0.5 and score(train, train.assign(id="guest")) < 0.5
    worded = visits(0, "{0}").assign(
        id=lambda rows: rows["id"].map(lambda n: "a" * (int(n) % 97) + "b-" + "c" * (int(n) % 89))
    )
    assert score(worded, worded.assign(id=worded["id"] + "d")) == 1


def test_a_number_that_stands_for_a_label_is_a_rule_both_ways():
    def numbered(rows, seed):
        level = np.random.default_rng(seed).integers(0, 8, rows)
        return pd.DataFrame({"level": level, "name": np.array(list("abcdefgh"))[level]})

    train, other = numbered(800, 0), numbered(800, 1)
    assert fidelity.constraints(compared(train, other)).low == 1
    other.loc[:159, "level"] = (other.loc[:159, "level"] + 1) % 8  # a fifth of the rows
    found = fidelity.constraints(compared(train, other))
    assert found.detail["broken_share"] == {"level decides name": 0.2, "name decides level": 0.2} and found.low < 0.9


def test_numbers_that_rows_share_may_decide_labels_and_be_decided_by_them():
    def codes(rows, seed):
        code = np.random.default_rng(seed).integers(0, 150, rows)
        return pd.DataFrame({"code": 1000 + code, "district": [f"district {c // 10}" for c in code]})

    train, other = codes(4000, 0), codes(4000, 1)
    assert set(fidelity.constraints(compared(train, other)).detail["broken_share"]) == {"code decides district"}
    other.loc[:799, "district"] = other.loc[:799, "district"].sample(frac=1, random_state=0).to_numpy()
    assert fidelity.constraints(compared(train, other)).low < DEFAULT_RULES["fidelity.constraints"]["at_least"]


@pytest.mark.parametrize("late", [0, 0.05])
def test_one_row_in_twenty_with_its_dates_out_of_order_is_refused(late):
    def stays(rows, seed):
        rng = np.random.default_rng(seed)
        days = rng.integers(0, 3000, rows)
        ends = {"joined": days, "left": days + rng.gamma(2, 300, rows).astype(int)}
        return pd.DataFrame({c: pd.Timestamp("2010-01-01") + pd.to_timedelta(d, "D") for c, d in ends.items()})

    train, other = stays(1000, 0), stays(1000, 1)
    wrong = np.arange(len(other)) < late * len(other)
    other.loc[wrong, ["joined", "left"]] = other.loc[wrong, ["left", "joined"]].to_numpy()
    found = fidelity.date_order(compared(train, other))
    assert (found.low < DEFAULT_RULES["fidelity.date_order"]["at_least"]) == (late > 0)
    assert found.detail["lost"].get("joined is at most left", 0) == late
    assert fidelity.date_order(compared({"a": [1, 2]}, {"a": [1, 2]})).reason == "no_rules"
