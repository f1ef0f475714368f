"""Distributions whose modes are known: 8 Gaussians on a ring, 25 on a grid, 1,000 kinds of three stacked digits,
clusters of a table.

Ring and grid are those of VEEGAN (Srivastava et al. 2017, arXiv 1705.07761) and PacGAN (Lin et al. 2018, arXiv
1712.04086): radius 1 and standard deviation 0.01, spacing 2 and 0.05. The stacks follow Metz et al. (2017, arXiv
1611.02163), who put three MNIST digits into the channels of one image; here they are scikit-learn's 8 x 8 digits, which
need no download, and a support vector machine reads them.
"""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from sklearn.cluster import MiniBatchKMeans
from sklearn.compose import make_column_transformer
from sklearn.datasets import load_digits
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.svm import SVC
from torch import Tensor

from generators.training import randomness

INK = 16.0  # the darkest value of a pixel
CHANNELS = 3


@dataclass(frozen=True)
class Gaussians:
    """Gaussians of one standard deviation around centres [K, 2]; a point is of high quality within three of them of
    a centre.
    """

    centres: Tensor
    deviation: float
    width = 2
    drawn = 2500  # points that are judged
    quality = "high quality %"

    @property
    def modes(self) -> int:
        return len(self.centres)

    def draw(self, rows: int, seed: int) -> Tensor:
        stream = torch.Generator().manual_seed(randomness.key(seed, "modes"))
        of = torch.randint(self.modes, (rows,), generator=stream)
        return self.centres[of] + self.deviation * torch.randn(rows, 2, generator=stream)

    def shares(self, points: Tensor) -> Tensor:
        """Return the share of the points that are of high quality for each centre, [K]."""
        distance, nearest = torch.cdist(points, self.centres).min(1)
        return torch.bincount(nearest[distance <= 3 * self.deviation], minlength=self.modes) / len(points)

    def judge(self, shares: Tensor) -> float:
        return 100 * float(shares.sum())


@dataclass(frozen=True)
class Stacks:
    """Three digits beside each other, flat: points [N, 192] from -1 (paper) to 1 (ink); a mode is a number of three
    digits.
    """

    modes = 1000
    width = 64 * CHANNELS
    drawn = 26_000
    quality = "KL"

    @cached_property
    def digits(self) -> tuple[np.ndarray, np.ndarray]:
        pixels, labels = load_digits(return_X_y=True)
        return (2 * pixels / INK - 1).astype(np.float32), labels

    @cached_property
    def reader(self) -> SVC:
        return SVC(gamma=0.05).fit(*self.digits)

    def draw(self, rows: int, seed: int) -> Tensor:
        pixels, _ = self.digits
        chosen = randomness.generator(seed, "modes").integers(0, len(pixels), (rows, CHANNELS))
        return torch.from_numpy(pixels[chosen].reshape(rows, -1))

    def shares(self, points: Tensor) -> Tensor:
        """Return the share of the points that are read as each number from 000 to 999."""
        read = self.reader.predict(points.numpy().reshape(-1, 64)).reshape(-1, CHANNELS)
        return torch.from_numpy(np.bincount(read @ (100, 10, 1), minlength=self.modes) / len(read))

    def judge(self, shares: Tensor) -> float:
        """Return KL(shares || uniform), in nats; 26,000 real stacks reach about (modes - 1) / (2 * 26,000) = 0.019."""
        return float(torch.special.xlogy(shares, shares * self.modes).sum())


@dataclass(frozen=True)
class Rows:
    """The rows of a table as numbers of variance 1 and indicators of labels: points [N, width]; a mode is one of 50
    clusters of them.
    """

    path: Path
    modes = 50
    drawn = 10_000
    quality = "variation %"  # between the modes' shares in the judged points and in the table

    @cached_property
    def points(self) -> np.ndarray:
        table = pd.read_csv(self.path, na_values="?")
        labels = [name for name in table if not pd.api.types.is_numeric_dtype(table[name])]
        encoder = make_column_transformer(
            (OneHotEncoder(min_frequency=0.01, sparse_output=False), labels), remainder=StandardScaler()
        )
        return np.nan_to_num(encoder.fit_transform(table)).astype(np.float32)

    @property
    def width(self) -> int:
        return self.points.shape[1]

    @cached_property
    def clusters(self) -> MiniBatchKMeans:
        return MiniBatchKMeans(self.modes, random_state=0, n_init=3).fit(self.points)

    def draw(self, rows: int, seed: int) -> Tensor:
        chosen = randomness.generator(seed, "modes").integers(0, len(self.points), rows)
        return torch.from_numpy(self.points[chosen])

    def shares(self, points: Tensor) -> Tensor:
        """Return the share of the points that lie in each cluster, [50]."""
        found = self.clusters.predict(points.numpy())
        return torch.from_numpy(np.bincount(found, minlength=self.modes) / len(found))

    def judge(self, shares: Tensor) -> float:
        """Return the total variation between the points' shares and the table's, in percent."""
        return 50 * float((shares - self.shares(torch.from_numpy(self.points))).abs().sum())


Mixture = Gaussians | Stacks | Rows


def ring() -> Gaussians:
    angle = torch.arange(8) * torch.pi / 4
    return Gaussians(torch.stack([angle.cos(), angle.sin()], 1), 0.01)


def grid() -> Gaussians:
    return Gaussians(torch.cartesian_prod(torch.arange(-4.0, 5, 2), torch.arange(-4.0, 5, 2)), 0.05)


MIXTURES = {"ring": ring, "grid": grid, "digits": Stacks}
