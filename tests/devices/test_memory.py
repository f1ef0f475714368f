"""The estimate of memory before training: hand-worked for a linear model, linear in the batch, and a refusal where
it is lacking.
"""

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

from generators import Budget, fit
from generators.devices import memory
from generators.training.plan import Plan

MB = 2**20


class Square(nn.Module):
    """(W x)^2 of rows of 1,000 numbers; W x is saved for the square, x for W."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(1000, 1000))

    def forward(self, x):
        return (x.float() @ self.weight).square().sum(1)


def test_the_estimate_is_what_a_linear_model_takes():
    data = torch.zeros(50_000, 1000, dtype=torch.int8)
    batch = 10_000
    numbers = 2 * 1000 * 4  # bytes that one row saves: x and W x
    expected = memory.LIBRARY_BYTES + 6 * 4e6 + (50_000 + 100) * 1000 + memory.BACKWARD_MEMORY_FACTOR * batch * numbers
    assert memory.preflight(Square(), data, data[:100], Plan(batch=batch)) == pytest.approx(expected / MB, rel=0.01)


def test_a_run_that_cannot_fit_stops_before_its_first_step(monkeypatch):
    frame = pd.DataFrame({"v": np.arange(300) % 7, "w": ["a", "b", "c"] * 100})
    seen = []
    fitted = fit(frame, budget=Budget(steps=3), progress=seen.append)
    assert fitted.record["memory_mb"] == seen[0]["memory_mb"] > memory.LIBRARY_BYTES / MB
    monkeypatch.setattr(memory, "free", lambda device: 20 * MB)
    with pytest.raises(ValueError, match=r"expected about \d+ MB of free memory for training, found 20 MB"):
        fit(frame, budget=Budget(steps=3))


def test_free_memory_is_read_where_the_system_tells_it(tmp_path):
    (tmp_path / "meminfo").write_text("MemTotal:  9 kB\nMemAvailable:   2048 kB\n")
    assert memory._available(tmp_path / "meminfo") == 2 * MB and memory._available(tmp_path / "none") is None
    (tmp_path / "memory.max").write_text("3000\n")
    (tmp_path / "memory.current").write_text("1000\n")
    (tmp_path / "memory.stat").write_text("anon 100\nactive_file 300\ninactive_file 50\n")
    assert memory._left_to_the_group(tmp_path) == 2350
    (tmp_path / "memory.max").write_text("max\n")
    assert memory._left_to_the_group(tmp_path) is None
