"""Numbers of entities that nothing is called by: a respondent's number that decides most of what his rows say, or a
long code, such as that of a meter, that names each of many rows together with a date.

Learnt as a quantity it would stand in the release beside what it decides, its rows would be counted as people, and
would lie on both sides of the split. It is told by numbers from 1 up, or from 100, of several rows each, by which half
of the other columns are the same and few rows of others are; where another column names the same entities, such as a
county beside its number, they are no secret. A code stands in so many rows that it could be a group's, but its rows
are those of one thing at one time after another.
"""

from collections.abc import Collection, Mapping, Sequence

import numpy as np
import pandas as pd

from launderette.generators.data.schema import Categorical, Column, Datetime, Identifier, Numerical
from launderette.generators.identifiers import detection
from launderette.generators.identifiers.detection import FEW_ROWS, LEAST_DISTINCT_CODES
from launderette.generators.identifiers.forms import form_of

LEAST_ROWS_EACH = 3  # of a number, on average
SHARED_DATES = 0.5  # of the rows, whose date another one has
LEAST_COUNTED = 0.3  # of the whole numbers between the least and the largest, that are there
KEPT_BY_NUMBERS = 0.95  # share of the rows that agree with the first one of their number
MOST_ORDERED_GROUPS = 5  # numbers that tell groups of entities, which may lie in the order of these
DECIDED_COLUMNS, MET_BY_CHANCE = 0.5, 0.05  # share of the columns that it decides; of rows that agree in them by chance


def marked(frame: pd.DataFrame, columns: Sequence[Column], learned: Collection[str | None] = ()) -> tuple[Column, ...]:
    """Return the columns of a frame with a number that names entities as an identifier, but for those that are to be
    learned, and where an identifier names them already.
    """
    if any(isinstance(column, Identifier) and column.repeats for column in columns):
        return tuple(columns)
    found = _coded(frame, columns, learned) or _deciding(frame, columns, learned)
    return tuple(_identifier(found, frame[found.name]) if found and column is found else column for column in columns)


def _deciding(frame: pd.DataFrame, columns: Sequence[Column], learned: Collection[str | None]) -> Numerical | None:
    """Return the first number that counts entities and decides most other columns, None where none does."""
    named = [c for c in columns if isinstance(c, Numerical) and c.name not in learned and _counts(c, frame[c.name])]
    codes = {c.name: pd.factorize(frame[c.name], use_na_sentinel=False)[0] for c in columns} if named else {}
    return next((c for c in named if _decides_most(c.name, _without_measures_of(c.name, frame, codes))), None)


def _without_measures_of(name: str, frame: pd.DataFrame, codes: Mapping[str, np.ndarray]) -> Mapping[str, np.ndarray]:
    """Return the codes [rows] of the columns but of numbers that rise or fall with a number all along, such as a capped
    age with the age: what one quantity says of another names nobody.
    """
    ordered = frame.iloc[np.unique(frame[name].to_numpy(), return_index=True)[1]]
    numbers = [c for c in codes if c != name and pd.api.types.is_numeric_dtype(frame[c].dtype)]
    measures = {c for c in numbers if _goes_one_way(ordered[c].to_numpy("float64", na_value=np.nan))}
    return {other: values for other, values in codes.items() if other not in measures}


def _goes_one_way(values: np.ndarray) -> bool:
    """Whether more than a few different values [numbers] never fall, or never rise."""
    steps = np.diff(values)
    return len(np.unique(values)) > MOST_ORDERED_GROUPS and bool((steps >= 0).all() or (steps <= 0).all())


def _coded(frame: pd.DataFrame, columns: Sequence[Column], learned: Collection[str | None]) -> Categorical | None:
    """Return the first column of long codes that name each row together with a date, which many rows share."""
    dates = [c.name for c in columns if isinstance(c, Datetime) and frame[c.name].duplicated().mean() >= SHARED_DATES]
    labels = [c for c in columns if isinstance(c, Categorical) and c.name not in learned]
    codes = (column for column in labels if dates and _are_codes(frame[column.name].dropna()))
    return next((c for c in codes if any(not frame.duplicated([c.name, date]).any() for date in dates)), None)


def _are_codes(values: pd.Series) -> bool:
    """Whether values are long codes, each of several rows."""
    distinct = values.drop_duplicates()
    several = LEAST_DISTINCT_CODES <= len(distinct) <= len(values) / LEAST_ROWS_EACH
    return several and detection.are_long_codes(distinct.astype("string"))


def _counts(column: Numerical, values: pd.Series) -> bool:
    """Whether a column holds whole numbers, of several rows each, without large gaps between them."""
    if column.format is not None or not pd.api.types.is_integer_dtype(values.dtype) or values.isna().any():
        return False
    rows, between = len(values), float(values.max()) - float(values.min()) + 1
    if between * FEW_ROWS < rows or rows < LEAST_COUNTED * between * LEAST_ROWS_EACH:
        return False  # however many of the numbers between are there
    distinct = values.nunique()
    each = rows / max(1, distinct)
    return distinct >= max(LEAST_DISTINCT_CODES, LEAST_COUNTED * between) and LEAST_ROWS_EACH <= each <= FEW_ROWS


def _decides_most(name: str, codes: Mapping[str, np.ndarray]) -> bool:
    own = codes[name]
    others = [values for other, values in codes.items() if other != name and values.max() > 0]
    kept = _kept(_firsts(own), others)
    if len(kept) < DECIDED_COLUMNS * len(others) or any(_follows(own, _firsts(values)) for values in others):
        return False
    met = np.random.default_rng(0).permutation(len(own))
    agreeing = np.mean([values == values[met] for values in kept], axis=0) == 1 if kept else np.ones(1)
    return bool(agreeing.mean() < MET_BY_CHANCE)


def _kept(firsts: np.ndarray, others: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Return the columns of codes that one with such `firsts` decides, no more of them once too many are not."""
    kept = list[np.ndarray]()
    for seen, values in enumerate(others, 1):
        kept += [values] if _follows(values, firsts) else []
        if seen - len(kept) > (1 - DECIDED_COLUMNS) * len(others):
            break
    return kept


def _firsts(codes: np.ndarray) -> np.ndarray:
    """Return the first row with the code of each row, of codes from 0 up: int64 [rows]."""
    return np.unique(codes, return_index=True)[1][codes]


def _follows(values: np.ndarray, firsts: np.ndarray) -> bool:
    """Whether nearly all rows [rows] have the code that the first row of a deciding code has."""
    return bool((values == values[firsts]).mean() >= KEPT_BY_NUMBERS)


def _identifier(column: Numerical | Categorical, values: pd.Series) -> Identifier:
    form = form_of(values)
    return Identifier(column.name, column.dtype, form.pattern, form.check, repeats=True)
