"""Pairs that say what others say: of two columns of which one tells the other, such as a code and its name, the pairs
of both with a third one hold nearly the same.
"""

import heapq
from collections import defaultdict
from collections.abc import Mapping

import numpy as np

from launderette.generators.marginals.graphs import Edge


def discounted(gains: Mapping[Edge, float], joint: Mapping[Edge, np.ndarray]) -> dict[Edge, float]:
    """Return what pairs of columns gain that gain something, the best first, each beyond those before it: where the
    table of a and b is known, and a tells a share of b, the pair (a, x) takes that share off the gain of (b, x).

    `joint` holds the known tables, [A, B] rows by pair.
    """
    told, found = _told(joint), {}
    left = {edge: gain for edge, gain in gains.items() if gain > 0}
    queue = [(-gain, edge) for edge, gain in left.items()]  # also of gains as they were, which are passed over
    heapq.heapify(queue)
    while queue:
        gain, edge = heapq.heappop(queue)
        if edge in found or -gain != left[edge]:
            continue
        found[edge] = -gain
        for a, x in (edge, edge[::-1]):
            for b, share in told[a].items():
                pair = min(b, x), max(b, x)
                if pair in left and pair not in found:
                    left[pair] *= 1 - share
                    heapq.heappush(queue, (-left[pair], pair))
    return found


def _told(joint: Mapping[Edge, np.ndarray]) -> defaultdict[int, dict[int, float]]:
    """Return by column a which share, 0 to 1, of the entropy of each other column b it tells, of known tables."""
    found: defaultdict[int, dict[int, float]] = defaultdict(dict)
    for (a, b), table in joint.items():
        both, own, other = _entropy(table), _entropy(table.sum(1)), _entropy(table.sum(0))
        shared = max(0.0, own + other - both)
        found[a][b], found[b][a] = (min(1.0, shared / one) if one > 0 else 0.0 for one in (other, own))
    return found


def _entropy(rows: np.ndarray) -> float:
    """Return the entropy, in nats, of rows in cells."""
    p = rows[rows > 0] / rows.sum()
    return float(-(p * np.log(p)).sum())
