"""What a trained model remembers: its loss of training rows against that of validation rows, as an attacker would
compare them.
"""

from collections.abc import Callable
from typing import TypedDict

import numpy as np
import torch
from torch import Tensor

from launderette.generators.training import randomness
from launderette.generators.training.plan import Plan

MOST = 5000  # rows of either side


class Memorisation(TypedDict):
    """`gap`: mean loss of validation less that of training rows, nats; `auc`: of the loss as an attack, 0.5 is
    guessing.
    """

    gap: float
    auc: float


@torch.no_grad()
def measure(
    model: Callable[[Tensor], Tensor], kept: Tensor, held: Tensor, plan: Plan, seed: int
) -> Memorisation | None:
    """Return gap and AUC of the loss of training rows [N, ...] against validation rows [M, ...]; None for a game of two
    networks.

    A game has no loss of a row. Training stopped by the validation rows, so both are a little low. `model` maps rows to
    their losses, in evaluation mode.
    """
    if list(plan.turns) != [""]:
        return None
    with torch.random.fork_rng():
        inside, outside = (_losses(model, rows[:MOST], plan.chunk, seed) for rows in (kept, held))
    below = np.searchsorted(np.sort(outside), inside, "left"), np.searchsorted(np.sort(outside), inside, "right")
    auc = 1 - float(np.mean(below)) / len(outside)  # ties count half
    return {"gap": round(float(outside.mean() - inside.mean()), 4), "auc": round(auc, 4)}


def _losses(model: Callable[[Tensor], Tensor], rows: Tensor, chunk: int, seed: int) -> np.ndarray:
    randomness.manual_seed(seed, "memorisation")
    return torch.cat([model(part).double() for part in rows.split(chunk)]).cpu().numpy()
