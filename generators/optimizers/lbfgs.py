"""L-BFGS (Nocedal 1980, doi:10.1090/S0025-5718-1980-0572855-7) for smooth convex functions, in float64."""

from collections import deque
from collections.abc import Callable

import torch
from torch import Tensor

REMEMBERED = 10  # of steps and gradients that are remembered
ENOUGH = 1e-4  # of the decrease that the slope promises, before a step is taken (Armijo)
LEAST_PART = 0.1  # of a step that was too long, which is tried next
LEAST_GRADIENT = 1e-7  # largest of a gradient, at which a descent ends
MOST_TRIES = 20  # for the length of a step

Objective = Callable[[Tensor], tuple[float, Tensor]]  # x [...] -> the value and its gradient [...]


def minimised(f: Objective, x: Tensor, most_steps: int, least_gain: float) -> Tensor:
    """Descend from x to where a step gains less than so much, or so many steps have been taken."""
    pairs: deque[tuple[Tensor, Tensor, float]] = deque(maxlen=REMEMBERED)
    value, gradient = f(x)
    for _ in range(most_steps):
        if float(gradient.abs().max()) <= LEAST_GRADIENT:
            break
        change, lower, slopes = _step(f, x, value, gradient, _direction(gradient, pairs))
        gain, turned = value - lower, slopes - gradient
        if (bend := _dot(change, turned)) > 0:
            pairs.append((change, turned, bend))
        x, value, gradient = x + change, lower, slopes
        if gain < least_gain:
            break
    return x


def _direction(gradient: Tensor, pairs: deque[tuple[Tensor, Tensor, float]]) -> Tensor:
    """Return minus the gradient by the inverse Hessian that the pairs tell of."""
    q, weights = -gradient, []
    for change, turned, bend in reversed(pairs):
        weights.append(_dot(change, q) / bend)
        q = q.sub(turned, alpha=weights[-1])
    if pairs:
        _, turned, bend = pairs[-1]
        q = q * (bend / _dot(turned, turned))
    for (change, turned, bend), weight in zip(pairs, reversed(weights), strict=True):
        q = q + (weight - _dot(turned, q) / bend) * change
    return q


def _step(f: Objective, x: Tensor, value: float, gradient: Tensor, direction: Tensor) -> tuple[Tensor, float, Tensor]:
    """Return a change along the direction that lowers the loss enough, with value and gradient there: none where no
    length does.
    """
    slope, length = _dot(gradient, direction), 1.0
    for _ in range(MOST_TRIES):
        found, slopes = f(x + length * direction)
        if found <= value + ENOUGH * length * slope:
            return length * direction, found, slopes
        bottom = -slope * length / (2 * (found - value - length * slope))  # of the parabola, as part of the length
        length *= max(LEAST_PART, bottom) if bottom == bottom else LEAST_PART
    return torch.zeros_like(x), value, gradient


def _dot(a: Tensor, b: Tensor) -> float:
    return float(torch.dot(a.flatten(), b.flatten()))
