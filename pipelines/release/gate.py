"""The gate: which scores a release must reach, and the two things it can say.

A rule compares the pessimistic end of a score's interval with its bound: the low end where more is better, the high end
where less is. Copies and repeats are compared as they are: every released row is counted, so nothing about them is
uncertain. Bounds and the words by which they follow the data stand in config/rules.py.

A score that is missing or not a number refuses, with its reason, unless it has no meaning for the table: utility
without a target (or with one that real rows do not predict either), and rare categories, modes or trends where a table
has none. Attacks on single columns, links and near copies may have none either. Membership always has: a table too
small to be attacked (20 held-out rows) is too small to be released.

Beside the rules for a release, a decision says whether the model remembers its rows (MODEL_RULES): that refuses no
release, whose readers hold no model, unless the gate names the rule; it says that the model may not leave.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeGuard

from scipy.stats import gamma, norm, poisson

from launderette.evaluation.measures.intervals import null_best_quantile, null_quantile, rank_quantile
from launderette.evaluation.report import Report
from launderette.evaluation.scores import Reason, Score
from launderette.evaluation.summaries import blame
from launderette.pipelines.config.rules import MODEL_RULES, PRIVACY, UNNOTICED, Rule, check
from launderette.pipelines.release import power
from launderette.pipelines.release.decisions import Approval, Refusal, conclude, reopen, without_meaning

__all__ = ["Approval", "Refusal", "decide", "reopen"]

# facts about the released table, or beside what chance exceeds once in a thousand times: judged without an interval
COUNTED = (
    "privacy.copies",
    "privacy.identifiers",
    "privacy.near_copies",
    "privacy.rare_values",
    "privacy.nearest_record",
    "privacy.membership_low_fpr",
    "privacy.membership_broad",
    "diversity.distinct",
    "image.equal",
    "image.copies",
    "image.membership_low_fpr",
    "image.copies_of_holdout",
)
TWO_SIDED = ("privacy.nearest_record",)  # shares that should be a half
NULL = 0.999  # level of the null quantile: share of tables in which an attack that knows nothing stays under the bound
TOLERATED = 0.99  # share of releases that pass of those that give away exactly what is tolerated
ALARMS = 0.01  # false-alarm rate of the recognition rates
NEAR = 0.03  # of the ceiling
WIDER = 3  # times the half-width of an interval
DIGITS = 6
NAMED = 8  # columns that leak, in a reason
NO_INTERVAL = "The score has no interval."
NO_CEILING = "There is no held-out table to compare with."
NARROWLY = "It is missed by less than the luck of one draw."
AGAIN = {  # of a rule about privacy?
    False: "More rows would tell, and another seed may keep to it.",
    True: "More rows would tell. Another seed is one more attempt: the best of several hides what they have in common.",
}
EITHER = float(norm.isf((1 - NULL) / 2))  # standard deviations that chance exceeds on either side


def decide(
    report: Report, rules: Mapping[str, Rule], data_digest: str, drifted: Sequence[Mapping[str, str]] = ()
) -> Approval | Refusal:
    """Judge every rule; an approval holds for the data of that SHA-256 only. `drifted` are changes of the source that
    the configuration has refused. LaunderError where no rule about privacy is left.
    """
    check(rules)
    asked = {name: rule for name, rule in rules.items() if name != UNNOTICED}
    judged = [_judge(name, rule, report.scores.get(name)) for name, rule in asked.items()]
    reasons = (*_of_inputs(report), *_of_drift(drifted), *_with_power(_blaming(judged, report), rules, report))
    return conclude(data_digest, reasons, _of_model(report, rules))


def _blaming(judged: Sequence[dict[str, Any]], report: Report) -> list[dict[str, Any]]:
    """Name the columns that a refused score is worst of, where its parts are of columns."""
    names, details = report.profile.get("columns", {}), {name: score.detail for name, score in report.scores.items()}
    refused = {r["score"]: blame.of_score(details.get(r["score"], {}), names) for r in judged if not r["passed"]}
    return [r | ({"columns": named} if (named := refused.get(r["score"])) else {}) for r in judged]


def _with_power(judged: list[dict[str, Any]], rules: Mapping[str, Rule], report: Report) -> Iterator[dict[str, Any]]:
    """Say after each rule about privacy what it would have missed, and judge that where the rules limit it."""
    found = {r["score"]: power.leak(r, rules[r["score"]], report.scores) for r in judged}
    leaks = {name: leak for name, leak in found.items() if leak is not None}
    for reason in judged:
        leak = leaks.get(reason["score"])
        yield reason if leak is None else {**reason, "note": f"{reason['note']} {leak.sentence()}".strip()}
    if rule := rules.get(UNNOTICED):
        widened = {name for name in rules if "relative" in rules[name]}  # a number that was stated is no permission
        share, note = power.judged(
            [r for r in judged if r["score"] in widened], {n: leak for n, leak in leaks.items() if n in widened}, rule
        )
        share = round(share, DIGITS)
        yield _reason(UNNOTICED, rule, share, rule["at_most"], share <= rule["at_most"], note, share)


def _of_inputs(report: Report) -> Iterator[dict[str, Any]]:
    """Refuse what was refused of the inputs: no rule takes that away, for every score rests on them."""
    for found in (found for found in report.inputs if found["level"] == "refused"):
        value, bound = (round(float(found[end]), DIGITS) for end in ("value", "bound"))
        rule = {"at_most": bound}
        yield _reason(f"inputs.{found['check']}", rule, value, bound, False, found["sentence"], value)


def _of_drift(drifted: Sequence[Mapping[str, str]]) -> Iterator[dict[str, Any]]:
    """Refuse each kind of change that is not to be released."""
    for change in sorted({found["change"] for found in drifted}):
        told = [found["sentence"] for found in drifted if found["change"] == change]
        yield _reason(f"drift.{change}", {"at_most": 0}, len(told), 0, False, " ".join(told[:NAMED]), len(told))


def _of_model(report: Report, rules: Mapping[str, Rule]) -> tuple[Mapping[str, Any], ...]:
    """Judge what was measured of the model by the rules for models, but for those that already decide on the
    release.
    """
    asked = {name: rule for name, rule in MODEL_RULES.items() if name in report.scores and name not in rules}
    return tuple(_judge(name, rule, report.scores[name]) for name, rule in asked.items())


def _judge(name: str, rule: Rule, score: Score | None) -> dict[str, Any]:
    """Judge a score; of several divisions of few rows also what the released one shows alone, which has to pass
    too.
    """
    if score is not None and (alone := score.detail.get("alone")):
        ends = {key: alone[key] for key in ("value", "low", "high")}
        own = _judged(name, rule, replace(score, **ends, detail=alone, note="In the released rows alone."))
        if not own["passed"]:
            return own
    return _judged(name, rule, score)


def _judged(name: str, rule: Rule, score: Score | None) -> dict[str, Any]:
    least = "at_least" in rule
    if score is None:
        return _reason(name, rule, None, None, False, "The score was not computed.")
    if not _finite(score.value):
        excused = score.value is None and without_meaning(name, score.reason)
        return _reason(name, rule, None, None, excused, score.note or "The score is missing.", reason=score.reason)
    if rule.get("relative") == "times chance":
        return _times_chance(name, rule, score)
    end = _end(name, least, score.value, score)
    bound, note = _bound(rule, score.value, score)
    if not _finite(end) or not _finite(bound):
        return _reason(name, rule, None, None, False, note or NO_INTERVAL)
    end, bound = round(float(end), DIGITS), round(float(bound), DIGITS)  # what is stored is what is judged
    area = score.detail.get("auc") if name in MODEL_RULES else None
    said = (
        note
        if area is None
        else f"{note} Area under the attack's ROC curve: {area:.2f}, where guessing has 0.50.".strip()
    )
    passed = end >= bound if least else end <= bound
    told = said if passed else f"{said}{_leaking(score)} {score.detail.get('said', '')}".strip()
    if not passed and abs(end - bound) < _half(score):
        told = f"{told} {NARROWLY} {AGAIN[name.startswith(PRIVACY)]}".strip()
    return _reason(name, rule, end, bound, passed, told, score.value)


def _half(score: Score) -> float:
    """Half the width of a score's interval: what another draw of as many rows may differ by; 0 where it has none."""
    return (score.high - score.low) / 2 if _finite(score.low) and _finite(score.high) else 0.0


