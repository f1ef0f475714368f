"""Show who keeps the modes of a mixture that is known: each adversarial loss, our generators of tables, and published
figures.

    python -m benchmarks.modes.collapse --data ring grid digits --steps 4000 --seeds 0 1 2
    python -m benchmarks.modes.collapse --data table --table ../shared/data/adult_train.csv --steps 2000 --seeds 0

A mode is kept where one of the judged points lies in it (mixtures.py). `D right` is the share of real and generated
points that the discriminator tells apart at the end, `gradient` the mean norm of what it sends back to a generated
point, `swing` the total variation between the modes' shares at neighbouring evaluations of the second half:
oscillation. `diversity.modes`, `.coverage` and `.support` are the metrics of the report, against fresh points in place
of the training table: what a user sees who does not know the modes.

Games have the losses and the loop of tabular.gan, small networks, and start from noise. Names of generators stand for
them as they come, fitted to a table of the points' coordinates. Published figures with a star were not checked at their
source; all stacks of others are of MNIST digits, which are larger, so that only modes and KL compare.
"""

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from rich.console import Console
from rich.table import Table
from torch import Tensor, nn

import evaluation
import generators
from benchmarks.modes.mixtures import MIXTURES, Gaussians, Mixture, Rows, Stacks
from evaluation import samples
from evaluation.models import threads
from generators.contract import Budget
from generators.networks.gan_losses import discriminator_loss, generator_loss, penalised
from generators.tabular._gan_networks import ResidualLayers, TableDiscriminator
from generators.training import loop
from generators.training.plan import Plan, Turn
from generators.training.state import TrainingRun

PEERS = Path(__file__).parents[1] / "peers" / "peers.json"
METRICS = "diversity.modes", "diversity.coverage", "diversity.support"
GAME = "D right", "gradient", "swing"
# points of training, of each look at a game, and that the metrics compare with
SEEN, WATCHED, FRESH = 20_000, 2500, 5000
GAMES = {  # name: loss, penalty gamma, packing m, EMA
    "minimax (textbook)": ("minimax", 0.0, 1, 0.0),
    "non-saturating": ("nonsaturating", 0.0, 1, 0.0),
    "relativistic": ("relativistic", 0.0, 1, 0.0),
    "relativistic + R1 + R2": ("relativistic", 0.02, 1, 0.995),
    "relativistic + R1 + R2, packs of 2": ("relativistic", 0.02, 2, 0.995),
}
Judged = dict[str, float]


class Game(nn.Module):
    """Two small players; evaluated, it notes what the table shows."""

    def __init__(self, mixture: Mixture, loss: str, penalty: float, packing: int) -> None:
        super().__init__()
        self.mixture, self.loss, self.penalty, self.packing, self.history = mixture, loss, penalty, packing, []
        self.noise, h = (2, 128) if isinstance(mixture, Gaussians) else (64, 256)
        ends = [nn.Tanh()] if isinstance(mixture, Stacks) else []
        self.generator = nn.Sequential(ResidualLayers(self.noise, h, 2), nn.Linear(h, mixture.width), *ends)
        self.discriminator = TableDiscriminator(mixture.width, h, 2, packing)

    def forward(self, x: Tensor, turn: str = "") -> Tensor:
        """Points x [B, width] -> the loss of the player whose turn it is, per pack."""
        if not turn:
            return self._watch(x).expand(len(x))
        with torch.set_grad_enabled(turn == "generator"):
            fake = self.draw(len(x))
        D = self.discriminator
        if turn == "generator":
            return generator_loss(self.loss, D(x).detach(), D(fake))
        if not self.penalty:
            return discriminator_loss(self.loss, D(x), D(fake))
        (of_real, r1), (of_fake, r2) = penalised(D, x), penalised(D, fake)
        return discriminator_loss(self.loss, of_real, of_fake) + self.penalty * (r1 + r2)

    def draw(self, rows: int) -> Tensor:
        return self.generator(torch.randn(rows, self.noise))

    def _watch(self, x: Tensor) -> Tensor:
        points = self.draw(WATCHED)
        fake = points[: len(x)].detach().requires_grad_(True)
        with torch.enable_grad():
            real, judged = self.discriminator(x), self.discriminator(fake)
            (slope,) = torch.autograd.grad(generator_loss(self.loss, real, judged).sum(), fake)
        right = (real > judged) if self.loss == "relativistic" else torch.cat([real > 0, judged < 0])
        self.history.append((self.mixture.shares(points), float(right.float().mean()), float(slope.norm(dim=1).mean())))
        return (x.mean(0) - points.mean(0)).norm()


