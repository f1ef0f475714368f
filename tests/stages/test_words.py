"""Words among numbers, such as <0.5 beside nothing at all, are compared as what they are."""

import numpy as np
import pandas as pd
import pytest

import evaluation
from evaluation.metadata import Metadata
from launderette.generators import infer
from launderette.pipelines.scoring.readable import Comparable


def table(seed: int, rows: int = 600) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    numbers = np.round(rng.lognormal(2, 1, rows), 1).astype(str)
    words = np.where(rng.random(rows) < 0.7, "<0.5", "not done")
    return pd.DataFrame({"x": np.where(rng.random(rows) < 0.4, words, numbers), "y": rng.normal(size=rows)})


@pytest.mark.parametrize(("written", "least", "most"), [({}, 0.9, 1.0), ({"<0.5": "not done"}, 0.0, 0.5)])
def test_a_word_that_took_the_place_of_another_is_found(written, least, most):
    train, holdout, synthetic = map(table, range(3))
    compared = Comparable.of(train, infer(train))
    read = [compared.read(frame) for frame in (train, holdout, synthetic.replace({"x": written}))]
    metadata = Metadata(parts=compared.parts)
    report = evaluation.score(*read, kinds=compared.kinds, metadata=metadata, names=["fidelity.label_shares"])
    assert compared.parts == {"word of x": "x"} and evaluation.scores.count(read[0], compared.parts) == 2
    assert least <= report.scores["fidelity.label_shares"].value <= most
