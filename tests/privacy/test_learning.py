"""`domain: learn`: what is not stated of a column is told with noise and paid for; what few rows have is never told."""

from dataclasses import dataclass, replace
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

import generators
from generators import GeneratorError, Privacy
from generators.code_lists import matching
from generators.encoding.cells import Cells
from generators.formats import grid, number_format
from generators.marginals import histograms, told
from generators.privacy import forms, learning, noise
from generators.privacy.domain import OTHER_LABEL, PublicColumn
from generators.privacy.queries import Answer

ROWS = 2000
STREAM = np.random.default_rng(0)
DAYS = pd.to_datetime("2020-01-01") + pd.to_timedelta(STREAM.integers(0, 700, ROWS), "D")
TABLE = pd.DataFrame(
    {
        "age": STREAM.integers(18, 91, ROWS),
        "debt": np.round(STREAM.normal(-500, 40, ROWS), 2),
        "town": STREAM.choice(["Ulm", "Köln", "Bonn"], ROWS, p=[0.5, 0.49, 0.01]),
        "day": DAYS.strftime("%d.%m.%Y"),
        "moment": DAYS + pd.Timedelta("9h"),
        "ill": STREAM.random(ROWS) < 0.3,
    }
)
RARE = "Quixworth"


@dataclass(frozen=True)
class Counts:
    """Answers that say to have noise of a variance, and have none."""

    variance: float

    def table(self, what, counts, share):
        return Answer(counts.astype("float64"), self.variance)


def learnt(table, epsilon=4.0, columns=None):
    return learning.learn(table, Privacy(epsilon, 1e-5, columns or {}, domain="learn"))


def test_kinds_forms_bounds_and_categories_are_learnt_and_charged():
    found = learnt(TABLE)
    age, debt, town, day, moment, ill = (found.columns[name] for name in TABLE)
    assert (age["kind"], age["decimals"], age["bounds"]) == ("numerical", 0, [16, 127])
    assert debt["decimals"] == 2 and debt["bounds"] == [-655.35, -327.68]
    assert set(town["categories"]) == {"Ulm", "Köln"} and ill["kind"] == "boolean"
    assert day["format"] == "%d.%m.%Y" and moment["format"] == "%Y-%m-%d %H:%M:%S"
    assert all(pd.to_datetime(entry["bounds"][0], format=entry["format"]) < DAYS.min() for entry in (day, moment))
    what = [event.what for event in found.events]
    assert 1 + 6 + 4 + 2 <= len(what) <= 1 + 6 + 4 + 3 and what[1] == "forms of the values of column 'age'"
    for events in (found.events, learnt(TABLE[["age", "ill"]]).events):  # the same part of delta, whatever was asked
        assert sum(event.delta for event in events) == pytest.approx(1e-5 * learning.DELTA_SHARE)


def test_bounds_hold_few_rows_near_many_and_begin_at_zero():
    gains = pd.DataFrame({"gain": np.repeat([40, 300, 9_999], [1_000, 900, 100])})
    assert learnt(gains).columns["gain"]["bounds"] == [0, 16_383]


def test_noise_alone_is_seldom_taken_for_rows_however_many_powers_of_two_are_looked_at():
    rows, stream = np.zeros(2 * grid.MOST_POWER + 1), np.random.default_rng(0)
    rows[60:65] = 200.0  # standard deviations of the noise
    wider = sum(len(learning._held(rows + stream.standard_normal(len(rows)))) > 5 for _ in range(10_000))
    assert wider <= stats.binom.isf(1e-4, 10_000, learning.NEAR_CHANCE + learning.EMPTY_CHANCE)
    alone = rows * 0
    alone[np.arange(0, len(rows), 2 * learning.NEAR_POWERS)] = 5.3  # by chance once in 160,000 columns of 107 powers
    assert not len(learning._held(alone))
    thin = rows * 0
    thin[grid.MOST_POWER], thin[60:68] = 200.0, 3.4  # most rows at 0, the others spread over eight powers
    assert {*learning._held(thin)} <= {grid.MOST_POWER, *range(60, 68)} and learning._held(thin)[-1] >= 60


COUNTRIES = ["Peru", "Puerto-Rico", "Japan", "Cuba", "El-Salvador", "Haiti", "Laos", "Italy"]
PEOPLE = pd.DataFrame(
    {"country": ["United-States"] * 2400 + ["Mexico"] * 300 + COUNTRIES * 50 + [f"{RARE} {k}" for k in range(60)]}
)


