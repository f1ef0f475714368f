"""A generator network whose images have the mean features that were summed over real ones (a generative moment matching
network: Li, Swersky and Zemel 2015; of noisy features: Harder, Adamczewski and Park 2021).

It begins as the normal distribution of each label, which it corrects. It sees sums alone, so of noisy ones its training
costs nothing more, however long it takes.
"""

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import silu

from launderette.generators.contract import Budget
from launderette.generators.embeddings.fourier import features_of
from launderette.generators.errors import GeneratorError
from launderette.generators.optimizers.adam import Adam, ParameterGroup

CORRECTION_WIDTH, CORRECTION_LAYERS = 256, 2
MATCHING_STEPS, MATCHING_RATE = 600, 1e-3
STEP_IMAGES, LEAST_LABEL_IMAGES = 1000, 32  # drawn in a step: of all labels together, and of one at least
MOST_STEP_LABELS = 20  # of which images are drawn in one step
CORRECTION_SIZE = 0.3  # of the spread of all images, where the last layer's numbers are one
TOLD_EVERY = 10  # steps


class Correction(nn.Module):
    """Normal numbers z [B, K] and labels [B] -> what is added to coefficients, none at first: [B, K]."""

    def __init__(self, coefficients: int, labels: int) -> None:
        super().__init__()
        W = CORRECTION_WIDTH
        self.into, self.label = nn.Linear(coefficients, W), nn.Embedding(labels, W)
        self.layers = nn.ModuleList(nn.Linear(W, W) for _ in range(CORRECTION_LAYERS))
        self.out = nn.Linear(W, coefficients)
        nn.init.zeros_(self.out.weight)
        nn.init.zeros_(self.out.bias)

    def forward(self, z: Tensor, y: Tensor) -> Tensor:
        h = silu(self.into(z) + self.label(y))
        for layer in self.layers:
            h = h + silu(layer(h))
        out: Tensor = self.out(h)
        return CORRECTION_SIZE * out


class Matched(Protocol):
    """A model whose images are differentiable."""

    def coefficients(self, z: Tensor, y: Tensor) -> Tensor:
        """Normal numbers z [B, K] and labels y [B] -> the low frequencies of images [B, K]."""
        ...

    def parameters(self) -> Iterator[nn.Parameter]: ...


@dataclass(frozen=True)
class WantedFeatures:
    """What is to be matched: mean features [labels, 2 F] under frequencies `angles` [K, F]."""

    embedding: Tensor
    angles: Tensor


def match(
    model: Matched,
    target: WantedFeatures,
    budget: Budget,
    stream: np.random.Generator,
    tell: Callable[[int, int, float], None],
) -> tuple[int, float]:
    """Train a model to draw images of the wanted mean features; return steps taken and the last squared distance."""
    device, labels = target.embedding.device, len(target.embedding)
    total, ends = budget.steps or MATCHING_STEPS, time.monotonic() + 60 * (budget.minutes or math.inf)
    optimizer = Adam([ParameterGroup(list(model.parameters()), MATCHING_RATE)], (0.9, 0.99))
    distance, step = math.inf, 0
    while step < total and (step == 0 or time.monotonic() < ends):
        own = stream.permutation(labels)[:MOST_STEP_LABELS]
        each = max(LEAST_LABEL_IMAGES, STEP_IMAGES // len(own))
        y = torch.from_numpy(np.repeat(own, each)).to(device)
        z = torch.from_numpy(stream.standard_normal((len(y), len(target.angles)))).float().to(device)
        found = features_of(model.coefficients(z, y), target.angles).view(len(own), each, -1)
        loss = _squared_distance(found, target.embedding[torch.from_numpy(own).to(device)])
        optimizer.set_rate(MATCHING_RATE * 0.5 * (1 + math.cos(math.pi * step / total)))
        optimizer.clear_gradients()
        loss.backward()
        optimizer.step()
        step += 1
        if step % TOLD_EVERY == 0 or step == total:
            distance = float(loss.detach())
            if not math.isfinite(distance):
                raise GeneratorError("expected a loss that stays finite, found one that does not; run it again")
            tell(step, total, distance)
    return step, distance


def _squared_distance(found: Tensor, wanted: Tensor) -> Tensor:
    """Features found [C, B, 2 F] and mean features wanted [C, 2 F] -> the squared distance of their means, without what
    so few images add to it by chance: the mean over labels.
    """
    B = found.shape[1]
    mean = found.mean(1)
    chance = (found.square().sum(2).mean(1) - mean.square().sum(1)) / (B - 1)
    return ((mean - wanted).square().sum(1) - chance).mean()
