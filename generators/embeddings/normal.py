"""The normal distribution of the images of each label, from sums of their coefficients and products that may be noisy.

Whatever is done here follows from the sums alone. What noise drowns is drawn together: the means of labels towards
that of all, as far as they differ by no more than noise (Efron and Morris 1973), covariances towards their mean as far
as they differ by no more than noise and few images explain (Ledoit and Wolf 2004), and of a covariance only
what stands out of the noise is kept: eigenvalues beyond the edge of the spectrum of noise, less what noise has added
(Benaych-Georges and Nadakuditi 2011, 0910.2120). What variance is left is each coefficient's own, and falls with its
frequency, as it does in images.
"""

from dataclasses import dataclass

import numpy as np

from launderette.generators.embeddings.features import PRODUCT_WEIGHT, SQUARE_WEIGHT, Sums


@dataclass(frozen=True)
class Normal:
    """Normal distributions of coefficients: shares of labels [C], means [C, K], and factors [C, K, K], whose products
    with their own transposes are the covariances.
    """

    shares: np.ndarray
    means: np.ndarray
    factors: np.ndarray


def of(sums: Sums) -> Normal:
    """Return the normal distributions that sums tell of."""
    counts = np.maximum(sums.count, 1.0)
    means = _means(sums, counts)
    own = sums.second / counts[:, None, None] - np.einsum("ci,cj->cij", means, means)
    common = np.average(own, axis=0, weights=counts)
    entry = sums.noise[2] * SQUARE_WEIGHT / PRODUCT_WEIGHT  # noise on a product of two coefficients
    of_own, of_common = entry / counts, entry * np.sqrt(len(counts)) / counts.sum()
    factors = [
        _factor(*_between(S, common, noise, of_common, count))
        for S, noise, count in zip(own, of_own, counts, strict=True)
    ]
    return Normal(counts / counts.sum(), means, np.stack(factors))


def _means(sums: Sums, counts: np.ndarray) -> np.ndarray:
    """Return the mean of each label's coefficients [C, K], those that differ by noise alone that of all labels."""
    found = sums.first / counts[:, None]
    centre = np.average(found, axis=0, weights=counts)
    noise = (sums.noise[1] / counts[:, None]) ** 2
    between = np.square(found - centre).mean(0) * len(counts) / max(1, len(counts) - 1)
    real = np.maximum(between - noise.mean(0), 0)
    kept = np.divide(real, real + noise, out=np.ones_like(found), where=real + noise > 0)
    return centre + kept * (found - centre)


def _between(
    own: np.ndarray, common: np.ndarray, of_own: float, of_common: float, count: float
) -> tuple[np.ndarray, float]:
    """Return a label's covariance, drawn towards the common one, and the noise on each entry of it."""
    differences = float(np.square(own - common).sum())
    few = (np.trace(common) ** 2 + np.square(common).sum()) / count  # by how much those of so many images differ
    explained = own.size * max(0.0, of_own**2 - of_common**2) + few
    kept = max(0.0, 1 - explained / differences) if differences > 0 else 0.0
    return kept * own + (1 - kept) * common, float(np.hypot(kept * of_own, (1 - kept) * of_common))


def _factor(covariance: np.ndarray, noise: float) -> np.ndarray:
    """Return [K, K] whose product with its transpose is the covariance without what noise on its entries may be."""
    values, vectors = np.linalg.eigh(covariance)
    edge = 2 * noise * np.sqrt(len(values))
    real = (values + np.sqrt(np.maximum(values**2 - edge**2, 0))) / 2
    factor: np.ndarray = vectors * np.sqrt(np.where(values > edge, real, 0.0))
    if not noise:
        return factor
    rest = falling(np.diag(covariance) - np.square(factor).sum(1)).clip(min=0)
    whole = np.linalg.eigh(factor @ factor.T + np.diag(rest))
    return np.asarray(whole.eigenvectors * np.sqrt(whole.eigenvalues.clip(min=0)))


def falling(values: np.ndarray) -> np.ndarray:
    """Return the numbers nearest to values [K] that never rise: neighbours that do are pooled (Ayer et al. 1955)."""
    means: list[float] = []
    sizes: list[int] = []
    for value in values:
        mean, size = float(value), 1
        while means and means[-1] < mean:
            last, count = means.pop(), sizes.pop()
            mean, size = (mean * size + last * count) / (size + count), size + count
        means.append(mean)
        sizes.append(size)
    return np.repeat(means, sizes)
