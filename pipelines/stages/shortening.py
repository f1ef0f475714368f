"""Rare labels that begin alike: E11.9 and E11.2 become E11* where enough rows have such a code, Town 17 becomes Town
1*.

A label is cut between words or inside a word with digits, never inside a word of letters, where the beginning would
mean nothing; nor is a version inside one of its numbers, or anywhere what only a program reads. The longest beginning
that at least `rare` owners share is kept, so that it says no more of anybody than a common label does.
"""

import re

import pandas as pd

LONGEST_BEGINNING = 60  # characters of a beginning
# a word of letters, or a character of a code or between words
CUT = re.compile(r"(?<![^\W_])[^\W\d_]+(?![^\W_])|[^\W_]|[\W_]")
WRITTEN_VERSION = re.compile(r"[vV]?\d+(?:\.\d+){2,}(?:[-+.]?[^\W_]+)*")  # 1.10.2, v2.0.0-rc1
WITHIN_VERSION = re.compile(r"[vV]?\d+\.|[^\W_]+|[\W_]")
MARKUP = re.compile(r"\s*[\[{<].*[\]}>]\s*", re.DOTALL)  # of JSON and XML, half of which says nothing


def shorten(labels: pd.Series, owners: pd.Series, rare: int) -> pd.Series:
    """Return the beginning that stands for each of the rare labels, missing where no beginning is common enough."""
    texts = labels[labels.map(lambda label: isinstance(label, str))]
    cuts = {label: _beginnings(label) for label in texts.unique()}
    found = pd.Series(None, index=labels.index, dtype="object")
    for length in range(max((max(own, default=0) for own in cuts.values()), default=0), 0, -1):
        left = texts[found[texts.index].isna()]
        begun = left.map({label: own.get(length) for label, own in cuts.items()}).dropna()
        if len(begun) >= rare:
            holders = owners[begun.index].groupby(begun).nunique()
            kept = begun[begun.isin(holders.index[holders >= rare])]
            found[kept.index] = kept + "*"
    return found


def _beginnings(label: str) -> dict[int, str]:
    """Return the beginnings of a label by their lengths, without the separators at their ends but one space."""
    if MARKUP.fullmatch(label):
        return {}
    cut = WITHIN_VERSION if WRITTEN_VERSION.fullmatch(label) else CUT
    ends = [match.end() for match in cut.finditer(label)][:-1]
    trimmed = {
        re.sub(r"[\W_]+$", "", label[:end]) + " " * label[:end].endswith(" ")
        for end in ends
        if end <= LONGEST_BEGINNING
    }
    return {len(text): text for text in trimmed if text.strip()}
