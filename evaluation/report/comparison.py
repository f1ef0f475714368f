"""Several synthetic tables on one page: where each stands between shuffled columns and held-out rows, and the
strongest attack on it.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from launderette.evaluation.report.document import Report, plain
from launderette.evaluation.scores import Score

WAYS = ("fidelity", "utility", "diversity")
# success of an attack, 0 to 1
RISKS = ("membership", "membership_vulnerable", "attribute", "singling_out", "linkability")
LEAST_SPREAD = 0.02  # floor and ceiling nearer than this say nothing about what lies between them


def standing(report: Report) -> dict[str, float | None]:
    """Fidelity, utility and diversity as the mean share of the way from floor to ceiling; risk as the largest success
    of an attack.

    Copies beyond what non-members match count as an attack. None where a section holds no score.
    """
    found: dict[str, float | None] = {}
    for section in WAYS:
        shares = [_way(s.value, s) for n, s in report.scores.items() if n.startswith(section) and s.value is not None]
        found[section] = float(np.mean(shares)) if shares else None
    risks = [s.value for n, s in report.scores.items() if n.partition(".")[2] in RISKS and s.value is not None]
    copies = report.scores.get("privacy.copies")
    if copies is not None and copies.value is not None:
        risks.append(max(0.0, copies.value - (copies.ceiling or 0.0)))
    return {**found, "risk": float(max(risks)) if risks else None}


def _way(value: float, score: Score) -> float:
    """1 at the ceiling or beyond, 0 at the floor; relative to the ceiling alone where the floor is no worse than it."""
    ceiling, floor = score.ceiling, score.floor
    up = score.better != "lower"
    if ceiling is None or floor is None:
        return float(np.clip(value if up else 1 - value, 0, 1))
    if (ceiling - floor if up else floor - ceiling) > (LEAST_SPREAD if up else LEAST_SPREAD / 10):
        return float(np.clip((value - floor) / (ceiling - floor), 0, 1))
    return float(np.clip(value / max(ceiling, 1e-9) if up else ceiling / max(value, 1e-9), 0, 1))


def compare(reports: Mapping[str, Report], verdicts: Mapping[str, dict] | None = None) -> dict:
    """The JSON form of a comparison: tables in order of rank, with their standing, scores and verdict.

    What a gate has passed comes first, and of the others what fails fewest of its rules on privacy, so that none stands
    above one that passes what it fails. Then the mean of the ranks in fidelity, utility, diversity and risk decides, so
    that no unit of one is weighed against a unit of another; tables that tie keep their order.
    """
    where = {name: standing(report) for name, report in reports.items()}
    ranks = {name: float(np.mean([_rank(where, name, key) for key in (*WAYS, "risk")])) for name in reports}
    passed = {name: None if not verdicts else verdicts[name]["passed"] for name in reports}
    leaks = {name: _failed_on_privacy(verdicts[name]) if verdicts else 0 for name in reports}
    order = sorted(reports, key=lambda name: (leaks[name], passed[name] is False, ranks[name]))
    rows = [
        {
            "name": name,
            "mean_rank": ranks[name],
            "passed": passed[name],
            **where[name],
            "scores": {metric: score.value for metric, score in reports[name].scores.items()},
        }
        for name in order
    ]
    better = {metric: score.better for report in reports.values() for metric, score in report.scores.items()}
    return plain({"version": 1, "better": better, "tables": rows})


def _failed_on_privacy(verdict: Mapping) -> int:
    return sum(not reason["passed"] and reason["score"].startswith("privacy.") for reason in verdict.get("reasons", ()))


def _rank(where: Mapping[str, dict], name: str, key: str) -> float:
    """1 for the best; tables that are equal to three digits share a rank; a missing value ranks last."""
    worst = -np.inf
    values = {n: worst if w[key] is None else round(-w[key] if key == "risk" else w[key], 3) for n, w in where.items()}
    better = sum(v > values[name] for v in values.values())
    equal = sum(v == values[name] for v in values.values())
    return better + (equal + 1) / 2
