"""Rules that every training row obeys and that would not hold by chance: orders between numbers, labels or few
numbers that decide others.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import permutations

import numpy as np

from launderette.evaluation import chance
from launderette.evaluation.chance import Loss
from launderette.evaluation.measures.once import once
from launderette.evaluation.samples import Samples

Rule = tuple[str, str, str]  # kind, first column, second column

RULE_ROWS = 50_000
RULE_LABELS = 40  # label columns compared with one another at most
RULE_NUMBERS = 60
LISTED = 50  # different numbers of a column, each of which may decide a label or be decided by one; more where
ROWS_PER_NUMBER = 20  # rows share a number on average, as those of a postal code do
LEAST_BREAKING_ROWS = 20  # shuffled rows, or 1 % of them, have to break a rule for it to say anything


@once
def find(samples: Samples, seed: int) -> dict[str, Rule]:
    """Rules by their text; found on up to RULE_ROWS training rows."""
    rows, loose = (samples.rows(role, RULE_ROWS, seed) for role in ("train", "shuffled"))
    enough = max(LEAST_BREAKING_ROWS, 0.01 * len(loose))
    found = {}
    for rule in _candidates(samples):
        if _contradicted(samples, rule, rows) or broken(samples, rule, "train", rows).any():
            continue
        if broken(samples, rule, "shuffled", loose).sum() >= enough:
            found[_text(rule)] = rule
    return found


def _candidates(samples: Samples) -> Iterator[Rule]:
    numbers = [c for c in samples.known if samples.is_number(c)][:RULE_NUMBERS]
    labels = [c for c in samples.known if 1 < _levels(samples, c) <= _most_levels(samples, c)]
    for one, two in permutations(numbers, 2):
        if samples.kinds[one] == samples.kinds[two]:
            yield "at most", one, two
    for one, two in permutations(labels[:RULE_LABELS], 2):
        yield "decides", one, two


def losses(samples: Samples, role: str, found: Mapping[str, Rule], tried: int, seed: int) -> list[Loss]:
    """Share of the rows of a role that break each rule; of so many rules tried, one may hold in training by chance."""
    rows = samples.rows(role, RULE_ROWS, seed)
    return [
        Loss(
            text,
            float(broken(samples, rule, role, rows).mean()),
            chance.most(0, witnesses(samples, rule, seed), len(rows), tried),
        )
        for text, rule in found.items()
    ]


def witnesses(samples: Samples, rule: Rule, seed: int) -> int:
    """Training rows that could have broken a rule: those with both values, whose label others have too."""
    kind, one, two = rule
    rows = samples.rows("train", RULE_ROWS, seed)
    a, b = (_codes(samples, c, "train", rows) if kind != "at most" else _known(samples, c, rows) for c in (one, two))
    counts = np.bincount(a[(a >= 0) & (b >= 0)])
    return int(counts.sum() if kind == "at most" else counts[counts > 1].sum())


def candidates(samples: Samples) -> int:
    """Number of rules that were tried."""
    return sum(1 for _ in _candidates(samples))


def _known(samples: Samples, column: str, rows: np.ndarray) -> np.ndarray:
    return np.where(samples.is_present(column, samples.table("train")[column].to_numpy()[rows]), 0, -1)


def _most_levels(samples: Samples, column: str) -> float:
    """Most levels of a column that may decide another: any number of labels, few numbers."""
    return max(LISTED, samples.size("train") / ROWS_PER_NUMBER) if samples.is_number(column) else np.inf


def _levels(samples: Samples, column: str) -> int:
    return len(_listed(samples, column)) if samples.is_number(column) else len(samples.labels[column])


@once
def _listed(samples: Samples, column: str) -> np.ndarray:
    """The different numbers of a column in training."""
    return np.unique(samples.table("train")[column].dropna().to_numpy())


def _codes(samples: Samples, column: str, role: str, rows: np.ndarray | slice = slice(None)) -> np.ndarray:
    """Codes of labels, or of the numbers that training rows hold, in some rows; -1 where missing or unknown."""
    values = samples.table(role)[column].to_numpy()[rows]
    if not samples.is_number(column):
        return values
    place = np.clip(np.searchsorted(_listed(samples, column), values), 0, _levels(samples, column) - 1)
    return np.where(_listed(samples, column)[place] == values, place, -1)


def _text(rule: Rule) -> str:
    kind, one, two = rule
    return f"{one} is at most {two}" if kind == "at most" else f"{one} decides {two}"


def broken(samples: Samples, rule: Rule, role: str, rows: np.ndarray) -> np.ndarray:
    """Rows that break a rule; a missing value breaks none, nor does a label that the training rows lack."""
    kind, one, two = rule
    if kind != "at most":
        return _otherwise(_decided(samples, one, two), *(_codes(samples, c, role, rows) for c in (one, two)))
    a, b = (samples.table(role)[c].to_numpy()[rows] for c in (one, two))
    with np.errstate(over="ignore"):
        return a * samples.units[one] > b * samples.units[two]


@once
def _decided(samples: Samples, one: str, two: str) -> np.ndarray:
    a, b = (_codes(samples, c, "train") for c in (one, two))
    return _by_rows(a, b, _levels(samples, one))


def _contradicted(samples: Samples, rule: Rule, rows: np.ndarray) -> bool:
    """Whether some training rows contradict each other in what decides what: most rules end here, before all rows are
    looked at.
    """
    kind, one, two = rule
    if kind == "at most":
        return False
    a, b = (_codes(samples, c, "train", rows) for c in (one, two))
    return bool(_otherwise(_by_rows(a, b, _levels(samples, one)), a, b).any())


def _by_rows(a: np.ndarray, b: np.ndarray, levels: int) -> np.ndarray:
    """The code b that each code a, of so many levels, goes with in rows, -1 for none; the last entry is for missing."""
    known = (a >= 0) & (b >= 0)
    decided = np.full(levels + 1, -1)
    decided[a[known]] = b[known]
    return decided


def _otherwise(decided: np.ndarray, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    usual = decided[a]
    return (usual >= 0) & (b >= 0) & (usual != b)
