"""The baseline: its head classifies, its noise trades dependence for safety, its latents need no rows, its
conditions are Bayes' rule.
"""

import numpy as np
import pandas as pd
import pytest
import torch

from generators import Budget, fit
from generators.networks import mixture as mixtures
from tests.generators import tables

STEPS = Budget(steps=300)


@pytest.fixture(scope="module")
def model():
    return fit(tables.linked(2000), "tabular.autoencoder", budget=STEPS, target="a", seed=0)


def agreement(frame: pd.DataFrame) -> float:
    return float((frame["a"].map({"x": "p", "y": "q", "z": "r"}) == frame["b"]).mean())


def test_the_head_classifies_without_seeing_the_label(model):
    fresh = tables.linked(500, seed=7)
    p = model.classify(fresh)
    assert sorted(p.columns) == ["x", "y", "z"] and np.allclose(p.sum(axis=1), 1, atol=1e-5)
    assert (p.idxmax(axis=1) == fresh["a"]).mean() > 0.93  # n // 10 tells a in 29 rows of 30
    pd.testing.assert_frame_equal(model.classify(fresh.assign(a="x")), p)


def test_a_model_without_a_usable_target_is_one_sentence():
    with pytest.raises(ValueError, match="target"):
        fit(tables.linked(), "tabular.autoencoder", budget=Budget(steps=1)).classify(tables.linked())
    with pytest.raises(ValueError, match="target"):
        fit(tables.linked(), "tabular.autoencoder", budget=Budget(steps=1), target="missing")
    with pytest.raises(ValueError, match="noise"):
        fit(tables.linked(), "tabular.autoencoder", budget=Budget(steps=1), noise=-1)


def test_much_noise_leaves_the_columns_and_loses_what_joins_them(model):
    frame = tables.linked(2000)
    noisy = fit(frame, "tabular.autoencoder", budget=STEPS, noise=30.0, seed=0).sample(4000)
    shares = [table["b"].value_counts(normalize=True).sort_index().to_numpy() for table in (frame, noisy)]
    assert np.abs(shares[0] - shares[1]).max() < 0.04
    assert agreement(noisy) == pytest.approx(1 / 3, abs=0.06)
    assert agreement(model.sample(4000)) == pytest.approx(agreement(frame), abs=0.06)


def test_a_condition_gives_the_conditional(model):
    frame = tables.linked(2000)
    real = frame.loc[frame["b"] == "q", "a"].value_counts(normalize=True)
    drawn = model.sample(4000, where={"b": "q"})
    assert (drawn["b"] == "q").all()
    assert np.abs(drawn["a"].value_counts(normalize=True).reindex(real.index, fill_value=0) - real).max() < 0.08


def test_a_mixture_finds_its_components():
    stream = torch.Generator().manual_seed(0)
    z = torch.randn(900, 2, generator=stream, dtype=torch.float64) * 0.1
    z[:300] += 3
    mixture = mixtures.fit(z, 2, stream)
    order = mixture.share.argsort()
    assert mixture.share[order].tolist() == pytest.approx([1 / 3, 2 / 3], abs=0.01)
    assert mixture.mean[order].flatten().tolist() == pytest.approx([3, 3, 0, 0], abs=0.05)
    assert (mixture.factor @ mixture.factor.mT).diagonal(dim1=1, dim2=2).flatten().tolist() == pytest.approx(
        [0.01] * 4, abs=0.005
    )


def test_no_component_describes_few_rows():
    z = torch.randn(300, 3, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    z[0] = 50.0  # one row far from all others
    mixture = mixtures.fit(z, 100, torch.Generator().manual_seed(2))
    assert (mixture.share * 300).min() >= 45 and len(mixture.share) <= 6
