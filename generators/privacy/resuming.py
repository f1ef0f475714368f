"""A private fit under way, and its checkpoint: a run that was killed goes on with the same sums, noise and ledger.

Steps that a kill has lost are taken again, with fresh noise, and cost nothing more: nobody has seen them. What a
checkpoint holds is as private as rows are, so another budget or other rows may not go on from it.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from launderette.generators.errors import GeneratorError
from launderette.generators.privacy.descent import Descent, DescentSchedule
from launderette.generators.privacy.domain import Privacy
from launderette.generators.privacy.ledger import Event, Ledger, event_of
from launderette.generators.training import checkpoint as files

SAVE_SECONDS = 20.0
MOMENTS = ("exp_avg", "exp_avg_sq", "step")


@dataclass(frozen=True, eq=False)
class PrivateRun:
    """A private fit after its sums were told."""

    coded: Any  # how rows are coded: an Encoding of tables, an ImageForm
    config: Any
    descent: Descent
    events: tuple[Event, ...]  # all that the rows are asked for, the whole descent included
    rows: int  # as they were told
    loss: float  # before the descent, of rows that the sums have drawn
    drawn: Tensor  # coded rows of that kind, [M, L]

    @property
    def model(self) -> nn.Module:
        return self.descent.model

    def to_dict(self) -> dict[str, Any]:
        """Return what decides how the run goes on, but for its numbers."""
        own = {"config": asdict(self.config), "coded": self.coded.to_dict(), "rows": self.rows, "loss": self.loss}
        events = [asdict(event) for event in self.events]
        return own | {"events": events, "schedule": asdict(self.descent.schedule), "step": self.descent.step}


@dataclass
class Checkpoint:
    """The folder that a run saves its state to now and then; None keeps nothing."""

    folder: Path | None
    identity: str  # of rows and options, the budget of privacy aside
    privacy: Privacy
    saved: float = 0.0

    def open(self, config: type, coded: Any, build: Callable[[Any, Any], nn.Module]) -> PrivateRun | None:
        """Return the run that the folder holds of rows `coded` by a class with from_dict, None where there is none;
        GeneratorError for one that is damaged, or of another budget or other rows.
        """
        if self.folder is None or not files.exists(self.folder):
            return None
        document, tensors = files.read(self.folder)
        self._check(document)
        known, settled = coded.from_dict(document["coded"]), config(**document["config"])
        begun = Descent(build(known, settled), DescentSchedule(**document["schedule"]), document["step"])
        restore(begun, tensors)
        events = tuple(event_of(event) for event in document["events"])
        return PrivateRun(known, settled, begun, events, document["rows"], document["loss"], tensors["drawn"])

    def _check(self, document: Mapping[str, Any]) -> None:
        begun, asked = document.get("guarantee"), guarantee(self.privacy)
        if begun != asked:
            raise GeneratorError(
                f"expected to go on with the budget that {self.folder} was begun with, {begun}, found {asked}; ask for "
                "that, or delete the folder: what it has spent was never released"
            )
        if document["identity"] != self.identity:
            raise GeneratorError(
                f"expected to go on with the rows and options that {self.folder} was begun with, found others; choose "
                "another folder, or delete that one: what it has spent was never released"
            )

    def write(self, run: PrivateRun, *, now: bool = False) -> None:
        """Save a run, not more often than every SAVE_SECONDS unless `now`."""
        if self.folder is None or (not now and time.monotonic() - self.saved < SAVE_SECONDS):
            return
        document = run.to_dict() | {"identity": self.identity, "guarantee": guarantee(self.privacy)}
        files.write(self.folder, document, tensors_of(run.descent) | {"drawn": run.drawn})
        self.saved = time.monotonic()


def guarantee(privacy: Privacy) -> str:
    """Return what a budget promises, in words; what was learnt before counts as a part of it."""
    learnt = Ledger(privacy.events, privacy.delta, privacy.unit).mu
    unit = f"{privacy.unit} of {privacy.reach} rows" if privacy.unit == "entity" else privacy.unit
    return f"epsilon {privacy.epsilon:g} and delta {privacy.delta:g} for a {unit}" + (
        f", of which mu {learnt:.6g} was spent on columns" if learnt else ""
    )


def tensors_of(descent: Descent) -> dict[str, Tensor]:
    """Return the weights of a descent, their averages and the moments of its optimizer."""
    found: dict[str, Tensor] = {}
    for name, parameter in descent.model.named_parameters():
        found |= {f"model.{name}": parameter.detach().clone(), f"average.{name}": descent.average[name].clone()}
        found |= {f"adam.{key}.{name}": value for key, value in descent.optimizer.state.get(parameter, {}).items()}
    return found | {f"buffer.{name}": value.clone() for name, value in kept_buffers(descent.model).items()}


def restore(descent: Descent, tensors: Mapping[str, Tensor]) -> None:
    """Set a descent to where the tensors of another have left off."""
    with torch.no_grad():
        for name, parameter in descent.model.named_parameters():
            parameter.copy_(tensors[f"model.{name}"])
            descent.average[name] = tensors[f"average.{name}"].to(parameter.device)
            if f"adam.step.{name}" in tensors:
                moments = {key: tensors[f"adam.{key}.{name}"].to(parameter.device) for key in MOMENTS}
                descent.optimizer.state[parameter] = moments
        for name, buffer in kept_buffers(descent.model).items():
            buffer.copy_(tensors[f"buffer.{name}"])


def kept_buffers(model: nn.Module) -> dict[str, Tensor]:
    """Return the buffers that belong to a model's file."""
    named = dict(model.named_buffers())
    return {name: named[name] for name in model.state_dict() if name in named}
