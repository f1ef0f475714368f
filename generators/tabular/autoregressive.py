"""Autoregressive tables: p(row) = prod_l p(x_l | x_<l, x_C), each factor a categorical over the tokens of one column.

All factors are trained at once (_chain.py). A share of the training rows also shows a random set C of columns to every
factor, so that a condition on any columns holds when a row is drawn (the known tokens come first), without rejection.
Row i is drawn by inverting each conditional CDF at one coordinate of its own u in [0, 1)^L: rows do not depend on the
batch they are drawn in.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from typing import Any, Unpack

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from launderette.generators.contract import Where
from launderette.generators.data.groups import numbered
from launderette.generators.data.schema import Schema
from launderette.generators.encoding.encoding import Encoding
from launderette.generators.fitted import FittedTable
from launderette.generators.networks.attention import MOST_GATED_TOKENS
from launderette.generators.networks.drawn import DrawnFactors
from launderette.generators.privacy import fitting as private
from launderette.generators.sampling import combinations, conditioning, imputation, reading, rows, shared
from launderette.generators.sampling.conditioning import CANDIDATES_PER_ROW, CHUNK_ROWS, Allowed, anything
from launderette.generators.sampling.constraints import Constraints
from launderette.generators.sampling.masks import Mask
from launderette.generators.sampling.rows import Asked, Drawing, InPlace, KnownTimes
from launderette.generators.sampling.shared import EntityEffects
from launderette.generators.tabular._chain import Model, only
from launderette.generators.training import fitting, options, randomness
from launderette.generators.training.fitting import FitOptions, PrivateTraining, TableFamily
from launderette.generators.training.plan import Plan, chain_options, of_chain
from launderette.generators.training.validation import Folds

Points = Callable[[int, int, int, int], np.ndarray]  # randomness.row_uniforms, row_strata or row_sobol
PRIVATE_WIDTH = 32  # under noise, of which each weight gets some
MANY_ROWS = 10_000  # from which on factors have gates; of fewer, numbers walk and units are left out from the start
LATER_DROPOUTS = 0.1, 0.2  # of many rows, each once the validation loss no longer falls


@dataclass(frozen=True)
class Config:
    """Public options; None is chosen from the number of rows and tokens."""

    width: int | None = None  # h, units per factor
    embedding: int = 12  # e, units per token
    depth: int = 2  # residual layers per factor
    conditional: float = 0.15  # share of training rows that show a random set of columns
    dropout: float | None = None  # share of the units left out in a training step; of many rows None: as is needed
    blur: bool | None = None  # whether training moves numbers among neighbouring cells
    gates: bool | None = None  # whether each factor weighs by itself what each earlier token tells
    memory: float = 0.6  # bound on the AUC of the loss attack, 0.5 to 1
    combinations: tuple[str, ...] = ()  # such as "city, country": values that occur together only as in training
    validation: float = 0.05  # share of rows held back for early stopping
    batch: int | None = None
    learning_rate: float | None = None
    weight_decay: float | None = None

    def __post_init__(self) -> None:
        options.check(self)


class Autoregressive(FittedTable[Config, Model]):
    """A fitted table: samples, likelihoods, saving."""

    def sample(
        self, n: int, *, seed: int = 0, where: Where | None = None, constraints: Sequence[str] = (), sobol: bool = False
    ) -> pd.DataFrame:
        """Draw exactly n rows; row i depends on the seed and i alone. ValueError for a condition that no row can meet.

        `where` and `constraints` hold in every row (sampling/domains.py, sampling/grammar.py). `sobol` spreads the rows
        more evenly than independent draws: less noise in the table's shares, the same distribution.
        """
        points = randomness.row_sobol if sobol else randomness.row_uniforms
        return rows.draw(n, *self._drawing(seed, where, constraints, points), seed)

    def sample_evenly(
        self, n: int, *, seed: int = 0, where: Where | None = None, constraints: Sequence[str] = ()
    ) -> pd.DataFrame:
        """Draw as `sample` does, each column's random numbers even among every 16 rows: for releases of few rows."""
        return rows.draw(n, *self._drawing(seed, where, constraints, randomness.row_strata), seed)

    def _drawing(
        self, seed: int, where: Where | None, constraints: Sequence[str], points: Points = randomness.row_uniforms
    ) -> Drawing:
        held = reading.read(where, constraints, self.encoding)
        combinations.check(self.model.combinations, held.fixed, [column.name for column in self.encoding.columns])
        sharing = self._sharing(seed)
        chunk = partial(self._chunk, held, points, self.model.factors(), sharing)
        guided = True if points is randomness.row_sobol and held.open else None
        in_place = InPlace(chunk, sharing.entities) if sharing else None
        return Asked(self.encoding, held, self.model.combinations, guided, in_place, self._chunk_rows), chunk

    def _sharing(self, seed: int) -> EntityEffects | None:
        """Return how rows of an entity share; None where they share nothing, so that any row may take another's place
        and rules of the data are met without a loss in single columns (raking.py).
        """
        panel = self.encoding.panel
        if panel is None or (panel.keeps_nothing and not self.model.shared.any()):
            return None
        return EntityEffects(self.encoding, self.model.shared, bool(self.model.evenly), seed)

    def _chunk(
        self,
        held: Constraints,
        points: Points,
        factors: DrawnFactors,
        sharing: EntityEffects | None,
        seed: int,
        first: int,
        guided: bool,
        places: np.ndarray | None = None,
        times: KnownTimes | None = None,
    ) -> tuple[np.ndarray, np.ndarray]:
        """Draw tokens and places of a chunk of candidates, given the fixed tokens, masked where they are guided; those
        of a panel for rows first + `places`, at their known `times`.
        """
        fixed, columns, size = held.fixed, len(self.encoding.columns), self._chunk_rows
        x = conditioning.given(fixed, self.encoding.layout.width, size)
        # the chain rule itself conditions on its first tokens
        leading = not guided and sorted(fixed) == list(range(len(fixed)))
        known = [] if leading else list(fixed)
        allowed = only(fixed, self.encoding.layout) if leading else Mask(held, known) if guided else anything
        u = points(seed, first, size, conditioning.randoms(self.encoding, bool(known or guided)))
        draw = partial(self._draw, x=x, known=known, allowed=allowed, factors=factors, held=held if guided else None)
        if sharing is None:
            return draw(u[:, columns:]), u[:, :columns]
        numbers = first + (np.arange(size) if places is None else places)
        u = sharing.mixed(u, seed, numbers)
        tokens = draw(u[:, columns:], allowed=self._at(times, numbers, allowed))
        if fine := sharing.fine:
            tokens[:, fine] = draw(sharing.alone(u, seed, numbers)[:, columns:])[:, fine]
        if fine := sharing.fine_of_visits:
            tokens[:, fine] = draw(sharing.of_visits_alone(u, seed, numbers)[:, columns:])[:, fine]
        return tokens, u[:, :columns]

    def _at(self, times: KnownTimes | None, numbers: np.ndarray, allowed: Allowed) -> Allowed:
        """Allow rows `numbers` [B] the tokens of their known times alone, and else what is allowed."""
        if times is None:
            return allowed
        layout, cells = self.encoding.layout, times.cells[numbers - times.first]
        parts = self.encoding.columns[times.k].split(cells)
        tokens = {l: torch.from_numpy(part) for l, part in zip(layout.places[times.k], parts, strict=True)}
        return conditioning.forced(tokens, layout.sizes, allowed)

    @torch.no_grad()
    def _draw(
        self,
        u: np.ndarray,
        x: Tensor,
        known: list[int],
        allowed: Allowed,
        factors: DrawnFactors,
        held: Constraints | None,
    ) -> np.ndarray:
        """Draw tokens [B, L] where x is not known, by u [B, 1 + L for each candidate].

        The second pass over conditions, q, is less exact than the model's own p.
        """
        self.model.eval()
        uniforms, x = torch.from_numpy(u).to(self._device), x.to(self._device)
        candidates = uniforms[:, 1:].split(self.encoding.layout.width, 1)
        shown = torch.tensor([[l in known for l in range(x.shape[1])]], device=self._device)
        if len(candidates) == 1:
            return self.model.draw_tokens(candidates[0], x, shown, allowed, factors).cpu().numpy()
        drawn = [self.model.draw(part, x, shown, allowed, factors) for part in candidates]
        log_p = partial(self._log_p, factors=factors, held=held)
        return conditioning.resampled(drawn, log_p, uniforms[:, 0]).cpu().numpy()

    def _log_p(self, tokens: Tensor, factors: DrawnFactors, held: Constraints | None) -> Tensor:
        """Return log p of tokens [B, L], of cells that constraints cut the part that is left."""
        log_p = self.model.log_p(tokens, factors)
        return log_p + conditioning.log_share(tokens, self.encoding, held).to(log_p) if held else log_p

    @property
    def _device(self) -> torch.device:
        return self.model.first_bias.device

    @property
    def _chunk_rows(self) -> int:
        return conditioning.chunk_rows(self.encoding.layout, self._device)

    def impute(self, frame: pd.DataFrame, *, seed: int = 0, draws: int = 1, rounded: bool = True) -> pd.DataFrame:
        """Return the frame with each missing value drawn given the rest of its row, or typical of several draws;
        identifiers and columns without any value stay.
        """
        self.model.eval()
        fill = partial(self._fill, self.model.factors())
        return imputation.impute(frame, self.encoding, imputation.in_parts(fill), seed, draws, rounded)

    def _fill(self, factors: DrawnFactors, u: np.ndarray, x: Tensor, known: Tensor) -> tuple[Tensor, Tensor]:
        """Draw candidates [K, B, L] for the tokens x [B, L] that are not known [B, L], with their weights [K, B]."""
        uniforms, x, known = (part.to(self._device) for part in (torch.from_numpy(u), x, known))
        K, given = CANDIDATES_PER_ROW, x.masked_fill(~known, 0)  # a missing value may have no token
        candidates = uniforms[:, 1:].unflatten(1, (K, -1)).flatten(0, 1)
        allowed = imputation.present(self.encoding)
        tokens, log_q = self.model.draw(candidates, given.repeat_interleave(K, 0), known, allowed, factors)
        weights = (self.model.log_p(tokens, factors) - log_q).unflatten(0, (-1, K)).softmax(1)
        return tokens.unflatten(0, (-1, K)).transpose(0, 1), weights.t()

    def uniforms(self, frame: pd.DataFrame, *, seed: int = 0) -> np.ndarray:
        """Return u [rows, L] from which `sample` would draw these rows' tokens: uniform where the rows are of the
        model's distribution.
        """
        self.model.eval()
        x = torch.from_numpy(self.encoding.encode(frame)).to(self._device)
        v = torch.from_numpy(randomness.row_uniforms(seed, 0, len(x), x.shape[1])).to(self._device)
        parts = [
            self.model.uniforms(*part).cpu().numpy()
            for part in zip(x.split(CHUNK_ROWS), v.split(CHUNK_ROWS), strict=True)
        ]
        return np.concatenate(parts) if parts else np.zeros(x.shape)

    def log_prob(self, frame: pd.DataFrame) -> np.ndarray:
        """Return the log-probability of each row's cells, in nats: float64 [rows]; -inf for a row that it cannot
        draw.
        """
        self.model.eval()
        return fitting.log_prob(self.model, self.encoding, frame, self._device)

    def tensors(self) -> dict[str, Tensor]:
        allowed = {f"combinations.{k}": torch.from_numpy(own.tokens) for k, own in enumerate(self.model.combinations)}
        return super().tensors() | allowed


