"""What a generator module offers, and the small values that pass between it and its callers.

A generator is one file, `generators/<modality>/<family>.py`, with
- `Config`: a frozen dataclass of public options,
- `Model(nn.Module)`: its `forward` returns one loss per example,
- `fit(data, schema, config, *, seed, device, privacy, budget, progress, checkpoint, groups) -> Synthesizer`,
- `restore(document, tensors) -> Synthesizer`: the inverse of what `Synthesizer.save` wrote: `document["generator"]` is
  the family's name, by which `open_model` finds it; the rest is the family's own.
What is fitted is a fitted.FittedTable or a fitted.FittedImages with the methods of a Synthesizer.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np

from launderette.generators.data.schema import Schema
from launderette.generators.errors import GeneratorError

Progress = Callable[[dict[str, float]], None]  # step, steps, seconds, loss, validation, memory_mb (the estimate)
Where = Mapping[str, Any]  # column -> the value it must have


@dataclass(frozen=True)
class Budget:
    """How long to train: a number of steps, or minutes of wall clock; neither means steps chosen from the data and
    the device, or a share of these.
    """

    steps: int | None = None
    minutes: float | None = None
    share: float = 1.0

    def __post_init__(self) -> None:
        for name, value in (("steps", self.steps), ("minutes", self.minutes)):
            if value is not None and not value > 0:
                raise GeneratorError(f"expected {name} above 0 in the training budget, found {value}")
        if not 0 < self.share <= 1:
            raise GeneratorError(f"expected a share above 0 and up to 1 in the training budget, found {self.share}")


class Synthesizer(Protocol):
    """A fitted generator: a value that samples and saves itself."""

    schema: Schema
    record: Mapping[str, Any]  # at least steps, device, reason (of the device), stopped; validation_rows where some are

    def sample(self, n: int, *, seed: int = 0, where: Where | None = None) -> Any:
        """Draw exactly n rows (a DataFrame) or images (Images); row i depends on the seed and i alone.

        Tables also take `constraints`, rules between columns such as "start <= end".
        """
        ...

    def save(self, folder: Path) -> None:
        """Write the model as safetensors and JSON."""
        ...


@runtime_checkable
class HasParts(Protocol):
    """A model of tables whose samples can be drawn in parts, anywhere and in any order."""

    def sample_part(
        self, part: range, *, seed: int = 0, where: Where | None = None, constraints: Sequence[str] = ()
    ) -> Any:
        """Draw rows part.start to part.stop of any longer sample (a DataFrame), without identifier columns but with a
        flag for each that only some rows have.
        """
        ...

    def identifiers(self, n: int, learned: Any, *, seed: int = 0) -> Any:
        """Draw the identifier columns of a sample of n rows (a DataFrame), given the flags that its parts have."""
        ...


@runtime_checkable
class DrawsEvenly(Protocol):
    """A model of tables that can draw rows with less noise than independent ones."""

    def sample_evenly(
        self, n: int, *, seed: int = 0, where: Where | None = None, constraints: Sequence[str] = ()
    ) -> Any:
        """Draw exactly n rows (a DataFrame) that have the model's shares more nearly than those of `sample`."""
        ...


@runtime_checkable
class HasLogProb(Protocol):
    """A model with a likelihood; of a family that knows a lower bound of it alone, `is_bound` is true."""

    def log_prob(self, data: Any) -> np.ndarray:
        """Return the log-likelihood of each row or image, in nats: float64 [n]."""
        ...


@runtime_checkable
class Imputer(Synthesizer, Protocol):
    """A model of tables that fills gaps."""

    def impute(self, frame: Any, *, seed: int = 0, draws: int = 1, rounded: bool = True) -> Any:
        """Return a DataFrame with each missing value drawn given the rest of its row, or typical of several draws: the
        mean of numbers, the most frequent label. Means are rounded as the column's own values are, unless `rounded` is
        false: then that of 1 and 2 is 1.5 in a column of whole numbers too.
        """
        ...


@runtime_checkable
class HasLoss(Protocol):
    """An image model with a loss of each image, low where it knows the image: what a membership attack on the model
    reads.
    """

    def loss(self, images: Any, *, seed: int = 0) -> np.ndarray:
        """Return float64 [N] for N Images; the loss of an image depends on it and on the seed alone, not on the
        images beside it.
        """
        ...
