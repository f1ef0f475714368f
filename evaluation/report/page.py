"""The HTML page: Jinja2 with autoescape on, nothing loaded from anywhere."""

from __future__ import annotations

import re

import jinja2
import numpy as np
from markupsafe import Markup, escape

from evaluation.report import drawings, words

SECTIONS = ("fidelity", "utility", "diversity", "privacy")


def _template(name: str) -> jinja2.Template:
    environment = jinja2.Environment(loader=jinja2.PackageLoader("evaluation", "report"), autoescape=True,
                                     undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters.update(percent=words.percent, count=_count, rule=_rule, breakable=_breakable, extreme=_extreme)
    return environment.get_template(name)


def render_comparison(data: dict) -> str:
    """The page for a comparison in its JSON form."""
    tables = data["tables"]
    metrics = [(name, words.title(name), words.DIRECTIONS[better].lower()) for name, better in data["better"].items()]
    return _template("comparison.html").render(tables=tables, metrics=metrics, judged=any(t["passed"] is not None for t in tables),
                                               drawing=Markup(drawings.standings(tables)))


def render(report, data: dict) -> str:
    """The page for a report and its JSON form (with verdict, card and public set)."""
    scores = {s["name"]: s for s in data["scores"]}
    sections = [{"name": name, "title": words.TITLES[name][0], "question": words.TITLES[name][1],
                 "metrics": [_metric(s) for n, s in scores.items() if n.startswith(name + ".")]} for name in SECTIONS]
    return _template("report.html").render(
        data={"internal": {}, **data}, sections=[s for s in sections if s["metrics"]], drawn=_drawn(report, scores), shapes=_shapes(scores),
        pairs=_pairs(scores), giveaway=_detail(scores, "fidelity.detection", "giveaway_columns"),
        rare=_by_rarity(scores), attacks=_attacks(scores), kinds=_kinds(data),
        broken=_detail(scores, "fidelity.constraints", "broken_share"), misfits=_detail(scores, "fidelity.formats", "worst_columns"),
        secrets=_detail(scores, "privacy.attribute", "columns"), taught=_taught(scores), reasons=_reasons(data["verdict"]))


def _count(value) -> str:
    return f"{value:,}".replace(",", " ") if isinstance(value, int) and not isinstance(value, bool) else str(value)


def _breakable(name: str) -> Markup:
    """A dotted name that a narrow column may break after its dot and its underlines."""
    return Markup(escape(name).replace(".", Markup(".<wbr>")).replace("_", Markup("_<wbr>")))


def _rule(value) -> str:
    """A gate's bound or value: numbers to four digits, a dash for none."""
    return "–" if value is None else f"{value:.4g}" if isinstance(value, float) else str(value)


def _extreme(value: float, kind: str) -> str:
    """A single value: a date as a day or a moment, a number with all its digits."""
    if kind == "datetime":
        return str(np.datetime64(int(value), "s")).replace("T", " ").removesuffix(" 00:00:00")
    return f"{value:.10g}"


def _metric(score: dict) -> dict:
    marks = {k: min(100.0, max(0.0, 100 * score[k])) for k in ("value", "low", "high", "ceiling", "floor") if score[k] is not None}
    return {**score, "title": words.title(score["name"]), "meaning": words.meaning(score["name"]), "reading": words.reading(score),
            "direction": words.DIRECTIONS[score["better"]], "marks": marks}


def _detail(scores: dict, name: str, key: str) -> dict:
    return scores.get(name, {}).get("detail", {}).get(key) or {}


def _taught(scores: dict) -> dict:
    detail = scores.get("utility.target", {}).get("detail", {})
    return detail if "synthetic" in detail else {}


def _reasons(verdict: dict | None) -> list[dict]:
    """What refused first; a reason without a word on it counts as a refusal."""
    reasons = [{"note": "", "passed": False, **reason} for reason in (verdict or {}).get("reasons", ())]
    return sorted(reasons, key=lambda reason: reason["passed"])


def _shapes(scores: dict) -> list[tuple]:
    """(column, value, ceiling), worst first."""
    columns, ceilings = (_detail(scores, "fidelity.shape", key) for key in ("columns", "columns_ceiling"))
    return sorted(((c, v, ceilings.get(c)) for c, v in columns.items()), key=lambda row: (row[1], row[0]))


def _pairs(scores: dict) -> list[tuple]:
    return sorted(_detail(scores, "fidelity.trend", "worst_pairs").items(), key=lambda row: row[1])[:10]


def _attacks(scores: dict) -> list[dict]:
    named = {"all rows": "privacy.membership", "most isolated rows": "privacy.membership_vulnerable"}
    found = [{"group": group, **scores[n]["detail"]} for group, n in named.items() if n in scores and scores[n]["value"] is not None]
    return [{**f, "attack": " / ".join(f["attacks"]), "finding": words.recognised(f)} for f in found]


def _by_rarity(scores: dict) -> dict:
    """Rare categories by their number of training rows, the rarest first, in whatever order a stored report has them."""
    found = _detail(scores, "diversity.rare", "by_training_rows")
    return dict(sorted(found.items(), key=lambda entry: int(re.search(r"\d+", entry[0])[0])))


def _kinds(data: dict) -> list[tuple]:
    """(column, kind, missing share in train, in synthetic) in the table's order."""
    return [(name, kind, *data["missing"][name]) for name, kind in data["columns"].items()]


def _drawn(report, scores: dict) -> dict:
    """Finished SVG by place; drawings escape their own text."""
    curves = {a["group"]: a["roc"] for a in _attacks(scores)}
    modes = scores.get("diversity.modes")
    links = report.charts.get("associations")
    return {
        "columns": [(c["name"], Markup(drawings.column(c))) for c in report.charts["columns"]],
        "associations": Markup(drawings.associations(links)) if links else "",
        "roc": Markup(drawings.roc(curves)) if curves else "",
        "modes": Markup(drawings.modes(modes["detail"])) if modes and modes["value"] is not None else "",
    }
