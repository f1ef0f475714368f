"""Work of fixed shapes that a GPU replays as one CUDA graph, so that the host need not launch its kernels one by one.

A training step of a table is some hundred kernels of a few microseconds each, and launching them takes ten times as
long as running them.
"""

import gc
import warnings
from collections.abc import Callable

import torch
from torch import Tensor

WARM_CALLS = 3  # before a recording: libraries set themselves up, and an optimizer makes its state

Work = Callable[[Tensor], Tensor]


def recording() -> bool:
    """Tell whether what is asked of the GPU is recorded, not done."""
    return torch.cuda.is_available() and torch.cuda.is_current_stream_capturing()


class Replayed:
    """Calls work(x) for tensors x of one shape, on a GPU from its recording after WARM_CALLS calls.

    The work must neither wait for the device nor choose by the host's random numbers; its own come from torch's stream
    of the device, which a replay reads where it stands. What it returns is overwritten by the next call. Where it
    cannot be recorded it is called as on a CPU, with a warning that says why.
    """

    def __init__(self) -> None:
        self._calls, self._recordable = 0, True
        self._graph: torch.cuda.CUDAGraph | None = None
        self._x = self._found = torch.empty(0)

    def __call__(self, work: Work, x: Tensor) -> Tensor:
        if x.device.type != "cuda" or not self._recordable:
            return work(x)
        if self._calls < WARM_CALLS:
            self._calls += 1
            return work(x)
        if self._graph is None and not self._record(work, x):
            return work(x)
        assert self._graph is not None
        self._x.copy_(x)
        self._graph.replay()
        return self._found

    def _record(self, work: Work, x: Tensor) -> bool:
        gc.collect()  # gradients' nodes of earlier calls, which belong to another stream
        self._x, graph = x.clone(), torch.cuda.CUDAGraph()
        stream = torch.cuda.default_generators[x.device.index or 0]
        before = stream.clone_state()  # a recording that fails leaves its own unusable
        try:
            with torch.cuda.graph(graph, capture_error_mode="thread_local"):
                self._found = work(self._x)
        except RuntimeError as error:
            stream.graphsafe_set_state(before)
            self._recordable = False
            lacks = isinstance(error, torch.OutOfMemoryError)
            reason = "too little memory is left" if lacks else "it waits for the device"
            warnings.warn(f"training is slower: its step is not recorded as a CUDA graph, {reason}", stacklevel=2)
            return False
        self._graph = graph
        return True
