"""What cross-validation found of augmentation: scores by strategy, learner and run; gains with intervals; a plain
verdict.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import product

import numpy as np

from launderette.evaluation.measures import intervals

MEASURES = ("macro F1", "balanced accuracy", "PR-AUC", "Brier score")
LOWER = ("Brier score",)  # is better
VERDICT_MEASURE = "macro F1"  # decides the verdict


@dataclass(frozen=True)
class Gain:
    """How much better one strategy is than another, in units of a measure; positive is better whatever the
    measure's direction.
    """

    value: float
    low: float
    high: float

    @property
    def verdict(self) -> str:
        return "gain" if self.low > 0 else "harm" if self.high < 0 else "no gain"

    def __str__(self) -> str:
        return f"{VERDICT_MEASURE} {self.value:+.3f}, 95 % interval {self.low:+.3f} to {self.high:+.3f}"


@dataclass(frozen=True)
class CrossValidation:
    """Scores [runs, measures and F1 of each class] by strategy and learner; a run is one fold of one repeat."""

    target: str
    classes: dict[str, int]  # name in a report -> rows
    scores: dict[str, dict[str, np.ndarray]] = field(repr=False)
    baselines: tuple[str, ...]
    seconds: dict[str, float]  # of one run's resampling, of all that a strategy yields
    added: dict[str, float]  # rows, mean over runs
    mislabelled: dict[str, float]  # of those, rows that a filter calls so and kept for want of others
    folds: int
    folds_asked: int  # more than `folds` where a class has fewer distinct rows, or too few groups
    repeats: int
    ratio: float  # test rows over training rows where runs share training rows, 0 where they share none
    seed: int
    unit: str = "row"  # what the report calls one
    grouped: bool = False  # whether the rows of an entity stay in one fold

    @property
    def candidates(self) -> tuple[str, ...]:
        return tuple(name for name in self.scores if name not in self.baselines)

    @property
    def measures(self) -> tuple[str, ...]:
        return (*MEASURES, *(f"F1 of {name}" for name in self.classes))

    def runs(self, strategy: str, measure: str = VERDICT_MEASURE, learner: str | None = None) -> np.ndarray:
        """One measure in every run [folds * repeats]; of one learner, or the mean over all."""
        at = self.measures.index(measure)
        chosen = [learner] if learner else list(self.scores[strategy])
        return np.mean([self.scores[strategy][name][:, at] for name in chosen], axis=0)

    def gain(self, strategy: str, against: str, measure: str = VERDICT_MEASURE, learner: str | None = None) -> Gain:
        """The strategy's gain over another, with its 95 % interval."""
        d = self.runs(strategy, measure, learner) - self.runs(against, measure, learner)
        return Gain(*intervals.corrected_t(-d if measure in LOWER else d, self.ratio))

    def verdicts(self) -> list[dict]:
        """For each candidate, whether it helps: its gain in VERDICT_MEASURE over no augmentation and over the best
        baseline, mean over learners.
        """
        against = {"none": self.baselines[0], "best": self.best_baseline()}
        return [
            self._verdict(name, {key: (other, self.gain(name, other)) for key, other in against.items()})
            for name in self.candidates
        ]

    @staticmethod
    def _verdict(name: str, found: dict[str, tuple[str, Gain]]) -> dict:
        (plain, over_none), (best, over_best) = found["none"], found["best"]
        text = f"{name}: {over_none.verdict} over {_called(plain)} ({over_none})"
        if best != plain:
            text += f"; {over_best.verdict} over the best baseline, {best} ({over_best})"
        return {
            "strategy": name,
            "verdict": over_none.verdict,
            "over_best": over_best.verdict,
            "best": best,
            "sentence": f"{text}.",
        }

    def to_json(self) -> dict:
        """The content of augmentation.json, version 1."""
        said = ("target", "classes", "folds", "folds_asked", "repeats", "ratio", "seed", "unit", "grouped")
        facts = {key: getattr(self, key) for key in said}
        strategies = [
            {
                "name": name,
                "baseline": name in self.baselines,
                "seconds": self.seconds[name],
                "rows_added": self.added[name],
                "rows_mislabelled": self.mislabelled[name],
                "scores": {learner: self._means(values) for learner, values in found.items()},
            }
            for name, found in self.scores.items()
        ]
        learners = list(self.scores[self.baselines[0]])
        return {
            "version": 1,
            **facts,
            "judged": VERDICT_MEASURE,
            "measures": list(MEASURES),
            "lower_is_better": list(LOWER),
            "learners": learners,
            "best_baseline": self.best_baseline(),
            "verdicts": self.verdicts(),
            "strategies": strategies,
            "gains": list(self._gains()),
        }

    def _means(self, values: np.ndarray) -> dict[str, float]:
        return dict(zip(self.measures, values.mean(0).tolist(), strict=True))

    def _gains(self) -> Iterator[dict]:
        """All strategies against the first baseline, candidates against the others too: by learner, and the mean
        over them (None).
        """
        first, *others = self.baselines
        pairs = [*product((*others, *self.candidates), (first,)), *product(self.candidates, others)]
        for (name, other), learner, measure in product(pairs, (None, *self.scores[first]), self.measures):
            gain = self.gain(name, other, measure, learner)
            yield {
                "strategy": name,
                "against": other,
                "learner": learner,
                "measure": measure,
                "value": gain.value,
                "low": gain.low,
                "high": gain.high,
                "verdict": gain.verdict,
            }

    def best_baseline(self) -> str:
        """The baseline of the highest mean; chosen after the fact, which favours it."""
        return max(self.baselines, key=lambda name: self.runs(name).mean())


def _called(baseline: str) -> str:
    return "no augmentation" if baseline == "none" else baseline
