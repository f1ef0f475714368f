"""Dates that a column writes in several ways are all read, and written in one of them."""

from collections import Counter
from datetime import datetime, timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from generators.formats.date_alternatives import infer_all, unwritten
from generators.formats.date_format import read, write
from generators.formats.date_inference import infer
from launderette.generators.data import inference
from launderette.pipelines.stages import values

DAYS = ["%Y-%m-%d", "%d.%m.%Y", "%b %-d, %Y", "%Y%m%d", "%a, %d %b %Y", "%d/%m/%Y"]
STAMPS = ["%Y-%m-%d %H:%M", "%d.%m.%Y %H:%M", "%a %b %d %H:%M:%S %Y"]
PLACES = """%a %b %d %H:%M:%S %Y|%a %b %d %Y %H:%M:%S GMT%z|%d/%b/%Y:%H:%M:%S %z|%a %b %d %H:%M:%S %z %Y|%H:%M %d.%m.%Y
%d.%m.%Y um %H:%M Uhr
%H:%M Uhr|%Y:%m:%d %H:%M:%S|%d/%m/%Y, %H:%M|%Y-%m-%d_%H:%M|KW %V/%G|%G-KW%V|KW%-V %G|Week %V, %G"""


@settings(max_examples=40, deadline=None, derandomize=True, phases=[Phase.generate])
@given(st.integers(0, 2**32 - 1), st.sampled_from(DAYS), st.sampled_from(DAYS + STAMPS), st.integers(20, 60))
def test_every_text_of_two_formats_is_read_as_what_it_was_written_for(seed, first, second, cut):
    minutes = np.random.default_rng(seed).integers(0, 30 * 365 * 1440, 80)
    days = [datetime(2000, 1, 1) + timedelta(minutes=int(m)) for m in minutes]
    pairs = [(day, write(day, first if k < cut else second)) for k, day in enumerate(days)]
    found = infer_all(Counter(text for _, text in pairs))
    for k, (day, text) in enumerate(pairs):
        assert found.reads(text) == read(text, first if k < cut else second)
        again = write(found.reads(text), found.format)
        assert read(again, found.format) == found.reads(text)
        assert "%H" in found.format or day.date() == found.reads(text).date()


def test_a_midnight_is_written_as_a_day_where_days_stand_beside_timestamps():
    days = [datetime(2020, 1, 1) + timedelta(days=k, hours=k % 2 * 7) for k in range(100)]
    texts = [f"{day:%d.%m.%Y %H:%M}" if day.hour else f"{day:%d.%m.%Y}" for day in days]
    found = infer_all(Counter(texts))
    assert found.format == "%d.%m.%Y|%d.%m.%Y %H:%M" and all(map(found.same, texts))
    assert unwritten(found.format) == [] and unwritten("%Y-%m-%d|%d.%m.%Y|%d.%m.%Y %H:%M") == ["%d.%m.%Y"]


def test_days_and_months_exchanged_are_not_read_as_two_formats():
    days = [datetime(2020, 1, 1) + timedelta(days=k) for k in range(300)]
    texts = [day.strftime("%d/%m/%Y" if k % 2 else "%m/%d/%Y") for k, day in enumerate(days)]
    assert "|" not in infer_all(Counter(texts)).format


@pytest.mark.parametrize("form", PLACES.replace("\n", "|").split("|"))
def test_times_and_weeks_are_found_wherever_they_stand(form):
    days = [datetime(2001 + k % 30, 1 + k % 12, 1 + k * 7 % 28, k % 24, k * 7 % 60, k * 11 % 60) for k in range(60)]
    texts = [write(day, form) for day in days]
    assert all(map(infer(texts).same, texts))


@pytest.mark.parametrize("form", ["%A, %d.%m.%Y", "%a %-d %B %Y"])
@pytest.mark.parametrize("language", ["de", "fr", "nl"])
def test_weekdays_in_other_languages(form, language):
    texts = [write(datetime(2020, 1, 3) + timedelta(days=9 * k), form, language=language) for k in range(60)]
    found = infer(texts)
    assert found.language == language and all(map(found.same, texts))


@pytest.mark.parametrize("codes", [["01.11", "62.01", "47.11", "01.13"], ["007.5", "120.1", "034.2"]])
def test_codes_whose_zeros_a_number_would_lose_are_labels(codes):
    assert inference.infer(pd.DataFrame({"nace": codes * 50})).column("nace").kind == "categorical"


@pytest.mark.parametrize("padded", [2, 100, 900])
def test_postcodes_are_labels_however_few_begin_with_a_zero(padded):
    codes = [*(f"0{k}" for k in range(1000, 1000 + padded)), *map(str, range(20_000, 21_000))] * 3
    frame = pd.DataFrame({"plz": codes})
    schema = inference.infer(frame)
    assert schema.column("plz").kind == "categorical" and values.check(frame, schema, stated=()) is None


def test_what_comes_back_otherwise_is_said_without_a_value():
    days = [datetime(2020, 1, 1) + timedelta(days=k) for k in range(60)]
    mixed = [write(day, "%Y-%m-%d" if k % 3 else "%d.%m.%Y") for k, day in enumerate(days)]
    zones = [write(day, "%Y-%m-%d %H:%M %:z", "+01:00" if k % 3 else "+02:00") for k, day in enumerate(days)]
    frame = pd.DataFrame({"mixed": mixed, "zones": zones})
    kept, said = values.read(frame, inference.infer(frame))
    assert kept.notna().all(axis=None)
    assert said == [
        "Column 'mixed' holds dates as %Y-%m-%d and %d.%m.%Y; synthetic ones are written as %Y-%m-%d",
        "Column 'zones' holds moments in 2 zones; synthetic ones are written with the commonest, +01:00",
    ]
