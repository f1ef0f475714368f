"""One step of training: its rows, its learning rate, each turn's gradient and move, and the running averages.

Nothing in `take` waits for the device or moves a tensor to or from it: a GPU computes one step while the host prepares
the next.
"""

import math
import warnings
from collections.abc import Callable
from functools import partial
from typing import TypeVar

import torch
from torch import Tensor, nn

from launderette.generators.devices import parallel
from launderette.generators.devices.cuda_graph import Replayed, recording
from launderette.generators.devices.device import accelerated
from launderette.generators.errors import GeneratorError
from launderette.generators.training import randomness
from launderette.generators.training.plan import Plan
from launderette.generators.training.state import State, TrainingRun

LEAST_EXAMPLES = 4  # that are taken at once
Found = TypeVar("Found")


def take(run: TrainingRun, data: Tensor) -> None:
    """Take the next step of a run on its training rows [N, ...]."""
    state, plan = run.state, run.plan
    randomness.manual_seed(run.seed, "step", state.step)
    run.optimizer.set_rate(_rate(state, plan))
    run.model.train()
    batch = data[_rows(run, data)]
    for prefix, turn in plan.turns.items():
        rests = state.total > 0 and state.step >= turn.until * state.total
        loss = _settled(run, prefix) if rests else _move(run, batch, prefix)
    decay = min(plan.ema, (1 + state.step) / (10 + state.step))
    torch._foreach_lerp_(list(run.average.values()), [p.detach() for p in run.model.parameters()], 1 - decay)
    state.step += 1
    if state.step % 10 == 0 or state.step < 10:
        run.noted = loss.clone()  # a replay writes to the same place


def read_loss(run: TrainingRun) -> None:
    """Read the loss that was last noted off the device, into the state."""
    if run.noted is not None:
        run.state.loss, run.noted = run.noted.item(), None


def arrange(run: TrainingRun, data: Tensor) -> None:
    """Put the rows into the order of the epoch of the next step: a fresh permutation, drawn once in each."""
    epoch = run.state.step // (len(data) // _size(run, data))
    if run.epoch != epoch:
        order = randomness.generator(run.seed, "epoch", epoch).permutation(len(data))
        run.epoch, run.order = epoch, torch.from_numpy(order).to(data.device)


def _size(run: TrainingRun, data: Tensor) -> int:
    return min(run.plan.batch, len(data))


def _rows(run: TrainingRun, data: Tensor) -> Tensor:
    """Return the row numbers of this step: consecutive slices of the epoch's order."""
    size = _size(run, data)
    place = run.state.step % (len(data) // size)
    return run.order[place * size : (place + 1) * size]


def _rate(state: State, plan: Plan) -> float:
    """Linear warm-up over a fixed number of steps (the total may not be known yet), then a cosine to zero."""
    warm = min(1.0, (state.step + 1) / plan.warmup)
    done = min(1.0, state.step / state.total) if state.total else 0.0
    return plan.learning_rate * warm * 0.5 * (1 + math.cos(math.pi * done)) * 0.5**state.lowered


def _move(run: TrainingRun, batch: Tensor, prefix: str) -> Tensor:
    """Move the parameters whose names begin with `prefix` down the gradient of their loss, and return it.

    A GPU replays the move where the plan says so, but not a batch in parts: these differ in their random numbers.
    """
    move = partial(_moved, run, prefix)
    if run.state.parts > 1 or not run.plan.replayed:
        return move(batch)
    return run.replayed.setdefault(prefix, Replayed())(move, batch)


def _moved(run: TrainingRun, prefix: str, batch: Tensor) -> Tensor:
    own = [p for name, p in run.model.named_parameters() if name.startswith(prefix)]
    loss = within_memory(run, lambda: _differentiate(run, batch, prefix, own), "parts", len(batch))
    parallel.summed([loss, *(p.grad for p in own if p.grad is not None)])
    nn.utils.clip_grad_norm_(own, run.plan.clip)
    run.optimizer.step()
    return loss


def _differentiate(run: TrainingRun, batch: Tensor, prefix: str, own: list[nn.Parameter]) -> Tensor:
    """Leave the gradients of the mean loss over this process's parts of the batch in the parameters; return the loss.

    Each of several parts has random numbers of its own, so that it does not matter which process takes it.
    """
    run.optimizer.clear_gradients()
    count, losses = run.state.parts, []
    for number, part in enumerate(batch.chunk(count)):
        if number % parallel.size() != parallel.rank():
            continue
        if count > 1:
            randomness.manual_seed(run.seed, "step", run.state.step, prefix, number)
        with torch.autocast(part.device.type, torch.bfloat16, enabled=run.plan.half and accelerated(part.device)):
            loss = (run.model(part, prefix) if prefix else run.model(part)).mean()
        loss = loss if count == 1 else loss * (len(part) / len(batch))
        loss.backward(inputs=own)
        losses.append(loss.detach())
    return losses[0] if len(losses) == 1 else torch.stack(losses).sum()


def within_memory(run: TrainingRun, compute: Callable[[], Found], counted: str, planned: int) -> Found:
    """Return what `compute` finds; where the device has too little memory, again with half as much at once.

    The state counts as `counted` by how much less than the `planned` examples are taken at once. GeneratorError where a
    few are too many, or where other processes would have to begin anew too.
    """
    while True:
        try:
            return compute()
        except torch.OutOfMemoryError:
            if recording():
                raise
            # what the failed attempt held is free only after this block
        left = planned // (2 * getattr(run.state, counted))
        if left < LEAST_EXAMPLES or parallel.size() > 1:
            raise GeneratorError(
                f"expected memory on the device for {2 * left:,} examples at once, found too little; ask for a smaller "
                "batch or width"
            )
        setattr(run.state, counted, 2 * getattr(run.state, counted))
        run.optimizer.clear_gradients()
        torch.cuda.empty_cache()
        warnings.warn(f"the device ran out of memory: {left:,} examples are taken at once now", stacklevel=2)


@torch.no_grad()
def _settled(run: TrainingRun, prefix: str) -> Tensor:
    """Set the parameters whose names begin with `prefix` to their averages."""
    for name, parameter in run.model.named_parameters():
        if name.startswith(prefix):
            parameter.copy_(run.average[name])
    return torch.zeros((), device=next(iter(run.average.values())).device)
