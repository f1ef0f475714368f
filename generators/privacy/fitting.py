"""Fitting a network under a privacy budget: sums first, then rows.

A part of the budget buys noisy sums over all rows: the tables of tabular.marginals, the features of
image.mean_embedding. The network is trained on rows that are drawn from these, as many as are wanted, at no further
cost; the rest of the budget lets private descent teach it what sums do not say. So nothing else reads a row: the
columns' cells, the number of rows, the sizes of batches and networks all follow from what is public or was told with
noise.
"""

import hashlib
import json
import math
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from typing import Any, ClassVar, Unpack

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn

from launderette.generators.contract import Budget, Progress
from launderette.generators.data.schema import Schema
from launderette.generators.data.values import names_of
from launderette.generators.devices import device as devices
from launderette.generators.encoding.encoding import Encoding
from launderette.generators.errors import GeneratorError
from launderette.generators.optimizers.adam import Adam, ParameterGroup
from launderette.generators.privacy import descent, subsampling
from launderette.generators.privacy.descent import Descent, DescentSchedule, PrivateRows
from launderette.generators.privacy.domain import Privacy
from launderette.generators.privacy.learning import provenance
from launderette.generators.privacy.ledger import Event, Ledger, SubsampledGaussian
from launderette.generators.privacy.queries import NoisyQueries
from launderette.generators.privacy.resuming import Checkpoint, PrivateRun
from launderette.generators.tabular import marginals
from launderette.generators.training import loop, options, randomness
from launderette.generators.training.fitting import FitOptions, Fitted, PrivateTraining, TableFamily
from launderette.generators.training.plan import Plan
from launderette.generators.training.state import TrainingRun

SUMS_SHARE, SMALL_BUDGET_SHARE = 0.5, 0.8
STEPS_DELTA_SHARE = 0.1  # of delta, for steps whose privacy loss is no Gaussian one beyond it
MU_ROUNDING = 1e-9  # relative
SMALL_BUDGET = 0.15  # mu^2: epsilon 1.8 at a delta of 1e-6
DESCENT_STEPS = 600  # of private descent, where the budget names neither steps nor minutes
STEP_DIVISOR, LEAST_STEP_ROWS, MOST_STEP_ROWS = 32, 64, 2048  # rows of a step: a 32nd of all, between two numbers
DRAWN_VALIDATION = 0.05  # share of the drawn rows by which learning from them ends
START_STEPS = 4  # steps on drawn rows for each step on private ones, at most: for images where the budget names these
START_MINUTES = 0.4  # share of a budget of minutes
PACE_STEPS = 5
CALIBRATION_ROWS, CALIBRATION_STEPS, CALIBRATION_BATCH, CALIBRATION_RATE = 20_000, 150, 1024, 1e-2
TOLD_STEPS = 10


@dataclass(frozen=True, eq=False)
class ToldSums:
    """What noisy sums have told: how data are coded, how many rows there are, and coded rows drawn from the sums."""

    coded: Any
    rows: int
    drawn: Tensor