def _leaking(score: Score) -> str:
    """The columns by which training rows are recognised, where some of them give more away than whole rows do."""
    columns = score.detail.get("leaking_columns", [])
    named = ", ".join(columns[:NAMED]) + (f" and {len(columns) - NAMED} more" if len(columns) > NAMED else "")
    return f" They are recognised by the columns {named}." if columns else ""


def _end(name: str, least: bool, value: float, score: Score) -> float | None:
    """The end of a score's interval that a rule looks at; of a share that should be a half, its distance upwards."""
    if name in TWO_SIDED and not least:
        return max(value, 1 - value)
    return value if name in COUNTED else score.low if least else score.high


def _times_chance(name: str, rule: Rule, score: Score) -> dict[str, Any]:
    """Judge counts of released rows beside what chance allows, by the one furthest beyond its bound."""
    counts = score.detail.get("counts")
    if not counts:
        return _reason(name, rule, None, None, False, "The score holds no counts.", score.value)
    bounds = [max(rule["at_most"] * count["expected"], count["allowed"]) for count in counts]
    worst = max(range(len(counts)), key=lambda i: (counts[i]["hits"] - bounds[i]) / max(1, counts[i]["of"]))
    count, bound = counts[worst], bounds[worst]
    share, most = (round(number / max(1, count["of"]), DIGITS) for number in (count["hits"], bound))
    return _reason(name, rule, share, most, share <= most, count["sentence"], share)


def _finite(value: float | None) -> TypeGuard[float]:
    return value is not None and math.isfinite(value)


