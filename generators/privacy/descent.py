"""Private descent (DP-SGD: Abadi et al. 2016, 1607.00133): each step adds up the clipped gradients of a random part of
the rows, with noise.

Whatever decides how it goes is public: how many steps, how many rows in a step on average, how long a gradient may be.
Rows are chosen, shown and noised by chance from the operating system: none of it follows from the user's seed, and no
row's gradient from another row. No row decides when training ends or which weights are kept.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor

from launderette.generators.gradients.per_row import Tape
from launderette.generators.optimizers.adam import Adam, ParameterGroup
from launderette.generators.privacy import entropy

GRADIENT_ROWS = 512  # whose gradients are made at once, at most
GRADIENT_NUMBERS = 2**24  # in memory for these rows, about
CLIP = 1.0  # length of a unit's gradient, at most
DESCENT_RATE = 3e-3
BETAS = (0.9, 0.99)
AVERAGED = 0.99  # weight of the earlier average of the weights, as steps go on


@dataclass(frozen=True)
class DescentSchedule:
    """How to descend: public numbers. `expected` is the number of rows in a step on average, `noise` the standard
    deviation of the noise as a multiple of `clip`.
    """

    steps: int
    rate: float
    noise: float
    expected: float
    clip: float = CLIP
    learning_rate: float = DESCENT_RATE

    def rate_at(self, step: int) -> float:
        """Return the learning rate of a step: a cosine to zero."""
        return self.learning_rate * 0.5 * (1 + math.cos(math.pi * step / self.steps))


@dataclass(frozen=True, eq=False)
class PrivateRows:
    """Private rows: tokens [N, L], and the unit of each [N], numbered from 0."""

    tokens: Tensor
    units: np.ndarray

    def drawn(self, rate: float) -> "PrivateRows":
        """Return the rows of units that are each chosen with a probability of `rate` (Poisson sampling), those of each
        unit together.
        """
        chosen = entropy.chosen(int(self.units.max(initial=-1)) + 1, rate)
        rows = np.flatnonzero(chosen[self.units])
        return self._at(rows[self.units[rows].argsort(kind="stable")])

    def parts(self, most: int) -> Iterator["PrivateRows"]:
        """Yield parts of about `most` rows; the rows of a unit, which stand together, are in one of them."""
        ends = np.flatnonzero(np.diff(self.units, append=-1)) + 1  # of units
        last = 0
        while last < len(self.units):
            first, last = last, int(ends[np.searchsorted(ends, min(last + most, len(self.units)))])
            yield self._at(np.arange(first, last))

    def _at(self, rows: np.ndarray) -> "PrivateRows":
        return PrivateRows(self.tokens[torch.from_numpy(rows)], self.units[rows])


@dataclass
class Descent:
    """A descent under way: the model, how many steps it has taken, its optimizer and its averaged weights."""

    model: Any
    schedule: DescentSchedule
    step: int = 0
    optimizer: Adam = field(init=False)
    average: dict[str, Tensor] = field(init=False)

    def __post_init__(self) -> None:
        self.optimizer = Adam([ParameterGroup(list(self.model.parameters()), self.schedule.learning_rate)], BETAS)
        self.average = {name: p.detach().clone() for name, p in self.model.named_parameters()}

    def run(self, rows: PrivateRows, told: Callable[[int], None]) -> dict[str, Tensor]:
        """Take the steps that are left, tell of each, and return the averaged weights."""
        self.model.eval()  # nothing of a row's loss is drawn but by its own chances
        while self.step < self.schedule.steps:
            self._step(rows.drawn(self.schedule.rate))
            told(self.step)
        return self.average

    def _step(self, batch: PrivateRows) -> None:
        sums = clipped_sums(self.model, batch, self.schedule.clip)
        for name, parameter in self.model.named_parameters():
            parameter.grad = noised(sums[name], self.schedule) / self.schedule.expected
        self.optimizer.set_rate(self.schedule.rate_at(self.step))
        self.optimizer.step()
        decay = min(AVERAGED, (1 + self.step) / (10 + self.step))
        torch._foreach_lerp_(list(self.average.values()), [p.detach() for p in self.model.parameters()], 1 - decay)
        self.step += 1


def clipped_sums(model: Any, batch: PrivateRows, clip: float) -> dict[str, Tensor]:
    """Return the sum over rows of the gradients of their losses, those of each unit together no longer than `clip`."""
    parameters = dict(model.named_parameters())
    sums = {name: torch.zeros_like(parameter) for name, parameter in parameters.items()}
    for part in batch.parts(max(1, min(GRADIENT_ROWS, GRADIENT_NUMBERS // model.row_numbers))):
        x, tape = part.tokens, Tape()
        u = torch.from_numpy(entropy.uniforms(len(x) * model.chances)).view(len(x), -1).to(x.device)
        units = torch.from_numpy(np.unique(part.units, return_inverse=True)[1]).to(x.device)
        for name, own in tape.clipped(model.row_losses(x, u, tape), parameters, clip, units).items():
            sums[name] += own
    return sums


def noised(total: Tensor, schedule: DescentSchedule) -> Tensor:
    """Return a sum of gradients with noise on each of its numbers."""
    entropy.tell()
    drawn = torch.from_numpy(entropy.normals(total.numel())).view(total.shape)
    return (total.double() + schedule.noise * schedule.clip * drawn.to(total.device)).to(total.dtype)
