"""Lengths of several numbers in one text are read as one number and written back as they were."""

import re
from collections import Counter
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from generators.encoding import encoder
from generators.formats.compound_format import CompoundFormat, infer
from launderette.generators.data import inference, schema

FORMS = [  # a text of two or three numbers, how many of each make one before it, and the first number's range
    ("{}h {}m", (60,), 30),
    ("{}:{:02d}", (60,), 30),
    ("{:02d}:{:02d}:{:02d}", (60, 60), 90),
    ("{} min {} s", (60,), 90),
    ("PT{}H{}M", (60,), 12),
    ("P{}DT{}H", (24,), 9),
    ("{} yrs {} mon", (12,), 30),
    ("{} Jahre, {} Monate", (12,), 90),
    ("{}'{}\"", (12,), 8),
    ("{}°{}'", (60,), 90),
    ("{}+{}", (7,), 42),
    ("{} days {:02d}:{:02d}:{:02d}", (24, 60, 60), 6),
]


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.sampled_from(FORMS), st.integers(0, 2**32 - 1))
def test_what_people_write_is_read_in_order_and_written_back(form, seed):
    text, sizes, first = form
    rng = np.random.default_rng(seed)
    rows = [tuple(map(int, row)) for row in rng.integers(0, (first, *sizes), (300, 1 + len(sizes)))]
    texts = [text.format(*row) for row in rows]
    found = infer(Counter(texts))
    numbers = [found.parse(one) for one in texts]
    assert found.sizes == (0, *sizes) and [found.write(number) for number in numbers] == texts
    assert [row for _, row in sorted(zip(numbers, rows, strict=True))] == sorted(rows)


@pytest.mark.parametrize("text", ["{0}h {1}m", "{0} Std {1} Min {2} Sek", "PT{0}H{1}M"])
@pytest.mark.parametrize("way", ["leading", "all"])
def test_units_of_which_there_are_none_may_be_left_out(text, way):
    between = tuple(re.split(r"\{\d\}", text))
    sizes = (0, *[60] * (len(between) - 2))
    known = CompoundFormat(between, sizes, (1,) * len(sizes), way)
    numbers = [*range(0, 4000, 7), 60, 120, 3600, 3660, 7205]
    texts = [known.write(Decimal(number)) for number in numbers]
    assert infer(Counter(texts)) == known and [known.parse(one) for one in texts] == numbers
    assert not any(re.match(r"\D*0\D+\d", one) for one in texts)


@pytest.mark.parametrize(
    "texts", [["120/80", "135/95"], ["1.2.10"], ["10-20"], ["5x7"], ["3:2", "1:10"], ["A1h 2m"], ["1/2"], ["2024-05"]]
)
def test_other_texts_of_several_numbers_are_none(texts):
    assert infer(Counter(texts)) is None


def test_a_column_of_them_is_numerical_and_comes_back_in_its_form():
    rng = np.random.default_rng(0)
    shift = [f"{h}:{m:02d}" for h, m in rng.integers((5, 0), (28, 60), (400, 2))]
    frame = pd.DataFrame({"ends": [*shift[:-20], *["?"] * 20], "stay": [f"{x // 24}d {x % 24}h" for x in range(400)]})
    known = inference.infer(frame)
    assert known.kinds() == {"ends": "numerical", "stay": "numerical"}
    assert schema.Schema.from_dict(known.to_dict()) == known and isinstance(known.columns[0].format, CompoundFormat)
    made = encoder.fit(frame, known)
    back = made.decode(made.encode(frame), rng.random((400, 2)))
    assert back["ends"].str.fullmatch(r"\d\d?:[0-5]\d|\?").all() and (back["ends"] == "?").sum() == 20
    assert back["stay"].map(known.columns[1].format.parse).map(lambda n: 0 <= n < Decimal(400)).all()
