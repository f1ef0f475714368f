"""A run from Python: what `launder run` does, with the result as a value."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from launderette.generators import notebook
from launderette.pipelines import config as configs
from launderette.pipelines.config import RunConfig
from launderette.pipelines.config.documents import setting
from launderette.pipelines.notifications import sending
from launderette.pipelines.run import pipeline, server


def run(
    source: str | Path | RunConfig, *, output: str | Path | None = None, settings: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Run the whole flow once on a source or a configuration; return outcome (released, quarantined, or
    held until somebody approves it), passed (released), place, report, id, verdict and unchanged: a sentence where the
    last run released the same, so that there was nothing to do.

    In a notebook the cell shows how far the training is.
    `settings` are keys of the configuration such as {"score.target": "income"}. LaunderError for what cannot be run.
    """
    if not isinstance(source, RunConfig):
        source = configs.load(source, [setting(key, value) for key, value in (settings or {}).items()], output)
    if found := pipeline.unchanged(source):
        sending.end(source, found)
        return found
    work = server.prepare(source.publish.to)
    with server.beginning(work) as begun:
        from launderette import flows  # with Prefect, whose server starts meanwhile
        from launderette.pipelines.run import tasks

        tasks.listener.set(tasks.listener.get() or notebook.progress())
        with tasks.connected(begun):
            return flows.launder(source)
