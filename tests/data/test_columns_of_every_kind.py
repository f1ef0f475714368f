"""Columns of every kind are read from a file, fitted, sampled and written back in the form and type they had, with
their share of missing values and without a real identifier: whatever their format, locale, words and noise.
"""

import datetime as dt
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from uuid import UUID

import numpy as np
import pandas as pd
import pyarrow as pa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from generators import Budget, fit
from generators.formats.date_format import MONTHS, write
from generators.formats.date_inference import DateFormat
from generators.formats.number_format import SEPARATORS, NumberFormat
from generators.identifiers.check_digits import corrected, is_valid
from pipelines.config import load
from pipelines.sinks import tables
from pipelines.stages import ingestion
from tests.formats.test_date_format import FORMS

ROWS = 240
WORDS = ["unknown", "k.A.", "-", ".", "None", "N/A", "keine Angabe", "0000-00-00"]
UNITS = [("$", ""), ("", " €"), ("CHF ", ""), ("", "%"), ("", " %"), ("", " kg"), ("", "")]
DAYS = FORMS.replace("\n", "|").split("|")


@dataclass
class Made:
    """Values of a column, what tells whether a value is written in their form, and whether they name somebody."""

    name: str
    values: list[object]
    alike: Callable[[object], bool]
    identifying: bool = False
    parquet: pa.DataType | None = None  # of a column that text cannot hold


def moments(rng: np.random.Generator) -> list[dt.datetime]:
    return [dt.datetime(1990, 1, 1) + dt.timedelta(seconds=int(s)) for s in rng.integers(0, 10**9, ROWS)]


@st.composite
def numbers(draw: st.DrawFn) -> Made:
    (prefix, suffix), marks = draw(st.sampled_from(UNITS)), draw(st.sampled_from(SEPARATORS))
    minus = draw(st.sampled_from(["-", "\u2212", "()"]))
    form = NumberFormat(prefix, suffix, *marks, draw(st.integers(1, 3)), False, minus, draw(st.booleans()))
    rng = np.random.default_rng(draw(st.integers(0, 9)))
    texts = [form.write(Decimal(int(x)).scaleb(-form.places)) for x in rng.normal(0, 10**6, ROWS)]
    return Made("amount", texts, lambda text: form.parse(text) is not None and form.write(form.parse(text)) == text)


@st.composite
def dates(draw: st.DrawFn) -> Made:
    form, language = draw(st.sampled_from(DAYS)), ""
    if "%B" in form or "%b" in form:
        language = draw(st.sampled_from(["", *MONTHS])) if "%a" not in form and "%A" not in form else ""
    offset = draw(st.sampled_from(["+00:00", "+01:00", "-03:00"])) if "z" in form else ""
    rng = np.random.default_rng(draw(st.integers(0, 9)))
    texts = [write(moment, form, offset, language) for moment in moments(rng)]
    return Made("moment", texts, DateFormat(form, offset, language).same)


