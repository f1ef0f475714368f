"""The one training loop: batches, step, learning rate, EMA, early stop, time budget, progress, checkpoint.

Everything random in step s derives from (seed, s), and the learning rate from (s, steps): a run that was killed and resumed, or that is
repeated with the recorded number of steps, ends in the same weights.
"""

import hashlib
import json
import math
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from generators.contract import Budget, Progress
from generators.training import checkpoint as files
from generators.training import randomness

CALIBRATION = 20, 0.05  # steps, and share of the minutes, after which the pace is known
MARGIN = 0.96  # share of the remaining minutes that is planned with
SAVE_SECONDS = 20.0
FEWEST_HELD, MOST_HELD = 100, 10_000  # rows of the inner validation split; the first where an eighth of the rows are as many
NOISE_FROM = 0.5  # share of the steps before which noise is where a game begins, not where it ends
COLLAPSED, NOISE = "collapsed", "ended in noise"
RETRIES = 2  # a loss that is not a number lowers the learning rate this often before the run stops


class Diverged(ValueError):
    """The loss was not a number at a quarter of the learning rate."""


@dataclass(frozen=True)
class Turn:
    """What one player of a game does; a model with one loss has one turn."""

    pace: float = 1.0  # share of the learning rate
    until: float = 1.0  # share of the steps; then its averaged weights take the place of the latest ones, and it rests


@dataclass(frozen=True)
class Plan:
    """How to optimise; the same fields for every family."""

    learning_rate: float = 3e-3
    weight_decay: float = 1e-2
    batch: int = 256
    steps: int = 2000  # where the budget names none
    most_steps: int = 10**9  # that a budget of minutes may plan with
    warmup: int = 50  # steps
    ema: float = 0.995
    clip: float = 1.0
    evaluate_every: int = 100  # steps
    patience: int = 10  # evaluations without a better validation loss
    betas: tuple[float, float] = (0.9, 0.99)
    turns: Mapping[str, "Turn"] = field(default_factory=lambda: {"": Turn()})  # by the prefix of the parameters that move in it
    latest: bool = False  # return the latest weights: the validation loss does not tell which are best
    least_diversity: float = 0.0  # below it a run has collapsed; a model that watches this sets `diversity` when it is evaluated
    least_fidelity: float = 0.0  # below it a run draws noise; likewise, `fidelity`
    watched_from: float = 0.0  # share of the steps before which nothing has collapsed, only not begun
    chunk: int = 4096  # rows of the validation split at once


@dataclass
class State:
    """Where a run stands: plain numbers, so that it goes into JSON."""

    step: int = 0
    total: int = 0  # 0 until the pace of the machine has been measured
    seconds: float = 0.0
    best: float = math.inf  # validation loss, nats per row
    stale: int = 0  # evaluations since the best
    lowered: int = 0
    loss: float = math.nan
    stopped: str = ""
    diversity: float = math.nan
    fidelity: float = math.nan
    restarts: int = 0


@dataclass
class Run:
    """One training run: the model, its running averages and the best of these so far."""

    model: nn.Module
    plan: Plan
    seed: int
    identity: str  # of data, options, seed and budget: a checkpoint of another run is not continued
    budget: Budget
    started: float
    state: State = field(default_factory=State)
    optimizer: torch.optim.AdamW = field(init=False)
    average: dict[str, Tensor] = field(init=False)
    best: dict[str, Tensor] = field(init=False)

    def __post_init__(self) -> None:
        named = dict(self.model.named_parameters())
        plan, groups = self.plan, []
        for prefix, turn in plan.turns.items():
            own = {name: p for name, p in named.items() if name.startswith(prefix)}
            groups.append({"params": [p for name, p in own.items() if "bias" not in name], "pace": turn.pace})
            groups.append({"params": [p for name, p in own.items() if "bias" in name], "pace": turn.pace, "weight_decay": 0.0})
        self.optimizer = torch.optim.AdamW(groups, plan.learning_rate, plan.betas, weight_decay=plan.weight_decay, fused=True)
        self.average = {name: p.detach().clone() for name, p in self.model.named_parameters()}
        self.best = self.average
        self.state.total = 0 if self.budget.minutes else self.budget.steps or plan.steps


