"""One date or time <-> its text: every directive of strptime, and those that it lacks.

Beyond strptime: `%-d` without padding (also m, H, I), `%3f` a fraction of that many digits, `%:z` +01:00, `%-z` +01,
`%P` am and pm, `Q%q` a quarter, `%s` seconds since 1970, `%s%3f` milliseconds, `%s%6f` microseconds; a month or week
without a day is its first. `%d.%m.%Y|%d.%m.%Y %H:%M` are two formats: a text is read in the first that fits, a moment
written in the first that keeps all of it.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from functools import lru_cache
from itertools import compress
from zoneinfo import ZoneInfo

import numpy as np

from launderette.generators.errors import GeneratorError

EPOCH = datetime(1970, 1, 1)
MICROSECOND = timedelta(microseconds=1)
EPOCH_UNITS = {"%s": 1_000_000, "%s%3f": 1_000, "%s%6f": 1}  # microseconds per unit
DIRECTIVE = re.compile(r"%(?:-?[A-Za-z%]|:z|\df)")
SPELLINGS = {"%P": "%p", "%:z": "%z", "%-z": "%z", "%q": "%m"}  # how strptime reads what it does not know
ENGLISH = (
    "January February March April May June July August September October November December",
    "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec",
)
MONTHS = {  # language -> full and short names
    "de": (
        "Januar Februar März April Mai Juni Juli August September Oktober November Dezember",
        "Jan Feb Mär Apr Mai Jun Jul Aug Sep Okt Nov Dez",
    ),
    "fr": (
        "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
        "janv févr mars avr mai juin juil août sept oct nov déc",
    ),
    "es": (
        "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
        "ene feb mar abr may jun jul ago sep oct nov dic",
    ),
    "it": (
        "gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre",
        "gen feb mar apr mag giu lug ago set ott nov dic",
    ),
    "pt": (
        "janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro",
        "jan fev mar abr mai jun jul ago set out nov dez",
    ),
    "nl": (
        "januari februari maart april mei juni juli augustus september oktober november december",
        "jan feb mrt apr mei jun jul aug sep okt nov dec",
    ),
}
WEEKDAYS = {  # language -> full names from Monday on, and short ones where they are no short names of months too
    "de": ("Montag Dienstag Mittwoch Donnerstag Freitag Samstag Sonntag", "Mo Di Mi Do Fr Sa So"),
    "fr": ("lundi mardi mercredi jeudi vendredi samedi dimanche", "lun mar mer jeu ven sam dim"),
    "es": ("lunes martes miércoles jueves viernes sábado domingo", ""),
    "it": ("lunedì martedì mercoledì giovedì venerdì sabato domenica", ""),
    "pt": ("segunda terça quarta quinta sexta sábado domingo", ""),
    "nl": ("maandag dinsdag woensdag donderdag vrijdag zaterdag zondag", "ma di wo do vr za zo"),
}
ENGLISH_WEEKDAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday", "Mon Tue Wed Thu Fri Sat Sun"
BETWEEN_FORMATS = "|"
MOMENT_PARTS = "YmdHMSf"  # directives of the numbers that a moment is made of
EARLIEST, LATEST = (1, 1, 1, 0, 0, 0, 0), (9999, 12, 31, 23, 59, 59, 999_999)
FRACTION_DIGITS = 6  # digits of a fraction of a second
UNSAID = (1900, 1, 1, 0, 0, 0, 0)  # what strptime takes for what a format leaves out


def read(text: str, format: str, language: str = "") -> datetime:
    """Return the moment that a text stands for, in UTC and without a zone; ValueError where it is not in the format."""
    first, more, others = format.partition(BETWEEN_FORMATS)
    if not more:
        return _read(text, format, language)
    try:
        return _read(text, first, language)
    except ValueError:
        return read(text, others, language)


def _read(text: str, format: str, language: str) -> datetime:
    if format in EPOCH_UNITS:
        return EPOCH + timedelta(microseconds=int(text) * EPOCH_UNITS[format])
    text, (plain, ending) = _english(text.strip(), language), _plain(format)
    if "%q" in format:
        text = re.sub(r"Q([1-4])", lambda m: f"Q{3 * int(m[1]) - 2:02d}", text)
    if "%-z" in format:
        text = re.sub(r"([+-]\d\d)$", r"\g<1>00", text)
    if "%f" in plain:
        text, plain = _fraction(text, plain)
    moment = datetime.strptime(text + ending, plain)
    return moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment


def _fraction(text: str, plain: str) -> tuple[str, str]:
    """Cut a fraction to the six digits that strptime reads; drop the directive where a text has none, as pandas
    writes whole seconds.
    """
    mark = plain[plain.index("%f") - 1]
    if not re.search(rf"{re.escape(mark)}\d+(?!.*:\d\d:)", text.rpartition(":")[2] if "%z" not in plain else text):
        return text, plain.replace(f"{mark}%f", "")
    return re.sub(rf"({re.escape(mark)}\d{{6}})\d+", r"\1", text), plain


@lru_cache(maxsize=256)
def _plain(format: str) -> tuple[str, str]:
    """Return the format in strptime's own directives, and the weekday to add to a text whose week has none."""
    plain = DIRECTIVE.sub(lambda m: SPELLINGS.get(m[0], re.sub(r"^%(-|\d)", "%", m[0])), format)
    found = set(DIRECTIVE.findall(plain))
    if not found & {"%U", "%W", "%V"} or found & {"%a", "%A", "%w", "%u"}:
        return plain, ""
    return plain + " %u", " 1"


