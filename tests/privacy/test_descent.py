"""Private descent: gradients are clipped exactly, every mechanism that is broken on purpose is caught by its name."""

import dataclasses
import random
import sys
from functools import partial
from itertools import combinations, product

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import generators
from generators import GeneratorError
from generators.gradients import per_layer, per_row
from generators.gradients.per_row import UNTAPED, Tape
from generators.image import diffusion as image_diffusion
from generators.privacy import descent, entropy, fitting, resuming
from generators.privacy.descent import PrivateRows
from generators.privacy.ledger import Ledger
from generators.tabular import diffusion
from tests.privacy import descents


@pytest.mark.parametrize("name", descents.NETWORKS)
@settings(max_examples=4, deadline=None)
@given(st.integers(1, 12), st.floats(0.05, 30), st.integers(0, 5))
def test_gradients_are_clipped_as_if_each_row_were_alone(name, rows, clip, seed):
    network, x = descents.model(seed, name), descents.examples(rows, seed, name)
    u, tape = torch.rand(rows, network.chances, generator=torch.Generator().manual_seed(seed)), Tape()
    found = tape.clipped(network.row_losses(x, u, tape), dict(network.named_parameters()), clip)
    each = descents.gradients_of_each_row(network, x, u)
    scale = clip / sum(own.flatten(1).square().sum(1) for own in each.values()).sqrt().clamp(min=clip)
    for name, own in each.items():
        assert torch.allclose(found[name], torch.einsum("b...,b->...", own, scale), atol=1e-4, rtol=1e-3), name


def test_a_layer_that_may_mix_rows_is_refused():
    with pytest.raises(GeneratorError, match="BatchNorm2d"), per_layer.told(torch.nn.BatchNorm2d(3), Tape()):
        pass
    layer = torch.nn.Conv2d(2, 2, 3, groups=2)
    with pytest.raises(GeneratorError, match="over all channels"), per_layer.told(layer, Tape()):
        layer(torch.zeros(1, 2, 4, 4))


def test_the_gradients_of_an_entity_are_scaled_so_that_their_lengths_add_up_to_the_clip():
    network, x, who = descents.model(), descents.tokens(9), np.array([0, 0, 0, 1, 2, 2, 3, 3, 3])
    u = torch.rand(9, network.chances, generator=torch.Generator().manual_seed(0))
    each, tape = descents.gradients_of_each_row(network, x, u), Tape()
    norms = sum(own.flatten(1).square().sum(1) for own in each.values()).sqrt()
    units = torch.from_numpy(who)
    scale = (1.0 / torch.zeros(4).index_add(0, units, norms).clamp(min=1.0))[units]
    found = tape.clipped(network.row_losses(x, u, tape), dict(network.named_parameters()), 1.0, units)
    for name, own in each.items():
        assert torch.allclose(found[name], torch.einsum("b...,b->...", own, scale), atol=1e-5, rtol=1e-3), name


@given(st.lists(st.integers(1, 6), max_size=12), st.integers(1, 9))
def test_parts_of_a_step_leave_entities_whole(sizes, most):
    who = np.arange(len(sizes)).repeat(sizes)
    parts = list(PrivateRows(torch.arange(len(who))[:, None], who).parts(most))
    assert np.array_equal(np.concatenate([one.units for one in parts] or [who]), who)
    assert not any(set(a.units) & set(b.units) for a, b in combinations(parts, 2))
    assert all(len(one.units) < most + 6 for one in parts)


def test_a_row_without_a_finite_gradient_counts_nothing():
    network, x, tape = descents.model(), descents.tokens(3), Tape()
    losses = network.row_losses(x, torch.rand(3, network.chances), tape) * torch.tensor([1.0, np.inf, 1.0])
    found = tape.clipped(losses, dict(network.named_parameters()), 1.0)
    assert all(own.isfinite().all() for own in found.values()) and any(own.any() for own in found.values())


def test_what_a_row_shows_is_its_own_and_any_columns():
    network = descents.model()
    shown = network._known(torch.rand(4000, network.chances, generator=torch.Generator().manual_seed(0)))
    assert shown.shape == (4000, 2) and abs(float(shown.any(1).float().mean()) - 0.5) < 0.05
    assert set(shown.sum(1).tolist()) == {0.0, 1.0} and abs(float(shown[shown.any(1)][:, 0].mean()) - 0.5) < 0.06


def test_every_row_of_diffusion_has_an_order_of_its_own_in_which_coarse_tokens_come_first():
    network = descents.model(name="tabular.diffusion")
    u = torch.rand(4000, network.chances, generator=torch.Generator().manual_seed(0))
    orders, counts = diffusion.waiting_orders(u, network.columns).unique(dim=0, return_counts=True)
    assert orders.tolist() == [[0, 1, 2], [1, 0, 2]] and abs(int(counts[0]) - 2000) < 160
    x, tape = descents.tokens(6), UNTAPED
    whole = network.row_losses(x, u[:6], tape)
    alone = torch.cat([network.row_losses(x[k : k + 1], u[k : k + 1], tape) for k in range(6)])
    assert torch.allclose(whole, alone, atol=1e-5)
    known = torch.stack([-network.denoiser(x, order[None]).sum(1) for order in orders])
    assert torch.allclose(whole, torch.where(u[:6, 0] < u[:6, 1], *known), atol=1e-5)


