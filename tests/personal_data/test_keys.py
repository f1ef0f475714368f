"""Pseudonyms: same key same name, other key another, never a real one; keys that are missing or can be guessed."""

import os
import stat

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from launderette.pipelines import config
from launderette.pipelines.personal_data import keys
from launderette.pipelines.personal_data.column_names import plain
from launderette.pipelines.run import caching, steps
from launderette.pipelines.run.artifacts import LaunderError
from launderette.pipelines.stages import announcing, ingestion, splitting

ONE, OTHER = b"one key of some length", b"another key of that length"
DOCTORS = ["Ada Reyes", "Bo Lund", "Cy Vance", "Dee Okafor"]
names = st.lists(st.from_regex(r"[A-Z][a-z]{2,6} [A-Z][a-z]{2,8}", fullmatch=True), min_size=1, max_size=6)


@given(names, st.sampled_from(["name", "first_name", "last_name", "email"]))
@settings(max_examples=15, deadline=None)
def test_one_key_gives_one_person_one_name_that_is_nobodys(people, kind):
    values = pd.Series([*people, None, *people])
    found = keys.pseudonyms(values, kind, ONE, None)
    assert found.isna().tolist() == values.isna().tolist()
    pairs = {(" ".join(plain(a).split()), b) for a, b in zip(people, found, strict=False)}
    assert len(pairs) == len({a for a, _ in pairs}) == len({b for _, b in pairs})
    assert not {plain(text) for text in found.dropna()} & {plain(text) for text in people}
    pd.testing.assert_series_equal(keys.pseudonyms(values, kind, ONE, None), found)
    assert keys.pseudonyms(values, kind, OTHER, None).tolist() != found.tolist()


def test_a_person_has_one_name_in_other_tables_and_other_spellings():
    here = keys.pseudonyms(pd.Series(DOCTORS), "name", ONE, None)
    there = keys.pseudonyms(pd.Series(["ADA  REYES", "Zoë Quist", "bo lund"]), "name", ONE, None)
    assert (there[0], there[2]) == (here[0], here[1])


codes = st.one_of(
    st.lists(st.from_regex(r"[A-Z]{2}-[0-9]{2,4}", fullmatch=True), min_size=1, max_size=60, unique=True),
    st.lists(st.integers(1, 120), min_size=1, max_size=60, unique=True),
    st.integers(2, 60).map(lambda n: list(range(1, n + 1))),  # that count up
)


@given(codes)
@settings(max_examples=25, deadline=None)
def test_a_code_has_one_pseudonym_that_is_nobodys_and_the_same_in_each_column(known):
    here, there = pd.Series([*known, *known]), pd.Series([*known[::2], known[0]])
    found = keys.codes({"doctor": here, "referred_by": there}, ONE, {"X-1"})
    assert [found[name].dtype for name in found] == [here.dtype, there.dtype]
    made = dict(zip(known, found["doctor"], strict=False))
    assert len(set(made.values())) == len(known) and not set(made.values()) & {*known, "X-1"}
    assert found["doctor"].tolist() == [made[code] for code in here]
    assert found["referred_by"].tolist() == [made[code] for code in there]
    others = keys.codes({"doctor": here}, OTHER)["doctor"]
    assert len(known) < 10 or others.tolist() != found["doctor"].tolist()


def coded(tmp_path, names, *settings):
    frame = pd.DataFrame({name: [f"D-{1000 + 7 * (n % 6)}" for n in range(600)] for name in names.split()})
    frame.assign(pay=range(600)).to_csv(tmp_path / "t.csv", index=False)
    return ingestion.ingest(config.load(tmp_path / "t.csv", list(settings)), tmp_path / "work")


def test_codes_of_people_with_many_rows_are_learned_under_pseudonyms(tmp_path):
    frame, schema = coded(tmp_path, "doctor_id referring_doctor_id product_id")
    real = {f"D-{1000 + 7 * n}" for n in range(6)}
    assert schema.kinds()["doctor_id"] == "categorical" and frame["doctor_id"].nunique() == 6
    assert not set(frame["doctor_id"]) & real and set(frame["product_id"]) == real
    assert frame["referring_doctor_id"].equals(frame["doctor_id"].rename("referring_doctor_id"))
    found = frame.attrs[ingestion.PERSONAL]
    said = announcing.of_schema(config.load(tmp_path / "t.csv", []), schema, frame, found)
    assert sum("'doctor_id'" in note for note in said) == 1
    for setting in ("personal.pseudonyms=false", "personal.detect=false", "columns.doctor_id=categorical"):
        assert set(coded(tmp_path, "doctor_id", setting)[0]["doctor_id"]) == real, setting
    asked = coded(tmp_path, "doctor_id", "columns.doctor_id={kind: identifier, learn: true}")[0]["doctor_id"]
    assert asked.tolist() == frame["doctor_id"].tolist()  # by the same key


