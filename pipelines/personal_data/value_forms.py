"""Which kind of personal data values are by themselves: addresses, accounts, cards and numbers that keep their scheme.

Each function takes distinct texts and returns the share of them, in [0, 1], that are of a kind. The libraries that
know the schemes are python-stdnum and phonenumbers.
"""

import ipaddress
import random
import re
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import lru_cache, partial
from importlib import import_module
from typing import Any

import pandas as pd

from launderette.generators.formats.written import is_known
from launderette.generators.identifiers.check_digits import is_valid, scheme_of
from launderette.generators.identifiers.forms import text_of

EMAIL = re.compile(r"[^@\s,;<>]+@[^@\s,;<>]+\.[^\W\d_]{2,}")
PORT = re.compile(r"(?:\[([0-9a-fA-F:]+)\]|([\d.]+))(?::\d{1,5})")
CALENDAR_DAY = re.compile(  # of a calendar: no part of a phone number
    r"(?<![\d./-])(?:(?:0?[1-9]|[12]\d|3[01])([./-])(?:0?[1-9]|1[0-2])\1(?:19|20)?\d\d"
    r"|(?:19|20)\d\d([./-])(?:0[1-9]|1[0-2])\2(?:0[1-9]|[12]\d|3[01]))(?![./-]?\d)"
)
BARE_MAC = re.compile(r"[0-9a-fA-F]{12}")
MAC = re.compile(
    r"[0-9a-fA-F]{2}(?:([:. -])[0-9a-fA-F]{2})(?:\1[0-9a-fA-F]{2}){4}|(?:[0-9a-fA-F]{4}\.){2}[0-9a-fA-F]{4}"
)
PHONE = re.compile(r"(?:tel\.?:?\s*)?[+(]{0,2}\d[\d\s()./–-]{5,22}\d(?:\s?(?:x|ext\.?|#)\s?\d{1,6})?", re.IGNORECASE)
MASKED_CARD = re.compile(r"(?:\d{4}[ -]?)?(?:[x*•#]{2,4}[ -]?){2,4}\d{4}", re.IGNORECASE)
NEXT_PHONE = re.compile(r"\s+/\s+|\s*[;|]\s*|,\s+")
CARD_LENGTHS = {"4": (13, 16, 19), "34": (15,), "37": (15,), "36": (14,), "38": (14,), "30": (14,), "35": (16,)}
CARD_LENGTHS |= dict.fromkeys(("51", "52", "53", "54", "55", "60", "62", "64", "65", "22", "23", "24"), (16,))
CARD_LENGTHS |= dict.fromkeys(("25", "26", "27", "50", "56", "57", "58", "63", "67"), (12, 13, 16, 19))
NATIONAL_SCHEMES = (  # of persons, each with its check digits; what has none cannot be told from any number
    *("be.nn", "bg.egn", "br.cpf", "ca.sin", "ch.ssn", "cl.rut", "cn.ric", "cz.rc", "de.idnr", "dk.cpr"),
    *("ec.ci", "ee.ik", "es.dni", "es.nie", "fi.hetu", "fr.nir", "fr.nif", "gb.nhs", "gr.amka", "hr.oib", "ie.pps"),
    *("is_.kennitala", "il.idnr", "in_.aadhaar", "it.codicefiscale", "kr.rrn", "lt.asmens", "mx.curp", "mx.rfc"),
    *("my.nric", "nl.bsn", "no.fodselsnummer", "pl.pesel", "ro.cnp", "se.personnummer", "si.emso", "tr.tckimlik"),
    *("ua.rntrc", "us.ssn", "za.idnr", "pt.cc", "th.pin", "ru.inn", "sk.rc", "ar.cuit", "at.vnr", "be.bis", "bg.pnf"),
    *("cu.ni", "do.cedula", "id.nik", "in_.pan", "in_.vid", "jp.in_", "mu.nid", "nz.ird", "au.tfn", "gb.upn", "gb.utr"),
    *("us.itin", "ve.rif", "pt.nif", "gr.vat", "md.idno", "nl.onderwijsnummer", "pk.cnic"),
)
WEAK = {  # a weak check, or none: how it is written, where no name tells
    "us.ssn": r"\d{3}-\d{2}-\d{4}",
    "dk.cpr": r"\d{6}-\d{4}",
    "my.nric": r"\d{6}-\d{2}-\d{4}",
    "cz.rc": r"\d{6}/\d{3,4}",
    "sk.rc": r"\d{6}/\d{3,4}",
    "pk.cnic": r"\d{5}-\d{7}-\d",
}
BIRTHS = ("%Y%m%d", "%d%m%Y", "%y%m%d", "%d%m%y")  # as numbers of people hold the day of birth
BIRTH_NUMBER = re.compile(r"(?=(?:.*\d){10})[A-Z]{0,2}\d+[-/ +]?\d+[A-Z]?")
BORN_IN, LEAST_BIRTHS = (1900, 2025), (20, 10, 10)  # years of birth; how many years, months, days tell births
THING_SCHEMES = frozenset({"gs1", "isbn10", "issn", "vin", "lei", "iban"})  # schemes of goods, books, accounts
SWISS = "756"  # begins the numbers of people that have the check digit of goods
FIRST_SHARE = 0.8  # of the first values, for a scheme to be tried on all
WRITTEN_SHARE, LEAST_VALID = 0.95, 0.6  # of values as a weak scheme writes them: all, though not all keep it
LEAST_DIGITS, E164_DIGITS = 6, 15  # of a phone number; most of one with its country
LEAST_SEPARATED = 0.5  # share of phone numbers of a column without a telling name that have separators or a plus
BARE_NUMBERS, BARE_DIGITS = 100, 11  # numbers without separators that are looked at, and least digits of each
MOBILE_SHARE, CHANCE_SHARE = 0.85, 0.5  # of them that are of one country's mobile phones, and of numbers by chance
MOBILE_DIGITS, ANYWHERE_DIGITS = range(7, 12), 9  # of a number without its country's code; least where none is told
CROWDED_OCTET = 99  # numbers of a version stay below, those of an address do not
# Numbers of papers and cars without check digits are told by how they are written: by letters or separators that other
# codes seldom have all alike. Codes of one thing begin alike, and have letters that plates leave out.
LEAST_CHARACTERS = 6  # different ones at a place, from which it varies
FRENCH, ITALIAN, SPANISH = "[A-HJ-NP-TV-Z]", "[A-HJ-NPR-TV-Z]", "[BCDFGHJKLMNPRSTVWXYZ]"  # letters of plates
PAPERS = {
    "identity cards of Hong Kong": r"[A-Z]{1,2}\d{6}\([\dA]\)",
    "identity cards of Singapore": r"[STFGM]\d{7}[A-Z]",
    "identity cards of Taiwan": r"[A-Z][1289]\d{8}",
    "identity cards of the Emirates": r"784-\d{4}-\d{7}-\d",
    "identity cards of Ghana": r"GHA-\d{9}-\d",
    "identity cards of Sri Lanka": r"\d{9}[VXvx]",
    "registration numbers of Korea": r"\d{6}-[1-8]\d{6}",
    "insurance numbers of Russia": r"\d{3}-\d{3}-\d{3}[ -]\d{2}",
    "insurance numbers of the United Kingdom": r"[A-Z]{2} \d{2} \d{2} \d{2} [A-Z]|[A-CEGHJ-PR-TW-Z]{2}\d{6}[A-D]",
    "national numbers of the Philippines": r"\d{2,4}-\d{7}-\d",
}
PLATES = {
    "number plates of the United Kingdom": r"[A-Z]{2}\d{2} [A-Z]{3}",
    "number plates of France": rf"{FRENCH}{{2}}-\d{{3}}-{FRENCH}{{2}}",
    "number plates of Italy": rf"{ITALIAN}{{2}} ?\d{{3}} ?{ITALIAN}{{2}}",
    "number plates of Spain": rf"\d{{4}}[ -]?{SPANISH}{{3}}",
    "number plates of Germany or Austria": r"[A-ZÄÖÜ]{1,3}-[A-ZÄÖÜ]{1,2} ?\d{1,4}[EH]?",
}
EXAMINED_TEXTS = 500  # distinct values looked at, evenly over the column
LEAST_DISTINCT = 20  # distinct values, from which values alone tell
TELLING_SHARE = 0.9  # share of the values that must be of a kind, where only they tell
NAMED_SHARE = 0.7  # the same where the name tells too
LEAST_NEW = 0.3  # distinct values per row, from which words alone tell: fewer describe a group
LEAST_SHAPES = 4  # of plates whose parts have no fixed length


