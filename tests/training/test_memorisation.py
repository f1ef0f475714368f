"""Training says what its model remembers, worked by hand and as an attack on the fitted model finds it, and keeps to
the bound that is set.
"""

import json
import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.metrics import roc_auc_score

import generators
from generators import Budget, GeneratorError
from generators.data.images import Images
from generators.encoding.layout import Layout
from generators.tabular import diffusion
from generators.training import loop, memorisation, shrinking, validation
from generators.training.crossing import Crossing, Untrained
from generators.training.memorisation import Attack, Remembered
from generators.training.neighbourhood import Neighbourhood
from generators.training.shrinking import Beginning
from tests.evaluation.tables import mixed


def measured(inside, outside, reference=None):
    attack = Attack(torch.tensor(inside), torch.tensor(outside), 4096, 0)
    return (attack.steadied(reference) if reference else attack).measure(lambda rows: rows)


def test_gap_and_area_are_those_of_the_losses():
    # of 2 x 2 pairs, 1 < 2, 1 < 4 and 3 < 4 tell the training row; 3 > 2 does not
    assert measured([1.0, 3.0], [2.0, 4.0]) == {"gap": 1.0, "auc": 0.75}
    assert measured([1.0, 1.0], [1.0]) == {"gap": 0.0, "auc": 0.5}


def test_a_reference_takes_the_luck_of_the_split_off():
    rng, errors = np.random.default_rng(0), {"plain": [], "steadied": []}
    for _ in range(60):
        hard = rng.normal(size=200)  # how hard a row is to anybody
        # and to a model that knows 160 of them
        known = hard - 0.4 * (np.arange(200) < 160) + 0.3 * rng.normal(size=200)
        sides, of = torch.arange(200).split([160, 40]), lambda losses: lambda rows: torch.from_numpy(losses)[rows]
        expected = 0.5 * (1 + math.erf(0.4 / 2 / math.hypot(1, 0.3)))
        plain = Attack(*sides, 64, 0)
        for name, attack in {"plain": plain, "steadied": plain.steadied(of(hard))}.items():
            errors[name].append(attack.measure(of(known))["auc"] - expected)
    spread = {name: np.std(found) for name, found in errors.items()}
    assert abs(np.mean(errors["steadied"])) < 0.01 and spread["steadied"] < 0.6 * spread["plain"]


def test_a_loss_is_compared_with_those_of_rows_like_it():
    rng, rows = np.random.default_rng(0), np.arange(600)
    kind, known = rows % 30, rows < 400
    losses = 10.0 * kind - known + rng.normal(size=600)  # how hard a row is lies in its kind
    neighbourhood = Neighbourhood.of(torch.from_numpy(np.stack([kind, rng.random(600)], 1)), rows)
    sides = np.split(losses, [400])
    alone = Attack(*torch.arange(600).split([400, 200]), 64, 0)
    found = replace(alone, neighbourhood=neighbourhood).remembered(*sides)
    assert found.auc == pytest.approx(alone.auc(*sides)) and found.auc < 0.55
    expected = 0.5 * (1 + math.erf(1 / 2 / math.hypot(1, 5**-0.5)))  # of two rows, each less the mean of five others
    assert found.calibrated == pytest.approx(expected, abs=0.05)


def test_an_image_is_compared_with_those_like_it(monkeypatch):
    attacks, rng = [], np.random.default_rng(0)
    monkeypatch.setattr(Attack, "measure", lambda own, _: attacks.append(own) or {"gap": 0.0, "auc": 0.5})
    pixels = rng.integers(100, size=(60, 12, 20, 3)) + 150 * (np.arange(60) % 2)[:, None, None, None]  # dark and bright
    generators.fit(Images(pixels.astype(np.uint8)), "image.autoencoder", budget=Budget(steps=1))
    sides = torch.cat([attacks[-1].inside, attacks[-1].outside])
    bright = (sides.float().mean(1) > 125).numpy()
    assert (bright[attacks[-1].neighbourhood.near] == bright[:, None]).all()


