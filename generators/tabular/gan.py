"""Adversarial tables: a generator corrects rows of a Gaussian copula, or of tables of pairs, until a discriminator
cannot tell them from real ones.

The start (_start.py) knows correlations; the generator learns what it leaves over, by the relativistic loss with R1 and
R2 penalties on packs of rows (_gan_model.py). At the optimum the discriminator is log p(x) / q(x), up to a constant, so
it is kept: each row is chosen among a few candidates by that ratio (importance resampling; Azadi et al. 2019, arXiv
1810.06758, reject by it) times weights per token that give every column its known shares. Row i depends on the seed and
i alone.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Unpack

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from launderette.generators.contract import Where
from launderette.generators.data.schema import Schema
from launderette.generators.encoding.encoding import Encoding
from launderette.generators.encoding.layout import Layout
from launderette.generators.errors import GeneratorError
from launderette.generators.fitted import FittedTable
from launderette.generators.networks.gan_losses import GAN_LOSSES
from launderette.generators.sampling import conditioning, reading
from launderette.generators.sampling.conditioning import CHUNK_ROWS
from launderette.generators.sampling.rows import Asked, Drawing
from launderette.generators.tabular._gan_model import NOISE_DIMENSIONS, SHARE_ROUNDS, Model, raked
from launderette.generators.tabular._start import STARTS
from launderette.generators.tabular._variables import Variables
from launderette.generators.training import fitting, options, randomness
from launderette.generators.training.collapse import LEAST_FIDELITY
from launderette.generators.training.fitting import FitOptions, TableFamily
from launderette.generators.training.options import settled
from launderette.generators.training.plan import Plan, Turn
from launderette.generators.training.validation import Folds

RAKING_ROWS = 8192  # rows to which the shares of tokens are fitted, of wide tables fewer
RAKED_COLUMNS, LEAST_ROUNDS = 2400, 2  # columns fitted in turn in all rounds over a table's columns, and those at least
MOST_EPOCHS = 60  # passes over the rows at most; the discriminator knows them by heart after more


@dataclass(frozen=True)
class Config:
    """Public options."""

    loss: str = "relativistic"  # or nonsaturating, minimax: the textbook's
    penalty: float = 0.03  # gamma of R1 and R2
    packing: int = (
        1  # m, rows that the discriminator judges together; more resist the loss of modes, fewer learn faster
    )
    start: str = "likelier"  # of copula and pairs, by other rows; or one of both; or noise: independent columns
    candidates: int = 8  # rows drawn for each row that is kept
    width: int | None = None  # h, units per layer; None is chosen from the number of rows
    depth: int = 2  # residual layers
    validation: float = 0.05  # share of rows held back for collapse detection
    batch: int | None = None
    learning_rate: float = 4e-3  # of the discriminator
    pace: float | None = None  # the generator's share of it
    weight_decay: float = 0.0
    finish: float = 0.25  # share of the steps in which the generator rests and the discriminator catches up with it

    def __post_init__(self) -> None:
        options.check(self)
        for name, known in (("loss", GAN_LOSSES), ("start", STARTS)):
            if getattr(self, name) not in known:
                raise GeneratorError(f"expected a {name} among {', '.join(known)}, found {getattr(self, name)!r}")


class Adversarial(FittedTable[Config, Model]):
    """A fitted table: samples, saves itself."""

    def _drawing(self, seed: int, where: Where | None, constraints: Sequence[str]) -> Drawing:
        held = reading.read(where, constraints, self.encoding)
        asked = Asked(self.encoding, held, guided=False, chunk_rows=_chunk_rows(self.encoding.layout))
        return asked, partial(self._chunk, held.fixed)

    def _chunk(self, fixed: Mapping[int, int], seed: int, first: int, guided: bool) -> tuple[np.ndarray, np.ndarray]:
        """Draw tokens and places of a chunk of candidates, given the tokens in `fixed`."""
        columns, size = len(self.encoding.columns), _chunk_rows(self.encoding.layout)
        x = conditioning.given(fixed, self.encoding.layout.width, size)
        inside = randomness.row_uniforms(seed, first, size, columns)
        return self._draw(seed, first, x, [c for c in range(columns) if c in fixed]), inside

    @torch.no_grad()
    def _draw(self, seed: int, first: int, x: Tensor, known: list[int]) -> np.ndarray:
        """Draw the tokens of one chunk of rows: of each row's candidates one, by its weight."""
        stream = torch.Generator().manual_seed(randomness.key(seed, "candidates", first))
        tokens, ratios = candidates(self.model, x, known, self.config.candidates, stream)
        if len(tokens) == 1:
            return tokens[0].cpu().numpy()
        u = torch.rand(len(x), generator=stream).to(ratios.device)
        return conditioning.chosen(tokens, ratios.softmax(0), u).cpu().numpy()