def _reason(
    name: str,
    rule: Rule,
    end: float | None,
    bound: float | None,
    passed: bool,
    note: str,
    score: float | None = None,
    reason: Reason | None = None,
) -> dict[str, Any]:
    """Return one row of the verdict; `value` is the pessimistic end, `score` the metric, `reason` why it has no
    value.
    """
    word, relative = ("at least" if "at_least" in rule else "at most"), rule.get("relative", "")
    figure = rule.get("at_least", rule.get("at_most"))
    text = f"{word} {figure:g} {relative}".strip()
    rounded = {
        key: None if v is None else round(float(v), DIGITS)
        for key, v in (("value", end), ("bound", bound), ("estimate", score))
    }
    return {
        "rule": text,
        "score": name,
        **rounded,
        "passed": bool(passed),
        "reason": reason and str(reason),
        "note": note,
    }


def _bound(rule: Rule, value: float, score: Score) -> tuple[float | None, str]:
    """Return the number to compare a value with, and a word on where it comes from."""
    figure: float = rule["at_least"] if "at_least" in rule else rule["at_most"]
    match rule.get("relative"):
        case None:
            return figure, ""
        case "by chance":
            return _or_chance(figure, _by_chance(value, score))
        case "by rank":
            return _or_chance(figure, _by_rank(score))
        case "by draw":
            said = f"Where {figure:.0%} truly are, so many are counted once in 100 draws."
            return _by_draw(figure, **score.detail), said
        case "by repeats":
            return max(figure, _by_repeats(**score.detail)), ""
        case "or ceiling":
            return _or_ceiling(figure, score)
        case "of ceiling":
            return _of_ceiling(figure, score)
        case _:  # to ceiling
            return _between(figure, value, score)


def _or_chance(figure: float, chance: float | None) -> tuple[float | None, str]:
    if chance is None:
        return None, NO_INTERVAL
    return max(figure, chance), "" if chance <= figure else "The bound is what chance alone reaches on so few."


def _or_ceiling(figure: float, score: Score) -> tuple[float, str]:
    low, ceiling = score.detail.get("ceiling_low"), score.ceiling
    sure = ceiling - WIDER * (ceiling - low) if _finite(low) and _finite(ceiling) else figure
    return min(figure, sure), "" if sure >= figure else "The bound is what real held-out rows are sure to reach."


def _of_ceiling(share: float, score: Score) -> tuple[float | None, str]:
    if not _finite(score.ceiling):
        return None, NO_CEILING
    return min(share * score.ceiling, score.ceiling - score.detail.get("by_chance", 0.0)), ""


def _between(share: float, value: float, score: Score) -> tuple[float | None, str]:
    """Return the bound at a share of the way from the floor to the ceiling."""
    if not _finite(score.ceiling):
        return None, NO_CEILING
    if not _finite(score.floor):
        return None, "There is no floor to compare with."
    half = value - score.low if _finite(score.low) else 0.0
    return _towards_ceiling(share, score.floor, score.ceiling, half, score.detail.get("by_chance"))


def _towards_ceiling(
    share: float, floor: float, ceiling: float, half: float, by_chance: float | None
) -> tuple[float, str]:
    """Return the bound between floor and ceiling, or where an honest sample's interval, `half` as wide below its
    value, may end if that is lower.
    """
    part = floor + share * (ceiling - floor)
    honest = ceiling - WIDER * half
    if by_chance is not None:
        honest = max(honest, min(part, ceiling - by_chance) - half)
    bound = min(max(min(part, ceiling - NEAR), floor), honest)
    return bound, "" if bound >= floor else "Shuffled columns may reach as much as so few real rows do."


def _by_repeats(*, rows: int, real: int, repeats: int, **_: int) -> float:
    """Return the share of `rows` that may equal a real image by chance, where so many pairs of these are equal."""
    most = gamma.ppf(0.975, repeats + 1) if repeats else 0.0  # pairs, the end of the interval of a Poisson count
    return float(poisson.ppf(NULL, most * rows * 2 / (real - 1)) / rows) if most else 0.0


def _by_rank(score: Score) -> float:
    """Return the share of members above every non-member that an attack which knows nothing may reach."""
    return null_best_quantile(score.detail.get("members", 0), score.detail.get("non_members", 0), NULL)


def _by_draw(figure: float, *, members: int, non_members: int, alarms: float, **_: Any) -> float:
    """Return the share of members that is counted at a false-alarm rate where truly no more than the figure is."""
    return rank_quantile(members, non_members, alarms, figure, TOLERATED)


def _by_chance(value: float, score: Score) -> float | None:
    """Return what knows nothing reaches: a null quantile of a rate, a share by its real rows, or a risk four errors
    from none; None where the score has no interval to tell these by.
    """
    detail = score.detail
    if "non_members" in detail and "members" in detail:
        return null_quantile(detail["members"], detail["non_members"], ALARMS, NULL)
    if "deviation" in detail:
        return 0.5 + EITHER * detail["deviation"]
    return WIDER * (score.high - value) if _finite(score.high) else None
