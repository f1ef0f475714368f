"""A sample in parts: what rows must meet changes nothing of where it may be cut."""

from itertools import pairwise

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import generators
from tests.generators import tables

ROWS = 2100  # more than one chunk


@pytest.fixture(scope="module")
def sampled():
    model = generators.fit(tables.linked(), "tabular.marginals")
    asked = {"seed": 2, "where": {"a": "x"}, "constraints": ["n <= 2"]}  # met by a few of ten candidates
    return model, asked, model.sample(ROWS, **asked)


@settings(max_examples=8, deadline=None)
@given(st.lists(st.integers(0, ROWS), max_size=3).map(lambda cuts: [0, *sorted(cuts), ROWS]))
def test_rows_that_others_were_rejected_for_are_the_same_in_every_part(sampled, cuts):
    model, asked, whole = sampled
    parts = [model.sample_part(range(*ends), **asked) for ends in pairwise(cuts)]
    pd.testing.assert_frame_equal(pd.concat(parts, ignore_index=True), whole)
