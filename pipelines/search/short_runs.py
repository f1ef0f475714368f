"""Short runs of candidates: each is trained on a part of the training rows and measured on the rest, by itself,
wherever it runs.

A job is a folder that all workers see; a candidate has a folder of its own in it. What passes between processes is the
path and the digest of the job and the number of a candidate: never a row.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from launderette.evaluation.scores import EvaluationError
from launderette.generators import GeneratorError, Progress, Schema, Synthesizer
from launderette.generators.contract import HasLogProb
from launderette.pipelines import modalities
from launderette.pipelines.config import Budget, Generator, RunConfig
from launderette.pipelines.parallel_training import launching
from launderette.pipelines.run.artifacts import LaunderError, Unavailable, digest_file, read_json, write_json
from launderette.pipelines.search import halving
from launderette.pipelines.search.halving import ShortRun
from launderette.pipelines.shards import jobs

FIGURES = "figures.json"
# who wants to see the progress of a run in this process
listener: ContextVar[Progress | None] = ContextVar("listener", default=None)


def ask(folder: Path, config: RunConfig, share: float, given: Mapping[str, Any]) -> tuple[str, str]:
    """Write the job of a round: the configuration, the share of the budget of each run, and the stored data; return
    the path and the digest of what says so.
    """
    document = {"config": config.model_dump(mode="json"), "share": share, **given}
    write_json(folder / jobs.JOB, document | jobs.versions())
    return str(folder / jobs.JOB), digest_file(folder / jobs.JOB)


def missing(job: str, candidates: Sequence[int]) -> Iterator[int]:
    """Return the candidates that are not measured yet."""
    return (k for k in candidates if not _figures(job, k).exists())


def found(job: str, candidates: Sequence[int]) -> list[ShortRun]:
    """Return what the short runs of a round came to."""
    return [ShortRun(**read_json(_figures(job, k))) for k in candidates]


def _figures(job: str, k: int) -> Path:
    return Path(job).parent / f"{k:02d}" / FIGURES


def try_out(job: str, digest: str, k: int) -> dict[str, Any]:
    """Train a candidate of a search in a short run, from its last checkpoint on, and measure it, unless it was."""
    asked = jobs.opened(job, digest)
    if not _figures(job, k).exists():
        write_json(_figures(job, k), asdict(_tried(asked, k, _figures(job, k).parent)))
    return {"candidate": k}


def _tried(asked: Mapping[str, Any], k: int, folder: Path) -> ShortRun:
    config, share = with_candidate(RunConfig.restored(asked["config"]), k), asked["share"]
    config = config.model_copy(update={"budget": halving.of_budget(config.budget, share)})
    try:
        return _measured(asked, config, k, share, folder)
    except Unavailable:
        raise
    except (LaunderError, GeneratorError, EvaluationError) as error:
        return ShortRun(k, config.generator.name, refused=str(error))


def _measured(asked: Mapping[str, Any], config: RunConfig, k: int, share: float, folder: Path) -> ShortRun:
    modality = modalities.of(config)
    model = launching.trained(
        *(modality, asked["train"], asked["schema"], config),
        folder=folder / "processes",
        checkpoint=folder / "checkpoint",
        model=folder / "model",
        progress=listener.get(),
    )
    kept, held = (modality.read(asked[side]) for side in ("train", "validation"))
    drawn, names = modality.sample(model, config, kept), [modality.COMPARED_BY, modality.ATTACKED_BY]
    scores = modality.score(kept, held, drawn, Schema.from_dict(asked["schema"]), config, model, names).scores
    likeness = scores[modality.COMPARED_BY]
    return ShortRun(
        k,
        config.generator.name,
        **_spent(config.budget, model.record, share),
        loss=_loss(modality.losses(model, kept, held)),
        scale=scale(model, config.generator.name),
        likeness=likeness.value,
        better=likeness.better,
        auc=scores[modality.ATTACKED_BY].detail.get("auc"),
    )


def _spent(budget: Budget, record: Mapping[str, Any], share: float) -> dict[str, Any]:
    """Return the steps of a run, those of the whole budget, and the share of it that is spent."""
    steps = record["steps"]
    if "planned_steps" not in record:  # a generator that counts its rows once
        return {"steps": steps, "spent": 0.0}
    planned = record["planned_steps"]
    taken = record["seconds"] / (60 * budget.minutes) if budget.minutes else steps / planned
    return {"steps": steps, "whole": round(planned / share), "spent": round(share * taken, 6)}


def _loss(losses: np.ndarray | None) -> float | None:
    """Return the mean of the losses of the validation rows that the model could draw; None where there is none."""
    if losses is None or not np.isfinite(losses).any():
        return None
    return float(losses[np.isfinite(losses)].mean())


def scale(model: Synthesizer, name: str) -> str:
    """Return what the losses of a model can be compared with: likelihoods of one table with one another, a bound of
    one, or any other loss, within the family alone.
    """
    return "likelihood" if isinstance(model, HasLogProb) and not getattr(model, "is_bound", False) else name


def with_candidate(config: RunConfig, k: int) -> RunConfig:
    """Return the configuration of a run with candidate k alone."""
    chosen = config.generator.search[k]
    own = Generator(name=chosen.name, options=chosen.options, devices=config.generator.devices)
    return config.model_copy(update={"generator": own})
