"""What each number means, in words a reader without statistics can use."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from launderette.evaluation.summaries.image_words import IMAGES
from launderette.evaluation.summaries.table_words import TABLES

SECTION_TITLES = {
    "fidelity": ("Fidelity", "Do the synthetic data look like the real ones?"),
    "utility": ("Utility", "Does a model trained on the synthetic data work on real ones?"),
    "diversity": ("Diversity", "Do the synthetic data reach everywhere the real ones are?"),
    "privacy": ("Privacy", "Can the synthetic data give away who was among the training data?"),
}

METRICS: dict[str, Sequence[str]] = {**TABLES, **{name: words for name, (_, *words) in IMAGES.items()}}
GUARANTEE = "privacy.epsilon"  # stands in place of attacks
# no shares: shown as numbers, and drawn relative to their floor
WITHOUT_PERCENT = {"image.frechet", "image.kernel", GUARANTEE}
GUARANTEED = (
    "No attack was tried: it would look at training rows, of which nothing but the ledger may tell.",
    "Whether what was stated of the columns is public knowledge cannot be tested: whoever signs answers for it.",
    "What is protected is one row; where a person has several, each of them has a guarantee of its own, which add up.",
    "Rows of the holdout are not protected: the scores are computed on them, one half standing for training rows.",
)

MODEL = {"privacy.membership_model", "image.membership_model"}  # attacks by the model
GUESSING_TPR = 0.1  # of members, at as many false alarms
DIRECTIONS = {"higher": "Higher is better", "lower": "Lower is better", "none": "Nearer to 50 % is better"}


def title(name: str) -> str:
    """Heading of a metric; its own name where no words were written for it."""
    return METRICS[name][0] if name in METRICS else name.partition(".")[2].replace("_", " ").capitalize()


def meaning(name: str) -> str:
    """What the metric measures, in a sentence or two."""
    return " ".join(METRICS.get(name, ("", "", ""))[1:]).strip()


def percent(value: float | None, digits: int = 1) -> str:  # templates ask for digits
    """A share as a percentage, a ratio above two as a multiple, a dash for none."""
    return "–" if value is None else f"{value:,.1f} ×" if value > 2 else f"{100 * value:.{digits}f} %"


def figure(name: str, value: float | None) -> str:
    """A value of a metric as a person reads it."""
    return percent(value) if name not in WITHOUT_PERCENT or value is None else f"{value:.3g}"


def section(name: str) -> str:
    """The section of the report that a metric stands in."""
    return IMAGES[name][0] if name in IMAGES else name.partition(".")[0]


def reading(score: dict) -> str:
    """A sentence with the value, interval, direction, ceiling and floor of a score (in its JSON form)."""
    if score["value"] is None:
        return score["note"]
    value, low, high, ceiling, floor = (
        figure(score["name"], score[key]) for key in ("value", "low", "high", "ceiling", "floor")
    )
    rows, columns = ("images", "pixels") if score["name"] in IMAGES else ("rows", "columns")
    parts = [f"{value} (95 % interval {low} to {high})", DIRECTIONS[score["better"]].lower()]
    if score["ceiling"] is not None:
        parts.append(f"real holdout {rows} reach {ceiling}")
    if score["floor"] is not None:
        parts.append(f"{_floor(score['name'], columns)} {floor}")
    return "; ".join(parts) + "."


def _floor(name: str, columns: str) -> str:
    return (
        "the most frequent label reaches"
        if section(name) == "utility" and name in IMAGES
        else f"independently shuffled {columns} reach"
    )


def recognised(attack: dict) -> str:
    """Whether the strongest attack on a group of rows does better than guessing, where 10 % of the non-members may
    be accused.
    """
    rate, low, high = (attack[f"tpr_at_0.1{end}"] for end in ("", "_low", "_high"))
    found = (
        f"Of {attack['group']}, {percent(rate)} ({percent(low)} to {percent(high)}) are recognised at 10 % false alarms"
    )
    if rate is None:
        return (
            f"Of {attack['group']}, there are too few non-members to say how many are recognised at 10 % false alarms."
        )
    if low <= GUESSING_TPR:
        return f"{found}: not shown to be better than guessing, which reaches 10 %."
    return f"{found}, where guessing reaches 10 %: training rows leave a trace, the stronger the fewer they are."


def _unread(column: str, found: dict[str, int | None]) -> str:
    names = {"train": "training", "holdout": "holdout", "synthetic": "synthetic"}
    counts = ", ".join(f"{'fewer than 20' if n is None else f'{n:,}'} {names[role]}" for role, n in found.items())
    return f"Values of {column} that are no finite number or date count as missing: {counts}."


def not_tested(report: Any) -> list[str]:
    """What this evaluation does not say: shown on the page, because silence reads like approval."""
    profile = report.profile
    images = any(name in IMAGES for name in report.scores)
    if GUARANTEE in report.scores:
        return list(GUARANTEED)
    lines = [
        "No attacker with knowledge of the generator's training procedure (shadow models) was tried.",
        "Images were compared by their pixels and by general features: a person recognised by anything else was not "
        "looked for."
        if images
        else "Attacks on single values and links take the nearest released row; a trained attacker may do better.",
        "One release was attacked: whoever is given several from the same training rows learns more.",
        "Each row is treated as one person; where a person has several rows, the risk is higher than shown.",
    ]
    if not profile["rows"]["holdout"]:
        lines.insert(0, "There was no holdout: no attack, no distance check and no ceiling could be computed.")
    lines += [_unread(column, found) for column, found in profile.get("unreadable", {}).items()]
    if scaled := profile.get("scaled"):
        lines.append(f"Too large or too small to learn from, compared in another unit: {', '.join(scaled)}.")
    offered = [name for name in METRICS if (name in IMAGES) == images and name != GUARANTEE]
    missing = [name for name in offered if name not in report.scores]
    if not profile["white_box"] or set(missing) & MODEL:
        lines.append("No model's loss was read: an attacker who has the model itself was not tried.")
    if any(kind == "identifier" for kind in profile["columns"].values()):
        lines.append(
            "Identifier columns were left out of every metric except those of real identifiers and of formats."
        )
    if missing:
        lines.append("Metrics that were not asked for: " + ", ".join(missing) + ".")
    return lines
