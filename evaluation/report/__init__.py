"""The report: one offline HTML page and one JSON file, in public without any real row, rare category or extreme;
and several compared.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from launderette.evaluation.report.comparison import compare
from launderette.evaluation.report.document import Report, image_profile, plain, profile, restored

__all__ = [
    "Report",
    "compare",
    "image_profile",
    "plain",
    "profile",
    "restored",
    "write",
    "write_augmentation",
    "write_comparison",
]


def write(
    report: Report, folder: Any, *, internal: Any = None, verdict: dict | None = None, card: dict | None = None
) -> None:
    """Write report.html and report.json into `folder`, and into `internal`, where given, the variant that must stay
    inside; the same report gives the same bytes.

    `verdict` is {"passed": bool, "reasons": [{"rule", "score", "value", "bound"}]}; `card` has sections run, data and
    model. Both variants hold the same aggregate numbers and drawings; the internal one adds what was found about single
    rows, rare categories and extremes, or shows training images beside synthetic ones.
    """
    from launderette.evaluation.report import page

    data = {**report.to_json(), "verdict": plain(verdict), "card": plain(card or {})}
    variants = {folder: data | {"public": True}}
    if internal is not None:
        variants[internal] = data | {"public": False, "internal": plain(report.internal)}
    drawn = page.drawn(report, data)
    for place, variant in variants.items():
        Path(place).mkdir(parents=True, exist_ok=True)
        Path(place, "report.json").write_text(_json(variant), encoding="utf-8")
        Path(place, "report.html").write_text(page.render(report, variant, drawn), encoding="utf-8")


def write_comparison(reports: Mapping[str, Report], folder: Any, verdicts: Mapping[str, dict] | None = None) -> dict:
    """Write comparison.html and comparison.json of several tables, by name, into `folder`; return what the JSON
    file holds.
    """
    from launderette.evaluation.report import page

    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    data = compare(reports, verdicts)
    (folder / "comparison.json").write_text(_json(data), encoding="utf-8")
    (folder / "comparison.html").write_text(page.render_comparison(data), encoding="utf-8")
    return data


def write_augmentation(data: Mapping, folder: Any) -> None:
    """Write augmentation.html and augmentation.json of a cross-validation (gains.CrossValidation.to_json) into
    `folder`.
    """
    from launderette.evaluation.report import page

    folder, data = Path(folder), plain(dict(data))
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "augmentation.json").write_text(_json(data), encoding="utf-8")
    (folder / "augmentation.html").write_text(page.render_augmentation(data), encoding="utf-8")


def _json(data: Mapping) -> str:
    return json.dumps(data, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
