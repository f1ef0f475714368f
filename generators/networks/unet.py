"""The network of image.diffusion: a small U-Net with attention where the image is small, on unshuffled pixels.

Residual blocks with group norm, scaled and shifted by the noise level and the label (Dhariwal & Nichol 2021, arXiv
2105.05233); each begins as the identity. Pixels are unshuffled p x p into channels first, which costs little quality
and p^2 less time.
"""

import math

import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, interpolate, pad, pixel_shuffle, pixel_unshuffle, silu

from launderette.generators.networks.attention import attend

HEAD_CHANNELS = 32  # channels of an attention head
MOST_ATTENTION_SIDE = 14  # pixels of a side up to which attention is used
LOWEST_UNET_SIDE = 4  # pixels of a side of the lowest level


class ConditionEmbedding(nn.Module):
    """Noise level, label and further numbers -> one vector [B, e]."""

    frequency: Tensor  # [e / 4]

    def __init__(self, e: int, labels: int, augmentation: int) -> None:
        super().__init__()
        self.register_buffer("frequency", torch.exp(torch.linspace(0, math.log(1000), e // 4)) / 4, persistent=False)
        self.level, self.out = nn.Linear(e // 2, e), nn.Linear(e, e)
        self.label = nn.Embedding(labels, e)
        self.augmentation = nn.Linear(augmentation, e, bias=False)

    def forward(self, level: Tensor, y: Tensor, augmentation: Tensor) -> Tensor:
        """Level [B], labels y [B], augmentation [B, t] -> [B, e]."""
        phase = level[:, None] * self.frequency
        e = self.level(torch.cat([phase.cos(), phase.sin()], 1)) + self.label(y) + self.augmentation(augmentation)
        return silu(self.out(silu(e)))


class Attention(nn.Module):
    """Self-attention over the pixels, added to what comes in; nothing before training."""

    def __init__(self, c: int) -> None:
        super().__init__()
        self.heads = next(heads for heads in range(max(1, c // HEAD_CHANNELS), 0, -1) if c % heads == 0)
        self.norm, self.qkv, self.out = _norm(c), nn.Conv2d(c, 3 * c, 1), _zero(nn.Conv2d(c, c, 1))

    def forward(self, x: Tensor) -> Tensor:
        B, c, h, w = x.shape
        q, k, v = self.qkv(self.norm(x)).reshape(B, 3, self.heads, c // self.heads, h * w).transpose(3, 4).unbind(1)
        return x + self.out(attend(q, k, v).transpose(2, 3).reshape(B, c, h, w))


class ResidualBlock(nn.Module):
    """Two convolutions with a skip connection, the second under the embedding's scale and shift, then attention
    where asked for.
    """

    def __init__(self, c: int, d: int, e: int, dropout: float, attention: bool) -> None:
        super().__init__()
        self.first_norm, self.first = _norm(c), nn.Conv2d(c, d, 3, padding=1)
        self.affine = nn.Linear(e, 2 * d)
        self.second_norm, self.dropout, self.second = (
            _norm(d),
            nn.Dropout(dropout),
            _zero(nn.Conv2d(d, d, 3, padding=1)),
        )
        self.skip = nn.Identity() if c == d else nn.Conv2d(c, d, 1)
        self.attention = Attention(d) if attention else nn.Identity()

    def forward(self, x: Tensor, e: Tensor) -> Tensor:
        h = self.first(silu(self.first_norm(x)))
        scale, shift = self.affine(e)[:, :, None, None].chunk(2, 1)
        h = self.second(self.dropout(silu(torch.addcmul(shift, self.second_norm(h), scale + 1))))
        return self.attention(self.skip(x) + h)


class UNet(nn.Module):
    """Noisy images and what they may have been -> what is to be added to the latter, F(x; level, label)."""

    def __init__(
        self,
        shape: tuple[int, int, int],
        labels: int,
        augmentation: int,
        *,
        width: int,
        patch: int,
        blocks: int,
        dropout: float,
    ) -> None:
        super().__init__()
        channels, *sides = shape
        self.patch, small = patch, min(sides) // patch
        self.levels = 2 if small < 4 * LOWEST_UNET_SIDE else 3
        e, widths = 4 * width, [width * min(2, 2**level) for level in range(self.levels)]
        attends = [
            max(sides) // (patch * 2**level) <= MOST_ATTENTION_SIDE and level > 0 for level in range(self.levels)
        ]
        self.embedding = ConditionEmbedding(e, labels, augmentation)
        self.into = nn.Conv2d(2 * channels * patch**2, width, 3, padding=1)
        self.down, self.up, c, skips = nn.ModuleList(), nn.ModuleList(), width, [width]
        for level, d in enumerate(widths):
            for _ in range(blocks):
                self.down.append(ResidualBlock(c, d, e, dropout, attends[level]))
                c = d
                skips.append(c)
        self.middle = ResidualBlock(c, c, e, dropout, True)
        for level, d in reversed(list(enumerate(widths))):
            for _ in range(blocks + (level == 0)):
                self.up.append(ResidualBlock(c + skips.pop(), d, e, dropout, attends[level]))
                c = d
        self.norm, self.out = _norm(c), _zero(nn.Conv2d(c, channels * patch**2, 3, padding=1))
        self.blocks = blocks

    def forward(self, x: Tensor, level: Tensor, y: Tensor, augmentation: Tensor) -> Tensor:
        """x [B, 2 C, H, W], level [B], labels y [B], augmentation [B, t] -> [B, C, H, W]."""
        H, W = x.shape[2:]
        unit, e = self.patch * 2 ** (self.levels - 1), self.embedding(level, y, augmentation)
        x = self.into(pixel_unshuffle(pad(x, (0, -W % unit, 0, -H % unit), mode="replicate"), self.patch))
        kept = [x]
        for number, block in enumerate(self.down):
            if number and number % self.blocks == 0:
                x = avg_pool2d(x, 2)
            x = block(x, e)
            kept.append(x)
        x = self.middle(x, e)
        for block in self.up:
            skip = kept.pop()
            if skip.shape[2] > x.shape[2]:
                x = interpolate(x, scale_factor=2.0)
            x = block(torch.cat([x, skip], 1), e)
        return pixel_shuffle(self.out(silu(self.norm(x))), self.patch)[:, :, :H, :W]


def _norm(c: int) -> nn.GroupNorm:
    return nn.GroupNorm(math.gcd(8, c), c)


def _zero(layer: nn.Conv2d) -> nn.Conv2d:
    for parameter in layer.parameters():
        nn.init.zeros_(parameter)
    return layer
