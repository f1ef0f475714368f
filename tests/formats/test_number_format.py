"""A number's text is read and written back as it was, in every combination of sign, currency, unit, grouping and
decimals.
"""

from decimal import Decimal

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from generators.formats import written
from generators.formats.number_format import SEPARATORS, NumberFormat, infer
from generators.formats.written import texts_of

styles = st.builds(
    lambda marks, places, prefix, suffix, minus, plus, inner: NumberFormat(
        prefix, suffix, *marks, places, False, minus, plus, inner and bool(prefix + suffix)
    ),
    st.sampled_from(SEPARATORS),
    st.integers(1, 4),
    st.sampled_from(["", "$", "€ ", "EUR ", "CHF "]),
    st.sampled_from(["", "%", " %", " kg", "kg", " €", " km/h"]),
    st.sampled_from(["-", "\u2212", "()", "x-"]),
    st.booleans(),
    st.booleans(),
)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(styles, st.lists(st.decimals(-(10**7), 10**7, places=4), min_size=1, max_size=30))
def test_what_is_written_is_read_and_inferred(style, numbers):
    numbers = [
        *(round(number, style.places) for number in numbers),
        Decimal("-1234567.5"),
        Decimal("1234567.25"),
        Decimal("12345.125"),
    ]
    numbers = [round(number, style.places) for number in numbers]
    texts = [style.write(number) for number in numbers]
    assert [style.parse(text) for text in texts] == numbers
    found = infer(texts)
    assert [found.parse(text) for text in texts] == numbers and [found.write(number) for number in numbers] == texts


@pytest.mark.parametrize(
    "texts",
    [
        ["$1,200", "$300", "-$5.50"],
        ["12%", "3.5%"],
        ["1 234,56", "7,10"],
        ["1.234,56", "0,50"],
        ["(3.50)", "2.25"],
        ["$(3.50)", "$2.25"],
        ["(1.234,50) €", "2,25 €"],
        ["+1.2", "-0.3"],
        ["1'234", "12"],
        ["1_000", "5"],
        ["1\u00a0234", "8"],
        ["\u22125", "6"],
        ["61 kg", "7.5 kg"],
        ["12,34,567", "1,000"],
        ["1.0", "2.25"],
        ["$-5", "$3"],
    ],
)
def test_common_forms(texts):
    found = infer(texts)
    assert [found.write(found.parse(text)) for text in texts] == texts


@settings(max_examples=50, deadline=None)
@given(st.sampled_from([".", ","]), st.lists(st.integers(0, 99_999), min_size=1, max_size=20))
def test_a_mark_behind_a_leading_zero_parts_no_thousands(mark, thousandths):
    texts = [f"{n // 1000}{mark}{n % 1000:03d}" for n in (169, *thousandths)]
    found = infer(texts)
    assert [found.parse(text) * 1000 for text in texts] == [169, *thousandths]
    assert [found.write(found.parse(text)) for text in texts] == texts


def test_points_part_thousands_where_only_what_is_above_a_thousand_has_one():
    found = infer(["1.123 €", "957 €", "12.050 €", "88 €"])
    assert found.parse("1.123 €") == 1123 and found.write(Decimal(20957)) == "20.957 €"
    for more in ("1200 €", "1.5 €", "0.125 €"):
        assert infer(["1.123 €", "957 €", more]).parse("1.123 €") == Decimal("1.123")


@pytest.mark.parametrize("text", ["007", "AB12", "12:30", "1.2.3", "12345X", "10.0.0.1", "1,23,4", "(5", "--5", ""])
def test_codes_are_no_numbers(text):
    found = infer([text])
    assert found is None or found.parse(text) is None


def test_texts_are_counted_in_the_order_in_which_they_come_first():
    mixed = pd.Series(["b", "a", 1, "b", True, 1.0, "1"], dtype=object)
    assert list(texts_of(mixed).items()) == [("b", 2), ("a", 1), ("1", 4)]
    assert list(texts_of(pd.Series(["b", "a", "b"], dtype="string")).items()) == [("b", 2), ("a", 1)]
    assert texts_of(pd.Series([1, 2])) is None is texts_of(pd.Series([1, 2], dtype=object))


@pytest.mark.parametrize(
    ("texts", "zero", "amount"),
    [
        ({"0": 90, "$4.99": 6, "$12.50": 4}, "0", "$7.25"),
        ({"$0": 5, "0": 2, "$3": 40}, "$0", "$7"),
        ({"5": 50, "€ 7": 50}, "€ 0", "€ 7"),
        ({"0 kr": 3, "12,50 kr": 9, "8": 3}, "0 kr", "7,25 kr"),
    ],
)
def test_amounts_without_their_currency_are_amounts_too(texts, zero, amount):
    form = written.number_of_texts(texts)
    assert all(form.parse(text) is not None for text in texts) and form.parse("12 kg") is None
    assert form.write(Decimal(0)) == zero and form.write(form.parse(amount)) == amount


@pytest.mark.parametrize("texts", [{"12": 60, "12A": 40}, {"5": 90, "5 kg": 10}])
def test_other_marks_on_some_numbers_alone_mean_something(texts):
    assert written.number_of_texts(texts) is None


def test_amounts_that_most_rows_have_not_are_amounts_all_the_same():
    bonuses = {f"{n},50": 1 for n in range(100, 140)}
    assert written.number_of_texts({"-": 400, "k.A.": 20} | bonuses) is not None
    assert written.number_of_texts({"none due": 400} | bonuses) is None  # a label of its own
    days = {f"{n:02d}.03.2024": 1 for n in range(1, 31)}
    assert written.date_of_texts({"-": 400} | days).format == "%d.%m.%Y"


@pytest.mark.parametrize("names", ["1B ICU", "B4", "none known", "2 of 3"])
def test_few_numbers_that_rows_share_are_labels_where_names_stand_among_them(names):
    texts = {"1A": 40, "2A": 30, names: 25, "-": 5}
    assert written.number_of_texts(texts) is None
    assert written.number_of_texts({"1A": 40, "2A": 30, "-": 30}) is not None  # no name among them
    marks = {"1": 20, "2": 40, "3": 90, "1-": 9, "2-": 30, "3-": 20, "4-": 3, "3+": 25, "2+": 12}
    assert written.number_of_texts(marks) is None  # although a mark stands in three rows alone
    assert written.number_of_texts({f"{n}.5 €": 1 for n in range(15)} | {"1.0 €": 60, "frei": 9}) is not None
    assert written.number_of_texts(texts | {"1.5A": 1}) is not None  # a measurement that one row has
