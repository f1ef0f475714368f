"""Images: how like, how varied and how useful are synthetic ones? In feature space, beside real and shuffled ones."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from launderette.evaluation.image.samples import ImageSamples
from launderette.evaluation.measures import intervals, neighbours
from launderette.evaluation.measures import vendi as vendi_
from launderette.evaluation.measures.once import once
from launderette.evaluation.models.features import principal
from launderette.evaluation.scores import Obstacle, Reason, Score, mean, of_rows, unknown
from launderette.evaluation.summaries import small_cells

IMAGE_NEIGHBOURS = 5
COMPONENTS = 64  # principal components of a Frechet distance
JACKKNIFE_GROUPS = 20  # of a jackknife
VENDI_ROWS = 1000
TAUGHT = 10_000  # images that a network is trained on


def frechet(samples: ImageSamples, *, seed: int = 0) -> Score:
    """Frechet distance between Gaussians fitted to features of synthetic and of training images, 0 or more, lower
    better.

    |mu - nu|^2 + tr(S + T - 2 (S T)^(1/2)) in float64 (Heusel et al. 2017), on the principal components that so many
    images allow. Ceiling: as many held-out images. Interval: jackknife. Cost: features of four collections.
    """
    size = samples.equal()
    project = principal(samples.seen("train", size, seed).numpy(), max(2, min(COMPONENTS, size // 10)))
    points = {role: project(samples.seen(role, size, seed).numpy()) for role in ("train", *samples.roles().values())}
    value, low, high = _jackknife(lambda x: _frechet(x, points["train"]), points["synthetic"])
    ends = {name: _frechet(points[role], points["train"]) for name, role in samples.roles().items() if name != "value"}
    note = f"{size:,} images of each collection, {points['train'].shape[1]} components."
    few = " So few images: compare with the ceiling only, not with other collections." if size < 10 * COMPONENTS else ""
    return Score(value, low, high, ends.get("ceiling"), ends["floor"], "lower", {"rows": size}, note + few)


def _frechet(a: np.ndarray, b: np.ndarray) -> float:
    mean = np.square(a.mean(0) - b.mean(0)).sum()
    S, T = np.cov(a.T), np.cov(b.T)
    values, axes = np.linalg.eigh(S)
    root = axes * np.sqrt(values.clip(0)) @ axes.T
    return float(
        max(0.0, mean + np.trace(S) + np.trace(T) - 2 * np.sqrt(np.linalg.eigvalsh(root @ T @ root).clip(0)).sum())
    )


def _jackknife(statistic: Any, x: np.ndarray) -> tuple[float, float, float]:
    """A statistic of rows with its interval, by leaving out one of JACKKNIFE_GROUPS at a time (Quenouille 1956)."""
    value, groups = statistic(x), np.arange(len(x)) % JACKKNIFE_GROUPS
    without = np.array([statistic(x[groups != g]) for g in range(JACKKNIFE_GROUPS)])
    error = float(np.sqrt((JACKKNIFE_GROUPS - 1) * np.square(without - without.mean()).mean()))
    return value, max(0.0, value - 1.96 * error), value + 1.96 * error


def kernel(samples: ImageSamples, *, seed: int = 0) -> Score:
    """Kernel distance: squared mean discrepancy under (x.y / d + 1)^3 of features, unbiased (Binkowski et al. 2018),
    lower better.

    About 0 for two samples of one distribution, also of few images. Interval: jackknife. Cost: three products of n x n
    sampled rows.
    """
    size = samples.equal()
    points = {role: samples.seen(role, size, seed).double() for role in ("train", *samples.roles().values())}
    values = {name: _discrepancy(points["train"], points[role]) for name, role in samples.roles().items()}
    value, low, high = values["value"]
    return Score(
        value,
        low,
        high,
        values["ceiling"][0] if "ceiling" in values else None,
        values["floor"][0],
        "lower",
        {"rows": size},
        f"{size:,} images of each collection.",
    )


def _discrepancy(a: torch.Tensor, b: torch.Tensor) -> tuple[float, float, float]:
    """The distance and its jackknife interval over b; the sums of kernels are computed once."""
    n, d = a.shape
    a, b = (points.to(neighbours.fastest()) for points in (a, b))
    aa, bb, ab = (((p @ q.T / d + 1) ** 3).cpu() for p, q in ((a, a), (b, b), (a, b)))
    inner = float((aa.sum() - aa.trace()) / (n * (n - 1)))
    bb = bb.fill_diagonal_(0)

    def distance(kept: np.ndarray) -> float:
        k = torch.from_numpy(kept.astype(int))
        return inner + float(bb[k][:, k].sum() / (len(k) * (len(k) - 1)) - 2 * ab[:, k].mean())

    value, _, high = _jackknife(lambda rows: distance(rows[:, 0]), np.arange(len(b))[:, None])
    return value, value - (high - value), high


def precision(samples: ImageSamples, *, seed: int = 0) -> Score:
    """Share of synthetic images as near to a training image as that one's 5th neighbour is, in [0, 1], higher better.

    Kynkaanniemi et al. 2019. One odd training image with distant neighbours makes it generous: read density too.
    """
    return _inside(samples, seed, lambda near, radius: (near <= radius).any(1))


def density(samples: ImageSamples, *, seed: int = 0) -> Score:
    """Mean number of training images whose 5 neighbours' ball holds a synthetic image, over 5; about 1 is honest,
    higher better.

    Naeem et al. 2020; above 1 where synthetic images crowd where real ones are dense.
    """
    return _inside(samples, seed, lambda near, radius: (near <= radius).sum(1) / IMAGE_NEIGHBOURS, upper=np.inf)


def _inside(samples: ImageSamples, seed: int, count: Any, upper: float = 1.0) -> Score:
    size = samples.equal()
    train = samples.seen("train", size, seed)
    radius = torch.from_numpy(_radius(samples, "train", size, seed))
    found = {}
    for name, role in samples.roles().items():
        blocks = samples.seen(role, size, seed).split(500)
        found[name] = np.concatenate(
            [count(neighbours.distances(block, train), radius).double().numpy() for block in blocks]
        )
    value = float(found["value"].mean())
    interval = intervals.around(value, found["value"], seed, upper=upper)
    return of_rows(found, interval, "higher", {"rows": size}, f"{size:,} images of each collection.")


@once
def _radius(samples: ImageSamples, role: str, size: int, seed: int) -> np.ndarray:
    """Distance of each image to its 5th neighbour in its own collection."""
    x = samples.seen(role, size, seed)
    return neighbours.nearest(x, x, IMAGE_NEIGHBOURS, same=True)[0][:, -1]


def recall(samples: ImageSamples, *, seed: int = 0) -> Score:
    """Share of training images as near to a synthetic image as that one's 5th neighbour is, in [0, 1], higher better.

    Kynkaanniemi et al. 2019.
    """
    return _reached(
        samples,
        seed,
        lambda role, size: lambda near: (near <= torch.from_numpy(_radius(samples, role, size, seed))).any(1),
    )


def coverage(samples: ImageSamples, *, seed: int = 0) -> Score:
    """Share of training images with a synthetic image as near as their own 5th neighbour, in [0, 1], higher better.

    Naeem et al. 2020; about 0.97 for two samples of one distribution. A generator that has collapsed covers little.
    """

    def covered(role: str, size: int) -> Any:
        radius = torch.from_numpy(_radius(samples, "train", size, seed)).split(500)
        blocks = iter(radius)
        return lambda near: near.amin(1) <= next(blocks)

    return _reached(samples, seed, covered)


def _reached(samples: ImageSamples, seed: int, rule: Any) -> Score:
    size, reached = samples.equal(), {}
    train = samples.seen("train", size, seed).split(500)
    for name, role in samples.roles().items():
        other, reaches = samples.seen(role, size, seed), rule(role, size)
        reached[name] = torch.cat([reaches(neighbours.distances(block, other)) for block in train]).numpy()
    interval = intervals.clopper_pearson(int(reached["value"].sum()), size)
    return of_rows(reached, interval, "higher", {"rows": size}, f"{size:,} images of each collection.")


def vendi(samples: ImageSamples, *, seed: int = 0) -> Score:
    """Effective number of distinct synthetic images (Vendi score, Friedman and Dieng 2023) over that of training
    images; higher better.

    About 1 for an honest sample, low where images repeat, above 1 where there is noise.
    """
    size = samples.equal(VENDI_ROWS)
    width = max(float(np.median(_radius(samples, "train", size, seed))), 1e-3)
    points = {role: samples.seen(role, size, seed) for role in ("train", *samples.roles().values())}
    return vendi_.relative(points, width, seed, f"{size:,} images of each collection.")


def accuracy(samples: ImageSamples, *, seed: int = 0) -> Score:
    """Accuracy on held-out images of a network trained on synthetic ones, in [0, 1], higher better (Ravuri and Vinyals
    2019).

    Ceiling: the same trained on as many training images. Floor: the most frequent label. Cost: two trainings.
    """
    if absent := obstacle(samples) or untested(samples):
        return unknown(*absent)
    size, truth, held = samples.taught(TAUGHT), samples.labels["holdout"], samples.pixels["holdout"]
    right = {role: samples.judge(role, size, seed).guess(held) == truth for role in ("synthetic", "train")}
    low, high = intervals.clopper_pearson(int(right["synthetic"].sum()), len(truth))
    by_class = {
        str(label): float(right["synthetic"][truth == code].mean())
        for code, label in enumerate(samples.classes)
        if min((truth == code).sum(), (samples.labels["train"] == code).sum()) >= small_cells.LEAST_CELL_ROWS
    }
    return Score(
        mean(right["synthetic"]),
        low,
        high,
        mean(right["train"]),
        _commonest(truth),
        "higher",
        {"rows": size, "test_rows": len(truth), "by_class": by_class},
        f"Trained on {size:,} images, tested on {len(truth):,} held-out ones.",
    )


def agreement(samples: ImageSamples, *, seed: int = 0) -> Score:
    """Share of synthetic images whose label a network trained on real ones gives them too, in [0, 1], higher better.

    Ceiling: the network's accuracy on held-out images. Floor: the most frequent label.
    """
    if absent := obstacle(samples) or untested(samples):
        return unknown(*absent)
    judge = samples.judge("train", samples.taught(TAUGHT), seed)
    rows = samples.rows("synthetic", TAUGHT, seed)
    agree = judge.guess(samples.take("synthetic", rows)) == samples.labels["synthetic"][rows]
    low, high = intervals.clopper_pearson(int(agree.sum()), len(rows))
    real = judge.guess(samples.pixels["holdout"]) == samples.labels["holdout"]
    return Score(
        mean(agree),
        low,
        high,
        mean(real),
        _commonest(samples.labels["synthetic"]),
        "higher",
        {"rows": len(rows)},
        f"{len(rows):,} synthetic images.",
    )


def obstacle(samples: ImageSamples) -> Obstacle | None:
    """Why labels cannot be judged, if they cannot."""
    if not len(samples.classes):
        return Reason.NO_LABELS, "the images have no labels"
    if len(samples.classes) < 2:
        return Reason.ONE_LABEL, "all images have one label"
    synthetic = samples.labels["synthetic"]
    one = len(np.unique(synthetic[synthetic >= 0])) < 2
    return (Reason.ONE_LABEL_RELEASED, "the synthetic images have one label") if one else None


def untested(samples: ImageSamples) -> Obstacle | None:
    """Why nothing real is left to test on, if nothing is."""
    return None if "holdout" in samples.pixels else (Reason.NO_HOLDOUT, "there is no holdout to test on")


def _commonest(codes: np.ndarray) -> float:
    return float(np.bincount(codes[codes >= 0]).max() / len(codes))
