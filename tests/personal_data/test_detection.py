# ruff: noqa: E501  (lists of labels)
"""Columns of personal data are found by name, by type and by values, and columns of things are let be."""

import random
import re
import string
from datetime import date
from functools import partial

import pandas as pd
import pytest
from faker import Faker
from text_unidecode import unidecode

from benchmarks.personal_data.tables import table
from launderette.generators.data.inference import infer
from launderette.pipelines import config
from launderette.pipelines.personal_data import codes, column_names, columns, detection
from launderette.pipelines.run.artifacts import LaunderError
from launderette.pipelines.stages import announcing, ingestion
from launderette.pipelines.templates.tables import template as table_template


def found(frame):
    return {name: one.kind for name, one in detection.find(frame, infer(frame)).items()}


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        *(("Vorname", "first_name"), ("customerName", "name"), ("Kundenvorname", "first_name"), ("e-mail", "email")),
        *(
            ("fecha_de_nacimiento", "birth_date"),
            ("Adı", "first_name"),
            ("příjmení", "last_name"),
            ("DOB", "birth_date"),
        ),
        *(
            ("ТЕЛЕФОН", "phone"),
            ("氏名", "name"),
            ("mail_address", "email"),
            ("ip_address", "ip"),
            ("company_email", "email"),
        ),
        *(
            ("product_name", None),
            ("phone_model", None),
            ("cell_id", None),
            ("emails_sent", None),
            ("email_verified", None),
            ("city", None),
        ),
        *(("filename", None), ("user_name", "account"), ("zip", None), ("product_description", None), ("c7", None)),
        *(
            ("cust_nm", "name"),
            ("lst_nm", "last_name"),
            ("ph_no", "phone"),
            ("hw_addr", "mac"),
            ("addrLine2", "address"),
        ),
        *(
            ("Vorname_Nachname", "name"),
            ("first_last", None),
            ("客户姓名", "name"),
            ("登录ip", "ip"),
            ("手机号", "phone"),
        ),
        *(
            ("city_street", "address"),
            ("address_city", None),
            ("prod_nm", None),
            ("field", None),
            ("cidade_rua", "address"),
        ),
    ],
)
def test_names_in_many_languages_say_what_a_column_holds(name, kind):
    read = column_names.read(name)
    assert (read.kind if read else None) == kind


def test_words_without_vowels_joined_words_and_letters_whose_vowels_are_marks_are_read_whole():
    kinds = {"TRVLR": "name", "mothersname": "name", "PPTNUM": "national_id", "InsrdNo": "national_id"}
    kinds |= {"मोबाइल_नं": "phone", "رقم_الهاتف": "phone", "Số ĐT": "phone", "filename": None, "ticket_nbr": None}
    read = {name: column_names.read(name) for name in kinds}
    assert {name: one and one.kind for name, one in read.items()} == kinds
    assert all(map(column_names.of_birth, ("बच्चाको_जन्म", "ميلاد_الطفل", "ბავშვის_დაბადება", "孩子生日", "วันเกิด")))
    assert not any(map(column_names.of_birth, ("founded", "EstDt", "issued", "sunday_on")))


def test_papers_are_told_by_what_issues_them_and_a_number():
    told = "skattenr,vergi_no,br_putovnice,LicConducir,DLNbr,health_card_no,nr_permis,maksu_nr,numero de passeport"
    others = "tax_amount,num_health_visits,social_media_number,company_tax_no,insurance_type,import_no,permit_no"
    assert {name for name in told.split(",") if not detection._is(column_names.read(name), "national_id")} == set()
    assert {name for name in others.split(",") if detection._is(column_names.read(name), "national_id")} == set()


def test_people_are_found_and_things_let_be_by_values_alone():
    """A locale that the detection has no list of, under names that tell nothing."""
    made = table("hr_HR", 150, False, 20)
    kinds, told = made.kinds, found(made.frame)
    missed = {kind for name, kind in kinds.items() if kind and name not in told}
    assert not [kinds[name] for name in told if not kinds[name]] and len(missed) <= 1


