"""The format in which a column's texts or integers are dates: candidates are built from the texts' own shape, the
best one is kept.
"""

import re
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise, product

from launderette.generators.formats.date_format import (
    BETWEEN_FORMATS,
    ENGLISH,
    ENGLISH_WEEKDAYS,
    MONTHS,
    WEEKDAYS,
    digits_of,
    read,
    write,
)

SUGGESTING_TEXTS = 24  # texts that suggest formats
COMPARED_TEXTS = 400  # texts that formats are compared on
CLOCK_PATTERN = re.compile(
    r"(?<!\d)(?P<hour>\d{1,2}):\d\d(?P<second>:\d\d)?(?P<fraction>(?<=:\d\d:\d\d)[.,]\d{1,9})?"
    r"(?P<half>\s?[AaPp][Mm])?(?P<zone>\s?(?:Z|(?:UTC|GMT)?[+-]\d\d(?::?\d\d)?|UTC|GMT))?(?![\d:])"
)
CLOCK_PLACE = "\0"  # stands for the time of day where the rest of a text is read
FILLING_WORDS = ("de", "of", "um", "at", "om", "uhr", "kl")
TOKEN = re.compile(r"\d+|[^\W\d_]+\.?|[^\w]+|_")
FIELDS = {
    "%Y": "year",
    "%y": "year",
    "%m": "month",
    "%b": "month",
    "%B": "month",
    "%d": "day",
    "%a": "weekday",
    "%A": "weekday",
}
UNSEPARATED_FORMATS = [  # shapes that no separator cuts
    (re.compile(r"\d{8}"), "%Y%m%d"),
    (re.compile(r"\d{14}"), "%Y%m%d%H%M%S"),
    (re.compile(r"\d{8}T\d{6}"), "%Y%m%dT%H%M%S"),
    (re.compile(r"\d{8}T\d{6}Z"), "%Y%m%dT%H%M%SZ"),
    (re.compile(r"\d{4}-?W\d\d"), "%G-W%V"),
    (re.compile(r"\d{4}-?W\d\d-\d"), "%G-W%V-%u"),
    (re.compile(r"(\d{4})([ -]?)Q[1-4]"), r"%Y\2Q%q"),
    (re.compile(r"Q[1-4]([ /-]?)(\d{4})"), r"Q%q\1%Y"),
]
WEEK_NAME = r"(?:KW|CW|[Ww]k|[Ww]eek|[Ww]oche)[ .]?"
WEEK_FORMATS = [  # a week with its name before it
    (re.compile(rf"({WEEK_NAME})\d\d?([ ./,-]{{1,2}})\d{{4}}"), r"\1%V\2%G"),
    (re.compile(rf"\d{{4}}([ ./-]?)({WEEK_NAME})\d\d?"), r"%G\1\2%V"),
]
TIMESTAMP_NAME = re.compile(
    r"(^|_)(time|date|at|on|ts|stamp|timestamp|epoch|unix|created|updated|modified|seen|when|dt)(_|$)"
)
EPOCH_SECONDS = (10**8, 4_102_444_800)  # of epoch times: 1973 to 2100
SUMMER_CLOCKS = (  # a place for each way to set clocks forward and back
    *("Europe/Berlin", "Europe/London", "Europe/Athens", "America/New_York", "America/Chicago", "America/Denver"),
    *("America/Los_Angeles", "America/Halifax", "America/Anchorage", "America/St_Johns", "America/Sao_Paulo"),
    *("America/Santiago", "America/Mexico_City", "Australia/Sydney", "Australia/Adelaide", "Pacific/Auckland"),
    *("Asia/Jerusalem", "Africa/Cairo", "Europe/Chisinau", "Asia/Beirut", "America/Asuncion"),
)
LEAST_MONTHS = 6  # fewer distinct numbers such as 202003 may be anything
FORMATS_BY_DIGITS = {6: "%Y%m", 8: "%Y%m%d", 12: "%Y%m%d%H%M", 14: "%Y%m%d%H%M%S"}  # of dates written as integers


@dataclass(frozen=True)
class DateFormat:
    """A format, the zone's offset or name that it is written with, and the language of its months (empty for
    English).
    """

    format: str
    offset: str = ""
    language: str = ""

    def reads(self, text: str) -> datetime | None:
        """Return the moment of a text, None where it is not in the format."""
        try:
            moment = read(text, self.format, self.language)
            write(moment, self.format, self.offset, self.language)
        except (ValueError, OverflowError):
            return None
        return moment

    def reads_among(self, texts: Collection[str]) -> set[str]:
        """Return which of the texts are in the format."""
        digits = digits_of(self.format)
        known = set(digits.read(texts)) if digits else set()
        return known | {text for text in texts if text not in known and self.reads(text) is not None}

    def same(self, text: str) -> bool:
        """Tell whether the text is what would be written for its moment."""
        moment = self.reads(text)
        return moment is not None and write(moment, self.format, self.offset, self.language) == text


