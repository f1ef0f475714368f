"""Diffusion of images: a network removes Gaussian noise of any size, and images are drawn by removing all of it (EDM).

Loss and Heun's sampler are those of Karras et al. 2022 (arXiv 2206.00364), as is the preconditioning, but that the
network corrects the exact denoiser of normally distributed images of the label (_gaussian.py) where theirs corrects a
share of the noisy image. The label is left out of a share of the steps, so that guidance (Ho & Salimans 2022, arXiv
2207.12598) is one option of drawing, at middle noise levels alone (Kynkaanniemi et al. 2024, arXiv 2404.07724): at high
ones it costs variety, at low ones only time. Of few images, which a network comes to know roughly, it is the default;
of many it makes images more typical and less varied. The denoising loss on held-out images stops the training before
images are known by heart. Image i depends on the seed and i alone.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Unpack

import numpy as np
import torch
from torch import Tensor, nn

from launderette.generators.data.images import ImageForm, Images, to_pixels, to_unit
from launderette.generators.data.schema import Schema
from launderette.generators.devices import device as devices
from launderette.generators.devices.compiling import Forward, compiled
from launderette.generators.fitted import FittedImages
from launderette.generators.gradients import per_layer
from launderette.generators.gradients.per_row import Tape
from launderette.generators.image import _fitting, _private
from launderette.generators.image._augment import AUGMENTATION_NUMBERS, nudge, warp
from launderette.generators.image._fitting import FEW_IMAGES, ImageFamily
from launderette.generators.image._gaussian import GaussianDenoiser
from launderette.generators.networks.unet import UNet
from launderette.generators.training import options, randomness
from launderette.generators.training.fitting import FitOptions
from launderette.generators.training.options import settled
from launderette.generators.training.plan import Plan

SIGMA_MIN, SIGMA_MAX, RHO = 0.002, 80.0, 7
P_MEAN, P_STD = -0.6, 1.2  # ln(sigma / sigma_data) ~ N(P_MEAN, P_STD^2) in training
PRIVATE_IMAGE_WIDTH, PRIVATE_PATCH = 16, 2  # of a network of which each weight gets noise
NOISES = 4  # of an image, in one step of private descent
LAYER_NUMBERS = 128  # in memory for each channel and place
FEW_SHIFTED = 0.5  # probability of a move by a pixel, for few images
FEW_GUIDANCE = 1.5  # of few images of several labels
LEAST_GUIDED, MOST_GUIDED = 0.4, 10.0  # noise in standard deviations of the images, between which images are guided
LOSS_DRAWS, ATTACK_DRAWS = 8, 4  # noises that the loss of an image is averaged over: when asked for, in training


@dataclass(frozen=True)
class Config:
    """Public options."""

    width: int | None = None  # channels of the first level; None is chosen from the size of the images and the device
    blocks: int | None = None  # residual blocks per level
    patch: int | None = None  # p, pixels unshuffled into channels
    dropout: float | None = None  # None is 0.1 for few small images and on a GPU, which see them often, else 0
    augment: float = 0.0  # probability of each geometric augmentation
    shift: float | None = None  # probability of a move by a pixel; None is 0.5 for few images, else 0
    unlabelled: float = 0.1  # share of the training images whose label is hidden
    guidance: float | None = None  # w; None is 1.5 for few images of several labels, else 1: as it was learnt
    sampling_steps: int = 18  # of Heun's method, two passes of the network each
    memory: float = 0.6  # bound on the AUC of the loss attack, 0.5 to 1
    validation: float = 0.05  # share of images held back for early stopping
    batch: int | None = None  # None is 32 for few images on a CPU unless they are small, else 128
    learning_rate: float = 2e-3
    weight_decay: float = 1e-2

    def __post_init__(self) -> None:
        options.check(self)


class Model(nn.Module):
    """The denoiser D(x; sigma); forward returns the weighted loss of each image."""

    sigma_data: Tensor  # [], standard deviation of the training images

    def __init__(self, form: ImageForm, config: Config) -> None:
        super().__init__()
        self.form, self.config, self.nothing = form, config, len(form.classes)  # the last label says that there is none
        shape = form.channels, form.height, form.width
        self.net = UNet(
            shape,
            self.nothing + 1,
            AUGMENTATION_NUMBERS,
            width=settled(config.width),
            patch=settled(config.patch),
            blocks=settled(config.blocks),
            dropout=settled(config.dropout),
        )
        self.fused: Forward | None = None  # in training, where it pays to compile
        self.gaussian = GaussianDenoiser(form.values, self.nothing)
        self.register_buffer("sigma_data", torch.tensor(0.5))

    def compile_network(self) -> None:
        """Train by fused kernels."""
        self.fused = compiled(self.net)

    def start(self, x: Tensor) -> None:
        """Measure the standard deviation and the normal distributions of packed images x [N, C H W + 2]."""
        pixels, y = self.form.unpack(x)
        self.sigma_data.fill_(max(float(pixels.double().std()) / 127.5, 0.05))
        self.gaussian.start(to_unit(pixels).flatten(1), y)

    def denoise(self, x: Tensor, sigma: Tensor, y: Tensor, told: Tensor, half: bool = True) -> tuple[Tensor, Tensor]:
        """Noisy x [B, C, H, W], sigma [B], labels y [B] -> D(x; sigma) = G(x; sigma) + c_out F(c_in x, G; c_noise) and
        c_out [B]: the posterior mean of normally distributed images, and what that is wrong by. In half precision where
        that is faster, unless told otherwise.
        """
        s_d, (mean, c_out) = self.sigma_data, self.gaussian(x.flatten(1), sigma, y)
        mean, c_in = mean.view_as(x), 1 / (sigma.view(-1, 1, 1, 1) ** 2 + s_d**2).sqrt()
        c_noise = sigma.log() / 4
        with torch.autocast(x.device.type, torch.bfloat16, enabled=half and devices.half(x.device)):
            net = self.fused if self.fused and self.training else self.net
            F = net(torch.cat([c_in * x, mean / s_d], 1), c_noise, y, told)
        return mean + c_out.view(-1, 1, 1, 1) * F.float(), c_out

    def forward(self, x: Tensor, draws: int = 0) -> Tensor:
        """Packed images x [B, C H W + 2] -> |D(x + n; sigma) - x|^2 / c_out^2 per value, [B]; the mean over so
        many draws of noise that all images share, over one of each image's own where there are none.
        """
        if draws:
            return self.shared_loss(x, torch.randn(draws, 1), torch.randn(draws, 1, *self.form.shape))
        pixels, y = self.form.unpack(x)
        x, told = to_unit(pixels), torch.zeros(len(y), AUGMENTATION_NUMBERS, device=y.device)
        if self.training and self.config.augment:
            x, told = warp(x, self.config.augment)
        if self.training and self.config.shift:
            x, moved = nudge(x, self.config.shift)
            told = told + moved
        if self.training:
            y = torch.where(torch.rand(len(y), device=y.device) < self.config.unlabelled, self.nothing, y)
        size = torch.randn(len(y), device=y.device)
        return self.denoising_loss(x, y, told, size, torch.randn_like(x))

    def row_losses(self, x: Tensor, u: Tensor, tape: Tape) -> Tensor:
        """Return the mean loss of each packed image x [B, C H W + 2] by itself under several noises of its own (noise
        multiplicity: Dockhorn et al. 2022, arXiv 2210.09929), [B]: uniforms u [B, chances] give these, and whether its
        label is hidden.
        """
        pixels, y = self.form.unpack(x)
        size, noise = torch.special.ndtri(u[:, 1:]).float().split([NOISES, NOISES * self.form.values], 1)
        y = torch.where(u[:, 0] < self.config.unlabelled, self.nothing, y).repeat(NOISES)
        noise = noise.view(-1, NOISES, *self.form.shape).transpose(0, 1).flatten(0, 1)
        told, x = torch.zeros(len(y), AUGMENTATION_NUMBERS, device=y.device), to_unit(pixels).repeat(NOISES, 1, 1, 1)
        with per_layer.told(self.net, tape.within("net"), NOISES):  # rounding may not tell of the rows beside a row
            losses = self.denoising_loss(x, y, told, size.t().flatten(), noise, half=False)
        return losses.view(NOISES, -1).mean(0)

    @property
    def chances(self) -> int:
        """How many uniforms `row_losses` takes for an image."""
        return 1 + NOISES * (1 + self.form.values)

    @property
    def row_numbers(self) -> int:
        """How many numbers the gradient of an image takes in memory, about."""
        places = -(-self.form.height // self.net.patch) * -(-self.form.width // self.net.patch)
        return LAYER_NUMBERS * settled(self.config.width) * NOISES * places

    def shared_loss(self, x: Tensor, sizes: Tensor, noises: Tensor) -> Tensor:
        """Packed images x [B, C H W + 2], normal sizes [D, 1] and noises [D, 1, C, H, W] that all images share ->
        mean loss over the draws, [B].
        """
        pixels, y = self.form.unpack(x)
        x, told = to_unit(pixels), torch.zeros(len(y), AUGMENTATION_NUMBERS, device=y.device)
        drawn = zip(sizes.to(x.device), noises.to(x.device), strict=True)
        losses = [self.denoising_loss(x, y, told, size.expand(len(y)), noise.expand_as(x)) for size, noise in drawn]
        return torch.stack(losses).double().mean(0)

    def denoising_loss(
        self, x: Tensor, y: Tensor, told: Tensor, size: Tensor, noise: Tensor, half: bool = True
    ) -> Tensor:
        """Images x [B, C, H, W], normal size of the noise [B], normal noise [B, C, H, W] -> weighted loss per
        value, [B].
        """
        sigma = self.sigma_data * torch.exp(P_MEAN + P_STD * size)
        noisy = x + sigma.view(-1, 1, 1, 1) * noise
        D, c_out = self.denoise(noisy, sigma, y, told, half)
        return (D - x).square().flatten(1).mean(1) / c_out**2

    def guided(self, x: Tensor, sigma: Tensor, y: Tensor, w: float) -> Tensor:
        """D(x; sigma) for labels y, moved away from that without a label by the guidance w: (1 - w) D(x) + w D(x |
        y).
        """
        told = torch.zeros(len(y), AUGMENTATION_NUMBERS, device=y.device)
        sigma = sigma.expand(len(x))
        D = self.denoise(x, sigma, y, told)[0]
        return D if w == 1 else torch.lerp(self.denoise(x, sigma, torch.full_like(y, self.nothing), told)[0], D, w)

    @torch.no_grad()
    def draw(self, y: Tensor, stream: torch.Generator) -> Tensor:
        """Labels y [B] -> images uint8 [B, C, H, W], by Heun's method from noise of sigma_max to none."""
        N, device = self.config.sampling_steps, self.sigma_data.device
        ends = SIGMA_MAX ** (1 / RHO), SIGMA_MIN ** (1 / RHO)
        t = torch.cat([torch.linspace(*ends, N, dtype=torch.float64) ** RHO, torch.zeros(1)]).float()
        noise = (t / self.sigma_data.cpu()).tolist()
        w = [settled(self.config.guidance) if LEAST_GUIDED <= size <= MOST_GUIDED else 1.0 for size in noise]
        form, t = self.form, t.to(device)
        x, y = torch.randn(len(y), *form.shape, generator=stream).to(device) * t[0], y.to(device)
        for i in range(N):
            d = (x - self.guided(x, t[i], y, w[i])) / t[i]
            euler = x + (t[i + 1] - t[i]) * d
            if i < N - 1:
                d = (d + (euler - self.guided(euler, t[i + 1], y, w[i + 1])) / t[i + 1]) / 2
            x = x + (t[i + 1] - t[i]) * d
        return to_pixels(x)


