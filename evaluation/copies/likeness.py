"""How alike two rows are: the surprise of the values they share, exactly or nearly, in whichever columns.

A distance over all columns does not see a person of whom half the columns were exchanged, or whose numbers stand beside
somebody else's labels. The sum of -log p over the columns does, where p is the share of real rows whose value lies as
near as the other row's does (after Narayanan and Shmatikov 2008, whose score weighs rare values likewise).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch

from launderette.evaluation.measures.neighbours import Group
from launderette.evaluation.measures.once import once
from launderette.evaluation.samples import Samples

BLOCK_PAIRS = 2**17  # pairs compared at once: they stay in the cache
TOGETHER = 6  # columns multiplied before the logarithm is taken, which float32 holds
NEAREST = 2  # rows: values that fewer have, and differences of fewer ranks, count alike
APART = 4.0  # between any two labels: beyond every difference of ranks


@dataclass(frozen=True)
class Column:
    """Distinct real values of a column, ascending, and how many of all real rows have each; missing ones apart."""

    values: np.ndarray
    counts: np.ndarray
    missing: int
    number: bool

    def places(self, values: np.ndarray) -> np.ndarray:
        """Twice the rank of each value in [0, 1] (numbers), or a place far from all others (labels, missing)."""
        if not self.number:
            return APART * values
        ranks = (np.cumsum(self.counts) - self.counts / 2) / max(1, self.counts.sum())
        found = 2 * np.interp(values, self.values, ranks) if len(self.values) else np.zeros(len(values))
        return np.where(np.isnan(values), -APART, found)

    def having(self, values: np.ndarray) -> np.ndarray:
        """How many real rows have each value."""
        at = np.minimum(np.searchsorted(self.values, values), max(0, len(self.values) - 1))
        known = self.counts[at] * (self.values[at] == values) if len(self.values) else np.zeros(len(values))
        return np.where(np.isnan(values) if self.number else values < 0, self.missing, known)


@once
def columns(samples: Samples) -> dict[str, Column]:
    """What real rows, training and holdout together, hold in each compared column."""
    real = pd.concat([samples.table(role) for role in ("train", "holdout") if role in samples.frames])
    found = {}
    for name in samples.known:
        values, number = real[name].to_numpy(), samples.is_number(name)
        absent = np.isnan(values) if number else values < 0
        found[name] = Column(*np.unique(values[~absent], return_counts=True), int(absent.sum()), number)
    return found


def greatest(samples: Samples, queries: Group, references: Group) -> np.ndarray:
    """The likeness of each row of one group to that of another most like it, itself left out: float32 [queries].

    In each column p is at least the share of real rows with the row's own value: what is common surprises nobody.
    """
    ask, own = _encoded(samples, queries)
    numbers = torch.tensor([samples.is_number(name) for name in samples.known])
    slot = 1 / real_rows(samples) if _is_real(queries) else 0.0  # its own place among the ranks, which others lack
    have, _ = _encoded(samples, references)
    itself = np.full(len(queries), -1)
    if queries.role == references.role:
        at = np.minimum(np.searchsorted(references.rows, queries.rows), len(references) - 1)
        itself = np.where(references.rows[at] == queries.rows, at, -1)
    step, best = max(1, BLOCK_PAIRS // len(references)), []
    for start in range(0, len(queries), step):
        part = slice(start, start + step)
        total = torch.zeros(len(ask[0, part]), len(references))
        _add_numbers(total, ask[numbers, part], own[numbers, part], have[numbers], slot)
        _add_labels(total, ask[~numbers, part], own[~numbers, part], have[~numbers])
        rows = np.flatnonzero(itself[part] >= 0)
        total[rows, itself[part][rows]] = -torch.inf
        best.append(total.amax(1))
    return torch.cat(best).numpy()


def _add_numbers(total: torch.Tensor, ask: torch.Tensor, own: torch.Tensor, have: torch.Tensor, slot: float) -> None:
    """Add the sum of -log p over columns: places [columns, queries], least p alike, places [columns, references]."""
    product, near = torch.ones_like(total), torch.empty_like(total)
    for column in range(len(ask)):
        torch.sub(ask[column, :, None], have[column], out=near)
        product.mul_(torch.maximum(near.abs_().sub_(slot), own[column, :, None], out=near).clamp_(max=1))
        if column % TOGETHER == TOGETHER - 1 or column == len(ask) - 1:
            total.sub_(product.log_())
            product.fill_(1)


def _add_labels(total: torch.Tensor, ask: torch.Tensor, own: torch.Tensor, have: torch.Tensor) -> None:
    """The same of labels, which are equal, so that p is the least, or say nothing."""
    same, surprise = torch.empty_like(total), -own.log()
    for column in range(len(ask)):
        total.addcmul_(torch.eq(ask[column, :, None], have[column], out=same), surprise[column, :, None])


def _encoded(samples: Samples, group: Group) -> tuple[torch.Tensor, torch.Tensor]:
    """Places of the values of chosen rows, and the least p of each: float32 [columns, rows]."""
    table, places, least = samples.table(group.role).iloc[group.rows], [], []
    for name, column in columns(samples).items():
        values = table[name].to_numpy()
        places.append(column.places(values))
        least.append(np.maximum(column.having(values), NEAREST) / real_rows(samples))
    first, second = (torch.from_numpy(np.stack(parts).astype(np.float32)) for parts in (places, least))
    return first, second


def _is_real(group: Group) -> bool:
    return group.role in ("train", "holdout")


def real_rows(samples: Samples) -> int:
    """Training and holdout rows together."""
    return samples.size("train") + samples.size("holdout")