@torch.no_grad()
def candidates(model: Model, x: Tensor, known: list[int], count: int, stream: torch.Generator) -> tuple[Tensor, Tensor]:
    """Draw `count` candidates for each row of x [B, L], of which the columns `known` are given: tokens [K, B, L],
    log weights [K, B].
    """
    device, variables = model.mean.device, model.variables
    mask = torch.zeros(len(x), len(variables.layout.places), device=device)
    mask[:, known] = 1
    tokens, ratios = [], []
    for _ in range(count):
        e = torch.randn(len(x), len(variables.numbers) + NOISE_DIMENSIONS, generator=stream).to(device)
        u = torch.rand(len(x), sum(variables.sizes), generator=stream).to(device)
        z, y = model.start.draw(e[:, NOISE_DIMENSIONS:], u, x.to(device), known)
        z, picks, seen = model.generate(z, y, mask, e[:, :NOISE_DIMENSIONS])
        drawn = variables.write(z, picks)
        for c in known:
            for place in variables.layout.places[c]:
                drawn[:, place] = x[:, place]
        tokens.append(drawn)
        ratios.append(model.rate(seen, drawn, raked=not known))
    return torch.stack(tokens), torch.stack(ratios)


def fit(data: pd.DataFrame, schema: Schema, config: Config, **how: Unpack[FitOptions]) -> Adversarial:
    """Train on the rows of `data`; ValueError where a budget, a device or a privacy guarantee cannot be met."""
    fitted = fitting.fit(FAMILY, data, schema, config, **how)
    _calibrate(fitted.model, fitted.x, fitted.config, how["seed"])
    return Adversarial(fitted.encoding, fitted.config, fitted.model, fitted.record)


def restore(document: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> Adversarial:
    """Return the model that `save` wrote."""
    return Adversarial(*fitting.restore(FAMILY, document, tensors))


def _settle(config: Config, encoded: Encoding, rows: int) -> Config:
    """Fill the options left open: small batches and networks for few rows, and a slow generator, for these are soon
    known by heart.
    """
    batch = config.batch or int(np.clip(2 ** int(np.log2(max(rows // 2, 1))), 64, 512))
    width = config.width or (128 if rows < 5000 else 256)
    pace = config.pace or float(np.clip(0.025 * (rows / 1e4) ** 0.5, 0.02, 0.06))
    return replace(config, batch=batch, width=width, pace=pace, packing=min(config.packing, rows))


def _build(encoded: Encoding, config: Config) -> Model:
    options = {name: getattr(config, name) for name in ("width", "depth", "packing", "penalty", "loss")}
    return Model(Variables(encoded.layout, encoded.columns), **options)


def _start(model: Model, encoded: Encoding, config: Config, x: Tensor, folds: Folds) -> None:
    model.variables.fit(x)
    model.start.fit(x, folds, config.start)
    model.prepare(x)


def _plan(config: Config, rows: int) -> Plan:
    batch = settled(config.batch)
    most = max(600, MOST_EPOCHS * rows // batch)
    return Plan(
        learning_rate=config.learning_rate,
        weight_decay=config.weight_decay,
        batch=batch,
        steps=min(most, 2500),
        most_steps=most,
        ema=0.998,
        latest=True,
        betas=(0.5, 0.99),
        turns={"discriminator": Turn(), "generator": Turn(settled(config.pace), until=1 - config.finish)},
        least_diversity=0.25,
        least_fidelity=LEAST_FIDELITY,
    )


@torch.no_grad()
def _calibrate(model: Model, x: Tensor, config: Config, seed: int) -> None:
    """Fit what depends on the trained weights: the mean of the discriminator's units, and the terms that give
    tokens their shares.
    """
    stream = torch.Generator().manual_seed(randomness.key(seed, "calibration"))
    columns = len(model.variables.layout.places)
    with torch.random.fork_rng():
        randomness.manual_seed(seed, "mean")
        fake, _ = model.fakes(torch.arange(_chunk_rows(model.variables.layout), device=model.mean.device))
    model.mean.copy_(model.discriminator.trunk(fake).mean(0))
    if config.candidates == 1:
        return
    parts = [
        candidates(model, x[:1].expand(_chunk_rows(model.variables.layout), -1), [], config.candidates, stream)
        for _ in range(RAKING_ROWS // CHUNK_ROWS)
    ]
    tokens, ratios = torch.cat([part[0] for part in parts], 1), torch.cat([part[1] for part in parts], 1)
    sizes = model.variables.layout.sizes
    shares = {c: torch.bincount(x[:, c], minlength=sizes[c]).to(ratios) / len(x) for c in range(columns)}
    rounds = max(LEAST_ROUNDS, min(SHARE_ROUNDS, RAKED_COLUMNS // columns))
    for c, term in raked(tokens, ratios, shares, rounds).items():
        getattr(model, f"rake_{c}").copy_(term)


def _chunk_rows(layout: Layout) -> int:
    """Return how many rows are drawn at once, on any device."""
    return conditioning.chunk_rows(layout, torch.device("cpu"))


FAMILY = TableFamily("tabular.gan", Config, _settle, _build, _start, _plan)
