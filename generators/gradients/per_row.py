"""Gradients of each row by itself, clipped and summed, in one backward pass.

Where weights meet a row once, as y = a W, the row's gradient is the outer product of a and dL/dy: its norm is
|a| |dL/dy|, and a weighted sum over rows is one matrix product, so no gradient of a single row is ever made
(book-keeping: Bu et al. 2023, 2210.00038). Every use of a parameter is told to a tape; one backward pass finds dL/dy
of all of them.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol, Self

import torch
from torch import Tensor, nn

NORM_ROUNDING = 1e-5  # relative, of a norm in single precision

Place = tuple[str, int | slice | None]  # the name of a parameter, and which part of it is meant


class Use(Protocol):
    """A use of a parameter by B rows, whose output is some y [G, B, o]."""

    @property
    def place(self) -> Place: ...

    def squared(self, g: Tensor) -> Tensor:
        """Return the squared norms of the rows' gradients [B], given g = dL/dy."""
        ...

    def summed(self, g: Tensor, into: Tensor) -> None:
        """Add the sum of the rows' gradients to a tensor of the parameter's shape."""
        ...


@dataclass(frozen=True, eq=False)
class Product:
    """y = a W `through`, of inputs a [G, B, i] and weights W [G, i, o]; `through` [G, o, k] is constant, None for 1."""

    place: Place
    a: Tensor
    through: Tensor | None = None

    def squared(self, g: Tensor) -> Tensor:
        g = self._back(g)
        return (self.a.square().sum(-1) * g.square().sum(-1)).sum(0)

    def summed(self, g: Tensor, into: Tensor) -> None:
        into += torch.bmm(self.a.transpose(1, 2), self._back(g))

    def _back(self, g: Tensor) -> Tensor:
        return g if self.through is None else torch.bmm(g, self.through.transpose(1, 2))


@dataclass(frozen=True, eq=False)
class SharedProduct:
    """y = a W, of inputs a [G, B, i] and one W [i, o] for all G: a row's gradient is a sum of G outer products, small
    enough to be made.
    """

    place: Place
    a: Tensor

    def squared(self, g: Tensor) -> Tensor:
        return torch.bmm(self.a.permute(1, 2, 0), g.transpose(0, 1)).square().sum((1, 2))

    def summed(self, g: Tensor, into: Tensor) -> None:
        into += self.a.flatten(0, 1).t() @ g.flatten(0, 1)


@dataclass(frozen=True, eq=False)
class Bias:
    """y = x + b for all rows, of b [G, o] or [G, 1, o]; `shared` for one b [o] for all G."""

    place: Place
    shared: bool = False

    def squared(self, g: Tensor) -> Tensor:
        return g.sum(0).square().sum(-1) if self.shared else g.square().sum((0, -1))

    def summed(self, g: Tensor, into: Tensor) -> None:
        into += (g.sum((0, 1)) if self.shared else g.sum(1)).view(into.shape)


@dataclass(frozen=True, eq=False)
class Lookup:
    """y [G, B, o] are the rows `at` [G, B] of a table [K, o]; no row looks up one of them twice."""

    place: Place
    at: Tensor

    def squared(self, g: Tensor) -> Tensor:
        return g.square().sum((0, -1))

    def summed(self, g: Tensor, into: Tensor) -> None:
        into.index_add_(0, self.at.flatten(), g.flatten(0, 1))


@dataclass(frozen=True, eq=False)
class Gated:
    """y[g, b, k] = sum_m before[b, g, m] (1 + pace W[r, g, m]) v[m, b, k], of weights W [R, G, M] for the R `groups` of
    units, r that of unit k, constant before [B, G, M] and inputs v [M, B, o].
    """

    place: Place
    before: Tensor
    v: Tensor
    pace: float
    groups: int

    def squared(self, g: Tensor) -> Tensor:
        return torch.stack([own.square().sum((1, 2)) for own in self._each(g)]).sum(0)

    def summed(self, g: Tensor, into: Tensor) -> None:
        for r, own in enumerate(self._each(g)):
            into[r] += own.sum(0)

    def _each(self, g: Tensor) -> Iterator[Tensor]:
        """Yield of each group the gradients of rows, [B, G, M], which are small enough to be made."""
        parts = zip(g.chunk(self.groups, 2), self.v.detach().chunk(self.groups, 2), strict=True)
        for own, seen in parts:
            yield self.pace * self.before * torch.bmm(own.transpose(0, 1), seen.permute(1, 2, 0))


@dataclass
class Tape:
    """Uses of parameters in the order in which rows met them, and what came out; `module` is a prefix of their
    names.
    """

    uses: list[tuple[str, Use, Tensor]] = field(default_factory=list)  # the parameter, its use, what came out
    module: str = ""

    def within(self, module: str) -> Self:
        """Return the same tape for the parameters of a module of this name."""
        return replace(self, module=f"{self.module}{module}.")

    def note(self, output: Tensor, *uses: Use) -> Tensor:
        """Remember the uses that an output [G, B, o] comes from, and return it."""
        self.uses += [(self.module + use.place[0], use, output) for use in uses]
        return output

    def clipped(
        self, losses: Tensor, parameters: Mapping[str, nn.Parameter], clip: float, units: Tensor | None = None
    ) -> dict[str, Tensor]:
        """Return the sum over rows of the gradient of losses [B], those of each unit scaled down so that their norms
        add up to at most `clip`, hence that of their sum; a row whose gradient is not finite counts nothing.

        `units` [B], numbered from 0, says whose each row is; None for a row of its own.
        """
        gradients = torch.autograd.grad(losses.sum(), [output for *_, output in self.uses])
        squared = [use.squared(g) for (_, use, _), g in zip(self.uses, gradients, strict=True)]
        norms = torch.stack(squared).sum(0).sqrt()
        scale = clip / (_together(norms, units) * (1 + NORM_ROUNDING)).clamp(min=clip)
        sums = {name: torch.zeros_like(parameter) for name, parameter in parameters.items()}
        for (name, use, _), g in zip(self.uses, gradients, strict=True):
            part = use.place[1]
            use.summed(_scaled(g, scale, norms), sums[name] if part is None else sums[name][part])
        return sums


class Untaped(Tape):
    """A tape that remembers nothing."""

    def note(self, output: Tensor, *uses: Use) -> Tensor:
        return output


UNTAPED = Untaped()


def _together(norms: Tensor, units: Tensor | None) -> Tensor:
    """Return for each row the sum of the finite norms [B] of its unit's rows."""
    if units is None:
        return norms
    finite = norms.where(norms.isfinite(), 0.0)
    return norms.new_zeros(int(units.max()) + 1).index_add(0, units, finite)[units]


def _scaled(g: Tensor, scale: Tensor, norms: Tensor) -> Tensor:
    """Return g [G, B, o] times the scale of each row [B], 0 for rows whose norm is not finite."""
    finite = norms.isfinite()
    return (g if finite.all() else g.masked_fill(~finite[:, None], 0.0)) * scale.where(finite, 0.0)[:, None]
