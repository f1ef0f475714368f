"""Nearest rows: one encoding fitted on real rows, one chunked search with bounded memory and exact distances."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
import torch

from launderette.evaluation.measures.once import once
from launderette.evaluation.samples import Samples

BLOCK_DISTANCES = 2**20  # distances held at once on a CPU: 4 MiB of float32 stay in a cache
BLOCK_DISTANCES_GPU = 2**29
LEAST_BLOCK_QUERIES = 64  # multiplied at once
FEW_REFERENCES = 1000  # among which the least are found without groups
GROUP_COLUMNS = 32  # of which the number of groups is a multiple: aligned for vector instructions
SPARE_CANDIDATES = 4  # extra candidates per query, so that rounding of the fast product cannot lose a true neighbour
ENCODED_ROWS = 2**17  # rows encoded at once
REAL_ROLES = "train", "holdout"
KEPT_POINTS = 2**22  # numbers of an encoded table that is kept: 16 MiB
LABEL_DIMENSIONS = 512  # one-hot width shared by all label columns; beyond it, rare labels share buckets


@dataclass(frozen=True, eq=False)
class Group:
    """Chosen rows of one table: its role and row numbers int64 [n]; equal to every group of the same rows."""

    role: str
    rows: np.ndarray

    @cached_property
    def _identity(self) -> tuple[str, bytes]:
        return self.role, self.rows.tobytes()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Group) and self._identity == other._identity

    def __hash__(self) -> int:
        return hash(self._identity)

    def __iter__(self) -> Iterator:
        return iter((self.role, self.rows))

    def __len__(self) -> int:
        return len(self.rows)


class Encoder:
    """Rows as points: numbers to their quantile in [0, 1] with a flag for missing, labels to one-hot over sqrt(2).

    Two different labels are 1 apart, as are the lowest and highest number; a coordinate stays as it is.
    Fitted on training and holdout rows only, or on fewer
    roles: a value that was fitted on keeps its distance from all others, so rows that are to be compared must be alike
    in that.
    """

    def __init__(
        self, samples: Samples, columns: tuple[str, ...] | None = None, roles: tuple[str, ...] = REAL_ROLES
    ) -> None:
        columns = samples.known if columns is None else columns
        labels = [c for c in columns if not samples.is_number(c)]
        self.levels = max(4, LABEL_DIMENSIONS // max(1, len(labels)))
        self.coordinates = [c for c in columns if samples.kinds.get(c) == "coordinate"]
        numbers = [c for c in columns if samples.is_number(c) and c not in self.coordinates]
        self.grids = {c: _grid(samples, c, roles) for c in numbers}
        self.buckets = {c: _buckets(_counts(samples, c, roles), self.levels) for c in labels}

    @property
    def dimensions(self) -> int:
        """Numbers that make a point."""
        labels = sum(int(bucket.max()) + 1 for bucket in self.buckets.values())
        return max(1, len(self.coordinates) + 2 * len(self.grids) + labels)

    def encode(self, table: pd.DataFrame) -> torch.Tensor:
        """Canonical table [rows] to float32 points [rows, dimensions]."""
        parts = [table[self.coordinates].to_numpy(np.float32)] if self.coordinates else []
        parts += [self._numbers(table[c].to_numpy(), *grid) for c, grid in self.grids.items()]
        parts += [self._labels(table[c].to_numpy(), bucket) for c, bucket in self.buckets.items()]
        return torch.from_numpy(np.concatenate(parts, axis=1)) if parts else torch.zeros(len(table), 1)

    @staticmethod
    def _numbers(values: np.ndarray, points: np.ndarray, heights: np.ndarray) -> np.ndarray:
        missing = np.isnan(values)
        return np.stack([np.where(missing, 0.5, np.interp(values, points, heights)), missing], 1).astype(np.float32)

    @staticmethod
    def _labels(codes: np.ndarray, bucket: np.ndarray) -> np.ndarray:
        out = np.zeros((len(codes), int(bucket.max()) + 1), dtype=np.float32)
        out[np.arange(len(codes)), bucket[codes]] = np.sqrt(0.5)  # code -1 (missing) reads the last bucket entry
        return out


def _pooled(samples: Samples, column: str, roles: tuple[str, ...]) -> np.ndarray:
    return np.concatenate([samples.table(role)[column].to_numpy() for role in roles if role in samples.frames])


@once
def _grid(samples: Samples, column: str, roles: tuple[str, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Distinct values and the middle of each one's rank, so that a heavy value such as 0 sits in its own place; one
    in the middle where rows of a column that has values lack them all.
    """
    values = _pooled(samples, column, roles)
    points, counts = np.unique(values[~np.isnan(values)], return_counts=True)
    if not len(points):
        return np.zeros(1), np.full(1, 0.5)
    heights = (np.cumsum(counts) - counts / 2) / counts.sum()
    return points, heights