def test_a_column_that_follows_a_code_list_takes_the_rest_of_it_and_draws_what_rows_have():
    found = learnt(PEOPLE, epsilon=3.0)
    entry = found.columns["country"]
    assert {*COUNTRIES, "United-States", "Mexico", "Sri-Lanka"} <= set(entry["categories"])
    assert len(entry["rows"]) < 12 < len(entry["categories"]) and not any(RARE in one for one in entry["categories"])
    drawn = generators.fit(PEOPLE, "tabular.marginals", privacy=found).sample(5000)["country"].value_counts()
    assert drawn.reindex(COUNTRIES).min() > 20 and drawn[~drawn.index.isin(PEOPLE["country"])].sum() < 300


@pytest.mark.parametrize(
    ("known", "one", "size"),
    [
        (["NY", "CA"], "WA", 52),
        (["united_states", "france", "elsewhere"], "new_zealand", 225),
        (["MONDAY"], "SUNDAY", 7),
        (["jan", "feb"], "dec", 12),
        (["EUR"], "USD", 153),
        (["red", "green", "May"], None, 0),
        ([], None, 0),
    ],
)
def test_code_lists_are_known_however_they_are_written(known, one, size):
    found = matching.of_labels(known)
    assert len(found) == size and (one is None or one in found)


def test_rows_that_labels_have_told_before_are_scaled_to_a_part_of_them():
    one = histograms.Histogram(None, np.array([52.0, 31.0, 9.0, 4.0]), np.full(4, 100.0))
    column = PublicColumn("x", "categorical", categories=("a", "b", "c"), rows=(100, 60), noise=4.0)
    (merged,) = told.with_told([one], [column])
    assert np.allclose(merged.counts, [51.9, 31.1, 9, 4], atol=0.1) and (merged.variance[:2] < 25).all()
    assert told.with_told([one], [replace(column, rows=())])[0].counts.tolist() == one.counts.tolist()


@pytest.mark.parametrize(
    ("low", "high", "counts", "found"),
    [
        ([0, 1, 2, 3], [0, 1, 2, 3], [120, 80, 90, 110], [100, 100, 90, 110]),
        ([0, 1], [0, 3], [130, 290], [100, 300]),  # a cell that crosses 2 joins the powers on both sides of it
    ],
)
def test_rows_between_powers_of_two_correct_the_cells_that_lie_between_them(low, high, counts, found):
    column = PublicColumn.read("x", {"kind": "numerical", "bounds": [0, 3], "decimals": 0, "missing": False})
    column = replace(column, rows=(100, 100, 200), noise=1e-6)
    cells = Cells(column.column, 1.0, low, high, list(range(len(low))), False)
    one = histograms.Histogram(cells, np.array(counts, dtype="float64"), np.full(len(counts), 900.0))
    (merged,) = told.with_told([one], [column])
    assert np.allclose(merged.counts, found) and merged.variance.max() < 1


def test_powers_of_two_beyond_learnt_bounds_that_are_empty_correct_nothing():
    told_rows = (5, 5, 5, 200, 5, 5, 60, 5)  # of 0, 1, 2 to 3, 4 to 7, ..., 64 to 127
    known = {"kind": "numerical", "bounds": [4, 7], "decimals": 0, "missing": False}
    column = replace(PublicColumn.read("x", known), learnt=("bounds",), rows=told_rows, noise=1e-6)
    cells = Cells(column.column, 1.0, [4, 6, 32], [5, 7, 63], [0, 1, 2], False)
    one = histograms.Histogram(cells, np.array([130.0, 90.0, 40.0]), np.full(3, 900.0))
    counts = told.with_told([one], [column])[0].counts
    assert np.allclose(counts / counts.sum(), [130 / 220 * 200 / 260, 90 / 220 * 200 / 260, 60 / 260], atol=0.01)


@pytest.mark.parametrize(
    ("bounds", "widest"),
    [
        ([0, 1023], (0, 16_383)),
        ([16, 31], (1, 511)),
        ([4, 7], (0, 127)),
        ([-7, 3], (-127, 63)),
        ([-255, -128], (-4095, -8)),
        ([0, 2**53 - 1], (0, 2**53 - 1)),
    ],
)
def test_a_histogram_tells_which_powers_of_two_beyond_learnt_bounds_hold_rows(bounds, widest):
    """Those that noise may have made hold none; stated bounds hold all rows."""
    stated = PublicColumn.read("x", {"kind": "numerical", "bounds": bounds, "decimals": 0})
    column = replace(stated, learnt=("bounds",))
    assert column.widest == widest and stated.widest == tuple(bounds)
    values = column.conformed(pd.Series([*bounds * 300, *widest * 50, 2**60, -(2**60)]))
    assert (values.min(), values.max()) == widest
    for variance, ends in ((1.0, widest), (1000.0, tuple(bounds))):
        cells = histograms.learn(values, column, Counts(variance), 0.5).column
        assert (cells.low[0], cells.high[-1]) == ends


