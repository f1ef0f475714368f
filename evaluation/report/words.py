"""What each number means, in words a reader without statistics can use."""

from __future__ import annotations

from typing import Any

TITLES = {
    "fidelity": ("Fidelity", "Do the synthetic data look like the real ones?"),
    "utility": ("Utility", "Does a model trained on the synthetic data work on real ones?"),
    "diversity": ("Diversity", "Do the synthetic data reach everywhere the real ones are?"),
    "privacy": ("Privacy", "Can the synthetic data give away who was among the training data?"),
}

METRICS = {  # heading, what it measures, what to keep in mind
    "fidelity.shape": (
        "Single columns",
        "How alike the distribution of each column is, averaged over columns.",
        "Shuffling columns does not change it, so its floor is high by construction.",
    ),
    "fidelity.trend": ("Pairs of columns", "How alike the relation between two columns is, averaged over pairs.", ""),
    "fidelity.mutual_information": (
        "Shared information",
        "How alike the information is that one column gives about another, averaged over "
        "pairs; it sees relations that are not straight lines.",
        "",
    ),
    "fidelity.detection": (
        "Detection by boosted trees",
        "100 % means that a strong classifier cannot tell synthetic from training rows; 0 % means that it always can.",
        "",
    ),
    "fidelity.detection_logistic": (
        "Detection by logistic regression",
        "The same with a simple classifier: an easier test to pass.",
        "",
    ),
    "fidelity.alpha_precision": (
        "Typical and odd rows",
        "Whether synthetic rows are as typical, and as odd, as real ones.",
        "It does not see which rows are missing: compare with recall below.",
    ),
    "fidelity.query_error": (
        "Error of counts",
        "By how much the share of rows that meet two or three conditions is off, on average.",
        "",
    ),
    "fidelity.missingness": ("Missing values", "How alike the patterns of missing values across columns are.", ""),
    "fidelity.constraints": (
        "Rules kept",
        "Share of synthetic rows that keep every rule found in the training rows: orders between "
        "numbers, labels that decide others.",
        "Rules are found by looking, not given by anyone who knows the subject.",
    ),
    "fidelity.formats": (
        "Formats",
        "Share of values in their column's own form: decimals, dates, known labels, patterns of identifiers.",
        "",
    ),
    "utility.target": (
        "Prediction of the target",
        "Quality on unseen real rows of models trained on synthetic rows, divided by "
        "that of the same models trained on real rows.",
        "",
    ),
    "diversity.coverage": (
        "Coverage",
        "Share of training rows that have a synthetic row in their neighbourhood; two honest samples of "
        "one population reach about 97 %.",
        "",
    ),
    "diversity.beta_recall": (
        "Recall by depth",
        "Whether training rows are reached from the dense as well as the thin parts of the synthetic table.",
        "",
    ),
    "diversity.vendi": (
        "Effective number of rows",
        "How many different rows the synthetic table is worth, relative to training rows.",
        "More than the ceiling is noise, not variety.",
    ),
    "diversity.support": (
        "Different rows it can make",
        "How many different rows the generator seems able to make, relative to training "
        "rows, judged by how many rows have a twin.",
        "A rough number: read its interval.",
    ),
    "diversity.distinct": ("Distinct rows", "Share of synthetic rows that remain when repeats are removed.", ""),
    "diversity.rare": ("Rare categories", "How much of the share of rare categories survives.", ""),
    "diversity.modes": (
        "Groups of rows",
        "Share of the groups found among the training rows that are neither lost nor over-filled.",
        "",
    ),
    "privacy.copies": (
        "Exact copies",
        "Share of synthetic rows identical to a training row.",
        "The ceiling is the share of holdout rows that match a training row by chance.",
    ),
    "privacy.identifiers": (
        "Real identifiers",
        "Share of released identifying values (numbers of customers, codes) that are real ones; none may be.",
        "",
    ),
    "privacy.near_copies": (
        "Near copies",
        "Share of synthetic rows as near to a training row as only 1 % of unseen real rows are.",
        "",
    ),
    "privacy.nearest_record": (
        "Nearer to training rows",
        "Share of synthetic rows nearer to a training row than to a holdout row; 50 % is ideal.",
        "A sanity check only: data that give away outliers can pass it.",
    ),
    "privacy.membership": (
        "Membership attack, all rows",
        "Share of training rows that the strongest attack recognises while it wrongly "
        "accuses 1 % of non-members; guessing reaches 1 %.",
        "",
    ),
    "privacy.membership_vulnerable": (
        "Membership attack, most isolated rows",
        "The same for the tenth of rows farthest from all others: the people an average hides.",
        "",
    ),
    "privacy.membership_model": (
        "Membership attack by whoever holds the model",
        "Share of training rows that are recognised by the "
        "model's loss while 1 % of non-members are wrongly accused; guessing reaches 1 %.",
        "It decides whether the model may leave: who has the released rows alone cannot attack like this.",
    ),
    "privacy.attribute": (
        "Guessing one value",
        "How much more often the synthetic rows give away one value of a training person than of a "
        "non-member, when all other values are known.",
        "",
    ),
    "privacy.singling_out": (
        "Singling out",
        "How much more often a description made from synthetic rows fits exactly one training person "
        "than exactly one non-member.",
        "As many training rows as holdout rows are looked at.",
    ),
    "privacy.linkability": (
        "Linking",
        "How much more often the synthetic rows join two halves of a training person's record than of a non-member's.",
        "",
    ),
}

