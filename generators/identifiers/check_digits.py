"""Check digits of cards, accounts, books, goods, vehicles and national numbers: which scheme values keep, and digits
that keep it.

A scheme looks at the letters and digits of a value alone, in capitals, so that spaces and hyphens do not matter.
"""

import re
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from itertools import islice, product

LEAST_CHECKED = 20  # distinct values, before their check digits say anything
CHECKED_VALUES = 5000  # values looked at
LEAST_VALID_SHARE = 0.95  # share of them that must keep the scheme: some are mistyped
DNI = "TRWAGMYFPDXBNJZSQVHLCKE"
HETU = "0123456789ABCDEFHJKLMNPRSTUVWXY"
VIN = dict(
    zip("0123456789ABCDEFGHJKLMNPRSTUVWXYZ", [*range(10), *range(1, 9), *range(1, 6), 7, 9, *range(2, 10)], strict=True)
)


def _dihedral(a: int, b: int) -> int:
    """Return the product of two elements of the dihedral group of order 10, on which Verhoeff's scheme rests."""
    if a < 5:
        return (a + b) % 5 + (0 if b < 5 else 5)
    return (a - b) % 5 + (5 if b < 5 else 0)


VERHOEFF_D = [[_dihedral(a, b) for b in range(10)] for a in range(10)]
VERHOEFF_P = (1, 5, 7, 6, 2, 8, 3, 0, 9, 4)


@dataclass(frozen=True)
class Scheme:
    """Which bare values it covers, whether one is valid, and the places and alphabet of its check characters."""

    form: str
    valid: Callable[[str], bool]
    places: tuple[int, ...] = (-1,)
    alphabet: str = "0123456789"


def bare(text: str) -> str:
    """Return the letters and digits of a value, in capitals."""
    return re.sub(r"[^0-9A-Za-z]", "", text).upper()


def weighted(weights: Sequence[int], modulus: int) -> Callable[[str], bool]:
    """Return whether the weighted sum of the digits is a multiple; X stands for ten."""
    return lambda text: sum(w * _digit(c) for w, c in zip(weights, text, strict=True)) % modulus == 0


def _digit(character: str) -> int:
    return 10 if character == "X" else int(character)


def luhn(text: str) -> bool:
    """ISO/IEC 7812."""
    doubled = (sum(divmod(2 * int(c), 10)) for c in text[-2::-2])
    return (sum(map(int, text[-1::-2])) + sum(doubled)) % 10 == 0


def gs1(text: str) -> bool:
    """EAN, UPC, GTIN, ISBN-13, the Swiss AHV number."""
    return sum(int(c) * (3 if k % 2 else 1) for k, c in enumerate(reversed(text))) % 10 == 0


def mod97(text: str) -> bool:
    """ISO 7064 MOD 97-10, as in LEI."""
    return int("".join(str(int(c, 36)) for c in text)) % 97 == 1


def mod11_10(text: str) -> bool:
    """ISO 7064 MOD 11,10, as in the German tax number."""
    rest = 10
    for c in text[:-1]:
        rest = ((int(c) + rest) % 10 or 10) * 2 % 11
    return (11 - rest) % 10 == int(text[-1])


def mod11_2(text: str) -> bool:
    """ISO 7064 MOD 11-2, as in ORCID and the Chinese resident number."""
    return sum(_digit(c) * pow(2, len(text) - 1 - k, 11) for k, c in enumerate(text)) % 11 == 1


def verhoeff(text: str) -> bool:
    """Verhoeff 1969, as in Aadhaar."""
    state = 0
    for k, c in enumerate(reversed(text)):
        digit = int(c)
        for _ in range(k % 8):
            digit = VERHOEFF_P[digit]
        state = VERHOEFF_D[state][digit]
    return state == 0


def _two(text: str, *weights: Sequence[int]) -> bool:
    """Two check digits, each (-weighted sum of what is before it) mod 11, ten written as 0: CPF, CNPJ."""
    found = [-sum(w * int(c) for w, c in zip(row, text, strict=False)) % 11 for row in weights]
    return [f % 10 if f == 10 else f for f in found] == [int(c) for c in text[-2:]]


def _turkish(text: str) -> bool:
    d = [int(c) for c in text]
    return (7 * sum(d[0:9:2]) - sum(d[1:8:2])) % 10 == d[9] and sum(d[:10]) % 10 == d[10]


def _rest97(digits: int) -> Callable[[str], bool]:
    return lambda text: 97 - int(text[:digits]) % 97 == int(text[digits:])