@dataclass(frozen=True, eq=False)
class PrivateFit(ABC):
    """What a private fit was asked for; a subclass says what of it depends on the kind of data."""

    family: Any
    data: Any
    config: Any
    privacy: Privacy
    seed: int
    budget: Budget
    device: torch.device
    coded: ClassVar[type]  # how data are coded: with to_dict and from_dict

    @property
    def share(self) -> float:
        """The share of the budget's mu^2 that the sums of the start are told for."""
        return SUMS_SHARE

    def identity(self, units: np.ndarray) -> str:
        """Return a digest of the rows and of all that decides how they are used, but for the budget of privacy."""
        public = [self.family.name, self.public(), asdict(self.config), self.seed, asdict(self.budget)]
        rows = self.content() + units.tobytes()
        return hashlib.sha256(rows + json.dumps(public, sort_keys=True).encode()).hexdigest()

    @abstractmethod
    def content(self) -> bytes:
        """Return bytes that are others for other rows."""

    @abstractmethod
    def public(self) -> Any:
        """Return what is publicly known of the rows, for JSON."""

    @abstractmethod
    def ask(self, queries: NoisyQueries) -> ToldSums:
        """Ask the rows for the sums of the start."""

    @abstractmethod
    def settled(self, told: ToldSums) -> Any:
        """Return the config with the options filled that were left open."""

    @abstractmethod
    def built(self, coded: Any, config: Any) -> nn.Module:
        """Return a model on the device, as a checkpoint's tensors need it."""

    @abstractmethod
    def begun(self, told: ToldSums, config: Any) -> tuple[nn.Module, Plan]:
        """Return a model that knows what is read off the drawn rows, and how it is to learn from them."""

    @abstractmethod
    def codes(self, coded: Any) -> Tensor:
        """Return the private rows as the model takes them, [N, ...]."""

    @abstractmethod
    def ledger(self, events: tuple[Event, ...]) -> Ledger:
        """Return the ledger of these events."""

    def end(self, model: Any, drawn: Tensor) -> None:  # noqa: B027  # most have nothing left to do
        """Do last what drawn rows alone tell."""

    def said(self, coded: Any) -> dict[str, Any]:
        """Return what the record of a model says of how data are coded."""
        return {}


def asked_for(config: Any, **how: Unpack[FitOptions]) -> tuple[Privacy, int, Budget, torch.device]:
    """Return the last four fields of a PrivateFit; GeneratorError where no privacy budget can be kept to, and for an
    option that private training does not have.
    """
    privacy, usual = how.get("privacy"), type(config)()
    for name in options.UNUSED_PRIVATELY:
        if (found := getattr(config, name)) != getattr(usual, name):
            raise GeneratorError(
                f"expected no option {name} under a privacy budget, which holds back no row and looks at no row's "
                f"loss, found {found}; leave it out"
            )
    if not isinstance(privacy, Privacy):
        raise GeneratorError(f"expected privacy as a Privacy (epsilon, delta, columns), found {type(privacy).__name__}")
    subsampling.check()
    return privacy, how["seed"], how.get("budget") or Budget(), devices.choose(how.get("device", "auto"))[0]


def run(asked: PrivateFit, **how: Unpack[FitOptions]) -> tuple[PrivateRun, dict[str, Any]]:
    """Take a private fit to its end; return it and its record. GeneratorError where the budget has no room, and for a
    checkpoint of another budget or of other rows.
    """
    started, (device, reason) = time.monotonic(), devices.choose(how.get("device", "auto"))
    units = _units(how.get("groups"), len(asked.data))
    place = Checkpoint(how.get("checkpoint"), asked.identity(units), asked.privacy)
    found = place.open(asked.family.config, asked.coded, asked.built)
    if found is None:
        found = _begun(asked)
        place.write(found, now=True)
    rows = PrivateRows(asked.codes(found.coded).to(device), units)
    best = found.descent.run(rows, _teller(found, place, how.get("progress"), started))
    found.model.load_state_dict(found.model.state_dict() | best)
    asked.end(found.model, found.drawn.to(device))
    found.model.eval()
    return found, _record(found, asked) | {"device": str(device), "reason": reason}


def _teller(run: PrivateRun, place: Checkpoint, progress: Progress | None, started: float) -> Callable[[int], None]:
    """Return what is done after each step: it is saved, and told without a loss, for that is of private rows."""

    def tell(step: int) -> None:
        last = step == run.descent.schedule.steps
        place.write(run, now=last)
        if progress and (last or step % TOLD_STEPS == 0):
            known = {"loss": run.loss, "validation": run.loss, "memory_mb": 0}
            steps = run.descent.schedule.steps
            progress({"step": step, "steps": steps, "seconds": time.monotonic() - started, **known})

    return tell


def _record(run: PrivateRun, asked: PrivateFit) -> dict[str, Any]:
    """Return what a model tells of its training: nothing that rows have not told by the ledger, nor how long it took,
    which depends on how many they are.
    """
    ledger = asked.ledger(run.events).to_dict()
    told = {"ledger": ledger, "rows": run.rows, "loss": run.loss, "validation": run.loss, **asked.said(run.coded)}
    return told | {"stopped": "all steps taken", "validation_rows": [], "memory_mb": 0, "steps": run.descent.step}


