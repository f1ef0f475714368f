"""An audit of private descent: each part of the promise is checked by itself, and says by name what is broken."""

import contextlib
import copy
import math
from unittest import mock

import numpy as np
import pandas as pd
import torch
from scipy import stats

import generators
from generators.data.images import ImageForm
from generators.encoding.layout import Layout
from generators.gradients.per_row import UNTAPED
from generators.image import diffusion as image_diffusion
from generators.privacy import descent, entropy, resuming, subsampling
from generators.privacy.descent import Descent, DescentSchedule, PrivateRows
from generators.tabular import diffusion
from generators.tabular._chain import Model
from tests.generators import pictures

LAYOUT = Layout((5, 4, 3), (4, 0, 3), ((0, 2), (1,)), {2: (0, np.array([3, 1, 2, 3, 1]))})
SCHEDULE = DescentSchedule(steps=4, rate=0.2, noise=1.5, expected=10.0)
STATED = {
    "n": {"kind": "numerical", "bounds": [0, 99], "decimals": 0},
    "a": {"kind": "categorical", "categories": ["x", "y"]},
}


class Killed(Exception):
    """What takes the place of kill -9 inside a test's process."""


FORM = ImageForm(8, 9, 1, ("h", "v"), (0.5, 0.5))

NETWORKS = {
    "tabular.autoregressive": lambda: Model(LAYOUT, width=6, embedding=3, depth=2, conditional=0.5),
    "tabular.autoregressive with gates": lambda: Model(
        LAYOUT, width=6, embedding=3, depth=2, conditional=0.5, gates=True
    ),
    "tabular.diffusion": lambda: diffusion.Model(LAYOUT, width=6, embedding=3, depth=2),
    "image.diffusion": lambda: images_start(
        image_diffusion.Model(FORM, image_diffusion.Config(width=4, patch=2, blocks=1, dropout=0.1))
    ),
}


def images_start(found):
    """Give a denoiser the normal distribution of made images."""
    found.start(examples(40, name="image.diffusion"))
    return found


def model(seed=0, name="tabular.autoregressive"):
    """Return a network far from its start, so that gradients are long."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        found = NETWORKS[name]()
        for parameter in found.parameters():
            parameter.data += 0.5 * torch.randn_like(parameter)
    return found.eval()


def tokens(rows, seed=0):
    stream = np.random.default_rng(seed)
    coarse, label = stream.integers(0, 5, rows), stream.integers(0, 4, rows)
    fine = stream.integers(0, LAYOUT.inner[2][1][coarse])
    return torch.from_numpy(np.stack([coarse, label, fine], 1))


def examples(rows, seed=0, name="tabular.autoregressive"):
    """Return coded rows as a network takes them."""
    if not name.startswith("image"):
        return tokens(rows, seed)
    return FORM.pack(pictures.bars(rows, seed, height=FORM.height, width=FORM.width))


class SumOfLosses(torch.nn.Module):
    """A network as functions of its parameters need it."""

    def __init__(self, network):
        super().__init__()
        self.network = network

    def forward(self, x, u):
        return self.network.row_losses(x, u, UNTAPED).sum()


def gradients_of_each_row(network, x, u):
    """Return the gradient of each row's loss, by parameter [B, ...], as torch.func finds them."""
    whole, named = SumOfLosses(network), {name: p.detach() for name, p in network.named_parameters()}

    def loss(parameters, a, b):
        wrapped = {f"network.{name}": p for name, p in parameters.items()}
        return torch.func.functional_call(whole, wrapped, (a[None], b[None]))

    return torch.func.vmap(torch.func.grad(loss), in_dims=(None, 0, 0))(named, x, u)


def check_sensitivity(name="tabular.autoregressive", units=20, each=1):
    """AssertionError where one unit more, of `each` equal rows, moves a step's sum by more than the clip."""
    network, x = model(name=name), examples(units * each, name=name)
    x[-each:] = x[-1]
    rows = PrivateRows(x, np.arange(units).repeat(each))
    with chance(0):
        before = descent.clipped_sums(network, PrivateRows(x[:-each], rows.units[:-each]), SCHEDULE.clip)
    with chance(0):
        after = descent.clipped_sums(network, rows, SCHEDULE.clip)
    moved = math.sqrt(sum(float((after[name] - before[name]).detach().square().sum()) for name in before))
    assert 0.5 * SCHEDULE.clip < moved <= SCHEDULE.clip * (1 + 1e-4), f"a unit moves a sum by {moved:.3g}, not the clip"


