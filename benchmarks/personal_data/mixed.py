"""Tables as they come: short, glued, numbered and untelling names, several forms of each kind, gaps and placeholders,
beside columns of things that look alike.
"""

import random
import string
import uuid
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from importlib import import_module

import pandas as pd
from faker import Faker

from benchmarks.personal_data.headers import (
    CHOOSING,
    ENGLISH,
    FIELDS,
    SECOND,
    SECOND_ENGLISH,
    THINGS,
    THIRD,
    THIRD_ENGLISH,
)
from benchmarks.personal_data.tables import FURNITURE, WOODS, Labelled

STYLES = ("local", "english", "numbered", "untelling")
KINDS = dict(zip(FIELDS, (
    *("first_name", "last_name", "name", "name", "email", "phone", "phone", "address", "address", "address", "card"),
    *("iban", "national_id", "ip", "mac", "birth_date", "text"),
), strict=True))  # fmt: skip
NUMBERED = {"email": "mail{}", "phone": "contact{}", "mobile": "tel{}", "address": "addr{}", "text": "note{}"}
Made = tuple[int, str, Callable[[], object]]  # place among names, kind of personal data or "", what makes a value
Named = Callable[[str, str, int, str, int, random.Random], str]  # style, locale, place, kind, place in the table
GAPS = (None, "", "N/A", "-", "unknown")
BORN = range(1935, 2006)
NATIONAL = {  # the scheme of each locale, and how its numbers are put together before the check digits
    "pt_BR": ("br.cpf", "#########", 2), "sv_SE": ("se.personnummer", "YYMMDD-###", 1),
    "pl_PL": ("pl.pesel", "YYMMDD####", 1), "tr_TR": ("tr.tckimlik", "#########", 2),
    "zh_CN": ("cn.ric", "110101YYYYMMDD###", 1), "el_GR": ("gr.amka", "DDMMYY####", 1),
    "cs_CZ": ("cz.rc", "YYMMDD###", 1), "fi_FI": ("fi.hetu", "DDMMYY-###", 1), "ro_RO": ("ro.cnp", "1YYMMDD01###", 1),
    "da_DK": ("dk.cpr", "DDMMYY-####", 0), "hr_HR": ("hr.oib", "##########", 1),
    "de_CH": ("ch.ssn", "756##########", 0), "nl_BE": ("be.nn", "YYMMDD###", 2), "en_NZ": ("nz.ird", "########", 1),
    "et_EE": ("ee.ik", "3YYMMDD###", 1), "es_AR": ("ar.cuit", "20########", 1), "fr_CA": ("ca.sin", "########", 1),
    "id_ID": ("id.nik", "320101DDMMYY####", 0),
}  # fmt: skip


def mixed_tables(locales: Sequence[str], rows: int, seed: int) -> Iterator[Labelled]:
    """Yield a table of each style of names in each locale."""
    for k, locale in enumerate(locales):
        for style in STYLES:
            yield mixed_table(locale, rows, style, seed + k)


def mixed_table(locale: str, rows: int, style: str, seed: int) -> Labelled:
    """Return a table in which columns of people and of things stand in an order by chance, a third with gaps."""
    fake, rng = Faker(locale), random.Random(f"{locale} {style} {seed}")
    fake.seed_instance(rng.getrandbits(32))
    people = [(FIELDS.index(field), KINDS[field], make) for field, make in _people(fake, rng, locale)]
    columns = [*people, *((k, "", make) for k, make in enumerate(_things(fake, rng)))]
    return shuffled(locale, style, columns, _name, rows, rng)


def shuffled(locale: str, style: str, columns: list[Made], named: Named, rows: int, rng: random.Random) -> Labelled:
    """Return a table of so many rows of columns in an order by chance, a third of them with gaps."""
    rng.shuffle(columns)
    frame, kinds = {}, {}
    for at, (which, kind, make) in enumerate(columns):
        name = named(style, locale, which, kind, at, rng)
        frame[name] = _with_gaps([make() for _ in range(rows)], rng)
        kinds[name] = kind
    return Labelled(f"{locale} {style}", style not in ("numbered", "untelling"), pd.DataFrame(frame), kinds)


def _name(style: str, locale: str, which: int, kind: str, at: int, rng: random.Random) -> str:
    if style == "untelling":
        return f"col_{at}"
    if not kind:
        return rng.choice(THINGS[which].split(","))
    if style == "numbered":
        return NUMBERED.get(FIELDS[which], "field{}").format(at)
    return rng.choice(_spoken(locale, style == "local")[which].split(","))


def _spoken(locale: str, is_local: bool) -> Sequence[str]:
    """Return what columns of people are called in a locale's language, or in English."""
    if is_local:
        return (CHOOSING | SECOND | THIRD)[locale].split(";")
    return ENGLISH if locale in CHOOSING else SECOND_ENGLISH if locale in SECOND else THIRD_ENGLISH


def _with_gaps(values: list, rng: random.Random) -> list:
    share, gap = rng.choice((0, 0, 0.3)), rng.choice(GAPS)
    return [gap if rng.random() < share else value for value in values]


