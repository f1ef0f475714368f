"""What a ledger tells whoever reads a report: a score, and the lines of the data card."""

from collections.abc import Mapping
from typing import Any

from launderette.evaluation.scores import Score
from launderette.generators import Synthesizer
from launderette.generators.privacy.ledger import PLURAL, DiscreteGaussian, Ledger, SubsampledGaussian
from launderette.pipelines.run.artifacts import LaunderError

SPENT = "privacy.epsilon"  # the one score about training rows: what the ledger says
LONGEST_COUNTS = 2**32  # squared length of what a row adds to counts or scores; sums of features are longer
OF_SUMS = "times the longest that one image may add, on each number"


def ledger_of(model: Synthesizer | None) -> Ledger:
    """Return what a model's rows were asked; LaunderError for a model without a guarantee."""
    document = None if model is None else model.record.get("ledger")
    if document is None:
        raise LaunderError("expected a model with the ledger of its privacy budget, found none; run again")
    return Ledger.from_dict(document)


def score(model: Synthesizer | None) -> Score:
    """Return what was spent."""
    ledger = ledger_of(model)
    return Score(ledger.epsilon, ledger.epsilon, ledger.epsilon, better="lower", note=ledger.sentence())


def card(document: Mapping[str, Any], known: str) -> dict[str, Any]:
    """Return the lines of the data card: what is guaranteed, to whom, and what is taken to be `known`."""
    ledger = Ledger.from_dict(document)
    told = [event for event in ledger.events if isinstance(event, DiscreteGaussian)]
    descents = [event for event in ledger.events if isinstance(event, SubsampledGaussian)]
    return {
        "guarantee": ledger.sentence(),
        "protected": f"every {ledger.unit} that was trained on; the holdout is not: scores are computed on it",
        "taken to be known": known,
        "learnt from rows, and paid for": "; ".join(ledger.learnt) or "nothing",
        **_of_noise(told),
        **{f"noise on {one.what}": _of_descent(one, ledger.unit) for one in descents},
    }


def _of_noise(told: list[DiscreteGaussian]) -> dict[str, str]:
    """Return the size of the noise: of counts in rows, of longer sums as a multiple of what one unit adds at most."""
    counts = [float(event.variance) ** 0.5 for event in told if event.count < LONGEST_COUNTS]
    sums = [event for event in told if event.count >= LONGEST_COUNTS]
    lines = {f"noise on {one.what}": f"{(float(one.variance) / one.count) ** 0.5:.2f} {OF_SUMS}" for one in sums}
    if counts:
        lines["noise on each count"] = f"standard deviation of {min(counts):.1f} to {max(counts):.1f} rows"
    return lines


def _of_descent(event: SubsampledGaussian, unit: str) -> str:
    return (
        f"{event.noise:.2f} times the longest that one {unit} may add, in each of {event.steps:,} steps that use "
        f"{event.rate:.2%} of the {PLURAL[unit]}, by chance"
    )
