"""Two samples: can a classifier, or the place of the rows, tell synthetic rows from real ones?"""

from __future__ import annotations

from typing import Any

import numpy as np

from launderette.evaluation import divided
from launderette.evaluation.measures import neighbours, supports
from launderette.evaluation.measures.detection import detect
from launderette.evaluation.models import learners
from launderette.evaluation.samples import Samples
from launderette.evaluation.scores import Reason, Score, unknown
from launderette.evaluation.unseen import unseen

DETECTION_ROWS = 8000
LOGISTIC_ROWS = 4000
SUPPORT_ROWS = 20_000


def detection(samples: Samples, *, seed: int = 0) -> Score:
    """1 - (2 max(AUC, 0.5) - 1) of boosted trees telling synthetic rows from rows that were not trained on, in
    [0, 1], higher better.

    Classifier two-sample test (Lopez-Paz and Oquab 2017), 3 folds of whole entities. `detail` adds how much more it is
    against as many training rows: memory of these. Under 20 holdout rows, all that were held out in any division are
    compared with what was drawn for it. Cost: three fits per table compared.
    """

    def build(samples: Samples) -> Any:
        return learners.trees(samples, samples.known, seed)

    def read(samples: Samples, role: str, rows: np.ndarray) -> np.ndarray:
        return learners.features(samples, samples.table(role).iloc[rows], samples.known)

    found = detect(samples, build, read, DETECTION_ROWS, seed, trees=True)
    if found.reason == Reason.TOO_FEW_ROWS and samples.repeats:
        found = detect(divided.joined(samples), build, read, DETECTION_ROWS, seed, trees=True)
    return found


def detection_logistic(samples: Samples, *, seed: int = 0) -> Score:
    """As `detection`, by logistic regression on encoded rows: it sees single columns only, so it is the easier test."""

    def read(samples: Samples, role: str, rows: np.ndarray) -> np.ndarray:
        return neighbours.points(samples, role, rows).numpy()

    return detect(samples, lambda _: learners.logistic(seed), read, LOGISTIC_ROWS, seed, trees=False)


def alpha_precision(samples: Samples, *, seed: int = 0) -> Score:
    """Whether synthetic rows lie as deep in the real distribution as real ones, in [0, 1], higher better.

    1 - 2 * integral over alpha of |share of synthetic rows among the innermost alpha of the real rows - alpha|
    (Alaa et al. 2022, on encoded rows); real ones were not trained on. Low where a generator draws only typical rows,
    or many unlikely ones. Cost: one distance per row.
    """
    samples = unseen(samples, seed)
    if not samples.known:
        return unknown(Reason.NO_VALUES, "no column has a value to compare")
    if min(samples.size("train"), samples.size("synthetic")) < 20:
        return unknown(Reason.TOO_FEW_ROWS, "depth needs 20 rows of each table")
    train = samples.rows("train", SUPPORT_ROWS, seed)
    if supports.flat(samples, train):
        return unknown(Reason.EQUALLY_DEEP, "all real rows are equally deep")
    ends = {
        name: supports.integrated(supports.precise(samples, role, samples.rows(role, SUPPORT_ROWS, seed), train), seed)
        for name, role in samples.roles().items()
    }
    return Score(
        *ends["value"],
        _first(ends.get("ceiling")),
        ends["floor"][0],
        "higher",
        {"rows": len(train)},
        f"Up to {SUPPORT_ROWS:,} rows of each table.",
    )


def _first(ends: tuple | None) -> float | None:
    return None if ends is None else ends[0]
