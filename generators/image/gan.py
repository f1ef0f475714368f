"""Adversarial images: a generator draws until a discriminator cannot tell its images from real ones.

The relativistic pairing loss with zero-centred gradient penalties on real and generated images (R3GAN, Huang et al.
2024, arXiv 2501.05441), each generated image against a real one of its label; both seen through the same augmentation.
The textbook's losses and a penalty of 0 are there to see what they do. The training loop watches how varied the
generated images are and whether they lie among real ones: a run that collapses or draws noise is restarted, then
stopped, and its record says so. Image i depends on the seed and i alone.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Unpack

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import adaptive_avg_pool2d

from launderette.generators.data.images import ImageForm, Images, to_pixels, to_unit
from launderette.generators.data.schema import Schema
from launderette.generators.devices import device as devices
from launderette.generators.errors import GeneratorError
from launderette.generators.fitted import FittedImages
from launderette.generators.image import _fitting
from launderette.generators.image._augment import warp
from launderette.generators.image._fitting import ImageFamily
from launderette.generators.image._gan_networks import ImageDiscriminator, ImageGenerator
from launderette.generators.networks.gan_losses import GAN_LOSSES, discriminator_loss, generator_loss, penalised
from launderette.generators.training import options
from launderette.generators.training.collapse import LEAST_FIDELITY, precision, spread
from launderette.generators.training.fitting import FitOptions
from launderette.generators.training.options import settled
from launderette.generators.training.plan import Plan, Turn

LATENT_DIMENSIONS = 64  # normals that an image is drawn from
COLLAPSE_IMAGES = 1024  # validation images that are compared with generated ones, in COLLAPSE_SIDE^2 pixels
COLLAPSE_SIDE = 8
AUGMENTED_IMAGES = 10_000  # images, below which they are augmented
# pixels of a side from which bfloat16 pays: of 8 x 8 it saves a tenth of the time and costs coverage
LEAST_BFLOAT16_SIDE = 14


@dataclass(frozen=True)
class Config:
    """Public options."""

    loss: str = "relativistic"  # or nonsaturating, minimax: the textbook's
    penalty: float = 0.5  # gamma of R1 and R2
    width: int | None = None  # channels; None is chosen from the size of the images and the device
    blocks: int | None = None  # residual blocks per stage
    patch: int | None = None  # p, pixels unshuffled into channels
    augment: float | None = None  # probability of each geometric augmentation; None is 0.1 for few images, else 0
    validation: float = 0.05  # share of images held back for collapse detection
    batch: int | None = None  # None is chosen from the size of the images and the device
    learning_rate: float = 2e-3
    pace: float = 1.0  # the generator's share of it

    def __post_init__(self) -> None:
        options.check(self)
        if self.loss not in GAN_LOSSES:
            raise GeneratorError(f"expected a loss among {', '.join(GAN_LOSSES)}, found {self.loss!r}")


class Model(nn.Module):
    """Generator and discriminator; `turn` says whose loss forward returns, none for collapse detection."""

    def __init__(self, form: ImageForm, config: Config) -> None:
        super().__init__()
        self.form, self.config, self.diversity, self.fidelity = form, config, 1.0, 1.0
        shape, classes = (form.channels, form.height, form.width), len(form.classes)
        network = settled(config.width), settled(config.blocks), settled(config.patch)
        self.generator = ImageGenerator(shape, classes, LATENT_DIMENSIONS, *network)
        self.discriminator = ImageDiscriminator(shape, classes, *network)

    def start(self, x: Tensor) -> None:
        """Nothing is measured on the packed images x: noise is where both networks begin."""

    def forward(self, x: Tensor, turn: str = "") -> Tensor:
        """Packed images x [B, C H W + 2] -> the loss of the network whose turn it is, [B]."""
        pixels, y = self.form.unpack(x)
        real = to_unit(pixels)
        half = bool(turn) and min(real.shape[2:]) >= LEAST_BFLOAT16_SIDE and devices.half(x.device)
        with torch.autocast(x.device.type, torch.bfloat16, enabled=half):
            if turn:
                return self._turn(real, y, turn).float()
            return self._detect_collapse(real[:COLLAPSE_IMAGES], y[:COLLAPSE_IMAGES]).expand(len(y))

    def _turn(self, real: Tensor, y: Tensor, turn: str) -> Tensor:
        with torch.set_grad_enabled(turn == "generator"):
            fake = self.generator(torch.randn(len(y), LATENT_DIMENSIONS, device=y.device), y)
        if self.config.augment:
            real, fake = warp(real, self.config.augment)[0], warp(fake, self.config.augment)[0]
        if turn == "generator":
            return generator_loss(self.config.loss, self.discriminator(real, y).detach(), self.discriminator(fake, y))
        (of_real, r1), (of_fake, r2) = self._penalised(real, y), self._penalised(fake, y)
        return discriminator_loss(self.config.loss, of_real, of_fake) + self.config.penalty * (r1 + r2)

    def _penalised(self, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        if not self.config.penalty:
            return self.discriminator(x, y), torch.zeros(())
        return penalised(lambda flat: self.discriminator(flat.view_as(x), y), x.flatten(1))

    def _detect_collapse(self, real: Tensor, y: Tensor) -> Tensor:
        """Note diversity and fidelity of as many generated images as there are real ones, and return how far their
        means are apart.
        """
        fake = self.generator(torch.randn(len(y), LATENT_DIMENSIONS, device=y.device), y)
        real, fake = (adaptive_avg_pool2d(x, COLLAPSE_SIDE).flatten(1) for x in (real, fake.clamp(-1, 1)))
        self.diversity, self.fidelity = spread(real, fake), precision(real, fake)
        return (real.mean(0) - fake.mean(0)).norm()

    @torch.no_grad()
    def draw(self, y: Tensor, stream: torch.Generator) -> Tensor:
        """Labels y [B] -> images uint8 [B, C, H, W]."""
        device = self.generator.basis.device
        return to_pixels(
            self.generator(torch.randn(len(y), LATENT_DIMENSIONS, generator=stream).to(device), y.to(device))
        )


class Adversarial(FittedImages[Config, Model]):
    """Fitted images: samples, saves itself."""


def fit(data: Images, schema: Schema, config: Config, **how: Unpack[FitOptions]) -> Adversarial:
    """Train on images; ValueError where a budget, a device or a privacy guarantee cannot be met."""
    return Adversarial(*_fitting.fit(FAMILY, data, config, **how))


def restore(document: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> Adversarial:
    """Return the model that `save` wrote."""
    return Adversarial(*_fitting.restore(FAMILY, document, tensors))


def _settle(config: Config, form: ImageForm, images: int, device: torch.device) -> Config:
    """Fill the options left open; on a CPU pixels are unshuffled until 4 to 7 a side are left, which buys steps of
    the game.
    """
    side, fast = min(form.height, form.width), device.type == "cuda"
    patch = config.patch or (
        2 ** max(0, math.ceil(math.log2(side / 32))) if fast else min(4, 2 ** int(math.log2(side / 4)))
    )
    width = config.width or (256 if fast else 64 if side <= 16 else 96)
    augment = config.augment if config.augment is not None else 0.1 if images < AUGMENTED_IMAGES else 0.0
    blocks, batch = (
        config.blocks or (1 if _fitting.small(form) else 2 if fast else 3),
        config.batch or _fitting.batch(form, device),
    )
    return replace(config, width=width, patch=patch, augment=augment, blocks=blocks, batch=batch)


def _plan(config: Config, form: ImageForm, device: torch.device, images: int) -> Plan:
    batch = settled(config.batch)
    epoch = max(1, images // batch)  # steps
    return Plan(
        replayed=True,
        learning_rate=config.learning_rate,
        weight_decay=0.0,
        batch=batch,
        steps=int(np.clip(80 * epoch, 1000, 6000)) * (4 if device.type == "cuda" else 1),
        evaluate_every=int(np.clip(epoch, 50, 250)),
        ema=0.999,
        latest=True,
        betas=(0.0, 0.99),
        turns={"discriminator": Turn(), "generator": Turn(config.pace)},
        least_diversity=0.3,
        least_fidelity=LEAST_FIDELITY,
        watched_from=0.3,
        chunk=max(COLLAPSE_IMAGES, _fitting.chunk(form)),
    )


FAMILY = ImageFamily("image.gan", Config, Model, _settle, _plan)
