"""One column -> its cells or labels, chosen by the values of training rows."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from launderette.generators.data.schema import Datetime, Identifier, Learned, Numerical, column_of
from launderette.generators.encoding import spelled
from launderette.generators.encoding.cells import Cells
from launderette.generators.encoding.centres import centres
from launderette.generators.encoding.intervals import NONE_KNOWN, Cut
from launderette.generators.encoding.labels import Labels, plain
from launderette.generators.encoding.lattices import Lattice, lattice_of, most_digits
from launderette.generators.encoding.lists import cells_of_list
from launderette.generators.formats import dtypes
from launderette.generators.formats.grid import on_grid, to_grid
from launderette.generators.formats.written import shares_of_words, texts_of, words_among

SINGLE_TOKEN_CELLS = 256  # more cells than this take two tokens
COARSE_CELLS = 96  # coarse cells of a two-token number


def fit_column(values: pd.Series, column: Learned | Identifier, every: pd.Series | None = None) -> Cells | Labels:
    """Choose the cells or labels of one column; `every` value, also those that are not to count, tells how often each
    word stands for a missing one.
    """
    if isinstance(column, Numerical | Datetime):
        return _fit_cells(values, column, values if every is None else every)
    ordered = column.dtype == "category[ordered]"
    simple = dtypes.simple(values)
    present = plain(simple.dropna()).rename("label")
    # ties by text, so that the order does not depend on the rows' order
    counts = present.value_counts().reset_index(name="n")
    counts["text"] = counts.iloc[:, 0].map(str)
    labels = counts.sort_values(["n", "text"], ascending=[False, True]).iloc[:, 0].tolist()
    bucket = 1 if len(labels) <= SINGLE_TOKEN_CELLS else int(np.ceil(np.sqrt(len(labels))))
    starts = list(range(0, len(labels), bucket))
    order = [label for label in plain(pd.Series(values.cat.categories)) if label in set(labels)] if ordered else []
    return Labels(column.name, column.dtype, labels, starts, bool(simple.isna().any() or not labels), order)


def _fit_cells(values: pd.Series, column: Numerical | Datetime, every: pd.Series) -> Cells:
    scale, ticks, present = on_grid(values, column)
    digits = most_digits(ticks) if scale and column.kind == "numerical" else None
    shared = column.shared if isinstance(column, Numerical) else ()
    known = to_grid(pd.Series(shared), column, scale)[0] if shared else NONE_KNOWN
    cut, lattice = _cut(ticks, known, on_grid=bool(scale), digits=digits)
    starts = list(range(len(cut.low))) if len(cut.low) <= SINGLE_TOKEN_CELLS else _coarse(cut)
    low, high, missing = cut.low.tolist(), cut.high.tolist(), bool(not present.all() or not len(cut.low))
    kept = words_among(texts_of(values[~present].dropna()) or {})
    words = shares_of_words(every[~to_grid(every, column, scale)[1]], kept) if kept else []
    middles = centres(ticks, cut.low, cut.high)
    gaps = np.flatnonzero(cut.gaps).tolist()
    own = spelled.of(values, ticks, present) if column.kind == "numerical" and column.single else []
    return Cells(column, scale, low, high, starts, missing, words, middles, gaps, lattice, own, digits)


def _cut(ticks: np.ndarray, known: np.ndarray, *, on_grid: bool, digits: int | None) -> tuple[Cut, Lattice | None]:
    """Return the cells of ticks, and the lattice that these lie on: then both ends of every cell are points of it."""
    lattice = lattice_of(ticks, on_grid=on_grid, known=known)
    if lattice is None or (digits and not _decimal(lattice)):
        return cells_of_list(ticks, on_grid=on_grid, known=known), None
    numbers = lattice.numbers(known[lattice.holds(known)])
    cut = cells_of_list(lattice.numbers(ticks), on_grid=True, known=numbers)
    low, high = (lattice.as_written(ends, ticks) for ends in (cut.low, cut.high))
    return cut._replace(low=low, high=high), lattice


def _decimal(lattice: Lattice) -> bool:
    """Return whether larger powers of ten are points of a lattice: its step is one, or 2 or 5 of them."""
    return lattice.offset == 0 and lattice.step / 10 ** np.floor(np.log10(lattice.step)) in (1, 2, 5)


def _coarse(cut: Cut) -> list[int]:
    """Return the first cell of each coarse group: equal shares of the rows, a heavy atom and a gap without rows alone,
    at most SINGLE_TOKEN_CELLS cells in a group.
    """
    share = cut.rows.sum() / COARSE_CELLS
    alone = cut.gaps if cut.gaps.sum() <= COARSE_CELLS else np.zeros_like(cut.gaps)
    starts, filled, length = [], np.inf, 0
    for cell, count in enumerate(cut.rows.tolist()):
        if filled + count > share or length >= SINGLE_TOKEN_CELLS or alone[cell] or alone[max(cell - 1, 0)]:
            starts.append(cell)
            filled, length = 0, 0
        filled, length = filled + count, length + 1
    return starts


def restore_column(document: Mapping) -> Cells | Labels:
    """Read one column that Encoding.to_dict wrote."""
    entry = dict(document)
    if entry.pop("type") == "Labels":
        return Labels(**entry)
    entry["words"] = [(word, share) for word, share in entry["words"]]
    entry["spelled"] = [(tick, value) for tick, value in entry["spelled"]]
    entry["lattice"] = entry["lattice"] and Lattice(*entry["lattice"])
    return Cells(**entry | {"column": column_of(entry["column"])})
