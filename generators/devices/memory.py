"""What training will take in memory, estimated before the first step: a run that cannot fit stops with one
sentence, not in the middle.
"""

from pathlib import Path

import torch
from torch import Tensor, nn

from launderette.generators.errors import GeneratorError
from launderette.generators.training.plan import Plan

PARAMETER_COPIES = 6  # of the parameters: themselves, gradients, two of AdamW, the average, the best average
TRIAL_ROWS = 8, 16  # rows; memory is linear in them
BACKWARD_MEMORY_FACTOR = 1.3  # what a backward pass holds over what the forward pass has saved
EVALUATION_MEMORY_SHARE = 0.3  # what a row takes without gradients, as a share of what it takes with them
LIBRARY_BYTES = 60 * 2**20  # bytes of workspaces that torch sets up once
MEGABYTE = 2**20


def preflight(model: nn.Module, data: Tensor, validation: Tensor, plan: Plan) -> int:
    """Return about how many MB training will take beside the table itself; ValueError where the device has less.

    data [N, ...] and validation [M, ...] are tokens; what a row takes is measured on two small batches of them.
    """
    device, steps = next(model.parameters()).device, [min(rows, len(data)) for rows in TRIAL_ROWS]
    saved = [max(_saved(model, data[:rows].to(device), turn) for turn in plan.turns) for rows in steps]
    per_row = max(0, saved[1] - saved[0]) / max(1, steps[1] - steps[0])
    constant = (
        LIBRARY_BYTES + PARAMETER_COPIES * sum(p.numel() * p.element_size() for p in model.parameters()) + saved[0]
    )
    constant += sum(part.numel() * part.element_size() for part in (data, validation, *model.buffers()))
    batch, evaluated = min(plan.batch, len(data)), min(plan.chunk, len(validation))
    needed = constant + per_row * max(BACKWARD_MEMORY_FACTOR * batch, EVALUATION_MEMORY_SHARE * evaluated)
    left = free(device)
    if left is not None and needed > left:
        raise GeneratorError(
            f"expected about {needed / MEGABYTE:,.0f} MB of free memory for training, found {left / MEGABYTE:,.0f} MB; "
            "ask for a smaller width or batch, or leave columns out"
        )
    return round(needed / MEGABYTE)


def _saved(model: nn.Module, x: Tensor, turn: str) -> int:
    """Return how many bytes the loss of tokens x [B, ...] saves for its gradients, parameters aside."""
    own, sizes = {p.untyped_storage().data_ptr() for p in model.parameters()}, {}

    def note(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in own:
            sizes[storage.data_ptr()] = storage.nbytes()
        return tensor

    model.train()
    with torch.random.fork_rng(), torch.autograd.graph.saved_tensors_hooks(note, lambda tensor: tensor):
        loss = (model(x, turn) if turn else model(x)).mean()
    del loss
    return sum(sizes.values())


def free(device: torch.device) -> int | None:
    """Return the bytes that are free on the device, None where that is not known."""
    if device.type == "cuda":
        return torch.cuda.mem_get_info(device)[0]
    found = [_available(), _left_to_the_group()]
    return min((bytes for bytes in found if bytes is not None), default=None)


def _available(path: Path = Path("/proc/meminfo")) -> int | None:
    try:
        fields = dict(line.split(":", 1) for line in path.read_text().splitlines())
        return int(fields["MemAvailable"].split()[0]) * 1024
    except (OSError, KeyError, ValueError):
        return None


def _left_to_the_group(folder: Path = Path("/sys/fs/cgroup")) -> int | None:
    """Return what a container's limit leaves: the contents of files that it keeps are given up for others."""
    try:
        limit, used, stat = (
            (folder / name).read_text().split() for name in ("memory.max", "memory.current", "memory.stat")
        )
        fields = dict(zip(stat[::2], map(int, stat[1::2]), strict=True))
        return int(limit[0]) - int(used[0]) + fields["active_file"] + fields["inactive_file"]
    except (OSError, ValueError, KeyError):
        return None
