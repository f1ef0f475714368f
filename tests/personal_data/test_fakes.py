"""Made-up people: never real ones, valid, of one person in a row, in the form of the column, the same for one seed."""

import itertools
import re

import numpy as np
import pandas as pd
import pytest
from faker import Faker
from hypothesis import given, settings
from hypothesis import strategies as st
from stdnum import iban, luhn
from stdnum.pl import pesel

from launderette.generators.data.inference import infer
from launderette.generators.data.schema import Schema
from launderette.generators.identifiers import entities
from launderette.pipelines import config
from launderette.pipelines.personal_data import Found, columns, fakes, name_shapes, people, templates
from launderette.pipelines.personal_data.column_names import plain
from launderette.pipelines.personal_data.templates import shape_of
from launderette.pipelines.run.artifacts import LaunderError
from launderette.pipelines.scoring import run as scoring

ROWS = 120
KINDS = {
    "patient": "", "first": "first_name", "last": "last_name", "full": "name", "mail": "email", "phone": "phone",
    "street": "address", "account": "iban", "card": "card", "pesel": "national_id", "note": "text",
}  # fmt: skip


def source(seed=0):
    """Return rows of 60 Polish patients of two visits each."""
    fake = Faker("pl_PL")
    fake.seed_instance(seed)
    people_ = [
        (fake.unique.random_int(1000, 9999), fake.first_name_female(), fake.last_name_female()) for _ in range(60)
    ]
    rows = []
    for number, first, last in people_ * (ROWS // 60):
        rows.append(
            (number, first, last, "", fake.email(), fake.numerify("+48 6## ### ###"),
             f"ul. {fake.street_name().split()[-1]} {fake.random_int(1, 99)}", fake.iban(),
             fake.credit_card_number("visa16"), fake.pesel(), fake.sentence(8))
        )  # fmt: skip
    frame = pd.DataFrame(rows, columns=list(KINDS)).sort_values("patient", ignore_index=True)
    frame["full"] = frame["last"].str.upper() + ", " + frame["first"]
    frame.loc[::7, "phone"] = None
    return frame


def schema_of(frame, kinds):
    found = {name: Found(kind, 1.0, "as stated") for name, kind in kinds.items() if kind}
    return columns.marked(infer(frame, dict.fromkeys(kinds, "identifier")), found)


def drawn(frame, schema: Schema, seed):
    return pd.DataFrame(entities.draw(entities.fit(frame, schema, "salt"), schema, len(frame), seed))[schema.names]


@pytest.fixture(scope="module")
def made():
    frame = source()
    schema = schema_of(frame, KINDS)
    asked = config.validate({"source": "x.csv"})
    rows = drawn(frame, schema, 1)
    return frame, schema, rows, fakes.replace(rows, schema, frame, asked), asked


@pytest.mark.parametrize("locale", ["hi_IN", "ta_IN", "ka_GE", "zh_CN", "ko_KR"])
def test_people_of_every_script_are_made_up_in_it(locale):
    fake = Faker(locale)
    fake.seed_instance(0)
    frame = pd.DataFrame({"full": [fake.name() for _ in range(30)], "mail": [f"a{k}@b.org" for k in range(30)]})
    schema = schema_of(frame, {"full": "name", "mail": "email"})
    out = fakes.replace(drawn(frame, schema, 1), schema, frame, config.validate({"source": "x.csv"}))
    assert not set(out["full"]) & set(frame["full"])
    assert sum(text[0].isascii() for text in out["full"]) == 0


def test_no_value_is_a_real_one(made):
    frame, _, _, out, _ = made
    for name in KINDS:
        assert not {plain(str(v)) for v in out[name].dropna()} & {plain(str(v)) for v in frame[name].dropna()}, name


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        ("{0} {1}", r"[^\W\d_]+ [^\W\d_]+"),
        ("{1}, Dr. {0}", r"[^\W\d_]+, Dr\. [^\W\d_]+"),
        ("{2} {0} {1}", r"(Frau|Herr) [^\W\d_]+ [^\W\d_]+"),
        ("Agent {3}", r"[^\W\d_]+ [^\W\d_]+"),  # all hundred of them are taken
        ("{0}-{4} {1}", r"[^\W\d_]+-[^\W\d_]+ [^\W\d_]+"),
    ],
)
def test_names_put_together_from_few_are_nobodys(form, expected):
    """As tables for trying things out have them: every first name stands with every last one."""
    firsts, lasts = ["Anna", "Jonas", "Maria", "Peter", "Lena"], ["Koch", "Weber", "Wolf", "Klein", "Bauer", "Fuchs"]
    titles, seconds, numbers = ["Frau", "Herr"], ["Luise", "Karl"], range(0, 100, 4)
    every = [form.format(*given) for given in itertools.product(firsts, lasts, titles, numbers, seconds)]
    if "3" in form:
        every = [form.format(0, 0, 0, n) for n in range(100)]
    frame = pd.DataFrame({"who": every})
    schema = schema_of(frame, {"who": "name"})
    rows = pd.DataFrame({"who": [f"{n}" for n in range(60)]})
    out = fakes.replace(rows, schema, frame, config.validate({"source": "x.csv"}))["who"]
    assert not {plain(text) for text in out} & {plain(text) for text in every} and out.is_unique
    assert out.str.fullmatch(expected).all(), out.tolist()
    sides = frame.sample(frac=1, random_state=0).assign(group=np.arange(len(frame)) % 5)
    made = pd.DataFrame({"who": out, "group": np.arange(60) % 5})
    kinds = Schema((*schema.columns, *infer(sides[["group"]]).columns))
    run = config.RunConfig(source={"path": "people.csv"})
    report = scoring.score(sides[:-20], sides[-20:], made, kinds, run, names=["fidelity.formats"])
    assert report.scores["fidelity.formats"].value >= 0.99 or "3" in form


