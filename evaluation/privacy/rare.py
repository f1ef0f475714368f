"""Rare people: values that one real row alone has and that stand in the release."""

from __future__ import annotations

from launderette.evaluation.copies import rare_values as rare
from launderette.evaluation.measures import intervals
from launderette.evaluation.samples import Samples
from launderette.evaluation.scores import Reason, Score, unknown


def rare_values(samples: Samples, *, seed: int = 0) -> Score:
    """Share of rare values that stand in one training row and otherwise in released rows alone, or of training rows
    that alone share something with released rows; in [0, 1], lower better.

    Rare: in two to twenty rows of all tables together. Values looked at: labels and texts (case and punctuation aside),
    numbers and dates that name somebody (these in more rows too), each alone and in two columns together, combinations
    of `score.quasi_identifiers`, and the 50 rows at either end of each column of numbers. What a training row may share
    with released rows and with no other real row: of texts, identifiers and whole numbers that name somebody, words,
    pairs and triples of words, runs of eight characters (also in another column, or of a code that anybody knows, such
    as Base64), all characters but one, the places of equal ones, the closest likeness to a released text, digits to
    which one amount was added, and numbers that a released text tells; combinations of two to five values of columns
    whose values repeat; ratios of two numbers, sums of some and their last digits. `detail` has each count, of training
    and of holdout rows, beside what chance allows where rows may change places; the value is that furthest beyond it.
    Cost: a sort per column, pair and combination of up to twenty columns, and up to 5,000 texts of each table, 3,000
    released ones beside all of them.
    """
    counts = rare.counted(samples)
    if not counts:
        return unknown(Reason.NO_RARE_CATEGORY, "no value is had by few rows", "lower")
    worst = max(counts, key=lambda count: (count.hits - count.allowed) / max(1, count.of))
    return Score(
        worst.hits / worst.of,
        *intervals.clopper_pearson(worst.hits, worst.of),
        worst.expected / worst.of,
        0.0,
        "lower",
        {"values": worst.of, "counts": [count.detail() for count in counts]},
        worst.sentence(),
    )
