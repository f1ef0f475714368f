"""A training step that a GPU replays is the step that it takes kernel by kernel; needs a GPU."""

import warnings

import numpy as np
import pandas as pd
import pytest
import torch

import generators
from generators import Budget
from generators.devices import cuda_graph
from generators.devices.cuda_graph import Replayed
from generators.sampling import conditioning
from tests.generators import pictures

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU is present")
REPLAYED = "tabular.autoencoder", "image.autoencoder", "image.autoregressive", "image.diffusion", "image.gan"


def table() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    amount = np.round(rng.lognormal(3, 1, 2000), 2)
    size = np.where(amount > 20, "large", "small")
    return pd.DataFrame({"amount": amount, "size": size, "n": rng.integers(0, 50, 2000)})


@pytest.mark.parametrize("name", REPLAYED)
def test_replayed_steps_end_where_launched_ones_do(name, monkeypatch):
    data = pictures.bars(300) if name.startswith("image.") else table()
    found = []
    for warm in (3, 10**9):  # the latter never records
        monkeypatch.setattr(cuda_graph, "WARM_CALLS", warm)
        with warnings.catch_warnings():
            warnings.simplefilter("error", UserWarning)  # that a step could not be recorded
            model = generators.fit(data, name, device="cuda", seed=1, budget=Budget(steps=12))
        found.append({key: part.float() for key, part in model.model.named_parameters()})
    for key, part in found[0].items():  # sums of atomics differ in their last digits, and Adam divides by small roots
        torch.testing.assert_close(part, found[1][key], rtol=0.02, atol=2e-3, msg=lambda m, key=key: f"{key}: {m}")


def test_work_that_waits_for_the_device_is_called_and_said():
    replayed, x = Replayed(), torch.ones(3, device="cuda")
    calls = [replayed(lambda x: x * float(x.sum()), x) for _ in range(cuda_graph.WARM_CALLS)]
    with pytest.warns(UserWarning, match="not recorded as a CUDA graph, it waits"):
        calls += [replayed(lambda x: x * float(x.sum()), x) for _ in range(2)]
    assert all(found.tolist() == [3, 3, 3] for found in calls)
    assert 0 < float(torch.rand((), device="cuda")) < 1  # the stream of random numbers is as it was


def test_random_numbers_of_a_replay_are_those_of_the_seed():
    replayed, x, found = Replayed(), torch.zeros(4, device="cuda"), []
    for seed in (0, 1, 2, 3, 4, 5, 5):
        torch.manual_seed(seed)
        found.append(replayed(lambda x: x + torch.rand(4, device="cuda"), x).tolist())
    torch.manual_seed(4)
    assert found[4] == torch.rand(4, device="cuda").tolist() and found[5] == found[6] != found[4]


def test_rows_drawn_on_a_gpu_do_not_depend_on_how_many_are_drawn():
    model = generators.fit(table(), "tabular.autoregressive", device="cuda", budget=Budget(steps=50))
    many = model.sample(conditioning.CHUNK_ROWS * conditioning.MOST_CHUNKS_AT_ONCE + 100, seed=3)
    pd.testing.assert_frame_equal(model.sample(5000, seed=3), many.head(5000))
    assert (model.sample(300, where={"size": "large"})["size"] == "large").all()
