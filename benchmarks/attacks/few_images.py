"""Judge the rules about privacy on few images: how often is an honest collection refused, how often one that copies?

    python -m benchmarks.attacks.few_images --honest 60 --copied 6

Images are scikit-learn's 1,797 digits, drawn anew each time: some for training, a quarter as many held out, and fresh
ones that stand for an honest release. A share of these is then replaced by training images under Gaussian noise, whose
deviation is in grey levels.
"""

import argparse
from collections import Counter

import numpy as np
from rich.console import Console
from rich.table import Table
from sklearn.datasets import load_digits

import evaluation
from pipelines.config import rules
from pipelines.release import gate

RULES = {name: rule for name, rule in rules.IMAGE_RULES.items() if name.startswith(rules.PRIVACY)}
SIZES = (140, 35, 140), (1000, 250, 547)  # training, held out, released
COPIED, NOISE = (1.0, 0.5, 0.2), (0, 24, 48)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--honest", type=int, default=60, help="collections of each size")
    parser.add_argument(
        "--copied", type=int, default=6, help="collections of each share and noise, of the smallest size"
    )
    options = parser.parse_args()
    table = Table(
        "training, held out, released",
        "copied",
        "noise",
        "of",
        *(name.partition(".")[2] for name in RULES),
        title="refused by",
    )
    for sizes in SIZES:
        _add(table, sizes, 0.0, 0, options.honest)
    for share in COPIED:
        for noise in NOISE:
            _add(table, SIZES[0], share, noise, options.copied)
    Console(width=140).print(table)


def _add(table: Table, sizes: tuple[int, int, int], share: float, noise: int, count: int) -> None:
    refused = Counter(name for seed in range(count) for name in _refused(sizes, share, noise, seed))
    table.add_row(
        " / ".join(map(str, sizes)), f"{share:.0%}", str(noise), str(count), *(str(refused[name]) for name in RULES)
    )


def _refused(sizes: tuple[int, int, int], share: float, noise: int, seed: int) -> list[str]:
    """The rules that refuse a release of which a share are noisy copies of training images."""
    digits, rng = load_digits(), np.random.default_rng(seed)
    pixels, labels = digits.images[..., None] * 255 / 16, digits.target
    train, held, released = np.split(rng.permutation(len(pixels))[: sum(sizes)], np.cumsum(sizes)[:-1])
    drawn, copies = pixels[released], int(share * min(len(train), len(released)))
    drawn[:copies] = pixels[train[:copies]] + rng.normal(0, noise, pixels[train[:copies]].shape)
    sides = ((_bytes(p), labels[rows]) for p, rows in ((pixels[train], train), (pixels[held], held), (drawn, released)))
    reasons = gate.decide(evaluation.score_images(*sides, names=list(RULES), seed=seed), RULES, "0" * 64).reasons
    return [reason["score"] for reason in reasons if not reason["passed"]]


def _bytes(pixels: np.ndarray) -> np.ndarray:
    return pixels.round().clip(0, 255).astype(np.uint8)


if __name__ == "__main__":
    main()