def _people(fake: Faker, rng: random.Random, locale: str) -> Iterator[tuple[str, Callable[[], object]]]:
    """Yield the maker of each column of people; each writes its values in a form drawn for the column."""
    person = lambda: (fake.first_name(), fake.last_name())  # noqa: E731
    upper = rng.random() < 0.2
    case: Callable[[str], str] = str.upper if upper else str
    yield "first", lambda: case(fake.first_name())
    yield "last", lambda: case(fake.last_name())
    yield "full", rng.choice((fake.name, lambda: case(" ".join(person())), lambda: f"{person()[0][0]}. {person()[1]}"))
    yield "turned", lambda: case(", ".join(person()[::-1]))
    yield "email", rng.choice((fake.email, fake.ascii_free_email, lambda: fake.email().upper()))
    yield "phone", fake.phone_number
    yield "mobile", rng.choice(_mobiles(fake, rng))
    yield "street", fake.street_address
    yield "address", partial(_line, fake, rng.choice((", ", "\n", " ")))
    yield "place", lambda: f"{fake.city()}, {fake.street_address()}"
    parts = rng.choice(("", " ", "-"))
    yield "card", lambda: parts.join(_fours(fake.credit_card_number()))
    gap = rng.choice(("", " "))
    yield "iban", lambda: gap.join(_fours(fake.iban()))
    if locale in NATIONAL:
        yield "national", partial(national, *NATIONAL[locale], rng)
    yield "ip", rng.choice((fake.ipv4, fake.ipv6, lambda: rng.choice((fake.ipv4, fake.ipv6))()))
    mac = rng.choice((str, lambda text: text.upper().replace(":", "-"), lambda text: text.replace(":", "")))
    yield "mac", lambda: mac(fake.mac_address())
    form = rng.choice(("%Y-%m-%d", "%d.%m.%Y", "%m/%d/%Y", "%Y%m%d", "%d-%b-%Y"))
    yield "born", lambda: fake.date_of_birth(minimum_age=18, maximum_age=88).strftime(form)
    yield "text", rng.choice((lambda: fake.sentence(9), lambda: fake.text(120), lambda: " ".join(fake.sentences(2))))


def _line(fake: Faker, comma: str) -> str:
    return fake.address().replace("\n", comma)


def _fours(text: str) -> list[str]:
    return [text[k : k + 4] for k in range(0, len(text), 4)]


def _mobiles(fake: Faker, rng: random.Random) -> list[Callable[[], str]]:
    """Return makers of mobile numbers of one country, in forms of people and of machines."""
    import phonenumbers
    from phonenumbers import PhoneNumberFormat, PhoneNumberType

    region = fake.locales[0][-2:]
    example = phonenumbers.example_number_for_type(region, PhoneNumberType.MOBILE)
    first = str(example.national_number)
    forms = (PhoneNumberFormat.E164, PhoneNumberFormat.INTERNATIONAL, PhoneNumberFormat.NATIONAL)

    def number(form: int | None) -> str:
        digits = int(first[:-6] + f"{rng.randrange(10**6):06d}")
        made = phonenumbers.PhoneNumber(country_code=example.country_code, national_number=digits)
        return phonenumbers.format_number(made, form) if form is not None else f"{example.country_code}{digits}"

    return [partial(number, form) for form in (*forms, None)]


def national(scheme: str, form: str, checks: int, rng: random.Random) -> str:
    """Return a number of a person that keeps a scheme: its form filled by chance, its check digits by trial."""
    is_valid = import_module(f"stdnum.{scheme}").is_valid
    while True:
        filled = form.replace("YYYY", str(rng.choice(BORN))).replace("YY", f"{rng.randrange(40, 99):02d}")
        filled = filled.replace("MM", f"{rng.randint(1, 12):02d}").replace("DD", f"{rng.randint(1, 28):02d}")
        filled = "".join(rng.choice(string.digits) if c == "#" else c for c in filled)
        ends = [f"{k:0{checks}d}" for k in range(10**checks)] + [*string.ascii_uppercase] if checks else [""]
        if found := next((filled + end for end in ends if is_valid(filled + end)), ""):
            return found


def _things(fake: Faker, rng: random.Random) -> Iterator[Callable[[], object]]:
    """Yield makers of columns of nobody, in the order of THINGS."""
    letters = partial(rng.choices, string.ascii_uppercase)
    towns, companies = [fake.city() for _ in range(60)], [fake.company() for _ in range(rng.choice((40, 400)))]
    unit = rng.choice(("kg", "mm", "x"))
    yield lambda: f"{rng.choice(WOODS)} {rng.choice(FURNITURE)} {rng.choice(('', 'XL', 'Pro', '2'))}".strip()
    yield lambda: f"{rng.choice((4500, 4501))}{rng.randrange(10**6):06d}"
    yield lambda: "".join(letters(k=3)) + f"-{rng.randrange(10**4):04d}-{rng.choice('ABC')}"
    yield lambda: rng.choice(companies)
    yield lambda: str(fake.date_time_between("-4y"))
    yield lambda: ".".join(str(rng.randrange(30)) for _ in range(rng.choice((3, 4))))
    yield lambda: f"{rng.lognormvariate(6, 1):.2f}"
    sized = lambda: f"{rng.randrange(10, 999)} x {rng.randrange(10, 99)}"  # noqa: E731
    yield sized if unit == "x" else lambda: f"{99 * rng.random():.1f} {unit}"
    yield lambda: rng.choice(towns)
    yield fake.country
    yield fake.job
    yield lambda: "".join(letters(k=2)) + f"{rng.randrange(10**9):09d}" + "".join(letters(k=2))
    yield lambda: str(fake.date_between("-3y"))
    yield fake.ean13
    yield lambda: rng.choice(("In Progress", "On Hold", "Closed Won", "Closed Lost", "Awaiting Parts"))
    yield lambda: str(uuid.UUID(int=rng.getrandbits(128)))
    yield lambda: f"{rng.choice(WOODS).lower()}_{rng.randrange(9999)}.{rng.choice(('pdf', 'xlsx'))}"
    yield lambda: f"https://shop.example/{rng.choice(FURNITURE).lower()}/{rng.randrange(99999)}"
    yield lambda: rng.randrange(5000)
    yield lambda: f"SN{rng.randrange(10**8):08d}"