def _vin(t: str) -> bool:
    """Tell whether the ninth character of a vehicle's number is its check digit, modulo 11. Source: ISO 3779."""
    total = sum(VIN[c] * w for c, w in zip(t, (8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2), strict=True))
    return total % 11 == _digit(t[8] if t[8] in "X0123456789" else "X")


DIGITS11 = r"\d{11}"
CNPJ = (5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2)  # weights of its first check digit; the second has one more
NORWAY = weighted((3, 7, 6, 1, 8, 9, 4, 5, 2, 1, 0), 11), weighted((5, 4, 3, 2, 7, 6, 5, 4, 3, 2, 1), 11)
SCHEMES: dict[str, Scheme] = {
    "iban": Scheme(r"[A-Z]{2}\d{2}[A-Z0-9]{11,30}", lambda t: mod97(t[4:] + t[:4]), (2, 3)),
    "vin": Scheme(r"[A-HJ-NPR-Z0-9]{17}", _vin, (8,), "0123456789X"),
    "lei": Scheme(r"[A-Z0-9]{18}\d{2}", mod97, (-2, -1)),
    "luhn": Scheme(r"\d{8,19}", luhn),
    "gs1": Scheme(r"\d{8}|\d{12,14}|\d{18}", gs1),
    "isbn10": Scheme(r"\d{9}[\dX]", weighted(range(10, 0, -1), 11), alphabet="0123456789X"),
    "issn": Scheme(r"\d{7}[\dX]", weighted(range(8, 0, -1), 11), alphabet="0123456789X"),
    "bsn": Scheme(r"\d{9}", weighted((9, 8, 7, 6, 5, 4, 3, 2, -1), 11)),
    "tfn": Scheme(r"\d{9}", weighted((1, 4, 3, 7, 5, 8, 6, 9, 10), 11)),
    "pesel": Scheme(DIGITS11, weighted((1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1), 10)),
    "cpf": Scheme(DIGITS11, lambda t: _two(t, range(10, 1, -1), range(11, 1, -1)), (-2, -1)),
    "cnpj": Scheme(r"\d{14}", lambda t: _two(t, CNPJ, (6, *CNPJ)), (-2, -1)),
    "fodselsnummer": Scheme(DIGITS11, lambda t: all(valid(t) for valid in NORWAY), (-2, -1)),
    "tckn": Scheme(DIGITS11, _turkish, (-2, -1)),
    "rrn": Scheme(DIGITS11, _rest97(9), (-2, -1)),
    "nir": Scheme(r"\d{15}", _rest97(13), (-2, -1)),
    "mod11_10": Scheme(DIGITS11, mod11_10),
    "mod11_2": Scheme(r"\d{15}[\dX]|\d{17}[\dX]", mod11_2, alphabet="0123456789X"),
    "verhoeff": Scheme(r"\d{12}", verhoeff),
    "dni": Scheme(r"\d{8}[A-Z]", lambda t: DNI[int(t[:8]) % 23] == t[8], alphabet=DNI),
    "hetu": Scheme(r"\d{6}A?\d{3}[0-9A-Y]", lambda t: HETU[int(re.sub("A", "", t[:-1])) % 31] == t[-1], alphabet=HETU),
}


def scheme_of(texts: Iterable[str]) -> str:
    """Return the name of the scheme that the distinct values keep, "" where they keep none or are too few to tell."""
    known = {bare(text) for text in islice(texts, CHECKED_VALUES)}
    if len(known) < LEAST_CHECKED:
        return ""
    return next((name for name in SCHEMES if _keep(known, name)), "")


def _keep(texts: Collection[str], name: str) -> bool:
    """Tell whether enough of the texts keep a scheme, looking no further once too many do not."""
    least, most = LEAST_VALID_SHARE * len(texts), len(texts)
    for text in texts:
        if not is_valid(text, name):
            most -= 1
            if most < least:
                return False
    return True


def is_valid(text: str, name: str) -> bool:
    """Tell whether a value keeps a scheme."""
    scheme, plain = SCHEMES[name], bare(text)
    return re.fullmatch(scheme.form, plain) is not None and scheme.valid(plain)


def corrected(text: str, name: str) -> str | None:
    """Return the value with check characters that make it valid, None where none do."""
    if not name:
        return text
    scheme = SCHEMES[name]
    spots = [k for k, c in enumerate(text) if re.match("[0-9A-Za-z]", c)]
    try:
        places = [spots[place] for place in scheme.places]
    except IndexError:
        return None
    characters = list(text)
    for chosen in product(scheme.alphabet, repeat=len(places)):
        for place, character in zip(places, chosen, strict=True):
            characters[place] = character
        if is_valid("".join(characters), name):
            return "".join(characters)
    return None