IMAGES = {  # section of the report, heading, what it measures, what to keep in mind
    "image.frechet": (
        "fidelity",
        "Frechet distance",
        "How far the features of synthetic images lie from those of training images, as two "
        "normal distributions; 0 is the same.",
        "Compare it with the ceiling: few images alone put real ones apart.",
    ),
    "image.kernel": (
        "fidelity",
        "Kernel distance",
        "The same without assuming normal distributions, and fair to few images; about 0 for two honest samples.",
        "",
    ),
    "image.precision": ("fidelity", "Precision", "Share of synthetic images that lie where training images lie.", ""),
    "image.density": (
        "fidelity",
        "Density",
        "How many training images a synthetic one has around it, relative to real ones.",
        "",
    ),
    "image.accuracy": (
        "utility",
        "Network trained on synthetic images",
        "Its accuracy on real images it has not seen; the ceiling is the same network trained on as many real ones.",
        "",
    ),
    "image.agreement": (
        "utility",
        "Labels",
        "Share of synthetic images whose label a network trained on real images gives them too.",
        "",
    ),
    "image.recall": ("diversity", "Recall", "Share of training images that lie where synthetic images lie.", ""),
    "image.coverage": (
        "diversity",
        "Coverage",
        "Share of training images that have a synthetic image in their neighbourhood; two honest "
        "samples reach about 97 %.",
        "",
    ),
    "image.vendi": (
        "diversity",
        "Effective number of images",
        "How many different images the synthetic ones are worth, relative to training images.",
        "More than the ceiling is noise, not variety.",
    ),
    "image.equal": (
        "privacy",
        "Exact copies",
        "Share of synthetic images equal to a training image in every pixel.",
        "The ceiling is the share of holdout images that are.",
    ),
    "image.copies": (
        "privacy",
        "Copies",
        "Share of synthetic images far nearer to one training image than to the fifty next to it.",
        "",
    ),
    "image.authenticity": (
        "privacy",
        "Authenticity",
        "Share of synthetic images farther from their nearest training image than that "
        "one is from its own; real images reach about half.",
        "A sanity check only.",
    ),
    "image.membership": (
        "privacy",
        "Membership attack, all images",
        "Share of training images that the strongest attack recognises while "
        "it wrongly accuses 1 % of non-members; guessing reaches 1 %.",
        "",
    ),
    "image.membership_vulnerable": (
        "privacy",
        "Membership attack, most isolated images",
        "The same for the tenth of images farthest from all others.",
        "",
    ),
    "image.membership_model": (
        "privacy",
        "Membership attack by whoever holds the model",
        "Share of training images that are recognised by "
        "the model's loss while 1 % of non-members are wrongly accused; guessing reaches 1 %.",
        "It decides whether the model may leave: who has the released images alone cannot attack like this.",
    ),
}
METRICS |= {name: words for name, (_, *words) in IMAGES.items()}
NUMBERS = {"image.frechet", "image.kernel"}  # no shares: shown as numbers, and drawn relative to their floor

MODEL = {"privacy.membership_model", "image.membership_model"}  # attacks by the model
GUESSING = 0.1  # of members, at as many false alarms
DIRECTIONS = {"higher": "Higher is better", "lower": "Lower is better", "none": "Nearer to 50 % is better"}


def title(name: str) -> str:
    """Heading of a metric; its own name where no words were written for it."""
    return METRICS[name][0] if name in METRICS else name.partition(".")[2].replace("_", " ").capitalize()


def meaning(name: str) -> str:
    """What the metric measures, in a sentence or two."""
    return " ".join(METRICS.get(name, ("", "", ""))[1:]).strip()


def percent(value: float | None, digits: int = 1) -> str:
    """A share as a percentage, a ratio above two as a multiple, a dash for none."""
    return "–" if value is None else f"{value:,.1f} ×" if value > 2 else f"{100 * value:.{digits}f} %"


def figure(name: str, value: float | None) -> str:
    """A value of a metric as a person reads it."""
    return percent(value) if name not in NUMBERS or value is None else f"{value:.3g}"


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
    if low <= GUESSING:
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
    missing = [name for name in METRICS if name not in report.scores and (name in IMAGES) == images]
    if not profile["white_box"] or set(missing) & MODEL:
        lines.append("No model's loss was read: an attacker who has the model itself was not tried.")
    if any(kind == "identifier" for kind in profile["columns"].values()):
        lines.append(
            "Identifier columns were left out of every metric except those of real identifiers and of formats."
        )
    if missing:
        lines.append("Metrics that were not asked for: " + ", ".join(missing) + ".")
    return lines
