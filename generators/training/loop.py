"""The one training loop: batches, step, learning rate, EMA, early stop, time budget, progress, checkpoint.

Everything random in step s derives from (seed, s), and the learning rate from (s, steps): a run that was killed and
resumed, or that is repeated with the recorded number of steps, ends in the same weights.
"""

import math
import time
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.func import functional_call

from launderette.generators.contract import Progress
from launderette.generators.devices import parallel
from launderette.generators.errors import GeneratorError
from launderette.generators.training import checkpoint as files
from launderette.generators.training import randomness, step
from launderette.generators.training.plan import Plan
from launderette.generators.training.state import State, TrainingRun, resume, save

CALIBRATION = 20, 0.05  # steps, and share of the minutes, after which the pace is known
PLANNED_SHARE = 0.96  # share of the remaining minutes that is planned with
SAVE_SECONDS = 20.0
NOISE_FROM = 0.5  # share of the steps before which noise is where training begins, not where it ends
COLLAPSED, ENDED_IN_NOISE = "collapsed", "ended in noise"
ALL_STEPS, TIME_USED = "all steps taken", "time budget used"
CONVERGED = "validation loss no longer falls"
REMEMBERS = "better weights remember more than the bound allows"
DROPOUT_PATIENCE = 2  # evaluations without a better validation loss, after which more units are left out
RETRIES = 2  # a loss that is not a number lowers the learning rate this often before the run stops


class Diverged(GeneratorError):
    """The loss was not a number at a quarter of the learning rate."""


