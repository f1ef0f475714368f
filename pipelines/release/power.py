"""Power: how small a leak the rules about privacy would have noticed, so that few rows never widen a bound into
permission.

A rule that compares the unfavourable end of a 95 % interval with its bound misses a leak above that bound in at most
one table of forty; one that counts released rows misses none. What a rule lets pass, less what chance explains, may
therefore have leaked unnoticed: "4 of 100 rows could be copies".
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from statistics import fmean
from typing import Any

from launderette.evaluation.scores import Reason, Score
from launderette.pipelines.config.rules import PRIVACY, Rule

Scores = Mapping[str, Score]
# risks beyond those of non-members
BEYOND_NON_MEMBERS = "privacy.attribute", "privacy.singling_out", "privacy.linkability"
# counts of released rows beside chance; other counts are of single values
ROW_COUNTS = "privacy.copies", "privacy.near_copies", "image.copies", "image.copies_of_holdout"
BROAD_ATTACKS = ("privacy.membership_broad",)  # count no rows: what they see tells a little of everybody
# attacks on all training rows, by whose number parts are measured
WHOLE_ATTACKS = "privacy.membership", "image.membership"


@dataclass(frozen=True)
class Leak:
    """The largest number of rows, images or values that may have leaked without a rule noticing it, of how many."""

    unnoticed: int
    of: int

    @property
    def share(self) -> float:
        """The same as a share in [0, 1]."""
        return self.unnoticed / max(1, self.of)

    def sentence(self) -> str:
        """What a report says after a rule."""
        if not self.unnoticed:
            return "A single one would be noticed."
        return f"Up to {self.unnoticed:,} of {self.of:,} could leak without this rule noticing."


def leak(reason: Mapping[str, Any], rule: Rule, scores: Scores) -> Leak | None:
    """The largest leak that a judged rule about privacy lets pass; None for one that counts no rows or has no value."""
    name, bound = reason["score"], reason["bound"]
    if not name.startswith(PRIVACY) or name in BROAD_ATTACKS or bound is None or reason["value"] is None:
        return None
    score = scores[name]
    detail = score.detail
    if name in ROW_COUNTS and "relative" in rule:
        counts = detail["counts"]  # the first is of training rows
        allowed = max(rule["at_most"] * counts[0]["expected"], counts[0]["allowed"])
        return _rows(allowed - counts[0]["expected"], counts[0]["of"])
    if "members" in detail and "non_members" in detail:
        whole = max([detail["members"], *(scores[w].detail.get("members", 0) for w in WHOLE_ATTACKS if w in scores)])
        rows = min(whole, detail.get("training_rows", whole))  # fewer where each is attacked several times
        return _rows(bound * detail["members"] * rows / whole, rows)
    if "copies" in detail:
        chance = (score.ceiling or 0.0) if "relative" in rule else 0.0
        return _rows((bound - chance) * detail["rows"], detail["rows"])
    if name == "privacy.identifiers":
        return _rows(bound * detail["values"], detail["values"])
    if name in BEYOND_NON_MEMBERS and bound >= 1:
        tried = detail.get("guesses", detail.get("members", 1))
        return _rows((1 - _usual(detail)) * tried, tried)
    return None


def _usual(detail: Mapping[str, Any]) -> float:
    """The share of non-members against whom such an attack succeeds: what chance explains."""
    if columns := detail.get("columns"):
        return fmean(column["non_members"] for column in columns.values())
    return float(detail.get("non_members_hit", 0)) / max(1, detail.get("guesses", 1))


def _rows(leaked: float, of: int) -> Leak:
    return Leak(min(of, max(0, math.floor(leaked + 1e-9))), of)


def judged(reasons: Iterable[Mapping[str, Any]], leaks: Mapping[str, Leak], rule: Rule) -> tuple[float, str]:
    """The largest share that could leak unnoticed, and which rules are too weak for the bound of that rule, in words.

    A rule that is excused because there are too few rows to test it notices nothing. A row that is copied is recognised
    too, so of copies no more go unnoticed than an attack would miss.
    """
    shares = {name: found.share for name, found in leaks.items()}
    recognised = max((shares[name] for name in WHOLE_ATTACKS if name in shares), default=1.0)
    shares |= {name: min(shares[name], recognised) for name in ROW_COUNTS if name in shares}
    shares |= {
        r["score"]: 1.0 for r in reasons if r["reason"] == Reason.TOO_FEW_ROWS and r["score"].startswith(PRIVACY)
    }
    weak = sorted((name for name, share in shares.items() if share > rule["at_most"]), key=lambda name: -shares[name])
    if not weak:
        return max(shares.values(), default=0.0), ""
    said = [f"{name} could miss {_counted(leaks.get(name))}" for name in weak]
    return shares[weak[0]], f"Underpowered: {'; '.join(said)}."


def _counted(found: Leak | None) -> str:
    return f"{found.unnoticed:,} of {found.of:,}" if found else "all, because it was not tested on so few"
