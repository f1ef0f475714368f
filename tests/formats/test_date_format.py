# ruff: noqa: E501  (tables of types and formats)
"""Dates are read in the form they have and written back in it."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import generators
from generators.formats.date_format import EPOCH, MICROSECOND, check, digits_of, read, write
from generators.formats.date_inference import DateFormat, infer, infer_integers

FORMS = """%Y-%m-%d|%d/%m/%Y|%m/%d/%Y|%-d.%-m.%Y|%Y%m%d|%d-%b-%Y|%b %-d, %Y|%d %B %Y|%Y-%m|%m/%Y|%b-%y|%YQ%q|Q%q %Y|%Y-Q%q|%G-W%V
%Y-%m-%d %H:%M:%S|%Y-%m-%dT%H:%M:%SZ|%Y-%m-%dT%H:%M:%S.%3fZ|%Y-%m-%d %H:%M:%S.%6f|%Y-%m-%d %H:%M:%S%:z|%m/%d/%Y %I:%M %p|%m/%d/%y %H:%M
%I:%M %p|%-I:%M %P|%H:%M:%S|%H:%M:%S.%2f|%a, %d %b %Y %H:%M:%S GMT|%Y-%m-%d %H:%M:%S%-z|%Y-%m-%dT%H:%M:%S%z|%A, %B %-d, %Y"""
moments = st.datetimes(datetime(1995, 1, 1), datetime(2060, 1, 1))


@pytest.mark.parametrize("form", FORMS.replace("\n", "|").split("|"))
def test_forms_are_found_by_their_texts(form):
    days = [
        datetime(2001 + k % 30, 1 + k % 12, 1 + k * 7 % 28, k % 24, k * 7 % 60, k * 11 % 60, k * 37_003 % 10**6)
        for k in range(60)
    ]
    texts = [write(day, form) for day in days]
    found = infer(texts)
    assert all(found.same(text) for text in texts)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(moments, st.sampled_from(["+00:00", "+01:00", "-03:30"]), st.sampled_from(["%z", "%:z"]))
def test_offsets_name_the_same_moment(moment, offset, directive):
    form = f"%Y-%m-%d %H:%M:%S.%f {directive}"
    assert read(write(moment, form, offset), form) == moment


@settings(max_examples=30, deadline=None, derandomize=True)
@given(
    st.lists(st.datetimes(datetime(2010, 1, 1), datetime(2036, 1, 1)), min_size=8, max_size=40),
    st.sampled_from(["Europe/Paris", "America/Toronto", "Australia/Melbourne", "Europe/Helsinki"]),
)
def test_moments_by_the_clocks_of_a_place_are_written_back_as_they_were(found, place):
    local = [moment.replace(tzinfo=UTC, microsecond=0).astimezone(ZoneInfo(place)) for moment in found]
    date = infer([moment.isoformat() for moment in local])
    assert date is not None and all(date.same(moment.isoformat()) for moment in local)


def test_offsets_that_follow_no_clocks_are_written_with_the_commonest():
    texts = [f"2024-01-{day:02d}T08:00:00+0{2 if day % 3 else 1}:00" for day in range(1, 25)]
    found = infer(texts)
    assert found is not None and found.offset == "+02:00"


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.sampled_from(FORMS.replace("\n", "|").split("|")), st.datetimes(datetime(1000, 1, 1)), st.data())
def test_texts_of_digits_are_read_and_written_at_once_as_one_by_one(form, moment, data):
    if (digits := digits_of(form)) is None:
        return
    text = write(moment, form)
    assert digits.write(np.array([(moment - EPOCH) // MICROSECOND])) == [text]
    place = data.draw(st.integers(0, len(text)))
    damaged = (
        text[:place] + data.draw(st.text("019 .:-/٣\n", max_size=2)) + text[place + data.draw(st.integers(0, 2)) :]
    )
    for found, tick in digits.read({text, damaged}).items():
        assert EPOCH + timedelta(microseconds=tick) == read(found, form)


@pytest.mark.parametrize("language", ["de", "fr", "es", "it", "pt", "nl"])
def test_months_in_other_languages(language):
    texts = [write(datetime(2020, month, 3), "%-d %B %Y", language=language) for month in range(1, 13)]
    assert infer(texts) == DateFormat("%-d %B %Y", language=language)


def test_bands_seasons_and_versions_are_no_dates():
    for texts in (
        ["10-19", "20-29"],
        ["1990-2000"],
        ["2019/20"],
        ["1.2.3"],
        ["3", "May"],
        ["12345"],
        ["2023/24-1"],
        ["1-2023/24"],
    ):
        assert infer(texts) is None
    assert infer(["24/12-2023"]) == DateFormat("%d/%m-%Y")  # as Danes write days


@pytest.mark.parametrize("directive", "aAwdbBmyYHIpMSfzZjUWcxXGuV%")
def test_every_directive_of_strptime_can_be_stated(directive):
    beside = {
        "G": "%V %u ",
        "u": "%G-%V ",
        "V": "%G %u ",
        "U": "%Y %w ",
        "W": "%Y %w ",
        "%": "%Y",
        "I": "%p ",
        "p": "%I ",
    }
    check(beside.get(directive, "") + f"%{directive}")


@pytest.mark.parametrize("form", ["%Q", "day", "%Y-%Y", "%"])
def test_other_formats_are_one_sentence(form):
    with pytest.raises(ValueError, match="expected a format of strptime's directives"):
        check(form)


def test_integers_are_dates_by_their_digits_and_epochs_by_name_and_range():
    assert infer_integers("ym", [200001 + k for k in range(12)]) == "%Y%m"
    assert infer_integers("x", [200013, 200055]) is None
    assert infer_integers("ts", [20200305103000, 20210405103059]) == "%Y%m%d%H%M%S"
    assert infer_integers("created_at", [1_600_000_000, 1_700_000_000]) == "%s"
    assert infer_integers("eventTime", [1_600_000_000_000, 1_700_000_000_000]) == "%s%3f"
    assert infer_integers("salary", [1_600_000_000, 1_700_000_000]) is None


@pytest.mark.parametrize("offset", ["+00:00", "+01:00", "-03:30", "+05:30"])
@pytest.mark.parametrize("beside", ["+00:00", "+02:00"])
def test_days_that_begin_elsewhere_stay_midnights_and_keep_their_order(offset, beside):
    days = [datetime(2020, 1, 1) + timedelta(days=k * 7 % 300) for k in range(300)]
    shown = {"start": offset, "end": beside}
    frame = pd.DataFrame({name: [f"{day:%Y-%m-%d} 00:00:00{zone}" for day in days] for name, zone in shown.items()})
    frame["end"] = frame["end"].sample(frac=1, random_state=0, ignore_index=True)
    model = generators.fit(frame, budget=generators.Budget(steps=2), seed=0, width=16)
    made = model.sample(200, seed=1, constraints=["start <= end"])
    for name, zone in shown.items():
        assert made[name].str.endswith(f" 00:00:00{zone}").all()
    assert (pd.to_datetime(made["start"]) <= pd.to_datetime(made["end"])).all()