def train(
    run: TrainingRun,
    data: Tensor,
    validation: Tensor,
    *,
    progress: Progress | None = None,
    checkpoint: Path | None = None,
) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Minimise run.model(batch).mean() and return the best averaged weights and a record of the run.

    Where the plan names turns, each minimises model(batch, turn).mean() over its own parameters.

    data [N, ...] and validation [M, ...] lie on the model's device. Where the plan bounds memory, weights that lose
    less than the best are kept only if they remember no more than it allows by the run's attack, or no more than the
    best do. Raises ValueError where the budget has no room for one step, Diverged where lowering the learning rate
    does not help.
    """
    if checkpoint and files.exists(checkpoint):
        resume(run, checkpoint)
    run.state.parts = max(run.state.parts, parallel.size())
    with torch.random.fork_rng():
        _loop(run, data, validation, progress, checkpoint)
    return run.best, _record(run)


def _record(run: TrainingRun) -> dict[str, Any]:
    s = run.state
    record = {
        "steps": s.step,
        "planned_steps": s.total,
        "seconds": round(s.seconds, 1),
        "validation": s.best,
        "stopped": s.stopped,
    }
    if s.parts > 1:
        record |= {"batch_parts": s.parts, "processes": parallel.size()}
    if run.plan.least_diversity:
        record |= {"diversity": round(s.diversity, 3), "fidelity": round(s.fidelity, 3), "restarts": s.restarts}
        record |= {"collapsed": s.stopped == COLLAPSED, "noise": s.stopped == ENDED_IN_NOISE}
    return record | {"loss": s.loss, "learning_rate_lowered": s.lowered}


def _loop(
    run: TrainingRun, data: Tensor, validation: Tensor, progress: Progress | None, checkpoint: Path | None
) -> None:
    state, clock, saved = run.state, _Clock(run), time.monotonic()
    if not state.step:
        _evaluate(run, validation, last=False)  # what a model knows before training may be the best it gets
    while not state.stopped:
        step.arrange(run, data)
        step.take(run, data)
        clock.tick()
        last = state.step >= state.total > 0
        if state.step % run.plan.evaluate_every == 0 or last or _late(run):
            _evaluate(run, validation, last)
            if progress and not parallel.rank():
                progress(_status(state))
        if checkpoint and not parallel.rank() and (time.monotonic() - saved > SAVE_SECONDS or state.stopped):
            step.read_loss(run)
            save(run, checkpoint)
            saved = time.monotonic()


class _Clock:
    """Counts the seconds of a run, and plans its steps where the budget is minutes, once the pace is known."""

    def __init__(self, run: TrainingRun) -> None:
        self.run, self.first = run, (0, 0.0)  # the first step also sets up the libraries: pace counts from its end
        # seconds of an earlier, killed run
        self.before = run.state.seconds - (time.monotonic() - run.started) if run.state.step else 0.0

    def tick(self) -> None:
        """Note the end of a step."""
        state, now = self.run.state, time.monotonic()
        state.seconds = self._agreed(self.before + now - self.run.started)
        self.first = self.first if self.first[0] else (state.step, now)
        if not state.total and self._is_calibrated():
            pace = (now - self.first[1]) / (state.step - self.first[0])  # seconds per step
            state.total = int(self._agreed(self._planned(pace)))

    def _agreed(self, measured: float) -> float:
        """Return what was measured, in all processes what the first did, where steps depend on the clock."""
        return parallel.agreed(measured, self.run.device) if self.run.budget.minutes else measured

    def _is_calibrated(self) -> bool:
        steps, share = CALIBRATION
        state, minutes = self.run.state, self.run.budget.minutes or 0
        return state.step - self.first[0] >= steps and state.seconds >= share * 60 * minutes

    def _planned(self, pace: float) -> int:
        """Return the steps that fit into the minutes."""
        state, left = self.run.state, 60 * (self.run.budget.minutes or 0) - self.run.state.seconds
        return min(self.run.plan.most_steps, state.step + max(1, int(PLANNED_SHARE * left / pace)))


def _late(run: TrainingRun) -> bool:
    return run.budget.minutes is not None and run.state.seconds > 60 * run.budget.minutes


def _status(state: State) -> dict[str, Any]:
    return {
        "step": state.step,
        "steps": state.total,
        "seconds": state.seconds,
        "loss": state.loss,
        "validation": state.best,
    }


def _evaluate(run: TrainingRun, validation: Tensor, last: bool) -> None:
    """Keep the averaged weights if they are the best, go back where training went wrong, stop where it is done."""
    state, plan = run.state, run.plan
    step.read_loss(run)
    most = min(plan.chunk, len(validation))
    value = step.within_memory(run, lambda: _validation_loss(run, validation), "narrowed", most)
    value = parallel.agreed(value, run.device)
    if not math.isfinite(value) or (state.step and not math.isfinite(state.loss)):
        _lower(run)
        return
    state.diversity, state.fidelity = (getattr(run.model, name, math.nan) for name in ("diversity", "fidelity"))
    if lost := _lost(state, plan, last):
        _restart(run, last, lost)
        return
    _keep_best(run, value)
    if state.stale >= DROPOUT_PATIENCE and state.dropouts < len(plan.dropouts):
        _leave_out_more(run)
    state.stopped = _ending(run, last)


def _keep_best(run: TrainingRun, value: float) -> None:
    """Keep the averaged weights of this validation loss if it is the least so far and they keep to the bound on memory,
    or if the plan keeps the latest.
    """
    state, better = run.state, value < run.state.best - 1e-4 or run.plan.latest
    if better and _bounded(run):
        state.best, state.stale, state.barred = value, 0, 0
        run.best = {name: tensor.clone() for name, tensor in run.average.items()}
    else:
        state.stale, state.barred = state.stale + 1, state.barred + better


def _ending(run: TrainingRun, last: bool) -> str:
    """Return why training ends here, nothing where it goes on."""
    if last:
        return ALL_STEPS
    if _late(run):
        return TIME_USED
    if run.state.stale >= run.plan.patience:
        return REMEMBERS if run.state.barred else CONVERGED
    return ""


def _leave_out_more(run: TrainingRun) -> None:
    """Go back to the best weights, and leave more units out from here on."""
    run.state.dropouts, run.state.stale, run.state.barred = run.state.dropouts + 1, 0, 0
    run.arrange_dropout()
    _take_best(run)


def _bounded(run: TrainingRun) -> bool:
    """Tell whether the averaged weights keep to the bound on memory, or come nearer to it than the best so far."""
    state, bound = run.state, run.plan.memory
    if run.attack is None or bound is None or bound >= 1:
        return True
    losses = partial(functional_call, run.model, run.average, kwargs=dict(run.plan.attacked))
    auc = parallel.agreed(run.attack.measure(losses)["auc"], run.device)
    if math.isfinite(state.best) and auc > max(bound, state.remembered):
        return False
    state.remembered = auc
    return True


def _lost(state: State, plan: Plan, last: bool) -> str:
    """Return what has become of a training that went wrong, nothing of any other."""
    done = 1.0 if last else state.step / (state.total or 10**9)
    if state.step and done >= plan.watched_from and state.diversity < plan.least_diversity:
        return COLLAPSED
    return ENDED_IN_NOISE if state.step and done >= NOISE_FROM and state.fidelity < plan.least_fidelity else ""


@torch.no_grad()
def _validation_loss(run: TrainingRun, validation: Tensor) -> float:
    run.model.eval()
    randomness.manual_seed(run.seed, "validation")
    chunks = validation.split(max(1, min(run.plan.chunk, len(validation)) // run.state.narrowed))
    losses = [functional_call(run.model, run.average, (chunk,)).double().sum() for chunk in chunks]
    return float(sum(losses) / len(validation))


def _lower(run: TrainingRun) -> None:
    """Go back to the best weights at half the learning rate; Diverged after RETRIES times."""
    if run.state.lowered >= RETRIES:
        raise Diverged(
            "expected a finite training loss, found none at a quarter of the learning rate; lower learning_rate"
        )
    _go_back(run)
    run.state.loss = math.nan if not math.isfinite(run.state.best) else run.state.best


def _restart(run: TrainingRun, last: bool, lost: str) -> None:
    """Leave a run that went wrong for its best weights so far, at half the learning rate; stop it after RETRIES
    times.
    """
    state = run.state
    if last or _late(run) or state.restarts >= RETRIES:
        state.stopped = lost
        return
    state.restarts += 1
    _go_back(run)


def _go_back(run: TrainingRun) -> None:
    run.state.lowered += 1
    _take_best(run)
    run.optimizer.state.clear()


@torch.no_grad()
def _take_best(run: TrainingRun) -> None:
    for name, parameter in run.model.named_parameters():
        parameter.copy_(run.best[name])
    run.average = {name: tensor.clone() for name, tensor in run.best.items()}
    run.replayed.clear()
