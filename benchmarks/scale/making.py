"""A table of any number of rows and 20 columns, drawn from a model of a real one and written as it is drawn."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.datasets import load_breast_cancer

from launderette import generators
from launderette.generators import Synthesizer
from launderette.pipelines.run.artifacts import write_frames

COLUMNS, BATCH = 20, 200_000
DRAWN_ROWS = 1_000_000  # rows that are drawn; of more, these come again, each beside others
FITTED_ROWS = 30_000  # rows of the real table, at most, that the model of it is of
FAMILY = "tabular.marginals"  # the fastest to fit and to draw from


def write(table: Path | None, rows: int, place: Path) -> None:
    """Write `rows` rows as CSV or Parquet, of a model of the table (None for the one that ships with scikit-learn)."""
    real = load_breast_cancer(as_frame=True).frame if table is None else pd.read_csv(table)
    model = generators.fit(real.head(FITTED_ROWS), FAMILY)
    if place.suffix == ".parquet":
        write_frames(_batches(model, rows), place)
        return
    for number, batch in enumerate(_batches(model, rows)):
        batch.to_csv(place, mode="a" if number else "w", header=not number, index=False)


def _batches(model: Synthesizer, rows: int) -> Iterator[pd.DataFrame]:
    """Draw COLUMNS columns: the table's own and, where these are fewer, the first of other rows beside them."""
    drawn: list[pd.DataFrame] = []
    for number, first in enumerate(range(0, rows, BATCH)):
        count = min(BATCH, rows - first)
        if first < DRAWN_ROWS:
            drawn.append(model.sample(count, seed=number))
        own = drawn[number % len(drawn)].head(count)
        others = own.iloc[np.random.default_rng(number).permutation(count)].reset_index(drop=True)
        yield pd.concat([own, others.add_suffix(" 2")], axis=1).iloc[:, :COLUMNS]
