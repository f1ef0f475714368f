"""The last release and tonight's source: what changed between them, and whether the model of the one serves for the
other.

A model is reused with all that belongs to it: the rows that it learned and those it never saw. So its release is scored
against the very members that it might give away, and every step but the decision is there already.
"""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from launderette.pipelines.config import RunConfig
from launderette.pipelines.drift import findings
from launderette.pipelines.release import history
from launderette.pipelines.run import caching, steps
from launderette.pipelines.run.artifacts import LaunderError, digest_of
from launderette.pipelines.run.caching import WORK, NotDone, Result, Step
from launderette.pipelines.search import steps as searching


class Do(Protocol):
    """How a step is done: as a task, or by looking up what it has left."""

    def __call__(self, step: Step, **inputs: Any) -> Result:
        """Return the result of a step."""


Doing = Callable[[RunConfig], Do]  # how the steps of a configuration are done


@dataclass(frozen=True)
class FittedSteps:
    """The results of the steps from protection to training; `sides` are the training rows and the holdout, `config` is
    that of the generator that was trained, which `search` has chosen among several (empty where one was named).
    """

    config: RunConfig
    search: Result

    protected: Result
    sides: Result
    rules: Result
    model: Result


@dataclass(frozen=True)
class Night:
    """The source that a run goes on from, changes since the last release, those among them that refuse, and of a model
    that is reused, where it comes from.
    """

    source: Result
    changes: Sequence[Result] = ()
    refused: Sequence[Result] = ()
    notes: Sequence[str] = ()
    model: Result = field(default_factory=dict)

    def base(self, config: RunConfig) -> Result:
        """Return what the next run compares with, its paths relative to work/."""
        work = Path(config.publish.to) / WORK
        trained = {key: self.model[key] for key in ("release", "since")} if self.model else None
        source = caching.mapped(self.source, lambda path: os.path.relpath(path, work))
        return {"source": source, "changes": list(self.changes), "trained": trained}


def fit(
    doing: Doing, config: RunConfig, source: Result, check: Callable[[Result, Result], None] | None = None
) -> FittedSteps:
    """Do the steps from protection to training; `check` is handed the schema and the stored data that are protected,
    before anything is learned.
    """
    do = doing(config)
    given = {"table": source["table"], "schema": source["schema"]}
    protected = do(steps.protect, **given)
    if check:
        check(source["schema"], protected["table"])
    sides = do(steps.split, table=protected["table"], schema=source["schema"])
    config, search = _generator(doing, config, sides["train"], sides["schema"])
    do = doing(config)
    rules = do(steps.relate, **given)
    trained = {"table": sides["train"], "schema": sides["schema"], "combinations": rules["combinations"]}
    both = {name: sides[name] for name in ("train", "holdout")}
    return FittedSteps(config, search, protected, both, rules, do(steps.train, **trained))


def _generator(doing: Doing, config: RunConfig, train: Result, schema: Result) -> tuple[RunConfig, Result]:
    """Return the configuration of the one generator to train, and what the search for it has found."""
    if not config.generator.search:
        return config, {}
    found = doing(config)(searching.search, table=train, schema=schema)
    return searching.chosen(config, found), found


def look(doing: Doing, config: RunConfig, source: Result) -> Night:
    """Compare a source with that of the last release, and return what the run goes on from.

    LaunderError where the source has drifted in a way that stops the run.
    """
    last = history.last(Path(config.publish.to), config.name)
    if last is None:
        return Night(source)
    past = _past(config, last)
    if past["table"] and _content(past) == _content(source):
        changes = last["base"]["changes"]  # as when it was new
        return Night(source, changes, findings.refused(config, changes))
    now = {key: source[key] for key in ("table", "schema", "whole")}
    changes = doing(config)(steps.compare, **now, before=past)["changes"]
    findings.stop(config, changes, last["release"])
    gone = [] if past["table"] else ["Only columns were compared with the last release: its rows are not in work/."]
    refused = findings.refused(config, changes)
    if config.train.when == "drifted" and findings.are_of_numbering(changes) and not gone and _is_fitted(config, past):
        return _reused(source, past, last)
    return Night(source, changes, refused, [*gone, *findings.adapted(config, changes, last["release"])])


def _content(source: Result) -> str:
    return digest_of({"rows": source["table"]["digest"], "schema": source["schema"]})


def _reused(source: Result, past: Result, last: Result) -> Night:
    trained, rows = last["base"]["trained"], source["table"]["rows"]
    note = (
        f"Nothing has drifted, so the model of release {trained['release']} (since {trained['since']}) was not trained "
        f"anew: train: {{when: always}} has it trained on the {rows:,} rows of now."
    )
    return Night(past, notes=[note], model={**trained, "compared_rows": rows})


def _past(config: RunConfig, last: Result) -> Result:
    """Return the source of the last release as its step left it; only its schema where its rows are gone."""
    work = Path(config.publish.to) / WORK
    schema = {"columns": last["columns"]}
    if "base" not in last:  # of a version that kept no more
        return {"table": None, "schema": schema}
    source = caching.mapped(last["base"]["source"], lambda path: os.path.normpath(work / path))
    return source if caching.intact(source["table"]) else {"table": None, "schema": schema}


def looking_up(config: RunConfig) -> Do:
    """Return what looks up the results of the steps of a configuration."""
    return lambda step, **inputs: caching.look_up(step, config, **inputs)


def is_trained(config: RunConfig) -> bool:
    """Tell whether the model of a run is there whole, so that it asks nothing more of its rows."""
    try:
        source = looking_up(config)(steps.ingest)
    except (NotDone, LaunderError, OSError):
        return False
    return _is_fitted(config, source)


def _is_fitted(config: RunConfig, source: Result) -> bool:
    """Tell whether the model of a source is there whole, as this configuration and this code would train it."""
    try:
        fitted = fit(looking_up, config, source)
    except (NotDone, LaunderError, OSError):
        return False
    return caching.intact(fitted.model)
