"""What fitting, saving and opening a generator of images have in common, whatever its family."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Unpack

import torch
from torch import Tensor, nn

from launderette.generators.contract import Budget
from launderette.generators.data.images import ImageForm, Images
from launderette.generators.devices import device as devices
from launderette.generators.devices.compiling import pays
from launderette.generators.errors import GeneratorError
from launderette.generators.training import fitting
from launderette.generators.training.fitting import FitOptions, TrainingTask
from launderette.generators.training.plan import Plan
from launderette.generators.training.validation import Folds

FEW_IMAGES = 5000  # below which units are left out in training, and a diffusion takes smaller batches
MOST_SMALL_SIDE = 12  # pixels of the shorter side up to which images are small
LEAST_CHANNELS_LAST_SIDE = 14  # pixels of a side from which convolutions are faster with the channels last
EVALUATED_VALUES = 2**24  # values of the validation split at once, at 16 channels


@dataclass(frozen=True)
class ImageFamily:
    """What sets one family of generators apart; its model is built as model(form, config), and told of its images
    by start(x).
    """

    name: str
    config: type
    model: type
    # (config, form, images, device) -> config with the options left open
    settle: Callable[[Any, ImageForm, int, torch.device], Any]
    plan: Callable[[Any, ImageForm, torch.device, int], Plan]  # (config, form, device, images) -> how to optimise
    private: Callable[[ImageForm], dict[str, Any]] | None = None  # options under a privacy budget, of those left open
    compile: Callable[[Any], None] | None = None  # lets a model train by fused kernels


def fit(
    family: ImageFamily, data: Images, config: Any, **how: Unpack[FitOptions]
) -> tuple[ImageForm, Any, Any, dict[str, Any]]:
    """Return form, config, trained model and record; ValueError where budget, device, memory or privacy guarantee
    are lacking.
    """
    return train(family, data, config, **how)[:4]


def train(
    family: ImageFamily, data: Images, config: Any, **how: Unpack[FitOptions]
) -> tuple[ImageForm, Any, Any, dict[str, Any], Tensor]:
    """As `fit`; return also the packed images that were not held back, [N, C H W + 2]."""
    started, chosen = time.monotonic(), fitting.choose(family.name, **how)
    if len(data) < 2:
        raise GeneratorError(f"expected at least 2 images, one of them to validate by, found {len(data)}")
    form, device = ImageForm.of(data), chosen[0]
    check_patch(config, form)
    config = family.settle(config, form, len(data), device)

    def begin(training: Tensor, folds: Folds) -> nn.Module:
        model = family.model(form, config)
        model.start(training)
        model, budget = placed(model, form, device), how.get("budget") or Budget()
        if family.compile and pays(device, budget.minutes, budget.steps or plan(len(training)).steps):
            family.compile(model)
        return model

    plan = partial(family.plan, config, form, device)
    task = TrainingTask(form.pack(data), begin, plan, config, vars(form), form.coordinates)
    model, record, learnt = fitting.train(task, chosen, started, **how)
    return form, config, model, record, learnt


def check_patch(config: Any, form: ImageForm) -> None:
    """Raise GeneratorError for patches that are larger than the images."""
    side = min(form.height, form.width)
    if (getattr(config, "patch", None) or 1) > side:
        raise GeneratorError(
            f"expected patch to be at most {side}, the shorter side of the images, found {config.patch}; lower it"
        )


def restore(
    family: ImageFamily, document: Mapping[str, Any], tensors: Mapping[str, Tensor]
) -> tuple[ImageForm, Any, Any, Mapping[str, Any]]:
    """Return form, config, model (on the device that there is) and record of what `save` wrote."""
    form, config = ImageForm.from_dict(document["form"]), family.config(**document["config"])
    model = family.model(form, config)
    model.load_state_dict(tensors, strict=True)
    return form, config, placed(model, form, devices.choose()[0]).eval(), document["record"]


def placed(model: nn.Module, form: ImageForm, device: torch.device) -> nn.Module:
    """Return the model on its device, its kernels in the faster order.

    On a CPU, group norm in bfloat16 takes eight times as long with the channels last as with the channels first.
    """
    normed = (
        device.type == "cpu"
        and devices.half(device)
        and any(isinstance(part, nn.GroupNorm) for part in model.modules())
    )
    last = device.type == "cuda" or (min(form.height, form.width) >= LEAST_CHANNELS_LAST_SIDE and not normed)
    order = torch.channels_last if last else torch.contiguous_format
    return model.to(device, memory_format=order)  # type: ignore[call-overload]  # torch's own types leave it out


def small(form: ImageForm) -> bool:
    """Return whether images take so few pixels that small networks do."""
    return min(form.height, form.width) <= MOST_SMALL_SIDE


def batch(form: ImageForm, device: torch.device) -> int:
    """Return how many images are trained on at once: fewer where steps are few, on a CPU unless images are small."""
    return 128 if small(form) or device.type == "cuda" else 64


def chunk(form: ImageForm) -> int:
    """Return how many images of the validation split are evaluated at once."""
    return max(16, EVALUATED_VALUES // (16 * form.values))