def test_who_has_many_rows_counts_once_and_is_not_compared_with_himself():
    owners = np.repeat([0, 1, 2, 3], [90, 10, 10, 90])
    neighbourhood = Neighbourhood.of(torch.from_numpy(owners[:, None] * 1.0), owners)
    assert (owners[neighbourhood.near] != owners[:, None]).all()
    losses = np.repeat([0.0, 2.0, 1.0, 3.0], [90, 10, 10, 90])
    found = Attack(*torch.arange(200).split([100, 100]), 64, 0, neighbourhood).remembered(*np.split(losses, [100]))
    assert (found.auc, found.gap) == pytest.approx((0.75, 1.0))  # of 2 x 2 owners, as of rows above
    nobody = Neighbourhood.of(torch.zeros(3, 1), np.zeros(3))
    assert [side.tolist() for side in nobody.calibrated(losses[:2], losses[:1])] == [[0.0, 0.0], [0.0]]


def test_rows_are_as_far_apart_as_their_numbers_rank_and_their_labels_differ():
    layout = Layout(sizes=(5, 3, 9), ordered=(4, 0, 9), places=((0, 2), (1,)), inner={})
    at = layout.coordinates(torch.tensor([[0, 2, 8], [1, 2, 0], [3, 0, 0], [4, 0, 1]]))  # 4: a missing number
    apart = torch.cdist(at, at)
    assert apart[0, 1] == pytest.approx(12**0.5 / 3)  # one of three ranks, the place within a cell left out
    assert apart[0, 2] == pytest.approx((4 * 12 / 9 + 1) ** 0.5)
    assert apart[2, 3] == pytest.approx((12 / 9 + 0.5) ** 0.5)


class Counts(torch.nn.Module):
    """Shares of the tokens of each column, by rows [N, L] of which it remembers much."""

    def __init__(self, x):
        super().__init__()
        counts = torch.nn.functional.one_hot(x, 12).double().sum(0) + 0.5
        self.log_shares = torch.nn.Parameter((counts / counts[0].sum()).log(), requires_grad=False)

    def forward(self, x):
        return -self.log_shares[torch.arange(x.shape[1]), x].sum(1)


def test_of_few_rows_cross_fitting_tells_what_the_beginning_remembers():
    rng, errors = np.random.default_rng(0), {"held back": [], "crossed": []}
    for seed in range(30):
        x = torch.from_numpy(rng.integers(0, 12, (4000, 10)))
        kept, held = x[:105], x[105:120]
        model = Counts(kept)
        truth = Attack(kept, x[120:], 4096, 0).measure(model)["auc"]
        attack = Attack(kept, held, 4096, 0)
        untrained = Untrained(lambda rows, _: Counts(rows), x[:120], np.arange(120), 0)
        parts = np.arange(105), np.arange(105, 120)
        again = Crossing(untrained, parts, validation.parts(120, 4, seed), {}).judged(attack)
        for name, found in {"held back": attack, "crossed": again}.items():
            errors[name].append(found.measure(model)["auc"] - truth)
    assert abs(np.mean(errors["crossed"])) < 0.015 and np.std(errors["crossed"]) < 0.6 * np.std(errors["held back"])