LABELS = {  # of two words, none of a person
    "country": "United States,South Korea,Puerto Rico,El Salvador,Costa Rica,Hong Kong,New Zealand,Sri Lanka,Saudi Arabia,"
    "South Africa,Czech Republic,San Marino,Cape Verde,Sierra Leone,Burkina Faso,Ivory Coast,Great Britain,Papua New Guinea,"
    "North Macedonia,Trinidad Tobago",
    "role": "Software Engineer,Sales Manager,Data Scientist,Truck Driver,Store Manager,Nurse Practitioner,Office Clerk,"
    "Security Guard,Civil Engineer,Marketing Director,Business Analyst,Line Cook,Tax Accountant,Web Designer,Dental Assistant,"
    "Flight Attendant,Police Officer,Bus Driver,Project Lead,Site Foreman",
    "unit": "Human Resources,Customer Service,Public Relations,Legal Affairs,Quality Assurance,Supply Chain,Product Design,"
    "Inside Sales,Corporate Strategy,Internal Audit,Tax Planning,Facility Services,Event Planning,Data Platform,Mobile Apps,"
    "Growth Marketing,Field Operations,Credit Risk,Loan Servicing,Fraud Control",
}


@pytest.mark.parametrize("locale", ["en_AU", "pl_PL", "hr_HR"])
def test_people_with_many_rows_each_are_names_and_labels_of_two_words_are_not(locale):
    fake, rng = Faker(locale), random.Random(0)
    fake.seed_instance(0)
    many, few = ([fake.name() for _ in range(count)] for count in (40, 5))
    drawn = {"c1": many, "Mitarbeiter": few, "sales_rep": few, **{n: labels.split(",") for n, labels in LABELS.items()}}
    frame = pd.DataFrame({name: rng.choices(values, k=800) for name, values in drawn.items()})
    assert found(frame) == {"c1": "name", "Mitarbeiter": "name", "sales_rep": "name"}


def test_a_column_that_says_whose_rows_they_are_holds_names_only_where_its_values_read_so():
    rng = random.Random(0)
    values = {"customer": ["Private", "Business", "Public Sector"], "agent": ["Chrome", "Safari", "Mobile Safari"],
              "owner": ["City Council", "Housing Trust", "Land Registry", "Water Board"]}  # fmt: skip
    assert not found(pd.DataFrame({name: rng.choices(own, k=300) for name, own in values.items()}))


def test_numbers_of_things_are_no_phones_cards_or_national_numbers():
    rng = random.Random(0)
    things = {
        "version": [
            f"{rng.randint(1, 9)}.{rng.randint(0, 20)}.{rng.randint(0, 60)}.{rng.randint(0, 9)}" for _ in range(99)
        ],
        "plus_four": [f"{rng.randint(10000, 99999)}-{rng.randint(1000, 9999)}" for _ in range(99)],
        "day": [f"2021-{rng.randint(1, 12):02d}-{rng.randint(1, 28):02d}" for _ in range(99)],
        "units": [rng.randint(10**8, 10**9) for _ in range(99)],
        "amount": [f"{rng.uniform(1000, 999999):,.2f}" for _ in range(99)],
        "sku": [f"{rng.randint(100, 999)} {rng.randint(100, 999)} {rng.randint(100, 999)}" for _ in range(99)],
    }
    assert found(pd.DataFrame(things)) == {}


def test_phone_numbers_are_told_however_their_country_is_written():
    for prefix in ("+358 ", "(+358) ", "00358 ", "0", "(0358) ", "+54 15 "):  # the last as people write it there
        numbers = [f"{prefix}15 {n:03d} {7 * n % 1000:03d}" for n in range(1, 40)]
        assert found(pd.DataFrame({"c1": numbers})) == {"c1": "phone"}, prefix
    assert found(pd.DataFrame({"c1": [f"+90({n})139-{n}9x5{n}8" for n in range(111, 150)]})) == {"c1": "phone"}


def test_scripts_without_spaces_and_numbers_without_check_digits_are_told_too():
    """Among the latter some that no scheme allows: mistyped, or made up."""
    fake, rng = Faker("ja_JP"), random.Random(0)
    fake.seed_instance(0)
    made = {
        "住所": [fake.address() for _ in range(60)],
        "備考": [fake.text(60) for _ in range(60)],
        "c1": [fake.address() for _ in range(60)],
        "c2": [f"{rng.randrange(1000):03d}-{rng.randrange(100):02d}-{rng.randrange(10000):04d}" for _ in range(60)],
        "emšo": [str(rng.randrange(10**12, 10**13)) for _ in range(60)],
    }
    assert found(pd.DataFrame(made)) == {
        "住所": "address", "備考": "text", "c1": "address", "c2": "national_id", "emšo": "national_id"
    }  # fmt: skip


