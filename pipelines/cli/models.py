"""The commands of models: `launder fit`, `launder sample`."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from launderette.pipelines.cli.options import (
    RELEASED,
    Delta,
    Epsilon,
    Minutes,
    Overrides,
    Overwrite,
    Seed,
    Source,
    Target,
    check_new,
    progress,
    say,
)
from launderette.pipelines.cli.waiting import spinner


def fit(
    source: Source,
    model: Annotated[Path, typer.Option("--model", help="Folder to write the model to.")],
    generator: Annotated[
        str | None, typer.Option(help="A path in generators/, such as tabular.autoregressive.")
    ] = None,
    target: Target = None,
    minutes: Minutes = None,
    epsilon: Epsilon = None,
    delta: Delta = None,
    option: Annotated[
        list[str] | None, typer.Option("--option", metavar="KEY=VALUE", help="An option of the generator.")
    ] = None,
    override: Overrides = None,
    seed: Seed = 0,
    overwrite: Overwrite = False,
) -> int:
    """Protect a table or images and train a generator on all of it. A model is as private as its rows: keep it
    inside.
    """
    from launderette.pipelines import config, modalities
    from launderette.pipelines.config.documents import setting
    from launderette.pipelines.run.artifacts import explained
    from launderette.pipelines.sources import remote
    from launderette.pipelines.stages import fitting

    words = {
        "score.target": target,
        "budget.minutes": minutes,
        "privacy.epsilon": epsilon,
        "privacy.delta": delta,
        "seed": seed,
    }
    named = [f"generator.name={generator}"] if generator else []
    settings = [*named, *(f"generator.options.{o}" for o in option or []), *(override or [])]
    settings += [setting(key, value) for key, value in words.items() if value is not None]
    loaded = config.load(source, settings)
    _check_place(model, overwrite)
    spinner.show("reading the source")
    with remote.at_hand(loaded) as (loaded, notes):
        for note in [*notes, *(modalities.of(loaded).inspect(loaded) if loaded.privacy is not None else ())]:
            say(note)
        fitted = fitting.fit(loaded, progress=progress(), tell=say)
    with explained(model):
        fitted.save(model)
    say(f"Wrote {model}: {fitted.record['steps']} steps on {fitted.record['device']} ({fitted.record['reason']}).")
    for sentence in _of_record(fitted.record, loaded.publish.to):
        say(sentence)
    return RELEASED


def _check_place(model: Path, overwrite: bool) -> None:
    """Raise LaunderError where a model cannot be written, or would replace anything but a model."""
    from launderette.generators.training import checkpoint
    from launderette.pipelines.run.artifacts import LaunderError, check_place

    check_place(model)
    if model.exists() and not checkpoint.exists(model) and (model.is_file() or any(model.iterdir())):
        raise LaunderError(f"expected {model} to be new or to hold a model, found other files; choose another --model")
    check_new(model, overwrite)


def _of_record(record: Mapping[str, Any], spent_in: str) -> Iterator[str]:
    """Yield what a model's record says of its budget, of columns that it works out, and of what it remembers."""
    from launderette.generators.privacy.ledger import Ledger
    from launderette.generators.training import memorisation
    from launderette.pipelines.config import relations

    if ledger := record.get("ledger"):
        yield f"{Ledger.from_dict(ledger).sentence()} It counts among what {spent_in} has spent."
    yield from relations.worked_out(record)
    if remembered := record.get("memorisation"):
        yield f"{memorisation.sentence(remembered)} Keep it inside."


def sample(
    model: Annotated[Path, typer.Argument(metavar="MODEL", help="A model folder.")],
    rows: Annotated[int, typer.Option("--rows", min=1, help="How many rows to draw.")],
    output: Annotated[
        Path,
        typer.Option("--output", help="FILE.csv, .parquet or .jsonl, or a folder; for images .parquet or a folder."),
    ],
    where: Annotated[
        list[str] | None, typer.Option("--where", metavar="CONDITION", help="Such as age>=30 or city=Rome|Milan.")
    ] = None,
    constraint: Annotated[
        list[str] | None, typer.Option("--constraint", metavar="RULE", help="Such as 'start <= end'.")
    ] = None,
    seed: Seed = 0,
    overwrite: Overwrite = False,
) -> int:
    """Draw rows from a fitted model."""
    from launderette import generators
    from launderette.pipelines import modalities
    from launderette.pipelines.run.artifacts import check_place
    from launderette.pipelines.shards import sampling as shards
    from launderette.pipelines.sinks import tables

    if output.suffix:
        tables.check_suffix(output)  # no model writes another
        check_new(output, overwrite)
    fitted = generators.open_model(model)
    modality = modalities.of_schema(fitted.schema)
    modality.check_output(output)
    check_new(output, overwrite)
    check_place(output)
    asked: dict[str, Any] = {"where": tables.conditions(where or [], fitted.schema.flat.names)}
    asked |= {"constraints": constraint} if constraint else {}
    modality.check_sampling(asked)
    spinner.show(f"drawing {modality.UNIT}")
    if shards.is_sharded(fitted, rows):
        shards.write_output(fitted, rows, output, say, seed=seed, **asked)
    else:
        modality.write_output(fitted.sample(rows, seed=seed, **asked), output)
    say(f"Wrote {output}: {rows:,} {modality.UNIT}.")
    return RELEASED
