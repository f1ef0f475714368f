"""Attacks on a block of columns: a release may copy some columns of a training row and make up the others.

Each is the distance to the nearest released row relative to the nearest other candidate, over the columns of the block.
Numbers are tried by their rank among real rows, by their size in deviations, and by their rank within their own table:
copies that were shifted, scaled or bent keep their order.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd
import torch

from launderette.evaluation.attacks.attacker import LEAST_GAP, Attacker
from launderette.evaluation.measures import neighbours
from launderette.evaluation.samples import Samples
from launderette.evaluation.streams import RandomStream, generator

RANDOM_HALVINGS = 3  # of the columns into two random halves
LEAST_COLUMNS = 2  # of a block
DEVIATION_POINTS, FARTHEST = 1 / 3, 3.0  # of a point for a column's deviation; where numbers end, and missing ones lie
PRODUCTS = 20_000_000_000  # multiplications of one search: of more released rows, as many as that are drawn

Blocks = Mapping[str, tuple[str, ...]]
Encode = Callable[[pd.DataFrame], torch.Tensor]  # canonical rows to points float32 [rows, dimensions]


def blocks(samples: Samples, seed: int) -> Blocks:
    """Blocks of columns by name: numbers, labels with dates, and random halves of all columns, drawn by the seed.

    None where all columns are coordinates of one space: nobody copies a half of the principal components of an image.
    """
    if all(samples.kinds.get(c) == "coordinate" for c in samples.known):
        return {}
    numbers = tuple(c for c in samples.known if samples.kinds.get(c) == "numerical")
    found = {"numbers": numbers, "labels and dates": tuple(c for c in samples.known if c not in numbers)}
    for split in range(RANDOM_HALVINGS):
        order = generator(seed, RandomStream.BLOCK_COLUMNS, split).permutation(len(samples.known))
        for half, part in enumerate(np.array_split(order, 2)):
            found[f"half {2 * split + half + 1}"] = tuple(samples.known[i] for i in np.sort(part))
    large = len(samples.known)
    return {name: columns for name, columns in found.items() if LEAST_COLUMNS <= len(columns) < large}


def columns_of(samples: Samples, attack: str, seed: int) -> tuple[str, ...]:
    """The columns that an attack of this module reads; none for another attack."""
    found = blocks(samples, seed)
    name = attack.removeprefix("nearest ")
    return found.get("numbers" if name.endswith("of numbers") else name.removeprefix("in "), ())


def scores(attacker: Attacker) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Scores of members and of non-members by every block, named by it."""
    samples, parts = attacker.samples, blocks(attacker.samples, attacker.seed)
    numbers = tuple(c for c in samples.known if samples.kinds.get(c) == "numerical")
    views = {f"nearest in {name}": (encoded(samples, columns),) * 2 for name, columns in parts.items()}
    if numbers:
        views["nearest by size"] = (scaled(samples, samples.known),) * 2
    if len(numbers) >= LEAST_COLUMNS:
        views["nearest by size of numbers"] = (scaled(samples, numbers),) * 2
        own = encoded(samples, numbers, (attacker.released.role,))
        views["nearest in ranks of numbers"] = encoded(samples, numbers), own
    usual = {real: _usual(attacker, real) for real, _ in views.values()}  # two views may share it
    found = {name: _relative(attacker, real, own, usual[real]) for name, (real, own) in views.items()}
    return {name: sides[0] for name, sides in found.items()}, {name: sides[1] for name, sides in found.items()}


def encoded(samples: Samples, columns: tuple[str, ...], roles: tuple[str, ...] = neighbours.REAL_ROLES) -> Encode:
    """Columns as points, numbers by the ranks that they have in tables of some roles."""
    return neighbours.encoder(samples, columns, roles).encode


def scaled(samples: Samples, columns: tuple[str, ...]) -> Encode:
    """Columns as points, numbers by their size: noise moves a value little where many equal ones give it a rank of its
    own.
    """
    numbers = [c for c in columns if samples.is_number(c)]
    labels = neighbours.encoder(samples, tuple(c for c in columns if c not in numbers))
    real = pd.concat([samples.table(role)[numbers] for role in neighbours.REAL_ROLES if role in samples.frames])
    middle, unit = real.median(), real.std().replace(0.0, 1.0) / DEVIATION_POINTS

    def encode(table: pd.DataFrame) -> torch.Tensor:
        sizes = ((table[numbers] - middle) / unit).clip(-FARTHEST, FARTHEST).fillna(FARTHEST)
        return torch.cat([torch.from_numpy(sizes.to_numpy(np.float32)), labels.encode(table)], dim=1)

    return encode


def nearness(attacker: Attacker, real: Encode, own: Encode) -> tuple[np.ndarray, np.ndarray]:
    """Calibrated nearness of members and of non-members; `own` encodes the released rows."""
    return _relative(attacker, real, own, _usual(attacker, real))


def _relative(attacker: Attacker, real: Encode, own: Encode, usual: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The same, given how near the nearest other candidate is to each [candidates]."""
    real_rows = _candidates(attacker, real)
    limit = max(100, PRODUCTS // (len(real_rows) * real_rows.shape[1]))
    order = generator(attacker.seed, RandomStream.BLOCK_ROWS).permutation(attacker.released.rows)
    released = own(attacker.samples.table(attacker.released.role).iloc[np.sort(order[:limit])])
    near = neighbours.nearest(real_rows, released, 1)[0][:, 0]
    return attacker.split(_log(usual) - _log(near))


def _usual(attacker: Attacker, real: Encode) -> np.ndarray:
    """How near the nearest other candidate is to each candidate: float64 [candidates]."""
    real_rows = _candidates(attacker, real)
    return neighbours.nearest(real_rows, real_rows, 1, same=True)[0][:, 0]


def _candidates(attacker: Attacker, real: Encode) -> torch.Tensor:
    tables = (attacker.samples.table(group.role).iloc[group.rows] for group in attacker.candidates)
    return torch.cat([real(table) for table in tables])


def _log(distances: np.ndarray) -> np.ndarray:
    return np.log(distances + LEAST_GAP)