@pytest.mark.parametrize("locale", ["mr_IN", "ka_GE", "zh_CN", "bn_BD"])  # of no script's list that is learned from
def test_names_in_scripts_without_capitals_are_told_by_their_letters(locale):
    fake = Faker(locale)
    fake.seed_instance(0)
    names = [fake.name() for _ in range(80)]
    for values in (names, names * 4):
        assert found(pd.DataFrame({"c1": values}))["c1"] in ("name", "first_name")


def test_a_label_that_holds_an_address_or_the_name_of_its_row_is_personal_however_often_it_comes():
    fake, rng = Faker("en_US"), random.Random(0)
    fake.seed_instance(0)
    rows = []
    for _ in range(40):
        first, last = fake.first_name(), fake.last_name()
        mail = f"{first}.{last}@{fake.free_email_domain()}".lower()
        rows.append({
            "customer_name": f"{first} {last}", "c1": f"{last}, {first} <{mail}>", "c2": f'{{"mail": "{mail}", "age": 4}}',
            "c3": f"{first[0]}{last}{rng.randint(1, 9)}".lower(), "c4": f"Mr {first} {last} (deceased) was here again",
            "c5": f"{first} {last}".lower(), "c6": f"{first[0]}. {last}", "plan": rng.choice("abc"),
        })  # fmt: skip
    repeated = pd.DataFrame(rng.choices(rows, k=600))
    assert found(repeated) == {
        "customer_name": "name", "c1": "text", "c2": "text", "c3": "account", "c4": "text", "c5": "name", "c6": "name"
    }  # fmt: skip


def test_mobile_numbers_of_bare_digits_and_numbers_with_a_birth_in_them_are_told():
    rng = random.Random(0)
    days = pd.date_range("1940-01-01", "2004-12-31", periods=90)
    told = {
        "c1": [int(f"49151{rng.randrange(10**8):08d}") for _ in days],
        "c2": [f"1{rng.choice('3589')}{rng.randrange(10**9):09d}" for _ in days],
        "c3": [f"{rng.randrange(10**6):06d}{day:%Y%m%d}{rng.randrange(1000):03d}X" for day in days],
        "order": [f"{day:%Y%m%d}{rng.randrange(10**6):06d}" for day in pd.date_range("2021-01-01", periods=90)],
        "units": [rng.randrange(10**10, 10**11) for _ in days],
    }
    assert found(pd.DataFrame(told)) == {"c1": "phone", "c2": "phone", "c3": "national_id"}


def test_gaps_a_numbered_name_and_other_columns_of_people_do_not_hide_what_a_column_holds():
    fake, rng = Faker("en_AU"), random.Random(0)
    fake.seed_instance(0)
    made = {
        "field1": [fake.name() for _ in range(120)],
        "value2": [fake.last_name() for _ in range(120)],
        "col_3": [f"{rng.choice('02468ace')}{rng.choice('02468ace')}{rng.getrandbits(40):010x}" for _ in range(120)],
        "col_4": [f"5{rng.randint(120, 129)} {rng.randrange(1000):03d} {rng.randrange(1000):03d}" for _ in range(120)],
        "col_5": [rng.choice(["N/A", f"{rng.randrange(10**10):010d}"]) for _ in range(120)],
        "col_6": [f"{rng.getrandbits(48):012x}" for _ in range(120)],
        "col_7": [f"https://shop.example/{rng.choice(['lamp', 'desk'])}/{rng.randrange(10**5)}" for _ in range(120)],
        "col_8": [
            f"{rng.choice(['Oak', 'Pine', 'Elm'])} {rng.choice(['Lamp', 'Desk', 'Bed', 'Sofa'])}" for _ in range(120)
        ],
    }
    assert found(pd.DataFrame(made)) == {"field1": "name", "value2": "last_name", "col_3": "mac"}


