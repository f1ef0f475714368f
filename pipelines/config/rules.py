"""The rules of the gate: what each score must reach, and how a bound follows the data.

Seven words let a bound follow the data, because what is reachable differs between tables:
- "of ceiling": the bound is a multiple of what real rows reach, or what as many of them reach but once in a thousand
  tables, where that is less.
- "or ceiling": where real held-out rows themselves may not reach the number, the bound is the low end of their interval
  taken three times as wide: two honest samples differ by that much about once in four hundred. It matters on few rows
  only.
- "to ceiling": a share of the way from shuffled columns (floor) to real rows (ceiling); above the floor, within 0.03 of
  the ceiling always passes. Where three half-widths of its interval below the ceiling is less, the bound is that, which
  an honest sample reaches. Of few rows, whose ceiling is measured on several samples, the value itself has to go that
  share of the way, but for what these differ by.
- "times chance": the metric counts released rows beside what an honest table of as many shows. The bound is a multiple
  of what it usually shows, or what it exceeds once in a thousand times where that is more. Of several counts (of
  training and of holdout rows) the one furthest beyond its bound decides.
- "by repeats": where no two real images are equal, the bound is the number itself. Otherwise it is at least what as
  many pairs of a synthetic and a real image reach, once in a thousand times, if they are equal as often as two real
  images are.
- "by rank": the bound is at least the share of members that score above the best of each half of the non-members once
  in a thousand tables, where an attack knows nothing. It is compared with what was counted, not with an interval.
- "by draw": the number is what may truly be recognised of all members at the attack's false-alarm rate, and the bound
  what is counted where that much is, once in a hundred draws of the rows. It is compared with what was counted, too.
- "by chance": the bound is at least what the end of the interval of an attack that knows nothing exceeds once in a
  thousand tables of that many rows. Under 200 held-out rows, chance alone may recognise one row in ten. What is
  measured against non-members (values guessed, people singled out or linked) is chance until it is four standard errors
  from none, which is where the end of its interval lies three times its half-width from none.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from launderette.pipelines.config.sections import Section
from launderette.pipelines.run.artifacts import LaunderError

Number = Annotated[float, Field(allow_inf_nan=False)]
Rule = Mapping[str, Any]  # {"at_least" or "at_most": number, "relative": one of the words above}

DEFAULT_RULES: dict[str, Rule] = {
    "fidelity.shape": {"at_least": 0.8, "relative": "or ceiling"},
    "fidelity.worst_column": {"at_least": 0.9},
    "fidelity.label_shares": {"at_least": 0.8},
    "fidelity.validity": {"at_least": 0.995},
    "fidelity.formats": {"at_least": 0.99},
    "fidelity.granularity": {"at_least": 0.4},
    "fidelity.tails": {"at_least": 0.8},
    "fidelity.missingness": {"at_least": 0.75},
    "fidelity.missing_ties": {"at_least": 0.6},
    "fidelity.constraints": {"at_least": 0.985},
    "fidelity.date_order": {"at_least": 0.97},
    "fidelity.orders": {"at_least": 0.96},
    "fidelity.proportions": {"at_least": 0.9},
    "fidelity.over_time": {"at_least": 0.6},
    "fidelity.decided": {"at_least": 0.75},
    "fidelity.functions": {"at_least": 0.95},
    "fidelity.within_entities": {"at_least": 0.5},
    "fidelity.within_spread": {"at_least": 0.8},
    "fidelity.dependence": {"at_least": 0.43},
    "fidelity.trend": {"at_least": 0.5, "relative": "to ceiling"},
    "fidelity.detection": {"at_least": 0.1},
    "utility.target": {"at_least": 0.7, "relative": "or ceiling"},
    "utility.worst": {"at_least": 0.7},
    "utility.agreement": {"at_least": 0.96},
    "utility.labels": {"at_least": 0.85},
    "utility.label_columns": {"at_least": 0.8},
    "utility.agreement_subgroups": {"at_least": 0.75},
    "diversity.coverage": {"at_least": 0.25, "relative": "to ceiling"},
    "diversity.subgroups": {"at_least": 0.6},
    "diversity.regions": {"at_least": 0.75},
    "diversity.distinct": {"at_least": 0.8, "relative": "of ceiling"},
    "diversity.repeats": {"at_least": 0.9},
    "diversity.rare": {"at_least": 0.5, "relative": "or ceiling"},
    "privacy.copies": {"at_most": 1.1, "relative": "times chance"},
    "privacy.identifiers": {"at_most": 0},
    "privacy.near_copies": {"at_most": 5, "relative": "times chance"},
    "privacy.rare_values": {"at_most": 1.1, "relative": "times chance"},
    "privacy.nearest_record": {"at_most": 0.55, "relative": "by chance"},
    "privacy.membership": {"at_most": 0.05, "relative": "by chance"},
    "privacy.membership_vulnerable": {"at_most": 0.1, "relative": "by chance"},
    "privacy.membership_low_fpr": {"at_most": 0.01, "relative": "by rank"},
    "privacy.membership_broad": {"at_most": 0.15, "relative": "by draw"},
    "privacy.attribute": {"at_most": 0.1, "relative": "by chance"},
    "privacy.singling_out": {"at_most": 0.1, "relative": "by chance"},
    "privacy.linkability": {"at_most": 0.1, "relative": "by chance"},
}
IMAGE_RULES: dict[str, Rule] = {
    "image.precision": {"at_least": 0.3, "relative": "to ceiling"},
    "image.accuracy": {"at_least": 0.7, "relative": "to ceiling"},
    "image.class_accuracy": {"at_least": 0.8},
    "image.agreement": {"at_least": 0.8, "relative": "to ceiling"},
    "image.class_agreement": {"at_least": 0.85},
    "image.coverage": {"at_least": 0.25, "relative": "to ceiling"},
    "image.class_coverage": {"at_least": 0.65},
    "image.distinct": {"at_least": 0.7},
    "image.vendi": {"at_least": 0.5, "relative": "of ceiling"},
    "image.equal": {"at_most": 0, "relative": "by repeats"},
    "image.copies": {"at_most": 1.1, "relative": "times chance"},
    "image.copies_of_holdout": {"at_most": 1.1, "relative": "times chance"},
    "image.membership": {"at_most": 0.05, "relative": "by chance"},
    "image.membership_vulnerable": {"at_most": 0.1, "relative": "by chance"},
    "image.membership_low_fpr": {"at_most": 0.01, "relative": "by rank"},
}
# What a model must keep to before it may leave; who reads a release holds no model, so these refuse no release unless
# the gate names them.
MODEL_RULES: dict[str, Rule] = {
    "privacy.membership_model": {"at_most": 0.05, "relative": "by chance"},
    "image.membership_model": {"at_most": 0.05, "relative": "by chance"},
}
# What a guarantee of differential privacy leaves to judge: the table, or the images, as a whole. Noise takes the
# smallest parts first, as it must, so the worst column, pair or subgroup is in the report and decides nothing, unless
# the gate names it.
WHOLE = (
    *("fidelity.shape", "fidelity.formats", "fidelity.trend", "fidelity.detection"),
    *("utility.target", "diversity.coverage", "diversity.distinct"),
    *("image.precision", "image.accuracy", "image.agreement", "image.coverage", "image.distinct", "image.vendi"),
)
# The largest share of rows that may leak without the rules about privacy noticing it. It is a rule about the other
# rules, under `gate` as they are; null accepts what few rows leave unnoticed.
UNNOTICED = "unnoticed"
LARGEST: Rule = {"at_most": 0.25}
RULES = {"tabular": DEFAULT_RULES, "image": IMAGE_RULES}  # by modality
PRIVACY = "privacy.", "image.equal", "image.copies", "image.membership"  # how the names of rules about privacy begin


class Bound(BaseModel):
    """The least or the most that a score may be, at the pessimistic end of its interval."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    at_least: Number | None = None
    at_most: Number | None = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.at_least is None) == (self.at_most is None):
            raise ValueError("expected either at_least or at_most with a number; keep one of them")
        return self


