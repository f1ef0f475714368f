"""What the commands share: options by one name, exit codes, and how they speak."""

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer

from launderette.pipelines.cli.waiting import spinner

RELEASED, FAILED, QUARANTINED, HELD, INTERRUPTED = 0, 1, 3, 4, 130

Source = Annotated[str, typer.Argument(metavar="SOURCE", help="A CSV or Parquet file, or a folder of parts.")]
Config = Annotated[
    str, typer.Argument(metavar="CONFIG.yaml|SOURCE", help="A configuration, or just a table or a folder of images.")
]
Output = Annotated[Path | None, typer.Option("--output", help="Folder of releases/, quarantine/ and work/.")]
Overrides = Annotated[
    list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Override a key of the configuration.")
]
Minutes = Annotated[float | None, typer.Option(help="Wall-clock budget of the training.")]
Seed = Annotated[int, typer.Option(help="Seed for everything random.")]
Folder = Annotated[Path, typer.Argument(metavar="DIR", help="An output folder.")]
Target = Annotated[str | None, typer.Option(help="The column that a model should predict from the others.")]

Epsilon = Annotated[float | None, typer.Option(help="Differential privacy: its epsilon, such as 3.")]
Delta = Annotated[float | None, typer.Option(help="Its delta; 1e-6 where none is given.")]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace what is there.")]


def show_version(asked: bool) -> None:
    """Print the version and leave, where asked."""
    if not asked:
        return
    from importlib import metadata

    with suppress(metadata.PackageNotFoundError):
        say(f"launder {metadata.version('launderette')}")
        raise typer.Exit
    say("launder, of a checkout that is not installed")
    raise typer.Exit


Version = Annotated[
    bool, typer.Option("--version", help="Show the version and exit.", is_eager=True, callback=show_version)
]


def check_new(output: Path, overwrite: bool) -> None:
    """Raise LaunderError where a file or a filled folder is at `output` and may not be replaced."""
    from launderette.pipelines.run.artifacts import LaunderError

    if not overwrite and (output.is_file() or (output.is_dir() and any(output.iterdir()))):
        raise LaunderError(
            f"expected nothing at {output} yet, found something; add --overwrite to replace it, or choose another place"
        )


def say(text: str = "") -> None:
    """Print a line at once."""
    with spinner.paused():
        print(text, flush=True)


def tell_ends(output: Path) -> None:
    """Tell Prefect's server how runs of a folder have ended that could not say so themselves, and say how many."""
    from launderette.pipelines.run import lease
    from launderette.pipelines.run.caching import WORK

    if not lease.untold(output / WORK):
        return
    from launderette.pipelines.run import tasks  # with Prefect

    if known := tasks.tell_ends(output):
        which = "a run" if known == 1 else f"{known:,} runs"
        say(f"Told Prefect's server how {which} ended while it was away.")


def progress() -> Callable[[dict[str, float]], None]:
    """Return what shows how far a training is."""
    from launderette.pipelines.cli.terminal import TrainingProgress

    return TrainingProgress("training")
