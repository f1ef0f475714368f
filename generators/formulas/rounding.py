"""How results are rounded to the grid of the column that they are in."""

from typing import Literal

import numpy as np

# halves away from zero, halves to even, always down, to the nearest of the steps that the column's values lie in, or
# away and to an end of the range, if enough rows share it, where that is passed
Rounding = Literal["away", "even", "down", "steps", "ends"]
ROUNDING_SLACK = 1e-9  # relative, of a sum or product of floats: so near to a half it is one
MOST_SLACK = 0.1  # of a tick: of seconds since 1970 the relative one is more than a whole tick


def rounded(ticks: np.ndarray, rounding: Rounding) -> np.ndarray:
    """Round numbers of ticks to whole ones; what floats leave of a half, or of a whole number, is taken for one."""
    slack = np.minimum(ROUNDING_SLACK * np.maximum(1, np.abs(ticks)), MOST_SLACK)
    if rounding == "down":
        return np.floor(ticks + slack)
    if rounding in ("away", "ends"):
        return np.sign(ticks) * np.floor(np.abs(ticks) + 0.5 + slack)
    half = np.abs(ticks - np.floor(ticks) - 0.5) <= slack
    return np.rint(np.where(half, np.floor(ticks) + 0.5, ticks))
