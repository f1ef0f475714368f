"""Several numbers in one text are told from codes, and come back in their form, whatever their separator."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from generators.formats.tuple_format import TupleFormat, are_amounts, infer

ROWS = 400
NUMBERS = st.integers(-999, 999).map(str) | st.decimals(-99, 99, places=2).map(str)


@given(
    st.lists(st.tuples(NUMBERS, NUMBERS, NUMBERS), min_size=3),
    st.sampled_from([", ", "; ", " / ", " x ", " and ", " ("]),
)
def test_numbers_between_any_marks_are_found_and_joined_again(rows, mark):
    texts = [f"[{mark.join(row)}]" for row in rows]
    form = infer(Counter(texts))
    assert form is not None and form.size == 3
    assert [form.join(form.split(text) or []) for text in texts] == texts
    assert form.split(f"{texts[0]} or so") is None


@pytest.mark.parametrize(
    ("text", "between", "numbers"),
    [
        ("120/80", ("", "/", ""), ["120", "80"]),
        ("(52.51, -13.38)", ("(", ", ", ")"), ["52.51", "-13.38"]),
        ("52,51; 13,38", ("", "; ", ""), ["52,51", "13,38"]),  # decimal commas, for these are fewer numbers
        ("1,2,3", ("", ",", ",", ""), ["1", "2", "3"]),
        ("1.2.10", ("", ".", ".", ""), ["1", "2", "10"]),  # a version
        ("10-20", ("", "-", ""), ["10", "20"]),  # no minus behind a digit
        ("30 x 20 cm", ("", " x ", " cm"), ["30", "20"]),
    ],
)
def test_what_stands_between_numbers_is_no_part_of_them(text, between, numbers):
    form = infer({text: 1})
    assert form is not None and (form.between, form.split(text)) == (between, numbers)


def drawn(text):
    rng = np.random.default_rng(1)
    high = rng.normal(130, 15, ROWS).astype(int)
    values = {"a": high, "b": (high * 0.5 + rng.normal(15, 5, ROWS)).astype(int), "c": rng.integers(1, 60, ROWS)}
    values |= {
        "k": np.arange(ROWS),
        "x": rng.normal(50, 2, ROWS),
        "d": rng.integers(10, 90, ROWS),
        "e": rng.integers(10, 90, ROWS),
        "y": rng.normal(10, 2, ROWS),
        "year": 20 + high % 3,
    }
    return Counter(text.format(**{name: value[row] for name, value in values.items()}) for row in range(ROWS))


@pytest.mark.parametrize(
    ("text", "amounts"),
    [
        ("{a}/{b}", True),
        ("{a} mmHg / {b} mmHg", True),
        ("{c}x{b} cm", True),
        ("{d}x{e} cm", True),  # as many digits always, as codes have
        ("{d}-{e}", False),
        ("{c}-{b}", True),
        ("{c} of {a}", True),
        ("{x:.4f}, {y:.4f}", True),
        ("{x:.1f}/{b}", True),
        ("{k}/{year}", False),  # a number of a file, counted through
        ("12-{k}", False),
        ("ORD-{c}-{a}", False),
        ("S{c}E{b}", False),
        ("1.{c}.{b}", False),  # a version, an address
        ("{c:03d}/{a}", False),  # zeros that numbers would lose
        ("4{c:02d} {a:04d}", False),
    ],
)
def test_amounts_are_told_from_codes(text, amounts):
    texts = drawn(text)
    form = infer(texts)
    assert form is not None and are_amounts(texts, form) is amounts


def test_texts_without_several_numbers_have_no_format():
    assert infer({"12 kg": 3, "red": 2}) is None and infer({}) is None
    assert infer({", ".join(map(str, range(40))): 9}) is None  # more than are learned


def test_a_stored_format_is_read_again():
    assert TupleFormat.of({"between": ["(", "; ", ")"], "commas": True}) == TupleFormat(("(", "; ", ")"), True)
