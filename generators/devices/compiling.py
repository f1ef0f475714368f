"""A network whose kernels torch fuses for a GPU (Ansel et al. 2024, PyTorch 2): what lies between its products of
matrices is done in one pass over memory in place of several.
"""

import warnings
from collections.abc import Callable

import torch
from torch import Tensor, nn

LEAST_COMPILED_MINUTES, LEAST_COMPILED_STEPS = 4.0, 4000  # of a training: compiling takes a minute or two

Forward = Callable[..., Tensor]


def pays(device: torch.device, minutes: float | None, steps: int) -> bool:
    """Tell whether a training of so many minutes, or steps where none are named, is long enough to compile for."""
    long = minutes >= LEAST_COMPILED_MINUTES if minutes is not None else steps >= LEAST_COMPILED_STEPS
    return device.type == "cuda" and long


def compiled(network: nn.Module) -> Forward:
    """Return the network's forward, compiled when it is first called; as it is, with a warning, where that fails."""
    fast: Forward | None = torch.compile(network.forward)

    def forward(*inputs: Tensor) -> Tensor:
        nonlocal fast
        if fast is None:
            return network(*inputs)
        try:
            return fast(*inputs)
        except torch.OutOfMemoryError:
            raise
        except RuntimeError:  # of torch's compiler and those beneath: none at hand, or one that fails
            fast = None
            warnings.warn("training is slower: torch cannot compile the network here", stacklevel=2)
            return network(*inputs)

    return forward
