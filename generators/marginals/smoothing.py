"""Tables of pairs as they are in the population, from the counts of few rows.

A table of 20 x 20 groups of 500 rows is mostly cells of one row: taken for probabilities, they are the rows themselves.
So each count is discounted, and what is taken off is given back to the same groups of either column, in the shape of
the table of half as many groups, which is estimated likewise (absolute discounting and back-off; Ney, Essen and Kneser
1994, doi:10.1006/csla.1994.1001); some rows of that shape are mixed in. Large counts stay what they are, as do groups
that exclude each other. Discount and rows are those that make each row likeliest by all others (leave-one-out).
"""

import numpy as np

from launderette.generators.marginals.projection import LEAST_DIVISOR, with_margins

DISCOUNTS = np.array([0.0, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0])[:, None, None]  # rows taken off each count
MIXED_ROWS = np.append(0.0, 2.0 ** np.arange(-2, 21))  # of the shape of the coarser table
RETURNING_ROUNDS = 12  # of what was taken off to the margins that it came from


def smoothed(counts: np.ndarray) -> np.ndarray:
    """Return the table [A, B] of N rows that counts [A, B] of N rows, whole numbers, are taken to be a sample of."""
    N = counts.sum()
    if counts.size == 1 or N < 2:
        return counts
    shape, kept = _from_coarser(counts), np.maximum(counts - DISCOUNTS, 0)  # [discounts, A, B], as what is returned
    taken = counts - kept
    returned = with_margins(shape, taken.sum(2), taken.sum(1), RETURNING_ROUNDS)
    left = np.maximum(counts - 1 - DISCOUNTS, 0)  # for one of the rows of a cell
    likelihood = _log_likelihoods(counts, left + returned, shape)
    d, k = np.unravel_index(likelihood.argmax(), likelihood.shape)
    m = MIXED_ROWS[k]
    return (kept[d] + returned[d] + m * shape) * N / (N + m)


def _log_likelihoods(counts: np.ndarray, others: np.ndarray, shape: np.ndarray) -> np.ndarray:
    """Return that of rows [A, B] by what all others give to the cell of each, by discount [discounts, A, B], and
    MIXED_ROWS of the shape [A, B] add: [discounts, mixed].
    """
    seen = counts > 0
    mixed = others[:, None, seen] + MIXED_ROWS[:, None] * shape[seen]
    shares = mixed / (counts.sum() - 1 + MIXED_ROWS)[:, None]
    return np.log(np.maximum(shares, LEAST_DIVISOR)) @ counts[seen]


def _from_coarser(counts: np.ndarray) -> np.ndarray:
    """Return the shares [A, B] of cells by the table of neighbouring groups taken together, two by two, where columns
    are independent within these.
    """
    rows, columns = (_halving(n) for n in counts.shape)
    coarse = smoothed(rows.T @ counts @ columns)
    a, b = (_within(margin, two) for margin, two in ((counts.sum(1), rows), (counts.sum(0), columns)))
    return a @ coarse @ b.T / (counts.sum() or 1.0)


def _halving(n: int) -> np.ndarray:
    """Return which of half as many groups each of n groups lies in: 0 or 1, [n, (n + 1) // 2]."""
    return np.eye((n + 1) // 2).repeat(2, axis=0)[:n]


def _within(margin: np.ndarray, halving: np.ndarray) -> np.ndarray:
    """Return the share that each group [n] has of the one that it is taken into: [n, (n + 1) // 2]."""
    return halving * (margin / np.maximum(halving @ (halving.T @ margin), LEAST_DIVISOR))[:, None]
