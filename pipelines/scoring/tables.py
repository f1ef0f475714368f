"""Scoring tables from files, wherever they were made, in the columns that all of them have."""

import pandas as pd

from launderette import evaluation
from launderette.evaluation.metadata import Metadata
from launderette.evaluation.report import Report
from launderette.generators import Schema, Synthesizer
from launderette.generators.data.inference import infer
from launderette.generators.data.schema import KINDS
from launderette.pipelines.config import RunConfig
from launderette.pipelines.config.errors import nearest
from launderette.pipelines.modalities.contract import ScoredSources
from launderette.pipelines.run.artifacts import LaunderError
from launderette.pipelines.scoring import run
from launderette.pipelines.scoring.readable import Comparable
from launderette.pipelines.sources.tables import LEFT_OUT, encoding_of, read_table
from launderette.pipelines.stages import ingestion

LISTED_COLUMNS = 10  # columns named in a sentence


def score(sources: ScoredSources, settings: RunConfig) -> tuple[Report, tuple[str, ...]]:
    """Score a table in the columns that all share; return the report and sentences on columns that were left out of it.

    LaunderError where no column is shared, the model's columns are not, or the table of strict sources has columns of
    its own.
    """
    if sources.features is not None:
        raise LaunderError("expected images for --features, found tables; leave it out")
    given = {"training": sources.train, "holdout": sources.holdout, "synthetic": sources.synthetic}
    sides = {name: _read(source, settings) for name, source in given.items() if source}
    shared, notes = _shared(sides)
    _check(sides["synthetic"], shared, sources.model, sources.strict)
    schema = _schema(sides["training"][shared], sides["training"], settings)
    compared = Comparable.of(sides["training"][shared], schema)
    frames = {name: compared.read(side[shared]) for name, side in sides.items()}
    report = evaluation.score(
        frames["training"],
        frames.get("holdout"),
        frames["synthetic"],
        kinds=compared.kinds,
        target=settings.score.target,
        loss=run.loss_of(sources.model),
        metadata=Metadata(
            quasi_identifiers=settings.score.quasi_identifiers, entity=settings.split.column, parts=compared.parts
        ),
        seed=settings.seed,
        names=settings.score.metrics,
    )
    return report, notes


def _read(source: str, settings: RunConfig) -> pd.DataFrame:
    """Read a table as the settings say; one that is UTF-8 all the same is read as that, for another program may
    have written it.
    """
    options = ingestion.reading(settings)
    return read_table(source, **options | {"encoding": encoding_of(source, settings.source.encoding)})


def _check(made: pd.DataFrame, shared: list[str], model: Synthesizer | None, strict: bool) -> None:
    unseen = [name for name in made if name not in shared]
    if strict and unseen:
        raise LaunderError(
            f"expected only columns of the training table under --gate, found also {unseen[0]!r}; leave it out"
        )
    if model and (lacking := [c.name for c in model.schema.columns if c.name not in shared and c.kind != "identifier"]):
        raise LaunderError(f"expected the model's columns in all tables, found no {lacking[0]!r}; give another --model")


def _shared(sides: dict[str, pd.DataFrame]) -> tuple[list[str], tuple[str, ...]]:
    """Return the columns that all tables have, in the order of the first, and a sentence on those that some lack."""
    every = list(dict.fromkeys(name for side in sides.values() for name in side))
    shared = [name for name in every if all(name in side for side in sides.values())]
    if not shared:
        raise LaunderError("expected columns that all tables share, found none; give tables of the same columns")
    notes = []
    for role, side in sides.items():
        if missing := [name for name in every if name not in side]:
            named = ", ".join(map(repr, missing[:LISTED_COLUMNS])) + (
                f" and {len(missing) - LISTED_COLUMNS} more" if len(missing) > LISTED_COLUMNS else ""
            )
            notes.append(f"Note: not scored, for the {role} table lacks it: {named}.")
    return shared, tuple(notes)


def _schema(train: pd.DataFrame, whole: pd.DataFrame, settings: RunConfig) -> Schema:
    """Return the columns with their kinds, the stated one or the one that each looks like. LaunderError for one
    that `whole` lacks.
    """
    words = {name: column if isinstance(column, str) else column["kind"] for name, column in settings.listed.items()}
    known = [*whole, *whole.attrs[LEFT_OUT]]
    if unknown := [name for name in words if name not in known]:
        raise LaunderError(
            f"expected a column of the training table under columns, found {unknown[0]!r}{nearest(unknown[0], known)}"
        )
    return infer(train, {name: word for name, word in words.items() if word in KINDS and name in train})
