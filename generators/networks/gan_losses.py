"""The game of generator and discriminator, for tables and images: the losses of both players, and the penalties on
their gradients.

The relativistic pairing loss with zero-centred gradient penalties on real and generated rows (R3GAN, Huang et al. 2024,
arXiv 2501.05441) has a stable optimum: D(x) - D(y) is then log p(x) / q(x) - log p(y) / q(y). The textbook minimax loss
(Goodfellow et al. 2014, arXiv 1406.2661) and its non-saturating form are there for comparison.
"""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn.functional import softplus

GAN_LOSSES = "relativistic", "nonsaturating", "minimax"


def discriminator_loss(loss: str, real: Tensor, fake: Tensor) -> Tensor:
    """Logits of real and of generated rows or packs, [B] -> the discriminator's loss [B]."""
    return softplus(fake - real) if loss == "relativistic" else softplus(-real) + softplus(fake)


def generator_loss(loss: str, real: Tensor, fake: Tensor) -> Tensor:
    """Logits of real and of generated rows or packs, [B] -> the generator's loss [B]."""
    if loss == "relativistic":
        return softplus(real - fake)
    return softplus(-fake) if loss == "nonsaturating" else -softplus(fake)  # the latter is log(1 - D)


def penalised(D: Callable[[Tensor], Tensor], x: Tensor) -> tuple[Tensor, Tensor]:
    """Return D(x) and the mean of |grad D|^2 / 2 over rows x [B, F]: R1 on real ones, R2 on generated ones
    (Mescheder et al. 2018).
    """
    x = x.detach().requires_grad_(True)
    logits = D(x)
    (slope,) = torch.autograd.grad(logits.sum(), x, create_graph=True)
    return logits, slope.square().sum(1).mean() / 2