def _schema(schema: dict[str, Any]) -> None:
    """Describe a gate as it is written: bounds stand beside the other keys."""
    bounds = schema["properties"].pop("rules")
    schema["additionalProperties"] = bounds["additionalProperties"]


class Gate(Section):
    """Bounds by metric, over the default rules; null takes a rule away. `unnoticed` is the largest share of rows that
    may leak without a rule about privacy noticing it (0.25); null accepts any.

    With `approval: required` a run that passes waits for `launder approve`; with `override: allowed` one that is
    refused may be released by it all the same.
    """

    model_config = ConfigDict(json_schema_extra=_schema)

    approval: Literal["none", "required"] = "none"
    override: Literal["never", "allowed"] = "never"
    rules: dict[str, Bound | None] = Field(default_factory=dict)

    @model_validator(mode="before")
    @classmethod
    def _gathered(cls, document: Any) -> Any:
        """Take what stands beside the other keys as rules, if it looks like one."""
        if not isinstance(document, Mapping):
            return document
        own = {key: value for key, value in document.items() if key in cls.model_fields}
        other = {key: value for key, value in document.items() if key not in own}
        rules = {k: v for k, v in other.items() if "." in k or v is None or isinstance(v, Mapping | Bound)}
        strange = {key: value for key, value in other.items() if key not in rules}
        return {**own, **strange, "rules": {**(own.get("rules") or {}), **rules}}


def merged(changes: Mapping[str, Bound | None], modality: str, epsilon: float | None = None) -> dict[str, Rule]:
    """Return the default rules with changes over them, the one about what they leave unnoticed included; None takes one
    away.

    Under a privacy budget of `epsilon` what was spent stands in place of the attacks on training rows.
    """
    rules = {**RULES[modality], UNNOTICED: LARGEST} if epsilon is None else _guaranteed(RULES[modality], epsilon)
    stated = {name: bound.model_dump(exclude_none=True) for name, bound in changes.items() if bound is not None}
    return {name: rule for name, rule in (rules | stated).items() if changes.get(name, rule) is not None}


def _guaranteed(rules: Mapping[str, Rule], epsilon: float) -> dict[str, Rule]:
    return {name: rules[name] for name in WHOLE if name in rules} | {"privacy.epsilon": {"at_most": epsilon}}


def check(rules: Mapping[str, Rule]) -> None:
    """LaunderError where no rule about privacy is left, or the share that may go unnoticed is none."""
    if not 0 <= rules.get(UNNOTICED, LARGEST).get("at_most", -1) <= 1:
        raise LaunderError(
            f"expected gate.{UNNOTICED}: {{at_most: SHARE}} with a share from 0 to 1, found another; "
            f"state {{at_most: {LARGEST['at_most']}}}, or null to accept what few rows leave unnoticed"
        )
    if not any(name.startswith(PRIVACY) for name in rules):
        raise LaunderError(
            "expected at least one rule about privacy in the gate, found none; leave one of the default rules"
        )