def _begun(asked: PrivateFit) -> PrivateRun:
    """Ask for the sums, train on rows drawn from them, and plan the descent."""
    slack = STEPS_DELTA_SHARE * asked.privacy.delta
    whole = replace(asked.privacy, delta=asked.privacy.delta - slack).squared  # fixed before anything is asked
    queries = NoisyQueries(asked.share * whole, asked.privacy.reach)
    told = asked.ask(queries)
    config = asked.settled(told)
    model, loss = _trained(asked, told, config)
    mu = math.sqrt(max(0.0, whole - sum(event.squared for event in queries.events))) * (1 - MU_ROUNDING)
    schedule = _schedule(asked, model, told, mu, slack)
    steps = schedule.noise, schedule.rate, schedule.steps
    spent = SubsampledGaussian("gradients", *steps, mu, slack, reach=asked.privacy.reach)
    begun, drawn = Descent(model, schedule), told.drawn[:CALIBRATION_ROWS]
    events = (*asked.privacy.events, *queries.events, spent)
    return PrivateRun(told.coded, config, begun, events, told.rows, loss, drawn)


def _trained(asked: PrivateFit, told: ToldSums, config: Any) -> tuple[nn.Module, float]:
    """Train a model on drawn rows alone: nothing of it is private, so it may stop when it pleases."""
    held, budget = max(1, round(DRAWN_VALIDATION * len(told.drawn))), _start_budget(asked.budget)
    with torch.random.fork_rng():
        randomness.manual_seed(asked.seed, "weights")
        model, plan = asked.begun(told, config)
    placed = [part.to(asked.device) for part in (told.drawn[held:], told.drawn[:held])]
    if budget.steps:
        budget = Budget(steps=min(budget.steps, plan.steps))
    best, record = loop.train(TrainingRun(model, plan, asked.seed, "", budget, time.monotonic()), *placed)
    model.load_state_dict(model.state_dict() | best)
    return model, record["validation"]


def _start_budget(budget: Budget) -> Budget:
    if budget.minutes:
        return Budget(minutes=START_MINUTES * budget.minutes)
    return Budget(steps=START_STEPS * budget.steps if budget.steps else None)


def _schedule(asked: PrivateFit, model: nn.Module, told: ToldSums, mu: float, slack: float) -> DescentSchedule:
    """Plan the descent by what is public or was told, with as much noise as has it cost mu but for a probability of
    `slack`.
    """
    rows = told.rows
    expected = min(float(np.clip(rows / STEP_DIVISOR, LEAST_STEP_ROWS, MOST_STEP_ROWS)), float(rows))
    rate, steps = expected / rows, asked.budget.steps or DESCENT_STEPS
    if asked.budget.minutes:
        steps = _steps_in(60 * (1 - START_MINUTES) * asked.budget.minutes, model, told.drawn[: round(expected)])
    return DescentSchedule(steps, rate, subsampling.noise_for(mu, slack, rate, steps), expected)


def _steps_in(seconds: float, model: nn.Module, drawn: Tensor) -> int:
    """Return how many steps are taken in so many seconds, by the pace on drawn rows: private ones might tell by it."""
    started, device = time.monotonic(), next(model.parameters()).device
    for _ in range(PACE_STEPS):
        descent.clipped_sums(model, PrivateRows(drawn.to(device), np.arange(len(drawn))), descent.CLIP)
    return max(1, int(seconds * PACE_STEPS / (time.monotonic() - started)))


def _units(groups: Any, rows: int) -> np.ndarray:
    """Return the unit of each row, numbered from 0: the row itself without groups."""
    return np.arange(rows) if groups is None else pd.factorize(names_of(pd.Series(groups)))[0]


