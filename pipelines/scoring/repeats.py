"""Repeats: a table of few rows is divided, trained on and drawn further times, so that attacks on it have power.

Each circle deals the rows out to up to three holdouts; the first of the first circle is the run's own. In each circle a
row is attacked once as a non-member, where it is held out, and once as a member, where it is not.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from launderette.evaluation.divided import Division, Repeats
from launderette.generators import Schema, Synthesizer
from launderette.generators.data import groups as grouping
from launderette.generators.training import randomness
from launderette.pipelines.config import RunConfig, relations
from launderette.pipelines.scoring.readable import Comparable
from launderette.pipelines.scoring.run import loss_of, members
from launderette.pipelines.stages import protection, sampling, shared_numbers, training

LEAST_ATTACKED = 80  # rows, or entities, that are attacked on each side in all circles together, at least
# what is known of the rows of a division, and what was drawn for it
Repeated = tuple[pd.DataFrame, pd.DataFrame | None]
PART_NAMES = "marks", "drawn"  # names of what a part holds
MARKS = "held", "member", "non_member", "learnt", "loss"  # of each division, beside the number of the repeat


@dataclass(frozen=True)
class Dealt:
    """Which rows, or entities, a division holds out, and which are attacked as members and as non-members: bool."""

    held: np.ndarray
    member: np.ndarray
    non_member: np.ndarray


def dealt(first: np.ndarray, seed: int) -> list[Dealt]:
    """Deal units out to holdouts as large as the first, bool [units], which the first division holds out, circle after
    circle until LEAST_ATTACKED of them are attacked; no further ones where it holds out more than half of them.
    """
    if 2 * first.sum() > len(first):
        return [Dealt(first, ~first, first)]
    found = _circle(first, randomness.generator(seed, "repeats", 0))
    attacked = sum(int(one.non_member.sum()) for one in found)
    for circle in range(1, -(-LEAST_ATTACKED // attacked)):
        stream = randomness.generator(seed, "repeats", circle)
        found += _circle(stream.permutation(first), stream)
    return found


def _circle(first: np.ndarray, stream: np.random.Generator) -> list[Dealt]:
    """Two or three holdouts: the first, as many others, and what is left, filled up from the second ones."""
    size, one, rest = int(first.sum()), np.flatnonzero(first), stream.permutation(np.flatnonzero(~first))
    two, three = rest[:size], rest[size : 2 * size]
    spare, kept = two[: len(two) - len(three)], two[len(two) - len(three) :]
    if not len(three):
        parts = [(one, two, one), (two, one[: len(two)], two)]
    else:
        parts = [(one, np.append(three, spare), one), (two, one, two), (np.append(three, spare), kept, three)]
    return [Dealt(*(np.isin(np.arange(len(first)), chosen) for chosen in part)) for part in parts]


def trained(
    train: pd.DataFrame,
    holdout: pd.DataFrame,
    schema: Schema,
    config: RunConfig,
    *,
    entity: str | None,
    constraints: Sequence[str] = (),
) -> Iterator[Repeated]:
    """Yield of each division what is known of its rows, training rows first (MARKS, [rows]), and what was drawn; of
    the run's own, which comes first, nothing is drawn.

    The same seed trains and draws the same. ValueError as in fit.
    """
    rows = pd.concat([train, holdout], ignore_index=True)
    units = grouping.numbered(None if entity is None else rows[entity], len(rows))
    names, place = np.unique(units, return_inverse=True)
    first = np.isin(names, units[len(train) :])
    least, _ = protection.settle(config.protect.rare, config.protect.extremes, len(rows))
    for number, part in enumerate(dealt(first, config.seed)):
        marks = {name: getattr(part, name)[place] for name in MARKS[:3]}
        if not number:
            yield pd.DataFrame(marks), None
            continue
        asked = config.model_copy(update={"seed": randomness.key(config.seed, "repeat", number)})
        held, kept = marks["held"], rows[~marks["held"]].reset_index(drop=True)
        owners = None if entity is None else kept[entity]
        counted = shared_numbers.counted(kept, rows[held], schema, least=least, entity=entity)
        model = training.train(kept, asked, schema=counted, owners=owners)
        learnt = np.zeros(len(rows), bool)
        learnt[~held] = True if (known := members(model, len(kept))) is None else known
        yield (
            pd.DataFrame(marks | {"learnt": learnt, "loss": _losses(model, rows)}),
            _drawn(model, asked, rows, constraints),
        )


def _losses(model: Synthesizer, rows: pd.DataFrame) -> np.ndarray:
    known = loss_of(model)
    return np.full(len(rows), np.nan) if known is None else known(rows)


def _drawn(model: Synthesizer, config: RunConfig, rows: pd.DataFrame, constraints: Sequence[str]) -> pd.DataFrame:
    """As many rows as the run draws, under the rules that it draws them under."""

    def draw(rules: tuple[str, ...]) -> pd.DataFrame:
        return sampling.sample(model, relations.with_constraints(config, rules), len(rows))

    return sampling.under(constraints, draw)[0]


def part(marks: pd.DataFrame, drawn: pd.DataFrame | None = None) -> Repeated:
    """Return a part of what is stored of it."""
    return marks, drawn


def of(train: pd.DataFrame, holdout: pd.DataFrame, schema: Schema, parts: Sequence[Repeated]) -> Repeats:
    """Return what the evaluation reads of the divisions that `trained` has yielded."""
    rows, compared = pd.concat([train, holdout], ignore_index=True), Comparable.of(train, schema)
    own = parts[0][0]
    return Repeats(
        (own["member"].to_numpy()[: len(train)], own["non_member"].to_numpy()[len(train) :]),
        [_division(rows, marks, drawn, compared) for marks, drawn in parts if drawn is not None],
    )


def _division(rows: pd.DataFrame, marks: pd.DataFrame, drawn: pd.DataFrame, compared: Comparable) -> Division:
    held, known = marks["held"].to_numpy(), marks["loss"].to_numpy()
    order = np.argsort(held, kind="stable")  # rows that were trained on first, whose numbers losses are known by
    ordered, losses = rows.iloc[order].reset_index(drop=True), known[order]
    cut = len(rows) - int(held.sum())
    sides = [compared.read(ordered[part]) for part in (slice(cut), slice(cut, None))]
    loss = None if np.isnan(known).all() else (lambda frame: losses[frame.index.to_numpy()])
    attacked = marks["member"].to_numpy()[~held], marks["non_member"].to_numpy()[held]
    return Division(sides[0], sides[1], compared.read(drawn), attacked, loss, marks["learnt"].to_numpy()[~held])
