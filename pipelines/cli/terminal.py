"""What a person sees of a run: steps, training progress with the time left, the scores, the verdict."""

import os
import time
from contextlib import nullcontext
from typing import Any

from rich import box
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from launderette.evaluation.report import Report
from launderette.evaluation.summaries import verdicts
from launderette.pipelines import modalities
from launderette.pipelines.cli import waiting
from launderette.pipelines.cli.options import HELD, QUARANTINED, RELEASED
from launderette.pipelines.config import RunConfig
from launderette.pipelines.run import pipeline, releasing, server
from launderette.pipelines.run.releasing import Ending
from launderette.pipelines.search import words

STEP_WORDS = {
    "fetch": "copying the source here",
    "ingest": "reading the source",
    "compare": "comparing with the last release",
    "protect": "protecting what is rare or extreme",
    "split": "setting the holdout aside",
    "search": "trying out generators by short runs",
    "repeat": "training on other divisions of few rows",
    "relate": "looking for rules to hold",
    "train": "training",
    "sample": "drawing synthetic data",
    "choose": "choosing what of it is scored",
    "score": "scoring",
    "decide": "judging",
    "publish": "publishing",
    "wait": "another run is at this step of the same data; waiting for it, to take its result",
    "overlap": "another run of this data set is at work; waiting for it to end",
    "dead": "the last run of this data set was killed; going on where it was",
    "cross_validate": "cross-validating, with and without augmentation",
    "report": "writing the report of the cross-validation",
    "enlarge": "training on all rows, adding synthetic ones",
}
EXIT_CODES = {Ending.RELEASED: RELEASED, Ending.QUARANTINED: QUARANTINED, Ending.HELD: HELD}
PLAIN_EVERY = 10.0  # seconds between two lines where there is no terminal
console = waiting.console()


class TrainingProgress:
    """A progress bar with the time left on a terminal; a line from time to time elsewhere."""

    def __init__(self, name: str) -> None:
        self.name, self.last = name, -PLAIN_EVERY
        self.bar: Progress | None = None

    def __call__(self, status: dict[str, float]) -> None:
        steps, step = status["steps"], status["step"]
        if status["seconds"] < self.last:  # of another training
            self.last = -PLAIN_EVERY
        if console.is_terminal:
            self._draw(
                step,
                steps,
                f"{self.name} in {_memory(status)} (loss {status['validation']:.2f})" if _trains(status) else "folds",
            )
        elif status["seconds"] - self.last >= PLAIN_EVERY or step == steps:
            self.last = status["seconds"]
            told = f", {_memory(status)}, validation loss {status['validation']:.3f}" if _trains(status) else ""
            print(f"  step {step} of {steps or '?'}, {status['seconds']:.0f} s{told}", flush=True)

    def _draw(self, step: float, steps: float, text: str) -> None:
        if self.bar is None:
            waiting.spinner.hide()
            self.bar = _bar(self.name, steps or 1)
            self.bar.start()
        self.bar.update(self.bar.task_ids[0], completed=step, total=steps or step + 1, description=text)
        if step == steps:
            self.close()

    def close(self) -> None:
        """Take the bar off the screen."""
        if self.bar is not None:
            self.bar.stop()
            self.bar = None


def _bar(name: str, steps: float) -> Progress:
    columns = (
        TextColumn("  {task.description}"),
        BarColumn(),
        TextColumn("{task.completed:.0f}/{task.total:.0f} steps"),
        TimeRemainingColumn(),
    )
    bar = Progress(*columns, console=console, transient=True)
    bar.add_task(name, total=steps)
    return bar


def _trains(status: dict[str, float]) -> bool:
    return "memory_mb" in status  # what counts folds says nothing of memory


def _memory(status: dict[str, float]) -> str:
    return f"about {status['memory_mb']:,} MB"


def unchanged(config: RunConfig) -> dict[str, Any] | None:
    """Return the end of the last run where it has released what a run would, and say so; None elsewhere."""
    found = pipeline.unchanged(config)
    if found:
        waiting.spinner.hide()
        _print_unchanged(config, found)
    return found


def _print_unchanged(config: RunConfig, found: dict[str, Any]) -> None:
    console.print(f"{config.name}: {found['unchanged']}", markup=False, soft_wrap=True)


def run(config: RunConfig, begun: server.StartingServer | None = None) -> int:
    """Run the flow, on a server that has begun or one of its own, and show it; return 0 for a release, 3 for a
    quarantine, 4 for a run that waits for approval.
    """
    result = _watched("launder", config, begun)
    if result.get("unchanged"):  # as another run has made it meanwhile, or somebody has approved it
        _print_unchanged(config, result)
        return RELEASED
    for note in result["notes"]:
        console.print(note, markup=False, soft_wrap=True)
    print_search(result["search"])
    print_verdict(result["verdict"], result["generator"], result["stopped"])
    where = result["outcome"].capitalize()
    console.print(
        f"{where}: {result['place']}\nReport: {result['report']}\nDevice: {result['device']}",
        markup=False,
        soft_wrap=True,
    )
    print_model(result["verdict"])
    if result["outcome"] == Ending.HELD:
        console.print(f"Waits for somebody: {releasing.approval(result)}", markup=False, soft_wrap=True)
    return EXIT_CODES[result["outcome"]]


