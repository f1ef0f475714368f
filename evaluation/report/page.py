"""The HTML page: Jinja2 with autoescape on, nothing loaded from anywhere."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from functools import cache
from typing import Any

import jinja2
import numpy as np
from markupsafe import Markup, escape

from launderette.evaluation.report import drawings
from launderette.evaluation.scores import count
from launderette.evaluation.summaries import verdicts, words

SHOWN_LOSSES = 5  # worst parts of a metric
PAGE_SECTIONS = ("fidelity", "utility", "diversity", "privacy")


@cache  # to compile one takes longer than to fill it in
def _template(name: str) -> jinja2.Template:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("launderette.evaluation", "report"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(percent=words.percent, count=_count, breakable=_breakable, gain=_gain, extreme=_extreme)
    return environment.get_template(name)


def render_comparison(data: dict) -> str:
    """The page for a comparison in its JSON form."""
    tables = data["tables"]
    metrics = [(name, words.title(name), words.DIRECTIONS[better].lower()) for name, better in data["better"].items()]
    return _template("comparison.html").render(
        tables=tables,
        metrics=metrics,
        judged=any(t["passed"] is not None for t in tables),
        drawing=Markup(drawings.standings(tables)),
    )


def render_augmentation(data: Mapping) -> str:
    """The page for a cross-validation of augmentation in its JSON form."""
    names = [s["name"] for s in data["strategies"]]
    gains = {(g["strategy"], g["against"], g["learner"], g["measure"]): g for g in data["gains"]}
    means = {s["name"]: _over_learners(s["scores"]) for s in data["strategies"]}
    judged = [(name, gains[name, "none", None, data["judged"]]) for name in names if name != "none"]
    points = [
        (s["name"], s["rows_added"], means[s["name"]][data["judged"]]) for s in data["strategies"] if not s["baseline"]
    ]
    start = means["none"][data["judged"]]
    return _template("augmentation.html").render(
        data=data,
        strategies=names,
        learners=[None, *data["learners"]],
        gains=gains,
        means=means,
        measures=data["measures"],
        forest=Markup(drawings.forest(judged)),
        curve=Markup(drawings.curve(points, start)) if len(points) > 1 else "",
    )


def _over_learners(scores: dict) -> dict:
    """The mean of each measure over the learners."""
    found = list(scores.values())
    return {measure: sum(one[measure] for one in found) / len(found) for measure in found[0]}


def _gain(gain: dict) -> Markup:
    """A gain with its interval; bold where the interval does not hold zero."""
    text = escape(f"{gain['value']:+.3f} ({gain['low']:+.3f} to {gain['high']:+.3f})")
    return text if gain["verdict"] == "no gain" else Markup("<b>{}</b>").format(text)


def render(report: Any, data: dict, drawn: dict) -> str:
    """The page for a report, its JSON form (with verdict, card and public set) and its drawings."""
    scores = _by_name(data)
    sections = [
        {
            "name": name,
            "title": words.SECTION_TITLES[name][0],
            "question": words.SECTION_TITLES[name][1],
            "metrics": [_metric(s) for n, s in scores.items() if words.section(n) == name],
        }
        for name in PAGE_SECTIONS
    ]
    return _template("report.html").render(
        data={"internal": {}, **data},
        sections=[s for s in sections if s["metrics"]],
        drawn=drawn,
        shapes=_shapes(scores),
        pairs=_pairs(scores),
        giveaway=_detail(scores, "fidelity.detection", "giveaway_columns"),
        rare=_by_rarity(scores),
        attacks=_attacks(scores),
        kinds=_kinds(data),
        columns=count(data["columns"], data.get("parts", {})),
        became=_became(data),
        broken=_detail(scores, "fidelity.constraints", "broken_share"),
        losses=_losses(scores),
        secrets=_detail(scores, "privacy.attribute", "columns"),
        by_learner=_by_learner(scores),
        doubts=[found["sentence"] for found in data.get("inputs", ()) if found["level"] != "held"],
        **_judged(data, _thing(report)),
        **_of_images(report, data),
    )


def _by_name(data: dict) -> dict[str, dict]:
    return {score["name"]: score for score in data["scores"]}


def _losses(scores: dict) -> dict[str, dict[str, tuple[float, float]]]:
    """By the title of a metric, what its worst parts have lost beyond chance: (lost, by chance)."""
    found = {}
    for name, score in scores.items():
        lost, chance = (score["detail"].get(key) or {} for key in ("lost", "by_chance"))
        worst = sorted(((v, part) for part, v in lost.items() if v > chance[part]), reverse=True)[:SHOWN_LOSSES]
        if worst:
            found[words.title(name)] = {part: (v, chance[part]) for v, part in worst}
    return found


def _thing(report: Any) -> str:
    """What is compared, in a word."""
    return "image" if report.charts.get("grids") else "row"


def _of_images(report: Any, data: dict) -> dict:
    """Grids by place, and the word for what is compared.

    Outsiders see synthetic images that a gate has let pass, for others may be copies of people; training images never.
    """
    grids, passed = report.charts.get("grids", {}), (data["verdict"] or {}).get("passed")
    return {
        "thing": _thing(report),
        "grids": {}
        if data["public"] and not passed
        else {name: uri for name, uri in grids.items() if name == "drawn" or not data["public"]},
        "shown": report.charts.get("shown", []),
    }


def _count(value: Any) -> str:
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)


def _breakable(name: str) -> Markup:
    """A dotted name that a narrow column may break after its dot and its underlines."""
    return Markup(escape(name).replace(".", Markup(".<wbr>")).replace("_", Markup("_<wbr>")))


def _extreme(value: float, kind: str) -> str:
    """A single value: a date as a day or a moment, a number with all its digits."""
    if kind == "datetime":
        return str(np.datetime64(int(value), "s")).replace("T", " ").removesuffix(" 00:00:00")
    return f"{value:.10g}"


def _metric(score: dict) -> dict:
    scale = score["floor"] or 1.0 if score["name"] in words.WITHOUT_PERCENT else 1.0
    marks = {
        k: min(100.0, max(0.0, 100 * score[k] / scale))
        for k in ("value", "low", "high", "ceiling", "floor")
        if score[k] is not None
    }
    said = {
        "title": words.title(score["name"]),
        "meaning": words.meaning(score["name"]),
        "reading": words.reading(score),
        "shown": words.figure(score["name"], score["value"]),
        "direction": words.DIRECTIONS[score["better"]],
    }
    return {**score, **said, "marks": marks}


def _detail(scores: dict, name: str, key: str) -> dict:
    return scores.get(name, {}).get("detail", {}).get(key) or {}


def _by_learner(scores: dict) -> dict:
    detail = scores.get("utility.target", {}).get("detail", {})
    return detail if "synthetic" in detail else {}


def _judged(data: dict, thing: str) -> dict:
    """The rules, the verdict on rows or images in a paragraph, what to do about a refusal, and what is said of the
    model.
    """
    reasons = _reasons(data["verdict"])
    summary = verdicts.summary({"reasons": reasons}, data["rows"], thing) if reasons else ""
    model = (data.get("card") or {}).get("model", {})
    return {
        "reasons": reasons,
        "summary": summary,
        "remedies": verdicts.remedies(reasons, model.get("generator"), model.get("training stopped")),
        "of_model": verdicts.of_model(data["verdict"] or {}),
    }


def _unbroken(text: str) -> str:
    """The text with each percent sign held to its number."""
    return text.replace(" %", "\u00a0%")


def _read(reason: dict) -> dict:
    """A reason with its sentence; one that says nothing of whether it passed counts as a refusal."""
    whole = {"note": "", "passed": False, "value": None, "bound": None, "rule": "", **reason}
    return {**whole, "sentence": _unbroken(verdicts.sentence(whole)), "untested": whole["value"] is None}


def _reasons(verdict: dict | None) -> list[dict]:
    """What refused first; a reason without a word on it counts as a refusal."""
    reasons = [_read(reason) for reason in (verdict or {}).get("reasons", ())]
    return sorted(reasons, key=lambda reason: reason["passed"])


def _shapes(scores: dict) -> list[tuple]:
    """(column, value, ceiling), worst first."""
    columns, ceilings = (_detail(scores, "fidelity.shape", key) for key in ("columns", "columns_ceiling"))
    return sorted(((c, v, ceilings.get(c)) for c, v in columns.items()), key=lambda row: (row[1], row[0]))


def _pairs(scores: dict) -> list[tuple]:
    return sorted(_detail(scores, "fidelity.trend", "worst_pairs").items(), key=lambda row: row[1])[:10]


def _attacks(scores: dict) -> list[dict]:
    named = {
        "all rows": "privacy.membership",
        "most isolated rows": "privacy.membership_vulnerable",
        "all images": "image.membership",
        "most isolated images": "image.membership_vulnerable",
        "all rows, by the model": "privacy.membership_model",
        "all images, by the model": "image.membership_model",
    }
    found = [
        {"group": group, **scores[n]["detail"]}
        for group, n in named.items()
        if n in scores and scores[n]["value"] is not None
    ]
    return [{**f, "attack": " / ".join(f["attacks"]), "finding": words.recognised(f)} for f in found]


def _by_rarity(scores: dict) -> dict:
    """Rare categories by their number of training rows, the rarest first, in whatever order a stored report has
    them.
    """
    found = _detail(scores, "diversity.rare", "by_training_rows")
    return dict(sorted(found.items(), key=lambda entry: int(re.findall(r"\d+", entry[0])[0])))


def _became(data: dict) -> str:
    """How many columns were learnt, made up and so on, most first; "" where a report does not say."""
    counts = Counter((data.get("card") or {}).get("columns", {}).values())
    return ", ".join(f"{number} {word}" for word, number in counts.most_common())


def _kinds(data: dict) -> list[tuple]:
    """(column, what became of it, kind, missing share in train, in synthetic) in the table's order."""
    became, parts = (data.get("card") or {}).get("columns", {}), data.get("parts", {})
    return [
        (name, became.get(parts.get(name, name), ""), kind, *data["missing"][name])
        for name, kind in data["columns"].items()
    ]


def drawn(report: Any, data: dict) -> dict:
    """The drawings of a report and its JSON form: finished SVG by place, which has its text escaped."""
    scores = _by_name(data)
    curves = {a["group"]: a["roc"] for a in _attacks(scores)}
    modes = scores.get("diversity.modes")
    links = report.charts.get("associations")
    return {
        "columns": [(c["name"], Markup(drawings.column(c))) for c in report.charts["columns"]],
        "associations": Markup(drawings.associations(links)) if links else "",
        "roc": Markup(drawings.roc(curves)) if curves else "",
        "modes": Markup(drawings.modes(modes["detail"])) if modes and modes["value"] is not None else "",
    }
