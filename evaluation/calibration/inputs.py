"""The wrong three tables: what no score can make good, because members and non-members are not what they are said to
be.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from launderette.evaluation.calibration import changes
from launderette.evaluation.calibration.population import Case, ImageCase, Pair

Rng = np.random.Generator


def holdout_drawn_from_training(case: Case, rng: Rng) -> Case:
    """The holdout was drawn from the training rows; the synthetic table is honest."""
    return replace(case, holdout=changes.sampled(case.train, len(case.holdout), rng))


def copy_with_holdout_from_training(case: Case, rng: Rng) -> Case:
    """An exact copy, which a holdout drawn from the training rows excuses."""
    return holdout_drawn_from_training(case, rng).released(changes.sampled(case.train, len(case.synthetic), rng))


def training_is_holdout(case: Case, rng: Rng) -> Case:
    """One file given twice."""
    return replace(case, holdout=case.train)


def half_of_holdout_in_training(case: Case, rng: Rng) -> Case:
    """Half of the holdout rows are training rows."""
    half = len(case.holdout) // 2
    rows = pd.concat([case.holdout[half:], changes.sampled(case.train, half, rng)], ignore_index=True)
    return replace(case, holdout=rows)


def tenth_of_holdout_in_training(case: Case, rng: Rng) -> Case:
    """A tenth of the holdout rows are training rows."""
    tenth = len(case.holdout) // 10
    rows = pd.concat([case.holdout[tenth:], changes.sampled(case.train, tenth, rng)], ignore_index=True)
    return replace(case, holdout=rows)


def holdout_is_jittered_training(case: Case, rng: Rng) -> Case:
    """The holdout was made of training rows, all numbers moved by up to 1 %."""
    drawn = changes.sampled(case.train, len(case.holdout), rng)
    return replace(case, holdout=changes.jittered(drawn, changes.numbers(case), 0.01, rng))


def released_in_the_order_of_training(case: Case, rng: Rng) -> Case:
    """Fresh rows, dealt out so that the one with the k-th income stands where the training row with the k-th does."""
    column = changes.numbers(case)[1]
    rows = min(len(case.train), len(case.synthetic))
    rank = np.argsort(np.argsort(case.train[column].to_numpy()[:rows]))
    return case.released(case.synthetic.iloc[:rows].sort_values(column).iloc[rank].reset_index(drop=True))


def synthetic_is_holdout(case: Case, rng: Rng) -> Case:
    """The holdout given as the synthetic table."""
    return case.released(case.holdout)


def synthetic_is_training(case: Case, rng: Rng) -> Case:
    """The training table given as the synthetic one."""
    return case.released(case.train)


def _repeated(case: Case, times: int, rng: Rng) -> Case:
    """The source held each row `times` times, in random order, before it was split."""
    source = pd.concat([case.train, case.holdout], ignore_index=True)
    rows = changes.sampled(source.head(len(source) // times), len(source), rng).sample(
        frac=1, random_state=int(rng.integers(2**31)), ignore_index=True
    )
    size = len(case.train)
    return replace(case, train=rows[:size], holdout=rows[size:].reset_index(drop=True))


def source_repeated_then_copied(case: Case, rng: Rng) -> Case:
    """Each source row stood there ten times before the split; the release is a copy."""
    repeated = _repeated(case, 10, rng)
    return repeated.released(changes.sampled(repeated.train, len(case.synthetic), rng))


def source_repeated_then_jittered(case: Case, rng: Rng) -> Case:
    """The same, the copies moved by up to 1 %."""
    copied = source_repeated_then_copied(case, rng)
    return copied.released(changes.jittered(copied.synthetic, changes.numbers(case), 0.01, rng))


def source_twice_then_copied(case: Case, rng: Rng) -> Case:
    """Each source row stood there twice before the split; the release is a copy."""
    repeated = _repeated(case, 2, rng)
    return repeated.released(changes.sampled(repeated.train, len(case.synthetic), rng))


def holdout_of_another_year(case: Case, rng: Rng) -> Case:
    """The holdout is of another population: its numbers are half a deviation higher."""
    columns = changes.numbers(case)
    higher = changes.shaken(case.holdout, columns, 0.0, rng)
    for column in columns:
        moved = higher[column] + 0.5 * case.train[column].std()
        whole = pd.api.types.is_integer_dtype(case.train[column].dtype)
        higher[column] = moved.round().astype(case.train[column].dtype) if whole else moved
    return replace(case, holdout=higher)


def holdout_of_one_class(case: Case, rng: Rng) -> Case:
    """The table was sorted by its target before it was split: the holdout knows one class."""
    common = case.train[case.target].mode()[0]
    rows = case.synthetic[case.synthetic[case.target] == common]
    return replace(case, holdout=rows.head(len(case.holdout)).reset_index(drop=True)).released(
        case.synthetic.drop(rows.index[: len(case.holdout)])
    )


def holdout_repeated(case: Case, rng: Rng) -> Case:
    """The holdout is 40 rows over and over; a twentieth of the release is copied."""
    few = replace(case, holdout=changes.sampled(case.holdout.head(40), len(case.holdout), rng))
    return changes.planted(few, changes.memorised(case, 0.05, rng), rng)


def _drawn(pair: Pair, count: int, rng: Rng) -> Pair:
    rows = rng.permutation(len(pair[0]))[:count]
    return pair[0][rows], pair[1][rows]


def _moved(pixels: np.ndarray, noise: float, light: float, rng: Rng) -> np.ndarray:
    """Pixels uint8 under noise of so many grey levels and other light."""
    return np.clip(np.round(light * pixels + rng.normal(0, noise, pixels.shape)), 0, 255).astype(np.uint8)


def images_training_is_holdout(case: ImageCase, rng: Rng) -> ImageCase:
    """One collection given twice."""
    return replace(case, holdout=case.train)


def images_tenth_of_holdout_in_training(case: ImageCase, rng: Rng) -> ImageCase:
    """A tenth of the held-out images are training images."""
    tenth = len(case.holdout[0]) // 10
    drawn = _drawn(case.train, tenth, rng)
    held = tuple(np.concatenate([kept[tenth:], part]) for kept, part in zip(case.holdout, drawn, strict=True))
    return replace(case, holdout=(held[0], held[1]))


def images_holdout_is_noisy_training(case: ImageCase, rng: Rng) -> ImageCase:
    """The holdout was made of training images, under noise of 6 grey levels."""
    pixels, labels = _drawn(case.train, len(case.holdout[0]), rng)
    return replace(case, holdout=(_moved(pixels, 6, 1, rng), labels))


def images_synthetic_is_holdout(case: ImageCase, rng: Rng) -> ImageCase:
    """The holdout given as the synthetic collection."""
    return case.released(*case.holdout)


def images_synthetic_is_training(case: ImageCase, rng: Rng) -> ImageCase:
    """The training images given as the synthetic ones."""
    return case.released(*case.train)


def images_source_twice_then_copied(case: ImageCase, rng: Rng) -> ImageCase:
    """Each source image stood there twice before the split; the release is a copy."""
    size, held = len(case.train[0]), len(case.holdout[0])
    half = (size + held) // 2
    rows = rng.permutation(np.resize(np.arange(half), size + held))
    pixels, labels = (np.concatenate([a, b])[rows] for a, b in zip(case.train, case.holdout, strict=True))
    twice = replace(case, train=(pixels[:size], labels[:size]), holdout=(pixels[size:], labels[size:]))
    return twice.released(*_drawn(twice.train, len(case.synthetic[0]), rng))


def images_holdout_of_another_camera(case: ImageCase, rng: Rng) -> ImageCase:
    """The held-out images are of another camera: darker by a fifth, with some noise."""
    return replace(case, holdout=(_moved(case.holdout[0], 5, 0.8, rng), case.holdout[1]))


def images_holdout_of_some_classes(case: ImageCase, rng: Rng) -> ImageCase:
    """The folders were split by class: half of the classes are nowhere in the holdout."""
    kept = np.isin(case.holdout[1], np.unique(case.train[1])[::2])
    return replace(case, holdout=(case.holdout[0][kept], case.holdout[1][kept]))
