"""From images and a network to its trained weights: what all families of images do alike."""

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from generators import device as devices
from generators import memory, randomness, training
from generators.contract import Budget, Progress
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
    *,
    seed: int,
    device: str = "auto",
    privacy: object | None = None,
    budget: Budget | None = None,
    progress: Progress | None = None,
    checkpoint: Path | None = None,
) -> tuple[nn.Module, dict[str, Any]]:
    """Train build(form), which `start(x)` has told of the packed training images, and return it with the record of the run.

    plan(images, device) says how. ValueError where budget, device, memory or privacy guarantee are lacking.
    """
    started, budget = time.monotonic(), budget or Budget()
    if privacy is not None:
        raise ValueError(f"expected no privacy budget, found one: {name} has no differentially private training")
    if len(data) < 2:
        raise ValueError(f"expected at least 2 images, one of them to validate by, found {len(data)}")
    chosen, reason = devices.choose(device)
    x = form.pack(data)
    kept, held = training.split(len(x), options["validation"], seed)
    with torch.random.fork_rng():
        randomness.manual_seed(seed, "weights")
        model = build(form)
        model.start(x[kept])
    model, planned = placed(model, form, chosen), plan(len(kept), chosen)
    needed = memory.preflight(model, x[kept], x[held], planned)
    best, record = training.train(
        model,
        x[kept].to(chosen),
        x[held].to(chosen),
        planned,
        seed=seed,
        identity=training.identity(x.numpy(), vars(form), dict(options), seed, vars(budget)),
        budget=budget,
        started=started,
        progress=progress and (lambda status: progress(status | {"memory_mb": needed})),
        checkpoint=checkpoint,
    )
    model.load_state_dict(model.state_dict() | best)
    return model.eval(), record | {"device": str(chosen), "reason": reason, "memory_mb": needed}


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
