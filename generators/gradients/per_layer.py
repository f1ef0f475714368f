"""Gradients of each row by itself in networks of ordinary layers: all that a layer does is told to a tape (per_row.py).

A row may go through a network several times, under noise of several sizes say: its gradient is the sum over all of its
copies, and over the places of an image at which a layer's weights meet it.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import group_norm, one_hot, unfold

from launderette.generators.errors import GeneratorError
from launderette.generators.gradients.per_row import Place, SharedProduct, Tape, Untaped, Use


@dataclass(frozen=True, eq=False)
class LayerProduct:
    """y = W a, of inputs a [G B, i, T] at T places and one W [o, i, ...] for all; y [G, B, o T]."""

    place: Place
    a: Tensor

    def squared(self, g: Tensor) -> Tensor:
        return self._each(g).unflatten(0, g.shape[:2]).sum(0).square().sum((1, 2))

    def summed(self, g: Tensor, into: Tensor) -> None:
        into += self._each(g).sum(0).view(into.shape)

    def _each(self, g: Tensor) -> Tensor:
        """Return the gradients of copies of rows, [G B, o, i], which are small enough to be made."""
        return torch.bmm(_at_places(g, self.a.shape[2]), self.a.transpose(1, 2))


@dataclass(frozen=True, eq=False)
class LayerScale:
    """y = w a, of inputs a [G B, o, T] and one w [o]; y [G, B, o T]."""

    place: Place
    a: Tensor

    def squared(self, g: Tensor) -> Tensor:
        return self._each(g).sum(0).square().sum(-1)

    def summed(self, g: Tensor, into: Tensor) -> None:
        into += self._each(g).sum((0, 1))

    def _each(self, g: Tensor) -> Tensor:
        return (self.a * _at_places(g, self.a.shape[2])).sum(2).unflatten(0, g.shape[:2])


@dataclass(frozen=True, eq=False)
class LayerBias:
    """y = x + b, of one b [o] for all; y [G, B, o T] at T places."""

    place: Place
    places: int

    def squared(self, g: Tensor) -> Tensor:
        return g.sum(0).unflatten(1, (-1, self.places)).sum(2).square().sum(-1)

    def summed(self, g: Tensor, into: Tensor) -> None:
        into += g.sum((0, 1)).view(-1, self.places).sum(1)


@contextmanager
def told(network: nn.Module, tape: Tape, copies: int = 1) -> Iterator[None]:
    """Tell a tape of all that the layers of a network do inside the block, once each, with rows [copies B, ...] of
    which row b stands at b, B + b, 2 B + b and so on.

    GeneratorError for a layer with parameters of which it is not known how it uses them.
    """
    hooks = []
    try:
        for name, layer in network.named_modules() if not isinstance(tape, Untaped) else ():
            if next(layer.parameters(recurse=False), None) is not None:
                if type(layer) not in USES:
                    raise GeneratorError(
                        f"expected layers among {', '.join(known.__name__ for known in USES)}, found "
                        f"{type(layer).__name__}, of which it is not known how it uses its parameters"
                    )
                hooks.append(layer.register_forward_hook(partial(_tell, tape.within(name), copies)))
        yield
    finally:
        for hook in hooks:
            hook.remove()


def _tell(tape: Tape, copies: int, layer: nn.Module, inputs: tuple[Tensor], output: Tensor) -> Tensor:
    """Tell of one layer, and return its output."""
    whole = output.float()
    uses: list[Use] = [USES[type(layer)](layer, inputs[0].detach(), copies)]
    if getattr(layer, "bias", None) is not None:
        uses.append(LayerBias(("bias", None), whole.shape[2:].numel()))
    return tape.note(whole.unflatten(0, (copies, -1)).flatten(2), *uses).view(output.shape).to(output.dtype)


def _at_places(g: Tensor, places: int) -> Tensor:
    """g [G, B, o T] -> [G B, o, T]."""
    return g.flatten(0, 1).unflatten(1, (-1, places))


def _patches(layer: nn.Conv2d, a: Tensor) -> Tensor:
    """Return what a convolution sees at each place of its inputs [G B, i, H, W]: [G B, i h w, T]."""
    if layer.groups > 1 or layer.padding_mode != "zeros" or isinstance(layer.padding, str):
        raise GeneratorError("expected a convolution over all channels, padded by so many zeros, found another")
    return unfold(a.float(), layer.kernel_size, layer.dilation, layer.padding, layer.stride)


WEIGHT: Place = ("weight", None)
USES: dict[type, Callable[[Any, Tensor, int], Use]] = {
    nn.Conv2d: lambda layer, a, copies: LayerProduct(WEIGHT, _patches(layer, a)),
    nn.Linear: lambda layer, a, copies: LayerProduct(WEIGHT, a.float()[:, :, None]),
    nn.GroupNorm: lambda layer, a, copies: LayerScale(
        WEIGHT, group_norm(a.float(), layer.num_groups, eps=layer.eps).flatten(2)
    ),
    nn.Embedding: lambda layer, a, copies: SharedProduct(
        WEIGHT, one_hot(a, layer.num_embeddings).float().unflatten(0, (copies, -1))
    ),
}