@once
def _counts(samples: Samples, column: str, roles: tuple[str, ...]) -> np.ndarray:
    """Rows of each label: int64 [labels]."""
    codes = _pooled(samples, column, roles)
    return np.bincount(codes[codes >= 0], minlength=len(samples.labels[column]))


def _buckets(counts: np.ndarray, levels: int) -> np.ndarray:
    """Bucket of each code, last entry for missing: frequent labels alone, the rest dealt out in order of frequency."""
    size = len(counts)
    rank = np.empty(size, dtype=np.int64)
    rank[np.argsort(-counts, kind="stable")] = np.arange(size)
    alone = levels if size <= levels else levels * 3 // 4
    bucket = np.where(rank < alone, rank, alone + (rank - alone) % max(1, levels - alone))
    return np.append(bucket, bucket.max(initial=-1) + 1)


def fastest() -> torch.device:
    """Return where large products of matrices are computed: on a GPU where there is one."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def nearest(queries: torch.Tensor, references: torch.Tensor, k: int, *, same: bool = False) -> Any:
    """Distances [queries, k] float64, ascending, and row numbers of the k nearest references.

    `same` says both tensors are the same rows and skips each row itself. Candidates come from a blocked matrix
    product; their distances are then recomputed exactly, because the product loses digits near zero: so a GPU, which
    multiplies in another order, finds the same.
    """
    queries, references = (points.to(fastest()) for points in (queries, references))
    k = min(k, len(references) - int(same))
    take = min(k + SPARE_CANDIDATES + int(same), len(references))
    width = _group_width(len(references), take)
    table = _to_multiply(references, width)
    step = max(LEAST_BLOCK_QUERIES, _block(queries.device) // table.shape[1])
    rough = torch.empty(min(step, len(queries)), table.shape[1], device=queries.device)
    distances, indices = [], []
    for start in range(0, len(queries), step):
        block = queries[start : start + step]
        own = torch.arange(start, start + len(block), device=block.device) if same else None
        near = torch.mm(torch.nn.functional.pad(-2 * block, (0, 1), value=1.0), table, out=rough[: len(block)])
        if own is not None:
            near[own - start, own] = torch.inf
        found = _least(near, take, width).sort(1).values  # in order of rows, which decides between equally near ones
        exact = _exact(block, references, found, own)
        order = exact.argsort(dim=1, stable=True)[:, :k]
        distances.append(exact.gather(1, order))
        indices.append(found.gather(1, order))
    return torch.cat(distances).cpu().numpy(), torch.cat(indices).cpu().numpy()


def distances(rows: torch.Tensor, others: torch.Tensor) -> torch.Tensor:
    """Distances of rows [n, d] to all others [m, d]: float64 [n, m]."""
    rows, others = (points.to(fastest()) for points in (rows, others))
    return torch.cdist(rows, others).cpu().double()


def _block(device: torch.device) -> int:
    return BLOCK_DISTANCES if device.type == "cpu" else BLOCK_DISTANCES_GPU


def _group_width(references: int, take: int) -> int:
    """How many references share a group in the search for the least: 1 where there are few. Groups are as many as it
    takes for the search among them and that in the chosen ones to cost alike.
    """
    return 1 if references < FEW_REFERENCES else 2 ** int(np.log2(references / take) / 2)


def _to_multiply(references: torch.Tensor, width: int) -> torch.Tensor:
    """References as columns, their squared norms below: [dimensions + 1, references]. A row -2 x, 1 times it is the
    squared distance less |x|^2. Columns at infinity fill up the last group.
    """
    more = -len(references) % (GROUP_COLUMNS * width) if width > 1 else 0
    norms = torch.nn.functional.pad((references * references).sum(1), (0, more), value=torch.inf)
    return torch.cat([torch.nn.functional.pad(references.T, (0, more)), norms[None]])


def _least(rough: torch.Tensor, take: int, width: int) -> torch.Tensor:
    """Places of the `take` least of each row, in any order: those of the whole row are in the groups whose minima are
    least. A group is every so many columns, because minima over rows of an array are fast.
    """
    if width == 1:
        return rough.topk(take, largest=False, sorted=False).indices
    groups = rough.shape[1] // width
    parts = rough.view(len(rough), width, groups)
    best = parts.amin(1).topk(take, largest=False, sorted=False).indices
    inside = parts.gather(2, best[:, None, :].expand(-1, width, -1)).flatten(1)
    at = inside.topk(take, largest=False, sorted=False).indices
    return at // take * groups + best.gather(1, at % take)


def _exact(
    block: torch.Tensor, references: torch.Tensor, found: torch.Tensor, own: torch.Tensor | None
) -> torch.Tensor:
    """Distances of each row of a block to its candidates [rows, candidates], of a row to itself infinite: float64."""
    exact = torch.empty(found.shape, dtype=torch.float64, device=block.device)
    for j in range(found.shape[1]):  # one candidate at a time keeps memory at the size of the block
        near = references.index_select(0, found[:, j])
        exact[:, j] = torch.linalg.vector_norm(block - near, dim=1, dtype=torch.float64)
    return exact if own is None else exact.masked_fill(found == own[:, None], torch.inf)


@once
def encoder(samples: Samples, columns: tuple[str, ...] | None = None, fitted: tuple[str, ...] = REAL_ROLES) -> Encoder:
    """The encoder of some columns (None: all that have values), fitted on the rows of some roles."""
    return Encoder(samples, columns, fitted)


def points(samples: Samples, role: str, rows: np.ndarray, fitted: tuple[str, ...] = REAL_ROLES) -> torch.Tensor:
    """Chosen rows of a role, encoded; never the whole of a large table, whose labels would take a column each."""
    table, encode = samples.table(role), encoder(samples, None, fitted)
    if len(table) * encode.dimensions <= KEPT_POINTS:
        return _encoded(samples, role, fitted)[rows]
    return encode.encode(table.iloc[rows])


@once
def _encoded(samples: Samples, role: str, fitted: tuple[str, ...]) -> torch.Tensor:
    return encoder(samples, None, fitted).encode(samples.table(role))


@once
def search(
    samples: Samples, query: Group, reference: Group, k: int, fitted: tuple[str, ...] = REAL_ROLES
) -> tuple[np.ndarray, np.ndarray]:
    """`nearest` between chosen rows of two roles; metrics, ceilings and floors share searches."""
    same, starts = query == reference, range(0, len(query), ENCODED_ROWS)
    parts = [
        _among(samples, Group(query.role, query.rows[at : at + ENCODED_ROWS]), reference, k, at if same else -1, fitted)
        for at in starts
    ]
    distances, places = (np.concatenate(found) for found in zip(*parts, strict=True))
    return distances, places


def _among(samples: Samples, query: Group, reference: Group, k: int, own: int, fitted: tuple[str, ...]) -> Any:
    """Nearest references of one chunk of queries; `own` is the place of the chunk that holds the queries
    themselves, or -1.
    """
    queries = points(samples, query.role, query.rows, fitted)
    parts = []
    for at in range(0, len(reference), ENCODED_ROWS):
        among = points(samples, reference.role, reference.rows[at : at + ENCODED_ROWS], fitted)
        distances, places = nearest(queries, among, k, same=at == own)
        parts.append((distances, places + at))
    distances, indices = (np.concatenate(found, axis=1) for found in zip(*parts, strict=True))
    order = np.argsort(distances, axis=1, kind="stable")[:, :k]
    return np.take_along_axis(distances, order, axis=1), np.take_along_axis(indices, order, axis=1)
