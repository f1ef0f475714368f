"""The result of an evaluation as a value, and its JSON form."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from launderette.evaluation.models import features
from launderette.evaluation.scores import Score
from launderette.evaluation.summaries import small_cells, words

if TYPE_CHECKING:  # a run reads reports before it scores anything
    from launderette.evaluation.image.samples import ImageSamples
    from launderette.evaluation.samples import Samples


@dataclass(frozen=True, repr=False)
class Report:
    """Scores by metric name, the table's profile, the reduced figures behind the charts, and what only an internal
    report may say.
    """

    scores: dict[str, Score]
    profile: dict
    charts: dict
    seed: int
    internal: dict = field(default_factory=dict, repr=False)
    inputs: list[dict] = field(default_factory=list)  # what was found of the tables before they were scored

    def __repr__(self) -> str:
        known = sum(score.value is not None for score in self.scores.values())
        return (
            f"<Report: {known} of {len(self.scores)} scores have a value; report.save(folder) writes report.html and "
            "report.json>"
        )

    def _repr_html_(self) -> str:
        head = "".join(f"<th>{name}</th>" for name in ("score", "value", "low", "high", "ceiling", "floor"))
        rows = [(name, *map(_figure, (s.value, s.low, s.high, s.ceiling, s.floor))) for name, s in self.scores.items()]
        body = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
        return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"

    def save(self, folder: str | Path) -> Path:
        """Write the public report.html and report.json into `folder`, and return the path of the page."""
        from launderette.evaluation import report

        report.write(self, folder)
        return Path(folder) / "report.html"

    def to_json(self) -> dict:
        """The content of a public report.json, version 1: numbers rounded to 6 digits, NaN and infinity as null."""
        scores = [
            {
                "name": name,
                "value": s.value,
                "low": s.low,
                "high": s.high,
                "ceiling": s.ceiling,
                "floor": s.floor,
                "better": s.better,
                "reason": s.reason,
                "note": s.note,
                "detail": s.detail,
            }
            for name, s in self.scores.items()
        ]
        return plain(
            {
                "version": 1,
                "scores": scores,
                **self.profile,
                "seed": self.seed,
                "inputs": self.inputs,
                "not_tested": words.not_tested(self),
            }
        )


def restored(document: Mapping[str, Any]) -> Report:
    """Return the report whose fields were stored as JSON: asdict(report), made plain."""
    scores = {name: Score(**score) for name, score in document["scores"].items()}
    return Report(**{**document, "scores": scores})


def _figure(value: float | None) -> str:
    return "-" if value is None else f"{value:.4f}"


def profile(samples: Samples) -> dict:
    """Row counts, column kinds and missing shares (of training rows None where few are missing or present): what
    the data card shows.
    """
    missing = {
        str(c): [_missing(samples.train[c]), float(samples.synthetic[c].isna().mean())] for c in samples.train.columns
    }
    return {
        "rows": {role: samples.size(role) for role in ("train", "holdout", "synthetic")},
        "columns": {str(c): samples.kinds[c] for c in samples.train.columns},
        "parts": {str(c): str(whole) for c, whole in samples.metadata.parts.items() if c in samples.train},
        "missing": missing,
        "target": None if samples.target is None else str(samples.target),
        "white_box": samples.loss is not None,
        "unreadable": _unreadable(samples),
        "scaled": [str(column) for column, unit in samples.units.items() if unit != 1],
    }


def _unreadable(samples: Samples) -> dict[str, dict[str, int | None]]:
    """By column and table, values that could not be read and count as missing; None where few real ones."""
    return {
        str(column): {
            role: n if role == "synthetic" or not small_cells.is_small(n) else None for role, n in found.items()
        }
        for column, found in samples.unreadable.items()
    }


def _missing(column: pd.Series) -> float | None:
    return small_cells.share(int(column.isna().sum()), len(column))


def image_profile(samples: ImageSamples) -> dict:
    """Counts and what is known of each image, in the form of a table's profile."""
    columns = {"image": "image", **({"label": "categorical"} if len(samples.classes) else {})}
    return {
        "rows": {role: samples.size(role) for role in ("train", "holdout", "synthetic")},
        "columns": columns,
        "missing": {name: [0.0, 0.0] for name in columns},
        "target": "label" if len(samples.classes) else None,
        "white_box": samples.loss is not None,
        "features": features.described(samples.features),
    }


def plain(value: Any) -> Any:
    """Nested value with JSON types only: floats rounded to 6 digits, NaN and infinity as None, keys as strings."""
    if isinstance(value, dict):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [plain(v) for v in value]
    if value is None or isinstance(value, bool | str):
        return value
    if hasattr(value, "item"):
        return plain(value.item())
    if isinstance(value, int):
        return value
    if isinstance(value, float):
        return round(value, 6) if math.isfinite(value) else None
    return str(value)