def main() -> None:
    options = _options()
    published = json.loads(PEERS.read_text())
    for name in options.data:
        mixture = Rows(options.table) if name == "table" else MIXTURES[name]()
        shown = "modes", mixture.quality, *GAME, *METRICS, "s"
        table = Table(
            "",
            *(title.replace(".", "\n") for title in shown),
            title=_title(name, mixture, options),
            title_justify="left",
        )
        for row, run in _rows(mixture, options.steps).items():
            found = pd.DataFrame([run(seed) for seed in options.seeds]).mean()
            table.add_row(row, *(_cell(found.get(title)) for title in shown))
        for peer, figures in published.get(name, {}).items():
            table.add_row(peer, *map(str, figures.values()))
        Console(width=150).print(table)


def _rows(mixture: Mixture, steps: int) -> dict[str, Callable[[int], Judged]]:
    """What is judged, as functions of the seed."""
    rows = {"fresh points": lambda seed: _judged(mixture, mixture.draw(mixture.drawn, seed + 100), seed)}
    rows |= {game: lambda seed, of=of: _played(mixture, of, steps, seed) for game, of in GAMES.items()}
    return rows | {
        family: lambda seed, of=family: _fitted(mixture, of, seed)
        for family in generators.names()
        if _tabular(family, mixture)
    }


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", nargs="+", choices=[*MIXTURES, "table"], default=list(MIXTURES))
    parser.add_argument("--table", type=Path, help="a CSV file whose clusters are the modes of --data table")
    parser.add_argument("--steps", type=int, default=4000)
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    options = parser.parse_args()
    if "table" in options.data and not options.table:
        parser.error("--data table needs --table")
    return options


def _title(name: str, mixture: Mixture, options: argparse.Namespace) -> str:
    played = f"{options.steps:,} steps, mean of {len(options.seeds)} seed(s)"
    return f"{name}: {mixture.modes:,} modes, {mixture.drawn:,} points judged, {played}"


def _tabular(family: str, mixture: Mixture) -> bool:
    return family.startswith("tabular.") and isinstance(mixture, Gaussians)  # a pixel or an indicator is no column


def _cell(value: float | None) -> str:
    return "-" if value is None or np.isnan(value) else f"{value:.3g}" if value < 1000 else f"{value:.0f}"


def _judged(mixture: Mixture, points: Tensor, seed: int) -> Judged:
    """Judge points by what is known of the modes, and by the report's metrics, which do not know them."""
    shares = mixture.shares(points)
    fresh, drawn = (
        pd.DataFrame(part[:FRESH].numpy()).add_prefix("c") for part in (mixture.draw(FRESH, seed + 1000), points)
    )
    compared = samples.make(fresh, None, drawn)
    with threads.single():
        scores = {name: evaluation.load(name)(compared, seed=seed).value for name in METRICS}
    return {"modes": float((shares > 0).sum()), mixture.quality: mixture.judge(shares), **scores}


def _played(mixture: Mixture, settings: tuple[str, float, int, float], steps: int, seed: int) -> Judged:
    """Play one game to its end, and judge what its generator draws then."""
    loss, penalty, packing, ema = settings
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        game = Game(mixture, loss, penalty, packing)
    plan = Plan(
        learning_rate=1e-3,
        weight_decay=0.0,
        batch=512,
        betas=(0.5, 0.99),
        ema=ema,
        evaluate_every=100,
        latest=True,
        patience=10**6,
        turns={"discriminator": Turn(), "generator": Turn()},
    )
    started = time.monotonic()
    parts = mixture.draw(SEEN, seed), mixture.draw(1000, seed + 1)
    latest, _ = loop.train(TrainingRun(game, plan, seed, "", Budget(steps=steps), started), *parts)
    seconds = time.monotonic() - started
    game.load_state_dict(game.state_dict() | latest)
    with torch.no_grad(), torch.random.fork_rng():
        torch.manual_seed(seed)
        points = game.draw(mixture.drawn)
    half = torch.stack([entry[0] for entry in game.history[len(game.history) // 2 :]])
    swing = float(half.diff(dim=0).abs().sum(1).mean() / 2)
    return (
        _judged(mixture, points, seed) | dict(zip(GAME, (*game.history[-1][1:], swing), strict=True)) | {"s": seconds}
    )


def _fitted(mixture: Mixture, family: str, seed: int) -> Judged:
    """Fit a generator to a table of the points' coordinates, and judge the rows that it draws."""
    started = time.monotonic()
    model = generators.fit(pd.DataFrame(mixture.draw(SEEN, seed).double().numpy()).add_prefix("c"), family, seed=seed)
    seconds = time.monotonic() - started
    drawn = model.sample(mixture.drawn, seed=seed).to_numpy(dtype=np.float32)
    return _judged(mixture, torch.from_numpy(drawn), seed) | {"s": seconds}


if __name__ == "__main__":
    main()
