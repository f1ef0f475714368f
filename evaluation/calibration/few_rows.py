"""Tables so small that chance hides a leak: copies beside few held-out rows, and rows learnt by heart."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np

from launderette.evaluation.calibration import changes
from launderette.evaluation.calibration.population import Case

Rng = np.random.Generator


def _small(case: Case, train: int, held: int, released: int) -> Case:
    return replace(case, train=case.train.head(train), holdout=case.holdout.head(held)).released(
        case.synthetic.head(released)
    )


def _copied(held: int, share: float, case: Case, rng: Rng) -> Case:
    few = _small(case, len(case.train), held, len(case.synthetic))
    return changes.planted(few, changes.memorised(few, share, rng), rng)


def overfit_to_300_rows(case: Case, rng: Rng) -> Case:
    """A model that knows 300 rows by heart: each released row is one of them, a third of the values exchanged."""
    few = _small(case, 300, 75, 300)
    return few.released(changes.exchanged(changes.memorised(few, 1.0, rng), list(few.train), 0.33, rng))


def near_copies_of_150_rows(case: Case, rng: Rng) -> Case:
    """Training rows of a table of 150, numbers moved by up to 2 %, beside 40 held out."""
    few = _small(case, 150, 40, 150)
    return few.released(changes.jittered(changes.memorised(few, 1.0, rng), changes.numbers(few), 0.02, rng))


def fifth_of_200_rows_copied(case: Case, rng: Rng) -> Case:
    """A fifth of the released rows of a table of 200 are copies, beside 50 held out."""
    few = _small(case, 200, 50, 200)
    return changes.planted(few, changes.memorised(few, 0.2, rng), rng)


FEW_ROWS_COPIED = {  # rows of the holdout, share of the released rows that are copies
    "holdout_of_20_fifth_copied": (20, 0.18),
    "holdout_of_50_twelfth_copied": (50, 0.08),
    "holdout_of_100_twentyfifth_copied": (100, 0.04),
}
VARIANTS = {name: partial(_copied, *how) for name, how in FEW_ROWS_COPIED.items()}
