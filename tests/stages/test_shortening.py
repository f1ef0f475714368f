"""Rare labels keep what enough of them begin with, and nothing that fewer share."""

import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.stages.shortening import shorten


def shortened(labels, rare=5):
    series = pd.Series(labels, dtype="object")
    return shorten(series, pd.Series(range(len(series))), rare)


def test_codes_and_words_keep_their_longest_common_beginning():
    assert set(shortened([f"E11.{n}" for n in range(9)] + [f"J45.{n}" for n in range(4)])[:9]) == {"E11*"}
    assert shortened([f"J45.{n}" for n in range(4)]).isna().all()
    assert set(shortened([f"Acute {c}itis" for c in "abcdef"])) == {"Acute *"}


def test_a_version_is_cut_between_its_numbers_and_json_nowhere():
    labels = [f"1.10.{n}" for n in range(12)]
    assert set(shortened(labels)) == {"1.10*"}
    assert set(shortened([f"2.{n}.0" for n in range(10, 16)], 6)) == {"2*"}  # never 2.1, which is another
    assert shortened([f"{n}.0.1" for n in range(10, 19)]).isna().all()
    assert shortened([f'{{"bp": [14{n}, 90]}}' for n in range(9)]).isna().all()
    assert shortened([f"<bp high='14{n}'/>" for n in range(9)]).isna().all()


def test_a_name_is_never_cut_inside():
    assert shortened(["Berlin", "Bern", "Bergen", "Bernau", "Bergheim", "Berchtesgaden"]).isna().all()


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.lists(st.from_regex(r"[AB][0-9]{1,3}(\.[0-9])?", fullmatch=True), min_size=1, max_size=80), st.integers(2, 9))
def test_what_is_kept_is_shared_by_enough(labels, rare):
    kept = shortened(labels, rare)
    assert all(count >= rare for count in kept.value_counts())
    assert all(
        label.startswith(short[:-1]) for label, short in zip(labels, kept, strict=True) if isinstance(short, str)
    )
