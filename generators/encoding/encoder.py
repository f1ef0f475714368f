"""How an encoding is fitted: the cells and labels of each column, and which columns others give."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from launderette.generators.data import parts
from launderette.generators.data.groups import Groups, numbered, once
from launderette.generators.data.schema import Datetime, Numerical, Schema
from launderette.generators.derived import finding, presence, running, together, words
from launderette.generators.derived.clocks import DatePart
from launderette.generators.derived.columns import values_of
from launderette.generators.derived.narrow import Between
from launderette.generators.derived.presence import Presence
from launderette.generators.derived.words import WordPart
from launderette.generators.encoding import absence, precision
from launderette.generators.encoding.cells import Cells
from launderette.generators.encoding.columns import fit_column
from launderette.generators.encoding.encoding import Encoding
from launderette.generators.encoding.labels import Labels
from launderette.generators.errors import GeneratorError
from launderette.generators.formulas import reading
from launderette.generators.formulas.polynomial import Polynomial
from launderette.generators.identifiers import entities, inter_arrival, panels
from launderette.generators.identifiers.panels import Owned


def fit(
    frame: pd.DataFrame,
    schema: Schema,
    salt: str = "",
    *,
    derive: bool = True,
    kept: Sequence[str] = (),
    combinations: Sequence[str] = (),
    groups: Groups | None = None,
    in_order: bool = False,
) -> Encoding:
    """Choose the cells and labels of every column but identifiers from its values, and (`derive`) which columns others
    give, none of those `kept` or of fixed `combinations`, such as "city, country", that would not hold then; ValueError
    where nothing is left to learn.

    What the rows of one of the `groups` share is counted once, so that no number of one person is kept as such. Where
    a family draws these `in_order`, it also learns at which regular times they come (identifiers/inter_arrival.py).

    Two encodings of one `salt` and the same rows make up the same identifiers for one seed.
    """
    _check(frame, schema)
    present = presence.find(frame, schema) if derive else ()
    frame = parts.split(presence.read(frame, present), schema)
    owned = panels.find(frame, schema, groups)
    totals = running.find(frame, schema, panels.units(owned, schema)) if derive else ()
    frame = running.read(frame, totals)
    arrivals = inter_arrival.find(frame, schema, owned, [one.name for one in totals]) if derive and in_order else ()
    frame = inter_arrival.read(frame, arrivals, schema)
    owners = None if groups is None else numbered(groups, len(frame))
    timed = inter_arrival.learned(schema, arrivals)
    learned = [(column, frame[column.name]) for column in (*running.learned(schema, totals), *timed)]
    known = tuple(fit_column(once(values, owners), column, values) for column, values in learned)
    found, worded = finding.DerivedColumns(), tuple[WordPart, ...]()
    if derive:
        fixed = () if owned is None else panels.fixed(known, frame, owned)
        lists = together.merged(map(together.names_in, combinations))
        arriving = [name for one in arrivals for name in (one.name, *one.beside)]
        found = _found(frame, known, (*_stated(schema, [*kept, *arriving]), owners), fixed, lists)
        worded = words.find(frame, known)
    columns = (*_with_tokens(frame, known, found, owners), *_of_gaps(frame, present, worded))
    visits = None if owned is None else owned.visits
    named = entities.fit(frame, schema, salt, {part.source for part in present}, visits)
    encoded = Encoding(schema, columns, named, found.derived, _between(found), None, worded, present, (), totals)
    encoded = replace(encoded, arrivals=arrivals)
    frame = encoded.with_between(frame)
    encoded = encoded if owned is None else _of_panel(encoded, frame, owned)
    if not derive:
        return encoded
    precise = precision.find(frame, encoded.columns, encoded.derived, owners)
    beside = {name for one in arrivals for name in one.beside}
    tells = [column for column in encoded.known if column.name not in beside]
    absences, thresholds = absence.find(frame, encoded.columns, tells, owners)
    return replace(encoded, precision=precise, absences=absences, thresholds=thresholds)


def _check(frame: pd.DataFrame, schema: Schema) -> None:
    if not schema.learned:
        raise GeneratorError("expected at least one column that is no identifier, found none")
    if len(frame) < 2:
        raise GeneratorError(f"expected at least two rows to learn from, found {len(frame)}")


def _of_gaps(frame: pd.DataFrame, present: Sequence[Presence], worded: Sequence[WordPart]) -> list[Cells | Labels]:
    """Return the columns of words among numbers, and of whether a row has an identifier."""
    by_name = {part.name: part for part in present}
    return [
        *(part.cells(frame[part.source]) for part in worded),
        *(part.labels(frame[part.name]) for part in by_name.values()),
    ]


def _with_tokens(
    frame: pd.DataFrame, known: Sequence[Cells | Labels], found: finding.DerivedColumns, owners: np.ndarray | None
) -> list[Cells | Labels]:
    """Return the columns that have tokens: parts of dates, since others depend on them, then those that nothing gives,
    then what is learnt in place of some that nearly follow.
    """
    by_name, worked_out = {column.name: column for column in known}, {one.name for one in found.derived}

    def values(between: Between | DatePart) -> np.ndarray:
        of = {name: values_of(frame[name], by_name[name]) for name in between.sources}
        return once(pd.Series(between.values(of)), owners).to_numpy()

    return [
        *(part.cells(values(part)) for part in found.parts_of_dates),
        *(column for column in known if column.name not in worked_out),
        *(one.cells(values(one.between)) for one in found.nearly),
    ]


def _between(found: finding.DerivedColumns) -> tuple[Between | DatePart, ...]:
    """Return the columns of no schema that are learnt in place of others, in the order that they have tokens in."""
    return (*found.parts_of_dates, *(one.between for one in found.nearly))


def _of_panel(encoded: Encoding, frame: pd.DataFrame, owned: Owned) -> Encoding:
    """Return the encoding with its columns in the order that a panel has them."""
    days = [part.name for part in encoded.between if isinstance(part, DatePart) and not part.starts]
    arriving = [name for one in encoded.arrivals for name in (one.step, one.name)]
    columns, panel = panels.ordered(encoded.columns, days, frame, owned, arriving)
    return replace(encoded, columns=columns, panel=panel)


def _found(
    frame: pd.DataFrame,
    known: Sequence[Cells | Labels],
    stated: tuple[Any, set[str], Any],
    fixed: Sequence[set[str]],
    lists: Sequence[set[str]],
) -> finding.DerivedColumns:
    """Return which columns others give: none that entities, or visits, keep by one that they do not, and none of fixed
    combinations, but where these hold all the same.
    """
    found, (given, kept, owners) = finding.find(frame, known, *stated), stated
    moved = {
        one.name for one in found.derived for own in fixed if one.name in own and not {*one.formula.sources} <= own
    }
    names = {one.name for one in found.derived}
    parted = {name for group in lists if not together.hold(group, found.derived) for name in group & names}
    if moved | parted <= kept:
        return found
    return _found(frame, known, (given, {*kept, *moved, *parted}, owners), fixed, lists)


def _stated(schema: Schema, kept: Sequence[str]) -> tuple[dict[str, Polynomial], set[str]]:
    """Return the formulas that a schema states, and the columns that are to be learnt whatever others give."""
    ordered = {column.name: column.derived for column in schema.learned if isinstance(column, Numerical | Datetime)}
    found = {name: reading.read(text, name, list(ordered)) for name, text in ordered.items() if isinstance(text, str)}
    return found, {*kept, *(name for name, said in ordered.items() if said is False)}
