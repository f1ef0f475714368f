"""Several processes that train one model: each takes its parts of every batch, and their gradients are summed.

The processes are those of torch.distributed, as torchrun starts them (Li et al. 2020, arXiv 2006.15704); without it
there is one. All hold the same weights and take the same decisions, because numbers that a process measures by itself,
such as seconds, are those of the first.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor
from torch import distributed as processes


def rank() -> int:
    """Return the number of this process, 0 for the first."""
    return processes.get_rank() if _joined() else 0


def size() -> int:
    """Return how many processes train together."""
    return processes.get_world_size() if _joined() else 1


def _joined() -> bool:
    return processes.is_available() and processes.is_initialized()


@contextmanager
def joined(device: str) -> Iterator[None]:
    """Join the processes that torchrun has started, on GPUs of their own or all on the CPU, until the block ends."""
    processes.init_process_group("nccl" if device.startswith("cuda") else "gloo")
    try:
        yield
    finally:
        processes.destroy_process_group()


@torch.no_grad()
def summed(tensors: Sequence[Tensor]) -> None:
    """Replace tensors of one device by their sums over all processes, in one message."""
    if size() == 1:
        return
    flat = torch.cat([tensor.flatten() for tensor in tensors])
    processes.all_reduce(flat)
    parts = flat.split([tensor.numel() for tensor in tensors])
    for tensor, part in zip(tensors, parts, strict=True):
        tensor.copy_(part.view_as(tensor))


def agreed(number: float, device: torch.device) -> float:
    """Return the first process's number in all of them."""
    if size() == 1:
        return number
    told = torch.tensor([number], dtype=torch.float64, device=device)
    processes.broadcast(told, 0)
    return told.item()
