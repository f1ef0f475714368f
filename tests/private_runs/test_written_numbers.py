"""Numbers that are texts, under a privacy budget: how they are written is stated, and kept to."""

from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import generators
from generators import GeneratorError, Privacy
from generators.formats import number_format
from generators.privacy import learning
from pipelines import config
from pipelines.cli import main
from pipelines.privacy import public

EXAMPLES = ["€1,234.50", "1.234,5 %", "1\u202f234,5", "1234,5", "(1,234.50)", "1,234 kg", "CHF 1'234.50", "1234.5"]
AMOUNTS = [Decimal(int(n)) / 100 for n in np.random.default_rng(0).integers(-99_999, 999_999, 600)]


def table(example):
    form = number_format.stated(example)
    texts = [form.write(amount) for amount in AMOUNTS]
    return form, pd.DataFrame({"x": texts, "y": np.arange(len(texts)) % 2 == 0})


@pytest.mark.parametrize("example", EXAMPLES)
def test_numbers_are_read_and_written_as_stated(example):
    form, frame = table(example)
    columns = {"x": {"kind": "numerical", "bounds": [-500, 9999], "decimals": 2, "format": example}, "y": "boolean"}
    privacy = Privacy(8.0, 1e-5, columns)
    kept, _ = privacy.conform(frame)
    inside = np.array([amount >= -500 for amount in AMOUNTS])
    assert kept["x"][inside].equals(frame["x"][inside]) and set(kept["x"][~inside]) == {form.write(Decimal(-500))}
    drawn = generators.fit(frame, "tabular.marginals", privacy=privacy).sample(500, where={"x": ">= 0"})["x"].dropna()
    read = [form.parse(text) for text in drawn]
    assert None not in read and min(read) >= 0 and max(read) <= 9999 and [form.write(n) for n in read] == list(drawn)
    assert type(privacy.public(["x"])[0]).read("x", privacy.public(["x"])[0].entry).written == form


def test_of_numbers_whose_format_is_stated_the_rest_is_learnt():
    _, frame = table("€1,234.50")
    asked = Privacy(8.0, 1e-5, {"x": {"kind": "numerical", "format": "€1,234.50"}}, domain="learn")
    entry = learning.learn(frame, asked).columns["x"]
    assert (entry["decimals"], entry["bounds"][1], entry["format"]) == (2, 10485.75, "€1,234.50")


@pytest.mark.parametrize(
    ("entry", "sentence"),
    [
        ({"kind": "numerical", "bounds": [0, 1], "decimals": 1, "format": "12.50"}, "how it writes 1234.5, or 1234"),
        ({"kind": "numerical", "bounds": [0, 1], "decimals": 1, "format": "1.234"}, "found '1.234'"),
        (
            {"kind": "categorical", "categories": ["a"], "format": "1234.5"},
            "no format of column 'x', which is categori",
        ),
        ({"kind": "boolean", "bounds": [0, 1]}, "no bounds of column 'x', which is boolean"),
        ({"kind": "datetime", "format": "%Y", "bounds": ["2000", "2001"], "decimals": 1}, "no decimals of column 'x'"),
    ],
)
def test_what_a_column_of_its_kind_has_not_is_one_sentence(entry, sentence):
    with pytest.raises(GeneratorError, match=sentence):
        Privacy(1.0, 1e-5, {"x": entry}).public(["x"])


def test_a_first_configuration_states_formats_as_the_rows_look(tmp_path, monkeypatch):
    """Filled in with bounds and categories, it reads every value."""
    monkeypatch.chdir(tmp_path)
    _, frame = table("€1,234.50")
    frame = frame.rename(columns={"x": "größe: x"}).assign(day="31.12.2020", of=["a", "b"] * 300)
    frame.to_csv("t.csv", index=False)
    assert main(["init", "t.csv", "--epsilon", "3"]) == 0
    written = Path("launder.yaml").read_text()
    assert 'format: "€1,234.50"' in written and 'format: "%d.%m.%Y"' in written
    filled = {"decimals: 2, ": "decimals: 2, bounds: [-1000, 10000], ", '"%d.%m.%Y", ': '"%d.%m.%Y", bounds: [b, b], '}
    for old, new in filled.items():
        written = written.replace("bounds: [], " + old, new).replace(old + "bounds: []", new.strip(", "))
    written = written.replace("[b, b]", '["01.01.2020", "31.12.2021"]').replace("categories: []", "categories: [a, b]")
    Path("launder.yaml").write_text(written)
    kept, _, notes = public.read(config.load("launder.yaml"))
    assert not notes and kept["größe: x"].equals(frame["größe: x"])
