"""What the owner asked for: what sample.weights or sample.constraints change on purpose is no flaw, so the released
rows are compared with real rows in the same shares, and with those that keep the same constraints. Privacy is judged on
all rows: whom the data give away does not depend on either.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from launderette.evaluation.report import Report
from launderette.generators.training import randomness
from launderette.pipelines.config.rules import PRIVACY
from launderette.pipelines.run.artifacts import LaunderError

Scored = Callable[[list[str]], Report]  # of the metrics of these names
NOTE = "Compared with real rows in the shares of sample.weights."
KEPT = "Compared with the real rows that keep sample.constraints."


def rows_in(shares: Sequence[tuple[np.ndarray, float]], seed: int, side: str) -> np.ndarray:
    """Return the numbers of as many rows as there are in the shares asked for, each of the rows where a mask [rows] is
    true; LaunderError where a share has no row.
    """
    asked = [(np.flatnonzero(mask), share) for mask, share in shares if share > 0]
    if not all(len(rows) for rows, _ in asked):
        raise LaunderError(
            f"expected {side} rows with every value of sample.weights to compare with, found none with one of them; "
            "ask for values that the data hold"
        )
    most = min(len(rows) / share for rows, share in asked)
    stream = randomness.generator(seed, "shares", side)
    return np.sort(np.concatenate([stream.permutation(rows)[: max(1, round(most * share))] for rows, share in asked]))


def of_label(labels: Any, where: Mapping[str, Any]) -> np.ndarray:
    """Return the numbers of the images of the label that sample.where asks for; LaunderError where there is none."""
    rows = np.flatnonzero(np.isin(np.asarray(labels).astype(str), [str(value) for value in where.values()]))
    if not len(rows):
        raise LaunderError(
            "expected training and held-out images of the label under sample.where to compare with, found none on one "
            "side; ask for a label of more images"
        )
    return rows


def judged(names: Sequence[str], whole: Scored, alike: Scored, note: str = NOTE) -> Report:
    """Return the scores of these names: those about privacy of all rows, the others of real rows as asked for, and
    said to be.
    """
    private = [name for name in names if name.startswith(PRIVACY)]
    every, some = whole(private), alike([name for name in names if name not in private])
    said = {name: replace(score, note=f"{score.note} {note}".strip()) for name, score in some.scores.items()}
    scores = every.scores | said
    return replace(every, scores={name: scores[name] for name in names}, charts=some.charts)
