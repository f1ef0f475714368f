"""From noisy counts to consistent ones: never negative, of one total, with equal margins where tables meet."""

import numpy as np

FITTING_ROUNDS = 50  # of proportional fitting
LEAST_DIVISOR = 1e-12


def onto_simplex(x: np.ndarray, total: float) -> np.ndarray:
    """Return the non-negative array of this total that is nearest to x (Duchi et al. 2008)."""
    order = np.sort(x, axis=None)[::-1]
    excess = np.cumsum(order) - total
    last = np.flatnonzero(order * np.arange(1, order.size + 1) > excess)[-1]
    return np.maximum(x - excess[last] / (last + 1), 0)


def merged(estimates: list[tuple[np.ndarray, np.ndarray | float]]) -> tuple[np.ndarray, np.ndarray]:
    """Return the mean of estimates of the same numbers, weighted by their inverse variances, and its variance."""
    weights = [1 / np.maximum(np.broadcast_to(v, x.shape), LEAST_DIVISOR) for x, v in estimates]
    whole = sum(weights)
    return sum(w * x for w, (x, _) in zip(weights, estimates, strict=True)) / whole, 1 / whole


def consistent(table: np.ndarray, rows: np.ndarray, columns: np.ndarray, prior: float) -> np.ndarray:
    """Return the table [A, B] with margins rows [A] and columns [B] of one total, none below 0.

    `prior` rows of independent columns are mixed in, so that what the margins allow stays possible.
    """
    (a, b), total = table.shape, rows.sum()
    spread = (rows - table.sum(1))[:, None] / b + (columns - table.sum(0)) / a - (total - table.sum()) / (a * b)
    found = onto_simplex(table + spread, total) + prior * np.outer(rows, columns) / total**2
    return with_margins(found, rows, columns)


def with_margins(table: np.ndarray, rows: np.ndarray, columns: np.ndarray, rounds: int = FITTING_ROUNDS) -> np.ndarray:
    """Return tables [..., A, B] fitted to margins rows [..., A] and columns [..., B] of one total in turn (Deming and
    Stephan 1940).
    """
    for _ in range(rounds):
        table = table * (rows / np.maximum(np.add.reduce(table, -1), LEAST_DIVISOR))[..., None]
        table *= (columns / np.maximum(np.add.reduce(table, -2), LEAST_DIVISOR))[..., None, :]
    return table
