"""A network is compiled for a GPU where that pays, and called as it is where torch cannot."""

import pytest
import torch
from torch import nn

from generators.devices.compiling import compiled, pays


def test_only_long_trainings_on_a_gpu_are_compiled_for():
    gpu, cpu = torch.device("cuda"), torch.device("cpu")
    assert pays(gpu, 4, 10) and pays(gpu, None, 4000)
    assert not pays(gpu, 3.9, 10**6) and not pays(gpu, None, 3999) and not pays(cpu, 60, 10**6)


def test_a_network_that_torch_cannot_compile_is_called_as_it_is_and_said_once(monkeypatch, recwarn):
    def refuse(*inputs):
        raise RuntimeError("no compiler")

    monkeypatch.setattr(torch, "compile", lambda forward: refuse)
    network = nn.Linear(3, 2)
    forward, x = compiled(network), torch.ones(4, 3)
    assert all(torch.equal(forward(x), network(x)) for _ in range(3))
    assert [str(one.message) for one in recwarn] == ["training is slower: torch cannot compile the network here"]


def test_want_of_memory_in_a_compiled_network_is_told_to_who_can_ask_for_less(monkeypatch):
    def refuse(*inputs):
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(torch, "compile", lambda forward: refuse)
    with pytest.raises(torch.OutOfMemoryError):
        compiled(nn.Linear(3, 2))(torch.ones(4, 3))
