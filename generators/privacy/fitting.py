"""Fitting a network under a privacy budget: tables first, then rows.

A part of the budget buys the noisy tables of tabular.marginals. The network is trained on rows that are drawn from
these, as many as are wanted, at no further cost; the rest of the budget lets private descent teach it what pairs of
columns do not say. Last, its biases are fitted to the drawn rows again. So nothing else reads a row: the columns'
cells, the number of rows, the sizes of batches and networks all follow from what is public or was told with noise.
"""

import hashlib
import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from typing import Any, Unpack

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn

from launderette.generators.contract import Budget, Progress
from launderette.generators.data.encoding import Encoding
from launderette.generators.data.schema import Schema
from launderette.generators.devices import device as devices
from launderette.generators.errors import GeneratorError
from launderette.generators.privacy import descent, subsampling
from launderette.generators.privacy.descent import Descent, DescentSchedule, PrivateRows
from launderette.generators.privacy.domain import Privacy, provenance
from launderette.generators.privacy.ledger import Event, Ledger, SubsampledGaussian
from launderette.generators.privacy.queries import NoisyQueries
from launderette.generators.privacy.resuming import Checkpoint, PrivateRun
from launderette.generators.tabular import marginals
from launderette.generators.training import loop, randomness
from launderette.generators.training.fitting import FitOptions, Fitted, PrivateTraining, TableFamily

TABLES_SHARE = 0.5  # of the budget's mu^2, which the tables of the start are told for
DESCENT_STEPS = 600  # of private descent, where the budget names neither steps nor minutes
STEP_DIVISOR, LEAST_STEP_ROWS, MOST_STEP_ROWS = 32, 64, 2048  # rows of a step: a 32nd of all, between two numbers
DRAWN_VALIDATION = 0.05  # share of the drawn rows by which learning from them ends
START_STEPS = 4  # steps on drawn rows for each step on private ones, at most, where the budget names these
START_MINUTES = 0.4  # share of a budget of minutes
PACE_STEPS = 5
CALIBRATION_ROWS, CALIBRATION_STEPS, CALIBRATION_BATCH, CALIBRATION_RATE = 20_000, 150, 1024, 1e-2
TOLD_STEPS = 10


@dataclass(frozen=True, eq=False)
class PrivateFit:
    """What a private fit was asked for."""

    family: TableFamily
    schema: Schema
    config: Any
    privacy: Privacy
    seed: int
    budget: Budget
    device: torch.device

    def identity(self, data: pd.DataFrame, units: np.ndarray) -> str:
        """Return a digest of the rows and of all that decides how they are used, but for the budget of privacy."""
        rows = pd.util.hash_pandas_object(data, index=False).to_numpy().tobytes() + units.tobytes()
        public = [self.family.name, self.schema.to_dict(), asdict(self.config), self.seed, asdict(self.budget)]
        return hashlib.sha256(rows + json.dumps(public, sort_keys=True).encode()).hexdigest()


def fit(family: TableFamily, data: pd.DataFrame, schema: Schema, config: Any, **how: Unpack[FitOptions]) -> Fitted:
    """Train a model of the family on the rows of `data` within a privacy budget; GeneratorError where that has no
    room, for what it cannot promise, and for a checkpoint of another budget or of other rows.
    """
    started, privacy = time.monotonic(), how.get("privacy")
    if not isinstance(privacy, Privacy):
        raise GeneratorError(f"expected privacy as a Privacy (epsilon, delta, columns), found {type(privacy).__name__}")
    subsampling.check()
    if getattr(config, "combinations", ()):
        raise GeneratorError("expected no combinations under a privacy budget, found some, but only rows tell them")
    device, reason = devices.choose(how.get("device", "auto"))
    asked = PrivateFit(family, schema, config, privacy, how["seed"], how.get("budget") or Budget(), device)
    units = _units(how.get("groups"), len(data))
    place = Checkpoint(how.get("checkpoint"), asked.identity(data, units), privacy)
    run = place.open(family.config, lambda *shape: family.build(*shape).to(device))
    if run is None:
        run = _begun(asked, data)
        place.write(run, now=True)
    rows = PrivateRows(torch.from_numpy(marginals.tokens_of(run.encoding, data)).to(device), units)
    best = run.descent.run(rows, _teller(run, place, how.get("progress"), started))
    run.model.load_state_dict(run.model.state_dict() | best)
    _keep_shares(run.model, family, run.drawn.to(device), asked.seed)
    record = _record(run, asked) | {"device": str(device), "reason": reason}
    return Fitted(run.encoding, run.config, run.model.eval(), record, torch.zeros(0))


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
    public = provenance(asked.privacy.public(asked.schema.names))
    ledger = Ledger(run.events, asked.privacy.delta, asked.privacy.unit, *public)
    told = {"ledger": ledger.to_dict(), "rows": run.rows, "loss": run.loss, "validation": run.loss, **run.encoding.told}
    return told | {"stopped": "all steps taken", "validation_rows": [], "memory_mb": 0, "steps": run.descent.step}


