"""The command `launder augment`: its words become settings of the section `augment` of a configuration."""

import json
from pathlib import Path
from typing import Annotated

import typer

from launderette.pipelines.cli.options import say

Counts = Annotated[
    list[str] | None, typer.Option("--class", metavar="CLASS=ROWS", help="Rows of a class, real ones included.")
]
Shares = Annotated[
    list[str] | None, typer.Option("--share", metavar="CLASS=SHARE", help="Share of a class; name all of them.")
]
Compare = Annotated[
    list[str] | None, typer.Option("--compare", metavar="GENERATOR", help="A further generator for the verdict.")
]
Curve = Annotated[
    list[str] | None, typer.Option("--curve", metavar="FACTOR", help="A further multiple of the rows for the verdict.")
]


def augment(
    config: Annotated[
        str, typer.Argument(metavar="CONFIG.yaml|SOURCE", help="A configuration, or just a training set.")
    ],
    target: Annotated[
        str | None, typer.Option(help="The column that holds the classes; images in folders by class need none.")
    ] = None,
    to: Annotated[str | None, typer.Option(help="balance, or a multiple of the rows such as 2.")] = None,
    counts: Counts = None,
    shares: Shares = None,
    times: Annotated[float | None, typer.Option(help="Rows of a balanced class, as a multiple of the largest.")] = None,
    filter: Annotated[
        bool, typer.Option(help="Drop synthetic rows that models of the real ones call mislabelled.")
    ] = True,
    weight: Annotated[float | None, typer.Option(help="Weight of a synthetic row; a real one has 1.")] = None,
    bins: Annotated[int | None, typer.Option(help="Classes to cut a continuous target into.")] = None,
    test: Annotated[
        str | None, typer.Option(help="Test rows or images: refuse where the training set holds one.")
    ] = None,
    generator: Annotated[
        str | None, typer.Option(help="A path in generators/, such as tabular.autoregressive.")
    ] = None,
    compare: Compare = None,
    curve: Curve = None,
    folds: Annotated[int | None, typer.Option(help="Folds of the cross-validation.")] = None,
    repeats: Annotated[int | None, typer.Option(help="Its repeats; 0 skips the verdict.")] = None,
    minutes: Annotated[float | None, typer.Option(help="Wall-clock budget of every training.")] = None,
    format: Annotated[str | None, typer.Option(help="For images: parquet, or folder for PNG files by class.")] = None,
    output: Annotated[Path | None, typer.Option(help="Output folder; the augmented rows stay in its work/.")] = None,
    override: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Override a key of the configuration.")
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Seed for everything random.")] = None,
) -> int:
    """Enlarge or rebalance a training set, and say by cross-validation whether that helps."""
    named = None if target is None else json.dumps(target, ensure_ascii=False)  # a name may look like a number
    words = {"score.target": named, "generator.name": generator, "budget.minutes": minutes, "seed": seed}
    words |= {"augment.to": to, "augment.times": times, "augment.weight": weight, "augment.bins": bins}
    words |= {"augment.folds": folds, "augment.repeats": repeats, "publish.format": format}
    words |= {
        "augment.test": None if test is None else str(Path(test).absolute()),
        "augment.filter": None if filter else "false",
    }
    lists = {
        "augment.counts": _pairs(counts, "--class"),
        "augment.shares": _pairs(shares, "--share"),
        "augment.compare": compare,
    }
    words |= {key: json.dumps(value) for key, value in lists.items() if value}
    words |= {"augment.curve": f"[{', '.join(curve)}]"} if curve else {}
    return _augment(
        config, [*(override or []), *(f"{key}={value}" for key, value in words.items() if value is not None)], output
    )


def _pairs(texts: list[str] | None, option: str) -> dict[str, float]:
    """Return class and number of `CLASS=NUMBER`, cut at the last `=`."""
    from launderette.pipelines.run.artifacts import LaunderError

    found = {}
    for text in texts or []:
        name, _, number = text.rpartition("=")
        try:
            found[name] = float(number) if "." in number else int(number)
        except ValueError:
            raise LaunderError(
                f"expected {option} CLASS=NUMBER, found no number after '='; write for example {option} 'yes=500'"
            ) from None
    return found


def _augment(source: str, overrides: list[str], output: Path | None) -> int:
    from launderette.pipelines import config
    from launderette.pipelines.augment import rows, steps
    from launderette.pipelines.sources import remote

    loaded = config.load(source, overrides, output)
    steps.check_generators(loaded)
    loaded, notes = remote.fetched(loaded)
    for note in notes:
        say(note)
    rows.of(loaded.generator.name).inspect(loaded)  # before Prefect starts, so that bad input is told at once
    from launderette.pipelines.cli import terminal

    return terminal.augment(loaded)