@dataclass(frozen=True, eq=False)
class TableFit(PrivateFit):
    """A private fit on the rows of a table: the sums of the start are the tables of tabular.marginals."""

    schema: Schema
    coded = Encoding

    @property
    def share(self) -> float:
        """The share of mu^2 for tables: more of a small budget, by which gradients tell little but their noise."""
        return SMALL_BUDGET_SHARE if self.privacy.squared < SMALL_BUDGET else SUMS_SHARE

    def content(self) -> bytes:
        return bytes(pd.util.hash_pandas_object(self.data, index=False).to_numpy().tobytes())

    def public(self) -> Any:
        return self.schema.to_dict()

    def ask(self, queries: NoisyQueries) -> ToldSums:
        encoded, network = marginals.measure(self.data, self.schema, self.privacy, queries, marginals.Config())
        tables = marginals.Marginals(encoded, marginals.Config(), marginals.model_of(network), {})
        rows = max(2, round(network.rows))
        return ToldSums(encoded, rows, torch.from_numpy(tables.tokens(rows, seed=self.seed)))

    def settled(self, told: ToldSums) -> Any:
        """Fill the options left open: a network that is smaller than without noise, of which each weight gets some."""
        given = {name: value for name, value in asdict(self.config).items() if value is not None}
        config = replace(self.config, **{**self._own.options, **given})
        return self.family.settle(config, told.coded, told.rows)

    def built(self, coded: Encoding, config: Any) -> nn.Module:
        model: nn.Module = self.family.build(coded, config)
        return model.to(self.device)

    def begun(self, told: ToldSums, config: Any) -> tuple[nn.Module, Plan]:
        model = self.family.build(told.coded, config)
        self._own.start(model, told.drawn)
        plan = self.family.plan(config, len(told.drawn))
        most = START_STEPS * (self.budget.steps or DESCENT_STEPS)  # what tables tell is learnt by then
        return model.to(self.device), replace(plan, steps=min(plan.steps, most))

    def codes(self, coded: Encoding) -> Tensor:
        return torch.from_numpy(marginals.tokens_of(coded, self.data))

    def ledger(self, events: tuple[Event, ...]) -> Ledger:
        public = provenance(self.privacy.public(self.schema.names))
        return Ledger(events, self.privacy.delta, self.privacy.unit, *public)

    def end(self, model: Any, drawn: Tensor) -> None:
        """Fit the biases alone to drawn rows [M, L] again: what each column's values are together, the tables know
        better than gradients with noise, which have moved it. Where the loss is least, shares are those of the drawn
        rows.
        """
        own, stream = self._own.biases(model), randomness.generator(self.seed, "shares")
        optimizer = Adam([ParameterGroup(own, CALIBRATION_RATE)])
        for step in range(CALIBRATION_STEPS):
            batch = drawn[torch.from_numpy(stream.integers(0, len(drawn), min(CALIBRATION_BATCH, len(drawn))))]
            for parameter, gradient in zip(own, torch.autograd.grad(model(batch).mean(), own), strict=True):
                parameter.grad = gradient
            optimizer.set_rate(CALIBRATION_RATE * (1 - step / CALIBRATION_STEPS))
            optimizer.step()

    def said(self, coded: Encoding) -> dict[str, Any]:
        return dict(coded.told)

    @property
    def _own(self) -> PrivateTraining:
        assert self.family.private is not None  # its `fit` comes here
        found: PrivateTraining = self.family.private
        return found


def fit(family: TableFamily, data: pd.DataFrame, schema: Schema, config: Any, **how: Unpack[FitOptions]) -> Fitted:
    """Train a model of the family on the rows of `data` within a privacy budget; GeneratorError where that has no
    room, for what it cannot promise, and for a checkpoint of another budget or of other rows.
    """
    asked = TableFit(family, data, config, *asked_for(config, **how), schema)
    if getattr(config, "combinations", ()):
        raise GeneratorError(
            "expected no combinations under a privacy budget, found some, which only rows could tell; leave them out"
        )
    found, record = run(asked, **how)
    return Fitted(found.coded, found.config, found.model, record, torch.zeros(0))
