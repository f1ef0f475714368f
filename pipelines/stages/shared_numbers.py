"""Numbers that enough rows of a table share to be released, counted before some of its rows are held out.

Protection counts the rows of a label in the whole table. A number is kept as it is where five rows have it, and drawn
among its neighbours else, where nobody may have one; of few rows, of which two in five are held out, hardly any number
is left that five others have. So numbers are counted in the whole table too. Which of them the held-out rows alone
have is not told.
"""

from dataclasses import replace

import pandas as pd

from launderette.generators import Schema
from launderette.generators.data.schema import Column, Numerical
from launderette.generators.encoding.intervals import LEAST_ROWS_PER_VALUE
from launderette.pipelines.stages.protection import owners_of


def counted(
    train: pd.DataFrame, holdout: pd.DataFrame, schema: Schema, *, least: int = 0, entity: str | None = None
) -> Schema:
    """Return the schema with the numbers of training rows that as many rows of both sides, or entities, have as keep a
    number, and at least `least`, though too few training rows do.
    """
    rows = pd.concat([train, holdout], ignore_index=True)
    owners, enough = owners_of(rows, entity), max(least, LEAST_ROWS_PER_VALUE)

    def shared(column: Column) -> Column:
        if not isinstance(column, Numerical) or not pd.api.types.is_numeric_dtype(rows[column.name].dtype):
            return column
        everywhere, inside = (
            owners[:size].groupby(rows[column.name][:size]).nunique() for size in (len(rows), len(train))
        )
        found = inside.index[(everywhere.reindex(inside.index) >= enough) & (inside < LEAST_ROWS_PER_VALUE)]
        return replace(column, shared=tuple(found.tolist()))

    return replace(schema, columns=tuple(map(shared, schema.columns)))
