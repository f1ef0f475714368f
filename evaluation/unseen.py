"""Real rows that nothing was trained on, as what a table is compared with.

A generator that has learnt rows by heart makes rows that are like training rows, but no more like other real rows than
an honest sample is. So fidelity is judged against holdout rows; as many training rows in place of the synthetic ones
are the ceiling, as many shuffled ones the floor.
"""

from __future__ import annotations

from launderette.evaluation.measures.once import once
from launderette.evaluation.samples import Samples


@once
def unseen(samples: Samples, seed: int) -> Samples:
    """The samples with holdout and training rows exchanged, synthetic, training and shuffled ones cut to equal
    numbers. Without a holdout, the samples themselves.
    """
    if samples.holdout is None:
        return samples
    size = min(samples.size("train"), samples.size("synthetic"))
    chosen = {
        "train": ("holdout", samples.rows("holdout", samples.size("holdout"), seed)),
        "holdout": ("train", samples.rows("train", size, seed)),
        "synthetic": ("synthetic", samples.rows("synthetic", size, seed)),
    }
    return samples.arranged(chosen, floor="holdout")


@once
def seen(samples: Samples, seed: int) -> Samples:
    """The same synthetic rows, to be compared with as many training rows as there are holdout rows: those that the
    generator learnt from, as far as that is known.
    """
    if samples.holdout is None:
        return samples
    size = min(samples.size("train"), samples.size("synthetic"))
    chosen = {
        "train": ("train", samples.member_rows(samples.size("holdout"), seed)),
        "holdout": ("holdout", samples.rows("holdout", size, seed)),
        "synthetic": ("synthetic", samples.rows("synthetic", size, seed)),
    }
    return samples.arranged(chosen, floor="holdout")
