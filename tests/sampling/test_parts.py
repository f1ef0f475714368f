"""A sample in parts: what rows must meet changes nothing of where it may be cut."""

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import generators
from generators.encoding.layout import Layout
from generators.sampling.conditioning import CHUNK_ROWS, chunk_rows
from generators.training import randomness
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


def test_a_gpu_draws_many_chunks_at_once_fewer_where_rows_take_much_memory():
    layouts = [Layout((*sizes,), (), (), {}) for sizes in ([3, 2048], [3, 2049], [9000], [10**6], [2] * 65)]
    assert [chunk_rows(layout, torch.device("cuda")) // CHUNK_ROWS for layout in layouts] == [16, 8, 2, 1, 8]
    assert chunk_rows(layouts[0], torch.device("cpu")) == CHUNK_ROWS


def test_uniforms_of_many_rows_are_those_of_few():
    many = randomness.row_uniforms(3, 5, 5000, 6)
    few = [randomness.row_uniforms(3, first, 100, 6) for first in range(5, 5005, 100)]
    np.testing.assert_array_equal(many, np.concatenate(few))
