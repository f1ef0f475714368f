"""Images: how private are synthetic ones? Copies and attacks, beside held-out images, which copied nobody."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from hashlib import blake2b

import numpy as np
import pandas as pd
import torch

from evaluation import privacy as tables
from evaluation import samples
from evaluation.image_samples import Pictures
from evaluation.measures import intervals, neighbours
from evaluation.models.features import principal
from evaluation.samples import Reason, Score, mean, unknown

DIMENSIONS = 32  # principal components of features, and of pixels, that an attack knows
COPIED, CROWD = 1 / 3, 50  # a copy is nearer to its nearest training image than a third of the mean distance to CROWD of them
STRANGERS, LEAST_USUAL = 0.01, 20  # share of held-out images that may look like copies; images to measure it by
SEARCHED = 5000  # synthetic images searched for copies
ATTACKED = 2000  # training images, and as many outsiders, that are attacked
PIXELS = 16  # of a side, of images compared pixel by pixel with many others


def equal(pictures: Pictures, *, seed: int = 0) -> Score:
    """Share of synthetic images equal to a training image in every pixel, in [0, 1], lower better.

    Ceiling: the share of held-out images. By chance it happens only where real images are equal too: `repeats` counts the pairs of
    those, of which an honest sample has as many for as many pairs. Cost: one hash per image.
    """
    digests = {role: [blake2b(image.tobytes(), digest_size=16).digest() for image in pixels] for role, pixels in pictures.pixels.items()}
    train, real = set(digests["train"]), Counter(digests["train"] + digests.get("holdout", []))
    hits = {role: [digest in train for digest in seen] for role, seen in digests.items()}
    copied, size = sum(hits["synthetic"]), len(hits["synthetic"])
    repeats = sum(times * (times - 1) // 2 for times in real.values())
    detail = {"rows": size, "copies": copied, "repeats": repeats, "train": len(digests["train"]), "real": real.total()}
    note = f"{copied:,} of {size:,} synthetic images; {repeats:,} pairs of real images are equal."
    return Score(copied / size, *intervals.clopper_pearson(copied, size), mean(hits.get("holdout")), None, "lower", detail, note)


def copies(pictures: Pictures, *, seed: int = 0) -> Score:
    """Share of synthetic images far nearer to one training image than to others like it, in [0, 1], lower better.

    d(x, nearest) / mean d(x, 50 nearest training images) pixel by pixel (after Carlini et al. 2023), under 1/3 and under what 1 % of
    one half of the held-out images fall below; ceiling: the share of the other half, which copied nobody. Under 40 held-out images
    1/3 alone, and all of them are the ceiling.
    """
    ratio = {role: _crowding(pictures, role, seed) for role in pictures.roles().values()}
    held = np.random.default_rng([seed, 79]).permutation(ratio.get("holdout", np.zeros(0)))
    usual, rest = np.array_split(held, 2) if len(held) >= 2 * LEAST_USUAL else (held[:0], held)
    limit = min(COPIED, float(np.quantile(usual, STRANGERS, method="lower"))) if len(usual) else COPIED
    near = {role: values <= limit for role, values in (ratio | ({"holdout": rest} if len(rest) else {})).items()}
    size = len(near["synthetic"])
    low, high = intervals.clopper_pearson(int(near["synthetic"].sum()), size)
    return Score(mean(near["synthetic"]), low, high, mean(near.get("holdout")), mean(near["shuffled"]), "lower",
                 {"rows": size, "copies": int(near["synthetic"].sum()), "ratio": limit},
                 f"{size:,} synthetic images against {pictures.size('train'):,} training images.")


def _crowding(pictures: Pictures, role: str, seed: int) -> np.ndarray:
    """Distance to the nearest training image over the mean distance to CROWD of them, for images of a role."""
    images = flat(pictures.take(role, pictures.rows(role, SEARCHED, seed), seed))
    distance = neighbours.nearest(images, flat(pictures.pixels["train"]), CROWD)[0]
    return distance[:, 0] / np.maximum(distance.mean(1), 1e-12)


def authenticity(pictures: Pictures, *, seed: int = 0) -> Score:
    """Share of synthetic images farther from their nearest training image than that one is from its own, in [0, 1], higher better.

    Alaa et al. 2022, pixel by pixel; held-out images (the ceiling) reach about one half.
    """
    train = flat(pictures.pixels["train"])
    own = neighbours.nearest(train[:SEARCHED], train, 2)[0][:, 1]
    real, found = train[:SEARCHED], {}
    for name, role in pictures.roles().items():
        images = flat(pictures.take(role, pictures.rows(role, SEARCHED, seed), seed))
        distance, place = neighbours.nearest(images, real, 1)
        found[name] = distance[:, 0] > own[place[:, 0]]
    low, high = intervals.clopper_pearson(int(found["value"].sum()), len(found["value"]))
    return Score(mean(found["value"]), low, high, mean(found.get("ceiling")), mean(found["floor"]), "higher",
                 {"rows": len(found["value"])}, "A sanity check only: read copies and membership.")


def flat(pixels: np.ndarray) -> torch.Tensor:
    """Pixels uint8 [n, H, W, C] as points [n, at most PIXELS^2 C]."""
    x = torch.from_numpy(np.array(pixels)).permute(0, 3, 1, 2)
    size = [min(PIXELS, side) for side in x.shape[2:]]
    return torch.cat([torch.nn.functional.adaptive_avg_pool2d(part.float(), size).flatten(1) for part in x.split(2000)]) / 255


def membership(pictures: Pictures, *, seed: int = 0) -> Score:
    """Share of training images that the strongest attack recognises at 1 % false alarms; 0.01 is guessing, lower better.

    The attacks on tables (privacy.membership), on principal components of features and pixels; with a loss, also by the loss.
    """
    return _attacked(pictures, seed, tables.membership)


def membership_vulnerable(pictures: Pictures, *, seed: int = 0) -> Score:
    """The same for the most isolated tenth of the images; lower better."""
    return _attacked(pictures, seed, tables.membership_vulnerable)


class _Points:
    """Rows of a table of components as they are: distances among them are those of the images."""

    def encode(self, table: pd.DataFrame) -> torch.Tensor:
        return torch.from_numpy(table.to_numpy(np.float32))


def _attacked(pictures: Pictures, seed: int, attack) -> Score:
    if "holdout" not in pictures.pixels:
        return unknown(Reason.NO_HOLDOUT, "there is no holdout, so attack success cannot be told from what is known of everybody", "lower")
    if ("table", seed) not in pictures.memo:
        pictures.memo["table", seed] = _table(pictures, seed)
    return replace(attack(pictures.memo["table", seed], seed=seed), floor=None)  # a component shuffled on its own is a member's still


def _table(pictures: Pictures, seed: int) -> samples.Samples:
    """The collections as tables of components, their rows in the order of the images attacked."""
    counts = {"train": ATTACKED, "holdout": ATTACKED, "synthetic": SEARCHED}
    rows = {role: pictures.rows(role, count, seed) for role, count in counts.items()}
    parts = []
    for look in (pictures.features, lambda pixels: flat(pixels).numpy()):
        seen = {role: look(pictures.take(role, chosen)) for role, chosen in rows.items()}
        pool = np.concatenate([seen["train"], seen["holdout"]])  # components that know members only would recognise them
        project = principal(pool, min(DIMENSIONS, len(pool) - 1, pool.shape[1]))
        parts.append({role: project(points) for role, points in seen.items()})
    frames = {role: pd.DataFrame(np.concatenate([part[role] for part in parts], 1)).add_prefix("component ") for role in rows}
    kinds, loss = dict.fromkeys(frames["train"], "numerical"), None
    if pictures.loss is not None:
        frames["holdout"].index += len(frames["train"])
        known = np.concatenate([pictures.loss(role, rows[role]) for role in ("train", "holdout")])

        def loss(frame: pd.DataFrame) -> np.ndarray:
            return known[frame.index.to_numpy()]
    found = samples.make(frames["train"], frames["holdout"], frames["synthetic"], kinds=kinds, loss=loss)
    found.memo["encoder"] = _Points()
    return found