def test_forms_of_address_initials_and_whole_lives_tell_people():
    fake = Faker("es_CL")
    fake.seed_instance(3)
    last, first = ([make() for _ in range(60)] for make in (fake.last_name, fake.first_name))
    frame = pd.DataFrame({
        "v1": [f"{('Mr', 'Mrs', 'Dr.')[k % 3]} {name}" for k, name in enumerate(last)],
        "v2": [f"{a}, {b} {b[0]}." for a, b in zip(last, first, strict=True)],
        "v3": pd.date_range("1930-03-01", "2024-09-01", 60).strftime("%d.%m.%Y"),
        "d_o_b": pd.date_range("2008-03-01", "2019-09-01", 60).strftime("%Y-%m-%d"),
        "opened": pd.date_range("1930-03-01", "2024-09-01", 60).strftime("%d.%m.%Y"),
        "v4": [f"{name} S.A." for name in last[::-1]],
        "v5": [f"St. {name}" for name in ("Mary", "Paul", "John") * 20],
    })  # fmt: skip
    found = detection.find(frame, infer(frame))
    kinds = {"v1": "name", "v2": "name", "v3": "birth_date", "d_o_b": "birth_date"}
    assert {name: one.kind for name, one in found.items()} == kinds


def test_papers_and_plates_are_told_by_name_or_by_how_they_are_written_and_codes_of_things_let_be():
    rng = random.Random(0)

    def codes(form, count=90):
        made = "".join(rng.choice({"A": "BCDFGHJKLMNPRSTVWXYZ", "9": "0123456789"}.get(c, c)) for c in form * count)
        return [made[at : at + len(form)] for at in range(0, len(made), len(form))]

    told = {*("passeport", "number_plate", "Kennzeichen", "dl_number"), *(f"c{at}" for at in range(1, 6))}
    made = {
        **{"passeport": codes("99AA99999"), "number_plate": codes("AAA-9999"), "dl_number": codes("A9999999")},
        "Kennzeichen": [rng.choice(["B-KL 12", "HH-AB 1", "M-X 4711"]) for _ in range(90)],
        **{"c1": codes("AA99 AAA"), "c2": codes("9999 AAA"), "c3": codes("A999999(9)"), "c4": codes("999-999-999 99")},
        "c5": [
            rng.choice(["B", "HH", "M", "KI", "S", "L"]) + rng.choice(["-A ", "-BC "]) + str(k * 7) for k in range(90)
        ],
        **{"batch": codes("9999-AA"), "model": codes("AA-9999-A"), "lot": codes("SN99999999"), "gate": codes("A99")},
    }
    assert found(pd.DataFrame(made)) == dict.fromkeys(told, "national_id")


SAID = ["spoke to {} again", "{} will call", "paid by {} in cash", "laut {} erledigt"]


@pytest.mark.parametrize(
    ("values", "personal"),
    [
        (lambda fake, rng: fake.name(), True),
        (lambda fake, rng: f"0{rng.randint(30, 89)}/{rng.randint(10**6, 10**7)}", True),
        (lambda fake, rng: f"({rng.randint(201, 989)}) {rng.randint(200, 999)}-{rng.randint(1000, 9999)}", True),
        (lambda fake, rng: fake.credit_card_number("visa16"), True),
        (lambda fake, rng: fake.ipv4_public(), True),
        (lambda fake, rng: fake.city(), False),
        (lambda fake, rng: f"{rng.randint(1, 28):02d}.0{rng.randint(1, 9)}.20{rng.randint(10, 24)}", False),
        (lambda fake, rng: str(rng.randint(10**8, 10**9)), False),
        (lambda fake, rng: rng.choice(["Oak", "Pine", "Walnut"]) + rng.choice([" Table", " Chair", " Lamp"]), False),
    ],
    ids=["name", "phone", "phone_us", "card", "ip", "city", "day", "number", "thing"],
)
def test_a_short_text_is_personal_where_what_varies_in_it_is(values, personal):
    """However often it comes, as labels do."""
    fake, rng = Faker("en_GB"), random.Random(0)
    fake.seed_instance(0)
    texts = [rng.choice(SAID).format(values(fake, rng)) for _ in range(60)]
    assert found(pd.DataFrame({"c1": texts * 5})) == ({"c1": "text"} if personal else {})


