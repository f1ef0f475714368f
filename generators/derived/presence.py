"""Identifiers that only some rows have, such as a merchant of payments by card: whether a row has one is learnt with
the rest of the row, its value never.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass

import pandas as pd

from launderette.generators.data.groups import decide, numbered
from launderette.generators.data.schema import Boolean, Schema
from launderette.generators.encoding.columns import fit_column
from launderette.generators.encoding.labels import Labels
from launderette.generators.identifiers.placeholders import without

LEAST_PRESENCE_ROWS = 20  # with a value, and without one: else the share of rows without one is kept by itself


@dataclass(frozen=True)
class Presence:
    """Whether a row has a value of the identifier `source`; rows that share a value of the identifier `over` have one
    all or none. Identifiers that the same rows have share a name.
    """

    name: str
    source: str
    over: str = ""

    def to_dict(self) -> dict:
        """Return it as JSON holds it."""
        return asdict(self)

    def labels(self, flags: pd.Series) -> Labels:
        """Choose the labels, given whether rows have a value: bool [rows]."""
        found = fit_column(flags, Boolean(self.name, "bool"))
        assert isinstance(found, Labels)
        return found


def find(frame: pd.DataFrame, schema: Schema) -> tuple[Presence, ...]:
    """Return the identifiers that enough rows have and enough lack."""
    frame = pd.DataFrame({column.name: without(frame[column.name]) for column in schema.identifiers})
    sizes = frame.nunique().sort_values(kind="stable")
    found: list[Presence] = []
    names: dict[bytes, str] = {}
    for source in frame:
        flags = frame[source].notna()
        name = names.setdefault(flags.to_numpy().tobytes(), f"presence of {source}")
        if min(flags.sum(), (~flags).sum()) >= LEAST_PRESENCE_ROWS and name not in schema.flat.names:
            over = (other for other in sizes.index if other != source and _decides(frame[other], flags))
            found.append(Presence(name, source, next(over, "")))
    return tuple(found)


def _decides(named: pd.Series, flags: pd.Series) -> bool:
    """Tell whether rows that share a value all have flags alike, and not all of them the same."""
    shared = named.duplicated(keep=False) & named.notna()
    return flags[shared].nunique() == 2 and decide(numbered(named, len(named)), flags.to_numpy())


def read(frame: pd.DataFrame, parts: Iterable[Presence]) -> pd.DataFrame:
    """Return the frame with a flag for each part; rows of a table without the identifier count as having one."""
    new = [part for part in parts if part.name not in frame]
    flags = {
        part.name: without(frame[part.source]).notna() if part.source in frame else pd.Series(True, frame.index)
        for part in new
    }
    return frame.assign(**flags) if flags else frame  # pandas copies all values even for none


def masked(
    identifiers: Mapping[str, pd.Series], flags: Mapping[str, pd.Series], parts: Sequence[Presence]
) -> dict[str, pd.Series]:
    """Return identifiers [rows], missing where the flags of the parts, bool [rows], say so; of rows that have them
    together, the flag of the first.
    """
    found = dict(identifiers)
    for part in parts:
        there = flags[part.name].astype("bool").reset_index(drop=True)
        if part.over:
            named = identifiers[part.over]
            there = there.groupby(named).transform("first").where(named.notna(), there).astype("bool")
        found[part.source] = identifiers[part.source].where(there, None)
    return found
