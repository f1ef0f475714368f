"""Exact copies: released rows equal to training or holdout rows, beside how often real rows equal each other."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from launderette.evaluation.copies import exchange
from launderette.evaluation.copies.exchange import Count

SIDES = "training", "holdout"


def counted(
    train: np.ndarray, holdout: np.ndarray | None, synthetic: np.ndarray, repeats: Sequence[Sequence[np.ndarray]] = ()
) -> list[Count]:
    """Count released rows equal to rows of each real table: to any of them, and to those that no other real row
    equals.

    Arguments are one hash per row. Of N real rows, a share f of them in the table, a fresh row equals one of the table
    as often as a real row does one of the others there: on average 1 - (1 - f)^(c - 1), where c rows are equal. It
    equals a row that stands alone as often as rows stand in twos: f times that (Good 1953). Of `repeats`, further
    divisions into training and holdout rows and what was drawn for each, it is known how often a drawn row equals one
    that was not learnt.
    """
    tables = [train] if holdout is None or not len(holdout) else [train, holdout]
    rows, place, times = np.unique(np.concatenate(tables), return_inverse=True, return_counts=True)
    usual, found = times[place], _found(rows, synthetic)
    unlearnt = np.array([_unlearnt(*parts) for parts in repeats], np.int64).reshape(-1, 3).sum(0)
    counts = []
    for side, table in zip(SIDES, tables, strict=False):
        f, there = len(table) / len(usual), np.isin(rows, table)
        words = f"released rows are identical to {side} rows"
        for equal, hits, like, more in (
            (unlearnt[0], there[found], 1 - (1 - f) ** (usual - 1), ""),
            (unlearnt[1], there[found] & (times[found] == 1), f * (usual == 2), " that no other real row equals"),
        ):
            tests = 2 * len(tables)
            counts.append(
                exchange.as_real_rows(
                    words + more,
                    int(hits.sum()),
                    len(synthetic),
                    float(like.sum()),
                    len(usual),
                    tests,
                    (int(equal), unlearnt[2] / len(table)),
                )
            )
    return counts


def _unlearnt(train: np.ndarray, holdout: np.ndarray, drawn: np.ndarray) -> tuple[int, int, int]:
    """Drawn rows equal to a held-out row, to one that no other real row equals, and pairs of both that are compared."""
    rows, times = np.unique(np.concatenate([train, holdout]), return_counts=True)
    found = _found(rows, drawn)
    held = np.isin(rows, holdout)[found]
    return int(held.sum()), int((held & (times[found] == 1)).sum()), len(drawn) * len(holdout)


def _found(rows: np.ndarray, synthetic: np.ndarray) -> np.ndarray:
    """The number of the real row that each released row equals, of those that equal one: int64 [copies]."""
    at = np.minimum(np.searchsorted(rows, synthetic), len(rows) - 1)
    return at[rows[at] == synthetic]
