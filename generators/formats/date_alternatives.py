"""Several formats in one column of dates: what one person wrote as 2024-05-03 and another as 3.5.2024, days beside
timestamps, months beside days.

They become one format whose parts are tried in turn (date_format.py), the coarsest first, so that a midnight is written
as a day; of those equally fine the commonest first, which is the one that is written.
"""

import re
from collections.abc import Mapping

from launderette.generators.formats.date_format import BETWEEN_FORMATS, DIRECTIVE
from launderette.generators.formats.date_inference import DateFormat, infer

MOST_FORMATS = 4
LEAST_FORMAT_ROWS, LEAST_FORMAT_SHARE = 5, 0.01  # of a column's rows, that a format has which is not the first
FINENESS = ("Yy", "qmbB", "UWV", "dj", "HI", "M", "S", "f")  # the letters of directives, from coarse to fine


def infer_all(texts: Mapping[str, int]) -> DateFormat | None:
    """Return the format that reads most of the texts (with their counts), with those that read the rest of them after
    it; None where none reads any.
    """
    left, formats = sorted(texts, key=lambda text: (-texts[text], text)), list[DateFormat]()
    while left and len(formats) < MOST_FORMATS and (date := infer(left)):
        read = date.reads_among(left)
        rows = sum(texts[text] for text in read)
        if formats and (
            rows < max(LEAST_FORMAT_ROWS, LEAST_FORMAT_SHARE * sum(texts.values())) or not _beside(date, formats)
        ):
            break
        formats.append(date)
        left = [text for text in left if text not in read]
    return _joined(formats) if formats else None


def _beside(date: DateFormat, formats: list[DateFormat]) -> bool:
    """Tell whether a format can stand beside others: in their language and zone, and none of them with days and months
    exchanged, where nobody knows which is meant.
    """
    languages, zones = ({getattr(one, what) for one in [*formats, date]} - {""} for what in ("language", "offset"))
    shapes = [re.sub(r"%-?[dmy]", "%d", one.format) for one in [*formats, date]]
    return len(languages) <= 1 and len(zones) <= 1 and len(set(shapes)) == len(shapes)


def _joined(formats: list[DateFormat]) -> DateFormat:
    ordered = sorted(formats, key=lambda date: _fineness(date.format))
    joined = BETWEEN_FORMATS.join(date.format for date in ordered)
    zones, languages = ([getattr(date, what) for date in formats] for what in ("offset", "language"))
    return DateFormat(joined, next(filter(None, zones), ""), next(filter(None, languages), ""))


def _fineness(format: str) -> int:
    letters = {directive[-1] for directive in DIRECTIVE.findall(format)}
    return max((place for place, same in enumerate(FINENESS) if letters & set(same)), default=0)


def unwritten(format: str) -> list[str]:
    """Return those of a format's alternatives that nothing is written in, as fine as one before them."""
    forms = format.split(BETWEEN_FORMATS)
    return [form for place, form in enumerate(forms) if _fineness(form) in map(_fineness, forms[:place])]
