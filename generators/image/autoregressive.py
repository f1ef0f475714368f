"""Autoregressive images: the chain rule over pixel values, each a discretised mixture of logistics given all values
before it.

The mixture is that of PixelCNN++ (Salimans et al. 2017, arXiv 1701.05517), over the ranks of the values that the images
use: all 256 of a photograph, or the 17 of a scan of 16 grey levels. An image is drawn by inverting each value's
distribution function at one uniform number, so the numbers that would draw a given image are known too (`uniforms`, the
Rosenblatt transform): on images that were never seen they are uniform if the model is right. Likelihoods are exact,
given in bits per dimension. Image i depends on the seed and i alone.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Unpack

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import logsigmoid, softplus

from launderette.generators.data.images import ImageForm, Images
from launderette.generators.data.schema import Schema
from launderette.generators.devices import device as devices
from launderette.generators.errors import GeneratorError
from launderette.generators.fitted import FittedImages
from launderette.generators.image import _fitting
from launderette.generators.image._fitting import FEW_IMAGES, ImageFamily
from launderette.generators.image._patches import HEAD_UNITS, Patches, PatchTransformer
from launderette.generators.training import options, randomness
from launderette.generators.training.fitting import FitOptions
from launderette.generators.training.options import settled
from launderette.generators.training.plan import Plan

LEAST_IMAGES_PER_VALUE = 5  # images that must share a pixel value before it is kept as one
LEAST_LOG_SCALE = -7.0  # ln of the least scale of a logistic
CHUNK_IMAGES = 512  # images drawn at once; fixed, so that an image's arithmetic never changes
MOST_CHUNK_VALUES = 64**2  # of an image, above which fewer are drawn at once: it takes seconds then as it is


@dataclass(frozen=True)
class Config:
    """Public options."""

    width: int | None = (
        None  # d, units per layer of the transformer; None is chosen from the size of the images and the device
    )
    depth: int | None = None  # its layers
    hidden: int | None = None  # units between a patch and each of its values
    patch: int | None = None  # p, pixels of a patch's side
    mixture: int = 8  # logistics per value
    dropout: float | None = None  # None is 0.2 for few images, 0.05 on a GPU, which sees them often, else 0
    memory: float = 0.6  # bound on the AUC of the loss attack, 0.5 to 1
    validation: float = 0.05  # share of images held back for early stopping
    batch: int | None = None  # None is chosen from the size of the images and the device
    learning_rate: float = 2e-3
    weight_decay: float = 5e-2

    def __post_init__(self) -> None:
        options.check(self)
        if self.width is not None and self.width % HEAD_UNITS:
            raise GeneratorError(f"expected width to be a multiple of {HEAD_UNITS}, found {self.width}; correct it")


class Model(nn.Module):
    """The distribution of every value given those before it; forward returns -log p of each image, in nats per
    value.
    """

    real: Tensor  # [T, m], whether a patch's value lies inside the image
    rank: Tensor  # int64 [256], of each pixel value among those in use
    value: Tensor  # int64 [256], of each rank

    def __init__(self, form: ImageForm, config: Config) -> None:
        super().__init__()
        self.form, self.patches = form, Patches(form.channels, form.height, form.width, settled(config.patch))
        self.net = PatchTransformer(
            self.patches,
            len(form.classes),
            width=settled(config.width),
            depth=settled(config.depth),
            hidden=settled(config.hidden),
            outputs=3 * config.mixture,
            dropout=settled(config.dropout),
        )
        self.register_buffer("real", self.patches.real(), persistent=False)
        self.levels = 256  # pixel values in use
        self.register_buffer("rank", torch.arange(256))
        self.register_buffer("value", torch.arange(256))
        with torch.no_grad():
            # the means
            self.net.last_bias[:, config.mixture : 2 * config.mixture] = torch.linspace(-1, 1, config.mixture)

    def start(self, x: Tensor) -> None:
        """Note which pixel values are in use among packed images x [N, C H W + 2]; the others count as the nearest
        of them.
        """
        pixels = self.form.unpack(x)[0].flatten(1)
        images = torch.tensor([int((pixels == value).any(1).sum()) for value in range(256)])
        used = (images >= min(LEAST_IMAGES_PER_VALUE, len(x))).nonzero()[:, 0]
        if len(used):
            self.rank.copy_((torch.arange(256)[:, None] - used).abs().argmin(1))
            self.value[: len(used)] = used
        self.levels = int(self.rank[-1]) + 1

    def _load_from_state_dict(self, *args: Any, **kwargs: Any) -> None:
        super()._load_from_state_dict(*args, **kwargs)
        self.levels = int(self.rank[-1]) + 1

    def place(self, rank: Tensor) -> Tensor:
        """Ranks 0..K - 1 -> [-1, 1]."""
        return 2 * rank.float() / max(self.levels - 1, 1) - 1

    def forward(self, x: Tensor) -> Tensor:
        """Packed images x [B, C H W + 2] -> -log p(x | label) / (C H W) in nats, [B]."""
        pixels, y = self.form.unpack(x)
        r = self.patches.split(self.rank[pixels.long()])
        with torch.autocast(x.device.type, torch.bfloat16, enabled=self.training and devices.half(x.device)):
            parameters = self.net(self.place(r) * self.real, y)
        return -(self.log_mass(parameters.float(), r) * self.real).sum((1, 2)) / self.form.values

    def _mixture(self, parameters: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        share, mean, scale = parameters.chunk(3, -1)
        return share.log_softmax(-1), mean, scale.clamp(min=LEAST_LOG_SCALE)

    def log_mass(self, parameters: Tensor, r: Tensor) -> Tensor:
        """Log probability of ranks r [...] under parameters [..., 3 M].

        log sum_k pi_k (S((x + h - mu_k) / s_k) - S((x - h - mu_k) / s_k)), S the logistic function, 2 h the distance of
        two ranks
        """
        share, mean, log_scale = self._mixture(parameters)
        h = 1 / max(self.levels - 1, 1)
        x, r, inverse = self.place(r)[..., None], r[..., None], torch.exp(-log_scale)
        up, down = (x + h - mean) * inverse, (x - h - mean) * inverse
        # S(a) - S(b) = S(a) S(-b) (1 - exp(b - a)): no digits are lost far from the mean
        between = logsigmoid(up) + logsigmoid(-down) + torch.log(-torch.expm1(-(2 * h * inverse).clamp(min=1e-6)))
        log_p = torch.where(r == 0, -softplus(-up), torch.where(r == self.levels - 1, -softplus(down), between))
        return torch.logsumexp(share + log_p, -1) if self.levels > 1 else 0 * parameters.sum(-1)

    def cdf(self, parameters: Tensor, r: Tensor) -> Tensor:
        """Parameters [..., 3 M], ranks r [...] -> P(rank <= r), float64 [...]; 0 below the first rank, 1 from the
        last on.
        """
        share, mean, log_scale = self._mixture(parameters.double())
        end = (self.place(r).double() + 1 / max(self.levels - 1, 1))[..., None]
        below = (share.exp() * torch.sigmoid((end - mean) * torch.exp(-log_scale))).sum(-1)
        return torch.where(r < 0, 0.0, torch.where(r >= self.levels - 1, 1.0, below))

    def invert(self, parameters: Tensor, u: Tensor) -> Tensor:
        """Parameters [B, 3 M], uniforms u [B] -> the first rank r with P(rank <= r) > u, found by halving: [B]."""
        low, high = torch.zeros_like(u, dtype=torch.int64), torch.full_like(u, self.levels - 1, dtype=torch.int64)
        for _ in range(math.ceil(math.log2(self.levels))):
            middle = (low + high) // 2
            above = self.cdf(parameters, middle) > u
            low, high = torch.where(above, low, middle + 1).minimum(high), torch.where(above, middle, high)
        return low

    def draw(self, y: Tensor, stream: torch.Generator) -> Tensor:
        """Labels y [B] -> images uint8 [B, C, H, W]."""
        u = torch.rand(len(y), self.patches.T, self.patches.m, generator=stream, dtype=torch.float64)
        return self.image(y.to(self.rank.device), u.to(self.rank.device))

    @torch.no_grad()
    def image(self, y: Tensor, u: Tensor) -> Tensor:
        """Labels y [B], uniforms u [B, T, m] -> images uint8 [B, C, H, W], value by value."""
        patches, net, real = self.patches, self.net, self.real.tolist()  # read once: each look waits for a GPU
        r = torch.zeros_like(u, dtype=torch.int64)
        kept: list[list[Tensor]] = [[] for _ in net.layers]
        v = torch.zeros(len(y), patches.T + 1, patches.m, device=u.device)  # the last stands for no patch
        for t in range(patches.T):
            s = net.summary(v[:, net.near[t]].flatten(1)[:, None], y, t, kept)[:, 0]
            for j in range(patches.m):
                if real[t][j]:
                    r[:, t, j] = self.invert(net.value(j, v[:, t], s), u[:, t, j])
                    v[:, t, j] = self.place(r[:, t, j])
        return patches.join(self.value[r]).to(torch.uint8)

    @torch.no_grad()
    def uniforms(self, x: Tensor, stream: torch.Generator) -> Tensor:
        """Packed images x [B, C H W + 2] -> numbers u [B, T, m] that draw them, at random within what draws the
        same.
        """
        pixels, y = self.form.unpack(x)
        r = self.patches.split(self.rank[pixels.long()])
        parameters = self.net(self.place(r) * self.real, y)
        low, high = self.cdf(parameters, r - 1), self.cdf(parameters, r)
        return low + (high - low) * torch.rand(r.shape, generator=stream, dtype=torch.float64).to(r.device)


class Autoregressive(FittedImages[Config, Model]):
    """Fitted images: samples, tells likelihoods and the uniforms of an image, saves itself."""

    @property
    def chunk(self) -> int:
        """How many images are drawn at once."""
        return CHUNK_IMAGES if self.form.values <= MOST_CHUNK_VALUES else self.form.chunk

    @torch.no_grad()
    def log_prob(self, images: Images) -> np.ndarray:
        """Return log p(pixels | label) + log p(label) of each image, in nats: float64 [N]."""
        nats = []
        for x in self.form.pack(images).split(self.form.chunk):
            label = torch.tensor(self.form.shares or (1.0,), dtype=torch.float64).log()[self.form.unpack(x)[1]]
            nats.append(label - self.form.values * self.model(x.to(self.model.rank.device)).double().cpu())
        return torch.cat(nats).numpy()

    def loss(self, images: Images, *, seed: int = 0) -> np.ndarray:
        """Return -log p of each image, in nats: float64 [N] (`contract.HasLoss`); nothing is drawn, whatever the
        seed.
        """
        return -self.log_prob(images)

    def uniforms(self, images: Images, *, seed: int = 0) -> np.ndarray:
        """Return the uniform numbers that draw each image (the Rosenblatt transform), one per value: float64 [N, C
        H W].
        """
        stream, model, form = torch.Generator().manual_seed(randomness.key(seed, "uniforms")), self.model, self.form
        chunks = form.pack(images).split(form.chunk)
        drawn = [model.uniforms(x.to(model.rank.device), stream)[:, model.real].cpu() for x in chunks]
        return torch.cat(drawn).numpy()


def fit(data: Images, schema: Schema, config: Config, **how: Unpack[FitOptions]) -> Autoregressive:
    """Train on images; ValueError where a budget, a device or a privacy guarantee cannot be met."""
    form, config, model, record = _fitting.fit(FAMILY, data, config, **how)
    return Autoregressive(
        form, config, model, record | {"bits_per_dimension": round(record["validation"] / math.log(2), 4)}
    )


def restore(document: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> Autoregressive:
    """Return the model that `save` wrote."""
    return Autoregressive(*_fitting.restore(FAMILY, document, tensors))


def _settle(config: Config, form: ImageForm, images: int, device: torch.device) -> Config:
    """Fill the options left open."""
    small, fast = _fitting.small(form), device.type == "cuda"
    width = config.width or (384 if fast else 96 if small else 192)
    depth, hidden = config.depth or (8 if fast else 3 if small else 4), config.hidden or (192 if fast else 96)
    patch, batch = config.patch or (2 if small else 4), config.batch or _fitting.batch(form, device)
    dropout = config.dropout if config.dropout is not None else 0.2 if images < FEW_IMAGES else 0.05 if fast else 0.0
    return replace(config, width=width, depth=depth, hidden=hidden, patch=patch, batch=batch, dropout=dropout)


def _plan(config: Config, form: ImageForm, device: torch.device, images: int) -> Plan:
    batch = settled(config.batch)
    epoch = max(1, images // batch)  # steps
    return Plan(
        replayed=True,
        learning_rate=config.learning_rate,
        weight_decay=config.weight_decay,
        memory=config.memory,
        batch=batch,
        steps=int(np.clip(40 * epoch, 1000, 4000)) * (4 if device.type == "cuda" else 1),
        evaluate_every=int(np.clip(epoch, 50, 250)),
        ema=0.998,
        chunk=batch,  # the mixtures of more images at once are slower: they leave the cache
    )


FAMILY = ImageFamily("image.autoregressive", Config, Model, _settle, _plan)
