"""Sums and last digits of numbers that one real row alone has: amounts that were shifted among each other and whose sum
stayed, amounts drawn anew whose cents stayed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import combinations

import numpy as np

from launderette.evaluation.copies.rare_combinations import COMBINATIONS, RANKED_ROWS, repeated
from launderette.evaluation.copies.rare_counts import Column, Sharing, sharing

SUMMED_COLUMNS = 7  # those of the most different values
DISTINCT_SUMS = 0.5  # share of real rows that differ in a sum, or in last digits, which may name somebody
LAST_DIGITS = 100  # what remains of a number written without its point: its last two digits
EXACT_FLOATS = 2.0**53  # whole numbers below are exact


def sums(numbers: Mapping[str, Column], steps: Mapping[str, float], sizes: np.ndarray) -> list[Sharing]:
    """Count rows by the sums and differences of two numbers, the sums of three and of all, and the last two digits of
    two to four, that they alone have: by the few of either that released rows repeat most.

    `steps` are the least differences that the numbers, as they were given, are written with.
    """
    if not sizes[1] or not numbers:
        return []
    real = int(sizes[:2].sum())
    chosen = sorted(numbers, key=lambda name: -len(np.unique(numbers[name][:real])))[:SUMMED_COLUMNS]
    finest = min(steps[name] for name in chosen)
    whole = {name: np.round(numbers[name] / finest) for name in chosen}
    whole = {name: column for name, column in whole.items() if np.nanmax(np.abs(column)) < EXACT_FLOATS / len(chosen)}
    ends = {n: np.round(numbers[n] / steps[n]) % LAST_DIGITS for n in whole}
    return _told(dict(_sums(whole)), sizes) + _told(dict(_ends(ends)), sizes)


def _sums(whole: Mapping[str, Column]) -> Iterator[tuple[str, Column]]:
    """Sums and differences by what they are, in steps of the numbers."""
    for one, other in combinations(whole, 2):
        yield f"the sum of {one} and {other}", whole[one] + whole[other]
        yield f"the difference of {one} and {other}", whole[one] - whole[other]
    every = (tuple(whole),) if len(whole) > 3 else ()
    for names in (*combinations(whole, 3), *every):
        yield f"the sum of {', '.join(names[:-1])} and {names[-1]}", sum((whole[n] for n in names), np.zeros(1))


def _ends(ends: Mapping[str, Column]) -> Iterator[tuple[str, Column]]:
    """The last digits of several numbers as one number."""
    for length in (2, 3, 4):
        for names in combinations(ends, length):
            joined = sum((ends[n] * float(LAST_DIGITS) ** place for place, n in enumerate(names)), np.zeros(1))
            yield f"the last digits of {', '.join(names[:-1])} and {names[-1]}", joined


def _told(found: Mapping[str, Column], sizes: np.ndarray) -> list[Sharing]:
    """Those in which most real rows stand alone that released rows repeat, of such in which real rows differ."""
    real, some = int(sizes[:2].sum()), np.random.default_rng(0).permutation(int(sizes.sum()))[:RANKED_ROWS]
    ranked = {}
    for what, column in found.items():
        if len(np.unique(column[:real])) > DISTINCT_SUMS * real:
            rows = some[~np.isnan(column[some])]
            ranked[what] = repeated(column[rows], rows < real)
    counted = []
    for what in sorted(ranked, key=lambda what: -ranked[what])[:COMBINATIONS]:
        rows = np.flatnonzero(~np.isnan(found[what]))
        counted.append(sharing(what, found[what][rows], rows, sizes))
    return [one for one in counted if one.rows.any()]
