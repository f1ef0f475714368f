"""Numbers of people's papers and cars that have no check digits, told by how they are written.

Every form has letters or separators that other codes seldom have all alike, and its values differ at most places: the
codes of one thing begin alike, and have letters that plates leave out.
"""

import re
from collections.abc import Sequence

LEAST_WRITTEN = 0.95  # share of the values that are written so
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
LEAST_SHAPES = 4  # of plates whose parts have no fixed length


def written(texts: Sequence[str]) -> tuple[float, str]:
    """Return the share of distinct texts that are written as numbers of one kind of papers, and which; 0 for none."""
    for what, form in {**PAPERS, **PLATES}.items():
        held = [text for text in texts if re.fullmatch(form, text)]
        if len(held) >= LEAST_WRITTEN * len(texts) and _varies(held) and (what in PAPERS or _is_of_cars(held, form)):
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
