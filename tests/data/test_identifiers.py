"""Identifiers: found by name, form and shape; made up in the form of the real ones, valid, never real, shared as
the real ones are.
"""

import uuid
import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import generators
from generators import IdentifierWarning
from generators.data.inference import infer
from generators.encoding import encoder
from generators.encoding.encoding import Encoding
from generators.identifiers import check_digits, forms
from generators.identifiers.check_digits import corrected, is_valid
from generators.identifiers.detection import is_named
from generators.identifiers.forms import IdentifierForm, form_of

quick = settings(max_examples=25, deadline=None, derandomize=True)
VALID = {
    "iban": "GB29 NWBK 6016 1331 9268 19",
    "luhn": "79927398713",
    "gs1": "978-0-306-40615-7",
    "isbn10": "080442957X",
    "issn": "2049-3630",
    "bsn": "111222333",
    "tfn": "123456782",
    "pesel": "44051401359",
    "cpf": "529.982.247-25",
    "cnpj": "11.222.333/0001-81",
    "fodselsnummer": "01010750160",
    "tckn": "10000000146",
    "rrn": "85073003328",
    "nir": "255081416802538",
    "mod11_10": "36574261809",
    "mod11_2": "11010519491231002X",
    "dni": "12345678Z",
    "hetu": "131052-308T",
    "vin": "1M8GDM9AXKP042788",
    "lei": "5493001KJTIIGC8Y1R12",
}
RNG = np.random.default_rng(0)
UUID4 = "[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
RAW = [int(x) for x in RNG.integers(0, 2**62, 300)]
LOOKS = {  # made values, and what a fresh one must match
    "uuid": ([str(uuid.UUID(bytes=RNG.bytes(16), version=4)) for _ in RAW], UUID4),
    "hex": ([f"0x{a % 65536:04X}" for a in RAW], r"0x[0-9A-F]{4}"),
    "mac": ([":".join(f"{a >> s & 255:02x}" for s in range(0, 48, 8)) for a in RAW], r"([0-9a-f]{2}:){5}[0-9a-f]{2}"),
    "ip": (
        [f"10.0.{a >> 8 & 255}.{a & 255}" for a in RAW],
        r"10\.0\.(25[0-5]|2[0-4]\d|1?\d?\d)\.(25[0-5]|2[0-4]\d|1?\d?\d)",
    ),
    "url": ([f"https://a.org/p/{a % 99999}" for a in RAW], r"https://a\.org/p/\d+"),
    "mail": ([f"u{a % 9999}@{'web.de' if a % 2 else 'x.com'}" for a in RAW], r"u\d+@(web|x)\.(de|com)"),
    "phone": ([f"+49 30 {a % 9000000 + 1000000}" for a in RAW], r"\+49 30 \d{7}"),
    "euro": ([f"{a % 9999}.{a % 90 + 10} €" for a in RAW], r"\d+\.\d{2} €"),
}


@pytest.mark.parametrize("name", VALID)
def test_check_digits_are_told_and_made(name):
    assert is_valid(VALID[name], name)
    place = check_digits.SCHEMES[name].places[-1]
    spoilt = list(VALID[name])
    spot = [k for k, c in enumerate(spoilt) if c.isalnum()][place]
    spoilt[spot] = "3" if spoilt[spot] != "3" else "4"
    assert not is_valid("".join(spoilt), name) and is_valid(corrected("".join(spoilt), name), name)


def test_verhoeff_by_its_example():
    assert check_digits.verhoeff("2363") and not check_digits.verhoeff("2364")


@pytest.mark.parametrize(
    ("name", "example"), [(n, VALID[n]) for n in ("iban", "luhn", "gs1", "isbn10", "cpf", "dni", "pesel", "vin")]
)
def test_fresh_values_keep_their_check_digits(name, example):
    stream, known = np.random.default_rng(1), set()
    while len(known) < 40:
        digits = "".join(str(stream.integers(1, 10)) if c.isdigit() else c for c in example)
        if (made := corrected(digits, name)) is not None:
            known.add(made)
    form = form_of(pd.Series(sorted(known)))
    assert form.check
    assert all(is_valid(text, form.check) for text in forms.texts(form, 50, stream, known.__contains__))