def test_a_number_beyond_learnt_bounds_that_many_rows_have_stands_alone():
    known = {"kind": "numerical", "bounds": [0, 16_383], "decimals": 0}
    values = pd.Series([*range(0, 16_384, 16), *[99_999] * 160, 70_000])
    found = histograms.learn(values, replace(PublicColumn.read("x", known), learnt=("bounds",)), Counts(600.0), 0.5)
    assert found.counts[found.column.low.index(99_999)] == 160 and 99_999 in found.column.high


def test_noise_on_what_was_told_makes_no_rows_fewer():
    """Of labels of 100 rows each, all of which were told before and are here: the noise then was 100 or -100."""
    column = PublicColumn("x", "categorical", categories=tuple("abcd"), rows=(0, 200, 0, 200), noise=1e4)
    one = histograms.Histogram(None, np.full(4, 100.0), np.full(4, 1e6))
    assert 390 < told.with_told([one], [column])[0].counts.sum() < 410  # 200 by squares of which the noise is a part


def test_what_is_learnt_is_part_of_the_guarantee():
    model = generators.fit(TABLE, "tabular.marginals", privacy=Privacy(4.0, 1e-5, {"ill": "boolean"}, domain="learn"))
    assert 3.9 < model.ledger.epsilon <= 4.0 and model.ledger.public == ("ill",)
    assert "kind and decimals and bounds of age" in model.ledger.learnt and len(model.ledger.learnt) == 5
    drawn = model.sample(1000)
    assert set(drawn["town"]) <= {"Ulm", "Köln", OTHER_LABEL}
    assert drawn["age"].between(16, 127).all()  # once in a thousand fits a power of two without a row is told
    assert type(model.ledger).from_dict(model.ledger.to_dict()) == model.ledger


def test_what_is_stated_is_not_asked():
    stated = {"age": {"kind": "numerical", "bounds": [0, 120]}, "day": {"kind": "datetime", "format": "%d.%m.%Y"}}
    found = learnt(TABLE[["age", "day"]], columns=stated)
    assert found.columns["age"]["bounds"] == [0, 120] and found.columns["age"]["learnt"] == ["decimals"]
    assert [event.what.partition(" of ")[0] for event in found.events] == ["how many rows there are", "forms", "powers"]


@pytest.mark.parametrize(
    "value", [RARE, None, np.inf, "1e999999999", -(10**30), "31.12.9999", "$5.5", "1 234,5 €", "", True, 0.1234567]
)
def test_one_row_of_any_kind_changes_answers_alone(monkeypatch, value):
    """Record and replay: neighbouring tables are asked the same, in the same shapes, and the same follows."""
    table = TABLE.astype(object).assign(paid=[f"{x:,.1f} €" for x in TABLE["debt"]])
    row = pd.DataFrame({name: [value] for name in table}, dtype=object)
    tables = table, pd.concat([table, row], ignore_index=True)
    exact, told = noise.noisy, []

    def record(counts, variance):
        told.append(exact(counts, variance))
        return told[-1]

    monkeypatch.setattr(noise, "noisy", record)
    first, answers = learnt(tables[0]), iter(told)

    def replay(counts, variance):
        answer = next(answers)
        assert answer.shape == counts.shape and abs(answer - counts).max() < 12 * float(variance) ** 0.5
        return answer

    monkeypatch.setattr(noise, "noisy", replay)
    second = learnt(tables[1])
    assert second.columns == first.columns and second.events == first.events and next(answers, None) is None


def test_a_label_of_few_rows_never_appears():
    rare = pd.concat([TABLE[["town"]], pd.DataFrame({"town": [RARE] * 6})], ignore_index=True)
    for _ in range(20):
        assert RARE not in learnt(rare).columns["town"]["categories"]


