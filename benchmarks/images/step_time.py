"""Where the steps of image.diffusion go, and what a step costs otherwise: two tables.

    OMP_NUM_THREADS=1 python -m benchmarks.images.step_time --side 28 --images 1000

Random images, as what they show makes no difference; each variant takes its steps in turn with the others, so that
whatever else the machine does touches all of them. Seconds are those of the CPU.
"""

import argparse
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from unittest import mock

import numpy as np
import torch
from rich.console import Console
from rich.table import Table
from torch import Tensor, nn
from torch.profiler import ProfilerActivity, profile

from generators.data.images import ImageForm, Images
from generators.devices import device as devices
from generators.image import _fitting, diffusion
from generators.image.diffusion import FAMILY

GROUPS = {  # part of an operation's name -> what it is
    "convolution": "convolutions",
    "group_norm": "normalisation",
    "softmax": "attention",
    "bmm": "attention",
    "silu": "activation",
    "bernoulli": "dropout",
    "dropout": "dropout",
    "adamw": "optimizer",
    "norm": "optimizer",
    "lerp": "optimizer",
    "pool": "resolutions",
    "upsample": "resolutions",
    "copy": "casts and copies",
    "cat": "casts and copies",
    "mm": "matrix products",
    "mul": "sums and products",
    "add": "sums and products",
    "sum": "sums and products",
}
CPU = torch.device("cpu")
VARIANTS: dict[str, Mapping[str, Any]] = {
    "default": {},
    "float32": {"half": False},
    "channels last": {"last": True},
    "float32, channels last": {"half": False, "last": True},
    "no dropout": {"dropout": 0.0},
    "width 32": {"width": 32},
    "patches of 4": {"patch": 4},
    "128 at once": {"batch": 128},
}


@dataclass(frozen=True)
class Variant:
    """Takes a training step of its own network."""

    step: Callable[[], None]
    half: bool
    batch: int

    def seconds(self) -> float:
        """Return the CPU seconds of one step."""
        started = time.process_time()
        with mock.patch.object(devices, "half", return_value=self.half):
            self.step()
        return time.process_time() - started


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--side", type=int, default=28, help="pixels")
    parser.add_argument("--channels", type=int, choices=(1, 3), default=1)
    parser.add_argument("--images", type=int, default=1000, help="in the collection, by which defaults are chosen")
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--variants", nargs="+", choices=VARIANTS, default=list(VARIANTS))
    options = parser.parse_args()
    made = {name: variant(options, **VARIANTS[name]) for name in options.variants}
    for one in made.values():
        one.seconds()  # libraries set themselves up
    Console(width=100).print(_shares(made[options.variants[0]], options))
    taken = [[one.seconds() for one in made.values()] for _ in range(options.steps)]
    table = Table("", "ms a step", "ms an image", title="training", title_justify="left")
    for (name, one), seconds in zip(made.items(), np.median(taken, 0) * 1000, strict=True):
        table.add_row(name, f"{seconds:.0f}", f"{seconds / one.batch:.2f}")
    Console(width=100).print(table)


def variant(options: argparse.Namespace, *, half: bool | None = None, last: bool = False, **given: Any) -> Variant:
    """Return the default network for so many images, but for what is given."""
    rng = np.random.default_rng(0)
    shape = min(options.images, 1000), options.side, options.side, options.channels
    images = Images(rng.integers(0, 256, shape, dtype=np.uint8), rng.integers(0, 10, shape[0]))
    form = ImageForm.of(images)
    config = FAMILY.settle(diffusion.Config(**given), form, options.images, CPU)
    plan, x = FAMILY.plan(config, form, CPU, options.images), form.pack(images)
    model = diffusion.Model(form, config)
    model.start(x)
    placed = model.to(memory_format=torch.channels_last) if last else _fitting.placed(model, form, CPU)
    step = stepper(placed, x[: plan.batch], plan.learning_rate)
    return Variant(step, devices.half(CPU) if half is None else half, plan.batch)


def stepper(model: nn.Module, batch: Tensor, rate: float) -> Callable[[], None]:
    """Return a function that takes a step as training does."""
    own = list(model.parameters())
    optimizer, average = torch.optim.AdamW(own, rate, fused=True), [p.detach().clone() for p in own]
    model.train()

    def step() -> None:
        optimizer.zero_grad(set_to_none=True)
        model(batch).mean().backward()
        nn.utils.clip_grad_norm_(own, 1.0)
        optimizer.step()
        torch._foreach_lerp_(average, [p.detach() for p in own], 0.01)

    return step


def _shares(one: Variant, options: argparse.Namespace) -> Table:
    """Where the time of a few steps goes."""
    with profile(activities=[ProfilerActivity.CPU]) as watched:
        for _ in range(5):
            one.seconds()
    spent = Counter[str]()
    for event in watched.key_averages():
        name = event.key.lower()
        spent[next((group for part, group in GROUPS.items() if part in name), "other")] += event.self_cpu_time_total
    title = f"steps on {one.batch} images of {options.side} x {options.side}"
    table = Table("operation", "share of the time", title=title, title_justify="left")
    for group, microseconds in spent.most_common():
        table.add_row(group, f"{microseconds / spent.total():.0%}")
    return table


if __name__ == "__main__":
    main()
