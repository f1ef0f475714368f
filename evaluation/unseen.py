"""Real rows that nothing was trained on, as what a table is compared with.

A generator that has learnt rows by heart makes rows that are like training rows, but no more like other real rows than
an honest sample is. So fidelity is judged against holdout rows; as many training rows in place of the synthetic ones
are the ceiling, as many shuffled ones the floor.
"""

from __future__ import annotations

import numpy as np

from launderette.evaluation.measures.once import once
from launderette.evaluation.samples import Samples
from launderette.evaluation.sides import drawn
from launderette.evaluation.streams import RandomStream, generator

ANEW, ANEW_ROWS = 10, 1000  # samples of training rows; rows of each at most
Part = tuple[str, np.ndarray]  # a role and its row numbers


@once
def unseen(samples: Samples, seed: int) -> Samples:
    """The samples with holdout and training rows exchanged, synthetic, training and shuffled ones cut to equal
    numbers. Without a holdout, the samples themselves.
    """
    if samples.holdout is None:
        return samples
    size = min(samples.size("train"), samples.size("synthetic"))
    held = samples.rows("holdout", samples.size("holdout"), seed)
    return _against(samples, ("holdout", held), ("train", samples.rows("train", size, seed)), seed)


@once
def drawn_anew(samples: Samples, seed: int) -> tuple[Samples, ...]:
    """`unseen` with other training rows each time, for releases of at most half as many rows as were trained on: how
    much the ceiling differs from one sample of that size to the next. Empty for others, and for more than 1,000 rows,
    whose own intervals say it.
    """
    train, size = samples.size("train"), samples.size("synthetic")
    if samples.holdout is None or size > min(train // 2, ANEW_ROWS):
        return ()
    held = "holdout", samples.rows("holdout", samples.size("holdout"), seed)
    rng = generator(seed, RandomStream.UNSEEN)
    cuts = (np.sort(rng.permutation(train)[:size]) for _ in range(ANEW))
    return tuple(_against(samples, held, ("train", rows), seed) for rows in cuts)


@once
def seen(samples: Samples, seed: int) -> Samples:
    """The same synthetic rows, to be compared with as many training rows as there are holdout rows: those that the
    generator learnt from, as far as that is known.
    """
    if samples.holdout is None:
        return samples
    size = min(samples.size("train"), samples.size("synthetic"))
    members = samples.member_rows(samples.size("holdout"), seed)
    return _against(samples, ("train", members), ("holdout", samples.rows("holdout", size, seed)), seed)


def _against(samples: Samples, real: Part, other: Part, seed: int) -> Samples:
    cut = _cut(samples, seed)
    synthetic = [("synthetic", np.arange(cut.size("synthetic")))]
    return cut.arranged({"train": [real], "holdout": [other], "synthetic": synthetic}, floor="holdout")


@once
def _cut(samples: Samples, seed: int) -> Samples:
    """The samples with no more synthetic rows than training rows: rows that `unseen` and `seen` share in memory."""
    size = min(samples.size("train"), samples.size("synthetic"))
    chosen = {role: [(role, np.arange(samples.size(role)))] for role in ("train", "holdout")}
    return samples.arranged(chosen | {"synthetic": [("synthetic", samples.rows("synthetic", size, seed))]}, "train")


@once
def equal(samples: Samples, limit: int, seed: int) -> Samples:
    """Equal numbers of training, other real, synthetic and shuffled rows, at most `limit` of each, one of each entity
    whose rows are recognised together.

    Other real rows are those of the holdout and, where these are too few, training rows that are not among the
    first: where nobody learnt them, the two halves are as alike as two samples. Without a holdout, there are none.
    """
    order = samples.apart("train", drawn("train", samples.size("train"), seed))
    held, synthetic = (samples.apart(role, drawn(role, samples.size(role), seed)) for role in ("holdout", "synthetic"))
    both = (len(order) + len(held)) // 2 if len(held) else len(order)
    size = min(limit, len(order), len(synthetic), both)
    chosen: dict[str, list[Part]] = {
        "train": [("train", np.sort(order[:size]))],
        "synthetic": [("synthetic", np.sort(synthetic[:size]))],
    }
    if len(held):
        more = np.sort(order[size:][: max(0, size - len(held))])
        chosen["holdout"] = [("holdout", np.sort(held[:size])), ("train", more)]
    return samples.arranged(chosen, floor="train")
