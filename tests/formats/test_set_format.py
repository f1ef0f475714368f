"""Texts that list labels are learned label by label, in any separator, brackets and quotes; other lists are not."""

from collections import Counter

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from generators.data import parts
from generators.data.inference import infer
from generators.data.schema import Schema
from generators.formats import set_format
from generators.formats.set_format import SetFormat
from launderette.pipelines.stages import composites, values

LABELS = ("Excel", "SQL", "R & D", "Größe", "日本", "None of these")
names = st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=8)


def listed(form, rows=400, seed=0, shuffled=False):
    rng = np.random.default_rng(seed)
    chosen = rng.random((rows, len(form.labels))) < np.linspace(0.2, 0.6, len(form.labels))
    texts = []
    for row in chosen:
        own = rng.permutation(np.array(form.labels)[row]) if shuffled else np.array(form.labels)[row]
        texts.append(
            form.before + form.separator.join(f"{form.quote}{label}{form.quote}" for label in own) + form.behind
        )
    return pd.Series([text or None for text in texts], dtype="object"), chosen


FORMS = [
    SetFormat(LABELS, "; "),
    SetFormat(LABELS, "|"),
    SetFormat(LABELS, ", "),
    SetFormat(LABELS, ", ", "[", "]", "'"),
    SetFormat(LABELS, ",", "[", "]", '"'),
    SetFormat(LABELS, ",", "{", "}"),
    SetFormat(LABELS, "\n"),
]


@pytest.mark.parametrize("form", FORMS)
def test_sets_are_found_learned_by_label_and_written_back(form):
    column, chosen = listed(form)
    frame = pd.DataFrame({"tools": column, "age": np.arange(400) % 60})
    schema = infer(frame)
    assert schema.column("tools").format == form and Schema.from_dict(schema.to_dict()) == schema
    assert schema.flat.names == [*(f"tools [{label}]" for label in LABELS), "age"]
    flat = parts.split(frame, schema)
    assert (flat[schema.flat.names[:-1]].to_numpy(bool) == chosen).all()
    assert parts.joined(flat, schema)["tools"].equals(column)


@settings(max_examples=40, deadline=None, derandomize=True)
@given(st.lists(names, min_size=3, max_size=8, unique=True), st.sampled_from(FORMS), st.booleans(), st.integers(0, 9))
def test_whatever_is_found_reads_what_it_writes(labels, form, shuffled, seed):
    form = SetFormat(tuple(labels), form.separator, form.before, form.behind, form.quote)
    texts = Counter(listed(form, 300, seed, shuffled)[0].dropna())
    found = set_format.infer(texts, stated=True)
    if found is not None:
        assert all(found.split(found.join(found.split(text))) == found.split(text) for text in texts)
        assert set(found.labels) == set(labels)


def test_other_texts_are_no_sets():
    rng = np.random.default_rng(1)
    places = [f"{town}, {country}" for town in "ABCDEFGH" for country in ("Italy", "France", "Spain")]
    people = [f"{last}, {first}" for last in ("Rossi", "Meyer", "Silva", "Costa") for first in "ABCDEFGH"]
    words = [f"word{k}" for k in range(90)]
    notes = [", ".join(rng.choice(words, rng.integers(2, 5))) + f" {k}" for k in range(60)]
    for texts in (places, people, notes, ["a;b", "a", "b"]):
        assert set_format.infer(Counter(texts * 20)) is None


def test_labels_of_few_rows_are_in_no_schema_and_this_is_said():
    form = SetFormat(LABELS, "; ")
    column, _ = listed(form)
    column[column.notna() & (np.arange(400) < 8)] += "; rare disease"
    frame = pd.DataFrame({"tools": column, "person": np.arange(400) // 4})
    schema = infer(frame)
    assert "rare disease" in schema.column("tools").format.labels
    kept = composites.without_rare(frame, schema, rare=10, entity=None)
    assert kept.column("tools").format == form and "rare" not in str(kept)
    (said,) = values.read(frame, kept)[1]
    assert f"{int((column[:8].notna()).sum())} values of column 'tools' have labels that few rows share" in said
    assert composites.without_rare(frame, schema, rare=101, entity="person").column("tools").kind == "categorical"