def fit(data: pd.DataFrame, schema: Schema, config: Config, **how: Unpack[FitOptions]) -> Autoregressive:
    """Train on the rows of `data`; ValueError where a budget, a device or a privacy guarantee cannot be met."""
    train = fitting.fit if how.get("privacy") is None else private.fit
    fitted = train(FAMILY, data, schema, config, **how)
    record = dict(fitted.record)
    if fitted.encoding.panel is not None:
        owners = np.delete(numbered(how.get("groups"), len(data)), record["validation_rows"])
        ends, coded = partial(_ends, fitted.model), fitted.encoding
        found, even = shared.measure(ends, fitted.x, owners, coded, how["seed"])
        fitted.model.shared.copy_(found)
        fitted.model.evenly.fill_(float(even))
        record["entities"] = shared.told(coded, found, even)
    return Autoregressive(fitted.encoding, fitted.config, fitted.model, record)


def _ends(model: Model, x: Tensor) -> tuple[Tensor, Tensor]:
    """Return both ends of the uniforms that tokens x [B, L] are drawn by, each [B, L]."""
    x = x.to(model.first_bias.device)
    low, high = (torch.full(x.shape, end, dtype=torch.float64, device=x.device) for end in (0.0, 1.0))
    return model.uniforms(x, low), model.uniforms(x, high)


