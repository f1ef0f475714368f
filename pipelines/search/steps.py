"""The step of a run that chooses its generator, and the configuration that the run goes on with."""

from collections.abc import Callable, Mapping
from dataclasses import asdict
from functools import partial
from typing import Any

from launderette.generators import Progress, Schema
from launderette.pipelines.config import RunConfig
from launderette.pipelines.modalities import Modality
from launderette.pipelines.run.artifacts import LaunderError
from launderette.pipelines.run.caching import Place, Result
from launderette.pipelines.run.steps import MODEL_LIBRARIES, SCORING_CODE, SCORING_LIBRARIES, run_step
from launderette.pipelines.search import halving, short_runs, words
from launderette.pipelines.search.halving import ShortRun
from launderette.pipelines.shards.jobs import Spread, one_by_one


@run_step(
    reads="generator budget seed device split columns sample personal "
    "score.target score.quasi_identifiers score.features",
    runs=(
        *(*SCORING_CODE, "generators", "pipelines/search", "pipelines/parallel_training"),
        *("pipelines/sinks", "pipelines/databases/addresses.py"),
    ),
    needs=(*MODEL_LIBRARIES, *SCORING_LIBRARIES),
    aside="spread progress note",
)
def search(
    place: Place,
    config: RunConfig,
    table: Result,
    schema: Result,
    spread: Spread = one_by_one,
    progress: Progress | None = None,
    note: Callable[[str], object] = str,
) -> Result:
    """Choose the generator among several by short runs on a part of the training rows, measured on the rest; `note` is
    told what each has come to.
    """
    modality, count = place.modality, len(config.generator.search)
    kept, held = modality.split(modality.read(table), Schema.from_dict(schema), config)
    given = {"train": modality.store(kept, place.path("train")), "schema": schema}
    given["validation"] = modality.store(held, place.path("validation"))
    left, rounds = list(range(count)), list[list[ShortRun]]()
    while len(left) > 1:
        folder, share = place.path(f"round-{len(rounds) + 1}"), halving.share(count, len(left))
        job, digest = short_runs.ask(folder, config, share, given)
        ended = partial(_told, note, len(rounds) + 1, job, modality.COMPARED_BY)
        short_runs.listener.set(progress)
        spread(short_runs.try_out, job, digest, list(short_runs.missing(job, left)), done=ended)
        rounds.append(short_runs.found(job, left))
        left = halving.kept(rounds[-1])
    if not left:
        raise LaunderError(rounds[-1][0].refused)
    return _result(modality, config, rounds, left[0])


def _told(note: Callable[[str], object], number: int, job: str, metric: str, k: int) -> None:
    note(words.ended(number, short_runs.found(job, [k])[0], metric))


def _result(modality: Modality, config: RunConfig, rounds: list[list[ShortRun]], winner: int) -> Result:
    runs = [run for found in rounds for run in found]
    last = next(run for run in rounds[-1] if run.candidate == winner)
    told = [[asdict(run) for run in found] for found in rounds]
    left = halving.rest(config.budget, runs, last)
    return {"winner": winner, "budget": left, "metric": modality.COMPARED_BY, "rounds": told}


def chosen(config: RunConfig, found: Mapping[str, Any]) -> RunConfig:
    """Return the configuration of a run whose generator is the winner of a search, with what is left of the budget."""
    return short_runs.with_candidate(config, found["winner"]).updated("budget", **found["budget"])
