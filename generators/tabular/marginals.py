"""Tables of counts: histograms of all columns and tables of the pairs that say most, sampled exactly.

It reads the rows once, so it is fast, and every number that it keeps can be read. Under a privacy budget it is the
generator to choose: each table is told with discrete Gaussian noise, and whatever is made of the tables costs nothing
more. Without one it is a baseline that knows pairs and nothing beyond them.
"""

import math
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Unpack

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from launderette.generators.contract import Where
from launderette.generators.data.schema import Schema
from launderette.generators.devices import device as devices
from launderette.generators.encoding import encoder
from launderette.generators.encoding.encoding import Encoding
from launderette.generators.errors import GeneratorError
from launderette.generators.fitted import FittedTable
from launderette.generators.marginals import histograms, measuring, told
from launderette.generators.privacy import formulas
from launderette.generators.privacy.domain import Privacy, PublicColumn
from launderette.generators.privacy.learning import provenance
from launderette.generators.privacy.ledger import Ledger
from launderette.generators.privacy.queries import ExactQueries, NoisyQueries
from launderette.generators.sampling import imputation, reading
from launderette.generators.sampling.conditioning import CHUNK_ROWS
from launderette.generators.sampling.constraints import Constraints
from launderette.generators.sampling.rows import Asked, Drawing
from launderette.generators.tabular._network import Model, normalised
from launderette.generators.training import fitting, options, randomness
from launderette.generators.training.fitting import FitOptions

FAMILY_NAME = "tabular.marginals"
TOLD_WEIGHT = 0.25  # in the budget of histograms, of a column whose labels were counted when they were learnt
DEVICE_REASON = "tables of counts need no accelerator"


@dataclass(frozen=True)
class Config:
    """Public options."""

    bins: int | None = None  # groups of a column's values in pairs; None is chosen from rows and noise
    edges: int | None = None  # pairs beside those of a tree, at most; None for two a column, 0 for the tree alone

    def __post_init__(self) -> None:
        options.check(self)


class Marginals(FittedTable[Config, Model]):
    """A fitted table: samples, likelihoods, saving."""

    def _drawing(self, seed: int, where: Where | None, constraints: Sequence[str]) -> Drawing:
        """Conditions on columns are exact: rows are drawn from the distribution given them. Constraints between
        columns are met by rejection.
        """
        held = reading.read(where, constraints, self.encoding)
        weights = self._weights(held)
        if not self.model.possible(weights):
            raise GeneratorError("expected conditions that a row of the model can meet together, found none; widen one")
        return Asked(self.encoding, held, guided=False), partial(self._chunk, weights)

    def tokens(self, n: int, *, seed: int = 0) -> np.ndarray:
        """Return the tokens of n rows, int64 [n, L]: what another network may learn from at no cost."""
        parts = [self._chunk({}, seed, first, False)[0] for first in range(0, n, CHUNK_ROWS)]
        return np.concatenate(parts)[:n]

    def _weights(self, held: Constraints) -> dict[int, Tensor]:
        """Return which cells each condition leaves: 0 or 1, for what a cut leaves of a cell is rejected by value."""
        left = {k: domain.share[: len(self.model.cells(k))] > 0 for k, domain in held.with_tokens.items()}
        return {k: torch.from_numpy(own).double() for k, own in left.items()}

    def _chunk(self, weights: dict[int, Tensor], seed: int, first: int, guided: bool) -> tuple[np.ndarray, np.ndarray]:
        columns = len(self.encoding.columns)
        u = randomness.row_uniforms(seed, first, CHUNK_ROWS, 3 * columns)
        cells = self.model.draw(torch.from_numpy(u[:, columns:]), weights, {})
        return _tokens(self.encoding, cells.numpy()), u[:, :columns]

    def impute(self, frame: pd.DataFrame, *, seed: int = 0, draws: int = 1, rounded: bool = True) -> pd.DataFrame:
        """Return the frame with each missing value drawn given the rest of its row, or typical of several draws;
        identifiers and columns without any value stay.
        """
        return imputation.impute(frame, self.encoding, imputation.by_pattern(self._complete), seed, draws, rounded)

    def _complete(self, u: np.ndarray, x: Tensor, known: list[int]) -> np.ndarray:
        """Draw the cells of the columns that are not known of rows of tokens x [B, L], by u [B, 2 columns or more]:
        none of them missing.
        """
        cells, columns = self.encoding.cells(x.numpy()), self.encoding.columns
        given = {k: torch.from_numpy(cells[k]) for k in range(len(columns)) if k in known}
        present = {k: (torch.arange(len(self.model.cells(k))) < c.size).double() for k, c in enumerate(columns)}
        weights = {k: own for k, own in present.items() if k not in given and columns[k].size}
        places = torch.from_numpy(np.ascontiguousarray(u[:, : 2 * len(columns)]))
        return _tokens(self.encoding, self.model.draw(places, weights, given).numpy())

    def log_prob(self, frame: pd.DataFrame) -> np.ndarray:
        """Return the log-probability of each row's cells, in nats: float64 [rows]; -inf for a row that it cannot
        draw.
        """
        frame = self.encoding.with_between(frame)
        cells = np.stack([column.encode(frame[column.name]) for column in self.encoding.columns], 1)
        sizes = np.array([len(self.model.cells(k)) for k in range(cells.shape[1])])
        known, nats = (cells < sizes).all(1), np.full(len(frame), -np.inf)
        nats[known] = -self.model(torch.from_numpy(cells[known])).numpy()
        return nats


