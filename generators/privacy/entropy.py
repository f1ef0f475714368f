"""Chance from the operating system, in floating point: which units a step uses, and the noise on its gradients.

No seed leads to it: whoever could draw it again could take the noise away. A normal number is half the sum of four,
whose lowest bits tell nothing usable (Holohan and Braghin 2021, 2107.10138).
"""

import random

import numpy as np

NORMALS_SUMMED = 4
FLOAT_BITS = 53
SYSTEM = random.SystemRandom()  # all chance that privacy rests on, of whole numbers too; tests set another


class AnswersTold:
    """How many times this process has told something of private rows, with noise: who fails after it has spent it."""

    times = 0


def tell() -> None:
    """Count one answer, or one step of private descent."""
    AnswersTold.times += 1


def told() -> int:
    """Return how many there were so far."""
    return AnswersTold.times


def uniforms(count: int) -> np.ndarray:
    """Return numbers in (0, 1], float64 [count]."""
    bits = np.frombuffer(SYSTEM.randbytes(8 * count), dtype="<u8") >> np.uint64(64 - FLOAT_BITS)
    return (bits.astype("float64") + 1) / 2.0**FLOAT_BITS


def normals(count: int) -> np.ndarray:
    """Return standard normal numbers, float64 [count] (Box and Muller 1958)."""
    pairs = -(-count // 2) * NORMALS_SUMMED
    length, angle = np.sqrt(-2 * np.log(uniforms(pairs))), 2 * np.pi * uniforms(pairs)
    drawn = np.concatenate([length * np.cos(angle), length * np.sin(angle)])
    return drawn.reshape(NORMALS_SUMMED, -1).sum(0)[:count] / NORMALS_SUMMED**0.5


def chosen(count: int, rate: float) -> np.ndarray:
    """Return which of `count` units a step uses, each by itself with a probability of `rate`: bool [count]."""
    return uniforms(count) <= rate