@pytest.mark.parametrize("name", LOOKS)
def test_fresh_values_look_like_the_real_ones(name):
    real, looks = LOOKS[name]
    made = forms.texts(form_of(pd.Series(real)), 200, np.random.default_rng(0), set(real).__contains__)
    assert pd.Series(made).str.fullmatch(looks).all() and len({*made, *real}) == 200 + len(set(real))


@quick
@given(
    st.lists(
        st.text(st.characters(min_codepoint=32, max_codepoint=382), min_size=1, max_size=12), min_size=1, max_size=60
    )
)
def test_any_texts_have_fresh_distinct_values(values):
    form = form_of(pd.Series(values, dtype="object"))
    made = forms.texts(form, 80, np.random.default_rng(0), set(values).__contains__)
    assert len(set(made)) == 80 and not {*made} & {*values}


def test_a_pattern_quotes_nothing_of_few():
    form = form_of(pd.Series(["QXZ-1234567", "QXZ-7654321", "QXZ-5555555"]))
    assert "Q" not in form.pattern and "5" not in form.pattern.replace("{", "").replace("}", "")


def named(name, values):
    return infer(pd.DataFrame({name: values})).column(name)


REPEATED = np.repeat(np.random.default_rng(3).permutation(900_000)[:60] + 100_000, 10)


@pytest.mark.parametrize(
    "name", ["customer_id", "customerID", "kundennr", "Patient", "numéro client", "account number", "x"]
)
def test_repeated_numbers_are_found(name):
    column = named(name, REPEATED)
    assert column.kind == "identifier" and column.repeats
    assert named(name, np.where(np.arange(600) % 9 == 0, np.nan, REPEATED)).kind == "identifier"


@pytest.mark.parametrize("name", ["visit_no", "VisitNumber", "Aufnahmenummer", "fallnr", "accession"])
def test_a_number_of_each_row_by_itself_is_found_in_any_order(name):
    numbers = np.random.default_rng(3).permutation(900_000)[:60] + 100_000
    assert named(name, numbers).kind == named(name, [f"V{n}" for n in numbers]).kind == "identifier"
    assert named("x", numbers + 10**10).kind == "identifier"
    assert named("rownames", np.random.default_rng(3).permutation(400)[:380] + 7).kind == "identifier"


@pytest.mark.parametrize(
    "values", [LOOKS["uuid"][0], LOOKS["mail"][0], [f"{i % 900 + 100}-{i % 90 + 10}-{i % 9000 + 1000}" for i in RAW]]
)
def test_forms_that_name_somebody_are_found_whatever_the_name(values):
    column = named("v", np.repeat(values[:20], 12))
    assert column.kind == "identifier" and column.repeats


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("number_of_employees", RNG.permutation(100_000)[:300]),
        ("price_index", RNG.permutation(100_000)[:300]),
        ("house_no", np.arange(1, 301)),
        ("x", 1_700_000_000_000 + RNG.choice(10**9, 300, replace=False)),  # milliseconds since 1970
        ("wealth", RNG.permutation(86) + 1),  # a rank
        ("visit_no", np.tile(np.arange(1, 31), 10)),
        ("year", np.arange(1900, 2020)),
        ("jahr", np.arange(1900, 2020)),
        ("Jahrgang", np.arange(1900, 2020)),
        ("store_id", np.tile([1, 2, 3], 100)),
        ("country_id", np.tile(np.arange(30), 10)),
        ("customers", RNG.integers(400, 9000, 300)),
        ("Mitarbeiter", RNG.integers(1, 200, 300)),
        ("emails_sent", RNG.integers(0, 40, 300)),
        ("phone calls", RNG.integers(0, 40, 300)),
        ("key", np.tile(np.arange(12), 30)),
        ("education-num", RNG.integers(1, 17, 300)),
        ("pulse", RNG.integers(50, 150, 300)),
        ("pay", RNG.integers(10_000, 99_999, 300)),
        ("rent", np.repeat(RNG.integers(100, 999, 30) * 100, 10)),
    ],
)
def test_measurements_and_groups_are_no_identifiers(name, values):
    assert named(name, values).kind == "numerical"