def check_noise():
    """AssertionError where a parameter gets another amount of noise than is charged."""
    begun = Descent(model(), SCHEDULE)
    begun._step(PrivateRows(tokens(0), np.arange(0)))
    for name, parameter in begun.model.named_parameters():
        drawn = parameter.grad * SCHEDULE.expected / (SCHEDULE.noise * SCHEDULE.clip)
        low, high = stats.chi2.interval(1 - 1e-6, drawn.numel())
        squares = float(drawn.square().sum())
        assert low < squares < high, f"{name} has {squares / drawn.numel():.2f} of the variance that is charged"


def check_sampling(steps=400, units=50):
    """AssertionError where a step does not use each unit by itself with the rate that is charged, with all its rows."""
    rows = PrivateRows(torch.arange(2 * units)[:, None], np.repeat(np.arange(units), 2))
    used = [rows.drawn(SCHEDULE.rate).tokens[:, 0].numpy() for _ in range(steps)]
    assert all(np.array_equal(own[::2] + 1, own[1::2]) for own in used), "a unit is used in part"
    sizes = np.array([len(own) / 2 for own in used])
    expected = units * SCHEDULE.rate, units * SCHEDULE.rate * (1 - SCHEDULE.rate)
    assert abs(sizes.mean() - expected[0]) < 5 * (expected[1] / steps) ** 0.5, "units are used at another rate"
    assert 0.6 < sizes.var() / expected[1] < 1.5, "units are not used each by itself: the size of a step tells"


def check_steps():
    """AssertionError where a fit takes other steps than it is charged for."""
    rates, chosen = [], entropy.chosen
    record = lambda count, rate: (rates.append(rate), chosen(count, rate))[1]  # noqa: E731
    with mock.patch.object(entropy, "chosen", record), mock.patch.object(subsampling, "noise_for", return_value=1.0):
        event = fit().record["ledger"]["events"][-1]
    assert rates == [event["rate"]] * event["steps"], "steps use another share of the rows than is charged"


def privacy(epsilon=20.0, **changes):
    return generators.Privacy(epsilon, 1e-2, STATED, **changes)


def table(rows=150, seed=0):
    stream = np.random.default_rng(seed)
    return pd.DataFrame({"n": stream.integers(0, 100, rows), "a": stream.choice(["x", "y"], rows)})


def fit(**how):
    how = {"privacy": privacy(), "budget": generators.Budget(steps=3), "width": 8} | how
    return generators.fit(how.pop("data", table()), how.pop("name", "tabular.autoregressive"), **how)


def check_fresh_noise():
    """AssertionError where two fits of one seed are one."""
    start = Descent(model(), SCHEDULE)
    ended = [copy.deepcopy(start).run(PrivateRows(tokens(40), np.arange(40)), lambda step: None) for _ in range(2)]
    assert any((ended[0][name] != ended[1][name]).any() for name in ended[0]), "the seed tells the noise"


def check_resume(folder):
    """AssertionError where a run that was killed and goes on is charged less, or takes more steps, than another."""
    taken, step, noise = [], Descent._step, mock.patch.object(subsampling, "noise_for", return_value=1.0)

    def killed_at(last):
        def counted(begun, batch):
            if len(taken) == last:
                raise Killed
            taken.append(begun.step)
            step(begun, batch)

        return counted

    saved, killed = mock.patch.object(resuming, "SAVE_SECONDS", 0.0), mock.patch.object(Descent, "_step", killed_at(2))
    with noise, saved, killed, contextlib.suppress(Killed):
        fit(checkpoint=folder)
    with mock.patch.object(Descent, "_step", killed_at(99)):
        resumed = fit(checkpoint=folder)
    with noise:
        whole = fit()
    assert len(taken) <= whole.record["steps"], f"{len(taken)} steps are taken, {whole.record['steps']} charged"
    charged, alone = (one.record["ledger"]["epsilon"] for one in (resumed, whole))
    assert abs(charged / alone - 1) < 0.05, f"a resumed run is charged {charged:.3g}, another {alone:.3g}"
    return resumed


def chance(seed):
    """Make the chance of the operating system the same in every run."""
    stream = np.random.default_rng(seed)
    return mock.patch.object(entropy, "uniforms", lambda count: 1 - stream.random(count))
