"""Denoising autoencoder for images: the classical baseline (Vincent et al. 2008; as a generator Bengio et al. 2013,
arXiv 1305.6663).

An image is encoded as z on a sphere, Gaussian noise is added, and the brightness of every pixel is decoded from z +
sigma e, as is the label by a head of its own. Images are drawn from a mixture of Gaussians over the latents of each
label, so that no training image is needed once the model is fitted; they are means, hence smoother than real ones.
Image i depends on the seed and i alone.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Unpack

import numpy as np
import torch
from torch import Tensor, nn

from launderette.generators.data.images import ImageForm, Images
from launderette.generators.data.schema import Schema
from launderette.generators.errors import GeneratorError
from launderette.generators.fitted import FittedImages
from launderette.generators.image import _fitting
from launderette.generators.image._coder import ImageDecoder, ImageEncoder, brightness_loss
from launderette.generators.image._fitting import ImageFamily
from launderette.generators.networks import mixture
from launderette.generators.networks.mixture import Mixture
from launderette.generators.training import options, randomness
from launderette.generators.training.fitting import FitOptions
from launderette.generators.training.plan import Plan

COMPONENTS_PER_LABEL = 8  # of the mixture of one label
MIXTURE_FIELDS = "share", "mean", "factor"


@dataclass(frozen=True)
class Config:
    """Public options."""

    noise: float = 0.3  # sigma, where a latent's coordinates have variance 1
    latent: int = 32  # d, coordinates of z
    width: int = 32  # channels
    memory: float = 0.6  # bound on the AUC of the loss attack, 0.5 to 1
    validation: float = 0.05  # share of images held back for early stopping
    batch: int = 128
    learning_rate: float = 2e-3
    weight_decay: float = 1e-2

    def __post_init__(self) -> None:
        options.check(self)


class Model(nn.Module):
    """Encoder, noise, decoder and classifier; forward returns the loss of each image, in nats per value."""

    def __init__(self, form: ImageForm, config: Config) -> None:
        super().__init__()
        self.form, self.sigma, shape = form, config.noise, (form.channels, form.height, form.width)
        self.encoder, self.decoder = (
            ImageEncoder(shape, config.width, config.latent),
            ImageDecoder(shape, config.width, config.latent),
        )
        self.head = nn.Linear(config.latent, max(1, len(form.classes)))

    def start(self, x: Tensor) -> None:
        """Let the decoder begin with the mean brightness of packed images x [N, C H W + 2]."""
        mean = self.form.unpack(x)[0].double().mean((0, 2, 3)) / 255
        with torch.no_grad():
            self.decoder.out.get_parameter("bias").copy_(torch.logit(mean, 1e-3))

    def encode(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Packed images x [B, C H W + 2] -> latents [B, d] and label numbers [B]."""
        pixels, y = self.form.unpack(x)
        return self.encoder(pixels.float() / 127.5 - 1), y

    def forward(self, x: Tensor) -> Tensor:
        """Packed images x [B, C H W + 2] -> loss of brightness and label, per value, [B]."""
        z, y = self.encode(x)
        z = z + self.sigma * torch.randn_like(z)
        wrong = nn.functional.cross_entropy(self.head(z), y, reduction="none")
        return brightness_loss(self.decoder(z), self.form.unpack(x)[0].float() / 255) + wrong / self.form.values

    @torch.no_grad()
    def draw(self, z: Tensor) -> Tensor:
        """Noisy latents [B, d] -> images uint8 [B, C, H, W]."""
        return (255 * torch.sigmoid(self.decoder(z))).round().to(torch.uint8)


@dataclass(frozen=True, repr=False)
class Autoencoder(FittedImages[Config, Model]):
    """Fitted images: samples, classifies, saves itself."""

    latents: tuple[Mixture, ...] = field(repr=False)  # of each label, of all images where there is none

    def draw(self, y: Tensor, stream: torch.Generator) -> Tensor:
        """Label numbers y [B] -> images uint8 [B, C, H, W]."""
        d = self.config.latent
        choice, e = torch.rand(len(y), generator=stream).double(), torch.randn(len(y), 2 * d, generator=stream).double()
        z = torch.zeros(len(y), d, dtype=torch.float64)
        for label, of_label in enumerate(self.latents):
            z[y == label] = of_label.draw(choice[y == label], e[y == label, :d])
        z = nn.functional.layer_norm(z, (d,)) + self.config.noise * e[:, d:]
        return self.model.draw(z.float().to(self.model.head.weight.device))

    @torch.no_grad()
    def classify(self, images: Images) -> np.ndarray:
        """Return the probability of each label of `form.classes` for each image: [N, labels]; ValueError without
        labels.
        """
        if not self.form.classes:
            raise GeneratorError("expected a model fitted to labelled images to classify by, found one without labels")
        unlabelled = Images(images.pixels, np.array([self.form.classes[0]] * len(images)))
        parts = self.form.pack(unlabelled).to(self.model.head.weight.device).split(self.form.chunk)
        return torch.cat([self.model.head(self.model.encode(part)[0]).softmax(1).cpu() for part in parts]).numpy()

    def tensors(self) -> dict[str, Tensor]:
        latents = {
            f"latents.{k}.{part}": getattr(of_label, part)
            for k, of_label in enumerate(self.latents)
            for part in MIXTURE_FIELDS
        }
        return super().tensors() | latents


def fit(data: Images, schema: Schema, config: Config, **how: Unpack[FitOptions]) -> Autoencoder:
    """Train on images; ValueError where a budget, a device or a privacy guarantee cannot be met."""
    form, config, model, record, learnt = _fitting.train(FAMILY, data, config, **how)
    return Autoencoder(form, config, model, record, _latents(model, learnt, how["seed"]))


def restore(document: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> Autoencoder:
    """Return the model that `save` wrote."""
    network = {name: tensor for name, tensor in tensors.items() if not name.startswith("latents.")}
    form, config, model, record = _fitting.restore(FAMILY, document, network)
    labels = range(max(1, len(form.classes)))
    latents = tuple(Mixture(*(tensors[f"latents.{k}.{part}"] for part in MIXTURE_FIELDS)) for k in labels)
    return Autoencoder(form, config, model, record, latents)


def _settle(config: Config, form: ImageForm, images: int, device: torch.device) -> Config:
    return config


def _plan(config: Config, form: ImageForm, device: torch.device, images: int) -> Plan:
    epoch = max(1, images // config.batch)  # steps
    return Plan(
        replayed=True,
        learning_rate=config.learning_rate,
        weight_decay=config.weight_decay,
        memory=config.memory,
        batch=config.batch,
        steps=int(np.clip(40 * epoch, 600, 6000)),
        evaluate_every=int(np.clip(epoch, 50, 250)),
        chunk=_fitting.chunk(form),
    )


@torch.no_grad()
def _latents(model: Model, x: Tensor, seed: int) -> tuple[Mixture, ...]:
    """Fit a mixture to the latents of each label's images, packed x [N, C H W + 2]."""
    parts = [model.encode(part.to(model.head.weight.device)) for part in x.split(model.form.chunk)]
    z, y = (torch.cat(part).cpu() for part in zip(*parts, strict=True))
    stream = torch.Generator().manual_seed(randomness.key(seed, "latents"))
    labels = range(max(1, len(model.form.classes)))
    # a label whose images all serve to validate is drawn like all the others together
    return tuple(
        mixture.fit((z[y == label] if (y == label).any() else z).double(), COMPONENTS_PER_LABEL, stream)
        for label in labels
    )


FAMILY = ImageFamily("image.autoencoder", Config, Model, _settle, _plan)
