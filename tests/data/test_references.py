"""Columns that name other rows, such as a manager's number."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import generators
from generators import Budget
from generators.data.inference import infer
from generators.identifiers import references
from launderette.pipelines import config
from launderette.pipelines.modalities import tabular
from launderette.pipelines.stages import ingestion

ROWS = 120


def staff(form="E{0}", rows=ROWS):
    """Return employees, each but the first with a manager from those before."""
    rng = np.random.default_rng(0)
    own = [form.format(10_000 + 7 * k) for k in range(rows)]
    chiefs = [None, *(own[int(rng.integers(0, max(1, k // 8)))] for k in range(1, rows))]
    return pd.DataFrame({"number": own, "chief": chiefs, "grade": rng.choice(["a", "b", "c"], rows)})


@pytest.mark.parametrize(
    ("form", "types"),
    [
        *(("E{0}", (kind, kind)) for kind in ("object", "category", "string")),
        *(("{0}", ("int64", kind)) for kind in ("Int64", "float64")),
    ],
)
def test_a_column_of_other_rows_numbers_refers_to_made_up_ones(form, types):
    frame = staff(form)
    if form == "{0}":
        frame = frame.astype({"number": "int64", "chief": "float64"})
    frame = frame.astype(dict(zip(["number", "chief"], types, strict=True)))
    schema = infer(frame, {"chief": "identifier"} if form == "{0}" else {})
    assert schema.column("chief").refers == "number" and not schema.column("chief").repeats
    model = generators.fit(frame, "tabular.marginals", schema=schema, budget=Budget(steps=1))
    made = model.sample(90, seed=1)
    assert made.dtypes.astype(str).tolist()[:2] == list(types)
    assert not set(made["chief"].dropna()) & set(frame["number"])
    assert made["chief"].dropna().isin(made["number"]).all()
    rows, fewer = (chiefs_rows(drawn) for drawn in (made, model.sample(30, seed=1)))
    assert (rows < made.index)[rows.notna() & (made.index > 0)].all() and 1 < rows.nunique() < 40
    pd.testing.assert_series_equal(fewer, rows.head(30))


def chiefs_rows(frame):
    """Return the row of each one's manager."""
    rows = dict(zip(frame["number"], range(len(frame)), strict=True))
    return frame["chief"].astype("object").map(rows).astype("float64")


def test_what_repeats_a_column_or_hardly_names_it_does_not_refer_to_it():
    frame = staff()
    frame = frame.assign(copy=frame["number"], some=np.where(np.arange(ROWS) % 5, frame["chief"], frame["grade"]))
    kinds = {name: column.refers for name, column in ((n, infer(frame).column(n)) for n in ("number", "copy"))}
    assert kinds == {"number": "", "copy": ""} and infer(frame).column("some").kind == "categorical"
    assert infer(frame, {"chief": "categorical"}).column("chief").kind == "categorical"


@given(st.lists(st.integers(-1, 9), max_size=40), st.integers(0, 5))
@settings(max_examples=30, deadline=None)
def test_an_entity_is_drawn_as_one_earlier_row(codes, seed):
    named = pd.Series([f"n{k}" for k in range(len(codes))], dtype="object")
    codes = pd.factorize(pd.Series(codes, dtype="Int64").mask(lambda own: own < 0))[0]
    made = references.drawn(codes, named, np.random.default_rng(seed))
    for code in set(codes) - {-1}:
        at = np.flatnonzero(codes == code)
        (value,) = set(made.iloc[at])
        assert int(value[1:]) < max(1, at[0])
    assert made[codes < 0].isna().all()


def test_a_run_tells_references_and_renames_them_with_what_they_refer_to(tmp_path):
    frame = staff("anna.{0}@firma.de").rename(columns={"number": "e-mail"})
    frame.to_csv(tmp_path / "staff.csv", index=False)
    asked = config.validate({"source": str(tmp_path / "staff.csv")})
    read, schema = ingestion.ingest(asked, tmp_path)
    assert schema.column("chief").refers == "e-mail" and schema.column("e-mail").personal == "email"
    made = tabular.sample(generators.fit(read, "tabular.marginals", schema=schema, budget=Budget(steps=1)), asked, read)
    assert made["chief"].dropna().isin(made["e-mail"]).all()
    assert not {*made["chief"].dropna(), *made["e-mail"]} & set(frame["e-mail"])


def test_what_refers_is_renamed_in_its_own_type():
    before = staff().astype({"number": "category", "chief": "category"})
    after = before.assign(number=["N" + text for text in before["number"]])
    made = references.followed(before, after, infer(before))["chief"]
    assert made.dtype == "category" and made.dropna().tolist() == ["N" + text for text in before["chief"].dropna()]
