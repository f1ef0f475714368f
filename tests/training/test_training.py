"""The training loop: the same seed gives the same weights, also after a kill; budgets hold; a loss that is not a
number stops.
"""

import itertools
import math
import time
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
import torch
from torch import nn

from generators.contract import Budget
from generators.training import loop, randomness, validation
from generators.training.loop import Diverged
from generators.training.memorisation import Attack
from generators.training.plan import Plan, Turn, for_width
from generators.training.state import TrainingRun, save

PLAN = Plan(batch=16, steps=40, warmup=5, evaluate_every=10, learning_rate=1e-2)


class Line(nn.Module):
    """Squared error of a line with noise from dropout."""

    def __init__(self) -> None:
        super().__init__()
        self.weight, self.bias = nn.Parameter(torch.zeros(3)), nn.Parameter(torch.zeros(()))
        self.dropout = 0.2

    def forward(self, x):
        return (nn.functional.dropout(x[:, :3], self.dropout, self.training) @ self.weight + self.bias - x[:, 3]) ** 2


class Interrupted(Exception):
    pass


def data(rows: int = 200) -> torch.Tensor:
    x = torch.randn(rows, 4, generator=torch.Generator().manual_seed(0))
    x[:, 3] = x[:, 0] - 2 * x[:, 1] + 0.5
    return x


DEFAULT = Budget()


def run(plan=PLAN, budget=DEFAULT, model=None, identity="one", rows=None, before=0.0, attack=None, **options):
    x = data() if rows is None else rows
    begun = TrainingRun(model or Line(), plan, 3, identity, budget, time.monotonic() - before, attack=attack)
    return loop.train(begun, x[:160], x[160:], **options)


def test_training_learns_and_repeats():
    plan = replace(PLAN, learning_rate=5e-2)
    weights, record = run(plan, Budget(steps=400))
    again, _ = run(plan, Budget(steps=400))
    assert all(torch.equal(weights[name], again[name]) for name in weights)
    # dropout of share p of the inputs is a ridge penalty that shrinks the weights by 1 - p = 0.8
    assert weights["weight"].tolist() == pytest.approx([0.8, -1.6, 0], abs=0.2)
    assert record["steps"] <= 400 and record["validation"] < 0.3


def test_a_killed_run_ends_in_the_same_weights(tmp_path, monkeypatch):
    monkeypatch.setattr(loop, "SAVE_SECONDS", 0.0)
    whole, record = run()

    def stop(status):
        if status["step"] == 20:
            raise Interrupted

    with pytest.raises(Interrupted):
        run(progress=stop, checkpoint=tmp_path / "state")
    steps = []
    resumed, again = run(progress=lambda s: steps.append(s["step"]), checkpoint=tmp_path / "state")
    assert steps[0] == 20  # the checkpoint was of step 19
    assert all(torch.equal(whole[name], resumed[name]) for name in whole)
    assert again["validation"] == record["validation"]


def test_the_order_of_the_rows_is_drawn_once_per_epoch(monkeypatch):
    drawn, generator = [], randomness.generator
    monkeypatch.setattr(randomness, "generator", lambda *names: drawn.append(names) or generator(*names))
    run(Plan(batch=16, steps=25, evaluate_every=100))  # of 160 rows: 10 steps an epoch
    assert drawn == [(3, "epoch", epoch) for epoch in range(3)]


class Fragile(Line):
    """A line whose loss is not a number once its weights have moved far."""

    def forward(self, x):
        return super().forward(x) / (self.weight.abs().sum() < 0.9).float()


class Idle(Line):
    """A line beside a parameter that no loss reads."""

    def __init__(self) -> None:
        super().__init__()
        self.unused = nn.Parameter(torch.ones(2))


class Overfitting(Line):
    """A line that does worse on other rows than its training rows, the more it learns."""

    def forward(self, x):
        return super().forward(x) + (0 if self.training else 10) * self.weight.abs().sum()


