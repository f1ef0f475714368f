"""The worst class and subgroup: whose target is predicted worse by what synthetic rows teach?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy.stats import norm

from launderette.evaluation import chance
from launderette.evaluation.chance import Loss
from launderette.evaluation.measures import cells
from launderette.evaluation.measures.intervals import placements
from launderette.evaluation.samples import Samples
from launderette.evaluation.scores import Reason, Score
from launderette.evaluation.utility import prediction
from launderette.evaluation.utility.prediction import Guesses, Trained

LEAST_CLASS_ROWS = 30  # holdout rows of a class, and as many of the others, in a subgroup
KNOWN = 4  # standard errors beyond guessing, that models of real rows have to be for anything to be lost

Placements = tuple[np.ndarray, np.ndarray]  # of each row of a class, the share of the others it ranks above; vice versa


@dataclass(frozen=True, eq=False)
class WorstPart:
    """Holdout rows of a subgroup, those of them that are of a class, and the place of the class among the guesses."""

    name: str
    rows: np.ndarray  # int64 [rows]
    positive: np.ndarray  # bool [rows]
    kind: int


def worst(samples: Samples, *, seed: int = 0) -> Score:
    """How well models trained on synthetic rows still rank a class above the others: 1 - the share lost beyond chance,
    in the worst class or subgroup; in [0, 1], higher better.

    AUC less one half on holdout rows, of the models of `target`, divided by that of models trained on as many real
    rows. A class may be the upper half of a number; a subgroup (one label or one eighth of a number) holds 30 rows of
    the class and 30 others. Chance: the error of both areas (DeLong et al. 1988), times what two real tables differ by
    beyond it. Cost: that of `target`, whose models are used.
    """
    if isinstance(trained := prediction.trained(samples, seed), Score):
        return trained
    parts = list(_parts(samples, trained))
    placed = {role: [_placements(part, guesses) for part in parts] for role, guesses in trained.guesses.items()}
    between = _between(placed["fewer"], placed["holdout"])

    def measure(role: str) -> list[Loss]:
        held = role == "holdout"
        sides = parts, placed[role], placed["fewer" if held else "train"]
        found = [lost for part in zip(*sides, strict=True) if (lost := _lost(*part)) is not None]
        # 1 / rows, as variances
        learnt = between if held else between * trained.rows["ceiling"] / trained.rows["value"]
        deviations = norm.isf(1 / (chance.ONCE_IN * max(1, len(found)))) * np.sqrt(1 + learnt)
        return [Loss(name, share, float(deviations * error)) for name, share, error in found]

    absent = (
        Reason.TOO_FEW_ROWS,
        f"no class has {LEAST_CLASS_ROWS} holdout rows that models of real rows tell from others",
    )
    return chance.kept(samples, measure, absent, f"Tested on {len(trained.truth):,} holdout rows.")


def _parts(samples: Samples, trained: Trained) -> Iterator[WorstPart]:
    """The whole of the holdout and its subgroups, once for each class that they hold enough of."""
    real, held = samples.table("train"), samples.table("holdout").iloc[trained.test]
    groups = [(str(samples.target), np.arange(len(held)))]
    for column in (c for c in samples.known if c != samples.target):
        codes = cells.codes(samples, column, real, held)
        groups += [(f"{samples.target}, by {column}", np.flatnonzero(codes == cell)) for cell in np.unique(codes)]
    for name, rows in groups:
        truth = trained.truth[rows]
        for kind, positive in enumerate(_positive(truth, trained.classes)):
            if min(positive.sum(), (~positive).sum()) >= LEAST_CLASS_ROWS:
                yield WorstPart(name, rows, positive, kind)


def _positive(truth: np.ndarray, classes: np.ndarray | None) -> list[np.ndarray]:
    return [truth > np.median(truth)] if classes is None else [truth == c for c in classes]


def _lost(part: WorstPart, there: Placements, real: Placements) -> tuple[str, float, float] | None:
    """Name, share lost and its standard error; None where models of real rows do not tell the class either."""
    skill = float(real[0].mean()) - 0.5
    if skill <= KNOWN * _error(*real):
        return None
    error = _error(*(a - b for a, b in zip(there, real, strict=True)))
    return part.name, float(np.clip((real[0].mean() - there[0].mean()) / skill, 0, 1)), error / skill


def _placements(part: WorstPart, guesses: Guesses) -> Placements:
    """Mean over learners; the mean of either array is the area under the ROC curve."""
    found = []
    for guessed in guesses.values():
        said = guessed[part.rows, part.kind]
        inside, outside = said[part.positive], said[~part.positive]
        found.append((placements(inside, outside), 1 - placements(outside, inside)))
    one, two = (np.mean(values, axis=0) for values in zip(*found, strict=True))
    return one, two


def _error(one: np.ndarray, two: np.ndarray) -> float:
    return float(np.sqrt(one.var(ddof=1) / len(one) + two.var(ddof=1) / len(two)))


def _between(fewer: list[Placements], held: list[Placements]) -> float:
    """Variance between models of two real tables, beyond that of the test rows, in units of the latter."""
    squares = []
    for one, two in zip(fewer, held, strict=True):
        if (error := _error(*(a - b for a, b in zip(one, two, strict=True)))) > 0:
            squares.append(((one[0].mean() - two[0].mean()) / error) ** 2)
    return max(0.0, float(np.mean(squares)) - 1) if squares else 0.0