@given(st.sampled_from([1.0, 3.7, 40.0]), st.sampled_from([1e-9, 1e-6, 1e-2]), st.integers(0, 9))
def test_a_threshold_is_passed_by_chance_with_a_probability_of_delta_at_most(sigma, delta, count):
    variance = noise.variance_of(sigma)
    y = np.arange(-2000, 2001)
    p = np.exp(-(y.astype(float) ** 2) / (2 * float(variance)))
    threshold = noise.threshold_for(count, variance, delta)
    passing, before = (p[count + y >= k].sum() / p.sum() for k in (threshold, threshold - 1))
    assert passing <= delta < before
    assert threshold <= count + 2 + stats.norm.isf(delta) * 1.05 * float(variance) ** 0.5


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ([f"id {k}" for k in range(ROWS)], r"labels of column 'x' that about \d+ rows share, found none"),
        ([None] * ROWS, r"the form \(noise of \d+ rows drowns it\) of column 'x' stated"),
        (list(range(30)), r"drowns it"),
        (
            [2.0**k for k in range(50)] * 9,
            r"(bounds|the form) \(noise of \d+ rows drowns (them|it)\) of column 'x' stated",
        ),
    ],
)
def test_what_cannot_be_learnt_is_refused_by_column(values, sentence):
    with pytest.raises(GeneratorError, match=sentence):
        learnt(pd.DataFrame({"x": values}), epsilon=0.7)


STYLES = ["$1,234.50", "€ 1.234,5", "1 234,50 €", "1234.5 %", "USD 1'234.50", "12,34,567.00", "3.5kg", "1,234"]


@pytest.mark.parametrize("style", STYLES)
def test_how_numbers_are_written_is_told_by_shapes_that_many_share(style):
    """Each number by itself, and what nobody else writes so is told of nobody."""
    form = number_format.infer([style])
    numbers = np.round(np.random.default_rng(1).gamma(2, 20_000, 400), 2 if form.places else 0)
    texts = [form.write(Decimal(repr(number))) for number in numbers.tolist()]
    counts = pd.Series([*map(forms.shape_of, texts)]).value_counts()
    example, decimals = forms.written_as(counts[counts >= 5].to_dict())
    column = PublicColumn.read("x", {"kind": "numerical", "bounds": [0, 1e6], "decimals": decimals, "format": example})
    assert len(counts) < 40 and column.read_numbers(pd.Series(texts)).tolist() == numbers.tolist()


@pytest.mark.parametrize("text", ["12 Smith", "1A", "10.12.2020", "192.168.0.1", "2,5,5", "ward 3", True, ""])
def test_what_is_no_number_of_money_or_of_a_public_unit_has_no_shape(text):
    assert forms.shape_of(text) == ""


def test_money_and_dates_that_are_texts_are_learnt_and_drawn_as_they_are_written():
    paid = pd.DataFrame({"paid": [f"{x:,.0f} €" for x in STREAM.gamma(2, 900, ROWS)]})
    found = learnt(paid.assign(day=DAYS.strftime("%m/%d/%Y"), at=DAYS.strftime("%d %b %Y %H:%M")))
    assert (found.columns["paid"]["format"], found.columns["paid"]["decimals"]) == ("1,234 €", 0)
    assert [found.columns[name]["format"] for name in ("day", "at")] == ["%m/%d/%Y", "%d %b %Y %H:%M"]
    assert found.public(["paid"])[0].learnt == ("kind", "format", "decimals", "bounds")
    assert sum(event.delta for event in found.events) <= 1e-5 * learning.DELTA_SHARE
    drawn = generators.fit(paid, "tabular.marginals", privacy=found).sample(200)
    assert drawn["paid"].str.fullmatch(r"\d{1,3}(,\d{3})* €").all()


def test_a_date_that_two_formats_read_is_to_be_stated():
    values = pd.DataFrame({"x": [f"0{k % 9 + 1}/05/2020" for k in range(ROWS)]})
    with pytest.raises(GeneratorError, match="the format of column 'x' stated"):
        learnt(values, columns={"x": "datetime"})


def test_numbers_that_are_written_in_several_ways_are_to_be_stated():
    values = pd.DataFrame({"x": [f"{'$€'[k % 2]}{k % 90}" for k in range(ROWS)]})
    with pytest.raises(GeneratorError, match=r"how its numbers are written \(format: as 1234\.5 is\) of column 'x'"):
        learnt(values)


def test_a_date_of_an_unknown_format_is_to_be_stated():
    values = pd.DataFrame({"x": DAYS.strftime("%m/%d/%y")})
    with pytest.raises(GeneratorError, match="the format of column 'x' stated"):
        learnt(values, columns={"x": "datetime"})
