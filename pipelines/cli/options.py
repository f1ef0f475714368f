"""What the commands share: options by one name, exit codes, and how they speak."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

RELEASED, FAILED, QUARANTINED, INTERRUPTED = 0, 1, 3, 130

Source = Annotated[str, typer.Argument(metavar="SOURCE", help="A CSV or Parquet file, or a folder of parts.")]
Config = Annotated[str, typer.Argument(metavar="CONFIG.yaml|SOURCE", help="A configuration, or a table or a folder of images alone.")]
Output = Annotated[Path | None, typer.Option("--output", help="Folder of releases/, quarantine/ and work/.")]
Overrides = Annotated[list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Override a key of the configuration.")]
Minutes = Annotated[float | None, typer.Option(help="Wall-clock budget of the training.")]
Seed = Annotated[int, typer.Option(help="Seed of everything random.")]
Folder = Annotated[Path, typer.Argument(metavar="DIR", help="An output folder.")]
Target = Annotated[str | None, typer.Option(help="The column that a model should predict from the others.")]


def say(text: str = "") -> None:
    """Print a line at once."""
    print(text, flush=True)


def progress(total: str = "training") -> Callable[[dict[str, float]], None]:
    """Return what shows how far a training is."""
    from launderette.pipelines.cli.terminal import TrainingProgress

    return TrainingProgress(total)
