"""Images: how private are synthetic ones? Attacks on training images, beside held-out images, which nobody copied."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from launderette.evaluation import privacy as tables
from launderette.evaluation.image import nearness
from launderette.evaluation.image.coordinates import components, flat
from launderette.evaluation.image.samples import ImageSamples
from launderette.evaluation.measures import intervals, neighbours
from launderette.evaluation.measures.once import once
from launderette.evaluation.samples import Samples, Signal, make
from launderette.evaluation.scores import Reason, Score, of_rows, unknown

SEARCHED = 5000  # synthetic images looked at
ATTACKED = 2000  # training images, and as many held-out ones, that are attacked
RATIO_OFFSET = 1e-3  # added to a ratio of distances before its logarithm


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


def membership(samples: ImageSamples, *, seed: int = 0) -> Score:
    """Share of training images that the strongest attack recognises at 1 % false alarms; 0.01 is guessing, lower
    better.

    From the released images alone: the attacks on tables (privacy.membership), on principal components of features and
    pixels, and nearness to a released image however moved, turned, cropped or lit (views.pairs), and to a part of one.
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
    # a component shuffled on its own is a member's still
    return replace(attack(table(samples, seed), seed=seed), floor=None)


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
    points = components(samples, rows, seed)
    frames = {role: pd.DataFrame(points[role]).add_prefix("component ") for role in rows}
    frames["holdout"].index += len(frames["train"])
    attacked = [(role, rows[role]) for role in ("train", "holdout")]
    return make(
        *frames.values(),
        kinds=dict.fromkeys(frames["train"], "coordinate"),
        loss=None if samples.loss is None else _looked_up([samples.loss(*side) for side in attacked]),
        members=None if samples.members is None else samples.members[rows["train"]],
        signals=_signals(samples, attacked, seed),
    )


def _signals(samples: ImageSamples, attacked: Sequence[tuple[str, np.ndarray]], seed: int) -> dict[str, Signal]:
    """How near the released images lie to each image attacked, by pixels and by parts: (role, image numbers) each."""
    looked_at = nearness.searched(max(len(rows) for _, rows in attacked))
    released = samples.take("synthetic", samples.rows("synthetic", looked_at, seed))
    images = [samples.take(*side) for side in attacked]
    near = [nearness.crowding(part, released) for part in images]
    parts = [nearness.crowding_of_parts(part, released) for part in images]
    return {
        "pixels, in any view": _looked_up([np.log(found + RATIO_OFFSET) for found in near]),
        "parts of pixels": _looked_up([nearness.unusual(found, np.concatenate(parts)) for found in parts]),
    }


def _looked_up(values: list[np.ndarray]) -> Signal:
    """A signal of rows that are numbered through training and holdout images."""
    known = np.concatenate(values)
    return lambda frame: known[frame.index.to_numpy()]
