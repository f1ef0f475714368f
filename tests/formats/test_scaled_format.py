"""Numbers in thousands, millions and their like, or in units that are powers of ten of each other, are read and written
back as they were.
"""

from dataclasses import asdict
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from generators.data.inference import infer
from generators.data.schema import Numerical, Schema
from generators.encoding import encoder
from generators.formats import scaled_format, written
from generators.formats.scaled_format import ScaledFormat

WAYS = [  # before the digits, and the ending of each power
    ("$", {3: "K", 6: "M", 9: "B"}),
    ("€", {0: "", 3: "K", 6: "M"}),
    ("", {3: " Tsd. €", 6: " Mio. €"}),
    ("₹", {5: " Lac", 7: " Cr"}),
    ("", {0: " g", 3: " kg"}),
    ("", {6: "MB", 9: "GB"}),
    ("", {-2: " cm", 0: " m"}),
]
digits = st.lists(st.integers(1, 999), min_size=4, max_size=30)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(st.sampled_from(WAYS), digits, st.integers(0, 2))
def test_what_is_written_is_read_and_made_of_as_many_digits(way, numbers, places):
    prefix, endings = way
    least = int(min(np.diff(sorted(endings))))  # digits before the next power
    texts = {}
    for k, n in enumerate(numbers):
        power, mantissa = sorted(endings)[k % len(endings)], Decimal(n % 10**least or 1)
        fraction = "" if power == min(endings) else f".{n % 10**places:0{places}d}" if places else ""
        texts[f"{prefix}{mantissa}{fraction}{endings[power]}"] = 5
    form = scaled_format.infer(texts)
    if form is None:  # all in one power
        assert len({power for power in endings if any(text.endswith(endings[power]) for text in texts)}) <= len(texts)
        return
    assert ScaledFormat.of(asdict(form)) == form and written.number_of_texts(texts) == form
    for text in texts:
        assert form.write(form.parse(text)) == text or form.parse(form.write(form.parse(text))) == form.parse(text)
    for number in (Decimal(n).scaleb(min(endings)) for n in (0, 1, 12345, *numbers)):
        assert form.parse(form.write(number)) == number == -form.parse(form.write(-number))


@pytest.mark.parametrize(
    ("texts", "number"),
    [
        ({"€110.5M": 2, "€77M": 2, "€565K": 2, "€0": 3}, 110_500_000),
        ({"1,5 Mio. €": 2, "800 Tsd. €": 2}, 1_500_000),
        ({"1.2 kg": 2, "500 g": 2}, 1200),
        ({"₹2.35 Cr": 2, "₹40 Lac": 2}, 23_500_000),
        ({"172 cm": 2, "1.8 m": 3}, Decimal("1.72")),
    ],
)
def test_each_stands_for_its_number_times_a_power_of_ten(texts, number):
    assert scaled_format.infer(texts).parse(next(iter(texts))) == number


@pytest.mark.parametrize(
    "texts", [["34B", "36C", "36B"], ["5 kg", "7 kg"], ["60 kg", "132 lb"], ["S", "M"], ["1A", "2K"]]
)
def test_labels_and_other_units_are_none(texts):
    assert scaled_format.infer(dict.fromkeys(texts, 9)) is None


def test_synthetic_amounts_have_the_digits_of_real_ones_within_what_is_asked():
    rng = np.random.default_rng(0)
    amounts = rng.lognormal(13.5, 1, 600)
    texts = [f"${x / 1e6:.1f}M" if x >= 1e6 else f"${x / 1e3:.0f}K" for x in amounts]
    frame = pd.DataFrame({"pay": texts})
    schema = infer(frame)
    column = schema.column("pay")
    assert isinstance(column, Numerical) and Schema.from_dict(schema.to_dict()) == schema
    fitted = encoder.fit(frame, schema)
    (cells,) = fitted.columns
    drawn = fitted.decode(fitted.encode(frame), rng.random((600, 1)))["pay"]
    assert (
        drawn.isin([*texts, *(f"${n}K" for n in range(1000)), *(f"${n / 10:.1f}M" for n in range(900))]).mean() > 0.99
    )
    assert (cells.encode(drawn) == cells.encode(frame["pay"])).all()
