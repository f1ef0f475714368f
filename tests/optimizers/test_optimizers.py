"""Descents move as torch's do, and end at the minimum."""

import pytest
import torch
from torch import Tensor

from generators.optimizers.adam import Adam, ParameterGroup
from generators.optimizers.lbfgs import minimised


def test_adam_takes_the_steps_of_torch_to_the_last_bit_also_of_what_a_gradient_reaches_late():
    torch.manual_seed(0)
    start, late = torch.randn(5, 7), torch.randn(7)
    x = torch.randn(20, 5)
    ours, theirs = ([w.clone().requires_grad_() for w in (start, late)] for _ in range(2))
    adam = Adam([ParameterGroup([w], 1e-2, decay) for w, decay in zip(ours, (0.1, 0.0), strict=True)], (0.9, 0.99))
    groups = [{"params": [w], "weight_decay": decay} for w, decay in zip(theirs, (0.1, 0.0), strict=True)]
    reference = torch.optim.AdamW(groups, 1e-2, (0.9, 0.99), fused=True)
    for step in range(20):
        for (w, b), optimizer in ((ours, adam), (theirs, reference)):
            optimizer.clear_gradients() if optimizer is adam else optimizer.zero_grad()
            (x @ w + (b if step > 5 else 0)).tanh().square().sum().backward()
            optimizer.step()
    assert all(torch.equal(one, other) for one, other in zip(ours, theirs, strict=True))


@pytest.mark.parametrize("bend", [1.0, 1e4])
def test_l_bfgs_ends_at_the_minimum_of_a_ridge_regression(bend):
    torch.manual_seed(1)
    X, y = torch.randn(40, 6, dtype=torch.float64) * torch.logspace(0, 1, 6), torch.randn(40, dtype=torch.float64)
    A, b = X.t() @ X / bend + torch.eye(6), X.t() @ y / bend

    def f(w: Tensor) -> tuple[float, Tensor]:
        return float(w @ A @ w / 2 - b @ w), A @ w - b

    found = minimised(f, torch.zeros(6, dtype=torch.float64), 200, 0.0)
    assert torch.allclose(found, torch.linalg.solve(A, b), atol=1e-6)


def test_l_bfgs_stays_where_it_stands_at_a_minimum():
    start = torch.zeros(3, dtype=torch.float64)
    assert torch.equal(minimised(lambda w: (float(w.square().sum()), 2 * w), start, 30, 1e-5), start)