@pytest.mark.parametrize(
    ("form", "kind"),
    [
        ("https://www.linkedin.com/in/{user}", "account"),
        ("https://forum.example/users/{user}/posts?page=2", "account"),
        ("https://shop.example/profile?user={user}&tab=1", "account"),
        ("CORP\\{user}", "account"),
        ("{user}#4411", "account"),
        ("/home/{user}/report.txt", "account"),
        ("uid={user},ou=people,dc=example", "account"),
        ('{{"user": {{"surname": "{last}", "plan": "free"}}}}', "text"),
        ("surname={last}&plan=free", "text"),
        ("<order><surname>{last}</surname></order>", "text"),
        ("login from 00:1b:44:11:3a:{n} refused", "text"),
        ("{first} & {first} {last}", "name"),
        ("{first} {last} / {first} {last}", "name"),
        ("https://shop.example/table/{n}", None),
        ('{{"theme": "dark", "beta": true, "size": {n}}}', None),
        ("Mozilla/5.0 (X11) Chrome/1{n}.0.0.0", None),
        ("C:\\data\\{n}.csv", None),
    ],
)
def test_user_names_couples_and_documents_with_fields_of_people_are_told_however_few(form, kind):
    fake = Faker("en_AU")
    fake.seed_instance(0)
    made = [
        form.format(user=fake.user_name(), first=fake.first_name(), last=fake.last_name(), n=k) for k in range(10, 40)
    ]
    assert found(pd.DataFrame({"c1": made * 20})).get("c1") == kind


def test_addresses_of_machines_and_handles_are_told_in_their_other_writings():
    rng = random.Random(0)
    machines = [":".join(f"{rng.randrange(256):02x}" for _ in range(6)) for _ in range(40)]
    ports = [
        f"{rng.randint(100, 223)}.{rng.randint(0, 255)}.7.{rng.randint(1, 254)}:{rng.randint(1024, 9999)}"
        for _ in range(40)
    ]
    made = {"mac": [text.replace(":", "") for text in machines], "c1": ports, "c2": [f"@who_{k}" for k in range(40)]}
    assert found(pd.DataFrame(made)) == {"mac": "mac", "c1": "ip", "c2": "account"}
    periods = [f"0{rng.randint(1, 9)}.03.2023 - 30.0{rng.randint(1, 9)}.2024" for _ in range(60)]
    assert not found(pd.DataFrame({"c1": periods, "c2": [text.replace(":", "") for text in machines * 2][:60]}))


def test_first_and_last_names_of_few_each_are_told_by_standing_side_by_side():
    fake, rng = Faker("en_NG"), random.Random(0)
    fake.seed_instance(0)
    named = {"c1": [fake.first_name() for _ in range(200)], "c2": [fake.last_name() for _ in range(200)]}
    colours = {"c3": [rng.choice(LABELS["role"].split(",")).split()[0] for _ in range(200)]}
    assert set(found(pd.DataFrame(named | colours))) == {"c1", "c2"}


def test_a_name_that_things_have_too_is_that_of_people_beside_first_names():
    fake = Faker("fr_CH")
    fake.seed_instance(0)
    made = {"prénom": [fake.first_name() for _ in range(60)], "nom": [fake.last_name() for _ in range(60)]}
    assert found(pd.DataFrame(made)) == {"prénom": "first_name", "nom": "last_name"}
    sizes = random.Random(0).choices(["grand", "petit", "moyen"], k=60)
    assert found(pd.DataFrame(made | {"nom": sizes})) == {"prénom": "first_name"}


def configured(tmp_path, frame, **keys):
    frame.to_csv(tmp_path / "t.csv", index=False)
    return config.settled(config.validate({"source": str(tmp_path / "t.csv"), **keys}))


@pytest.fixture
def people():
    rng = random.Random(1)
    names = [f"{rng.choice('ABDEFGHKLMNP')}{rng.choice('aeiou')}{rng.choice('lmnrst')}a" for _ in range(60)]
    ages = [rng.randint(18, 90) for _ in names]
    born = [f"{2020 - age}-03-{rng.randint(1, 28):02d}" for age in ages]
    mail = [f"{name.lower()}{k}@mail.org" for k, name in enumerate(names)]
    return pd.DataFrame({"vorname": names, "mail": mail, "born": born, "age": ages})


