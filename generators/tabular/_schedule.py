"""When masked diffusion reveals each token of a row: a polynomial schedule for each column, and columns known from
the beginning.
"""

import math

import torch
from torch import Tensor, nn

from launderette.generators.data.encoding import Layout


class Schedule(nn.Module):
    """Token l is hidden at time t with probability t^k_l; k falls by the factor `sharpness` from column to column."""

    def __init__(self, layout: Layout, sharpness: float, conditional: float) -> None:
        super().__init__()
        self.conditional, self.columns = conditional, len(layout.places)
        place, self.span = (
            torch.arange(layout.width),
            self.columns * math.log(sharpness) + 100,
        )  # more than any moments differ
        self.register_buffer("log_k", (self.columns - 1 - place).clamp(min=0) * math.log(sharpness), persistent=False)
        self.register_buffer("after", (place >= self.columns) * self.span, persistent=False)  # fine tokens come last

    def moments(self, orders: int) -> Tensor:
        """Draw when each token is revealed, an increasing function of 1 - t: [orders, L]."""
        waiting = torch.empty(orders, len(self.log_k), device=self.log_k.device).exponential_().log()
        # -log T ~ Exp(k) of the moment T = U^(1/k) at which a token leaves; the known columns are there from the
        # beginning
        waiting[:, : self.columns] -= self._random_columns(orders) * self.span
        return waiting - self.log_k + self.after

    def _random_columns(self, orders: int) -> Tensor:
        """Return which columns are known, [orders, C]: none in most orders, else one or (as often) any number."""
        device = self.log_k.device
        count = torch.where(torch.rand(orders, 1) < 0.5, 1, torch.randint(1, max(self.columns, 2), (orders, 1)))
        count = torch.where(torch.rand(orders, 1) < self.conditional, count, 0).to(device)
        return torch.rand(orders, self.columns, device=device).argsort(1) < count