@pytest.mark.parametrize("name", ["city", "product_id", "zip"])
def test_labels_of_few_rows_are_no_identifiers(name):
    assert named(name, [f"{n:05d}" for n in RNG.integers(0, 150, 300)]).kind == "categorical"


def drawn(frame, n, seed=0, salt=""):
    frame = frame.assign(x=np.arange(len(frame)) % 7 / 2)
    encoded = encoder.fit(frame, infer(frame), salt)
    encoded = Encoding.from_dict(encoded.to_dict())
    tokens = encoded.encode(frame)[np.random.default_rng(seed).integers(0, len(frame), n)]
    return encoded.decode(tokens, np.full((n, len(encoded.columns)), 0.5), seed=seed)


def shop(rows=1200, seed=0):
    stream = np.random.default_rng(seed)
    who = np.sort(stream.integers(0, 100, rows))
    ids = stream.permutation(90_000)[:100] + 10_000
    mail, order = [f"c{i * 37 % 1000:04d}@web.de" for i in who], who * 1000 + np.arange(rows) // 2 % 6
    return pd.DataFrame({"customer_id": ids[who], "email": mail, "order_id": order})


def test_no_real_value_comes_out_and_entities_keep_their_sizes():
    real = shop()
    made = drawn(real, 1200)
    for name in real:
        assert not set(made[name].map(str)) & set(real[name].map(str))
        sizes = [frame[name].value_counts() for frame in (real, made)]
        assert abs(sizes[0].mean() - sizes[1].mean()) < 0.25 * sizes[0].mean()
    # one customer has one address, and an order one customer
    assert (made.groupby("customer_id")["email"].nunique() == 1).all() and (
        made.groupby("order_id")["customer_id"].nunique() == 1
    ).all()
    assert made["customer_id"].dtype == real["customer_id"].dtype


@quick
@given(st.floats(0, 0.9), st.integers(1, 12))
def test_missing_shares_are_kept(share, rows):
    values = pd.Series([f"K-{n // rows:06d}" for n in range(600)], dtype="object")
    values[np.random.default_rng(0).random(600) < share] = None
    if values.nunique() < 20:
        return
    made = drawn(pd.DataFrame({"kunden_nr": values}), 2000)["kunden_nr"]
    assert abs(made.isna().mean() - values.isna().mean()) < 0.06
    assert not set(made.dropna()) & set(values.dropna())


@pytest.mark.parametrize("rows", [6, 12])
def test_identifiers_that_are_missing_together_are_so_in_synthetic_rows(rows):
    missing, place = np.random.default_rng(0).random(2400) < 0.35, np.arange(2400)
    real = {"order_id": [f"O-{k // 3:06d}" for k in place], "customer_id": [f"K-{k // rows:06d}" for k in place]}
    made = drawn(pd.DataFrame(real).mask(pd.Series(missing), None), 2400)
    assert (made["order_id"].isna() == made["customer_id"].isna()).all()
    assert abs(made["customer_id"].isna().mean() - missing.mean()) < 0.04


def test_no_two_models_or_seeds_share_their_first_values():
    frames = [drawn(shop(), 50, seed, salt) for seed, salt in [(0, "a"), (1, "a"), (0, "b")]] + [
        drawn(shop(seed=1), 50, 0, "a")
    ]
    first = [frame[name].iloc[0] for frame in frames for name in ("customer_id", "email", "order_id")]
    assert len(set(first)) == len(first)
    pd.testing.assert_frame_equal(frames[0], drawn(shop(), 50, 0, "a"))


