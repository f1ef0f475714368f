"""Real texts under a code that anybody knows, which no key protects: digests, Base64, letters turned round."""

from __future__ import annotations

import codecs
import re
from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from launderette.evaluation.copies.letters import RUN, Letters
from launderette.evaluation.copies.rare_counts import Sharing, sharing
from launderette.evaluation.measures import reuse

SIGNS = re.compile(r"[\W_]+")
ENDS = RUN, 2 * RUN  # characters at either end of a code by which it is known
LONGEST_CODED = 80  # characters of a text that is looked for under codes


def known_codes(texts: Mapping[str, Sequence[str]], letters: Mapping[str, Letters], sizes: np.ndarray) -> list[Sharing]:
    """Count real rows whose text of a column stands in released rows, of whichever column, under a code: by its first
    or last eight or sixteen characters.
    """
    real, found = int(sizes[:2].sum()), []
    released = [_released(column, real) for column in letters.values()]
    told, where = (np.concatenate(parts) for parts in zip(*released, strict=True)) if released else ((), ())
    for column, written in texts.items():
        codes, rows = _coded(written[:real])
        hit = np.isin(told, codes)
        every = np.concatenate([codes, told[hit]]), np.concatenate([rows, where[hit]])
        found.append(sharing(f"{column} under a code that anybody knows, such as a digest,", *every, sizes))
    return found


def coded_forms(text: str) -> Iterator[str]:
    """A text in each code, as it is and in small letters without spaces around it; small letters and digits alone."""
    yield from reuse.digests(text)
    for written in dict.fromkeys((text, text.strip().casefold())):
        raw = written.encode(errors="replace")
        yield raw.hex()
        yield _plain(b64encode(raw).decode())
    yield _plain(text)[::-1]
    yield codecs.encode(_plain(text), "rot13")


def _plain(text: str) -> str:
    return SIGNS.sub("", text.casefold())


def _released(column: Letters, real: int) -> tuple[np.ndarray, np.ndarray]:
    """All runs of so many characters of released rows, and the rows that they stand in."""
    runs, rows = (np.concatenate(parts) for parts in zip(*map(column.runs, ENDS), strict=True))
    return runs[rows >= real], rows[rows >= real]


def _coded(texts: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """The ends of all codes of some texts, and the rows of these."""
    forms = [list(coded_forms(text)) if 0 < len(text) <= LONGEST_CODED else [] for text in texts]
    rows = np.repeat(np.arange(len(texts)), [len(of) for of in forms])
    coded = Letters([form for of in forms for form in of])
    ends, which = (np.concatenate(parts) for parts in zip(*map(coded.ends_of, ENDS), strict=True))
    return ends, rows[which]
