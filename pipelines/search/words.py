"""What a report and the terminal say of a search over generators: every short run, and what followed from it."""

from collections.abc import Mapping
from typing import Any

from launderette.pipelines.search import halving
from launderette.pipelines.search.halving import ShortRun


def card(found: Mapping[str, Any]) -> dict[str, Any]:
    """Return the section of a report's card on a search; nothing where none was made."""
    return {"search": of_runs(found)} if found else {}


def of_runs(found: Mapping[str, Any]) -> dict[str, str]:
    """Return every short run in words, by its round and its generator."""
    rounds = [[ShortRun(**run) for run in runs] for runs in found.get("rounds", ())]
    said: dict[str, str] = {}
    for number, runs in enumerate(rounds, 1):
        place, on = {run.candidate: k for k, run in enumerate(halving.ranked(runs), 1)}, halving.kept(runs)
        by = found["metric"] if halving.criterion(runs) == "likeness" else "loss"
        for run in runs:
            end = _end(run, len(on) == 1, run.candidate in on)
            told = run.refused or f"{place[run.candidate]} of {len(runs)} by {by}; {_measured(run, found['metric'])}"
            said[_called(number, run)] = f"{end}: {told}"
    return said


def ended(number: int, run: ShortRun, metric: str) -> str:
    """Return what a short run of a round, counted from 1, came to, before the others of its round are known."""
    return f"{_called(number, run)}: {f'refused: {run.refused}' if run.refused else _measured(run, metric)}"


def _called(number: int, run: ShortRun) -> str:
    return f"round {number}, {run.candidate + 1}. {run.name}"


def _end(run: ShortRun, last: bool, goes_on: bool) -> str:
    if run.refused:
        return "refused"
    if goes_on:
        return "chosen, and trained to the end" if last else "goes on"
    return "left out"


def _measured(run: ShortRun, metric: str) -> str:
    figures = {metric: run.likeness, "loss": run.loss, "AUC of the loss as an attack": run.auc}
    known = [f"{name} {value:.3f}" for name, value in figures.items() if value is not None]
    beyond = [f"beyond the bound on memory, {halving.MOST_ATTACK:.2f}"] if run.remembers else []
    return ", ".join([f"{run.steps:,} steps", *known, *beyond])
