"""Scoring data made anywhere: one source, or several ranked against each other."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from launderette import generators
from launderette.evaluation import report as reports
from launderette.evaluation.report import Report
from launderette.generators import Synthesizer
from launderette.pipelines import modalities
from launderette.pipelines.config import RunConfig
from launderette.pipelines.modalities.contract import Modality, ScoredSources
from launderette.pipelines.release import gate
from launderette.pipelines.run.artifacts import LaunderError
from launderette.pipelines.run.folders import replaced_files
from launderette.pipelines.scoring import places


class Scored(NamedTuple):
    """The report on a source, the verdict of the gate, and what was left out of both."""

    report: Report
    verdict: dict[str, Any] | None
    notes: Sequence[str] = ()


def score(
    train: str,
    holdout: str | None,
    synthetic: str,
    output: Path,
    settings: RunConfig,
    *,
    model: Path | None = None,
    features: Path | None = None,
    gated: bool = False,
) -> Scored:
    """Score sources, write report.html and report.json, and return the report and (if asked for) the verdict; nothing
    may be held out.

    `features` is the ONNX file that images are seen by, None for the usual network. ValueError where the sources cannot
    be compared, the target is no column, or `model` holds no model of such data that has a likelihood.
    """
    with places.at_hand([train, holdout, synthetic], settings) as (known, held, made):
        modality = _modality(str(known), held, str(made))
        fitted = None if model is None else _opened(model, modality)
        sources = ScoredSources(str(known), held, str(made), fitted, features, strict=gated)
        report, notes = modality.score_sources(sources, settings)
        decision = gate.decide(report, settings.rules, modality.digest_source(str(made))) if gated else None
        return _written(report, output, decision, notes)


def compare(
    train: str, holdout: str | None, synthetic: Sequence[str], output: Path, settings: RunConfig
) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Score several synthetic sources against the same real ones, each into a folder of its name; write and return the
    comparison.

    Each goes through the gate, whose verdict ranks first. ValueError where there are fewer than two, two share a name,
    or one cannot be compared.
    """
    names = [places.name_of(source) for source in synthetic]
    if len(names) < 2:
        raise LaunderError(
            f"expected two synthetic tables or more to compare, found {len(names)}; name them after --compare"
        )
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise LaunderError(
            f"expected synthetic tables of different names, found {twice[0]!r} twice; rename one of the files"
        )
    with places.at_hand([train, holdout, *synthetic], settings) as (known, held, *made):
        found = _all_ranked(str(known), held, dict(zip(names, map(str, made), strict=True)), output, settings)
    notes = tuple(dict.fromkeys(note for one in found.values() for note in one.notes))
    by_name = {name: one.report for name, one in found.items()}
    verdicts = {name: one.verdict for name, one in found.items() if one.verdict is not None}
    with replaced_files(output) as aside:
        return reports.write_comparison(by_name, aside, verdicts), notes


def _all_ranked(
    train: str, holdout: str | None, synthetic: Mapping[str, str], output: Path, settings: RunConfig
) -> dict[str, Scored]:
    modality = _modality(train, holdout, *synthetic.values())
    if not modality.RANKED:
        raise LaunderError(
            f"expected tables to compare, found {modality.SOURCE}; judge each collection with --synthetic"
        )
    return {
        name: _ranked(modality, train, holdout, source, output / name, settings) for name, source in synthetic.items()
    }


def _ranked(
    modality: Modality, train: str, holdout: str | None, synthetic: str, output: Path, settings: RunConfig
) -> Scored:
    report, notes = modality.score_sources(ScoredSources(train, holdout, synthetic), settings)
    return _written(report, output, gate.decide(report, settings.rules, modality.digest_source(synthetic)), notes)


def _modality(*sources: str | None) -> Modality:
    found = {modalities.of_source(source).NAME for source in sources if source is not None and Path(source).exists()}
    if len(found) > 1:
        kinds = " only or ".join(sorted((modalities.named(name).SOURCE for name in found), reverse=True))
        raise LaunderError(f"expected {kinds} only, found both; give sources of one kind")
    return modalities.named(found.pop() if found else "tabular")


def _opened(model: Path, modality: Modality) -> Synthesizer:
    fitted = generators.open_model(model)
    if fitted.schema.modality != modality.NAME:
        other = modalities.of_schema(fitted.schema).SOURCE
        raise LaunderError(
            f"expected a model of {modality.SOURCE} in {model}, found one of {other}; name another --model"
        )
    if not hasattr(fitted, modality.LIKELIHOOD):
        raise LaunderError(
            f"expected a model with a likelihood in {model}, found one of a family that has none; leave --model out"
        )
    return fitted


def _written(
    report: Report, output: Path, decision: gate.Approval | gate.Refusal | None, notes: Sequence[str]
) -> Scored:
    verdict = None if decision is None else decision.verdict()
    with replaced_files(output) as aside:
        reports.write(report, aside, verdict=verdict)
    return Scored(report, verdict, notes)
