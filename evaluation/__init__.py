"""How good, how varied and how private is a synthetic table? `score` computes every metric; `report.write` shows
them.
"""

from __future__ import annotations

if __name__ == "evaluation":  # imported from a checkout by its short name
    from launderette.aliases import alias

    alias(__name__)

import ast
import difflib
import importlib
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Unpack

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    Collection = tuple[np.ndarray, np.ndarray | None]  # pixels uint8 [N, H, W, C], labels [N]

    from launderette.evaluation.divided import Repeats
    from launderette.evaluation.metadata import Known
    from launderette.evaluation.report import Report

SECTIONS = {"tabular": ("fidelity", "utility", "diversity", "privacy"), "image": ("image",)}  # by modality


def names(modality: str = "tabular") -> tuple[str, ...]:
    """Names of all metrics of a modality: tabular or image.

    `privacy.copies` is the function `copies` in the package evaluation/privacy: a public function of a module there
    that returns a Score is a metric.
    """
    return tuple(f"{section}.{name}" for section in SECTIONS[modality] for name in _metrics(section))


@cache
def _metrics(section: str) -> dict[str, str]:
    """The public functions of a section's modules that return a Score, each with its module: read in their sources,
    for to import all metrics takes a second.
    """
    return {
        node.name: module
        for module, source in _sources(section)
        for node in ast.parse(source.read_text(encoding="utf-8")).body
        if isinstance(node, ast.FunctionDef)
        and not node.name.startswith("_")
        and isinstance(node.returns, ast.Name)
        and node.returns.id == "Score"
    }


def _sources(section: str) -> Iterator[tuple[str, Path]]:
    """The module of a section below evaluation and, where it is a package, those in it, with their files."""
    place = Path(__file__).with_name(section)
    if not place.is_dir():
        yield section, place.with_suffix(".py")
        return
    yield section, place / "__init__.py"
    yield from ((f"{section}.{file.stem}", file) for file in sorted(place.glob("[!_]*.py")))


def load(name: str) -> Callable:
    """The metric function of a name such as "privacy.membership"; EvaluationError with the nearest name for an
    unknown one.
    """
    section, _, metric = name.partition(".")
    module = _metrics(section).get(metric) if any(section in sections for sections in SECTIONS.values()) else None
    if module is None:
        from launderette.evaluation.scores import EvaluationError

        near = difflib.get_close_matches(name, names() + names("image"), n=1, cutoff=0.3) or names()[:1]
        raise EvaluationError(f"expected the name of a metric, found {name!r}; did you mean {near[0]!r}?")
    found: Callable = getattr(importlib.import_module(f"launderette.evaluation.{module}"), metric)
    return found


def _chosen(asked: Iterable[str] | None, modality: str) -> dict[str, Callable]:
    """Metrics by name: those asked for, all of a modality for None."""
    return {name: load(name) for name in (names(modality) if asked is None else asked)}


def score(
    train: pd.DataFrame,
    holdout: pd.DataFrame | None,
    synthetic: pd.DataFrame,
    *,
    seed: int = 0,
    names: Iterable[str] | None = None,
    internal: bool = False,
    repeats: Repeats | None = None,
    **known: Unpack[Known],
) -> Report:
    """Score a synthetic frame against the frame it was trained on and a holdout (None where there is none).

    `names` restricts the metrics; `internal` adds what only an internal report may say, about single rows, rare
    categories and extremes; `repeats` are further divisions of few rows, by which attacks see more. Of what may be
    `known`, `kinds` of columns are inferred where absent, and the model is attacked where its `loss` of rows is given.
    EvaluationError where the tables cannot be compared, or at least half of the holdout are training rows.
    """
    from launderette.evaluation import divided, inputs, notebook, report, samples
    from launderette.evaluation.models import threads
    from launderette.evaluation.summaries import charts
    from launderette.evaluation.summaries import internal as inside

    chosen = _chosen(names, "tabular")
    compared = samples.make(train, holdout, synthetic, **known)
    compared = compared if repeats is None else divided.repeated(compared, repeats)
    with threads.single():
        found = inputs.check(compared, seed)
        inputs.stop(found)
        scores = notebook.each(chosen, compared, seed)
        shapes = scores["fidelity.shape"].detail.get("columns", {}) if "fidelity.shape" in scores else {}
        details = inside.details(compared, seed) if internal else {}
        drawn, said = charts.charts(compared, shapes, seed), [finding.to_json() for finding in found]
        return report.Report(scores, report.profile(compared), drawn, seed, details, said)


def score_images(
    train: Collection,
    holdout: Collection | None,
    synthetic: Collection,
    *,
    features: Callable[[np.ndarray], np.ndarray] | None = None,
    loss: Callable[[str, np.ndarray], np.ndarray] | None = None,
    members: np.ndarray | None = None,
    seed: int = 0,
    names: Iterable[str] | None = None,
) -> Report:
    """Score synthetic images: pairs of pixels uint8 [N, H, W, C] and labels [N] or None; the holdout is None where
    there is none.

    `features` maps pixels to float32 [n, d] (features.imagenet where absent); `loss` maps a role and image numbers to
    one loss per image; `members` is that of `score`; `names` restricts the metrics. EvaluationError where the
    collections cannot be compared, or at least half of the held-out images are training images.
    """
    from launderette.evaluation import inputs, notebook, report
    from launderette.evaluation.image import samples as image_samples
    from launderette.evaluation.inputs import images as image_inputs
    from launderette.evaluation.models import threads
    from launderette.evaluation.models.features import imagenet
    from launderette.evaluation.report import grids

    chosen = _chosen(names, "image")
    compared = image_samples.make(train, holdout, synthetic, features=features or imagenet, loss=loss, members=members)
    with threads.single():
        found = image_inputs.check(compared, seed)
        inputs.stop(found)
        scores = notebook.each(chosen, compared, seed)
        said, profile = [finding.to_json() for finding in found], report.image_profile(compared)
        return report.Report(scores, profile, grids.image_charts(compared, seed), seed, inputs=said)