def _tokens(encoded: Encoding, cells: np.ndarray) -> np.ndarray:
    """Return tokens [B, L] of cells [B, columns]."""
    tokens = np.zeros((len(cells), encoded.layout.width), dtype="int64")
    for k, (column, places) in enumerate(zip(encoded.columns, encoded.layout.places, strict=True)):
        for place, part in zip(places, column.split(cells[:, k]), strict=True):
            tokens[:, place] = part
    return tokens


def fit(data: pd.DataFrame, schema: Schema, config: Config, **how: Unpack[FitOptions]) -> Marginals:
    """Count the rows of `data`; ValueError where a device or a privacy guarantee cannot be met."""
    started, privacy = time.monotonic(), how.get("privacy")
    devices.choose(how.get("device", "auto"))
    if privacy is None:
        salt = f"{FAMILY_NAME}-{how['seed']}"
        encoded = encoder.fit(data, schema, salt, **fitting.named(config), groups=how.get("groups"))
        data = encoded.with_between(data)
        codes = _codes(encoded, data)
        counted = [histograms.exact(column, data[column.name]) for column in encoded.columns]
        network = measuring.fit(codes, counted, ExactQueries(), config.bins, config.edges)
        likely = [histograms.likely(column, own) for column, own in zip(encoded.columns, codes, strict=True)]
        return _fitted(encoded, replace(network, counts=likely), config, encoded.told, started, how)
    if not isinstance(privacy, Privacy):
        raise GeneratorError(f"expected privacy as a Privacy (epsilon, delta, columns), found {type(privacy).__name__}")
    queries = NoisyQueries(privacy.squared, privacy.reach)
    encoded, network = measure(data, schema, privacy, queries, config)
    events = (*privacy.events, *queries.events)
    ledger = Ledger(events, privacy.delta, privacy.unit, *provenance(privacy.public(schema.names)))
    record = {"ledger": ledger.to_dict(), "rows": max(1, round(network.rows)), **encoded.told}
    return _fitted(encoded, network, config, record, started, how)


