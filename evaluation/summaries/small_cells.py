"""Small cells: whatever a public report shows of training rows stands for none of them or for at least LEAST_CELL_ROWS.

The threshold rule of statistical disclosure control (Hundepool et al. 2012), with what is left over beside shown cells
held to it too: a total less the cells shown would give it away.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

LEAST_CELL_ROWS = 20


def is_small(count: int) -> bool:
    """Whether a count may not be shown."""
    return 0 < count < LEAST_CELL_ROWS


def share(part: int, whole: int) -> float | None:
    """Part of a whole in [0, 1]; None where the part or the rest is small."""
    return None if is_small(part) or is_small(whole - part) else part / max(1, whole)


def shown(count: int) -> int | str:
    """The count, or words where it is small."""
    return f"fewer than {LEAST_CELL_ROWS}" if is_small(count) else int(count)


def grouped(counts: Sequence[int] | np.ndarray) -> list[np.ndarray]:
    """Positions in groups of LEAST_CELL_ROWS or more: alone where a count is no less, all others together, with the
    least of those where they are few.

    Groups are in order of their first position; there is none where all counts together are fewer. Zeros go with the
    others.
    """
    cells = np.asarray(counts)
    order = np.argsort(cells, kind="stable")
    running = np.cumsum(cells[order])
    pooled = int((cells < LEAST_CELL_ROWS).sum())
    if pooled and running[pooled - 1] and running[pooled - 1] < LEAST_CELL_ROWS:
        pooled = int(np.searchsorted(running, LEAST_CELL_ROWS)) + 1
    if pooled > len(counts):
        return []
    groups = [
        *([np.sort(order[:pooled])] if pooled and running[pooled - 1] else []),
        *(np.array([i]) for i in order[pooled:]),
    ]
    return sorted(groups, key=lambda group: group[0])


def runs(counts: Sequence[int] | np.ndarray) -> list[int]:
    """Where runs of neighbouring cells begin, so that each holds LEAST_CELL_ROWS or more; none where all are fewer."""
    starts, total, begin = [], 0, 0
    for at, count in enumerate(counts):
        total += int(count)
        if total >= LEAST_CELL_ROWS:
            starts.append(begin)
            total, begin = 0, at + 1
    return starts  # cells after the last full run belong to it
