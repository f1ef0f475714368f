"""Exact copies: released rows equal to training or holdout rows, beside how often real rows equal each other."""

from __future__ import annotations

import numpy as np

from launderette.evaluation.copies import exchange
from launderette.evaluation.copies.exchange import Count

SIDES = "training", "holdout"


def counted(train: np.ndarray, holdout: np.ndarray | None, synthetic: np.ndarray) -> list[Count]:
    """Count released rows equal to rows of each real table: to any of them, and to those that no other real row
    equals.

    Arguments are one hash per row. Of N real rows, a share f of them in the table, a fresh row equals one of the table
    as often as a real row does one of the others there: on average 1 - (1 - f)^(c - 1), where c rows are equal. It
    equals a row that stands alone as often as rows stand in twos: f times that (Good 1953).
    """
    tables = [train] if holdout is None or not len(holdout) else [train, holdout]
    rows, place, repeats = np.unique(np.concatenate(tables), return_inverse=True, return_counts=True)
    usual, found = repeats[place], _found(rows, synthetic)
    counts = []
    for side, table in zip(SIDES, tables, strict=False):
        f, there = len(table) / len(usual), np.isin(rows, table)
        words = f"released rows are identical to {side} rows"
        for hits, like, more in (
            (there[found], 1 - (1 - f) ** (usual - 1), ""),
            (there[found] & (repeats[found] == 1), f * (usual == 2), " that no other real row equals"),
        ):
            tests = 2 * len(tables)
            counts.append(
                exchange.as_real_rows(
                    words + more, int(hits.sum()), len(synthetic), float(like.sum()), len(usual), tests
                )
            )
    return counts


def _found(rows: np.ndarray, synthetic: np.ndarray) -> np.ndarray:
    """The number of the real row that each released row equals, of those that equal one: int64 [copies]."""
    at = np.minimum(np.searchsorted(rows, synthetic), len(rows) - 1)
    return at[rows[at] == synthetic]