def test_codes_of_those_who_serve_others_are_labels_and_name_no_entity(tmp_path):
    rng, rows = np.random.default_rng(0), 600
    codes = pd.Series(rng.integers(0, 24, rows)).map("SB4{:03d}".format)
    claims = pd.DataFrame({"claim_no": [f"V-{n:07d}" for n in 99 * rng.permutation(rows)], "adjuster_id": codes})
    (tmp_path / "work").mkdir()
    for frame, kind, entity in (
        (claims, "categorical", None),
        (claims.rename(columns={"adjuster_id": "patient_id"}), "identifier", "patient_id"),
        (claims.assign(claim_no=1), "identifier", "adjuster_id"),  # of nobody else
    ):
        frame.assign(pay=rng.normal(size=rows)).to_csv(tmp_path / "t.csv", index=False)
        asked = config.load(tmp_path / "t.csv", [])
        _, schema = ingestion.ingest(asked, tmp_path / "work")
        assert schema.column(frame.columns[1]).kind == kind and splitting.entity_of(asked, schema) == entity


def test_names_that_come_again_are_of_several_people_where_these_have_numbers(tmp_path):
    first, last = ["Søren", "José", "Jürgen", "Noël", "Björn"], ["Müller", "Nowak", "Kovács", "Lefèvre", "García"]
    frame = pd.DataFrame({"name": [f"{one} {other}" for one in first for other in last] * 6, "pay": range(150)})
    for numbers, expected in ((np.random.default_rng(0).permutation(9000)[:150], None), ([7] * 150, "name")):
        frame.assign(staff_no=[f"{n:08d}" for n in numbers]).to_csv(tmp_path / "t.csv", index=False)
        asked = config.load(tmp_path / "t.csv", [])
        assert splitting.entity_of(asked, ingestion.ingest(asked, tmp_path / "work")[1]) == expected


def test_a_key_comes_from_the_environment_and_is_long_enough(monkeypatch):
    monkeypatch.delenv("LAUNDER_KEY", raising=False)
    with pytest.raises(LaunderError, match=r"environment variable LAUNDER_KEY, which personal.key names, found none"):
        keys.stated("env:LAUNDER_KEY")
    monkeypatch.setenv("LAUNDER_KEY", "ab")
    with pytest.raises(LaunderError, match=r"expected a key of at least 16 characters .* found 2; set it") as caught:
        config.settled(config.validate({"source": "x.csv", "personal": {"key": "env:LAUNDER_KEY"}}))
    assert "ab" not in str(caught.value).split() and "\n" not in str(caught.value)
    with pytest.raises(
        LaunderError, match=r"expected env:NAME or prefect-secret:NAME, which hold the key, at personal\.key"
    ):
        config.validate({"source": "x.csv", "personal": {"key": "a secret in the open"}})


def test_a_key_that_is_made_is_kept_for_its_owner_alone(tmp_path):
    asked = config.validate({"source": "x.csv"})
    made = keys.of(asked, tmp_path / "work")
    assert keys.of(asked, tmp_path / "work") == made != keys.of(asked, tmp_path / "other")
    assert stat.S_IMODE(os.stat(tmp_path / "work" / keys.KEY_FILE).st_mode) == 0o600
    (tmp_path / "work" / keys.KEY_FILE).write_bytes(b"cut")
    with pytest.raises(LaunderError, match="expected the 32 bytes of a key"):
        keys.of(asked, tmp_path / "work")


def configured(tmp_path, **keys_of):
    rows = {"doctor": DOCTORS * 15, "pay": range(60)}
    pd.DataFrame(rows).to_csv(tmp_path / "t.csv", index=False)
    columns = {"doctor": {"kind": "name", "learn": True}, "pay": "numerical"}
    return config.settled(config.validate({"source": str(tmp_path / "t.csv"), "columns": columns, **keys_of}))


def test_people_who_are_learned_have_pseudonyms_before_anything_looks_at_them(tmp_path):
    frame, schema = ingestion.ingest(configured(tmp_path), tmp_path / "work")
    assert schema.kinds()["doctor"] == "categorical" and frame["doctor"].nunique() == 4
    assert not set(frame["doctor"]) & set(DOCTORS)
    again, _ = ingestion.ingest(configured(tmp_path), tmp_path / "work")
    assert again["doctor"].tolist() == frame["doctor"].tolist()
    assert "learned under pseudonyms" in frame.attrs[ingestion.PERSONAL]["doctor"].evidence
    with pytest.raises(LaunderError, match=r"expected learn: true for name, .*, identifier only"):
        config.validate({"source": "x.csv", "columns": {"a": {"kind": "iban", "learn": True}}})


def test_another_key_has_a_step_done_again_and_its_name_alone_does_not(tmp_path, monkeypatch):
    for name, key in (("ONE", "k" * 20), ("SAME", "k" * 20), ("TWO", "q" * 20)):
        monkeypatch.setenv(name, key)
    found = {}
    for name in ("ONE", "SAME", "TWO"):
        asked = configured(tmp_path, personal={"key": f"env:{name}"})
        found[name] = steps.ingest.key(asked, steps.ingest.outside(asked), {})
    assert found["ONE"] == found["SAME"] != found["TWO"] and caching.OUTSIDE["personal.key"]
