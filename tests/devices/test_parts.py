"""A batch in parts: for want of memory, or by several processes, it is the same batch."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from torch import nn

import generators
from generators.contract import Budget
from generators.errors import GeneratorError
from generators.networks import layers
from generators.training import step
from tests.devices import processes
from tests.generators import tables
from tests.training.test_training import PLAN, run

ROOT = Path(__file__).resolve().parents[2]
TOLERANCE = {"rtol": 1e-5, "atol": 1e-6}  # sums in another order


class Exact(nn.Module):
    """A line without dropout, and memory for so many rows at once."""

    def __init__(self, room: int = 1000) -> None:
        super().__init__()
        self.weight, self.room = nn.Parameter(torch.zeros(3)), room

    def forward(self, x):
        if len(x) > self.room:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return (x[:, :3] @ self.weight - x[:, 3]) ** 2


def test_a_batch_that_memory_does_not_hold_is_taken_in_parts_and_said():
    whole, record = run(model=Exact())
    with pytest.warns(UserWarning, match="4 examples are taken at once"):
        parts, narrow = run(model=Exact(room=6))  # of the validation split, too
    torch.testing.assert_close(parts, whole, **TOLERANCE)
    assert narrow["batch_parts"] == 4 and "batch_parts" not in record
    assert narrow["validation"] == pytest.approx(record["validation"], rel=1e-4)


def test_a_batch_that_memory_never_holds_is_one_sentence():
    refused = pytest.raises(GeneratorError, match="expected memory on the device for 4 examples")
    with refused, pytest.warns(UserWarning, match="10 examples"):
        run(replace(PLAN, batch=64), model=Exact(room=3))


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """Line by one process in two parts a batch, by two processes, and by two that go on where one was stopped."""
    folder = tmp_path_factory.mktemp("parallel")
    processes.train(folder, "one")
    processes.train(folder, "stopped", folder / "state", stop=20)
    subprocess.run([sys.executable, "-m", "tests.devices.processes", folder], cwd=ROOT, check=True, timeout=120)
    records = {path.stem: json.loads(path.read_text()) for path in folder.glob("*.json")}
    return {path.stem: load_file(path) for path in folder.glob("*.safetensors")}, records


def test_two_processes_give_the_gradients_and_averages_of_one(trained):
    weights, records = trained
    assert records["one"]["batch_parts"] == records["two"]["batch_parts"] == 2
    assert weights["one"]["gradient.weight"].abs().max() > 0.01
    for name in weights["one"]:  # best averages and the last gradients
        torch.testing.assert_close(weights["two"][name], weights["one"][name], **TOLERANCE)


def test_a_run_goes_on_with_another_number_of_processes(trained):
    weights, records = trained
    assert records["resumed"]["steps"] == records["one"]["steps"]
    for name in weights["one"]:
        torch.testing.assert_close(weights["resumed"][name], weights["one"][name], **TOLERANCE)


@pytest.mark.parametrize("name", ["tabular.autoregressive", "tabular.diffusion"])
def test_products_in_bfloat16_leave_probabilities_in_float32(name, monkeypatch):
    loss, seen, possible = {}, set(), layers.Heads._possible

    def noted(heads, logits, *rest):
        seen.add(logits.dtype)
        return possible(heads, logits, *rest)

    monkeypatch.setattr(layers.Heads, "_possible", noted)
    for half in (False, True):
        monkeypatch.setattr(step, "accelerated", lambda device, half=half: half)
        loss[half] = generators.fit(tables.linked(200), name, budget=Budget(steps=3), seed=1).record["loss"]
    assert seen == {torch.float32}
    assert loss[True] != loss[False] and loss[True] == pytest.approx(loss[False], rel=0.02)
