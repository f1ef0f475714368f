"""What was found of the inputs: a number against its bound, and a sentence with counts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from launderette.evaluation.scores import EvaluationError


class Level(StrEnum):
    """What a finding means for the verdict."""

    HELD = "held"
    WARNED = "warned"
    REFUSED = "refused"


@dataclass(frozen=True)
class Finding:
    """One check of the inputs; `value` above `bound` refuses."""

    check: str
    level: Level
    value: float
    bound: float
    sentence: str
    hopeless: bool = False  # nothing that is scored against these tables means anything

    def to_json(self) -> dict:
        """The finding as report.json holds it."""
        return {
            "check": self.check,
            "level": str(self.level),
            "value": self.value,
            "bound": self.bound,
            "sentence": self.sentence,
        }


def judged(check: str, value: float, bound: float, sentences: tuple[str, str], *, warn: float | None = None) -> Finding:
    """A finding by its number: refused above the bound, warned above `warn`; one sentence for what held, one for what
    did not.
    """
    level = Level.REFUSED if value > bound else Level.WARNED if warn is not None and value > warn else Level.HELD
    return Finding(check, level, float(value), float(bound), sentences[level is not Level.HELD])


def stop(found: Iterable[Finding]) -> None:
    """EvaluationError for the first finding after which no score would mean anything."""
    for finding in found:
        if finding.hopeless:
            raise EvaluationError(
                f"expected a holdout of rows that are not in the training table, found that {finding.sentence} "
                "Give rows that nothing was trained on"
            )