@pytest.mark.parametrize("model", [Fragile, Idle, Overfitting])
def test_a_run_killed_after_any_step_ends_in_the_same_weights(tmp_path, monkeypatch, model):
    plan = replace(PLAN, evaluate_every=5, learning_rate=5e-2, steps=20)
    if model is Overfitting:
        plan = replace(plan, dropouts=(0.3, 0.4))
    trained = model()
    whole, record = run(plan, model=trained)
    assert trained.dropout == (0.4 if model is Overfitting else 0.2)  # two evaluations are without gain, and two again
    assert record["learning_rate_lowered"] == (model is Fragile)  # in one step training went back to its best weights
    with monkeypatch.context() as patched:
        patched.setattr(loop, "SAVE_SECONDS", -1.0)
        patched.setattr(loop, "save", save_by_step)
        run(plan, model=model(), checkpoint=tmp_path / "state")
    for killed in range(1, 21):
        assert (tmp_path / f"state-{killed}").is_dir()
        resumed, again = run(plan, model=model(), checkpoint=tmp_path / f"state-{killed}")
        assert all(torch.equal(whole[name], resumed[name]) for name in whole)
        assert {**again, "seconds": 0} == {**record, "seconds": 0}


def save_by_step(run, folder):
    """Leave what a run that is killed after its step leaves, a folder for each."""
    save(run, folder.with_name(f"state-{run.state.step}"))


def test_a_damaged_checkpoint_is_not_continued(tmp_path):
    whole, _ = run(checkpoint=tmp_path / "state")
    (tensors,) = (tmp_path / "state").glob("*.safetensors")
    tensors.write_bytes(b"cut off")
    with pytest.warns(UserWarning, match="training starts afresh"):
        again, record = run(checkpoint=tmp_path / "state")
    assert all(torch.equal(whole[name], again[name]) for name in whole) and record["steps"] == 40


def test_a_finished_run_is_not_repeated_and_another_run_not_continued(tmp_path):
    whole, _ = run(checkpoint=tmp_path / "state")
    steps = []
    again, _ = run(progress=lambda s: steps.append(s["step"]), checkpoint=tmp_path / "state")
    assert steps == [] and all(torch.equal(whole[name], again[name]) for name in whole)
    run(progress=lambda s: steps.append(s["step"]), checkpoint=tmp_path / "state", identity="two")
    assert steps[0] == 10


def test_minutes_bound_the_wall_clock(monkeypatch):
    looks = itertools.count()  # at the clock, which goes on by a hundredth of a second with each
    monkeypatch.setattr(time, "monotonic", lambda: next(looks) / 100)
    _, record = run(Plan(batch=16, patience=10**6, evaluate_every=10), Budget(minutes=0.02))
    assert 0.6 < record["seconds"] < 1.3 and record["steps"] >= 20
    assert record["stopped"] in ("all steps taken", "time budget used")


def test_what_came_before_the_first_step_counts_as_time_of_the_budget():
    _, record = run(Plan(batch=16, evaluate_every=10), Budget(minutes=1), before=61.0)
    assert record["steps"] == 1 and record["seconds"] > 60 and record["stopped"] == "time budget used"


def test_early_stop_returns_the_best_weights():
    noise = torch.randn(200, 4, generator=torch.Generator().manual_seed(1))
    _, record = run(Plan(batch=16, evaluate_every=10, patience=3, learning_rate=0.5), Budget(steps=5000), rows=noise)
    assert record["stopped"] == "validation loss no longer falls" and record["steps"] < 5000


def test_a_loss_that_is_not_a_number_lowers_the_rate_and_then_stops():
    class Broken(Line):
        def forward(self, x):
            return super().forward(x) * math.nan

    with pytest.raises(Diverged, match="finite training loss"):
        run(model=Broken())


class Players(nn.Module):
    """Two numbers that move in turn: `first` towards the data's mean, `second` towards `first`."""

    def __init__(self, diversity: float = 1.0, fidelity: float = 1.0) -> None:
        super().__init__()
        self.first, self.second = nn.Parameter(torch.zeros(())), nn.Parameter(torch.zeros(()))
        self.diversity, self.fidelity = diversity, fidelity

    def forward(self, x, turn=""):
        goal = x[:, 3].mean() if turn == "first" else self.first
        return ((self.first if turn == "first" else self.second) - goal).square().expand(len(x))


def test_players_move_their_own_parameters_and_one_may_rest():
    turns = {"first": Turn(until=0.5), "second": Turn()}
    weights, record = run(
        replace(PLAN, steps=400, turns=turns, latest=True, weight_decay=0.0, patience=1000), model=Players()
    )
    assert weights["first"].item() == pytest.approx(data()[:160, 3].mean().item(), abs=0.1)
    assert weights["second"].item() == pytest.approx(weights["first"].item(), abs=0.05)
    assert "collapsed" not in record


