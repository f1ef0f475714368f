"""Drawing from forms ends: whatever a pattern is made of, and however large the numbers of a column are."""

import re

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import generators
from generators import Budget
from generators.identifiers import forms
from generators.identifiers.forms import IdentifierForm, form_of

MOST_DRAWS = 100_000  # of a test: more are a loop without an end
WORDS = st.text("abcXYZ", min_size=1, max_size=4)
CHOICES = st.lists(WORDS, min_size=1, max_size=4).map(lambda words: f"({'|'.join(words)})")
PARTS = st.one_of(
    WORDS, CHOICES, st.sampled_from([r"\-", "<1-3>", "<07-08:2>", r"\d{0,1}", "[a]{1,1}", "<1-99999999999999999999>"])
)


def taken(real):
    left = iter(range(MOST_DRAWS))

    def asked(text):
        assert next(left, None) is not None, "expected the drawing to end"
        return text in real

    return asked


@settings(max_examples=50, deadline=None, derandomize=True)
@given(st.lists(PARTS, min_size=1, max_size=4).map("".join))
def test_any_pattern_has_as_many_values_as_are_wanted(pattern):
    drawn = [
        forms.texts(IdentifierForm(pattern), 60, np.random.default_rng(0), taken(real)) for real in ((), ("a", "b"))
    ]
    assert [len(set(found)) for found in drawn] == [60, 60]


@pytest.mark.parametrize("pattern", ["a", "(a|b)", r"(red|blue)\-(one|two)", "50%a|50%(b|c)"])
def test_a_pattern_without_a_variable_part_grows_by_digits(pattern):
    found = forms.texts(IdentifierForm(pattern), 30, np.random.default_rng(0), taken(()))
    assert len(set(found)) == 30 and any(text[-1].isdecimal() for text in found)


def test_words_of_which_nearly_all_pairs_are_taken():
    words = ["alpha", "beta", "gamma", "delta", "eta", "theta", "iota", "kappa", "mu", "nu", "xi", "pi"]
    real = [f"{first}-{second}" for first in words for second in words][:-1]
    found = forms.texts(form_of(pd.Series(real)), 300, np.random.default_rng(0), taken(set(real)))
    assert len(set(found)) == 300 and not set(found) & set(real)


def test_a_form_has_room_for_more_values_than_are_looked_at(monkeypatch):
    monkeypatch.setattr(forms, "EXAMINED_VALUES", 50)
    real = [f"K-0{k:03d}" for k in np.random.default_rng(0).permutation(1000)[:400]]
    assert form_of(pd.Series(real)).pattern == r"K\-\d{4,4}"  # K-0 and three digits are 1,000 values, of 400 real ones


def test_of_long_texts_few_are_looked_at(monkeypatch):
    monkeypatch.setattr(forms, "EXAMINED_CHARACTERS", 1000)
    looked = []
    monkeypatch.setattr(forms, "scheme_of", lambda texts: looked.extend(texts) or "")
    rng = np.random.default_rng(0)
    found = form_of(pd.Series([f"{k} " + "word " * rng.integers(10, 30) for k in range(200)]))
    assert 5 < len(looked) < 30 and found.pattern


@pytest.mark.parametrize("first", [10**16, 10**17, 10**18 - 20, 9 * 10**18], ids=str)
def test_long_numbers_that_count_up(first):
    real = pd.Series(range(first, first + 300))
    found = forms.texts(form_of(real), 200, np.random.default_rng(0), taken(set(map(str, real))))
    numbers = pd.Series([int(text) for text in found])
    assert (numbers.diff().dropna() == 1).all() and not numbers.isin(real).any() and numbers.max() < 2**63


@pytest.mark.parametrize(("dtype", "most"), [("int64", 2**63), ("uint64", 2**64), ("UInt64", 2**64)])
def test_identifiers_of_64_bits_are_drawn_in_their_type(dtype, most):
    rng = np.random.default_rng(0)
    numbers = most // 2 + rng.integers(0, 2**62, 200).astype("uint64")
    frame = pd.DataFrame({"user_id": pd.array(numbers, dtype=dtype), "age": rng.integers(18, 90, 200)})
    made = generators.fit(frame, budget=Budget(steps=2)).sample(150)["user_id"]
    assert made.nunique() == 150 and not made.isin(frame["user_id"]).any()


SHAPES = {"Aa": r"[A-Z][a-z]+", "a": r"[a-z]+", "A": r"[A-Z]+"}
SHAPED_WORDS = {
    "Aa": st.text("abcdefgh", min_size=2, max_size=9).map(str.capitalize),
    "a": st.text("abcdefgh", min_size=2, max_size=9),
    "A": st.text("ABCDEFGH", min_size=2, max_size=9),
}


@settings(deadline=None, derandomize=True, max_examples=30)
@given(st.lists(st.sampled_from(sorted(SHAPES)), min_size=1, max_size=3), st.integers(0, 5), st.data())
def test_names_of_words_are_made_up_of_words_in_the_same_case(shapes, others, data):
    words = st.tuples(*(SHAPED_WORDS[shape] for shape in shapes)).map(" ".join)
    real = data.draw(st.lists(words, min_size=30, max_size=60, unique=True))
    odd = [" ".join(["xY" * (2 + k % 3)] * len(shapes)) + "Z" * k for k in range(others)]  # a few written otherwise
    drawn = forms.texts(form_of(pd.Series([*real, *odd])), 50, np.random.default_rng(0), taken(set(real)))
    assert all(re.fullmatch(" ".join(SHAPES[shape] for shape in shapes), text) for text in drawn)


@pytest.mark.parametrize(("form", "zeros"), [("P{}", False), ("INV-{}", False), ("{}-A", False), ("K{:03d}", True)])
def test_numbers_of_several_lengths_begin_with_zero_only_where_real_ones_do(form, zeros):
    real = pd.Series([form.format(k) for k in (*range(1, 700), *range(1000, 1100))])
    made = forms.texts(form_of(real), 300, np.random.default_rng(0), set(real).__contains__)
    assert any(re.search(r"(?<!\d)0\d", text) for text in made) == zeros


@pytest.mark.parametrize(
    ("pattern", "first"),
    [
        (r"C\-\d{6,6}", ["C-966857", "C-820328", "C-904817", "C-148332"]),
        ("AB[0-9a-f]{12,12}x", ["ABfaae9cd3044dx", "ABe07d2c17d454x", "ABb4f778988fccx", "ABb95f73d2d910x"]),
        (r"\d{8,8}", ["96685782", "13289048", "17148332", "72944555"]),
    ],
)
def test_one_run_of_characters_is_drawn_at_once_and_as_one_by_one(pattern, first, monkeypatch):
    monkeypatch.setattr(forms, "_draw", None)  # what draws one value
    found = forms.texts(IdentifierForm(pattern), 20_000, np.random.default_rng(7), lambda text: text.endswith("3"))
    assert found[:4] == first and len(set(found)) == 20_000
    assert not any(text.startswith("0") or text.endswith("3") for text in found)
