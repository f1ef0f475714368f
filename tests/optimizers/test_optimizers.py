"""Adam moves as torch's does, to the bit; L-BFGS finds the minimum of a convex function."""

import torch

from generators.optimizers import lbfgs
from generators.optimizers.adam import Adam, ParameterGroup


def test_adam_moves_as_torch_does():
    stream = torch.Generator().manual_seed(0)
    starts = [torch.randn(shape, generator=stream) for shape in ((5, 3), (3,), (2, 2))]
    ours, theirs = ([torch.nn.Parameter(own.clone()) for own in starts] for _ in range(2))
    one = Adam([ParameterGroup(ours[:1], 0.1, decay=0.02), ParameterGroup(ours[1:], 0.1)], (0.8, 0.95))
    groups = [{"params": theirs[:1], "weight_decay": 0.02}, {"params": theirs[1:], "weight_decay": 0.0}]
    other = torch.optim.AdamW(groups, 0.1, (0.8, 0.95), fused=True)
    for step in range(5):
        for own, its in zip(ours[: step + 1], theirs, strict=False):  # a parameter may wait for its first gradient
            own.grad = torch.randn(own.shape, generator=stream)
            its.grad = own.grad.clone()
        one.groups[1].rate = other.param_groups[1]["lr"] = 0.1 / (1 + step)
        one.step()
        other.step()
    assert all(torch.equal(own, its) for own, its in zip(ours, theirs, strict=True))
    assert all(torch.equal(one.state[own][kept], other.state[its][kept]) for own, its in zip(ours, theirs, strict=True)
               for kept in ("step", "exp_avg", "exp_avg_sq"))  # fmt: skip
    one.clear_gradients()
    assert all(own.grad is None for own in ours)


def test_lbfgs_finds_the_minimum_of_a_convex_function():
    stream = torch.Generator().manual_seed(0)
    A, wanted = (torch.randn(shape, generator=stream, dtype=torch.float64) for shape in ((6, 6), (6,)))
    H = A.t() @ A + torch.eye(6, dtype=torch.float64)

    def steep(x):  # a quadratic and a quartic, whose first step would be far too long
        far = x - wanted
        return float(far @ H @ far / 2 + far.pow(4).sum()), H @ far + 4 * far.pow(3)

    found = lbfgs.minimised(steep, torch.full((6,), 9.0, dtype=torch.float64), 200, 0.0)
    assert (found - wanted).abs().max() < 1e-6
