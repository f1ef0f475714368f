"""A set of images as a value: pixels, and the label of each where they have labels. What a model keeps of it: size,
labels, shares.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import adaptive_avg_pool2d

from launderette.generators.contract import Where
from launderette.generators.data.schema import Categorical, Image, Schema
from launderette.generators.errors import GeneratorError, check_count
from launderette.generators.training import randomness

IMAGE_COLUMN = "image"
LABEL_COLUMN = "label"
LEAST_SIDE, MOST_SIDE = 4, 256  # pixels of a side
MOST_IMAGE_LABELS = 2**16  # a label is packed into two bytes
THUMBNAIL_SIDE = 8  # pixels of a side, by which it is told which images are alike
DRAWN_VALUES = 2**17  # values drawn at once; fixed, so that an image's arithmetic never changes


@dataclass(frozen=True, eq=False)
class Images:
    """Pixels uint8 [N, H, W, C], grey (C = 1) or RGB (C = 3), and labels [N], texts or integers, None where there
    are none; lists of these too.
    """

    pixels: np.ndarray
    labels: np.ndarray | None = None

    def __post_init__(self) -> None:
        for name in ("pixels", "labels"):
            if not isinstance(own := getattr(self, name), np.ndarray | None):
                object.__setattr__(self, name, np.asarray(own))
        shape = self.pixels.shape
        if self.pixels.dtype != np.uint8 or len(shape) != 4 or shape[3] not in (1, 3):
            raise GeneratorError(f"expected pixels uint8 [N, H, W, 1 or 3], found {self.pixels.dtype} {list(shape)}")
        if not all(LEAST_SIDE <= side <= MOST_SIDE for side in shape[1:3]):
            wanted = f"expected images of {LEAST_SIDE} to {MOST_SIDE} pixels a side"
            raise GeneratorError(f"{wanted}, found {shape[1]} x {shape[2]}; resize them")
        if self.labels is not None and self.labels.shape != shape[:1]:
            raise GeneratorError(f"expected one label per image ({shape[0]}), found {len(self.labels)}")

    def __len__(self) -> int:
        return len(self.pixels)

    def take(self, rows: np.ndarray) -> "Images":
        """Return the images of these numbers."""
        return Images(self.pixels[rows], None if self.labels is None else self.labels[rows])

    @property
    def schema(self) -> Schema:
        return ImageForm.of(self).schema


@dataclass(frozen=True)
class ImageForm:
    """Size of the images, and their labels with the share of each; no label where `classes` is empty."""

    height: int
    width: int
    channels: int
    classes: tuple[Any, ...] = ()
    shares: tuple[float, ...] = ()

    @classmethod
    def of(cls, images: Images) -> "ImageForm":
        """Return the form of a set of images; ValueError for one without images, with labels of several kinds, or more
        of them than can be kept.
        """
        if not len(images):
            raise GeneratorError("expected images, found none")
        height, width, channels = images.pixels.shape[1:]
        if images.labels is None:
            return cls(height, width, channels)
        try:
            classes, counts = np.unique(images.labels, return_counts=True)
        except TypeError:
            kinds = ", ".join(sorted({type(label).__name__ for label in images.labels}))
            raise GeneratorError(f"expected labels that are all texts or all integers, found {kinds}") from None
        if len(classes) > MOST_IMAGE_LABELS:
            raise GeneratorError(f"expected at most {MOST_IMAGE_LABELS:,} labels, found {len(classes):,}")
        return cls(height, width, channels, tuple(classes.tolist()), tuple((counts / counts.sum()).tolist()))

    @classmethod
    def from_dict(cls, document: Mapping[str, Any]) -> "ImageForm":
        """Read what `to_dict` wrote."""
        form = cls(**document)
        return replace(form, classes=tuple(form.classes), shares=tuple(form.shares))

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @property
    def schema(self) -> Schema:
        image = Image(IMAGE_COLUMN, self.height, self.width, self.channels)
        return Schema(
            (
                image,
                *([Categorical(LABEL_COLUMN, self._labels(np.zeros(0, "int64")).dtype.name)] if self.classes else []),
            )
        )

    @property
    def shape(self) -> tuple[int, int, int]:
        """Channels, height and width."""
        return self.channels, self.height, self.width

    @property
    def values(self) -> int:
        return self.height * self.width * self.channels

    @property
    def chunk(self) -> int:
        """How many images are drawn at once: a power of two."""
        return int(2 ** np.clip(np.log2(DRAWN_VALUES / self.values) // 1, 4, 7))

    def _labels(self, y: np.ndarray) -> np.ndarray:
        return np.array(self.classes, dtype="int64" if isinstance(self.classes[0], int) else object)[y]

    def pack(self, images: Images) -> Tensor:
        """Images -> uint8 [N, C H W + 2]: pixels, then the number of the label; ValueError for images of another
        form.
        """
        if images.pixels.shape[1:] != (self.height, self.width, self.channels) or (images.labels is None) != (
            not self.classes
        ):
            raise GeneratorError(
                f"expected images of {self.height} x {self.width} x {self.channels} as the model's, found others"
            )
        pixels = np.ascontiguousarray(images.pixels.transpose(0, 3, 1, 2)).reshape(len(images), self.values)
        y = np.zeros(len(images), "int64") if images.labels is None else self._numbers(images.labels)
        return torch.from_numpy(
            np.concatenate([pixels, (y // 256)[:, None], (y % 256)[:, None]], 1, dtype=np.uint8, casting="unsafe")
        )

    def _numbers(self, labels: np.ndarray) -> np.ndarray:
        place = {str(label): k for k, label in enumerate(self.classes)}  # another source may hold numbers as texts
        texts = [str(label) for label in labels.tolist()]
        if unknown := set(texts) - place.keys():
            raise GeneratorError(f"expected labels that the model has learned, found {len(unknown)} others")
        return np.array([place[text] for text in texts], dtype="int64")

    def unpack(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Packed x [B, C H W + 2] -> pixels uint8 [B, C, H, W] and label numbers [B]."""
        pixels = x[:, : self.values].view(-1, self.channels, self.height, self.width)
        return pixels, x[:, -2].long() * 256 + x[:, -1].long()

    def coordinates(self, x: Tensor) -> Tensor:
        """Return packed images [N, C H W + 2] as points, float32 [N, D]: thumbnails, values from 0 to 1."""
        sides = min(self.height, THUMBNAIL_SIDE), min(self.width, THUMBNAIL_SIDE)
        small = [adaptive_avg_pool2d(self.unpack(part)[0].float(), sides) for part in x.split(self.chunk)]
        return torch.cat(small).flatten(1) / 255

    def known(self, where: Where) -> int | None:
        """Return the number of the label that a condition names, None without one; ValueError where no image could
        meet it.
        """
        if not where:
            return None
        if set(where) != {LABEL_COLUMN} or not self.classes:
            raise GeneratorError(
                f"expected a condition on the {LABEL_COLUMN} of labelled images, found one on {sorted(map(str, where))}"
            )
        texts = [str(label) for label in self.classes]
        if str(where[LABEL_COLUMN]) not in texts:
            raise GeneratorError("expected a condition on a label that the training images have, found another")
        return texts.index(str(where[LABEL_COLUMN]))

    def sample(
        self, n: int, seed: int, where: Where | None, draw: Callable[[Tensor, torch.Generator], Tensor], chunk: int
    ) -> Images:
        """Draw exactly n images: draw(label numbers [chunk], stream) -> uint8 [chunk, C, H, W]; image i depends on
        seed and i alone.
        """
        check_count(n, "images")
        known = self.known(where or {})
        parts, numbers = [np.zeros((0, self.channels, self.height, self.width), np.uint8)], [np.zeros(0, "int64")]
        for first in range(0, n, chunk):
            y = self._drawn_labels(seed, first, chunk, known)
            stream = torch.Generator().manual_seed(randomness.key(seed, "images", first))
            parts.append(draw(torch.from_numpy(y), stream).cpu().numpy()[: n - first])
            numbers.append(y[: n - first])
        pixels = np.ascontiguousarray(np.concatenate(parts).transpose(0, 2, 3, 1))
        return Images(pixels, self._labels(np.concatenate(numbers)) if self.classes else None)

    def _drawn_labels(self, seed: int, first: int, count: int, known: int | None) -> np.ndarray:
        if known is not None or not self.classes:
            return np.full(count, known or 0)
        u = randomness.row_uniforms(seed, first, count, 1)[:, 0]
        return np.searchsorted(np.cumsum(self.shares)[:-1], u, side="right")


def to_unit(pixels: Tensor) -> Tensor:
    """Pixels 0..255 -> [-1, 1]."""
    return pixels.float() / 127.5 - 1


def to_pixels(x: Tensor) -> Tensor:
    """[-1, 1] -> the nearest pixels, uint8."""
    return ((x.float() + 1) * 127.5).round().clamp(0, 255).to(torch.uint8)
