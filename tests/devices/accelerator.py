"""A device that pretends: its tensors lie on the CPU, but no operation may mix them with those of the CPU.

torch's FakeTensorMode stops at the device guard of CUDA where torch was built without it, and knows no values, so that
a draw, whose loops look at tokens, cannot run. Tensors of this device hold values: a fit and a draw run to their end on
it, and give what they give on a CPU.
"""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor
from torch.utils import backend_registration
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves, tree_map

NAME = "pretend"
MOVES = "aten::_to_copy", "aten::copy_", "aten::_copy_from"
# operations for whose result or error the host waits for a GPU
WAITS = {
    "aten::_local_scalar_dense",
    "aten::equal",
    "aten::is_nonzero",
    "aten::nonzero",
    "aten::masked_select",
    "aten::unique_consecutive",
    "aten::unique_dim",
    "aten::_unique2",
    "aten::_linalg_check_errors",
    "aten::bincount",
    "aten::repeat_interleave",
}
INDEXED = "aten::index", "aten::index_put_", "aten::index_put", "aten::_index_put_impl_"

_KERNELS = torch.library.Library("aten", "IMPL", "PrivateUse1")
_CASTS = torch.library.Library("_", "IMPL", "AutocastPrivateUse1")  # there is no bfloat16 in its products


class _Module(backend_registration._DummyBackendModule):
    def get_amp_supported_dtype(self) -> list[torch.dtype]:
        return [torch.bfloat16]

    def get_rng_state(self, device: int = 0) -> Tensor:
        return torch.empty(0, dtype=torch.uint8)  # its numbers come from the CPU's stream

    def set_rng_state(self, state: Tensor, device: int = 0) -> None:
        """Keep the one stream that there is."""


def register() -> None:
    """Make the device known to torch, once in a process."""
    if torch._C._get_privateuse1_backend_name() != NAME:
        backend_registration._setup_privateuseone_for_python_backend(NAME, _Module())
        # an index that is a list becomes a tensor below every mode
        _KERNELS.impl("empty_strided", _empty_strided)
        _KERNELS.impl("_copy_from", _copy_from)
        _CASTS.fallback(torch.library.fallthrough_kernel)


def _empty_strided(size: Any, stride: Any, dtype: Any = None, **rest: Any) -> "Placed":
    Accelerator.current().note("a list as index")
    return Placed(torch.empty_strided(size, stride, dtype=dtype))


def _copy_from(source: Tensor, target: Tensor, non_blocking: bool = False) -> Tensor:
    _inner(target).copy_(_inner(source))
    return target


class Placed(torch.Tensor):
    """A tensor that lies on the device, by its `inner` one on the CPU."""

    inner: Tensor
    __torch_function__ = torch._C._disabled_torch_function_impl

    @staticmethod
    def __new__(cls, inner: Tensor) -> "Placed":
        shape = {"strides": inner.stride(), "storage_offset": inner.storage_offset(), "dtype": inner.dtype}
        made = torch.Tensor._make_wrapper_subclass(cls, inner.size(), device=torch.device(NAME, 0), **shape)
        made.inner = inner
        return made

    def tolist(self) -> Any:
        Accelerator.current().note("tolist")
        return self.inner.tolist()

    @classmethod
    def __torch_dispatch__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        return Accelerator.current().run(func, args, kwargs or {})


class Accelerator(TorchDispatchMode):
    """Runs what is done with placed tensors; notes what leaves the device or waits for it while `watched`."""

    _current: "Accelerator | None" = None

    def __init__(self) -> None:
        super().__init__()
        register()
        self.watching, self.found = False, Counter[str]()

    @classmethod
    def current(cls) -> "Accelerator":
        assert cls._current is not None, "a placed tensor outlives its accelerator"
        return cls._current

    def __enter__(self) -> "Accelerator":
        Accelerator._current = self
        # a process that has gone backward on a CPU has no thread for another device
        self._threads = torch.autograd.set_multithreading_enabled(False)
        self._threads.__enter__()
        return super().__enter__()

    def __exit__(self, *error: Any) -> None:
        super().__exit__(*error)
        self._threads.__exit__(*error)

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        return self.run(func, args, kwargs or {})

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Note every move and every wait."""
        self.watching = True
        try:
            yield
        finally:
            self.watching = False

    def run(self, func: Any, args: Any, kwargs: Any) -> Any:
        """Run one operation on the tensors inside; RuntimeError where those of two devices meet."""
        name, tensors = func._schema.name, [t for t in tree_leaves((args, kwargs)) if isinstance(t, Tensor)]
        places = {isinstance(t, Placed) for t in tensors if t.dim() or isinstance(t, Placed)}
        asked = kwargs.get("device")
        if True not in places and asked is None:
            return func(*args, **kwargs)
        if len(places) > 1 and name not in MOVES:
            raise RuntimeError(f"tensors of two devices meet in {name}")
        placed = torch.device(asked).type == NAME if asked is not None else True in places
        self._look(name, args, places, placed)
        inside = tree_map(_inner, kwargs) | ({"device": torch.device("cpu")} if asked is not None else {})
        out = func(*tree_map(_inner, args), **inside)
        if name.startswith("aten::copy_") or name.endswith("_out"):
            return args[0]
        return tree_map(lambda t: Placed(t) if isinstance(t, Tensor) and placed else t, out)

    def note(self, name: str) -> None:
        """Keep what was done where it matters."""
        if self.watching:
            self.found[name] += 1

    def _look(self, name: str, args: Any, places: set[bool], placed: bool) -> None:
        moved = name in MOVES and (len(places) > 1 or (True in places) != placed)
        masked = name in INDEXED and any(t is not None and t.dtype == torch.bool for t in args[1])
        if moved or (True in places and (name in WAITS or masked)):
            self.note(name)


def _inner(value: Any) -> Any:
    return value.inner if isinstance(value, Placed) else value
