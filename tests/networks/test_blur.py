"""Numbers lie a little elsewhere at each training step: what stays where it is, and that shares stay."""

import torch

from generators.encoding.layout import Layout
from generators.networks.frequencies import blurrable, blurred

LAYOUT = Layout(  # ten intervals around an exact value, one missing; labels; a number of two tokens
    sizes=(12, 4, 3, 2), ordered=(11, 0, 3, 2), places=((0,), (1,), (2, 3)), inner={3: (2, [2, 2, 2])}, exact={0: (5,)}
)


def test_numbers_walk_between_exact_values_and_leave_even_shares_as_they_are():
    torch.manual_seed(0)
    x = torch.stack([torch.randint(0, size, (20_000,)) for size in LAYOUT.sizes], 1)
    found = blurred(x, blurrable(LAYOUT))
    assert torch.equal(found[:, 1:], x[:, 1:])
    still = (x[:, 0] == 5) | (x[:, 0] == 11)
    assert torch.equal(found[still, 0], x[still, 0])
    assert torch.equal(found[:, 0] < 5, x[:, 0] < 5) and torch.equal(found[:, 0] == 11, x[:, 0] == 11)
    assert (found[~still, 0] != x[~still, 0]).float().mean() > 0.5
    shares = torch.bincount(found[:, 0], minlength=12) / len(x)
    assert (shares - 1 / 12).abs().max() < 0.01