def test_numbers_are_valid_and_keep_country_and_form(made):
    out = made[3]
    assert all(iban.is_valid(text) and text.startswith("PL") for text in out["account"])
    assert all(luhn.is_valid(text) and re.fullmatch(r"4\d{15}", text) for text in out["card"])
    assert all(map(pesel.is_valid, out["pesel"]))
    assert out["phone"].dropna().str.fullmatch(r"\+48 6\d\d \d{3} \d{3}").all()
    assert out["street"].str.fullmatch(r"ul\. [^\W\d_]+ \d{1,2}").all()


def test_a_row_is_one_person_and_one_patient_is_one_person_in_all_rows(made):
    out = made[3]
    assert (out["full"] == out["last"].str.upper() + ", " + out["first"]).all()
    per_patient = out.groupby("patient")[["first", "last", "full"]].nunique()
    assert len(per_patient) < ROWS and (per_patient == 1).all(axis=None)
    ascii_last = out["last"].map(plain)
    fits = [
        last in mail or first in mail
        for mail, last, first in zip(out["mail"], ascii_last, out["first"].map(plain), strict=True)
    ]
    assert np.mean(fits) > 0.95
    assert out["mail"].str.fullmatch(r"[^@]+@(?:.+\.)?example\.(?:com|net|org)|[^@]+@.+\.example").all()


def test_what_is_missing_and_what_repeats_stays_as_it_was_drawn(made):
    _, _, rows, out, _ = made
    assert (out.isna() == rows.isna()).all(axis=None) and out["phone"].isna().any()
    for name in ("mail", "account", "full"):
        assert (pd.factorize(out[name])[0] == pd.factorize(rows[name])[0]).all(), name


@pytest.mark.parametrize("with_names", [{}, {"name": "name"}])
def test_addresses_fit_full_names_and_need_none(with_names):
    frame = pd.DataFrame(
        {"mail": [f"a{k}.b@c.org" for k in range(40)], "name": [f"Mia {chr(65 + k % 26)}ung" for k in range(40)]}
    )
    kinds = {"mail": "email", **with_names}
    schema = schema_of(frame[list(kinds)], kinds)
    out = fakes.replace(drawn(frame, schema, 2), schema, frame, config.validate({"source": "x.csv"}))
    assert out["mail"].str.fullmatch(r"[a-z]+\d+\.[a-z]+\d?@example\.(com|net|org)").all() and out["mail"].is_unique
    assert not with_names or out["mail"].iloc[3].startswith(plain(out["name"].iloc[3].split()[0]))


