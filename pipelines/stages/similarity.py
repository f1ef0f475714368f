"""Rare labels that nothing else brings together: the kept label whose rows are most like theirs in the other columns.

Likeness is a naive Bayes classifier's: the log of how much likelier a label's rows are among the rows of a kept label
than among all, over the other columns in cells. Of labels like no kept one, at most a share FALSE_LIKENESS_SHARE
is taken for like one: by Markov's inequality for each of K kept labels, where columns are independent. A kept label
takes up rare ones only where at least `rare` owners hold those, so that no owner alone moves what a kept label goes
with.
"""

from functools import cached_property

import numpy as np
import pandas as pd

from launderette.generators.data.schema import Column, Datetime, Numerical, Schema
from launderette.generators.formats import grid

NUMBER_CELLS, LABEL_CELLS = 10, 30  # of a number, of equal shares; of labels, the most frequent alone
PRIOR_ROWS = 10.0  # rows of the whole table that each kept label is given besides its own (Dirichlet)
FALSE_LIKENESS_SHARE = 0.05
MOST_KEPT_LABELS = 200  # kept labels compared, the most frequent


class Likeness:
    """A table in cells, built when it is first asked."""

    def __init__(self, frame: pd.DataFrame, schema: Schema, owners: pd.Series) -> None:
        self._frame, self._owners = frame, owners
        self._columns = [column for column in schema.columns if column.kind != "identifier"]

    @cached_property
    def _codes(self) -> dict[str, np.ndarray]:
        return {column.name: _codes(self._frame[column.name], column) for column in self._columns}

    @cached_property
    def _weights(self) -> np.ndarray:
        """What a row counts [rows]: all rows of an owner together count as one."""
        return 1 / self._owners.groupby(self._owners).transform("size").to_numpy("float64")

    def alike(self, few: pd.Series, owners: pd.Series, rare: int, *, column: str, kept: pd.Series) -> pd.Series:
        """Return the kept label that stands for each label of `few`, missing where none is like it or shared enough.

        `kept` are the labels of the rows that keep theirs; both are numbered as the rows of the table.
        """
        labels = kept.value_counts().index[:MOST_KEPT_LABELS]
        if labels.empty:
            return pd.Series(None, index=few.index, dtype="object")
        kept, (places, names) = kept[kept.isin(labels)], pd.factorize(few)
        evidence = np.zeros((len(names), len(labels)))
        for name, codes in self._codes.items():
            if name != column:
                evidence += self._evidence(codes, (few.index, places), (kept.index, labels.get_indexer(kept)))
        evidence[evidence <= np.log(len(labels) / FALSE_LIKENESS_SHARE)] = -np.inf
        chosen = _shared(evidence, places, owners, rare)
        return pd.Series([labels[k] if k >= 0 else None for k in chosen[places]], index=few.index, dtype="object")

    def _evidence(self, codes: np.ndarray, few: tuple, kept: tuple) -> np.ndarray:
        """Log of likelihood ratios [rare labels, kept labels] by one column in cells [rows]."""
        counts = [self._counts(codes, *some) for some in (few, kept)]
        whole = np.bincount(codes, self._weights)
        whole = (whole + 1 / len(whole)) / (whole.sum() + 1)
        shares = (counts[1] + PRIOR_ROWS * whole) / (counts[1].sum(axis=1, keepdims=True) + PRIOR_ROWS)
        return counts[0] @ np.log(shares / whole).T

    def _counts(self, codes: np.ndarray, rows: pd.Index, places: np.ndarray) -> np.ndarray:
        """Owners by label and cell [labels, cells] of some rows and their labels' places."""
        width = int(codes.max()) + 1
        joint = np.bincount(places * width + codes[rows], self._weights[rows], (int(places.max()) + 1) * width)
        return joint.reshape(-1, width)


def _shared(evidence: np.ndarray, places: np.ndarray, owners: pd.Series, rare: int) -> np.ndarray:
    """Return the place of the likeliest kept label of each rare one that gets at least `rare` owners so, else -1.

    Those that get fewer are given up, the lesser half of them at a time, and what they would get goes to the next.
    """
    evidence = evidence.copy()
    while True:
        best = np.where(np.isfinite(evidence.max(axis=1)), evidence.argmax(axis=1), -1)
        counts = owners.groupby(best[places]).nunique().drop(-1, errors="ignore")
        few = counts[counts < rare].sort_values(kind="stable").index
        if few.empty:
            return best
        evidence[:, few[: (len(few) + 1) // 2]] = -np.inf


def _codes(values: pd.Series, column: Column) -> np.ndarray:
    """Return the cell of each value, 0 for a missing one: int64 [rows]."""
    codes = np.zeros(len(values), dtype="int64")
    if isinstance(column, Numerical | Datetime):
        _, ticks, present = grid.on_grid(values, column)
        edges = np.unique(np.quantile(ticks, np.linspace(0, 1, NUMBER_CELLS + 1)[1:-1])) if len(ticks) else ticks
        codes[present] = 1 + np.searchsorted(edges, ticks, "right")
        return codes
    texts = values.astype("object").map(str, na_action="ignore")
    frequent = {label: rank for rank, label in enumerate(texts.value_counts().index[:LABEL_CELLS], 1)}
    return texts.map(frequent).fillna(LABEL_CELLS + 1).where(texts.notna(), 0).to_numpy("int64")
