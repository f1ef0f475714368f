"""A line with dropout, trained in two parts a batch, here or by two processes: `python -m tests.devices.processes
FOLDER`.

The processes are forked before anything has gone backward, which costs one start of Python for both.
"""

import json
import os
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from generators.contract import Budget
from generators.devices import parallel
from generators.training import loop
from generators.training.state import TrainingRun
from tests.training import test_training
from tests.training.test_training import Interrupted, Line, run


class Halved(TrainingRun):
    """A run that takes each batch in two parts, whoever takes them."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.state.parts = 2


def train(folder: Path, name: str, checkpoint: Path | None = None, stop: int | None = None) -> None:
    """Train; the first process writes weights, gradients and record, unless it is stopped at a step."""
    model = Line()

    def progress(status: dict[str, float]) -> None:
        if status["step"] == stop:
            raise Interrupted

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(test_training, "TrainingRun", Halved)
        patched.setattr(loop, "SAVE_SECONDS", 0.0)
        try:
            weights, record = run(model=model, budget=Budget(steps=40), checkpoint=checkpoint, progress=progress)
        except Interrupted:
            return
    if not parallel.rank():
        gradients = {f"gradient.{key}": p.grad for key, p in model.named_parameters() if p.grad is not None}
        save_file(weights | gradients, folder / f"{name}.safetensors")
        (folder / f"{name}.json").write_text(json.dumps(record))


def together(folder: Path, rank: int) -> None:
    """Be one of two processes that train."""
    store = torch.distributed.FileStore(str(folder / "store"), 2)
    torch.distributed.init_process_group("gloo", store=store, rank=rank, world_size=2)
    train(folder, "two")
    train(folder, "resumed", folder / "state")


if __name__ == "__main__":
    if not (child := os.fork()):
        together(Path(sys.argv[1]), 1)
        os._exit(0)
    together(Path(sys.argv[1]), 0)
    os.waitpid(child, 0)