def augment(config: RunConfig) -> int:
    """Run the flow of augmentation and show its verdict; return 0."""
    result = _watched("augment", config)
    for sentence in result["verdicts"]:
        console.print(sentence, markup=False, soft_wrap=True)
    things = modalities.of(config).UNIT
    counts = f"{result['real']:,} real and {result['synthetic']:,} synthetic {things}"
    console.print(f"Wrote {result['data']['path']}: {counts}. Keep it inside.", markup=False, soft_wrap=True)
    if result["mislabelled"]:
        from launderette.pipelines.augment import oversampling

        console.print(oversampling.few_agree(result["mislabelled"], things), markup=False, soft_wrap=True)
    if result["report"]:
        console.print(f"Report: {result['report']}", markup=False, soft_wrap=True)
    return 0


def _watched(flow: str, config: RunConfig, begun: server.StartingServer | None = None) -> dict[str, Any]:
    """Run one of the flows, telling its steps and the training's progress."""
    work = begun.work if begun else server.prepare(config.publish.to)
    console.print(
        f"[bold]{config.name}[/]: starting Prefect"
        if not os.environ.get("PREFECT_API_URL")
        else f"[bold]{config.name}[/]"
    )
    waiting.spinner.show("starting Prefect")
    with nullcontext(begun) if begun else server.beginning(work) as answering:
        return _flowing(flow, config, answering)


def _flowing(flow: str, config: RunConfig, begun: server.StartingServer | None) -> dict[str, Any]:
    from launderette import flows  # with Prefect, whose server starts meanwhile
    from launderette.pipelines.run import tasks

    started, progress = time.monotonic(), TrainingProgress("training")

    def tell(step: str) -> None:
        progress.close()  # of a training that stopped early
        waiting.spinner.hide()
        console.print(f"[{_clock(started)}] {STEP_WORDS[step]}", markup=False)
        waiting.spinner.show(STEP_WORDS[step])

    def note(line: str) -> None:
        progress.close()
        with waiting.spinner.paused():
            console.print(f"  {line}", markup=False, soft_wrap=True)

    tasks.tell.set(tell)
    tasks.note.set(note)
    tasks.listener.set(progress)
    try:
        with tasks.connected(begun):
            return getattr(flows, flow)(config)
    finally:
        progress.close()
        waiting.spinner.hide()


def _clock(started: float) -> str:
    minutes, seconds = divmod(int(time.monotonic() - started), 60)
    return f"{minutes}:{seconds:02d}"


def print_scores(report: Report) -> None:
    """Print every score with its interval, and what held-out rows (ceiling) and shuffled columns (floor) reach; 80
    columns wide.
    """
    table = _table("score", "value", "95 % interval", "ceiling", "floor")
    for name, score in report.scores.items():
        interval = "-" if score.value is None else f"{_figure(score.low)} to {_figure(score.high)}"
        table.add_row(name, _figure(score.value), interval, _figure(score.ceiling), _figure(score.floor))
    console.print(table)


def print_verdict(verdict: dict[str, Any], generator: str | None = None, stopped: str | None = None) -> None:
    """Print every rule of the gate in 80 columns, then each refusal in a sentence, and what to do about it."""
    table = _table("gate", "found", "allowed", "")
    for reason in verdict["reasons"]:
        words = "at least" if reason["rule"].startswith("at least") else "at most"
        allowed = "-" if reason["bound"] is None else f"{words} {_figure(reason['bound'])}"
        mark = "[bold red]refused[/]" if not reason["passed"] else "not tested" if reason["value"] is None else "passed"
        table.add_row(reason["score"], _figure(reason["value"]), allowed, mark)
    console.print(table)
    for reason in (reason for reason in verdict["reasons"] if not reason["passed"]):
        console.print(f"{reason['score']}: {verdicts.sentence(reason)}", markup=False, soft_wrap=True)
    for number, remedy in enumerate(verdicts.remedies(verdict["reasons"], generator, stopped), 1):
        console.print(
            f"{'What to do: ' if number == 1 else '            '}{number}. {remedy}", markup=False, soft_wrap=True
        )


def print_search(found: dict[str, Any]) -> None:
    """Print every short run of a search over generators."""
    for name, text in words.of_runs(found).items():
        console.print(f"{name}: {text}", markup=False, soft_wrap=True)


def print_model(verdict: dict[str, Any]) -> None:
    """Print in a sentence whether the model remembers its rows, where that was asked."""
    if said := verdicts.of_model(verdict):
        console.print(said, markup=False, soft_wrap=True)


def _table(*names: str) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name in names:
        table.add_column(name, no_wrap=True)
    return table


def _figure(value: float | None) -> str:
    return "-" if value is None else f"{value:.4f}"
