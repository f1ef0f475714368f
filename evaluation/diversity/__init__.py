"""Diversity: do the synthetic rows reach everywhere the real ones are, or has the generator collapsed?"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
from scipy.stats import norm

from launderette.evaluation import unseen
from launderette.evaluation.diversity import rarefaction
from launderette.evaluation.fidelity.values import different
from launderette.evaluation.measures import intervals, neighbours, rarity, supports
from launderette.evaluation.measures import vendi as vendi_
from launderette.evaluation.samples import Samples, row_hashes
from launderette.evaluation.scores import Obstacle, Reason, Score, mean, of_rows, unknown
from launderette.evaluation.summaries import small_cells

DIVERSITY_ROWS = 4000
DIVERSITY_NEIGHBOURS = 5
LEAST_NEIGHBOUR_ROWS = 4  # rows with which neighbours mean something
BRACKETS = (5, 20, 100)  # training rows of a rare category at most
MOST_CLUSTERS = 50
EMPTIED, OVERFULL = 0.1, 10  # times a cell's share of the training rows
VENDI_ROWS = 1000
LEAST_SUPPORT_ROWS = 1000  # of each table at least: the error of the number of twins is then about a fifth
TWIN_SHARE = 0.1  # of the training rows have a row as near as a twin


def coverage(samples: Samples, *, seed: int = 0) -> Score:
    """Share of training rows that have a synthetic row as near as their own 5th neighbour, in [0, 1], higher better.

    Naeem et al. 2020, k = 5, equal numbers of rows, one of each entity whose rows are recognised together; about 0.97
    for two samples of one distribution. The ceiling is what other real rows reach. Cost: four searches of n x n sampled
    rows.
    """
    if obstacle := _too_small(samples):
        return unknown(*obstacle)
    compared, train = _equal(samples, DIVERSITY_ROWS, seed)
    radius = neighbours.search(compared, train, train, min(DIVERSITY_NEIGHBOURS, len(train) - 1))[0][:, -1]
    covered = {
        name: neighbours.search(compared, train, neighbours.Group(role, train.rows), 1)[0][:, 0] <= radius
        for name, role in compared.roles().items()
    }
    interval = intervals.clopper_pearson(int(covered["value"].sum()), len(train))
    return of_rows(covered, interval, "higher", {"rows": len(train)}, _drawn(train))


def beta_recall(samples: Samples, *, seed: int = 0) -> Score:
    """Whether training rows are reached from as deep in the synthetic table as its own rows lie, in [0, 1], higher
    better.

    1 - 2 * integral over beta of |share of training rows within their fifth neighbour's distance of one of the
    innermost beta of the synthetic rows - beta| (Alaa et al. 2022, on encoded rows). Cost: two searches of n x n
    sampled rows per table.
    """
    if obstacle := _too_small(samples):
        return unknown(*obstacle)
    compared, train = _equal(samples, DIVERSITY_ROWS, seed)
    if supports.flat(compared, train.rows):
        return unknown(Reason.EQUALLY_DEEP, "all training rows are equally deep")
    ends = {
        name: supports.integrated(supports.recalled(compared, role, train.rows, train.rows), seed)
        for name, role in compared.roles().items()
    }
    ceiling = ends["ceiling"][0] if "ceiling" in ends else None
    return Score(*ends["value"], ceiling, ends["floor"][0], "higher", {"rows": len(train)}, _drawn(train))


def _equal(samples: Samples, limit: int, seed: int) -> tuple[Samples, neighbours.Group]:
    """Equal numbers of rows of each table, and the training ones among them."""
    compared = unseen.equal(samples, limit, seed)
    return compared, neighbours.Group("train", np.arange(len(compared.train)))


def _drawn(train: neighbours.Group) -> str:
    return f"{len(train):,} rows of each table."


def vendi(samples: Samples, *, seed: int = 0) -> Score:
    """Effective number of distinct synthetic rows (Vendi score, Friedman and Dieng 2023) over that of training rows;
    higher better.

    About 1 for an honest sample, low where rows repeat or huddle, above 1 where there is noise. Gaussian kernel as wide
    as the median distance between neighbouring training rows. Cost: one eigendecomposition of VENDI_ROWS per table.
    """
    if obstacle := _too_small(samples):
        return unknown(*obstacle)
    compared, train = _equal(samples, VENDI_ROWS, seed)
    distances = neighbours.search(compared, train, train, min(DIVERSITY_NEIGHBOURS, len(train) - 1))[0]
    width = max(float(np.median(distances[:, -1])), 1e-3)
    points = {role: neighbours.points(compared, role, train.rows) for role in _roles(compared)}
    return vendi_.relative(points, width, seed, _drawn(train))


def support(samples: Samples, *, seed: int = 0) -> Score:
    """Estimated number of different rows the generator can make, over that of training rows; about 1 is honest, higher
    better.

    Birthday paradox (Arora and Zhang 2017): of n rows from S equally likely ones a share f = 1 - exp(-n / S) has a
    twin, so S = -n / log(1 - f). Twins are nearer to each other than all but 10 % of training rows are to their
    nearest. Under 1,000 rows of each table twins are too few to be counted. Cost: one search.
    """
    if obstacle := _too_small(samples):
        return unknown(*obstacle)
    compared, train = _equal(samples, DIVERSITY_ROWS, seed)
    near, size = {}, len(train)
    if size < LEAST_SUPPORT_ROWS:
        return unknown(
            Reason.TOO_FEW_ROWS, f"twins are counted among {LEAST_SUPPORT_ROWS:,} rows of each table, found {size}"
        )
    for role in _roles(compared):
        every = neighbours.Group(role, train.rows)
        near[role] = neighbours.search(compared, every, every, min(DIVERSITY_NEIGHBOURS, size - 1))[0][:, 0]
    radius = float(np.quantile(near["train"], TWIN_SHARE))
    twins = {role: int((distance <= radius).sum()) for role, distance in near.items()}
    real = _supported(twins["train"], size)
    ends = intervals.clopper_pearson(twins["synthetic"], size)
    low, high = (_supported(share * size, size) / real for share in reversed(ends))
    ratio = {role: _supported(count, size) / real for role, count in twins.items()}
    own = {"twins": twins["synthetic"], "twins_real": twins["train"], "support": _supported(twins["synthetic"], size)}
    note = f"{_drawn(train)[:-1]}, {twins['synthetic']} with a twin."
    value, ceiling, floor = ratio["synthetic"], ratio.get("holdout"), ratio["shuffled"]
    return Score(value, low, high, ceiling, floor, "higher", {"rows": size, **own}, note)


def _roles(samples: Samples) -> list[str]:
    return ["train", *samples.roles().values()]


def _supported(twins: float, size: int) -> float:
    """Rows that give so many twins among `size`; half a row is kept from both ends, where the estimate is 0 or
    infinite.
    """
    return float(-size / np.log1p(-min(max(twins, 0.5), size - 0.5) / size))


def _too_small(samples: Samples) -> Obstacle | None:
    if not samples.known:
        return Reason.NO_VALUES, "no column has a value to compare"
    size = min(samples.size("train"), samples.size("synthetic"))
    if size >= LEAST_NEIGHBOUR_ROWS:
        return None
    return Reason.TOO_FEW_ROWS, f"neighbours need at least {LEAST_NEIGHBOUR_ROWS} rows of each table, found {size}"


def distinct(samples: Samples, *, seed: int = 0) -> Score:
    """Share of different rows among as many synthetic rows as there are real ones (among all, where there are fewer),
    in (0, 1], higher better.

    Ceiling: as many real rows, training and holdout together; floor: shuffled ones. Of a table with more rows it is the
    mean over all choices of so many (rarefaction, Hurlbert 1971). Cost: one hash per row.
    """
    if not samples.columns:
        return unknown(Reason.NO_VALUES, "all columns are identifiers")
    hashes = row_hashes(samples.table("synthetic"))
    real = np.concatenate([row_hashes(samples.table(r)) for r in ("train", "holdout") if r in samples.frames])
    rows, shuffled = min(len(hashes), len(real)), row_hashes(samples.table("shuffled"))
    value, ceiling = different(hashes, rows) / rows, different(real, rows) / rows
    least = min(rows, len(shuffled))
    occurrences = np.unique(hashes, return_counts=True)[1]
    detail = {
        "distinct_rows": len(occurrences),
        "rows": len(hashes),
        "most_repeated": int(occurrences.max()),
        "by_chance": rarefaction.lost_by_chance(real, rows),
    }
    ends = intervals.around(value, rarefaction.weights(hashes), seed)
    note = "" if rows == len(hashes) else f"Among {rows:,} of the synthetic rows, as many as there are real ones. "
    note += "Compare with the ceiling: a table of few columns repeats itself by nature."
    return Score(value, *ends, ceiling, different(shuffled, least) / least, "higher", detail, note)


def rare(samples: Samples, *, seed: int = 0) -> Score:
    """Mean over rare categories of min(1, synthetic share / training share), in [0, 1], higher better.

    Rare: at most 1 % of the training rows. Even an honest sample loses categories of one or two rows; the ceiling is
    what as many fresh real rows as there are synthetic ones would keep. Labels that hardly any two rows share are
    texts, not categories. Interval: bootstrap over synthetic rows.
    """
    found = {name: rarity.occurrences(samples, role) for name, role in samples.roles().items()}
    counts = found["value"].counts
    if not len(counts):
        return unknown(Reason.NO_RARE_CATEGORY, "no label column has a category with at most 1 % of the training rows")
    ratios, floor = found["value"].retained(), float(found["floor"].retained().mean())
    ceiling, low = rarity.by_chance(found["value"], seed)
    return Score(
        *found["value"].interval(seed),
        ceiling,
        floor,
        "higher",
        {
            "rare_categories": len(counts),
            "absent": int((ratios == 0).sum()),
            "ceiling_low": low,
            "by_training_rows": _by_count(counts, ratios),
        },
        f"{len(counts)} rare categories; they are counted, never named.",
    )


def _by_count(counts: np.ndarray, ratios: np.ndarray) -> dict[str, dict]:
    """Rare categories by their training rows; brackets join until the rows of each are enough to be shown."""
    place = np.searchsorted(BRACKETS, counts)
    starts = small_cells.runs(np.bincount(place, weights=counts, minlength=len(BRACKETS) + 1))
    inside = np.searchsorted(starts, place, "right") - 1
    found = {
        _bracket(start, end): ratios[inside == k] for k, (start, end) in enumerate(pairwise([*starts, place.max() + 1]))
    }
    return {name: {"categories": len(r), "retained": float(r.mean())} for name, r in found.items()}


def _bracket(start: int, end: int) -> str:
    """Name of the brackets from one up to another."""
    low, high = (0, *BRACKETS)[start] + 1, (*BRACKETS, None)[end - 1]
    return f"over {low - 1}" if high is None else f"{low}-{high}"


def modes(samples: Samples, *, seed: int = 0) -> Score:
    """Share of k-means cells of the training rows neither dropped (< 0.1 of their share) nor over-filled (> 10 times);
    higher better.

    `detail` adds the share of cells whose proportions differ significantly (NDB, Richardson and Weiss 2018,
    Bonferroni).
    """
    if not samples.known:
        return unknown(Reason.NO_VALUES, "no column has a value to compare")
    compared, chosen = _equal(samples, 3 * DIVERSITY_ROWS, seed)
    if (cells := min(MOST_CLUSTERS, len(chosen) // 20)) < 2:
        return unknown(Reason.TOO_FEW_ROWS, f"cells need 40 rows of each table, found {len(chosen)}")
    real, counts = _in_cells(compared, chosen, cells, seed)
    ratios = {name: found / np.maximum(real, 1e-12) for name, found in counts.items()}
    inside = {name: ((ratio >= EMPTIED) & (ratio <= OVERFULL))[real > 0] for name, ratio in ratios.items()}
    interval = intervals.clopper_pearson(int(inside["value"].sum()), len(inside["value"]))
    detail = _of_cells(real, counts, ratios["value"], len(chosen))
    return of_rows(inside, interval, "higher", detail, f"{detail['cells']} cells of {len(chosen):,} training rows.")


def _in_cells(
    samples: Samples, chosen: neighbours.Group, cells: int, seed: int
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """How many training rows, and rows of the value, ceiling and floor, lie in each k-means cell of the chosen training
    rows: int64 [cells].
    """
    from sklearn.cluster import MiniBatchKMeans

    train = neighbours.points(samples, *chosen).numpy()
    means = MiniBatchKMeans(cells, random_state=seed, n_init=1, batch_size=2048).fit(train)

    def count(points: np.ndarray) -> np.ndarray:
        return np.bincount(means.predict(points), minlength=cells)

    roles = samples.roles().items()
    return count(train), {name: count(neighbours.points(samples, role, chosen.rows).numpy()) for name, role in roles}


def _of_cells(real: np.ndarray, counts: dict[str, np.ndarray], ratios: np.ndarray, rows: int) -> dict[str, Any]:
    """What is said of cells beside the score: how many were dropped and over-filled, and in which shares differ."""
    differ = {name: _significant(found, rows, real, rows) for name, found in counts.items()}
    order = np.argsort(-real)
    return {
        "cells": int((real > 0).sum()),
        "dropped": int((ratios[real > 0] < EMPTIED).sum()),
        "overfilled": int((ratios[real > 0] > OVERFULL).sum()),
        "differing_share": float(differ["value"]),
        "differing_share_ceiling": mean(differ.get("ceiling")),
        **_shown(real[order] / rows, ratios[order], rows),
    }


def _shown(shares: np.ndarray, ratios: np.ndarray, rows: int) -> dict[str, list[float]]:
    """Share of the training rows and ratio of each cell, the smallest cells as one."""
    groups = small_cells.grouped(np.rint(shares * rows).astype(int))
    real, other = (np.array([values[group].sum() for group in groups]) for values in (shares, shares * ratios))
    return {"cell_ratio": (other / real).tolist(), "cell_share": real.tolist()}


def _significant(a: np.ndarray, n: int, b: np.ndarray, m: int) -> float:
    pooled = (a + b) / (n + m)
    z = (a / n - b / m) / np.sqrt(np.maximum(pooled * (1 - pooled) * (1 / n + 1 / m), 1e-300))
    return float((np.abs(z) > norm.isf(0.025 / len(a))).mean())
