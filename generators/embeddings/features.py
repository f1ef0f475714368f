"""Features of an image that are summed over the images of a label: one, its low frequencies, and their products.

An image takes a place in the sums of its label alone, and that of an image is bounded by what is public, its size: no
image is clipped, and none changes what another adds. All of them are whole numbers, so sums are exact in whatever order
they are made, and noise on them can be exact too (privacy/noise.py).

With x in [-255, 255] the pixels, u = round(x C) the coefficients of a cosine transform, scaled to |u| <= R, and s the
upper triangle of u u^T, its diagonal times 5 and the rest times 7 (nearly 5 roots of 2: |s| is nearly 5 |u|^2):

|(a, b u, s)|^2 <= a^2 + b^2 R^2 + 25 R^4
"""

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from launderette.generators.data.images import ImageForm

MOST_COEFFICIENTS = 100
CHROMA = 4  # frequencies of a side that the second and third parts of a colour count for, each
BASIS_UNITS = 2**20  # of a whole number in the transform
LENGTH = 2**12  # R, about: the greatest length of an image's coefficients
SQUARE_WEIGHT, PRODUCT_WEIGHT = 5, 7  # weights of the products
COUNT_SHARE, MEAN_SHARE, PRODUCTS_SHARE = 0.09, 0.42, 0.49  # of the squared length
CHUNK_VALUES = 2**24  # pixels that are transformed at once


@dataclass(frozen=True)
class Sums:
    """Sums over the images of each of C labels: how many there are [C], their coefficients [C, K] and the products of
    these [C, K, K], divided by what they were multiplied by, and the standard deviation of the noise on each of them;
    that on a product of two different coefficients is PRODUCT_WEIGHT / SQUARE_WEIGHT times less than the one stated.
    """

    count: np.ndarray
    first: np.ndarray
    second: np.ndarray
    noise: tuple[float, float, float] = (0.0, 0.0, 0.0)


@dataclass(frozen=True)
class Features:
    """The features of images of one size."""

    height: int
    width: int
    channels: int

    @classmethod
    def of(cls, form: ImageForm) -> "Features":
        return cls(form.height, form.width, form.channels)

    @cached_property
    def basis(self) -> np.ndarray:
        """The cosine transform of the lowest frequencies, orthonormal [C H W, K]."""
        sides = [_cosines(side) for side in (self.channels, self.height, self.width)]
        frequency = np.stack(np.meshgrid(*(np.arange(len(side)) for side in sides), indexing="ij"), -1).reshape(-1, 3)
        scaled = frequency * [CHROMA / min(self.height, self.width), 1 / self.height, 1 / self.width]
        lowest = np.argsort(np.square(scaled).sum(1), kind="stable")[:MOST_COEFFICIENTS]
        chosen = [side[frequency[lowest, axis]] for axis, side in enumerate(sides)]
        return np.einsum("kc,kh,kw->chwk", *chosen).reshape(-1, len(lowest))

    @cached_property
    def _whole_basis(self) -> np.ndarray:
        return np.rint(self.basis * BASIS_UNITS)

    @cached_property
    def _scale(self) -> float:
        """What the transform of pixels in whole numbers is divided by, so that none is longer than LENGTH."""
        longest = 255 * math.sqrt(len(self.basis)) * float(np.linalg.norm(self._whole_basis, 2))
        return longest / LENGTH * (1 + 1e-9)

    @property
    def unit(self) -> float:
        """What a coefficient of pixels in [-1, 1] is, of one in whole numbers."""
        return self._scale / BASIS_UNITS / 255

    @property
    def squared_radius(self) -> int:
        """R^2: rounding adds at most a half to each coefficient."""
        return math.ceil((LENGTH + math.sqrt(self.basis.shape[1]) / 2) ** 2)

    @property
    def weights(self) -> tuple[int, int]:
        """a and b, what an image adds to the count and each coefficient is multiplied by."""
        products = SQUARE_WEIGHT**2 * self.squared_radius**2 / PRODUCTS_SHARE  # the whole squared length
        return round(math.sqrt(COUNT_SHARE * products)), round(math.sqrt(MEAN_SHARE * products / self.squared_radius))

    @property
    def squared_length(self) -> int:
        """The greatest squared length of what one image adds."""
        (a, b), R2 = self.weights, self.squared_radius
        return a**2 + b**2 * R2 + SQUARE_WEIGHT**2 * R2**2

    def coefficients(self, pixels: np.ndarray) -> np.ndarray:
        """Pixels uint8 [N, C, H, W] -> u, whole numbers in float64 [N, K]: each image's own, whatever stands beside it.

        Products of whole numbers are added up exactly, as long as they stay below 2^53.
        """
        flat, size = pixels.reshape(len(pixels), len(self.basis)), max(1, CHUNK_VALUES // len(self.basis))
        found = np.zeros((len(flat), self.basis.shape[1]))
        for first in range(0, len(flat), size):
            x = 2.0 * flat[first : first + size] - 255
            found[first : first + size] = np.rint(x @ self._whole_basis / self._scale)
        return found

    def sums(self, pixels: np.ndarray, y: np.ndarray, labels: int) -> np.ndarray:
        """Pixels uint8 [N, C, H, W] of label numbers y [N] -> the sums of the features, int64 [labels, features]."""
        K = self.basis.shape[1]
        own = np.zeros((labels, 1 + K + K * (K + 1) // 2), dtype="int64")
        u = self.coefficients(pixels)
        for label in range(labels):
            own[label] = self._summed(u[y == label])
        return own

    def _summed(self, u: np.ndarray) -> np.ndarray:
        """Whole numbers u [N, K] -> the sum of their features, int64 [features]."""
        a, b = self.weights
        upper = np.triu_indices(u.shape[1])
        products = (u.T @ u)[upper] * self._product_weights
        return np.concatenate([[a * len(u)], b * u.sum(0), products]).astype("int64")

    @property
    def _product_weights(self) -> np.ndarray:
        rows, columns = np.triu_indices(self.basis.shape[1])
        return np.where(rows == columns, SQUARE_WEIGHT, PRODUCT_WEIGHT)

    def read(self, sums: np.ndarray, variance: float) -> Sums:
        """Return sums [labels, features] under noise of a variance as those of coefficients of pixels in [-1, 1]."""
        (a, b), K, unit, sigma = self.weights, self.basis.shape[1], self.unit, math.sqrt(variance)
        second = np.zeros((len(sums), K, K))
        rows, columns = np.triu_indices(K)
        second[:, rows, columns] = second[:, columns, rows] = sums[:, 1 + K :] / self._product_weights * unit**2
        noise = sigma / a, sigma * unit / b, sigma * unit**2 / SQUARE_WEIGHT
        return Sums(sums[:, 0] / a, sums[:, 1 : 1 + K] * unit / b, second, noise)


def _cosines(n: int) -> np.ndarray:
    """Return the orthonormal cosine transform (DCT-II) of n values: [n, n], a frequency in each row."""
    k, j = np.arange(n)[:, None], np.arange(n)[None]
    waves: np.ndarray = np.cos(np.pi * (j + 0.5) * k / n) * math.sqrt(2 / n)
    waves[0] /= math.sqrt(2)
    return waves
