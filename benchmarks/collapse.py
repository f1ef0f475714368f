"""Show what each adversarial loss does to modes: 8 Gaussians on a ring and 25 on a grid (the protocol of VEEGAN and PacGAN).

    python -m benchmarks.collapse --steps 4000 --seeds 0 1 2

The ring has radius 1 and standard deviation 0.01, the grid spacing 2 and 0.05. 2,500 points are drawn; one within three standard
deviations of the nearest mode is of high quality, and a mode is kept where such a point lies. `D right` is the share of real and
generated points that the discriminator tells apart at the end, `gradient` the mean norm of what it sends back to a generated point,
`swing` the total variation between the modes' shares at neighbouring evaluations of the second half: oscillation. `coverage` is the
diversity that the training loop watches. The losses, the players and the loop are those of tabular.gan; the networks are small and
start from noise. The published figures are quoted at second hand.
"""

import argparse
import json
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from rich.console import Console
from rich.table import Table
from torch import Tensor, nn

from generators import randomness, training
from generators.contract import Budget
from generators.tabular._adversary import Discriminator, Residual, discriminator_loss, generator_loss, penalised
from generators.tabular._game import coverage

PEERS = Path(__file__).with_name("peers.json")
SHOWN = "modes", "high quality %", "D right", "gradient", "swing", "coverage", "s"
DRAWN = 2500
GAMES = {  # name: loss, penalty gamma, packing m, EMA
    "minimax (textbook)": ("minimax", 0.0, 1, 0.0),
    "non-saturating": ("nonsaturating", 0.0, 1, 0.0),
    "relativistic": ("relativistic", 0.0, 1, 0.0),
    "relativistic + R1 + R2": ("relativistic", 0.02, 1, 0.995),
    "relativistic + R1 + R2, packs of 2": ("relativistic", 0.02, 2, 0.995),
}


@dataclass(frozen=True)
class Modes:
    """Gaussians of one standard deviation around centres [K, 2]."""

    centres: Tensor
    deviation: float

    def draw(self, rows: int, seed: int) -> Tensor:
        stream = torch.Generator().manual_seed(randomness.key(seed, "modes"))
        of = torch.randint(len(self.centres), (rows,), generator=stream)
        return self.centres[of] + self.deviation * torch.randn(rows, 2, generator=stream)

    def shares(self, points: Tensor) -> Tensor:
        """Return the share of the points that lie within three standard deviations of each centre, [K]."""
        distance, nearest = torch.cdist(points, self.centres).min(1)
        return torch.bincount(nearest[distance <= 3 * self.deviation], minlength=len(self.centres)) / len(points)


def ring() -> Modes:
    angle = torch.arange(8) * torch.pi / 4
    return Modes(torch.stack([angle.cos(), angle.sin()], 1), 0.01)


def grid() -> Modes:
    return Modes(torch.cartesian_prod(torch.arange(-4.0, 5, 2), torch.arange(-4.0, 5, 2)), 0.05)


class Game(nn.Module):
    """Two small players on points of the plane; evaluated, it notes what the table shows."""

    def __init__(self, modes: Modes, loss: str, penalty: float, packing: int) -> None:
        super().__init__()
        self.modes, self.loss, self.penalty, self.packing, self.history = modes, loss, penalty, packing, []
        self.generator = nn.Sequential(Residual(2, 128, 2), nn.Linear(128, 2))
        self.discriminator = Discriminator(2, 128, 2, packing)

    def forward(self, x: Tensor, turn: str = "") -> Tensor:
        """Points x [B, 2] -> the loss of the player whose turn it is, per pack."""
        if not turn:
            return self._watch(x).expand(len(x))
        with torch.set_grad_enabled(turn == "generator"):
            fake = self.generator(torch.randn_like(x))
        D = self.discriminator
        if turn == "generator":
            return generator_loss(self.loss, D(x).detach(), D(fake))
        if not self.penalty:
            return discriminator_loss(self.loss, D(x), D(fake))
        (of_real, r1), (of_fake, r2) = penalised(D, x), penalised(D, fake)
        return discriminator_loss(self.loss, of_real, of_fake) + self.penalty * (r1 + r2)

    def _watch(self, x: Tensor) -> Tensor:
        points = self.generator(torch.randn(DRAWN, 2))
        fake = points[: len(x)].detach().requires_grad_(True)
        with torch.enable_grad():
            real, judged = self.discriminator(x), self.discriminator(fake)
            (slope,) = torch.autograd.grad(generator_loss(self.loss, real, judged).sum(), fake)
        right = (real > judged) if self.loss == "relativistic" else torch.cat([real > 0, judged < 0])
        gradient = float(slope.norm(dim=1).mean())
        self.history.append((self.modes.shares(points), float(right.float().mean()), gradient, coverage(x, fake.detach())))
        return (x.mean(0) - points.mean(0)).norm()


def main() -> None:
    options = _options()
    published = json.loads(PEERS.read_text())
    for name, modes in {"ring": ring(), "grid": grid()}.items():
        table = Table("", *SHOWN, title=_title(name, modes, options), title_justify="left")
        for game, settings in GAMES.items():
            runs = [_play(modes, settings, options.steps, seed) for seed in options.seeds]
            table.add_row(game, *(f"{np.mean(column):.3g}" for column in zip(*runs, strict=True)))
        for peer, figures in published[name].items():
            table.add_row(peer, *map(str, figures.values()))
        Console(width=130).print(table)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=4000)
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    return parser.parse_args()


def _title(name: str, modes: Modes, options: argparse.Namespace) -> str:
    return f"{name} of {len(modes.centres)} modes, {options.steps:,} steps, mean of {len(options.seeds)} seed(s)"


def _play(modes: Modes, settings: tuple[str, float, int, float], steps: int, seed: int) -> tuple[float, ...]:
    """Play one game: modes kept, percent of high quality, D right, gradient, swing, coverage, seconds."""
    loss, penalty, packing, ema = settings
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        game = Game(modes, loss, penalty, packing)
    plan = training.Plan(
        learning_rate=1e-3, weight_decay=0.0, batch=512, betas=(0.5, 0.99), ema=ema, evaluate_every=100, latest=True, patience=10**6,
        turns={"discriminator": training.Turn(), "generator": training.Turn()},
    )
    started = time.monotonic()
    data = modes.draw(20_000, seed)
    training.train(game, data, modes.draw(1000, seed + 1), plan, seed=seed, identity="", budget=Budget(steps=steps), started=started)
    shares, right, gradient, covered = game.history[-1]
    half = torch.stack([entry[0] for entry in game.history[len(game.history) // 2 :]])
    swing = float(half.diff(dim=0).abs().sum(1).mean() / 2)
    return float((shares > 0).sum()), 100 * float(shares.sum()), right, gradient, swing, covered, time.monotonic() - started


if __name__ == "__main__":
    main()
