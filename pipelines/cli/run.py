"""The commands that run flows: `launder demo`, `launder run`, `launder serve`."""

from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any

import typer

from launderette.pipelines.cli.options import (
    RELEASED,
    Config,
    Delta,
    Epsilon,
    Minutes,
    Output,
    Overrides,
    say,
    tell_ends,
)
from launderette.pipelines.cli.waiting import spinner


def demo(
    output: Annotated[Path, typer.Option("--output", help="Output folder.")] = Path("laundered-demo"),
    images: Annotated[bool, typer.Option("--images", help="Launder scikit-learn's digits instead.")] = False,
) -> int:
    """Launder scikit-learn's breast cancer table, or its images of digits: the whole flow on real data."""
    from launderette.pipelines import config
    from launderette.pipelines.run import server

    with server.early(str(output)) as begun:  # as below: the source comes from libraries that load for seconds
        from launderette.pipelines.cli import demonstration

        source = demonstration.write_images(output) if images else demonstration.write_source(output)
        overrides = [] if images else ["score.target=diagnosis"]
        return _begin(config.load(str(source), overrides, output), begun)


def run(
    config: Config,
    output: Output = None,
    override: Overrides = None,
    minutes: Minutes = None,
    epsilon: Epsilon = None,
    delta: Delta = None,
) -> int:
    """Run the whole flow once: a release, or a quarantine with reasons."""
    words = {"budget.minutes": minutes, "privacy.epsilon": epsilon, "privacy.delta": delta}
    given = [f"{key}={value}" for key, value in words.items() if value is not None]
    return _run(config, [*(override or []), *given], output)


def _run(source: str, overrides: list[str], output: Path | None) -> int:
    from launderette.pipelines import config
    from launderette.pipelines.run import server

    written = config.read(source, overrides, output)
    with server.early(written.publish.to) as begun:  # what follows is loaded for seconds
        return _begin(config.settled(written), begun)


def _begin(loaded: Any, begun: Any) -> int:
    spinner.show("looking at the source")
    from launderette.pipelines.cli import terminal
    from launderette.pipelines.notifications import sending

    with sending.failures(loaded):
        _check_runner(loaded)
        loaded = _fetched(loaded)
    if found := terminal.unchanged(loaded):
        sending.end(loaded, found)
        tell_ends(Path(loaded.publish.to))
        return RELEASED
    with sending.failures(loaded), suppress(OSError):  # what may pass, the flow tries again
        _look(loaded)  # before Prefect is loaded, so that bad input is told at once
    return terminal.run(loaded, begun)


def _check_runner(loaded: Any) -> None:
    """Look for a cluster before anything is read; Prefect, of whose server it has to know, is loaded for it."""
    if not loaded.resources.runner.startswith("ray"):
        return
    from launderette.pipelines.run import server

    server.prepare(loaded.publish.to)
    from launderette.pipelines.run import tasks

    tasks.check_runner(loaded)


def _fetched(loaded: Any) -> Any:
    """Return the configuration with a copy of a source that is not here, and say how it was read."""
    if not loaded.source.is_remote:
        return loaded
    from launderette.pipelines.sources import remote

    found, notes = remote.fetched(loaded)
    for note in notes:
        say(note)
    return found


def _look(loaded: Any) -> None:
    from launderette.pipelines.run import pipeline

    for note in pipeline.look(loaded):
        say(note)


def serve(configs: Annotated[list[str], typer.Argument(metavar="CONFIG.yaml ...")]) -> int:
    """Run configurations on their cron schedules, through Prefect, until interrupted."""
    from launderette.pipelines import config
    from launderette.pipelines.run.artifacts import LaunderError

    loaded = [config.load(path) for path in configs]
    if len({one.name for one in loaded}) < len(loaded):
        raise LaunderError(
            "expected a different name for every configuration, found one twice; set name in one of them"
        )
    from launderette.pipelines.cli import serving

    return serving.serve(loaded)