def train(
    model: nn.Module,
    data: Tensor,
    validation: Tensor,
    plan: Plan,
    *,
    seed: int,
    identity: str,
    budget: Budget,
    started: float,
    progress: Progress | None = None,
    checkpoint: Path | None = None,
) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Minimise model(batch).mean() and return the best averaged weights and a record of the run.

    Where the plan names turns, each minimises model(batch, turn).mean() over its own parameters.

    data [N, ...] and validation [M, ...] lie on the model's device; `started` (time.monotonic) is where the minutes count from.
    Raises ValueError where the budget has no room for one step, Diverged where lowering the learning rate does not help.
    """
    run = Run(model, plan, seed, identity, budget, started)
    if checkpoint and files.exists(checkpoint):
        _resume(run, checkpoint)
    with torch.random.fork_rng():
        _loop(run, data, validation, progress, checkpoint)
    s = run.state
    record = {"steps": s.step, "planned_steps": s.total, "seconds": round(s.seconds, 1), "validation": s.best, "stopped": s.stopped}
    if plan.least_diversity:
        record |= {"diversity": round(s.diversity, 3), "fidelity": round(s.fidelity, 3), "restarts": s.restarts}
        record |= {"collapsed": s.stopped == COLLAPSED, "noise": s.stopped == NOISE}
    return run.best, record | {"loss": s.loss, "learning_rate_lowered": s.lowered}


def _loop(run: Run, data: Tensor, validation: Tensor, progress: Progress | None, checkpoint: Path | None) -> None:
    state, plan, saved, first = run.state, run.plan, time.monotonic(), None
    before = state.seconds - (time.monotonic() - run.started)  # seconds that an earlier, killed run has used
    if not state.step:
        _evaluate(run, validation, last=False)  # what a model knows before training may be the best it gets
    while not state.stopped:
        _step(run, data)
        state.seconds = before + time.monotonic() - run.started
        first = first or (state.step, time.monotonic())  # the first step also sets up the libraries
        if not state.total and _calibrated(run, state.step - first[0]):
            state.total = _planned(run, (time.monotonic() - first[1]) / (state.step - first[0]))
        last = state.step >= state.total > 0
        if state.step % plan.evaluate_every == 0 or last or _late(run):
            _evaluate(run, validation, last)
            if progress:
                progress({"step": state.step, "steps": state.total, "seconds": state.seconds, "loss": state.loss, "validation": state.best})
        if checkpoint and (time.monotonic() - saved > SAVE_SECONDS or state.stopped):
            _save(run, checkpoint)
            saved = time.monotonic()


def _late(run: Run) -> bool:
    return run.budget.minutes is not None and run.state.seconds > 60 * run.budget.minutes


def _calibrated(run: Run, taken: int) -> bool:
    steps, share = CALIBRATION
    return taken >= steps and run.state.seconds >= share * 60 * run.budget.minutes


def _planned(run: Run, pace: float) -> int:
    """Return the steps that fit into the minutes at `pace` seconds per step."""
    left = 60 * run.budget.minutes - run.state.seconds
    return min(run.plan.most_steps, run.state.step + max(1, int(MARGIN * left / pace)))


def _rate(state: State, plan: Plan) -> float:
    """Linear warm-up over a fixed number of steps (the total may not be known yet), then a cosine to zero."""
    warm = min(1.0, (state.step + 1) / plan.warmup)
    done = min(1.0, state.step / state.total) if state.total else 0.0
    return plan.learning_rate * warm * 0.5 * (1 + math.cos(math.pi * done)) * 0.5**state.lowered


def _step(run: Run, data: Tensor) -> None:
    state, plan = run.state, run.plan
    randomness.manual_seed(run.seed, "step", state.step)
    for group in run.optimizer.param_groups:
        group["lr"] = _rate(state, plan) * group["pace"]
    run.model.train()
    batch = data[_batch(run, len(data)).to(data.device)]
    for prefix, turn in plan.turns.items():
        rests = state.total > 0 and state.step >= turn.until * state.total
        loss = _settled(run, prefix) if rests else _move(run, batch, prefix)
    decay = min(plan.ema, (1 + state.step) / (10 + state.step))
    torch._foreach_lerp_(list(run.average.values()), [p.detach() for p in run.model.parameters()], 1 - decay)
    state.step += 1
    if state.step % 10 == 0 or state.step < 10:
        state.loss = loss.item()


def _move(run: Run, batch: Tensor, prefix: str) -> Tensor:
    """Move the parameters whose names begin with `prefix` down the gradient of their loss, and return it."""
    own = [p for name, p in run.model.named_parameters() if name.startswith(prefix)]
    loss = (run.model(batch, prefix) if prefix else run.model(batch)).mean()
    run.optimizer.zero_grad(set_to_none=True)
    loss.backward(inputs=own)
    nn.utils.clip_grad_norm_(own, run.plan.clip)
    run.optimizer.step()
    return loss.detach()


@torch.no_grad()
def _settled(run: Run, prefix: str) -> Tensor:
    """Set the parameters whose names begin with `prefix` to their averages."""
    for name, parameter in run.model.named_parameters():
        if name.startswith(prefix):
            parameter.copy_(run.average[name])
    return torch.zeros(())


def _batch(run: Run, rows: int) -> Tensor:
    """Return the row numbers of this step: consecutive slices of a fresh permutation per epoch."""
    size = min(run.plan.batch, rows)
    epoch, place = divmod(run.state.step, rows // size)
    order = randomness.generator(run.seed, "epoch", epoch).permutation(rows)
    return torch.from_numpy(order[place * size : (place + 1) * size])


def _evaluate(run: Run, validation: Tensor, last: bool) -> None:
    state, plan = run.state, run.plan
    value = _validation_loss(run, validation)
    if not math.isfinite(value) or (state.step and not math.isfinite(state.loss)):
        _lower(run)
        return
    state.diversity, state.fidelity = (getattr(run.model, name, math.nan) for name in ("diversity", "fidelity"))
    if lost := _lost(state, plan, last):
        _restart(run, last, lost)
        return
    if value < state.best - 1e-4 or plan.latest:
        state.best, state.stale = value, 0
        run.best = {name: tensor.clone() for name, tensor in run.average.items()}
    else:
        state.stale += 1
    if last:
        state.stopped = "all steps taken"
    elif _late(run):
        state.stopped = "time budget used"
    elif state.stale >= plan.patience:
        state.stopped = "validation loss no longer falls"


def _lost(state: State, plan: Plan, last: bool) -> str:
    """Return what has become of a game that went wrong, nothing of any other."""
    done = 1.0 if last else state.step / (state.total or 10**9)
    if state.step and done >= plan.watched_from and state.diversity < plan.least_diversity:
        return COLLAPSED
    return NOISE if state.step and done >= NOISE_FROM and state.fidelity < plan.least_fidelity else ""


@torch.no_grad()
def _validation_loss(run: Run, validation: Tensor) -> float:
    run.model.eval()
    randomness.manual_seed(run.seed, "validation")
    chunks = validation.split(run.plan.chunk)
    losses = [torch.func.functional_call(run.model, run.average, (chunk,)).double().sum() for chunk in chunks]
    return float(sum(losses) / len(validation))


def _lower(run: Run) -> None:
    """Go back to the best weights at half the learning rate; Diverged after RETRIES times."""
    if run.state.lowered >= RETRIES:
        raise Diverged("expected a finite training loss, found none at a quarter of the learning rate; lower learning_rate")
    _go_back(run)
    run.state.loss = math.nan if not math.isfinite(run.state.best) else run.state.best


def _restart(run: Run, last: bool, lost: str) -> None:
    """Leave a run that went wrong for its best weights so far, at half the learning rate; stop it after RETRIES times."""
    state = run.state
    if last or _late(run) or state.restarts >= RETRIES:
        state.stopped = lost
        return
    state.restarts += 1
    _go_back(run)


def _go_back(run: Run) -> None:
    run.state.lowered += 1
    with torch.no_grad():
        for name, parameter in run.model.named_parameters():
            parameter.copy_(run.best[name])
    run.average = {name: tensor.clone() for name, tensor in run.best.items()}
    run.optimizer.state.clear()


def _save(run: Run, folder: Path) -> None:
    tensors = {f"model.{name}": p for name, p in run.model.named_parameters()}
    tensors |= {f"average.{name}": p for name, p in run.average.items()}
    tensors |= {f"best.{name}": p for name, p in run.best.items()}
    for name, p in run.model.named_parameters():
        tensors |= {f"adam.{key}.{name}": value for key, value in run.optimizer.state[p].items()}
    state = {key: value if not isinstance(value, float) or math.isfinite(value) else None for key, value in vars(run.state).items()}
    files.write(folder, {"identity": run.identity, "state": state}, {name: t.detach().clone() for name, t in tensors.items()})


def _resume(run: Run, folder: Path) -> None:
    """Continue from the checkpoint if it belongs to this run; start afresh otherwise."""
    document, tensors = files.read(folder)
    if document.get("identity") != run.identity:
        return
    missing = {"best": math.inf, "loss": math.nan, "diversity": math.nan, "fidelity": math.nan}
    run.state = State(**{key: missing.get(key) if value is None else value for key, value in document["state"].items()})
    named = dict(run.model.named_parameters())
    with torch.no_grad():
        for name, parameter in named.items():
            parameter.copy_(tensors[f"model.{name}"])
            moments = {key: _laid_out(tensors[f"adam.{key}.{name}"], parameter) for key in ("exp_avg", "exp_avg_sq")}
            run.optimizer.state[parameter] = {"step": tensors[f"adam.step.{name}"].to(parameter.device), **moments}
    run.average, run.best = ({name: _laid_out(tensors[f"{kind}.{name}"], p) for name, p in named.items()} for kind in ("average", "best"))


def _laid_out(tensor: Tensor, parameter: Tensor) -> Tensor:
    """Return a tensor on its parameter's device and in its order in memory: the fused optimizer goes by the memory of both."""
    return torch.empty_like(parameter, requires_grad=False).copy_(tensor)


def split(rows: int, share: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return row numbers for training and for the inner validation split (at least one row each)."""
    order = randomness.generator(seed, "validation split").permutation(rows)
    held = min(max(1, round(share * rows), min(FEWEST_HELD, rows // 8)), MOST_HELD, rows - 1)
    return np.sort(order[held:]), np.sort(order[:held])


def identity(tokens: np.ndarray, *rest: Any) -> str:
    """Return a digest of the tokens and of all else that decides what a run ends in (what JSON can hold)."""
    return hashlib.sha256(tokens.tobytes() + json.dumps(rest, sort_keys=True).encode()).hexdigest()


def with_options(plan: Plan, options: Mapping[str, Any]) -> Plan:
    """Return the plan with the options that are not None."""
    return replace(plan, **{name: value for name, value in options.items() if value is not None})
