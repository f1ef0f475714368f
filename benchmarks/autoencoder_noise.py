"""Draw what the noise on the latents does to a denoising autoencoder: fidelity and the accuracy of its head against
sigma.

    python -m benchmarks.autoencoder_noise --output docs/autoencoder_noise.svg

Data that ship with scikit-learn; two thirds of the rows train, the rest are held out. Each figure is the mean over the
seeds, its band the least and the greatest of them; dotted lines show the held-out rows in place of the synthetic ones.
"""

import argparse
from pathlib import Path

import matplotlib
import numpy as np
import pandas as pd
from rich.console import Console
from rich.table import Table
from sklearn import datasets

import evaluation
import generators

matplotlib.use("svg")
from matplotlib import pyplot as plt

LEVELS = (0.0, 0.1, 0.3, 1.0, 2.0, 4.0, 8.0)  # sigma; a latent's coordinates have variance 1
FIDELITY = {"fidelity.shape": "shape", "fidelity.trend": "trend", "fidelity.detection": "detection"}
SOURCES = {"breast cancer": datasets.load_breast_cancer, "wine": datasets.load_wine}


def main() -> None:
    options = _options()
    figure, axes = plt.subplots(1, len(SOURCES), figsize=(5.2 * len(SOURCES), 3.6), sharey=True)
    for axis, (name, load) in zip(axes, SOURCES.items(), strict=True):
        curves, ceilings = _curves(load, options.seeds)
        _print(name, curves, ceilings)
        _draw(axis, name, curves, ceilings)
    axes[0].set_ylabel("score")
    handles, labels = axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="lower center", ncols=4, frameon=False)
    figure.tight_layout(rect=(0, 0.08, 1, 1))
    figure.savefig(options.output, metadata={"Date": None})


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, default=Path("docs/autoencoder_noise.svg"))
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    return parser.parse_args()


def _curves(load, seeds: list[int]) -> tuple[dict[str, np.ndarray], dict[str, float]]:
    """Return the figures of each curve [levels, seeds], and the mean ceiling of those that have one."""
    bunch = load(as_frame=True)
    frame = bunch.frame.assign(target=bunch.target.map(dict(enumerate(map(str, bunch.target_names)))))
    runs = [[_one(frame, sigma, seed) for seed in seeds] for sigma in LEVELS]
    curves = {
        name: np.array([[run[0][name] for run in row] for row in runs])
        for name in [*FIDELITY.values(), "accuracy of the head"]
    }
    ceilings = {name: float(np.mean([run[1][name] for row in runs for run in row])) for name in FIDELITY.values()}
    return curves, ceilings


def _one(frame: pd.DataFrame, sigma: float, seed: int) -> tuple[dict[str, float], dict[str, float]]:
    """Fit, draw as many rows and score once: figures and their ceilings by name of the curve."""
    order = np.random.default_rng(seed).permutation(len(frame))
    train, holdout = (frame.iloc[part].reset_index(drop=True) for part in np.split(order, [2 * len(frame) // 3]))
    model = generators.fit(train, "tabular.autoencoder", target="target", noise=sigma, seed=seed)
    scores = evaluation.score(
        train, holdout, model.sample(len(train), seed=seed), target="target", names=list(FIDELITY)
    ).scores
    accuracy = (model.classify(holdout).idxmax(axis=1) == holdout["target"]).mean()
    found = {FIDELITY[name]: score.value for name, score in scores.items()}
    return found | {"accuracy of the head": accuracy}, {FIDELITY[name]: score.ceiling for name, score in scores.items()}


def _print(title: str, curves: dict[str, np.ndarray], ceilings: dict[str, float]) -> None:
    table = Table("sigma", *curves, title=title, title_justify="left")
    for k, sigma in enumerate(LEVELS):
        table.add_row(f"{sigma:g}", *(f"{values[k].mean():.3f}" for values in curves.values()))
    table.add_row("held-out rows", *(f"{ceilings[name]:.3f}" if name in ceilings else "-" for name in curves))
    Console(width=110).print(table)


def _draw(axis, title: str, curves: dict[str, np.ndarray], ceilings: dict[str, float]) -> None:
    places = np.arange(len(LEVELS))
    for colour, (name, values) in zip(("#1f6f8b", "#c8553d", "#6a994e", "#444444"), curves.items(), strict=True):
        axis.plot(places, values.mean(1), color=colour, label=name, marker="o", markersize=3)
        axis.fill_between(places, values.min(1), values.max(1), color=colour, alpha=0.15, linewidth=0)
        if name in ceilings:
            axis.axhline(ceilings[name], color=colour, linestyle=":", linewidth=1)
    axis.set_xticks(places, [f"{sigma:g}" for sigma in LEVELS])
    axis.set(title=title, xlabel="noise on the latent, sigma", ylim=(0, 1.02))
    axis.spines[["top", "right"]].set_visible(False)


if __name__ == "__main__":
    main()