def test_one_seed_makes_the_same_people_and_other_sources_or_seeds_others(made):
    frame, schema, rows, out, asked = made
    pd.testing.assert_frame_equal(fakes.replace(rows, schema, frame, asked), out)
    other = fakes.replace(rows, schema, frame, config.validate({"source": "x.csv", "seed": 1}))
    changed = frame.assign(full=["Inna, X", *frame["full"][1:]])
    for made_otherwise in (other, fakes.replace(rows, schema, changed, asked)):
        assert (made_otherwise["last"] != out["last"]).mean() > 0.8


def test_a_list_that_holds_real_names_only_gives_way_to_others_and_to_joined_ones(monkeypatch):
    monkeypatch.setattr(people, "NEAR_LOCALES", ("en_GB",))
    monkeypatch.setattr(people, "locales", lambda: ("en_US",))
    every = {plain(n) for locale in ("en_US", "en_GB") for own in people.people(locale).first for n in own}
    names, rng = people.Names("en_US", "first", every), np.random.default_rng(0)
    for _ in range(20):
        name = names.draw(1, rng)
        assert plain(name) not in every and shape_of(name) == "Aa"


def test_the_locale_is_told_by_numbers_and_by_names():
    fake = Faker("sv_SE")
    fake.seed_instance(0)
    assert people.locale_of(["+420 601 123 456"], []) == "cs_CZ"
    assert people.locale_of([], [fake.name() for _ in range(80)]) == "sv_SE"
    assert people.locale_of([], []) == "en_US"
    with pytest.raises(LaunderError, match="expected a locale that Faker has, found de_XX; try de_AT"):
        people.check("de_XX")


@given(
    st.lists(
        st.from_regex(r"[A-Z][a-z]{1,8}(, | )[A-Z]{1,5} \d{1,4}", fullmatch=True), min_size=12, max_size=40, unique=True
    )
)
@settings(max_examples=25, deadline=None)
def test_filled_templates_are_put_together_as_some_real_text_is(texts):
    rng = np.random.default_rng(0)
    learned = templates.learn(texts)
    known = {tuple(map(shape_of, templates.PIECE.findall(text))) for text in texts}
    for left_out in range(len(learned)):
        text = templates.fill(templates.chosen(learned[left_out:], rng), lambda place, shape: "Word", rng)
        assert tuple(map(shape_of, templates.PIECE.findall(text))) in known


PLAIN = {
    "email": lambda k: f"user{k}@firma.example",
    "text": lambda k: f"Klagt seit {k} Tagen; RR {100 + k}/80",
    "name": lambda k: f"{'ABCDEFGH'[k % 8]}. {people.people('de_DE').last[0][k]}",
    "address": lambda k: f"Hauptstrasse {k}",
    "phone": lambda k: f"+49 30 {1000 + k} {2000 + 3 * k}",
}


@pytest.mark.parametrize("kind", PLAIN)
def test_what_is_made_up_is_not_refused_for_its_form(kind):
    frame = pd.DataFrame({"value": [PLAIN[kind](k) for k in range(200)], "group": np.arange(200) % 5})
    schema = columns.marked(infer(frame, {"value": "identifier"}), {"value": Found(kind, 1.0, "as stated")})
    run = config.RunConfig(source={"path": "people.csv"})
    rows = drawn(frame, columns.marked(infer(frame[["value"]], {"value": "identifier"}), {}), 3).assign(
        group=frame["group"]
    )
    made = fakes.replace(rows, schema, frame, run)
    report = scoring.score(
        frame.head(150), frame.tail(50), made, schema, run, names=["fidelity.formats", "privacy.identifiers"]
    )
    assert report.scores["fidelity.formats"].value >= 0.99
    assert ("Not value" in report.scores["fidelity.formats"].note) == (kind in ("email", "text"))
    assert report.scores["privacy.identifiers"].value == 0


def test_a_locale_draws_the_same_towns_in_whatever_order_a_process_has_them():
    towns = name_shapes.drawn_alike("it_IT").city()
    for provider in name_shapes.drawn_alike("it_IT").get_providers():
        if isinstance(getattr(provider, "cities", None), list):
            type(provider).cities = provider.cities[::-1]
    assert name_shapes.drawn_alike("it_IT").city() == towns
