"""Every generator on another device than the CPU: nothing is left behind, and no step waits for the device."""

import numpy as np
import pandas as pd
import pytest
import torch

import generators
from generators import Budget, Images
from generators.data import images
from generators.devices import memory
from generators.image import autoregressive as image_autoregressive
from generators.networks import mixture, ties
from generators.sampling import conditioning, rows
from generators.tabular import autoencoder, autoregressive, diffusion, gan
from generators.training import fitting, step
from tests.devices.accelerator import NAME, Accelerator
from tests.generators import pictures

STEPS = Budget(steps=2)
GUIDED = autoregressive.Autoregressive, diffusion.Diffusion
OPTIONS = {
    "image.autoencoder": {"width": 4, "latent": 4, "batch": 16},
    "image.autoregressive": {"width": 32, "depth": 1, "hidden": 8, "patch": 4, "batch": 16},
    "image.diffusion": {"width": 8, "blocks": 1, "patch": 2, "batch": 16, "augment": 0.1, "sampling_steps": 2},
    "image.gan": {"width": 16, "blocks": 1, "patch": 2, "batch": 16, "augment": 0.1},
    "tabular.autoregressive": {"dropout": 0.1, "batch": 32, "conditional": 0.5},
    "tabular.gan": {"candidates": 2, "batch": 32},
}


MOST_WAITS = 20  # of a draw
CHUNKED = autoencoder, autoregressive, gan, conditioning, rows, fitting  # modules that draw rows by chunks


def table() -> pd.DataFrame:
    """A number of two tokens with gaps, a label that hangs together with it, and another number."""
    rng = np.random.default_rng(0)
    amount = np.round(rng.lognormal(3, 1, 300), 2)
    frame = pd.DataFrame({"amount": amount, "size": np.where(amount > 20, "large", "small")})
    frame.loc[::7, "amount"] = np.nan
    return frame.assign(n=rng.integers(0, 5, 300))


@pytest.fixture
def device(monkeypatch):
    monkeypatch.setattr(memory, "_saved", lambda *asked: 0)  # its tensors have no address to tell them by
    for module in CHUNKED:
        monkeypatch.setattr(module, "CHUNK_ROWS", 64)
    monkeypatch.setattr(conditioning, "MOST_CHUNKS_AT_ONCE", 1)
    monkeypatch.setattr(mixture, "EM_ITERATIONS", 2)
    monkeypatch.setattr(gan, "RAKING_ROWS", 64)
    monkeypatch.setattr(images, "DRAWN_VALUES", 2**10)
    monkeypatch.setattr(image_autoregressive, "CHUNK_IMAGES", 16)
    for module in (conditioning, rows, autoregressive):
        monkeypatch.setattr(module, "CANDIDATES_PER_ROW", 2)
    for shrinkage in ("SHRINKAGE", "SHRINKAGE_OF_FACTORS"):
        monkeypatch.setattr(ties, shrinkage, (0.1,))
    return Accelerator()


@pytest.mark.parametrize("name", generators.names())
def test_training_and_drawing_stay_on_the_device_and_steps_do_not_wait(name, device, monkeypatch):
    data, take = pictures.bars(48) if name.startswith("image.") else table(), step.take

    def watched(*asked):
        with device.watched():
            return take(*asked)

    monkeypatch.setattr(step, "take", watched)
    with device:
        model = generators.fit(data, name, device=NAME, budget=STEPS, **OPTIONS.get(name, {}))
        assert not device.found
        if name == "tabular.marginals":  # says in its record that it needs no accelerator
            return
        assert {part.device.type for part in model.model.state_dict().values()} == {NAME}
        assert name != "tabular.autoregressive" or model.model.copula.used
        with device.watched():
            model.sample(6, seed=1)
        assert device.found.total() <= MOST_WAITS, device.found  # of a chunk, whatever its steps and values
        there = answers(model, data)
        model.model.to("cpu")
    for here, elsewhere in zip(answers(model, data), there, strict=True):
        if here.dtype == object:
            np.testing.assert_array_equal(here, elsewhere)
        else:  # convolutions sum in another order; a grey level of 255
            np.testing.assert_allclose(here.astype(float), elsewhere, rtol=1e-4, atol=here.dtype == np.uint8)


def answers(model, data) -> list[np.ndarray]:
    """All that a fitted model can be asked, of few rows."""
    if isinstance(data, Images):
        few = data.take(np.arange(5))
        found = [model.sample(6, seed=1).pixels, model.sample(6, seed=1, where={"label": "h"}).pixels]
        asked = [ask for ask in ("log_prob", "loss", "uniforms", "classify") if hasattr(model, ask)]
        return found + [getattr(model, ask)(few) for ask in asked]
    few, guided = data.head(5), isinstance(model, GUIDED)
    found = [model.sample(6, seed=1), model.sample(6, seed=1, where={"size": "large"})]
    found += [model.sample(6, seed=1, constraints=["amount <= n"])] if guided else []
    found += [model.impute(few.assign(size=None))] if hasattr(model, "impute") else []
    own = [model.log_prob(few)] if hasattr(model, "log_prob") else []
    return [frame.astype(str).to_numpy(object) for frame in found] + own


def test_tensors_of_two_devices_do_not_meet(device):
    with device, pytest.raises(RuntimeError, match="two devices meet"):
        torch.zeros(3, device=NAME) + torch.zeros(3)
    with device, device.watched():
        float(torch.ones(2, device=NAME).sum())
        torch.ones(2, device=NAME)[[0, 1]]
    assert set(device.found) == {"aten::_local_scalar_dense", "a list as index"}
