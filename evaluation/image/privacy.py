"""Images: how private are synthetic ones? Copies and attacks, beside held-out images, which copied nobody."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from hashlib import blake2b
from itertools import product

import numpy as np
import pandas as pd
import torch

from launderette.evaluation import privacy as tables
from launderette.evaluation.image.samples import ImageSamples
from launderette.evaluation.measures import intervals, neighbours
from launderette.evaluation.measures.once import once
from launderette.evaluation.models.features import Features, principal
from launderette.evaluation.samples import Samples, Signal, make
from launderette.evaluation.scores import Reason, Score, mean, of_rows, unknown

DIMENSIONS = 32  # principal components of features, and of pixels, that an attack knows
COPIED, CROWD = (
    1 / 3,
    50,
)  # a copy is nearer to its nearest training image than a third of the mean distance to CROWD of them
USUAL, LEAST_USUAL = 0.01, 20  # share of held-out images that may look like copies; images to measure it by
SEARCHED = 5000  # synthetic images searched for copies
ATTACKED = 2000  # training images, and as many held-out ones, that are attacked
PAIRS = 150_000_000  # of a synthetic and a training image that are compared in nine places
SHUFFLED = 500  # images of the floor
TINY = 1e-3  # added to a ratio of distances before its logarithm
PIXELS = 16  # of a side, of images compared pixel by pixel with many others


def equal(samples: ImageSamples, *, seed: int = 0) -> Score:
    """Share of synthetic images equal to a training image in every pixel, in [0, 1], lower better.

    Ceiling: the share of held-out images. By chance it happens only where real images are equal too: `repeats` counts
    the pairs of those, of which an honest sample has as many for as many pairs. Cost: one hash per image.
    """
    digests = {
        role: [blake2b(image.tobytes(), digest_size=16).digest() for image in pixels]
        for role, pixels in samples.pixels.items()
    }
    train, real = set(digests["train"]), Counter(digests["train"] + digests.get("holdout", []))
    hits = {role: [digest in train for digest in seen] for role, seen in digests.items()}
    copied, size = sum(hits["synthetic"]), len(hits["synthetic"])
    repeats = sum(times * (times - 1) // 2 for times in real.values())
    detail = {"rows": size, "copies": copied, "repeats": repeats, "train": len(digests["train"]), "real": real.total()}
    note = f"{copied:,} of {size:,} synthetic images; {repeats:,} pairs of real images are equal."
    return Score(
        copied / size, *intervals.clopper_pearson(copied, size), mean(hits.get("holdout")), None, "lower", detail, note
    )


def copies(samples: ImageSamples, *, seed: int = 0) -> Score:
    """Share of synthetic images far nearer to one training image than to others like it, in [0, 1], lower better.

    d(x, nearest) / mean d(x, 50 nearest training images) pixel by pixel (after Carlini et al. 2023), the nearest also
    of x moved by a pixel: under 1/3 and under what 1 % of one half of the held-out images fall below; ceiling: the
    share of the other half, which copied nobody. Under 40 held-out images 1/3 alone, and all of them are the ceiling.
    """
    ratio = {role: _crowding(samples, role, seed) for role in samples.roles().values()}
    held = np.random.default_rng([seed, 79]).permutation(ratio.get("holdout", np.zeros(0)))
    usual, rest = np.array_split(held, 2) if len(held) >= 2 * LEAST_USUAL else (held[:0], held)
    limit = min(COPIED, float(np.quantile(usual, USUAL, method="lower"))) if len(usual) else COPIED
    near = {role: values <= limit for role, values in (ratio | ({"holdout": rest} if len(rest) else {})).items()}
    size = len(near["synthetic"])
    low, high = intervals.clopper_pearson(int(near["synthetic"].sum()), size)
    return Score(
        mean(near["synthetic"]),
        low,
        high,
        mean(near.get("holdout")),
        mean(near["shuffled"]),
        "lower",
        {"rows": size, "ceiling_rows": len(rest), "copies": int(near["synthetic"].sum()), "ratio": limit},
        f"{size:,} synthetic images against {samples.size('train'):,} training images.",
    )


def _crowding(samples: ImageSamples, role: str, seed: int) -> np.ndarray:
    """How much nearer the nearest training image is than CROWD of them are, for images of a role."""
    limit = SHUFFLED if role == "shuffled" else min(SEARCHED, PAIRS // samples.size("train"))
    images = samples.take(role, samples.rows(role, limit, seed), seed)
    return crowding(images, samples.pixels["train"])


def crowding(images: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Distance to the nearest of other images, also of the image moved by a pixel, over the mean distance to CROWD of
    them.

    Images uint8 [n, H, W, C] -> float64 [n], small where an image is a copy of one of the others.
    """
    among = flat(others)
    distance = neighbours.nearest(flat(images), among, CROWD)[0]
    moved = [neighbours.nearest(flat(shifted), among, 1)[0] for shifted in _shifted(images)]
    return np.min([distance[:, :1], *moved], axis=0)[:, 0] / np.maximum(distance.mean(1), 1e-12)


def _shifted(images: np.ndarray) -> Iterator[np.ndarray]:
    """The images moved by a pixel in each of eight directions, their edges repeated."""
    height, width = images.shape[1:3]
    wide = np.pad(images, ((0, 0), (1, 1), (1, 1), (0, 0)), mode="edge")
    for y, x in product((0, 1, 2), repeat=2):
        if (y, x) != (1, 1):
            yield wide[:, y : y + height, x : x + width]


