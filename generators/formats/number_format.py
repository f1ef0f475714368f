"""How numbers are written as text: sign, currency or unit, grouping, decimal mark; read off a column's texts and
written back.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cached_property
from typing import TypeVar

Value = TypeVar("Value")
SPACE_CHARACTERS = " \u00a0\u202f"
CURRENCY_CODES = "USD|EUR|GBP|CHF|JPY|CNY|INR|AUD|CAD|NZD|SEK|NOK|DKK|PLN|CZK|HUF|BRL|MXN|ZAR|SGD|HKD|KRW|TRY|RUB"
CURRENCY = rf"(?:[A-Z]{{1,2}}\$|[$€£¥₹₽₩₺₫₪₴₦฿¢]|{CURRENCY_CODES}|Rs\.?|kr\.?|zł|Fr\.)"
UNIT_NAME = r"[A-Za-zµμ°ΩÅ][A-Za-zµμ°Ω0-9/²³%·.]{0,11}"  # after a space
CLOSE_UNIT = (
    r"[a-zµμ°Ω][A-Za-z/²³°%]{0,7}|[kMG]?W|[kMGT]B|[kMG]?Hz|[VAKC]"  # right after the digits: 61kg, not the code 1234X
)
SIGN = "[+\u2212-]"
NUMBER_PATTERN = re.compile(
    rf"(?P<open>\()?(?P<sign>{SIGN})?(?P<prefix>{CURRENCY}[{SPACE_CHARACTERS}]?)?(?P<inner>{SIGN})?(?P<within>\()?"
    rf"(?P<body>\d[\d.,'’_{SPACE_CHARACTERS}]*(?<=\d)|[.,]\d+)(?P<trailing>-)?(?(within)\))"
    rf"(?P<suffix>[{SPACE_CHARACTERS}]?(?:[%‰]|{CURRENCY})|[{SPACE_CHARACTERS}]{UNIT_NAME}|{CLOSE_UNIT})?(?(open)\))"
)
STATED_NUMBER = Decimal("1234.5")  # how it is written tells a format, and of whole numbers how 1234 is
LEAST_PRICED_SHARE = 0.05  # of the texts, with a currency, from which those without are amounts of it: 0 and $4.99
# (group, decimal), the likelier first
SEPARATORS = [("", "."), (",", "."), ("", ","), (".", ",")]
SEPARATORS += [(space, mark) for space in SPACE_CHARACTERS for mark in ",."]
SEPARATORS += [("'", "."), ("’", "."), ("'", ","), ("’", ","), ("_", ".")]


@dataclass(frozen=True)
class NumberFormat:
    """The written form of a column's numbers; `minus` is "-", the sign U+2212, "()" or "x-" for one behind the
    digits.
    """

    prefix: str = ""
    suffix: str = ""
    group: str = ""
    decimal: str = "."
    places: int = 0  # decimals that a number with a fraction has at least
    bare: bool = True  # whole numbers are written without decimals
    minus: str = "-"
    plus: bool = False  # positive numbers carry a sign
    inner: bool = False  # the sign stands between prefix and digits, brackets within prefix and suffix
    lakh: bool = False  # groups of two above the first three digits: 12,34,567
    bare_zero: bool = False  # nothing is written as 0, without the currency that other amounts have

    @cached_property
    def _body(self) -> re.Pattern:
        group, decimal = re.escape(self.group), re.escape(self.decimal)
        thousands, lakhs = rf"[1-9]\d{{0,2}}(?:{group}\d{{3}})+", rf"[1-9]\d?(?:{group}\d\d)*{group}\d{{3}}"
        grouped = f"{thousands}|{lakhs}|" if group else ""  # 0,169 parts no thousands
        return re.compile(rf"(?P<whole>{grouped}0|[1-9]\d*)?(?:{decimal}(?P<fraction>\d+))?")

    def parse(self, text: str) -> Decimal | None:
        """Return the number that a text stands for, None where it is none of this format."""
        found = NUMBER_PATTERN.fullmatch(text.strip())
        if not found:
            return None
        same = all((found[part] or "").strip() == getattr(self, part).strip() for part in ("prefix", "suffix"))
        body = self._body.fullmatch(found["body"]) if same or self.is_bare(text) else None
        signs = [sign for part in ("sign", "inner", "trailing", "open", "within") if (sign := found[part])]
        if body is None or len(signs) > 1:
            return None
        digits = (body["whole"] or "0").replace(self.group, "") + "." + (body["fraction"] or "0")
        return Decimal(f"-{digits}" if signs and signs[0] != "+" else digits)

    @property
    def is_money(self) -> bool:
        """Whether numbers are amounts of a currency, so that those without one are of it too."""
        return bool(re.fullmatch(CURRENCY, (self.prefix + self.suffix).strip()))

    def is_bare(self, text: str) -> bool:
        """Tell whether an amount is written without its currency."""
        found = NUMBER_PATTERN.fullmatch(text.strip())
        return bool(found and self.is_money and not found["prefix"] and not found["suffix"])

    def write(self, number: Decimal) -> str:
        """Return the text of a number: `parse(write(x)) == x`."""
        if self.bare_zero and not number:
            return "0"
        whole, _, fraction = f"{abs(number):f}".partition(".")
        fraction = fraction.rstrip("0")
        fraction = fraction.ljust(self.places, "0") if fraction or not self.bare else ""
        digits = self._grouped(whole) + (self.decimal + fraction if fraction else "")
        sign = self.minus if number < 0 else "+" if self.plus and number else ""
        if sign == "()":
            return f"{self.prefix}({digits}){self.suffix}" if self.inner else f"({self.prefix}{digits}{self.suffix})"
        if sign == "x-":
            return f"{self.prefix}{digits}-{self.suffix}"
        return (self.prefix + sign if self.inner else sign + self.prefix) + digits + self.suffix

    def _grouped(self, whole: str) -> str:
        if not self.group or len(whole) < 4:
            return whole
        head, tail = whole[:-3], whole[-3:]
        size = 2 if self.lakh else 3
        head = head.rjust(-(-len(head) // size) * size)
        parts = [head[at : at + size].strip() for at in range(0, len(head), size)]
        return self.group.join([*parts, tail])

    @property
    def decorated(self) -> bool:
        """Whether a text of this format differs from what a programming language writes."""
        return bool(self.prefix or self.suffix or self.group or self.plus or self.minus != "-" or self.decimal != ".")


def infer(texts: Mapping[str, int] | Iterable[str]) -> NumberFormat | None:
    """Return the format of the numbers among the texts (with their counts), None where there is no number."""
    counts = Counter(texts)
    found = [(match, n) for text, n in counts.items() if (match := NUMBER_PATTERN.fullmatch(text.strip()))]
    if not found:
        return None
    marks = [((m["prefix"] or "", m["suffix"] or ""), n) for m, n in found]
    money = [(mark, n) for mark, n in marks if re.fullmatch(CURRENCY, "".join(mark).strip())]
    priced = sum(n for _, n in money) >= LEAST_PRICED_SHARE * sum(counts.values())
    prefix, suffix = _commonest(money if money and priced else marks)
    kept = [(m, n) for m, n in found if ((m["prefix"] or ""), (m["suffix"] or "")) == (prefix, suffix)]
    trials = [NumberFormat(prefix, suffix, group, decimal) for group, decimal in SEPARATORS]
    best = max(trials, key=lambda trial: sum(n for m, n in kept if trial._body.fullmatch(m["body"])))
    kept = [(m, n) for m, n in kept if best._body.fullmatch(m["body"])]
    if (best.group, best.decimal) == ("", ".") and _are_thousands({m["body"] for m, _ in kept}):
        best = replace(best, group=".", decimal=",")
    zeros = [counts[text] for text in ("0", f"{prefix}0{suffix}")]
    return replace(_styled(best, kept), bare_zero=bool(prefix + suffix) and zeros[0] > zeros[1]) if kept else None


def _are_thousands(bodies: Iterable[str]) -> bool:
    """Whether points part thousands: all that have one are above a thousand by it, and all others below; decimals that
    are left out where they are 0 would not all be three or none.
    """
    pointed = [body for body in bodies if "." in body]
    whole = [body for body in bodies if "." not in body]
    return (
        bool(pointed and whole)
        and all(re.fullmatch(r"[1-9]\d{0,2}\.\d{3}", b) for b in pointed)
        and all(len(body) <= 3 for body in whole)
    )


def stated(example: str) -> NumberFormat | None:
    """Return the format in which STATED_NUMBER, or its whole part, is written as `example`; None for another text."""
    found = infer([example])
    number = found.parse(example) if found else None
    return found if number is not None and abs(number) in (STATED_NUMBER, int(STATED_NUMBER)) else None


def _commonest(pairs: Iterable[tuple[Value, int]]) -> Value:
    totals: Counter[Value] = Counter()
    for value, n in pairs:
        totals[value] += n
    return totals.most_common(1)[0][0]


def _styled(format: NumberFormat, found: list[tuple[re.Match, int]]) -> NumberFormat:
    """Return the format with the signs and decimals that most of its texts have."""
    bodies = [body for m, _ in found if (body := format._body.fullmatch(m["body"]))]
    places = {len(body["fraction"] or "") for body in bodies}
    wholes = [body["whole"] or "" for body in bodies]
    signs = [(style, n) for m, n in found if (style := _minus(m))]
    positive = sum(n for m, n in found if not _minus(m) and m["body"].strip("0.,"))
    plus = sum(n for m, n in found if "+" in ((m["sign"] or "") + (m["inner"] or "")))
    return NumberFormat(
        format.prefix,
        format.suffix,
        format.group if any(format.group and format.group in whole for whole in wholes) else "",
        format.decimal if places != {0} or format.decimal == "." else "," if format.group == "." else ".",
        min(places - {0}, default=0),
        0 in places,
        _commonest(signs) if signs else "-",
        plus > positive / 2,
        any(m["inner"] or m["within"] for m, _ in found),
        any(
            re.match(rf"\d{{1,2}}({re.escape(format.group)}\d\d)+{re.escape(format.group)}\d{{3}}$", w)
            for w in wholes
            if format.group
        ),
    )


def _minus(found: re.Match) -> str:
    """Return the style of a negative number's sign, empty for a positive number."""
    if found["open"] or found["within"]:
        return "()"
    sign = (found["sign"] or found["inner"] or "").replace("+", "")
    return "x-" if found["trailing"] else sign
