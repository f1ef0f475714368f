"""Values that a candidate shares with a released row, weighed by how surprising each of them is.

After Narayanan and Shmatikov 2008: a value weighs -log of its share in the reference, the non-members. It sees released
rows that are training rows in some columns only, whichever these are.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch

from launderette.evaluation.attacks.attacker import Attacker
from launderette.evaluation.measures.neighbours import Group

COMPARISONS = 10_000_000_000  # of single values in the search for matching rows, for the larger group of candidates
TOLERANT = 2_000_000_000  # the same where numbers match that are nearly equal, which costs more
EXACT_BLOCK = 2**21
TOLERANT_BLOCK = 2**17  # sums of weights held at once: they stay in the cache
WITHIN = 0.02  # of a number's own size
WITHIN_DEVIATION = 0.1  # of a column's standard deviation
MISSING_AT = 1e9  # deviations: farther out than any number

Tolerance = Callable[[np.ndarray, float], np.ndarray]  # of values [rows], from them and their column's deviation
Column = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]  # asked, released, tolerance and weight of each asked


def matching_values(attacker: Attacker, group: Group) -> np.ndarray:
    """Surprise of the values that the best matching released row shares with the candidate, exactly.

    Members and non-members are looked for among the same released rows: of more, the best matches better.
    """
    samples, left_out = attacker.samples, attacker.left_out(group)
    groups = group, _searched(attacker, COMPARISONS), attacker.non_members
    asked, found, weights = [], [], []
    for column in samples.known:
        values = [samples.table(role)[column].to_numpy()[rows] for role, rows in groups]
        codes = np.unique(np.concatenate(values), return_inverse=True)[1]
        query, answer, known = np.split(codes, np.cumsum([len(v) for v in values])[:-1])
        counts = np.bincount(known, minlength=codes.max() + 1)[query] - (known[left_out] == query)
        asked.append(query)
        found.append(answer)
        weights.append(-np.log((counts + 1) / len(known)))
    return _best_match(np.stack(asked, 1), np.stack(found), np.stack(weights, 1))


def _searched(attacker: Attacker, comparisons: int) -> Group:
    """Released rows among which all candidates are looked for."""
    most = max(len(attacker.members), len(attacker.non_members))
    limit = max(100, comparisons // (most * len(attacker.samples.known)))
    order = np.random.default_rng([attacker.seed, 47]).permutation(attacker.released.rows)
    return Group(attacker.released.role, np.sort(order[:limit]))


def _best_match(queries: np.ndarray, released: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Largest sum of the weights [queries, columns] of equal codes over the released rows [columns, rows]."""
    small = max(queries.max(), released.max()) < 2**15
    kind = torch.int16 if small else torch.int32
    scale = min(100.0, 32_000 / max(1e-9, float(weights.sum(1).max())))
    ask, have = torch.from_numpy(queries).to(kind), torch.from_numpy(released).to(kind)
    weigh = torch.from_numpy(np.floor(weights * scale)).to(torch.int16)
    step, best = max(1, EXACT_BLOCK // have.shape[1]), []
    for start in range(0, len(ask), step):
        part = slice(start, start + step)
        total = torch.zeros(len(ask[part]), have.shape[1], dtype=torch.int16)
        for column in range(len(have)):
            total += (
                torch.eq(ask[part, column : column + 1], have[column]).to(torch.int16)
                * weigh[part, column : column + 1]
            )
        best.append(total.amax(1))
    return torch.cat(best).numpy() / scale


def near_values(attacker: Attacker, group: Group) -> np.ndarray:
    """The same where numbers match that differ by at most 2 %: copies that were moved a little in proportion."""
    return _nearly(attacker, group, lambda values, deviation: WITHIN * np.abs(values))


def values_within_a_deviation(attacker: Attacker, group: Group) -> np.ndarray:
    """The same where numbers match that differ by at most a tenth of their column's deviation: copies under noise."""
    return _nearly(attacker, group, lambda values, deviation: np.full(len(values), WITHIN_DEVIATION * deviation))


def _nearly(attacker: Attacker, group: Group, tolerance: Tolerance) -> np.ndarray:
    samples = attacker.samples
    if not any(samples.kinds.get(c) in ("numerical", "datetime") for c in samples.known):
        return np.zeros(len(group))  # exact matching says all there is
    released, left_out = _searched(attacker, TOLERANT), attacker.left_out(group)
    columns = [_column(attacker, group, released, left_out, column, tolerance) for column in samples.known]
    asked, found, room, weights = (np.stack(part).astype(np.float32) for part in zip(*columns, strict=True))
    return _best_near_match(asked, found, room, weights)


def _column(
    attacker: Attacker, group: Group, released: Group, left_out: np.ndarray, column: str, tolerance: Tolerance
) -> Column:
    samples = attacker.samples
    query, answer, known = (
        samples.table(role)[column].to_numpy().astype(np.float64)[rows]
        for role, rows in (group, released, attacker.non_members)
    )
    room = np.zeros(len(query))
    if samples.is_number(column):
        deviation = float(np.nanstd(known)) if not np.isnan(known).all() else 0.0
        room = np.nan_to_num(tolerance(query, deviation)) * (1 + 1e-9)
        middle, unit = (float(np.nanmedian(known)), deviation) if deviation else (0.0, 1.0)
        query, answer, known = (np.nan_to_num((v - middle) / unit, nan=MISSING_AT) for v in (query, answer, known))
        room /= unit
    order = np.sort(known)
    counts = np.searchsorted(order, query + room, "right") - np.searchsorted(order, query - room, "left")
    counts -= np.abs(known[left_out] - query) <= room
    return query, answer, room, -np.log((counts + 1) / len(known))


def _best_near_match(asked: np.ndarray, released: np.ndarray, room: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Largest sum of weights over the released rows that are within `room`: all [columns, rows], -> [asked]."""
    ask, have, wide, weigh = map(torch.from_numpy, (asked, released, room, weights))
    step, best = max(1, TOLERANT_BLOCK // have.shape[1]), []
    for start in range(0, ask.shape[1], step):
        part = slice(start, start + step)
        total = torch.zeros(len(ask[0, part]), have.shape[1])
        for column in range(len(have)):
            far = (have[column] - ask[column, part, None]).abs_()
            total.addcmul_((far <= wide[column, part, None]).float(), weigh[column, part, None])
        best.append(total.amax(1))
    return torch.cat(best).numpy().astype(np.float64)
