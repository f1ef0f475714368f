"""The one place where a device is chosen, with the reason."""

import torch

from launderette.generators.errors import GeneratorError


def choose(device: str = "auto") -> tuple[torch.device, str]:
    """Return the device and why; ValueError where the one asked for is absent."""
    if device == "auto":
        if torch.cuda.is_available():
            return torch.device("cuda"), f"a GPU is present ({torch.cuda.get_device_name()})"
        return torch.device("cpu"), f"no GPU is present; {torch.get_num_threads()} threads"
    try:
        chosen = torch.device(device)
    except RuntimeError:
        raise GeneratorError(f"expected a device such as auto, cpu or cuda, found {device!r}") from None
    if chosen.type == "cuda" and not torch.cuda.is_available():
        raise GeneratorError(f"expected a GPU for device {device!r}, found none; use auto or cpu")
    return chosen, "it was asked for"


def accelerated(device: torch.device) -> bool:
    """Tell whether the host has to wait for what the device finds, so that steps should ask for nothing."""
    return device.type != "cpu"


def half(device: torch.device) -> bool:
    """Tell whether the device multiplies bfloat16 in hardware, about twice as fast as float32."""
    return accelerated(device) or torch.cpu._is_avx512_bf16_supported()


def instructions() -> str:
    """Name the instructions of the CPU by which the last digits of products differ."""
    return torch.backends.cpu.get_cpu_capability() + " bfloat16" * half(torch.device("cpu"))
