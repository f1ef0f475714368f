"""The network of image.autoregressive: a causal transformer over patches, and the values inside each patch one after
another.

Patch p attends to the patches before it (raster order) and sees the values of those that touch it; within a patch,
value j sees the values before it. All values of all patches are predicted at once in training; in drawing, keys and
values of earlier patches are kept, so that an image of T patches costs T passes over one patch each.
"""

import math

import torch
from torch import Tensor, nn
from torch.nn.functional import pad, silu

from launderette.generators.networks.attention import attend

HEAD_UNITS = 32  # units of an attention head
NEIGHBOUR_OFFSETS = (0, -1), (-1, 0), (-1, -1), (-1, 1)  # patches that touch a patch and come before it: row, column


class Patches:
    """Images [B, C, H, W] <-> values [B, T, m] of T patches of p x p pixels in raster order, each pixel after pixel."""

    def __init__(self, channels: int, height: int, width: int, p: int) -> None:
        self.channels, self.height, self.width, self.p = channels, height, width, p
        self.rows, self.columns = -(-height // p), -(-width // p)
        self.T, self.m = self.rows * self.columns, p * p * channels

    def split(self, x: Tensor) -> Tensor:
        p = self.p
        x = pad(x, (0, self.columns * p - self.width, 0, self.rows * p - self.height))
        x = x.view(len(x), self.channels, self.rows, p, self.columns, p)
        return x.permute(0, 2, 4, 3, 5, 1).reshape(len(x), self.T, self.m)

    def join(self, v: Tensor) -> Tensor:
        p = self.p
        x = v.view(len(v), self.rows, self.columns, p, p, self.channels).permute(0, 5, 1, 3, 2, 4)
        return x.reshape(len(v), self.channels, self.rows * p, self.columns * p)[:, :, : self.height, : self.width]

    def real(self) -> Tensor:
        """Return which values of the patches lie in the image, not in the padding: bool [T, m]."""
        return self.split(torch.ones(1, self.channels, self.height, self.width))[0] > 0

    def neighbours(self) -> Tensor:
        """Return the numbers of the patches that touch each one and come before it, T where there is none: [T, 4]."""
        row, column = torch.arange(self.T) // self.columns, torch.arange(self.T) % self.columns
        found = []
        for down, right in NEIGHBOUR_OFFSETS:
            r, c = row + down, column + right
            found.append(torch.where((r >= 0) & (c >= 0) & (c < self.columns), r * self.columns + c, self.T))
        return torch.stack(found, 1)


class Layer(nn.Module):
    """Causal self-attention and a feed-forward part, each added to what comes in."""

    def __init__(self, d: int, dropout: float) -> None:
        super().__init__()
        self.heads = d // HEAD_UNITS
        self.norm, self.qkv, self.out = nn.LayerNorm(d), nn.Linear(d, 3 * d), nn.Linear(d, d)
        wider, narrower = nn.Linear(d, 4 * d), nn.Linear(4 * d, d)
        self.feed = nn.Sequential(nn.LayerNorm(d), wider, nn.GELU(), narrower)
        self.dropout = nn.Dropout(dropout)
        for last in (self.out, narrower):
            nn.init.zeros_(last.weight)

    def forward(self, h: Tensor, kept: list[Tensor] | None = None) -> Tensor:
        """h [B, T, d] -> [B, T, d]; with `kept`, the keys and values of earlier patches, h is the next one [B, 1,
        d].
        """
        B, T, d = h.shape
        q, k, v = self.qkv(self.norm(h)).view(B, T, 3, self.heads, HEAD_UNITS).permute(2, 0, 3, 1, 4)
        if kept is not None:
            k, v = (
                torch.cat([before, new], 2)
                for before, new in zip(kept or (k[:, :, :0], v[:, :, :0]), (k, v), strict=True)
            )
            kept[:] = [k, v]
        seen = attend(q, k, v, causal=kept is None)
        h = h + self.dropout(self.out(seen.transpose(1, 2).reshape(B, T, d)))
        return h + self.dropout(self.feed(h))


class PatchTransformer(nn.Module):
    """Values of an image -> for each value the parameters of its distribution given those before it."""

    near: Tensor  # int64 [T, 4], the patches that touch each one before it, T where there is none
    before: Tensor  # [m, m, 1], 1 where value j sees value i < j

    def __init__(
        self, patches: Patches, classes: int, *, width: int, depth: int, hidden: int, outputs: int, dropout: float
    ) -> None:
        super().__init__()
        m, n = patches.m, len(NEIGHBOUR_OFFSETS)
        self.m = m
        self.register_buffer("near", patches.neighbours(), persistent=False)
        self.label, self.place = (
            nn.Embedding(max(1, classes), width),
            nn.Parameter(0.02 * torch.randn(patches.T, width)),
        )
        self.into = nn.Linear(n * m, width)
        self.layers = nn.ModuleList(Layer(width, dropout) for _ in range(depth))
        self.norm = nn.LayerNorm(width)
        self.context = nn.Linear(width + n * m, hidden)
        self.register_buffer("before", torch.ones(m, m).tril(-1)[:, :, None], persistent=False)
        self.inside = nn.Parameter(torch.randn(m, m, hidden) / math.sqrt(m))
        self.bias = nn.Parameter(torch.zeros(m, hidden))
        self.first = nn.Parameter(torch.randn(m, hidden, hidden) / math.sqrt(hidden))
        self.last = nn.Parameter(torch.randn(m, hidden, outputs) * 0.1 / math.sqrt(hidden))
        self.last_bias = nn.Parameter(torch.zeros(m, outputs))

    def around(self, v: Tensor) -> Tensor:
        """Values v [B, T, m] -> those of the patches that touch each one before it, [B, T, 4 m]; zeros where there
        is none.
        """
        return pad(v, (0, 0, 0, 1))[:, self.near].flatten(2)

    def summary(
        self, around: Tensor, y: Tensor, t: int | None = None, kept: list[list[Tensor]] | None = None
    ) -> Tensor:
        """What each patch knows before its first value: [B, T, hidden]; with `kept` only that of patch t."""
        place = self.place if t is None else self.place[t]
        h = self.into(around) + place + self.label(y)[:, None]
        for number, layer in enumerate(self.layers):
            h = layer(h, None if kept is None else kept[number])
        return self.context(torch.cat([self.norm(h), around], -1))

    def forward(self, v: Tensor, y: Tensor) -> Tensor:
        """Values v [B, T, m] in [-1, 1], labels y [B] -> parameters [B, T, m, outputs]."""
        around = self.around(v)
        s = self.summary(around, y).flatten(0, 1)
        h = silu(torch.einsum("bi,jih->jbh", v.flatten(0, 1), self.inside * self.before) + self.bias[:, None] + s)
        h = silu(torch.baddbmm(h, h, self.first))
        return torch.baddbmm(self.last_bias[:, None], h, self.last).transpose(0, 1).reshape(*v.shape, -1)

    def value(self, j: int, v: Tensor, s: Tensor) -> Tensor:
        """Parameters of value j of one patch, given its values v [B, m] of which the first j count, and its summary
        s [B, hidden].
        """
        h = silu(v[:, :j] @ self.inside[j, :j] + self.bias[j] + s)
        h = silu(h + h @ self.first[j])
        return h @ self.last[j] + self.last_bias[j]
