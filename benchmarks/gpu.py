"""What a step of training takes on a device, beside the least that its arithmetic and its memory traffic need.

    python -m benchmarks.gpu [--device cuda] [--names tabular.autoregressive image.diffusion] [--rows 32000]

One line per generator, on a made table of 15 columns or on made images of 28 x 28. `step` is the mean of the steps
between the first and the last evaluation, evaluations included; `floor` is the larger of two times: the step's
floating-point operations (counted by torch) at the rate of a large matrix product in the type that the generator
multiplies in, and four passes over its parameters and the optimizer's state at the rate of a copy; both rates are
measured on the device first. `peak` is the device's own figure for a GPU, and the process's most resident memory on a
CPU, both of this generator alone. `drawn` are rows or images per second.
"""

import argparse
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from rich.console import Console
from rich.table import Table
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import flop_registry

import generators
from evaluation.measures import neighbours
from generators import Budget, Images

STEPS = 300
PASSES = 4  # over parameters, gradients and the two moments of AdamW: read and written
SIDE = 4096  # of the matrices whose product gives the device's rate
HALF_ON_GPU = "tabular.autoregressive", "tabular.diffusion"  # tables that multiply in bfloat16 there
SHOWN = "generator", "step ms", "floor ms", "ratio", "peak MB", "drawn per s"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--names", nargs="+", default=list(generators.names()))
    parser.add_argument("--rows", type=int, default=32_000)
    parser.add_argument("--steps", type=int, default=STEPS)
    parser.add_argument(
        "--drawn", type=int, default=200_000, help="rows of a table that are drawn; images: a hundredth"
    )
    parser.add_argument(
        "--neighbours", type=int, default=0, help="also search so many rows among as many, of 90 numbers"
    )
    options = parser.parse_args()
    device = torch.device(options.device)
    rates = {kind: _products_per_second(device, kind) for kind in (torch.float32, torch.bfloat16)}, _copied(device)
    threads = f"no GPU: a CPU, threads: {torch.get_num_threads()}"
    name = torch.cuda.get_device_name() if device.type == "cuda" else threads
    table = Table(*SHOWN, title=f"{name}; {rates[1] / 1e9:,.0f} GB/s", title_justify="left")
    for generator in options.names:
        table.add_row(generator, *_measured(generator, options, device, *rates))
    Console(width=110).print(table)
    if options.neighbours:
        print(_searched(options.neighbours, device))


def _measured(name: str, options: argparse.Namespace, device: torch.device, rates: dict, copied: float) -> list[str]:
    data = _images(options.rows) if name.startswith("image.") else _rows(options.rows)
    seen: list[dict] = []
    counted = [_flops(data, name, options.device, steps) for steps in (1, 3)]
    _forget_peak(device)
    budget = Budget(steps=options.steps)
    model = generators.fit(data, name, device=options.device, budget=budget, progress=seen.append)
    step = (seen[-1]["seconds"] - seen[0]["seconds"]) / max(1, seen[-1]["step"] - seen[0]["step"])
    weights = sum(p.numel() * p.element_size() for p in model.model.parameters())
    half = name.startswith("image.") or (device.type == "cuda" and name in HALF_ON_GPU)
    kind = torch.bfloat16 if half else torch.float32
    floor = max((counted[1] - counted[0]) / 2 / rates[kind], PASSES * 4 * weights / copied)
    peak = _peak(device) / 2**20
    drawn = options.drawn // (100 if name.startswith("image.") else 1)
    rate = drawn / _seconds(lambda: model.sample(drawn), device)
    return [f"{1e3 * step:.2f}", f"{1e3 * floor:.3f}", f"{step / floor:.0f}", f"{peak:,.0f}", f"{rate:,.0f}"]


def _forget_peak(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats()
    else:
        Path("/proc/self/clear_refs").write_text("5")  # the mark of the most resident memory (Linux, proc(5))


def _peak(device: torch.device) -> int:
    """Return the most bytes that were held since `_forget_peak`."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated()
    fields = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return int(fields["VmHWM"].split()[0]) * 1024


class Operations(TorchDispatchMode):
    """Counts floating-point operations of products and convolutions, forward and backward."""

    total = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        out = func(*args, **(kwargs or {}))
        if func._overloadpacket in flop_registry:
            self.total += flop_registry[func._overloadpacket](*args, **(kwargs or {}), out_val=out)
        return out


def _flops(data: Any, name: str, device: str, steps: int) -> int:
    """Floating-point operations of a whole training: the difference of two is that of the steps between them."""
    with Operations() as counted:
        generators.fit(data, name, device=device, budget=Budget(steps=steps))
    return counted.total


def _rows(n: int) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    z = rng.normal(size=(n, 8)) @ rng.normal(size=(8, 8))
    numbers = {f"n{k}": np.round(z[:, k], 2) for k in range(8)}
    labels = {f"c{k}": rng.integers(0, 4 + 5 * k, n).astype(str) for k in range(7)}
    return pd.DataFrame(numbers | labels)


def _images(n: int) -> Images:
    rng = np.random.default_rng(0)
    return Images(rng.integers(0, 256, (min(n, 10_000), 28, 28, 1), dtype=np.uint8), np.arange(min(n, 10_000)) % 10)


def _seconds(run: Callable[[], Any], device: torch.device) -> float:
    started = time.perf_counter()
    run()
    if device.type == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter() - started


def _products_per_second(device: torch.device, kind: torch.dtype) -> float:
    side = SIDE if device.type == "cuda" else SIDE // 4
    a = torch.randn(side, side, device=device, dtype=kind)
    _seconds(lambda: a @ a, device)
    return 10 * 2 * side**3 / _seconds(lambda: [a @ a for _ in range(10)], device)


def _copied(device: torch.device) -> float:
    a = torch.zeros(2**28 if device.type == "cuda" else 2**25, device=device)
    _seconds(a.clone, device)
    return 10 * 2 * 4 * a.numel() / _seconds(lambda: [a.clone() for _ in range(10)], device)


def _searched(rows: int, device: torch.device) -> str:
    points = torch.randn(rows, 90, generator=torch.Generator().manual_seed(0)).to(device)
    taken = _seconds(lambda: neighbours.nearest(points, points, 1, same=True), device)
    return f"{rows:,} nearest neighbours among {rows:,} rows of 90 numbers: {taken:.1f} s"


if __name__ == "__main__":
    main()
