"""Generator and discriminator of image.gan: residual networks without normalisation (R3GAN, Huang et al. 2024, arXiv
2501.05441).

A block widens by a 1 x 1 convolution, mixes neighbours in groups of channels, and narrows again; it begins as the
identity. Weights start as N(0, g^2 / fan_in) with g = sqrt(2 / (1 + 0.2^2)) L^(-1/4) for L blocks. Images are seen in p
x p unshuffled pixels.
"""

import math

import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, interpolate, leaky_relu, pad, pixel_shuffle, pixel_unshuffle

LEAKY_SLOPE = 0.2
GROUP_CHANNELS = 16  # channels that a 3 x 3 convolution mixes
LOWEST_STAGE_SIDE = 4  # pixels of a side of the lowest stage


class ConvolutionBlock(nn.Module):
    """1 x 1, grouped 3 x 3, 1 x 1, added to what comes in."""

    def __init__(self, c: int) -> None:
        super().__init__()
        self.widen, self.narrow = nn.Conv2d(c, 2 * c, 1), nn.Conv2d(2 * c, c, 1, bias=False)
        self.mix = nn.Conv2d(2 * c, 2 * c, 3, padding=1, groups=max(1, 2 * c // GROUP_CHANNELS))

    def forward(self, x: Tensor) -> Tensor:
        return x + self.narrow(leaky_relu(self.mix(leaky_relu(self.widen(x), LEAKY_SLOPE)), LEAKY_SLOPE))


class ImageGenerator(nn.Module):
    """Noise and label -> image in [-1, 1], roughly: the last layer is linear."""

    def __init__(
        self, shape: tuple[int, int, int], classes: int, noise: int, width: int, blocks: int, patch: int
    ) -> None:
        super().__init__()
        self.shape, self.patch = shape, patch
        stages, base = _stages(shape, patch)
        self.label = nn.Embedding(max(1, classes), noise)
        self.basis = nn.Parameter(torch.randn(width, *base))
        self.first = nn.Linear(2 * noise, width)
        self.stages = _residual_stages(width, blocks, stages)
        self.out = nn.Conv2d(width, shape[0] * patch**2, 1)
        _begin(self, stages * blocks)

    def forward(self, z: Tensor, y: Tensor) -> Tensor:
        """z [B, n], labels y [B] -> [B, C, H, W]."""
        _, H, W = self.shape
        x = self.basis * self.first(torch.cat([z, self.label(y)], 1))[:, :, None, None]
        for number, stage in enumerate(self.stages):
            x = stage(interpolate(x, scale_factor=2.0, mode="bilinear") if number else x)
        return pixel_shuffle(self.out(x), self.patch)[:, :, :H, :W]


class ImageDiscriminator(nn.Module):
    """Image and label -> logit: the projection of what is seen on the label's vector (Miyato & Koyama 2018, arXiv
    1802.05637).
    """

    def __init__(self, shape: tuple[int, int, int], classes: int, width: int, blocks: int, patch: int) -> None:
        super().__init__()
        self.patch = patch
        stages, base = _stages(shape, patch)
        self.unit = patch * 2 ** (stages - 1)
        self.into = nn.Conv2d(shape[0] * patch**2, width, 1)
        self.stages = _residual_stages(width, blocks, stages)
        self.last, self.seen = nn.Conv2d(width, width, base, groups=width, bias=False), nn.Linear(width, width)
        self.label = nn.Embedding(max(1, classes), width)
        _begin(self, stages * blocks)

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        """x [B, C, H, W], labels y [B] -> logits [B]."""
        H, W = x.shape[2:]
        x = self.into(pixel_unshuffle(pad(x, (0, -W % self.unit, 0, -H % self.unit), mode="replicate"), self.patch))
        for number, stage in enumerate(self.stages):
            x = stage(avg_pool2d(x, 2) if number else x)
        seen = self.seen(self.last(x).flatten(1))
        return (seen * self.label(y)).sum(1) / math.sqrt(seen.shape[1])


def _residual_stages(width: int, blocks: int, stages: int) -> nn.ModuleList:
    return nn.ModuleList(nn.Sequential(*(ConvolutionBlock(width) for _ in range(blocks))) for _ in range(stages))


def _stages(shape: tuple[int, int, int], patch: int) -> tuple[int, tuple[int, int]]:
    """Return the number of stages, each of twice the size of the one before, and the size of the first."""
    sides = [math.ceil(side / patch) for side in shape[1:]]
    stages = 1 + max(0, int(math.log2(min(sides) / LOWEST_STAGE_SIDE)))
    return stages, tuple(math.ceil(side / 2 ** (stages - 1)) for side in sides)


@torch.no_grad()
def _begin(net: nn.Module, blocks: int) -> None:
    gain = math.sqrt(2 / (1 + LEAKY_SLOPE**2)) * blocks ** (-1 / 4)
    for module in net.modules():
        if isinstance(module, nn.Conv2d | nn.Linear):
            module.weight.normal_(0, gain / math.sqrt(module.weight[0].numel()))
            if module.bias is not None:
                module.bias.zero_()
        if isinstance(module, ConvolutionBlock):
            module.narrow.weight.zero_()