def examined(distinct: pd.Series) -> list[str]:
    """Return up to EXAMINED_TEXTS of a column's distinct values, evenly over it, without spaces around them and without
    words for missing ones.
    """
    numbers = pd.api.types.is_numeric_dtype(distinct.dtype)
    filled = distinct if numbers else [value for value in distinct if not isinstance(value, str) or not is_known(value)]
    return [text_of(value).strip() for value in filled[:: max(1, len(distinct) // EXAMINED_TEXTS)]]


def _share(texts: Sequence[Any], holds: Callable[[Any], Any]) -> float:
    return sum(bool(holds(text)) for text in texts) / max(1, len(texts))


def email(texts: Sequence[str]) -> float:
    """Share of e-mail addresses."""
    return _share(texts, lambda text: EMAIL.fullmatch(text.strip()))


def mac(texts: Sequence[str], named: bool = False) -> float:
    """Share of addresses of network cards; without separators where a name tells (`named`), or where all are of single
    cards (an even second digit), as those of no other hexadecimal code are. Source: IEEE 802.
    """
    bare = [text for text in texts if BARE_MAC.fullmatch(text)]
    single = named or (not all(map(str.isdecimal, bare)) and all(int(text[1], 16) % 2 == 0 for text in bare))
    return _share(texts, lambda text: MAC.fullmatch(text) or (single and BARE_MAC.fullmatch(text)))


def iban(texts: Sequence[str]) -> float:
    """Share of accounts whose check digits hold. Source: ISO 13616."""
    return _share(texts, is_iban)


def is_iban(text: str) -> bool:
    """Tell whether a text is an account whose check digits hold, of any country."""
    return is_valid(text, "iban")


def card(texts: Sequence[str]) -> float:
    """Share of payment cards, masked or of a length that its issuer has with Luhn's digit. Source: ISO/IEC 7812."""
    return _share(texts, lambda text: MASKED_CARD.fullmatch(text) or is_card(text))


def is_card(text: str) -> bool:
    """Tell whether a text is the number of a payment card."""
    from stdnum import luhn

    digits = re.sub(r"[ -]", "", text.strip())
    lengths = CARD_LENGTHS.get(digits[:2], CARD_LENGTHS.get(digits[:1], ()))
    return digits.isdecimal() and len(digits) in lengths and luhn.is_valid(digits)


def ip(texts: Sequence[str]) -> float:
    """Share of addresses of the Internet Protocol; none where all numbers are as small as those of versions."""
    if sum(any(int(n) > CROWDED_OCTET for n in re.findall(r"\d{1,3}", text)) for text in texts) < len(texts) / 4:
        texts = [text for text in texts if ":" in text] if any(":" in text for text in texts) else ()
    return _share(texts, is_ip)


def is_ip(text: str) -> bool:
    """Tell whether a text is an address of the Internet Protocol, alone or with a port."""
    text = text.strip()
    with_port = PORT.fullmatch(text)
    try:
        ipaddress.ip_interface(with_port[1] or with_port[2] if with_port else text)
    except ValueError:
        return False
    return "." in text or ":" in text


@lru_cache
def _scheme(name: str) -> Any:
    return import_module(f"stdnum.{name}")


def is_national(text: str, name: str) -> bool:
    """Tell whether a text keeps the scheme of a country's personal numbers, such as `pl.pesel`."""
    return bool(_scheme(name).is_valid(text.strip()))


def national(texts: Sequence[str], named: bool) -> tuple[float, str]:
    """Share of values that keep the scheme of personal numbers of the best country, and that scheme.

    Without a telling name (`named`) schemes that many other numbers keep count only in the way that they are written,
    and then for all that is written so.
    """
    if not named and scheme_of(texts) in THING_SCHEMES and not texts[0].startswith(SWISS):
        return 0.0, ""
    found = [(0.0, "")]
    for name in NATIONAL_SCHEMES:
        holds = partial(is_national, name=name)
        if not named and name in WEAK:
            written = _share(texts, partial(re.fullmatch, WEAK[name]))
            if written >= WRITTEN_SHARE and _share(texts, holds) >= LEAST_VALID:
                found.append((written, name))
        elif _share(texts[:20], holds) >= FIRST_SHARE:
            found.append((_share(texts, holds), name))
    return max(found, key=lambda one: (one[0], one[1] not in WEAK))


def written(texts: Sequence[str]) -> tuple[float, str]:
    """Return the share of distinct texts that are written as numbers of one kind of papers, and which; 0 for none."""
    for what, form in {**PAPERS, **PLATES}.items():
        held = [text for text in texts if re.fullmatch(form, text)]
        if len(held) >= WRITTEN_SHARE * len(texts) and _varies(held) and (what in PAPERS or _is_of_cars(held, form)):
            return len(held) / len(texts), what
    return 0.0, ""


def _varies(texts: Sequence[str]) -> bool:
    """Tell whether at least half of the places, counted from the end, have many different characters."""
    bare = [re.sub(r"\W", "", text) for text in texts]
    length = min(map(len, bare))
    varied = sum(len({text[-place] for text in bare}) >= LEAST_CHARACTERS for place in range(1, length + 1))
    return 2 * varied >= length


def _is_of_cars(texts: Sequence[str], form: str) -> bool:
    """Tell whether plates begin differently, and are of several lengths where their form has them."""
    shapes = {re.sub(r"[^\W\d_]", "A", re.sub(r"\d", "9", text)) for text in texts}
    begun = {text[0] for text in texts}
    return len(begun) >= LEAST_CHARACTERS and (len(shapes) >= LEAST_SHAPES or "{1," not in form)


def births(texts: Sequence[str]) -> float:
    """Share of numbers of ten digits or more of one length that hold a day of birth at the same place, in years as many
    and as far apart as those of people.
    """
    ((length, count),) = Counter(map(len, texts)).most_common(1)
    if min(count / len(texts), _share(texts, BIRTH_NUMBER.fullmatch)) < WRITTEN_SHARE:
        return 0.0
    found = [0.0]
    for form in BIRTHS:
        width = 8 if "Y" in form else 6
        for at in range(length - width + 1):
            days = [day for text in texts if (day := day_of(text[at : at + width], form))]
            varied = (len({getattr(day, part) for day in days}) for part in ("year", "month", "day"))
            if all(count >= least for count, least in zip(varied, LEAST_BIRTHS, strict=True)):
                found.append(len(days) / len(texts))
    return max(found)


def day_of(digits: str, form: str) -> datetime | None:
    """Return a day of birth, None where the digits are none."""
    try:
        day = datetime.strptime(digits, form) if digits.isdecimal() else None
    except ValueError:
        return None
    return day if day and ("%y" in form or BORN_IN[0] <= day.year <= BORN_IN[1]) else None


def phone(texts: Sequence[str], named: bool) -> float:
    """Share of phone numbers.

    Without a telling name (`named`) most must be written as phone numbers are, not as bare digits, and not as numbers
    of another scheme.
    """
    written = [text for text in texts if is_dialled(text)]
    told = named or _looks_dialled(written) or is_mobile(texts[:BARE_NUMBERS])
    return len(written) / max(1, len(texts)) if told else 0.0


def is_mobile(texts: Sequence[str]) -> bool:
    """Tell whether digits are mobile numbers of one country, with its code or without, as numbers drawn by chance are
    not: many digits, or fewer in the parts that the country writes.
    """
    bare = all(text.isascii() and text.isdecimal() for text in texts)
    if bare and min(map(len, texts)) < BARE_DIGITS:
        return False
    rng = random.Random(0)  # noqa: S311  (no secret)
    drawn = [re.sub(r"\d", lambda _: rng.choice("0123456789"), text) for text in texts]
    return any(
        _share(texts, partial(_is_mobile, region=region, parted=not bare)) >= MOBILE_SHARE
        and _share(drawn, partial(_is_mobile, region=region, parted=not bare)) <= CHANCE_SHARE
        for region in _regions(texts[0])
    )


def is_mobile_of(texts: Sequence[str], regions: Sequence[str]) -> bool:
    """Tell whether digits without separators are mobile numbers of one of the regions (all for none), with a 0 before
    them or without, as few of those are that begin with the same digit.
    """
    bare = texts[:BARE_NUMBERS]
    least = MOBILE_DIGITS[0] if regions else ANYWHERE_DIGITS
    if not all(text.isascii() and text.isdecimal() and least <= len(text) <= MOBILE_DIGITS[-1] for text in bare):
        return False
    rng = random.Random(0)  # noqa: S311  (no secret)
    drawn = [text[:1] + "".join(rng.choices("0123456789", k=len(text) - 1)) for text in bare]
    told = [region for region in regions or _regions(bare[0]) if region]
    return any(
        _share(bare, partial(_is_mobile, region=region)) >= WRITTEN_SHARE
        and _share(drawn, partial(_is_mobile, region=region)) <= CHANCE_SHARE
        for region in told
    )


def _regions(text: str) -> list[str | None]:
    """Return the countries of which a number may be a mobile number; None for one with its country's code."""
    import phonenumbers

    known: list[str | None] = [None, *sorted(phonenumbers.SUPPORTED_REGIONS)]
    return [region for region in known if _is_mobile(text, region)]


def _is_mobile(text: str, region: str | None, parted: bool = False) -> bool:
    import phonenumbers

    try:
        number = phonenumbers.parse(text if region else f"+{text}", region)
    except phonenumbers.NumberParseException:
        return False
    if region and number.country_code != phonenumbers.country_code_for_region(region):
        return False
    written = not parted or phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.NATIONAL) == text
    return written and phonenumbers.number_type(number) == phonenumbers.PhoneNumberType.MOBILE


def is_dialled(text: str) -> bool:
    """Tell whether a text is written as a phone number, or several, none of more digits than E.164 has."""
    first, *others = NEXT_PHONE.split(text.strip(), maxsplit=3)
    return _is_dialled(first) and all(map(_is_dialled, others))


def _is_dialled(text: str) -> bool:
    digits = len(re.findall(r"\d", re.split(r"(?i)x|ext|#", text)[0]))  # without those of an extension
    enough = digits >= LEAST_DIGITS and (not text.startswith("+") or digits <= E164_DIGITS)
    return enough and bool(PHONE.fullmatch(text)) and not CALENDAR_DAY.search(text)


def _looks_dialled(texts: Sequence[str]) -> bool:
    """Tell whether most numbers have a plus, or parts of which not all are alike, and no check digit of another
    scheme.
    """
    marked = _share(texts, lambda text: re.search(r"[+( /)-]", text.strip()))
    shapes = {re.sub(r"\d", "9", text.strip()) for text in texts}
    called = _share(texts, lambda text: text.strip().startswith(("+", "00", "(", "0", "1-", "1 ")))
    return marked >= LEAST_SEPARATED and (called >= 0.3 or len(shapes) > 3) and not scheme_of(texts)


def country_of(text: str) -> str:
    """Return the region that a number with its country code is of, "" where it has none."""
    import phonenumbers

    try:
        return phonenumbers.region_code_for_number(phonenumbers.parse(text, None)) or ""
    except phonenumbers.NumberParseException:
        return ""
