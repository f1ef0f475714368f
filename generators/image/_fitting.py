"""From images and a network to its trained weights: what all families of images do alike."""

import time
from collections.abc import Callable, Mapping
from typing import Any, Unpack

import torch
from torch import Tensor, nn

from generators import device as devices
from generators import memory, randomness, training
from generators.contract import Budget
from generators.fitting import How
from generators.images import Form, Images

LAST = 14  # pixels of a side from which convolutions are faster with the channels last
EVALUATED = 2**24  # values of the validation split at once, at 16 channels


def fit(
    name: str,
    data: Images,
    form: Form,
    build: Callable[[Form], nn.Module],
    plan: Callable[[int, torch.device], training.Plan],
    options: Mapping[str, Any],
    **how: Unpack[How],
) -> tuple[nn.Module, dict[str, Any]]:
    """Train build(form) as plan(images, device) says; ValueError where budget, device, memory or privacy guarantee are lacking."""
    started, budget, seed = time.monotonic(), how.get("budget") or Budget(), how["seed"]
    _check(name, data, how.get("privacy"))
    device, reason = devices.choose(how.get("device", "auto"))
    x = form.pack(data)
    kept, held = (x[rows] for rows in training.split(len(x), options["validation"], seed))
    model, planned, progress = placed(_begun(form, build, kept, seed), form, device), plan(len(kept), device), how.get("progress")
    needed = memory.preflight(model, kept, held, planned)
    told = progress and (lambda status: progress(status | {"memory_mb": needed}))
    identity = training.identity(x.numpy(), vars(form), dict(options), seed, vars(budget))
    asked = {"seed": seed, "identity": identity, "budget": budget, "started": started, "checkpoint": how.get("checkpoint")}
    best, record = training.train(model, kept.to(device), held.to(device), planned, progress=told, **asked)
    model.load_state_dict(model.state_dict() | best)
    return model.eval(), record | {"device": str(device), "reason": reason, "memory_mb": needed}


def _check(name: str, data: Images, privacy: object | None) -> None:
    if privacy is not None:
        raise ValueError(f"expected no privacy budget, found one: {name} has no differentially private training")
    if len(data) < 2:
        raise ValueError(f"expected at least 2 images, one of them to validate by, found {len(data)}")


def _begun(form: Form, build: Callable[[Form], nn.Module], kept: Tensor, seed: int) -> nn.Module:
    with torch.random.fork_rng():
        randomness.manual_seed(seed, "weights")
        model = build(form)
        model.start(kept)
    return model


def placed(model: nn.Module, form: Form, device: torch.device) -> nn.Module:
    """Return the model on its device, its kernels in the faster order."""
    last = device.type == "cuda" or min(form.height, form.width) >= LAST
    return model.to(device, memory_format=torch.channels_last if last else torch.contiguous_format)


def restored(model: nn.Module, form: Form, tensors: Mapping[str, Tensor]) -> nn.Module:
    """Return the model with its weights, on the device that there is."""
    model.load_state_dict(tensors, strict=True)
    return placed(model, form, devices.choose()[0]).eval()


def chunk(form: Form) -> int:
    """Return how many images of the validation split are evaluated at once."""
    return max(16, EVALUATED // (16 * form.values))