def _begun(asked: PrivateFit, data: pd.DataFrame) -> PrivateRun:
    """Ask for the tables, train on rows drawn from them, and plan the descent."""
    queries = NoisyQueries(TABLES_SHARE * asked.privacy.squared, asked.privacy.reach)
    encoded, network = marginals.measure(data, asked.schema, asked.privacy, queries, marginals.Config())
    tables = marginals.Marginals(encoded, marginals.Config(), marginals.model_of(network), {})
    rows = max(2, round(network.rows))
    drawn = torch.from_numpy(tables.tokens(rows, seed=asked.seed))
    config = _settled(asked, encoded, rows)
    model, loss = _trained(asked, config, encoded, drawn)
    events = (*asked.privacy.events, *queries.events)
    schedule = _schedule(asked, model, events, rows, drawn)
    spent = SubsampledGaussian("gradients", schedule.noise, schedule.rate, schedule.steps, reach=asked.privacy.reach)
    begun = Descent(model, schedule)
    return PrivateRun(encoded, config, begun, (*events, spent), rows, loss, drawn[:CALIBRATION_ROWS])


def _settled(asked: PrivateFit, encoded: Encoding, rows: int) -> Any:
    """Fill the options left open: a network that is smaller than without noise, of which each weight gets some."""
    given = {name: value for name, value in asdict(asked.config).items() if value is not None}
    return asked.family.settle(replace(asked.config, **{**_private(asked.family).options, **given}), encoded, rows)


def _trained(asked: PrivateFit, config: Any, encoded: Encoding, drawn: Tensor) -> tuple[nn.Module, float]:
    """Train a model on drawn rows alone: nothing of it is private, so it may stop when it pleases."""
    held = max(1, round(DRAWN_VALIDATION * len(drawn)))
    parts, budget = (drawn[held:], drawn[:held]), _start_budget(asked.budget)
    with torch.random.fork_rng():
        randomness.manual_seed(asked.seed, "weights")
        model = asked.family.build(encoded, config)
        _private(asked.family).start(model, drawn)
    model.to(asked.device)
    placed = [part.to(asked.device) for part in parts]
    plan = asked.family.plan(config, len(drawn))
    if budget.steps:
        budget = Budget(steps=min(budget.steps, plan.steps))
    best, record = loop.train(
        model, placed[0], placed[1], plan, seed=asked.seed, identity="", budget=budget, started=time.monotonic()
    )
    model.load_state_dict(model.state_dict() | best)
    return model, record["validation"]


def _keep_shares(model: nn.Module, family: TableFamily, drawn: Tensor, seed: int) -> None:
    """Fit the biases alone to drawn rows [M, L] again: what each column's values are together, the tables know better
    than gradients with noise, which have moved it. Where the loss is least, shares are those of the drawn rows.
    """
    own, stream = _private(family).biases(model), randomness.generator(seed, "shares")
    optimizer = torch.optim.Adam(own, CALIBRATION_RATE)
    for step in range(CALIBRATION_STEPS):
        batch = drawn[torch.from_numpy(stream.integers(0, len(drawn), min(CALIBRATION_BATCH, len(drawn))))]
        for parameter, gradient in zip(own, torch.autograd.grad(model(batch).mean(), own), strict=True):
            parameter.grad = gradient
        optimizer.param_groups[0]["lr"] = CALIBRATION_RATE * (1 - step / CALIBRATION_STEPS)
        optimizer.step()


def _private(family: TableFamily) -> PrivateTraining:
    assert family.private is not None  # its `fit` comes here
    return family.private


def _start_budget(budget: Budget) -> Budget:
    if budget.minutes:
        return Budget(minutes=START_MINUTES * budget.minutes)
    return Budget(steps=START_STEPS * budget.steps if budget.steps else None)


def _schedule(
    asked: PrivateFit, model: nn.Module, events: tuple[Event, ...], rows: int, drawn: Tensor
) -> DescentSchedule:
    """Plan the descent by public numbers, with as much noise as what is left of the budget asks for."""
    expected = min(float(np.clip(rows / STEP_DIVISOR, LEAST_STEP_ROWS, MOST_STEP_ROWS)), float(rows))
    rate, steps = expected / rows, asked.budget.steps or DESCENT_STEPS
    if asked.budget.minutes:
        steps = _steps_in(60 * (1 - START_MINUTES) * asked.budget.minutes, model, drawn[: round(expected)])
    before = Ledger(events, asked.privacy.delta, asked.privacy.unit)
    left = asked.privacy.delta - before.lost
    noise = subsampling.noise_for(asked.privacy.epsilon, left, before.mu, rate, steps)
    return DescentSchedule(steps, rate, noise, expected)


def _steps_in(seconds: float, model: nn.Module, drawn: Tensor) -> int:
    """Return how many steps are taken in so many seconds, by the pace on drawn rows: private ones might tell by it."""
    started, device = time.monotonic(), next(model.parameters()).device
    for _ in range(PACE_STEPS):
        descent.clipped_sums(model, PrivateRows(drawn.to(device), np.arange(len(drawn))), descent.CLIP)
    return max(1, int(seconds * PACE_STEPS / (time.monotonic() - started)))


def _units(groups: Any, rows: int) -> np.ndarray:
    """Return the unit of each row, numbered from 0: the row itself without groups."""
    return np.arange(rows) if groups is None else pd.factorize(pd.Series(groups).astype("string").fillna(""))[0]