def test_diffusion_is_trained_within_the_budget(monkeypatch):
    monkeypatch.setattr(fitting, "CALIBRATION_STEPS", 2)
    fitted = descents.fit(name="tabular.diffusion")
    ledger = Ledger.from_dict(fitted.record["ledger"])
    assert 19 < ledger.epsilon <= 20 and ledger.events[-1].what == "gradients" and fitted.record["steps"] == 3
    assert fitted.model.dependence.shape == (2, 2) and list(fitted.sample(20, where={"a": "x"})["a"]) == ["x"] * 20


def test_an_audit_of_descent_finds_what_is_charged(tmp_path):
    for name, each in product(descents.NETWORKS, (1, 4)):
        descents.check_sensitivity(name, each=each)
    descents.check_noise()
    descents.check_sampling()
    descents.check_steps()
    descents.check_fresh_noise()
    model = descents.check_resume(tmp_path / "state")
    ledger = Ledger.from_dict(model.record["ledger"])
    assert ledger.epsilon > 1 and ledger.events[-1].steps == model.record["steps"] == 3
    assert list(model.sample(20)) == ["n", "a"]


def clipping_off(monkeypatch):
    clipped = Tape.clipped
    monkeypatch.setattr(Tape, "clipped", lambda tape, losses, named, clip, units: clipped(tape, losses, named, 1e9))


def clipping_of_images_off(monkeypatch):
    clipping_off(monkeypatch)


def a_mean_over_the_images_of_a_step(monkeypatch):
    denoise = image_diffusion.Model.denoise

    def coupled(network, x, *how):  # as batch norm would
        return denoise(network, x - x.mean(0), *how)

    monkeypatch.setattr(image_diffusion.Model, "denoise", coupled)