@st.composite
def identifiers(draw: st.DrawFn) -> Made:
    rng = np.random.default_rng(draw(st.integers(0, 9)))
    shape = draw(st.sampled_from(["number", "card", "mail", "uuid", "code"]))
    raw = [int(x) for x in rng.permutation(900_000)[:ROWS] + 100_000]
    texts = {
        "number": [str(x) for x in raw],
        "card": [corrected(f"4{x}{x:09d}"[:15] + "0", "luhn") or "4111111111111111" for x in raw],
        "mail": [f"u{x}@mail.org" for x in raw],
        "uuid": [str(UUID(bytes=rng.bytes(16), version=4)) for _ in raw],
        "code": [f"KD-{x}" for x in raw],
    }[shape]
    rows = draw(st.sampled_from([1, 1, 6]))
    alike = {
        "number": lambda text: str(text).isdigit() and len(str(text)) == 6,
        "card": lambda text: is_valid(str(text), "luhn"),
        "mail": lambda text: text.endswith("@mail.org"),
        "uuid": lambda text: str(UUID(text)) == text,
        "code": lambda text: text.startswith("KD-") and len(text) == 9,
    }[shape]
    return Made("customer_id", [texts[k // rows] for k in range(ROWS)], alike, identifying=True)


@st.composite
def labels(draw: st.DrawFn) -> Made:
    words = draw(st.sampled_from([["ja", "nein"], ["Köln", "東京", "Århus"], ["01", "02", "03"], ["18-25", "26-40"]]))
    rng = np.random.default_rng(draw(st.integers(0, 9)))
    return Made("label", rng.choice(words, ROWS).tolist(), {*words, "(other)"}.__contains__)


TYPES: dict[pa.DataType, Callable[[dt.datetime, int], object]] = {
    pa.decimal128(9, 2): lambda moment, k: Decimal(k * 7) / 4,
    pa.time32("ms"): lambda moment, k: moment.time().replace(microsecond=0),
    pa.date32(): lambda moment, k: moment.date(),
    pa.duration("s"): lambda moment, k: dt.timedelta(seconds=k),
    pa.timestamp("ms", tz="Europe/Rome"): lambda moment, k: moment.replace(tzinfo=dt.UTC),
    pa.int16(): lambda moment, k: k,
    pa.float32(): lambda moment, k: k / 8,
    pa.bool_(): lambda moment, k: k % 3 == 0,
}


@st.composite
def typed(draw: st.DrawFn) -> Made:
    kind = draw(st.sampled_from([*TYPES]))
    days = moments(np.random.default_rng(draw(st.integers(0, 9))))
    return Made("typed", [TYPES[kind](day, k) for k, day in enumerate(days)], lambda value: True, parquet=kind)


@st.composite
def columns(draw: st.DrawFn, kinds: list[st.SearchStrategy[Made]]) -> tuple[Made, str | None, np.ndarray, int]:
    """Draw a column, the word for its missing values (None for none), which are missing, and how many are noise."""
    made = draw(st.one_of(kinds))
    word = draw(st.sampled_from([None, *WORDS])) if made.name in ("amount", "moment") else None
    share, seed = draw(st.sampled_from([0.0, 0.2, 0.4])), draw(st.integers(0, 99))
    missing = np.random.default_rng(seed).random(ROWS) < share
    noise = draw(st.integers(0, 3)) if made.name in ("amount", "moment") else 0
    return made, word, missing, noise


def laundered(given: list, folder: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Write the columns, read, fit, sample and write again; return both files as read by pandas, texts as they are."""
    frame = pd.DataFrame({"group": np.arange(ROWS) % 7})
    for k, (made, word, missing, noise) in enumerate(given):
        values = [word if gone else value for value, gone in zip(made.values, missing, strict=True)]
        values[:noise] = [f"odd{n}" for n in range(noise)]
        frame[f"{made.name}_{k}"] = pd.Series(values, dtype=pd.ArrowDtype(made.parquet) if made.parquet else object)
    suffix = ".parquet" if any(made.parquet for made, *_ in given) else ".csv"
    paths = [folder / f"{name}{suffix}" for name in ("real", "drawn")]
    frame.to_csv(paths[0], index=False) if suffix == ".csv" else frame.to_parquet(paths[0])
    read, schema = ingestion.ingest(load(str(paths[0]), ["split.entity=none"]))
    with warnings.catch_warnings(action="ignore"):
        model = fit(read, "tabular.autoregressive", schema=schema, budget=Budget(steps=2), seed=1, width=16)
    tables.write(model.sample(400, seed=2), paths[1])
    back = [pd.read_csv(p, dtype=str, keep_default_na=False, na_values=[""]) if suffix == ".csv" else
            pd.read_parquet(p, dtype_backend="pyarrow") for p in paths]  # fmt: skip
    return back[0], back[1]


TEXT = [numbers(), dates(), identifiers(), labels()]
tables_of_text = st.lists(columns(TEXT), min_size=5, max_size=5)
tables_of_types = st.lists(columns([*TEXT, typed()]), min_size=5, max_size=5)


@settings(max_examples=10, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.one_of(tables_of_text, tables_of_types))
def test_every_kind_comes_back_as_it_was(tmp_path, given):
    real, drawn = laundered(given, tmp_path)
    assert drawn.dtypes.astype(str).tolist() == real.dtypes.astype(str).tolist()
    for (made, word, missing, noise), name in zip(given, real.columns[1:], strict=True):
        gone = drawn[name].isna() if word is None else drawn[name].eq(word).fillna(False) | drawn[name].isna()
        assert abs(gone.mean() - (missing.mean() + noise / ROWS)) < 0.1, name
        present = drawn[name][~gone]
        assert all(map(made.alike, present)), (name, [value for value in present if not made.alike(value)][:3])
        assert not (made.identifying and {*map(str, present)} & {*map(str, real[name].dropna())}), name
        assert not present.astype(str).str.contains("odd").any()