def authenticity(samples: ImageSamples, *, seed: int = 0) -> Score:
    """Share of synthetic images farther from their nearest training image than that one is from its own, in [0, 1],
    higher better.

    Alaa et al. 2022, pixel by pixel; held-out images (the ceiling) reach about one half.
    """
    rows, found = samples.rows("train", SEARCHED, seed), {}
    train = flat(samples.pixels["train"])
    real = train[rows]
    own = neighbours.nearest(real, train, 2)[0][:, 1]
    for name, role in samples.roles().items():
        images = flat(samples.take(role, samples.rows(role, SEARCHED, seed), seed))
        distance, place = neighbours.nearest(images, real, 1)
        found[name] = distance[:, 0] > own[place[:, 0]]
    interval = intervals.clopper_pearson(int(found["value"].sum()), len(found["value"]))
    note = "A sanity check only: read copies and membership."
    return of_rows(found, interval, "higher", {"rows": len(found["value"])}, note)


def flat(pixels: np.ndarray) -> torch.Tensor:
    """Pixels uint8 [n, H, W, C] as points [n, at most PIXELS^2 C]."""
    x = torch.from_numpy(np.array(pixels)).permute(0, 3, 1, 2)
    size = [min(PIXELS, side) for side in x.shape[2:]]
    return (
        torch.cat([torch.nn.functional.adaptive_avg_pool2d(part.float(), size).flatten(1) for part in x.split(2000)])
        / 255
    )


def membership(samples: ImageSamples, *, seed: int = 0) -> Score:
    """Share of training images that the strongest attack recognises at 1 % false alarms; 0.01 is guessing, lower
    better.

    From the released images alone: the attacks on tables (privacy.membership), on principal components of features and
    pixels, and nearness of pixels, also of the image moved by one.
    """
    return _attacked(samples, seed, tables.membership)


def membership_vulnerable(samples: ImageSamples, *, seed: int = 0) -> Score:
    """The same for the most isolated tenth of the images; lower better."""
    return _attacked(samples, seed, tables.membership_vulnerable)


def membership_low_fpr(samples: ImageSamples, *, seed: int = 0) -> Score:
    """The same above every held-out image: a few images learnt by heart among many that were not; lower better."""
    return _attacked(samples, seed, tables.membership_low_fpr)


def membership_model(samples: ImageSamples, *, seed: int = 0) -> Score:
    """Training images recognised by somebody who holds the model, from its loss of an image, at 1 % false alarms; lower
    better.

    It says whether the model may leave, as privacy.membership_model does of tables.
    """
    return _attacked(samples, seed, tables.membership_model)


def _attacked(samples: ImageSamples, seed: int, attack: Callable[..., Score]) -> Score:
    if "holdout" not in samples.pixels:
        return unknown(
            Reason.NO_HOLDOUT,
            "there is no holdout, so attack success cannot be told from what is known of everybody",
            "lower",
        )
    return replace(
        attack(table(samples, seed), seed=seed), floor=None
    )  # a component shuffled on its own is a member's still


@once
def table(samples: ImageSamples, seed: int) -> Samples:
    """The collections as tables of coordinates, their rows in the order of the images attacked, members and
    non-members alike.
    """
    rows = {
        "train": samples.member_rows(ATTACKED, seed),
        "holdout": samples.rows("holdout", ATTACKED, seed),
        "synthetic": samples.rows("synthetic", SEARCHED, seed),
    }
    parts = [_components(samples, rows, look) for look in (samples.features, lambda pixels: flat(pixels).numpy())]
    frames = {
        role: pd.DataFrame(np.concatenate([part[role] for part in parts], 1)).add_prefix("component ") for role in rows
    }
    frames["holdout"].index += len(frames["train"])
    sides = [(role, rows[role]) for role in ("train", "holdout")]
    released = samples.take("synthetic", rows["synthetic"])
    copied = _looked_up([np.log(crowding(samples.take(*side), released) + TINY) for side in sides])
    loss = None if samples.loss is None else _looked_up([samples.loss(*side) for side in sides])
    kinds, members = (
        dict.fromkeys(frames["train"], "coordinate"),
        None if samples.members is None else samples.members[rows["train"]],
    )
    return make(
        *(frames[role] for role in ("train", "holdout", "synthetic")),
        kinds=kinds,
        loss=loss,
        members=members,
        signals={"pixels, moved": copied},
    )


def _components(samples: ImageSamples, rows: dict[str, np.ndarray], look: Features) -> dict[str, np.ndarray]:
    """Principal components of what images look like, by role, in units of the first one's deviation."""
    seen = {role: look(samples.take(role, chosen)) for role, chosen in rows.items()}
    pool = np.concatenate([seen["train"], seen["holdout"]])  # components that know members only would recognise them
    project = principal(pool, min(DIMENSIONS, len(pool) - 1, pool.shape[1]))
    return {role: project(points) for role, points in seen.items()}


def _looked_up(values: list[np.ndarray]) -> Signal:
    """A signal of rows that are numbered through training and holdout images."""
    known = np.concatenate(values)
    return lambda frame: known[frame.index.to_numpy()]
