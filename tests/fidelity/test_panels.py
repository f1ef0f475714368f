"""Rows of one entity come together: what chance takes of a table of few patients with many visits."""

import numpy as np
import pandas as pd
import pytest

from evaluation import diversity, entities, fidelity, samples
from evaluation.diversity.regions import regions
from evaluation.diversity.subgroups import subgroups

VISITS = 4
METRICS = (
    *(fidelity.label_shares, fidelity.worst_column, fidelity.dependence, fidelity.detection),
    *(subgroups, regions, diversity.coverage),
)


def patients(count, seed):
    """Visits of patients who keep a clinic, a height and a weight that goes with it; a dose is each visit's own."""
    rng = np.random.default_rng(seed)
    height = rng.normal(170, 10, count).round(1)
    kept = {"id": rng.permutation(10**6)[:count], "clinic": rng.choice(list("abcd"), count), "height": height}
    kept["weight"] = (height - 100 + rng.normal(0, 8, count)).round(1)
    frame = pd.DataFrame(kept).loc[lambda own: own.index.repeat(VISITS)].reset_index(drop=True)
    return frame.assign(dose=rng.choice([5, 10, 20], len(frame)) * 1.0)


def compared(release):
    kinds = {"id": "identifier"}
    return samples.make(patients(300, 1), patients(180, 2), release, kinds=kinds)


@pytest.fixture(scope="module")
def honest():
    return compared(patients(300, 3))


@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.__name__)
def test_other_patients_are_no_worse_than_chance_takes(metric, honest):
    found = metric(honest, seed=0)
    assert found.value > 0.8 * (found.ceiling if metric is diversity.coverage else 1)
    assert found.ceiling > 0.8


@pytest.mark.parametrize(
    ("metric", "spoiled"),
    [
        (fidelity.label_shares, lambda real: real.assign(clinic=real["clinic"].replace("a", "b"))),
        (fidelity.label_shares, lambda real: real.assign(dose=real["dose"].replace(10.0, 5.0))),
        (fidelity.worst_column, lambda real: real.assign(weight=real["weight"] + 12)),
        (
            fidelity.dependence,
            lambda real: real.assign(weight=real["weight"].sample(frac=1, random_state=0).to_numpy()),
        ),
        (fidelity.detection, lambda real: real.assign(weight=real["weight"].sample(frac=1, random_state=0).to_numpy())),
        (subgroups, lambda real: real.assign(height=170.0, weight=70.0)),
    ],
)
def test_what_many_patients_lost_is_seen(metric, spoiled, honest):
    whole, found = metric(honest, seed=0), metric(compared(spoiled(patients(300, 3))), seed=0)
    assert found.value < min(0.8, whole.value - 0.15)


def test_the_design_effect_is_that_of_means_of_entities():
    rng = np.random.default_rng(0)
    owners = np.repeat(np.arange(200), VISITS)
    kept, own = rng.normal(size=200)[owners], rng.normal(size=len(owners))
    assert entities.design_effect(kept, owners) == pytest.approx(VISITS)
    assert entities.design_effect(own, owners) < 1.3
    assert entities.design_effect(own, None) == 1
    codes = rng.integers(0, 3, 200)[owners]
    assert entities.label_effect(codes, owners) == pytest.approx(VISITS)
    assert entities.label_effect(1 * (codes == 0), owners) == pytest.approx(
        entities.design_effect(1.0 * (codes == 0), owners)
    )