def test_row_numbers_start_where_no_real_one_is():
    made = forms.texts(IdentifierForm("sequence{3}"), 400, np.random.default_rng(0))
    numbers = np.array(made, dtype=int)
    assert numbers.min() > 999 and (np.diff(numbers) == 1).all()


def test_the_size_of_the_largest_group_is_nobodys():
    sizes = [5, 6, 7, 8] * 10 + [300]
    real = pd.DataFrame({"customer_id": np.repeat(np.arange(41) * 977 + 10_000, sizes)})
    made = drawn(real, 3000)["customer_id"].value_counts()
    assert made.max() == 8 and made.iloc[:-1].min() >= 5 and made.nunique() == 4 + (made.min() < 5)


def test_fit_warns_once_of_the_columns_that_it_takes_as_identifiers():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"customer_id": [f"Quixworth-{k:05d}" for k in rng.integers(0, 30, 120)], "age": range(120)})
    with pytest.warns(IdentifierWarning) as found:
        generators.fit(frame, budget=generators.Budget(steps=1))
    (warning,) = found
    assert "'customer_id'" in str(warning.message) and "Quixworth" not in str(warning.message)
    assert warning.filename == __file__
    with warnings.catch_warnings(action="error", category=IdentifierWarning):
        kinds = {"customer_id": "categorical"}  # as the warning says
        learnt = generators.fit(frame, schema=generators.infer(frame, kinds), budget=generators.Budget(steps=1))
    assert learnt.schema.column("customer_id").kind == "categorical"


def test_codes_that_repeat_by_chance_name_no_entity_and_others_do():
    rng = np.random.default_rng(0)
    pressure = [f"Z{a}/{b}" for a, b in zip(rng.integers(95, 180, 600), rng.integers(55, 110, 600), strict=True)]
    padded = [f"{x:08d}" for x in rng.integers(0, 100_000, 600)]
    uuids = [uuid.UUID(bytes=rng.bytes(16)).hex for _ in range(590)]
    codes = [f"K{x:06d}X" for x in rng.integers(0, 10**6, 570)]
    frame = pd.DataFrame(
        {"bp": pressure, "stamp": padded, "u": uuids + uuids[:10], "k": codes + codes[:30], "patient": padded}
    )
    found = {column.name: column.repeats for column in infer(frame).identifiers}
    assert found == {"bp": False, "stamp": False, "u": True, "k": True, "patient": True}


def test_ids_of_records_in_one_word_name_them_whatever_they_are_made_of():
    frame = pd.DataFrame(
        {"caseid": [f"{k % 7}:{k}:{k % 3}" for k in range(1, 301)], "paid": [f"{k}:{k % 9}" for k in range(300)]}
    )
    assert infer(frame).column("caseid").kind == "identifier"
    assert not any(is_named(name) for name in ("paid", "grid", "solid", "covid", "valid", "hybrid"))


@settings(max_examples=8, deadline=None, derandomize=True)
@given(st.sampled_from(["-", " ", "...", "(none)", "Unknown", "k.A.", "未知"]), st.floats(0.05, 0.8))
def test_placeholders_are_no_values_of_an_identifier(placeholder, share):
    rng = np.random.default_rng(0)
    customers = np.array([f"C-{n:06d}" for n in rng.integers(0, 10**6, 80)])[rng.integers(0, 80, 600)]
    guests = rng.random(600) < share
    frame = pd.DataFrame({"buyer": np.where(guests, placeholder, customers), "x": rng.random(600)})
    assert infer(frame).column("buyer") == infer(frame.assign(buyer=pd.Series(customers).mask(guests, None))).column(
        "buyer"
    )
    drawn = (
        encoder.fit(frame, infer(frame))
        .identifiers(600, 1, {"presence of buyer": pd.Series(~guests)})["buyer"]
        .dropna()
    )
    assert abs(1 - len(drawn) / 600 - share) < 0.1 and drawn.nunique() < len(drawn) and drawn.str.match("C-").all()
