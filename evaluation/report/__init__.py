"""The report: one offline HTML page and one JSON file, both without any real row, rare category or extreme."""

from __future__ import annotations

import json
from pathlib import Path

from evaluation.report.document import Report, plain, profile

__all__ = ["Report", "plain", "profile", "write"]


def write(report: Report, folder, *, verdict: dict | None = None, card: dict | None = None, public: bool = True) -> None:
    """Write report.html and report.json into `folder`; the same report gives the same bytes.

    `verdict` is {"passed": bool, "reasons": [{"rule", "score", "value", "bound"}]}; `card` has sections run, data and model.
    `public` says on the page who may read it; both variants hold the same aggregate numbers.
    """
    from evaluation.report import page
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    data = {**report.to_json(), "verdict": plain(verdict), "card": plain(card or {}), "public": public}
    text = json.dumps(data, indent=1, ensure_ascii=False, allow_nan=False)
    (folder / "report.json").write_text(text + "\n", encoding="utf-8")
    (folder / "report.html").write_text(page.render(report, data), encoding="utf-8")