def test_what_is_found_is_never_learned_and_said_with_its_evidence(tmp_path, people):
    asked = configured(tmp_path, people)
    frame, schema = ingestion.ingest(asked)
    assert schema.kinds() == {"vorname": "identifier", "mail": "identifier", "born": "datetime", "age": "numerical"}
    assert [schema.column(name).personal for name in ("vorname", "mail")] == ["first_name", "email"]
    said = announcing.of_schema(asked, schema, frame, frame.attrs[ingestion.PERSONAL])
    (mail,) = [note for note in said if "'mail'" in note]
    assert "e-mail addresses, confidence 0.99: its name and 100% of its values" in mail and "mail: categorical" in mail
    assert any("'born' holds birth dates" in note and "quasi_identifiers: [born" in note for note in said)
    assert not [note for note in said if "one entity" in note]  # many people share a first name


def test_what_is_stated_holds_and_what_is_to_be_predicted_is_learned(tmp_path, people):
    stated = {"vorname": "categorical", "mail": {"kind": "email"}, "born": "birth_date", "age": "infer"}
    frame, schema = ingestion.ingest(configured(tmp_path, people, columns=stated))
    assert schema.kinds()["vorname"] == "categorical" and schema.column("mail").personal == "email"
    assert frame.attrs[ingestion.PERSONAL]["mail"].confidence == 1
    shared = people.assign(vorname=[*people["vorname"][:20]] * 3)
    target = configured(tmp_path, shared, score={"target": "vorname"}, protect={"rare": 1})
    assert ingestion.ingest(target)[1].kinds()["vorname"] != "identifier"
    undetected = configured(tmp_path, shared, personal={"detect": False})
    assert ingestion.ingest(undetected)[1].kinds()["vorname"] == "categorical"


def test_coordinates_of_homes_are_kept_to_a_neighbourhood_and_those_of_things_as_they_are(tmp_path):
    rng = random.Random(0)
    homes = [(round(rng.uniform(52, 53), 6), round(rng.uniform(13, 14), 6)) for _ in range(30)] * 3
    lat, lon = zip(*homes, strict=True)
    made = pd.DataFrame({
        "home_lat": lat, "customerLongitude": lon, "Wohnort_GPS": [f"({x:.6f}, {y:.6f})" for x, y in homes],
        "stop_lat": lat, "home_team": [rng.choice("ab") for _ in homes],
    })  # fmt: skip
    asked = configured(tmp_path, made, columns={"customerLongitude": "numerical", "*": "infer"})
    others = made[["stop_lat", "home_team"]]
    assert columns.coarse_homes(others, asked)[0] is others  # nothing to change: a large table is not copied
    frame, _ = ingestion.ingest(asked)
    assert frame["home_lat"].equals(made["home_lat"].round(2)) and frame["stop_lat"].equals(made["stop_lat"])
    assert frame["customerLongitude"].equals(made["customerLongitude"])  # as it is stated
    assert [*frame["Wohnort_GPS"]] == [f"({x:.2f}, {y:.2f})" for x, y in homes]
    said = [note for note in frame.attrs[ingestion.NOTES] if "about a kilometre" in note]
    assert len(said) == 2 and "'home_lat' holds where people live" in said[0]


def test_what_each_of_the_people_with_many_rows_has_alone_is_neither_learned_nor_kept_exactly(tmp_path):
    """Of the staff in a table of customers: their labels are frequent, and theirs all the same."""
    rng, fake = random.Random(0), Faker("en_AU")
    fake.seed_instance(0)
    staff = [(fake.name(), fake.date_of_birth(), round(rng.uniform(3e4, 9e4), 2)) for _ in range(15)]
    rows = [(k, *staff[k]) for k in rng.choices(range(15), k=600)]
    made = pd.DataFrame({
        "customer_mail": [fake.email() for _ in rows], "agent": [row[1] for row in rows],
        "agent_code": [f"AG-{97 * row[0] + 1000}" for row in rows], "ext": [4400 + 7 * row[0] for row in rows],
        "handled_by": ["ABCDEFGHIJKLMNOPQ"[row[0] : row[0] + 3] for row in rows],
        "hired": [str(row[2]) for row in rows], "pay": [f"{row[3]:,.2f} EUR" for row in rows],
        "desk": [f"Desk {'abcdefghijklmnop'[row[0]] * 3}" for row in rows],
        "branch": [f"Branch {'NS'[row[0] % 2]}" for row in rows], "team": [f"T{row[0]}" for row in rows],
        "paid": [round(rng.lognormvariate(4, 1), 2) for _ in rows],
    })  # fmt: skip
    asked = configured(tmp_path, made)
    frame, schema = ingestion.ingest(asked)
    told = ("agent", "ext", "handled_by", "desk")
    assert {schema.column(name).kind for name in told} == {"identifier"}
    assert schema.column("agent_code").kind == "categorical"  # learned under pseudonyms: an agent serves customers
    assert not set(frame["agent_code"]) & set(made["agent_code"])
    assert set(frame["hired"]) == {f"{row[1].year}-01-01" for row in staff}
    assert set(frame["pay"]) == {f"{round(row[2], -3):,.2f} EUR" for row in staff}
    assert all(frame[name].equals(made[name]) for name in ("branch", "team", "paid"))
    text = table_template(schema, "people.csv", coarse=frame.attrs[columns.COARSE])
    assert "hired: infer" in text and "pay: infer" in text and "paid: numerical\n" in text