def infer(texts: Sequence[str]) -> DateFormat | None:
    """Return the format that reads most of the texts, of those the one that writes most of them back; None where
    none reads any.
    """
    step = max(1, len(texts) // COMPARED_TEXTS)
    judged = [text.strip() for text in texts[::step]][:COMPARED_TEXTS]
    found: dict[DateFormat, None] = {}
    for text in judged[:: max(1, len(judged) // SUGGESTING_TEXTS)][:SUGGESTING_TEXTS]:
        found |= dict.fromkeys(candidates(text))
    readable = {date: date.reads_among(judged) for date in found}
    counted = {date: sum(text in among for text in judged) for date, among in readable.items()}
    best = max(counted.values(), default=0)
    readers = [date for date, count in counted.items() if count == best]
    if not best:
        return None
    return max((zoned(date, judged) for date in readers), key=lambda date: sum(map(date.same, judged)))


def zoned(date: DateFormat, texts: Sequence[str]) -> DateFormat:
    """Return the date's format with the offset of the texts; of several, with the zone whose clocks they all follow,
    else with the commonest.
    """
    if "z" not in date.format and "%Z" not in date.format:
        return date
    ends = offsets(texts, date.format)
    if len(ends) > 1 and (place := _place_of(texts, date)):
        return DateFormat(date.format, place, date.language)
    offset = max(ends, key=lambda end: (ends[end], end), default="+00:00")
    digits = re.sub(r"^([+-]\d\d)$", r"\1:00", re.sub(r"^([+-]\d\d)(\d\d)$", r"\1:\2", offset))
    return DateFormat(date.format, digits, date.language)


def _place_of(texts: Sequence[str], date: DateFormat) -> str:
    """Return the zone by whose clocks all texts are written, summer time included; "" for none."""
    written = [(moment, text.strip()) for text in texts if (moment := date.reads(text)) is not None]
    return next(
        (
            place
            for place in SUMMER_CLOCKS
            if all(write(moment, date.format, place, date.language) == text for moment, text in written)
        ),
        "",
    )


def offsets(texts: Iterable[str], format: str) -> Counter[str]:
    """Return the offsets and names of zones that texts of a format are written with, and how many have each."""
    if "z" not in format and "%Z" not in format:
        return Counter()
    found = (re.search(r"(Z|UTC|GMT|[+-]\d\d(:?\d\d)?)(?=$| \d{4}$)", text.strip()) for text in texts)
    return Counter(match[0] for match in found if match)


def candidates(text: str) -> list[DateFormat]:
    """List the formats that a text may be in, the likelier first."""
    for shape, format in UNSEPARATED_FORMATS:
        if found := shape.fullmatch(text):
            format = (
                found.expand(format).replace("-W", "W") if "-W" not in text and "W" in format else found.expand(format)
            )
            return [DateFormat(format)]
    for shape, format in WEEK_FORMATS:
        if found := shape.fullmatch(text):
            return [DateFormat(form) for form in (found.expand(format), found.expand(format).replace("%V", "%-V"))]
    clocks = list(CLOCK_PATTERN.finditer(text))
    if not clocks:
        return [DateFormat(date, language=language) for date, language in _dates(text)]
    return next((timed for clock in reversed(clocks) if (timed := _timed(text, clock))), [])


def _timed(text: str, clock: re.Match) -> list[DateFormat]:
    """List the formats of a text whose time of day is `clock`."""
    around = f"{text[: clock.start()]}{CLOCK_PLACE}{text[clock.end() :]}"
    if re.fullmatch(rf"{CLOCK_PLACE}(\s[Uu]hr)?", around):
        dates = [(around, "")]
    else:
        day, iso = re.subn(rf"(?<=\d)T{CLOCK_PLACE}$", f" {CLOCK_PLACE}", around)
        dates = [(re.sub(rf" {CLOCK_PLACE}$", f"T{CLOCK_PLACE}", date) if iso else date, x) for date, x in _dates(day)]
    return [DateFormat(date.replace(CLOCK_PLACE, end), language=x) for date, x in dates for end in _clocks(clock)]


def _clocks(found: re.Match) -> list[str]:
    """List the formats of a time of day, padded and not."""
    half, zone = found["half"] or "", (found["zone"] or "").strip()
    hour = "I" if half else "H"
    fraction = found["fraction"] or ""
    written = ":%M" + ":%S" * bool(found["second"]) + (f"{fraction[0]}%{len(fraction) - 1}f" if fraction else "")
    written += half[:-2] + ("" if not half else "%P" if half.strip().islower() else "%p")
    written += " " * bool(zone and found["zone"][0] == " ") + _zone(zone)
    return [f"%{hour}{written}", f"%-{hour}{written}"]


def _zone(zone: str) -> str:
    if zone in ("", "Z"):
        return zone
    if zone[:3] in ("UTC", "GMT") and zone[3:]:
        return zone[:3] + _zone(zone[3:])
    return "%Z" if zone.isalpha() else "%:z" if ":" in zone else "%z" if len(zone) == 5 else "%-z"


def _dates(text: str) -> list[tuple[str, str]]:
    """List the formats and languages of a calendar date or month by the runs of digits and letters that it is made
    of.
    """
    tokens = TOKEN.findall(text)
    if len(tokens) > 11:
        return []
    languages = ["", *MONTHS] if any(c.isalpha() for c in text) else [""]
    found = []
    for language in languages:
        for fields in product(*(_fields(token, language) for token in tokens)):
            if _calendar(fields) and _usual(fields):
                found += [(_joined(fields, pad), language) for pad in ("", "-")]
    # year, month, day is the usual order
    return sorted(found, key=lambda date: bool(re.match(r"%[Yy]\W*%-?d", date[0])))


def _joined(fields: tuple[str, ...], pad: str) -> str:
    return "".join(field.replace("%", f"%{pad}") if field in ("%d", "%m") else field for field in fields)


def _fields(token: str, language: str) -> list[str]:
    if token.isdigit():
        return {1: ["%d", "%m"], 2: ["%d", "%m", "%y"], 4: ["%Y"]}.get(len(token), [])
    if not token[0].isalpha():
        return [] if BETWEEN_FORMATS in token else [token.replace("%", "%%")]
    full, short = (names.casefold().split() for names in (MONTHS[language] if language else ENGLISH))
    name, dot = token.rstrip(".").casefold(), "." * token.endswith(".")
    months = ["%b" + dot] * (name in short) + ["%B" + dot] * (name in full)
    days = zip(("%A", "%a"), WEEKDAYS[language] if language else ENGLISH_WEEKDAYS, strict=True)
    weekdays = [code + dot for code, names in days if name in names.casefold().split()]
    return months + weekdays + ([token] if name in FILLING_WORDS else [])


def _calendar(fields: tuple[str, ...]) -> bool:
    """Tell whether fields name a date, or a month with enough beside it that nobody takes it for another pair of
    numbers.
    """
    codes = [field.rstrip(".") for field in fields if field.rstrip(".") in FIELDS]
    named = [FIELDS[code] for code in codes]
    if len(set(named)) < len(named) or not {"year", "month"} <= set(named):
        return False
    month_alone = "day" not in named and "weekday" not in named
    return not month_alone or "%Y" in codes or bool({"%b", "%B"} & set(codes))


def _usual(fields: tuple[str, ...]) -> bool:
    """Tell whether numbers stand as dates do, not as the terms of a school year, 2023/24-1: the year before or after
    both others, and alike separators after a year.
    """
    places = [k for k, field in enumerate(fields) if field in ("%Y", "%y", "%m", "%d")]
    years = [n for n, k in enumerate(places) if fields[k] in ("%Y", "%y")]
    if len(places) < 3 or years == [2]:
        return True
    between = {"".join(fields[one + 1 : other]).strip() for one, other in pairwise(places)}
    return years == [0] and len(between) == 1


def infer_integers(name: str, values: Sequence[int]) -> str | None:
    """Return the format of distinct integers that are dates: YYYYMM and longer by their digits, epoch times by name
    and range.
    """
    if len(values) < 2 or min(values) < 1:
        return None
    low, high = min(values), max(values)
    format = FORMATS_BY_DIGITS.get(len(str(high))) if len(str(low)) == len(str(high)) else None
    if (
        format
        and int(str(low)[:4]) >= 1900
        and int(str(high)[:4]) <= 2100
        and all(DateFormat(format).same(str(v)) for v in values)
    ):
        return format if format != "%Y%m" or len(values) >= LEAST_MONTHS else None
    words = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", str(name)).lower().replace(" ", "_").replace("-", "_")
    if not TIMESTAMP_NAME.search(words):
        return None
    scales = {"%s": 1, "%s%3f": 1_000, "%s%6f": 1_000_000}
    return next(
        (f for f, scale in scales.items() if EPOCH_SECONDS[0] * scale <= low and high <= EPOCH_SECONDS[1] * scale), None
    )
