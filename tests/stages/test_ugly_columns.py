"""docs/ugly_columns.md shows what the program makes and says of a table of ugly columns."""

from pathlib import Path

import pandas as pd
import pytest

from benchmarks import ugly_columns
from generators.formats.date_inference import DateFormat
from generators.identifiers.check_digits import is_valid

PAGE = Path(__file__).resolve().parents[2] / "docs" / "ugly_columns.md"


@pytest.fixture(scope="module")
def looked(tmp_path_factory):
    path = tmp_path_factory.mktemp("ugly") / "ugly.csv"
    ugly_columns.table().to_csv(path, index=False)
    return (*ugly_columns.look(path), pd.read_csv(path, dtype=str))


def test_the_page_is_what_the_program_says(looked):
    assert PAGE.read_text(encoding="utf-8").startswith(ugly_columns.page(*looked))


def test_every_column_comes_back_in_its_form_and_no_identifier_is_real(looked):
    schema, back, _, real = looked
    for column in schema.columns:
        made = back[column.name].dropna()
        if column.kind == "datetime":
            known = DateFormat(column.format, column.offset, column.language)
            assert all(known.same(str(value)) for value in made), column.name
        elif column.kind == "numerical" and column.format:
            numbers = [text for text in made if column.format.parse(text) is not None]
            assert all(column.format.write(column.format.parse(text)) == text for text in numbers), column.name
            assert len(numbers) > 400 and {*made} - {*numbers} <= {"k.A."}, column.name
        elif column.kind == "identifier":
            fresh = {str(value) for value in made}
            assert not fresh & {text.removesuffix(".0") for text in real[column.name].dropna()}, column.name
    assert back["iban"].map(lambda text: is_valid(text, "iban")).all()


def test_everything_lost_or_made_up_anew_is_said(looked):
    schema, back, notes, real = looked
    said = " ".join(notes)
    lost = [name for name in real if back[name].isna().all() and not real[name].isna().all()]
    anew = [column.name for column in schema.columns if column.kind == "identifier"]
    other = [name for name in back if back[name].eq("(other)").any() and not real[name].eq("(other)").any()]
    assert lost == ["dose"] and anew == ["customer_no", "email", "session", "iban"] and other == ["town"]
    assert not [name for name in (*lost, *anew, *other, "day", "blood_value") if f"{name!r}" not in said]