class Diffusion(FittedImages[Config, Model]):
    """Fitted images: samples, tells its loss, saves itself."""

    @torch.no_grad()
    def loss(self, images: Images, *, seed: int = 0) -> np.ndarray:
        """Return the denoising loss of each image, averaged over noises that all share: float64 [N]
        (`contract.HasLoss`).
        """
        form, device = self.form, self.model.sigma_data.device
        stream = torch.Generator().manual_seed(randomness.key(seed, "loss"))
        sizes = torch.randn(LOSS_DRAWS, 1, generator=stream)
        noises = torch.randn(LOSS_DRAWS, 1, *form.shape, generator=stream)
        parts = [self.model.shared_loss(x.to(device), sizes, noises).cpu() for x in form.pack(images).split(form.chunk)]
        return torch.cat(parts).numpy()


def fit(data: Images, schema: Schema, config: Config, **how: Unpack[FitOptions]) -> Diffusion:
    """Train on images; ValueError where a budget, a device or a privacy guarantee cannot be met."""
    train = _fitting.fit if how.get("privacy") is None else _private.fit
    return Diffusion(*train(FAMILY, data, config, **how))


def restore(document: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> Diffusion:
    """Return the model that `save` wrote."""
    return Diffusion(*_fitting.restore(FAMILY, document, tensors))


def _settle(config: Config, form: ImageForm, images: int, device: torch.device) -> Config:
    """Fill the options left open: pixels are unshuffled until 16 a side are left on a CPU, 32 on a GPU."""
    side, fast = min(form.height, form.width), device.type == "cuda"
    patch = config.patch or int(2 ** max(0, math.ceil(math.log2(side / (32 if fast else 16)))))
    width = config.width or (96 if fast else 32 if side <= 16 else 48)
    few, small = images < FEW_IMAGES, _fitting.small(form)
    dropout = config.dropout if config.dropout is not None else 0.1 if fast or (few and small) else 0.0
    batch = config.batch or (128 if fast or small or not few else 32)
    shift = config.shift if config.shift is not None else FEW_SHIFTED if few else 0.0
    typical = FEW_GUIDANCE if few and len(form.classes) > 1 else 1.0
    guidance = config.guidance if config.guidance is not None else typical
    sized = replace(config, width=width, patch=patch, blocks=config.blocks or (2 if fast else 1))
    return replace(sized, dropout=dropout, batch=batch, shift=shift, guidance=guidance)


def _plan(config: Config, form: ImageForm, device: torch.device, images: int) -> Plan:
    batch = settled(config.batch)
    epoch = max(1, images // batch)  # steps
    shown = int(np.clip(40 * images, 128_000, 512_000))  # images
    return Plan(
        replayed=True,
        learning_rate=config.learning_rate,
        weight_decay=config.weight_decay,
        memory=config.memory,
        attacked={"draws": ATTACK_DRAWS},
        batch=batch,
        steps=shown // batch * (4 if device.type == "cuda" else 1),
        evaluate_every=int(np.clip(epoch, 6400 // batch, 250)),
        ema=0.9995,
        chunk=_fitting.chunk(form),
    )


def _private_options(form: ImageForm) -> dict[str, Any]:
    """Return options under a privacy budget: a network of few weights, and images as they are."""
    coarse = {"patch": PRIVATE_PATCH} if _fitting.small(form) else {}
    return {"width": PRIVATE_IMAGE_WIDTH, "dropout": 0.0, "shift": 0.0, "guidance": 1.0, **coarse}


FAMILY = ImageFamily("image.diffusion", Config, Model, _settle, _plan, _private_options, Model.compile_network)
