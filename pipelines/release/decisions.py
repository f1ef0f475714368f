"""What the gate can say of a data file: an approval or a refusal, and how it is stored between two stages.

It reads back what was decided without what it takes to decide, so that a release is listed and verified at once.
"""

from collections.abc import Mapping
from dataclasses import InitVar, asdict, dataclass
from typing import Any

from launderette.evaluation.scores import Reason
from launderette.pipelines.run.artifacts import LaunderError

NO_PREDICTION = Reason.NO_TARGET, Reason.TARGET_UNPREDICTABLE, Reason.ONE_COLUMN
# reasons for which a score has no meaning for a table; anything else that is missing refuses
WITHOUT_MEANING: dict[str, tuple[Reason, ...]] = {
    "utility.target": NO_PREDICTION,
    "utility.worst": (*NO_PREDICTION, Reason.TOO_FEW_ROWS),
    "utility.agreement": (*NO_PREDICTION, Reason.TOO_FEW_ROWS),
    "utility.labels": (*NO_PREDICTION, Reason.TOO_FEW_ROWS, Reason.NO_LABELS),
    "utility.label_columns": (Reason.NO_LABELS,),
    "utility.agreement_subgroups": (*NO_PREDICTION, Reason.TOO_FEW_ROWS),
    "image.accuracy": (Reason.NO_LABELS, Reason.ONE_LABEL),
    "image.copies_of_holdout": (Reason.NO_HOLDOUT,),
    "image.agreement": (Reason.NO_LABELS, Reason.ONE_LABEL),
    "image.class_accuracy": (Reason.NO_LABELS, Reason.ONE_LABEL),
    "image.class_agreement": (Reason.NO_LABELS, Reason.ONE_LABEL),
    "image.class_coverage": (Reason.NO_LABELS, Reason.ONE_LABEL),
    "image.distinct": (Reason.TOO_FEW_ROWS,),
    "fidelity.constraints": (Reason.NO_RULES,),
    "fidelity.decided": (Reason.NO_ASSOCIATION,),
    "fidelity.functions": (Reason.NO_ASSOCIATION,),
    "fidelity.within_entities": (Reason.NO_IDENTIFIER, Reason.NO_ASSOCIATION),
    "fidelity.within_spread": (Reason.NO_IDENTIFIER, Reason.NO_ASSOCIATION),
    "fidelity.dependence": (Reason.NO_ASSOCIATION,),
    "fidelity.date_order": (Reason.NO_RULES,),
    "fidelity.orders": (Reason.NO_RULES,),
    "fidelity.proportions": (Reason.NO_RULES,),
    "fidelity.over_time": (Reason.NO_ASSOCIATION,),
    "fidelity.missing_ties": (Reason.NO_ASSOCIATION,),
    "fidelity.label_shares": (Reason.NO_VALUES,),
    "diversity.subgroups": (Reason.TOO_FEW_ROWS,),
    "diversity.regions": (Reason.TOO_FEW_ROWS,),
    "fidelity.granularity": (Reason.NO_NUMBERS,),
    "fidelity.tails": (Reason.NO_NUMBERS,),
    "fidelity.missingness": (Reason.NO_MISSING_VALUES,),
    "diversity.rare": (Reason.NO_RARE_CATEGORY,),
    "fidelity.trend": (Reason.ONE_COLUMN, Reason.NO_ASSOCIATION),
    "privacy.identifiers": (Reason.NO_IDENTIFIER,),
    "privacy.rare_values": (Reason.NO_RARE_CATEGORY,),
    "privacy.near_copies": (Reason.TOO_FEW_ROWS,),
    "privacy.attribute": (Reason.ONE_COLUMN, Reason.KNOWN_OF_EVERYBODY),
    "privacy.singling_out": (Reason.NO_SINGLING_OUT, Reason.KNOWN_OF_EVERYBODY),
    "privacy.linkability": (Reason.ONE_COLUMN, Reason.KNOWN_OF_EVERYBODY),
    "privacy.membership_model": (Reason.NO_LOSS,),
    "image.membership_model": (Reason.NO_LOSS,),
}
_KEY = object()


@dataclass(frozen=True)
class Decision:
    """What the gate said about one data file, known by its SHA-256: a reason for every rule, passed or not."""

    digest: str
    # {"rule", "score", "value", "bound", "estimate", "passed", "reason", "note"}
    reasons: tuple[Mapping[str, Any], ...]
    model: tuple[Mapping[str, Any], ...] = ()  # likewise, of the rules for the model, which do not refuse
    _key: InitVar[object] = None

    def __post_init__(self, _key: object) -> None:
        if _key is not _KEY:
            raise LaunderError("expected a decision that the gate has made, found one made elsewhere; call gate.decide")

    @property
    def passed(self) -> bool:
        return isinstance(self, Approval)

    def verdict(self) -> dict[str, Any]:
        """Return the verdict as report.json and manifest.json hold it."""
        reasons, model = ([dict(reason) for reason in found] for found in (self.reasons, self.model))
        return {"passed": self.passed, "data": self.digest, "reasons": reasons, "model": model}


class Approval(Decision):
    """The one thing that publishing takes."""


class Refusal(Decision):
    """Why a table stays inside; at least one reason has not passed."""


class Override(Decision):
    """A refusal that somebody releases by name in spite of its reasons, where the configuration allows that."""


@dataclass(frozen=True)
class SignOff:
    """What a person said of a run that waited: who, why, when, about the data of which SHA-256, and whether in spite of
    the gate.
    """

    by: str
    reason: str
    at: str
    data: str
    override: bool = False

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def overridden(refusal: Refusal, said: SignOff) -> Override:
    """Return the permission to release refused data; LaunderError where it was not said of these data, or no
    override.
    """
    if not said.override or said.data != refusal.digest:
        raise LaunderError("expected an override of the refusal of these very data, found another; approve them anew")
    return Override(refusal.digest, refusal.reasons, refusal.model, _KEY)


def conclude(
    digest: str, reasons: tuple[Mapping[str, Any], ...], model: tuple[Mapping[str, Any], ...] = ()
) -> Approval | Refusal:
    """Return the approval of the data of that SHA-256 where every reason has passed, the refusal where one has not;
    LaunderError where a reason says another thing than its numbers.
    """
    if any(reason["passed"] is not _follows(reason) for reason in (*reasons, *model)):
        raise LaunderError("expected a verdict that follows from its reasons, found another; run the gate again")
    kind = Approval if reasons and all(reason["passed"] for reason in reasons) else Refusal
    return kind(digest, reasons, model, _KEY)


def reopen(verdict: Mapping[str, Any]) -> Approval | Refusal:
    """Read back what `verdict` wrote, where a decision was stored between two stages; LaunderError where it
    contradicts itself.
    """
    decision = conclude(verdict["data"], tuple(verdict["reasons"]), tuple(verdict.get("model", ())))
    if verdict["passed"] is not decision.passed:
        raise LaunderError("expected a verdict that follows from its reasons, found the other one; run the gate again")
    return decision


def _follows(reason: Mapping[str, Any]) -> bool:
    """Judge a stored reason again, by its own numbers."""
    value, bound = reason["value"], reason["bound"]
    if value is None or bound is None:
        return value is None and without_meaning(reason["score"], reason.get("reason"))
    return value >= bound if reason["rule"].startswith("at least") else value <= bound


def without_meaning(name: str, reason: str | None) -> bool:
    """Tell whether a score that is missing for this reason has no meaning for the table."""
    return reason in WITHOUT_MEANING.get(name, ())
