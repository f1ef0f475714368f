"""Real images to measure on: scikit-learn's digits, and Fashion-MNIST where Debian's package is installed."""

import gzip
from pathlib import Path

import numpy as np

from generators import Images

FASHION = Path("/usr/share/datasets/fashion-mnist")


def digits() -> tuple[Images, Images]:
    """Return scikit-learn's 1,797 digits, four fifths to train on."""
    from sklearn.datasets import load_digits

    bunch = load_digits()
    pixels = np.round(bunch.images * 255 / bunch.images.max()).astype(np.uint8)[..., None]
    order = np.random.default_rng(0).permutation(len(pixels))
    images, cut = Images(pixels, bunch.target.astype("int64")), len(pixels) * 4 // 5
    return images.take(order[:cut]), images.take(order[cut:])


def fashion() -> tuple[Images, Images]:
    """Return Fashion-MNIST's training and test images."""
    if not FASHION.is_dir():
        raise SystemExit(
            f"expected Fashion-MNIST below {FASHION}, found nothing; run: apt-get install dataset-fashion-mnist"
        )
    return _idx("train"), _idx("t10k")


def _idx(split: str) -> Images:
    pixels = gzip.decompress((FASHION / f"{split}-images-idx3-ubyte.gz").read_bytes())
    labels = gzip.decompress((FASHION / f"{split}-labels-idx1-ubyte.gz").read_bytes())
    images = np.frombuffer(pixels, np.uint8, offset=16).reshape(-1, 28, 28, 1)
    return Images(images, np.frombuffer(labels, np.uint8, offset=8).astype("int64"))