@dataclass(frozen=True)
class Digits:
    """A format of numbers alone, such as %Y-%m-%d %H:%M, all of whose texts are read and written at once."""

    pattern: re.Pattern  # of the texts that leave strptime no choice
    places: tuple[int, ...]  # of the text's numbers, among MOMENT_PARTS
    unit: int  # microseconds of a fraction's last digit
    template: str

    def read(self, texts: Iterable[str]) -> dict[str, int]:
        """Return the microseconds since 1970 of the texts that are read as strptime would read them; the others are
        left to it.
        """
        found = [match for text in texts if (match := self.pattern.fullmatch(text))]
        numbers = np.tile(np.array(UNSAID), (len(found), 1))
        if found:
            numbers[:, self.places] = [[*map(int, match.groups())] for match in found]
        numbers[:, -1] *= self.unit
        ticks, known = _ticks(numbers)
        return {match[0]: tick for match, tick in zip(compress(found, known), ticks[known].tolist(), strict=True)}

    def write(self, ticks: np.ndarray) -> list[str]:
        """Return the texts of moments in microseconds since 1970 (int64 [n]), of the years 1 to 9999."""
        moments = ticks.astype("datetime64[us]")
        years, months, days = (moments.astype(f"datetime64[{unit}]") for unit in "YMD")
        date = years.astype("int64") + 1970, months.astype("int64") % 12 + 1, (days - months).astype("int64") + 1
        clock = ((ticks // 10**6 // size) % most for size, most in ((3600, 24), (60, 60), (1, 60)))
        numbers = np.stack([*date, *clock, ticks % 10**6 // self.unit], axis=1)
        return [self.template % tuple(row) for row in numbers[:, self.places].tolist()]


def _ticks(numbers: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the microseconds since 1970 of moments as MOMENT_PARTS (int64 [n, 7]), and which there are: bool [n]."""
    year, month, day, *clock, fraction = numbers.T
    start, end = (((year - 1970) * 12 + month + k).astype("datetime64[M]").astype("datetime64[D]") for k in (-1, 0))
    known = ((numbers >= EARLIEST) & (numbers <= LATEST)).all(axis=1)
    known &= day <= (end - start).astype("int64")
    seconds = (start.astype("int64") + day - 1) * 86_400 + clock[0] * 3600 + clock[1] * 60 + clock[2]
    return seconds * 10**6 + fraction, known


@lru_cache(maxsize=256)
def digits_of(format: str) -> Digits | None:
    """Return how texts of a format of numbers alone are read and written, None for one that says more, a number twice,
    or several formats.
    """
    if "z" in format or BETWEEN_FORMATS in format:
        return None
    directives, between = DIRECTIVE.findall(format), DIRECTIVE.split(format)
    fractions = [int(one[1:-1] or FRACTION_DIGITS) for one in directives if one[-1] == "f"]
    places = tuple(MOMENT_PARTS.find(one[-1]) for one in directives)
    if not places or -1 in places or len(set(places)) < len(places) or max(fractions, default=0) > FRACTION_DIGITS:
        return None
    fields = [*map(_field, directives), ("", "")]
    pattern = "".join(re.escape(text) + one for text, (one, _) in zip(between, fields, strict=True))
    template = "".join(text.replace("%", "%%") + one for text, (_, one) in zip(between, fields, strict=True))
    return Digits(re.compile(pattern, re.ASCII), places, 10 ** (FRACTION_DIGITS - sum(fractions or [6])), template)


def _field(directive: str) -> tuple[str, str]:
    """Return the pattern and the template of a number; without padding it ends where no digit follows."""
    if directive[1] == "-":
        return r"(\d\d?)(?!\d)", "%d"
    if directive[-1] == "f":
        digits = int(directive[1:-1] or FRACTION_DIGITS)
        return rf"(?<=[.,])(\d{{{digits}}})", f"%0{digits}d"
    digits = 4 if directive == "%Y" else 2
    return rf"(\d{{{digits}}})", f"%0{digits}d"


def write(moment: datetime, format: str, offset: str = "", language: str = "") -> str:
    """Return the text of a moment in UTC; `offset` (such as +01:00, or a zone's name for %Z) is the zone to write
    it in.
    """
    *earlier, last = format.split(BETWEEN_FORMATS)
    for form in earlier:
        text = _write(moment, form, offset, language)
        if _read(text, form, language) == moment:
            return text
    return _write(moment, last, offset, language)


def _write(moment: datetime, format: str, offset: str, language: str) -> str:
    if format in EPOCH_UNITS:
        return str((moment - EPOCH) // MICROSECOND // EPOCH_UNITS[format])
    ahead = ahead_of_utc(offset, moment) if "z" in format or "%Z" in format else timedelta()
    moment, offset = moment + ahead, _digits(ahead) if "/" in offset else offset
    return DIRECTIVE.sub(lambda m: _directive(m[0], moment, offset or "+00:00", language), format)


def _directive(directive: str, moment: datetime, offset: str, language: str) -> str:
    match directive:
        case "%Y":  # strftime of the C library writes year 33 without zeros
            return f"{moment.year:04d}"
        case "%q":
            return str((moment.month + 2) // 3)
        case "%P":
            return moment.strftime("%p").lower()
        case "%z":
            return offset.replace(":", "")
        case "%:z":
            return offset
        case "%-z":
            return offset[:3]
        case "%Z":
            return offset if offset.isalpha() else "UTC"
        case "%B" | "%b" if language:
            return MONTHS[language][directive == "%b"].split()[moment.month - 1]
        case "%A" | "%a" if names := WEEKDAYS.get(language, ("", ""))[directive == "%a"].split():
            return names[moment.weekday()]
    if directive[1].isdigit():
        return f"{moment.microsecond:06d}".ljust(9, "0")[: int(directive[1])]
    return moment.strftime(directive)


def ahead_of_utc(offset: str, moment: datetime) -> timedelta:
    """Return how far the clocks of an offset (+01:00), or of a place's zone (Europe/Berlin), are ahead at a moment
    in UTC.
    """
    if "/" not in offset:
        return zone_of(offset).utcoffset(None)
    return moment.replace(tzinfo=UTC).astimezone(ZoneInfo(offset)).utcoffset() or timedelta()


def _digits(ahead: timedelta) -> str:
    minutes = abs(ahead) // timedelta(minutes=1)
    return f"{'-' if ahead < timedelta() else '+'}{minutes // 60:02d}:{minutes % 60:02d}"


def zone_of(offset: str) -> timezone:
    """Return the zone of an offset such as +01:00; UTC for a name or nothing."""
    found = re.fullmatch(r"([+-])(\d\d):?(\d\d)?", offset)
    if not found:
        return UTC
    minutes = int(found[2]) * 60 + int(found[3] or 0)
    return timezone(timedelta(minutes=-minutes if found[1] == "-" else minutes))


def _english(text: str, language: str) -> str:
    """Write a language's names of months and weekdays in English, the longest name first."""
    return _names(language)[0].sub(lambda m: _names(language)[1][m[0].casefold()], text) if language else text


@lru_cache(maxsize=16)
def _names(language: str) -> tuple[re.Pattern, dict[str, str]]:
    pairs = [*zip(WEEKDAYS[language], ENGLISH_WEEKDAYS, strict=True), *zip(MONTHS[language], ENGLISH, strict=True)]
    names = {
        name.casefold(): other
        for own, english in pairs[::-1]
        for name, other in zip(own.split(), english.split(), strict=False)
    }
    longest = sorted(names, key=len, reverse=True)
    return re.compile(rf"\b(?:{'|'.join(longest)})\b", re.IGNORECASE), names


def check(format: str, language: str = "") -> None:
    """Raise ValueError in one sentence for a format that no date can be written in and read again, or an unknown
    language.
    """
    if language and language not in MONTHS:
        raise GeneratorError(f"expected a language among {', '.join(sorted(MONTHS))}, found {language!r}")
    moment = datetime(2020, 1, 1)
    try:
        read(write(moment, format, language=language), format, language)
    except (ValueError, re.error):
        raise GeneratorError(
            f"expected a format of strptime's directives such as %d.%m.%Y, found {format!r}; correct it"
        ) from None
    if not DIRECTIVE.search(format.replace("%%", "")):
        raise GeneratorError(
            f"expected a format of strptime's directives such as %d.%m.%Y, found {format!r}, which has none"
        )