def test_in_rows_of_people_numbers_and_user_names_that_each_has_alone_are_theirs():
    """Without them nothing is told: papers, mobile numbers, user names and days of children, under untelling names."""
    rng, fake = random.Random(0), Faker("hu_HU")
    fake.seed_instance(0)
    letter, rows = partial(rng.choice, string.ascii_uppercase), range(150)
    bare = [f"{rng.choice((20, 30, 70))}{rng.randrange(10**7):07d}" for _ in rows]
    made = pd.DataFrame({
        "f1": [f"{letter()}{letter()}{rng.randrange(10**6):06d}" for _ in rows],
        "f2": [f"{rng.randrange(10**4, 10**5)}/{rng.randrange(10, 99)}/{rng.randrange(10**3, 10**4)}" for _ in rows],
        "f3": bare, "f4": [f"{fake.first_name()}{fake.last_name()}".lower() for _ in rows],
        "f5": [str(fake.date_between(date(2009, 1, 1), date(2021, 1, 1))) for _ in rows],
        "f6": [f"SO-{rng.choice((2023, 2024))}-{k:05d}" for k in rows], "f7": [4_000_000 + 7 * k for k in rows],
        "f8": [f"{rng.choice(('red', 'blue'))}_{k}" for k in rows],
        "f9": [str(fake.date_between(date(2024, 1, 1), date(2026, 1, 1))) for _ in rows],
    })  # fmt: skip
    made["f4"] = made["f4"].map(unidecode)
    assert not {"f1", "f2", "f4", "f5"} & set(found(made))
    told = found(made.assign(mail=[fake.email() for _ in rows]))
    assert told == {
        "f1": "national_id",
        "f2": "national_id",
        "f3": "phone",
        "f4": "account",
        "f5": "birth_date",
        "mail": "email",
    }


def test_in_rows_of_people_a_number_of_nothing_known_is_taken_for_theirs():
    """No list has the words of all languages; nobody's is what counts on from row to row, or is called a thing's."""
    rng = random.Random(0)
    digits = lambda count: "".join(rng.choices(string.digits, k=count))  # noqa: E731
    frame = pd.DataFrame(
        {
            "mail": [f"p{k}@example.org" for k in range(60)],
            "č_op": [f"2{digits(8)}" for _ in range(60)],
            "رقم_الضمان": [digits(12) for _ in range(60)],
            "č_dokladu": [f"{20240000 + 3 * k}" for k in range(60)],
            "invoice_no": [digits(9) for _ in range(60)],
            "PmtCard": [f"{'*' * 12}{digits(4)}" for _ in range(60)],
            "CallNbr": [f"0803{digits(7)} / 01-4{digits(6)}" for _ in range(60)],
            "nar": [f"{d:02d}{m:02d}{y}" for d, m, y in ((k % 28 + 1, k % 12 + 1, 1940 + k) for k in range(60))],
        }
    )
    told = {"mail": "email", "č_op": "national_id", "رقم_الضمان": "national_id", "PmtCard": "card", "CallNbr": "phone"}
    counted = {"num_retired": [rng.randrange(10_000, 900_000) for _ in range(60)], "birth_y": [*range(1940, 2000)]}
    assert found(frame.assign(**counted)) == told | {"nar": "national_id"}
    assert not set(found(frame.drop(columns=["mail", "CallNbr", "PmtCard", "nar"])))