def measure(
    data: pd.DataFrame, schema: Schema, privacy: Privacy, queries: NoisyQueries, config: Config
) -> tuple[Encoding, measuring.PairModel]:
    """Ask all that is asked of the rows under a privacy budget, and return what is made of the answers."""
    known = privacy.public(schema.names)
    public = [column for column in known if not column.derived]
    parts = _parts(public)
    counted = [histograms.learn(data[c.name], c, queries, share) for c, share in zip(public, parts, strict=True)]
    counted = told.with_told(counted, public)
    encoded = Encoding(schema, tuple(one.column for one in counted), derived=formulas.derived(known))
    return encoded, measuring.fit(_codes(encoded, data), counted, queries, config.bins, config.edges)


def _parts(public: Sequence[PublicColumn]) -> np.ndarray:
    """Return the share of mu^2 for the histogram of each column."""
    whole = measuring.HISTOGRAMS_SHARE if len(public) > 1 else 1.0
    weights = measuring.shares([histograms.cells_of(column) for column in public])
    weights *= [1 + histograms.rounds_of(column) for column in public]  # a column is asked once and then in each round
    weights *= [TOLD_WEIGHT if len(column.rows) == len(column.categories or ()) > 0 else 1.0 for column in public]
    return np.asarray(whole * weights / weights.sum())


def least_rows(privacy: Privacy, names: Iterable[str]) -> int:
    """Return how many rows, about, of these columns the noise drowns, by what is public alone: nothing is asked."""
    public = [column for column in privacy.public(names) if not column.derived]
    queries = NoisyQueries(privacy.squared, privacy.reach)
    sigmas = [queries.sigma(p / (1 + histograms.rounds_of(c))) for c, p in zip(public, _parts(public), strict=True)]
    told = sum(1 / (histograms.cells_of(c) * sigma**2) for c, sigma in zip(public, sigmas, strict=True))
    return math.ceil(measuring.SIGNAL_DEVIATIONS / math.sqrt(told))


def _codes(encoded: Encoding, data: pd.DataFrame) -> list[np.ndarray]:
    """Return the cells [rows] of each column: where none may be missing, a missing value is in the last one."""
    return [np.minimum(c.encode(data[c.name]), c.size + c.missing - 1) for c in encoded.columns]


def tokens_of(encoded: Encoding, data: pd.DataFrame) -> np.ndarray:
    """Return the tokens of rows, int64 [rows, L]: each has them, also one with a missing value where none may be."""
    return _tokens(encoded, np.stack(_codes(encoded, data), 1))


def model_of(network: measuring.PairModel) -> Model:
    """Return the tables of a network as a model that draws from them."""
    cells = [normalised(counts, groups) for counts, groups in zip(network.counts, network.groups, strict=True)]
    tables, order = (network.groups, cells, network.conditional), network.order
    return Model(
        order.columns, order.parents, *([torch.from_numpy(np.ascontiguousarray(t)) for t in own] for own in tables)
    )


def _fitted(
    encoded: Encoding,
    network: measuring.PairModel,
    config: Config,
    record: dict[str, Any],
    started: float,
    how: FitOptions,
) -> Marginals:
    model = model_of(network)
    entropy, seconds = model.entropy(), time.monotonic() - started
    status = {"step": 1, "steps": 1, "seconds": seconds, "loss": entropy, "validation": entropy, "memory_mb": 0}
    if progress := how.get("progress"):
        progress(status)
    record |= {"steps": 1, "loss": entropy, "validation": entropy, "validation_rows": []}
    record |= {} if how.get("privacy") else {"seconds": seconds}  # how long it takes depends on how many rows there are
    record |= {"device": "cpu", "reason": DEVICE_REASON, "stopped": "after one pass over the rows", "memory_mb": 0}
    return Marginals(encoded, config, model, record)


def restore(document: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> Marginals:
    """Return the model that `save` wrote."""
    order = tensors["order"].tolist()
    named = ("parents", "groups", "cells", "conditional")
    parents, *tables = ([tensors[f"{name}_{k}"] for k in range(len(order))] for name in named)
    encoded, config = Encoding.from_dict(document["encoding"]), Config(**document["config"])
    return Marginals(encoded, config, Model(order, [own.tolist() for own in parents], *tables), document["record"])
