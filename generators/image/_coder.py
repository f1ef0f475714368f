"""The networks of image.autoencoder: convolutions from an image to a latent and back."""

import math

import torch
from torch import Tensor, nn
from torch.nn.functional import pad

LOWEST_CODER_SIDE = 4  # pixels of a side of the lowest level


class ImageEncoder(nn.Module):
    """x [B, C, H, W] -> z [B, d] of mean 0 and variance 1 over its coordinates."""

    def __init__(self, shape: tuple[int, int, int], width: int, latent: int) -> None:
        super().__init__()
        levels, base = _levels(shape)
        self.unit, self.latent = 2**levels, latent
        layers, c = [nn.Conv2d(shape[0], width, 3, padding=1), nn.SiLU()], width
        for _ in range(levels):
            layers += [nn.Conv2d(c, 2 * width, 4, stride=2, padding=1), nn.SiLU()]
            c = 2 * width
        self.body, self.out = nn.Sequential(*layers), nn.Linear(c * base[0] * base[1], latent)

    def forward(self, x: Tensor) -> Tensor:
        H, W = x.shape[2:]
        h = self.body(pad(x, (0, -W % self.unit, 0, -H % self.unit), mode="replicate"))
        return nn.functional.layer_norm(self.out(h.flatten(1)), (self.latent,))


class ImageDecoder(nn.Module):
    """z [B, d] -> logits of the brightness of every value, [B, C, H, W]."""

    def __init__(self, shape: tuple[int, int, int], width: int, latent: int) -> None:
        super().__init__()
        levels, base = _levels(shape)
        c = 2 * width if levels else width
        self.shape, self.base, self.into = shape, (c, *base), nn.Linear(latent, c * base[0] * base[1])
        layers: list[nn.Module] = [nn.SiLU()]
        for level in range(levels):
            d = width if level == levels - 1 else 2 * width
            layers += [nn.Upsample(scale_factor=2), nn.Conv2d(c, d, 3, padding=1), nn.SiLU()]
            c = d
        self.body, self.out = nn.Sequential(*layers), nn.Conv2d(c, shape[0], 3, padding=1)

    def forward(self, z: Tensor) -> Tensor:
        h = self.body(self.into(z).view(len(z), *self.base))
        return self.out(h)[:, :, : self.shape[1], : self.shape[2]]


def _levels(shape: tuple[int, int, int]) -> tuple[int, tuple[int, int]]:
    """Return how often the size is halved, and what is left of it."""
    levels = max(0, int(math.log2(min(shape[1:]) / LOWEST_CODER_SIDE)))
    return levels, tuple(math.ceil(side / 2**levels) for side in shape[1:])


def brightness_loss(logits: Tensor, x: Tensor) -> Tensor:
    """Cross-entropy between brightness x in [0, 1] and its estimate, less the least it can be: nats per value, [B]."""
    entropy = -(torch.xlogy(x, x) + torch.xlogy(1 - x, 1 - x))
    return (nn.functional.binary_cross_entropy_with_logits(logits, x, reduction="none") - entropy).flatten(1).mean(1)