def test_what_programs_call_themselves_is_no_address():
    fake = Faker()
    fake.seed_instance(0)
    made = pd.DataFrame({"c1": [fake.user_agent() for _ in range(99)]})
    assert not found(made)
    assert found(made + f" ({fake.email()})") == {"c1": "text"}


def test_under_epsilon_nothing_is_found_out_and_people_are_refused(tmp_path, people):
    columns = {"age": {"kind": "numerical", "bounds": [0, 120], "decimals": 0}, "vorname": "name", "*": "drop"}
    with pytest.raises(LaunderError, match="no column of personal data under"):
        configured(tmp_path, people, columns=columns, privacy={"epsilon": 1}, generator={"name": "tabular.marginals"})


@pytest.mark.parametrize("form", ["https://shop.example/{}/list?page={}&sort=up", "/var/data/{}/part/of/it/{}.log"])
def test_an_address_of_the_web_or_a_path_is_no_text_however_many_words_it_has(form):
    """It keeps its form, where a text would be made up of other words."""
    rng = random.Random(0)
    texts = [form.format(rng.choice(["toys", "books"]), rng.randrange(10**6)) for _ in range(200)]
    assert not found(pd.DataFrame({"c1": texts}))
    assert found(pd.DataFrame({"c1": [re.sub(r"\W+", " ", text) for text in texts]})) == {"c1": "text"}


CODES_OF_PEOPLE = """staff_no doctor_id doctorId DoctorID treating_doctor_id teacher_code technician_id Sachbearbeiter_Nr
    Kundennummer id_cliente codigo_vendedor numero_empleado cust_id mgr_id emp_no sales_rep_id badge_no Arztnr userid
    nurse subject_id lekarz_id"""
CODES_OF_THINGS = """country_code icd_code zip_code product_code department_code store_id customer_type_id
    customer_segment_code staff_grade_code user_group_id customer_zip_code seller_zip_code_prefix parent_id
    reporter_code subject_code course_id tariff_code region_code batch_id device_id meter_id order_id room_no bus_line
    patient_class_code id_tipo_cliente user_agent_id Filiale_ID Artikelnummer Kontonummer employer_id paid casino_id"""


def test_codes_are_of_people_by_the_word_before_them():
    values = pd.Series([f"KX-{100 + 7 * n}" for n in range(9)] * 20)
    numbers = pd.Series([4100 + 7 * n for n in range(9)] * 20)
    for name in CODES_OF_PEOPLE.split():
        assert codes.is_persons_code(name, values), name
        assert name == "nurse" or codes.is_persons_code(name, numbers), name
    for name in CODES_OF_THINGS.split():
        assert not codes.is_persons_code(name, values) and not codes.is_persons_code(name, numbers), name


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("number_of_staff", range(100, 200)),
        ("staff_number", range(3, 250)),  # how many there are
        ("passenger_no", [1, 2, 3, 4, 12]),
        ("child_id", [1, 2, 3, 4]),
        ("student", ["grade 10", "grade 11", "grade 12"]),
        ("customer", ["B2B", "B2C", "B2G"]),
        ("doctor_id", [0.5, 11.5, 12.0]),
        ("citizen", ["yes", "no", "other"]),
    ],
)
def test_counts_places_in_a_list_and_words_are_no_codes_of_people(name, values):
    assert not codes.is_persons_code(name, pd.Series(list(values) * 60))


@pytest.mark.parametrize(("name", "rows"), [("Name", 300), ("buyer", 100)])
def test_names_of_few_first_and_last_names_are_told_where_the_column_says_so(name, rows):
    first = ["Łukasz", "Søren", "José", "Jürgen", "Ayşe", "Noël", "Márta", "Björn", "Åsa", "Renée"]
    last = ["Müller", "Nowak", "Şahin", "Kovács", "Lefèvre"]
    people = [f"{one} {other}" for one in first for other in last] * 6
    assert found(pd.DataFrame({name: people[:rows]})) == {name: "name"}
    food = [f"{one} {other}" for one in ("Dark", "Deep", "Sweet", "Crispy") for other in ("Apple", "Tomato", "Berry")]
    assert found(pd.DataFrame({"Name": food * 5, "name": [f"{one} Kovács Kft." for one in last * 12]})) == {}