def restore(document: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> Autoregressive:
    """Return the model that `save` wrote."""
    own = {name: tensor for name, tensor in tensors.items() if not name.startswith("combinations.")}
    encoded, config, model, record = fitting.restore(FAMILY, document, own)
    allowed = [tensors[name].numpy() for name in sorted(tensors.keys() - own.keys())]
    model.combinations = combinations.restore(config.combinations, encoded, allowed)
    return Autoregressive(encoded, config, model, record)


def _settle(config: Config, encoded: Encoding, rows: int) -> Config:
    """Fill the options left open by the number of tokens and rows."""
    chosen = chain_options(encoded.layout.width, rows)
    chosen["gates"] = rows >= MANY_ROWS and encoded.layout.width <= MOST_GATED_TOKENS
    chosen["blur"] = rows < MANY_ROWS
    if rows < MANY_ROWS:
        chosen["dropout"] = min(150 / rows, 0.3)
    given = {name: value for name, value in asdict(config).items() if value is not None}
    return Config(**(chosen | given))


def _build(encoded: Encoding, config: Config) -> Model:
    shape = {name: getattr(config, name) for name in ("width", "embedding", "depth", "conditional", "gates")}
    return Model(encoded.layout, dropout=config.dropout or 0.0, blur=bool(config.blur), **shape)


def _plan(config: Config, rows: int) -> Plan:
    plan = of_chain(config, rows)
    return replace(plan, dropouts=LATER_DROPOUTS) if config.dropout is None else plan


def _start(model: Model, encoded: Encoding, config: Config, x: Tensor, folds: Folds) -> None:
    model.combinations = combinations.learn(config.combinations, encoded, x.numpy())  # refused before time is spent
    model.heads.start_from_marginals(x)
    model.start_from_copula(x, folds)


def _start_private(model: Model, x: Tensor) -> None:
    model.heads.start_from_marginals(x)


def _biases(model: Model) -> list[Tensor]:
    return list(model.heads.out_bias)


PRIVATE_TRAINING = PrivateTraining({"width": PRIVATE_WIDTH, "dropout": 0.0, "blur": False}, _start_private, _biases)
FAMILY = TableFamily("tabular.autoregressive", Config, _settle, _build, _start, _plan, PRIVATE_TRAINING, in_order=True)
