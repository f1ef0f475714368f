"""Random Fourier features (Rahimi and Recht 2007) of an image's low frequencies, summed over the images of each label.

Their mean is an embedding of the distribution in the space of a mixture of Gaussian kernels: two distributions with the
same mean hardly differ. The frequencies follow from a public number and from what is already known of the covariance
of images; they are whole numbers, as are the features, which are read off a table: sums are exact, and what an image
adds is its own. With F frequencies and an amplitude of A

|(A cos, A sin)|^2 <= F A^2
"""

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

from launderette.generators.embeddings.features import Features
from launderette.generators.embeddings.normal import Normal
from launderette.generators.training import randomness

FREQUENCIES = 1000  # F
PHASES = 2**20  # of a turn
AMPLITUDE = 2**12  # A
PUBLIC_SEED = 20_020_411  # whoever knows the frequencies learns nothing of images
BANDWIDTHS = (0.5, 1.0, 2.0)  # of the kernels, in spreads of all images
LEAST_WIDTH_SHARE = 1e-3  # of a direction, of the widest's variance
FOURIER_CHUNK = 2048  # images at once


@dataclass(frozen=True)
class Fourier:
    """Frequencies [K, F] as whole phases that a coefficient in whole numbers is multiplied by."""

    turns: np.ndarray
    unit: float  # what a coefficient of pixels in [-1, 1] is, of one in whole numbers

    @classmethod
    def of(cls, features: Features, known: Normal) -> "Fourier":
        """Draw frequencies for images of about these distributions."""
        values, vectors = np.linalg.eigh(_covariance(known))
        values = np.maximum(values, LEAST_WIDTH_SHARE * max(float(values[-1]), LEAST_WIDTH_SHARE))
        stream = randomness.generator(PUBLIC_SEED, "frequencies")
        normals, widths = stream.standard_normal((len(values), FREQUENCIES)), stream.choice(BANDWIDTHS, FREQUENCIES)
        # coordinates of variance sqrt(value), of which all together have a spread of one
        scaled = (vectors * values**-0.25) @ normals / widths / math.sqrt(np.sqrt(values).sum())
        return cls(np.rint(scaled * features.unit / (2 * math.pi) * PHASES), features.unit)

    @property
    def squared_length(self) -> int:
        """The greatest squared length of what one image adds."""
        return self.turns.shape[1] * AMPLITUDE**2

    def sums(self, u: np.ndarray, y: np.ndarray, labels: int) -> np.ndarray:
        """Coefficients in whole numbers u [N, K] of labels y [N] -> sums of the features, int64 [labels, 2 F]."""
        F = self.turns.shape[1]
        own = np.zeros((labels, 2 * F), dtype="int64")
        for label in range(labels):
            chosen = u[y == label]
            for first in range(0, len(chosen), FOURIER_CHUNK):
                phase = np.mod(chosen[first : first + FOURIER_CHUNK] @ self.turns, PHASES).astype("int64")
                for k, table in enumerate(_waves()):
                    own[label, k * F : (k + 1) * F] += table[phase].sum(0, dtype="int64")
        return own

    def read(self, sums: np.ndarray, counts: np.ndarray) -> np.ndarray:
        """Return sums [labels, 2 F] of so many images each as mean features of a length of at most 1."""
        return sums / AMPLITUDE / math.sqrt(self.turns.shape[1]) / counts[:, None]

    def noise(self, variance: float) -> float:
        """Return the squared length of what noise of a variance adds to the sum of all features of a length of 1."""
        return 2 * self.turns.shape[1] * variance / self.squared_length

    def angles(self) -> Tensor:
        """Return the frequencies of coefficients of pixels in [-1, 1], float32 [K, F]."""
        return torch.from_numpy(self.turns * (2 * math.pi / PHASES / self.unit)).float()


def features_of(z: Tensor, angles: Tensor) -> Tensor:
    """Coefficients of pixels in [-1, 1], z [B, K] -> features of a length of 1, [B, 2 F]."""
    phase = z @ angles
    return torch.cat([phase.cos(), phase.sin()], 1) / math.sqrt(angles.shape[1])


@lru_cache(maxsize=1)
def _waves() -> tuple[np.ndarray, np.ndarray]:
    """Cosine and sine of each phase, towards zero so that their squares add up to AMPLITUDE^2 at most."""
    angle = 2 * np.pi * np.arange(PHASES) / PHASES
    cosine, sine = (np.trunc(AMPLITUDE * wave(angle)).astype("int32") for wave in (np.cos, np.sin))
    return cosine, sine


def _covariance(known: Normal) -> np.ndarray:
    """Return the covariance of the images of all labels together [K, K]."""
    off = known.means - known.shares @ known.means
    within = np.einsum("c,cij,ckj->ik", known.shares, known.factors, known.factors)
    found: np.ndarray = within + np.einsum("c,ci,cj->ij", known.shares, off, off)
    return found