def a_mask_for_the_first_rows_of_a_step(monkeypatch):
    row_losses = descents.Model.row_losses

    def coupled(network, x, u, tape):  # a share of the rows of a step: one row more moves all places
        return row_losses(network, x, (torch.arange(len(x)) >= len(x) // 2).to(u)[:, None] + 0 * u, tape)

    monkeypatch.setattr(descents.Model, "row_losses", coupled)


def noise_off(monkeypatch):
    monkeypatch.setattr(entropy, "normals", np.zeros)


def noise_of_half_the_size(monkeypatch):
    exact = entropy.normals
    monkeypatch.setattr(entropy, "normals", lambda count: exact(count) / 2)


def steps_of_one_size(monkeypatch):
    def some(count, rate):
        return np.isin(np.arange(count), np.random.default_rng().permutation(count)[: round(rate * count)])

    monkeypatch.setattr(entropy, "chosen", some)


def steps_of_twice_the_rows(monkeypatch):
    run = descent.Descent.run

    def doubled(begun, *how):
        begun.schedule = dataclasses.replace(begun.schedule, rate=2 * begun.schedule.rate)
        return run(begun, *how)

    monkeypatch.setattr(descent.Descent, "run", doubled)


def entities_used_in_part(monkeypatch):
    each = lambda rows, rate: rows._at(np.flatnonzero(entropy.chosen(len(rows.tokens), rate)))  # noqa: E731
    monkeypatch.setattr(descent.PrivateRows, "drawn", each)


def rows_of_an_entity_clipped_each(monkeypatch):
    monkeypatch.setattr(per_row, "_together", lambda norms, units: norms)


def seed_as_noise_seed(monkeypatch):
    run = descent.Descent.run

    def seeded(begun, *how):
        monkeypatch.setattr(entropy, "SYSTEM", random.Random(5))
        return run(begun, *how)

    monkeypatch.setattr(descent.Descent, "run", seeded)


def budget_that_is_reset_on_resume(monkeypatch):
    opened = resuming.Checkpoint.open

    def forgetful(place, *how):
        run = opened(place, *how)
        return run and dataclasses.replace(run, events=run.events[-1:])

    monkeypatch.setattr(resuming.Checkpoint, "open", forgetful)


def steps_taken_anew_on_resume(monkeypatch):
    restore = resuming.restore

    def anew(begun, tensors):
        restore(begun, tensors)
        begun.step = 0

    monkeypatch.setattr(resuming, "restore", anew)


BROKEN = {
    clipping_off: (descents.check_sensitivity, "not the clip"),
    clipping_of_images_off: (partial(descents.check_sensitivity, "image.diffusion"), "not the clip"),
    a_mean_over_the_images_of_a_step: (partial(descents.check_sensitivity, "image.diffusion"), "not the clip"),
    a_mask_for_the_first_rows_of_a_step: (descents.check_sensitivity, "not the clip"),
    rows_of_an_entity_clipped_each: (partial(descents.check_sensitivity, each=4), "not the clip"),
    noise_off: (descents.check_noise, "0.00 of the variance"),
    noise_of_half_the_size: (descents.check_noise, "of the variance"),
    steps_of_one_size: (descents.check_sampling, "not used each by itself"),
    steps_of_twice_the_rows: (descents.check_steps, "another share of the rows"),
    entities_used_in_part: (descents.check_sampling, "used in part"),
    seed_as_noise_seed: (descents.check_fresh_noise, "the seed tells the noise"),
}


@pytest.mark.parametrize("break_it", BROKEN)
def test_a_broken_descent_is_caught_by_name(monkeypatch, break_it):
    check, sentence = BROKEN[break_it]
    break_it(monkeypatch)
    with pytest.raises(AssertionError, match=sentence):
        check()


@pytest.mark.parametrize(
    ("break_it", "sentence"),
    [(budget_that_is_reset_on_resume, "is charged"), (steps_taken_anew_on_resume, "steps are taken, 3 charged")],
)
def test_a_resume_that_forgets_is_caught_by_name(monkeypatch, tmp_path, break_it, sentence):
    break_it(monkeypatch)
    with pytest.raises(AssertionError, match=sentence):
        descents.check_resume(tmp_path / "state")


def test_a_checkpoint_of_another_budget_other_rows_or_damage_is_refused(tmp_path):
    folder = tmp_path / "state"
    first = descents.fit(checkpoint=folder)
    assert descents.fit(checkpoint=folder).record["ledger"] == first.record["ledger"]  # nothing is asked again
    for changed, sentence in (
        ({"privacy": descents.privacy(3.0)}, "begun with, epsilon 20 and delta 0.01 for a row, found epsilon 3"),
        ({"data": descents.table(seed=1)}, "the rows and options that .* found others"),
        ({"seed": 1}, "the rows and options that .* found others"),
    ):
        with pytest.raises(GeneratorError, match=sentence):
            descents.fit(checkpoint=folder, **changed)
    (folder / "model.json").write_text("{")
    with pytest.raises(GeneratorError, match="found damaged ones"):
        descents.fit(checkpoint=folder)


def test_a_column_keeps_the_shares_that_its_tables_tell():
    """Biases that noise has moved go back to where drawn rows are likeliest; nothing else moves."""
    rows = descents.table(400).assign(a=np.where(np.arange(400) % 10, "x", "y"))
    fitted = descents.fit(data=rows)
    model, drawn = fitted.model, torch.from_numpy(fitted.encoding.encode(rows))
    for bias in model.heads.out_bias:
        bias.data[..., 1] += 0.8
    moved, rest = (fitted.sample(1000)["a"] == "y").mean(), model.hidden.detach().clone()
    asked = fitting.asked_for(fitted.config, privacy=descents.privacy(), seed=0)
    family = generators.load("tabular.autoregressive").FAMILY
    fitting.TableFit(family, rows, fitted.config, *asked, fitted.schema).end(model, drawn)
    after = (fitted.sample(1000)["a"] == "y").mean()
    assert moved > 0.13 and abs(after - 0.1) < 0.03 and torch.equal(model.hidden, rest)


def test_what_descent_cannot_promise_is_refused(monkeypatch, tmp_path):
    with pytest.raises(GeneratorError, match="no combinations under a privacy budget"):
        descents.fit(combinations=("n, a",))
    for option in ("validation", "memory"):
        with pytest.raises(GeneratorError, match=rf"expected no option {option} .* found 0\.7; leave it out"):
            descents.fit(**{option: 0.7})
    with pytest.raises(GeneratorError, match=r"no privacy budget, found one: tabular\.gan"):
        generators.fit(descents.table(), "tabular.gan", privacy=descents.privacy())
    learning = generators.Privacy(20.0, 1e-2, {}, domain="learn")
    with pytest.raises(GeneratorError, match="found domain learn, which would ask the rows again each time"):
        descents.fit(privacy=learning, checkpoint=tmp_path / "state")
    monkeypatch.setitem(sys.modules, "dp_accounting.pld", None)
    with pytest.raises(GeneratorError, match=r"pip install 'launderette\[privacy\]'"):
        descents.fit()


def test_entities_are_charged_for_all_their_rows():
    rows = descents.table(300)
    who, asked = np.arange(300) // 3, descents.privacy(unit="entity", rows_per_entity=2)
    model = descents.fit(data=rows, groups=who, privacy=asked)
    ledger = Ledger.from_dict(model.record["ledger"])
    assert 19 < ledger.epsilon <= 20 and ledger.unit == "entity" and {event.reach for event in ledger.events} == {2}
    assert model.record["rows"] == pytest.approx(200, abs=80)
    assert not set(pd.Series(who)[asked.used(300, pd.Series(who))].value_counts()) - {2}


def test_minutes_become_steps_by_the_pace_on_drawn_rows(monkeypatch):
    monkeypatch.setattr(fitting.loop, "CALIBRATION", (1, 0.0))
    model = descents.fit(budget=generators.Budget(minutes=0.01))
    assert model.record["steps"] == model.record["ledger"]["events"][-1]["steps"] >= 1
