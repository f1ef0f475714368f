"""Panels: tables of subjects such as states, each with a row a year, where no identifier names the subjects."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pandas as pd
import torch

from launderette.evaluation import chance, entities
from launderette.evaluation.entities import KEPT_BY_OWNERS, SHARED_BY_CHANCE
from launderette.evaluation.measures import neighbours
from launderette.evaluation.measures.neighbours import Group
from launderette.evaluation.measures.once import once
from launderette.evaluation.samples import Samples

PANEL_ROWS, NEIGHBOUR_ROWS = 5000, 1000  # training rows looked at
FEWEST_VALUES = 8  # of a column that names subjects or their times
ROWS_EACH = 3  # of a value of such a column, on average
LIKELY_TWICE = 20.0  # pairs of rows that would share both columns by chance, of which nearly none do in a panel
FOUND_TWICE = 0.05  # of them, at most: slips of whoever wrote the table down
KEPT_COLUMNS = 0.5  # of the other columns, which a subject without such times keeps
NEAREST_SHARE = 0.5  # of the rows have their nearest neighbour in their own subject


@once
def subject(samples: Samples) -> str | None:
    """The column whose values name the subjects of a panel; None where no column does, or an identifier names owners.

    Hardly any two training rows share both it and another column, such as the year, where many would by chance; or it
    decides half of the other columns, in all of which few rows agree. Rows of one subject lie nearest to each other.
    Cost: one count of rows per pair of columns of few values, one search of 1,000 x 1,000 rows.
    """
    if samples.entity is not None:
        return None
    table = samples.table("train").iloc[samples.rows("train", PANEL_ROWS, 0)]
    codes = {
        c: pd.factorize(table[c], use_na_sentinel=False)[0]
        for c in samples.known
        if samples.kinds.get(c) != "coordinate"
    }
    few = {c: own for c, own in codes.items() if FEWEST_VALUES <= own.max() + 1 <= len(table) / ROWS_EACH}
    crossed = {one for one, two in permutations(few, 2) if _is_key(few[one], few[two])}
    named = crossed | {c for c in few if _decides_most(few[c], [own for name, own in codes.items() if name != c])}
    together = {c: _nearest_share(samples, c) for c in samples.known if c in named}
    found = max(together, key=together.__getitem__, default=None)
    return found if found is not None and together[found] >= NEAREST_SHARE else None


def owners(samples: Samples, role: str) -> chance.Owners:
    """Whom the rows of `chance.real` belong to: what an identifier names, else the subjects of a panel."""
    named, column = chance.owners(samples, role), subject(samples)
    if named is not None or column is None:
        return named
    values = chance.real(samples, role)[column]
    return entities.owners_of(values.where(samples.is_present(column, values.to_numpy())))


def _is_key(one: np.ndarray, two: np.ndarray) -> bool:
    """Whether nearly no two rows share both codes, [rows] each, where many would if neither told of the other."""
    rows = len(one)
    likely = float(_pairs(one) * _pairs(two) / (rows * (rows - 1) / 2))
    return likely >= LIKELY_TWICE and _pairs(one * (int(two.max()) + 1) + two) <= FOUND_TWICE * likely


def _pairs(codes: np.ndarray) -> int:
    """Pairs of rows that share a code."""
    counts = np.unique(codes, return_counts=True)[1]
    return int((counts * (counts - 1) // 2).sum())


def _decides_most(own: np.ndarray, others: list[np.ndarray]) -> bool:
    """Whether rows of a code agree in half of the other columns, and few others do in all of these."""
    least = KEPT_BY_OWNERS * _pairs(own)
    kept = [codes for codes in others if _pairs(own * (int(codes.max()) + 1) + codes) >= least]
    if len(kept) < KEPT_COLUMNS * len(others):
        return False
    agreeing = _pairs(pd.DataFrame(dict(enumerate(kept))).groupby(list(range(len(kept)))).ngroup().to_numpy())
    return agreeing < SHARED_BY_CHANCE * len(own) * (len(own) - 1) / 2


def _nearest_share(samples: Samples, column: str) -> float:
    """Share of training rows whose nearest neighbour has their own value of a column."""
    rows = Group("train", samples.rows("train", NEIGHBOUR_ROWS, 0))
    nearest = neighbours.search(samples, rows, rows, 1)[1][:, 0]
    values = named(samples, column, "train", rows.rows)
    return float((values == values[nearest]).mean())


def named(samples: Samples, column: str, role: str, rows: np.ndarray) -> np.ndarray:
    """The subjects of rows of a role, as numbers that are equal between roles, NaN where missing: float64 [rows]."""
    values = samples.table(role)[column].to_numpy()[rows].astype(np.float64)
    return np.where(samples.is_present(column, values), values, np.nan)


def apart(samples: Samples, column: str, rows: Group, others: Group) -> np.ndarray:
    """Distances of rows to others, infinite to those of the same subject: float64 [rows, others]."""
    one, two = (neighbours.points(samples, *group).double() for group in (rows, others))
    found = torch.cdist(one, two, compute_mode="donot_use_mm_for_euclid_dist").numpy()
    own, theirs = (named(samples, column, *group) for group in (rows, others))
    return np.where(own[:, None] == theirs, np.inf, found)