@pytest.mark.parametrize("groups", [None, [k // 3 for k in range(60)], [0] * 60, [0, 1] * 30])
def test_parts_hold_whole_groups_and_are_none_of_them_empty(groups):
    found = validation.parts(60, 4, 0, groups)
    assert set(found) == {0, 1, 2, 3} and np.bincount(found).max() <= 18
    if groups is not None and len(set(groups)) >= 4:
        assert pd.Series(found).groupby(groups).nunique().max() == 1


def made(rows):
    """Columns that are half of the time one and the same; a network learns the other half by heart."""
    rng = np.random.default_rng(2)
    shared, own = rng.integers(0, 6, (rows, 1)), rng.integers(0, 6, (rows, 6))
    levels = np.where(rng.random((rows, 6)) < 0.5, shared, own)
    return pd.DataFrame(levels, columns=list("abcdef")).map("level {}".format)


@pytest.fixture(scope="module")
def table():
    return made(240)


def fitted(table, name="tabular.autoregressive", steps=60, **options):
    shape = {"width": 32, "depth": 1, "weight_decay": 0.0, "learning_rate": 0.02}
    return generators.fit(table, name, seed=0, budget=Budget(steps=steps), **shape, **options)


def test_a_fitted_model_says_what_whoever_holds_it_would_find(table):
    model = fitted(table, memory=1.0)
    learnt, loss = ~table.index.isin(model.record["validation_rows"]), -model.log_prob(table)
    found = model.record["memorisation"]
    assert found["auc"] == pytest.approx(roc_auc_score(~learnt, loss), abs=0.05)  # but for the luck of 30 rows
    assert found["gap"] == pytest.approx(loss[~learnt].mean() - loss[learnt].mean(), abs=0.2)


def test_a_model_that_would_learn_its_rows_by_heart_keeps_to_the_bound():
    free, bounded = (fitted(made(320), memory=bound).record["memorisation"] for bound in (1.0, 0.6))
    assert free["auc"] > 0.65 and bounded["auc"] <= 0.6 and (free["bound"], bounded["bound"]) == (1.0, 0.6)
    assert bounded["kept"] > 0 and bounded["gap"] < free["gap"]
    assert "prior" not in free and bounded["prior"] < 1  # labels that follow labels by chance are remembered there


def test_a_diffusion_keeps_to_the_bound_too(table, monkeypatch):
    monkeypatch.setattr(diffusion, "STARTED_ROWS", 0)  # with tables of pairs its network learns less by heart
    free, bounded = (fitted(table, "tabular.diffusion", memory=bound).record["memorisation"] for bound in (1.0, 0.65))
    assert bounded["auc"] <= 0.65 < free["auc"] and bounded["kept"] < free["kept"]


def test_what_other_rows_confirm_is_kept():
    x = torch.randint(0, 3, (400, 1), generator=torch.Generator().manual_seed(0))
    chain = Pair()
    beginning = Beginning.of(chain, 2)
    with torch.no_grad():
        chain.weight.copy_(torch.tensor([1.0, 1.0]))
    attack = Attack(torch.cat([x, x * 0], 1)[:300], torch.cat([x, x * 0 + 1], 1)[300:], 64, 0)
    assert beginning.shrink(attack, 1.0) == {"bound": 1.0, "kept": 0.5}
    assert chain.weight.tolist() == [1.0, 0.0]


class Whole(torch.nn.Module):
    """What a chain knew before training, as far as a chain weakens it."""

    used = True

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("known", torch.ones(()))

    def weaken(self, share):
        self.known.mul_(share)


@pytest.mark.parametrize(
    ("known", "share", "held", "wide"),
    [(None, 0.0, 10, 500), (None, 0.0, 10, 2), (0.6, None, 10, 500), (0.9, 0.0, 10, 500), (0.8, 0.325, 2, 500)],
)
def test_a_prior_stays_whole_where_cross_fitting_says_that_it_may(known, share, held, wide, monkeypatch):
    monkeypatch.setattr(shrinking, "WIDE_FACTORS", wide)
    chain, rng = Pair(), np.random.default_rng(0)
    x = torch.from_numpy(np.concatenate([rng.integers(0, 10, (30, 2)), rng.integers(4, 14, (held, 2))]))  # harder rows
    chain.prior = Whole()
    chain.losses = lambda rows: 5 + chain.prior.known * rows.double()

    def again(attack, share=1.0):
        area = 0.5 + share * (known - 0.5)
        return attack.steadied(lambda rows: share * rows.sum(1), Remembered(area, area, 0.0))

    kept = Beginning.of(chain, 2).shrink(Attack(x[:30], x[30:], 64, 0), 0.6, *([again] if known else []))
    assert kept.get("prior") == share


@pytest.mark.parametrize(("harder", "share"), [(30, 0.0), (0, None)])
def test_of_a_prior_that_no_share_brings_to_the_bound_stays_what_remembers_little(harder, share):
    chain, rng = Pair(), np.random.default_rng(0)
    x = torch.from_numpy(rng.normal(size=(80, 2)) + np.where(np.arange(80) < 40, 0, [[1.0], [harder]]).T)
    chain.prior = Whole()
    chain.losses = lambda rows: rows.double() * torch.stack([torch.ones(()), chain.prior.known])
    kept = Beginning.of(chain, 2).shrink(Attack(x[:40], x[40:], 64, 0), 0.55)
    assert kept.get("prior") == share and chain.prior.known == (1 if share is None else share)


def test_too_few_validation_rows_confirm_nothing():
    x = torch.zeros(30, 2, dtype=torch.long)
    chain = Pair()
    beginning = Beginning.of(chain, 2)
    with torch.no_grad():
        chain.weight.fill_(1.0)
    assert beginning.shrink(Attack(x[:28], x[28:], 64, 0), 1.0)["kept"] == 0.0
    assert chain.weight.tolist() == [0.0, 0.0]


def test_what_is_remembered_is_said_in_a_sentence():
    found = {"gap": 0.1, "auc": 0.64, "bound": 0.6}
    assert "The bound on memory, 0.60, cannot be met" in memorisation.sentence(found)
    assert "with probability 0.64 (0.50 is guessing)" in memorisation.sentence(found)
    assert "is kept" in memorisation.sentence(found | {"auc": 0.6004})
    assert memorisation.sentence({"gap": 0.1, "auc": 0.64}).startswith("Whoever holds the model")


def test_the_bound_is_met_under_little_more_pressure_than_needed():
    for needed in (0.0, 0.3, 1.0):
        found = shrinking._least(lambda pressure, needed=needed: pressure >= needed, 0.0, 1.0)
        assert needed <= found <= needed + 2**-shrinking.PRESSURE_HALVINGS


class Pair(torch.nn.Module):
    """Two factors: what the first has learnt helps with any row, what the second has learnt with training rows only."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = torch.nn.Parameter(torch.zeros(2))

    def own(self, l):
        return [self.weight[l : l + 1]]

    def prepared(self, x):
        yield lambda: self.losses(x)

    def losses(self, x):
        helps = torch.stack([torch.ones(len(x)), 1.0 - 2 * x[:, 1]], 1)
        return 5 - helps * self.weight


def test_a_killed_fit_ends_in_the_same_bytes(tmp_path, table, monkeypatch):
    monkeypatch.setattr(loop, "SAVE_SECONDS", -1.0)
    fitted(table, steps=10).save(tmp_path / "whole")

    def killed(*sides, **how):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(shrinking, "_chosen", killed)
        fitted(table, steps=10, checkpoint=tmp_path / "state")
    fitted(table, steps=10, checkpoint=tmp_path / "state").save(tmp_path / "resumed")
    assert saved(tmp_path / "whole") == saved(tmp_path / "resumed")


def saved(folder):
    """Return what a folder holds, but for the seconds that it took."""
    document = json.loads((folder / "model.json").read_text())
    return document | {"record": document["record"] | {"seconds": 0}}, [
        file.read_bytes() for file in folder.glob("*.safetensors")
    ]


@pytest.mark.parametrize("bound", [0.4, 1.1, math.nan])
def test_a_bound_that_is_none_is_refused(table, bound):
    with pytest.raises(GeneratorError, match=r"expected memory of 0.5 to 1, found .*; correct it"):
        generators.fit(table, memory=bound)


def test_a_game_of_two_networks_has_no_loss_of_a_row():
    assert "memorisation" not in generators.fit(mixed(60), "tabular.gan", budget=Budget(steps=2), seed=0).record
    assert memorisation.MOST_ATTACKED_ROWS > memorisation.REFERENCE_ROWS