def test_a_collapsed_run_is_restarted_then_stopped_and_says_so():
    plan = replace(PLAN, turns={"first": Turn(), "second": Turn()}, least_diversity=0.5)
    _, record = run(plan, Budget(steps=400), model=Players(diversity=0.1))
    assert (record["collapsed"], record["restarts"], record["stopped"], record["steps"]) == (True, 2, "collapsed", 30)
    _, fine = run(plan, Budget(steps=40), model=Players())
    assert (fine["collapsed"], fine["restarts"]) == (False, 0)


def test_what_has_not_begun_has_not_collapsed():
    plan = replace(PLAN, turns={"first": Turn(), "second": Turn()}, least_diversity=0.5, watched_from=0.5, latest=True)
    _, record = run(plan, Budget(steps=400), model=Players(diversity=0.1))
    assert record["collapsed"] and record["steps"] == 220  # at 200 and 210 steps it was restarted


def test_a_run_that_draws_noise_is_judged_from_its_middle_on():
    plan = replace(
        PLAN, turns={"first": Turn(), "second": Turn()}, least_diversity=0.5, least_fidelity=0.1, latest=True
    )
    _, record = run(plan, Budget(steps=400), model=Players(fidelity=0.05))
    assert (record["noise"], record["collapsed"], record["stopped"]) == (True, False, "ended in noise")
    assert (record["restarts"], record["steps"], record["fidelity"]) == (2, 220, 0.05)
    _, fine = run(plan, Budget(steps=40), model=Players(fidelity=0.5))
    assert (fine["noise"], fine["stopped"]) == (False, "all steps taken")


def test_split_is_disjoint_and_complete():
    kept, held = validation.split(4000, 0.05, seed=1)
    assert len(held) == 200 and sorted([*kept, *held]) == list(range(4000))
    assert [len(part) for part in validation.split(2, 0.05, seed=1)] == [1, 1]


@pytest.mark.parametrize("field", ["steps", "minutes"])
def test_an_empty_budget_is_refused(field):
    with pytest.raises(ValueError, match=f"expected {field} above 0"):
        Budget(**{field: 0})


@pytest.mark.parametrize("owners", [np.arange(40), np.arange(40) % 8, np.arange(40) // 20], ids=["own", "few", "two"])
def test_few_validation_rows_are_replaced_by_parts_of_the_training_rows_in_turn(owners):
    x, few, many = torch.arange(40), torch.arange(3), torch.arange(validation.ENOUGH_ROWS)
    assert [(a.tolist(), b.tolist()) for a, b in validation.folds(x, many, x.numpy())] == [(x.tolist(), many.tolist())]
    parts = list(validation.folds(x, few, owners))
    assert all(sorted(a.tolist() + b.tolist()) == x.tolist() for a, b in parts)
    assert sorted(row for _, others in parts for row in others.tolist()) == x.tolist()
    assert len({*owners}) < 5 or all(not {*owners[a]} & {*owners[b]} for a, b in parts)
    assert len(list(validation.folds(torch.arange(2000), few, np.arange(2000)))) == 2  # 800 others are enough


class Rote(Line):
    """Learns the line, and the rows marked by a last 1 by heart: the further, the faster."""

    def forward(self, x):
        return super().forward(x) + 2 - 2 * x[:, 4] * self.weight.norm()


@pytest.mark.parametrize("bound", [None, 0.6, 1.0])
def test_only_weights_that_keep_to_the_bound_on_memory_are_returned(bound):
    x = torch.cat([data(), (torch.arange(200) < 160).float()[:, None]], 1)
    x[:, 3] += torch.randn(200, generator=torch.Generator().manual_seed(1))
    model, attack = Rote(), Attack(x[:160], x[160:], 64, 0)
    best, record = run(replace(PLAN, memory=bound, steps=400, patience=3), rows=x, model=model, attack=attack)
    found = attack.measure(partial(torch.func.functional_call, model.eval(), best))["auc"]
    with torch.no_grad():
        assert record["validation"] < float(Rote().eval()(x[160:]).mean()) - 0.01
    if bound == 0.6:
        assert found <= 0.6 and record["stopped"] == loop.REMEMBERS and record["steps"] < 400
    else:
        assert found > 0.65 and record["stopped"] != loop.REMEMBERS


@pytest.mark.parametrize(("tokens", "steps"), [(1, 400), (500, 400), (1000, 200), (2000, 100), (10**6, 40)])
def test_very_wide_rows_are_given_fewer_steps(tokens: int, steps: int):
    assert for_width(Plan(steps=400), tokens).steps == steps
    assert for_width(Plan(steps=20), tokens).steps == 20  # never more than were planned
