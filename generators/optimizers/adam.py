"""Adam with decoupled weight decay (Loshchilov and Hutter 2019, arXiv:1711.05101), a fused kernel for each group."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.optim.adamw import adamw

from launderette.generators.devices.device import accelerated

EPSILON = 1e-8  # to the root of the squares


@dataclass
class ParameterGroup:
    """Parameters that move alike; `pace` is their part of a schedule's learning rate, which lies on the device where
    steps are replayed there.
    """

    parameters: Sequence[Tensor]
    rate: float | Tensor
    decay: float = 0.0
    pace: float = 1.0


class Adam:
    """The groups and, of each parameter that a gradient has reached, `step`, `exp_avg` and `exp_avg_sq`."""

    def __init__(self, groups: Iterable[ParameterGroup], betas: tuple[float, float] = (0.9, 0.999)) -> None:
        self.groups, self.betas = list(groups), betas
        self.state: dict[Tensor, dict[str, Tensor]] = {}

    def set_rate(self, rate: float) -> None:
        """Set a schedule's learning rate, each group's at its own pace."""
        for group in self.groups:
            if isinstance(group.rate, Tensor):
                group.rate.fill_(rate * group.pace)
            elif group.parameters and accelerated(group.parameters[0].device):
                group.rate = torch.full((), rate * group.pace, device=group.parameters[0].device)
            else:
                group.rate = rate * group.pace

    def clear_gradients(self) -> None:
        for parameter in (p for group in self.groups for p in group.parameters):
            parameter.grad = None

    @torch.no_grad()
    def step(self) -> None:
        """Move every parameter that has a gradient."""
        for group in self.groups:
            reached = [p for p in group.parameters if p.grad is not None]
            if reached:
                self._move(group, reached)

    def _move(self, group: ParameterGroup, reached: list[Tensor]) -> None:
        for p in reached:
            if p not in self.state:
                step = torch.zeros((), dtype=torch.float32, device=p.device)
                self.state[p] = {"step": step, "exp_avg": torch.zeros_like(p), "exp_avg_sq": torch.zeros_like(p)}
        own = [self.state[p] for p in reached]
        adamw(
            reached,
            [p.grad for p in reached if p.grad is not None],
            [kept["exp_avg"] for kept in own],
            [kept["exp_avg_sq"] for kept in own],
            [],
            [kept["step"] for kept in own],
            lr=group.rate,
            beta1=self.betas[0],
            beta2=self.betas[1],
            weight_decay=group.decay,
            eps=EPSILON,
            fused=True,
            amsgrad=False,
            maximize=False,
        )
