"""Scoring: the evaluation of one run, on the rows that its generator saw and those it did not."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from launderette import evaluation
from launderette.evaluation.divided import Repeats
from launderette.evaluation.metadata import Metadata
from launderette.evaluation.report import Report
from launderette.generators import Schema, Synthesizer
from launderette.generators.contract import HasLogProb
from launderette.generators.sampling import reading
from launderette.pipelines.config import RunConfig
from launderette.pipelines.config.documents import as_key
from launderette.pipelines.config.rules import MODEL_RULES
from launderette.pipelines.personal_data import fakes
from launderette.pipelines.personal_data.columns import SHARED
from launderette.pipelines.run.artifacts import LaunderError
from launderette.pipelines.scoring import shares
from launderette.pipelines.scoring.readable import Comparable
from launderette.pipelines.stages import splitting


def score(
    train: pd.DataFrame,
    holdout: pd.DataFrame,
    synthetic: pd.DataFrame,
    schema: Schema,
    config: RunConfig,
    model: Synthesizer | None = None,
    names: Sequence[str] | None = None,
    repeats: Repeats | None = None,
) -> Report:
    """Score the synthetic rows against both real sides; with a model that has a likelihood, the white-box attack is
    tried too. `names` restricts the metrics; `repeats` are further divisions of few rows (repeats.py).

    Under sample.where the real rows that meet the condition are compared with; where no holdout row does, there is no
    holdout. Under sample.weights it is rows in the same shares, under sample.constraints those that keep them, for all
    but privacy. What the report says of single rows and rare categories is for its internal variant, in the run's
    private folder. LaunderError where no training row is as asked for, or a share has no row, ValueError where the
    tables differ.
    """
    sides = _numbered(train, 0), _numbered(holdout, len(train))
    kept, held = (_meeting(side, schema, config.sample.where) for side in sides)
    if not len(kept):
        raise LaunderError(
            f"expected training rows that meet sample.where to compare with, found none among {len(train):,}; ask "
            "for what the data hold"
        )
    scored = partial(_scored, synthetic, schema, config)
    of_members = {**_white_box(model, sides, kept), "internal": True, "repeats": repeats}
    obeyed, weighted = _obeyed(kept, held, schema, config), bool(config.sample.weights)
    if obeyed.all() and not weighted:
        return scored(kept, held, names, **of_members)
    like = [kept[obeyed[: len(kept)]], held[obeyed[len(kept) :]]]
    if weighted:
        like = [_in_shares(*side, schema, config) for side in zip(like, ("training", "held-out"), strict=True)]
    notes = [note for note, said in ((shares.KEPT, not obeyed.all()), (shares.NOTE, weighted)) if said]
    return shares.judged(
        evaluation.names(schema.modality) if names is None else names,
        lambda private: scored(kept, held, private, **of_members),
        lambda others: scored(like[0], like[1], others),
        " ".join(notes),
    )


def _scored(
    synthetic: pd.DataFrame,
    schema: Schema,
    config: RunConfig,
    train: pd.DataFrame,
    holdout: pd.DataFrame,
    names: Sequence[str] | None,
    **of_members: Any,
) -> Report:
    """Score synthetic rows against two real sides, each read as its schema says."""
    personal, compared = fakes.personal_of(schema), Comparable.of(train, schema)
    metadata = Metadata(
        quasi_identifiers=config.score.quasi_identifiers,
        made_up=[column.name for column in personal if column.personal in fakes.OWN_FORM],
        worded=[column.name for column in personal if column.personal in fakes.NAME_PARTS],
        shared=[column.name for column in personal if column.personal in SHARED],
        entity=splitting.entity_of(config, schema),
        parts=compared.parts,
    )
    return evaluation.score(
        *map(compared.read, (train, holdout, synthetic)),
        kinds=compared.kinds,
        target=config.score.target,
        metadata=metadata,
        seed=config.seed,
        names=names,
        **of_members,
    )


def _white_box(
    model: Synthesizer | None, sides: tuple[pd.DataFrame, pd.DataFrame], kept: pd.DataFrame
) -> dict[str, Any]:
    """Return what whoever holds the model knows: its loss of rows of either side, by their numbers, and which of the
    training rows `kept` it learnt from.
    """
    known, learnt = loss_of(model), members(model, len(sides[0]))
    return {
        "loss": known and (lambda rows: known(sides[int(rows.index[0] >= len(sides[0]))].loc[rows.index])),
        "members": None if learnt is None else learnt[kept.index],
    }


def _numbered(frame: pd.DataFrame, first: int) -> pd.DataFrame:
    """Return the same rows, none copied, with the numbers from `first` on as their index."""
    found = frame.copy(deep=False)
    found.index = pd.RangeIndex(first, first + len(frame))
    return found


def _obeyed(train: pd.DataFrame, holdout: pd.DataFrame, schema: Schema, config: RunConfig) -> np.ndarray:
    """Return which real rows, training rows first, keep sample.constraints: bool [rows]; LaunderError where no training
    row does.
    """
    if not config.sample.constraints or len(train) + len(holdout) < 2:
        return np.ones(len(train) + len(holdout), bool)
    obeyed = reading.obeying(pd.concat([train, holdout], ignore_index=True), schema, config.sample.constraints)
    if not obeyed[: len(train)].any():
        raise LaunderError(
            f"expected training rows that keep sample.constraints to compare with, found none among {len(train):,}; "
            "ask for what the data hold"
        )
    return obeyed


def _in_shares(frame: pd.DataFrame, side: str, schema: Schema, config: RunConfig) -> pd.DataFrame:
    """Return the rows of a side in the shares of sample.weights."""
    ((column, asked),) = config.sample.weights.items()
    masks = [(reading.meeting(frame, schema, {column: value}), share) for value, share in asked.items()]
    return frame.iloc[shares.rows_in(masks, config.seed, side)].reset_index(drop=True)


def members(model: Synthesizer | None, rows: int) -> np.ndarray | None:
    """Return which of the training rows the model learnt from, bool [rows]: all but its validation rows; None where
    that is not known.
    """
    if model is None or "validation_rows" not in model.record:
        return None
    learnt = np.ones(rows, bool)
    learnt[model.record["validation_rows"]] = False
    return learnt


def loss_of(model: Synthesizer | None) -> Callable[[pd.DataFrame], np.ndarray] | None:
    """Return what a white-box attacker reads of rows as the model knows them: -log p of each; None for a model
    without a likelihood.
    """
    return (lambda rows: -model.log_prob(rows)) if isinstance(model, HasLogProb) else None


def losses(model: Synthesizer, train: pd.DataFrame, frame: pd.DataFrame) -> np.ndarray | None:
    """Return the model's loss of each row of a frame, in nats, infinite where it could not draw it; None for a model
    without a likelihood.
    """
    known = loss_of(model)
    return None if known is None else known(frame)


def sentences(report: Report, config: RunConfig) -> list[str]:
    """Say which column names the subjects of a panel, where nobody has stated whose the rows are."""
    found = report.scores.get("diversity.subgroups")
    if found is None or config.split.entity or (subject := found.detail.get("subject")) is None:
        return []
    name = as_key(subject)
    return [
        f"Rows that share a value of {subject!r} are nearest to each other, and counted one by one: they may stand on "
        f"both sides of the split. Where they belong to one person, state split: {{entity: {name}}}."
    ]


def metrics(config: RunConfig) -> list[str] | None:
    """Return the metrics asked for and those that the gate needs or says of the model, None for all."""
    if config.score.metrics is None:
        return None
    wanted = {*config.score.metrics, *config.rules, *MODEL_RULES}
    return [name for name in evaluation.names(config.modality) if name in wanted]


def _meeting(frame: pd.DataFrame, schema: Schema, where: Mapping[str, Any]) -> pd.DataFrame:
    """Return the rows that meet every condition, which may be none."""
    return frame[reading.meeting(frame, schema, where)] if where else frame
