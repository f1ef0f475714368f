"""Private descent on images: its sums and its gradients stand in one ledger, and what has no guarantee is refused."""

import contextlib
import json
from pathlib import Path
from unittest import mock

import numpy as np
import pytest
import torch

import generators
from generators import Budget, GeneratorError, Images, Privacy
from generators.gradients.per_row import UNTAPED, Tape
from generators.image import diffusion
from generators.privacy import resuming, subsampling
from generators.privacy.descent import Descent
from generators.privacy.ledger import Ledger
from pipelines.privacy import spending
from pipelines.release import verifying
from pipelines.run.artifacts import LaunderError
from tests import runs
from tests.generators.pictures import bars
from tests.privacy import descents
from tests.private_runs.test_image_runs import LABELS, QUICK, loaded, source  # noqa: F401  # a fixture

SMALL = {"width": 4, "patch": 2}
BY_DESCENT = ["generator.name=image.diffusion", *(f"generator.options.{name}={own}" for name, own in SMALL.items())]


def fit(images=None, **how):
    how = {"privacy": Privacy(20.0, 1e-3, LABELS), "budget": Budget(steps=3)} | SMALL | how
    return generators.fit(bars(300) if images is None else images, "image.diffusion", **how)


def test_every_parameter_is_told_of_once_and_all_noises_are_the_images_own():
    network, x, tape = descents.model(name="image.diffusion"), descents.examples(6, name="image.diffusion"), Tape()
    u = torch.rand(6, network.chances, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    losses = network.row_losses(x, u, tape)
    assert sorted(name for name, *_ in tape.uses) == sorted(name for name, _ in network.named_parameters())
    alone = torch.cat([network.row_losses(x[[k]], u[[k]], UNTAPED) for k in range(6)])
    assert torch.allclose(losses, alone, atol=1e-5)
    assert all(not layer._forward_hooks for layer in network.modules())
    one = u.clone()
    one[0, 2] = 0.9  # the second of its noises
    assert ((network.row_losses(x, one, UNTAPED) != losses).nonzero().flatten() == 0).all()
    assert diffusion.NOISES > 1


def test_sums_and_descent_stand_in_one_ledger(tmp_path):
    fitted = fit()
    ledger = Ledger.from_dict(fitted.record["ledger"])
    assert 19 < ledger.epsilon <= 20 and ledger.unit == "image" and ledger.events[-1].what == "gradients"
    assert len(ledger.events) == 3 and ledger.events[-1].steps == fitted.record["steps"] == 3
    assert fitted.config.width == 4 and not fitted.record["validation_rows"] and "seconds" not in fitted.record
    fitted.save(tmp_path / "m")
    opened = generators.open_model(tmp_path / "m")
    drawn = opened.sample(9, where={"label": "v"})
    assert np.array_equal(drawn.pixels, fitted.sample(9, where={"label": "v"}).pixels)
    assert set(drawn.labels) == {"v"} and abs(fitted.record["rows"] - 300) < 60


def test_images_of_one_entity_images_without_labels_and_the_smallest(monkeypatch):
    monkeypatch.setattr(subsampling, "noise_for", lambda *how: 1.0)
    privacy = Privacy(20.0, 1e-3, LABELS, "entity", rows_per_entity=2)
    ledger = Ledger.from_dict(fit(privacy=privacy, groups=np.arange(300) // 2).record["ledger"])
    assert ledger.unit == "entity of images" and {event.reach for event in ledger.events} == {2}
    fitted = fit(Images(bars(300).pixels), privacy=Privacy(20.0, 1e-3, {}))
    tiny = {"label": {"kind": "categorical", "categories": ["h"]}}  # of labels, too
    small = fit(bars(300, height=4, width=4), privacy=Privacy(20.0, 1e-3, tiny), patch=None)
    assert small.sample(3).pixels.shape == (3, 4, 4, 1) and small.config.patch == 2
    assert fitted.sample(3).labels is None and fitted.record["ledger"]["public"] == ["size and colour of the images"]


def test_a_fit_that_was_killed_goes_on_with_its_ledger_and_no_other(tmp_path, monkeypatch):
    monkeypatch.setattr(subsampling, "noise_for", lambda *how: 1.0)
    monkeypatch.setattr(resuming, "SAVE_SECONDS", 0.0)
    taken, step = [], Descent._step

    def killed(begun, batch):
        taken.append(begun.step)
        if len(taken) == 3:
            raise descents.Killed
        step(begun, batch)

    with mock.patch.object(Descent, "_step", killed):
        with contextlib.suppress(descents.Killed):
            fit(checkpoint=tmp_path / "state")
        resumed = fit(checkpoint=tmp_path / "state")
    assert taken == [0, 1, 2, 2] and resumed.record["steps"] == 3
    charged, alone = (Ledger.from_dict(one.record["ledger"]).epsilon for one in (resumed, fit()))
    assert charged == pytest.approx(alone, rel=0.05)
    with pytest.raises(GeneratorError, match="expected to go on with the budget"):
        fit(checkpoint=tmp_path / "state", privacy=Privacy(10.0, 1e-3, LABELS))
    with pytest.raises(GeneratorError, match="expected to go on with the rows and options"):
        fit(bars(300, seed=1), checkpoint=tmp_path / "state")


def test_what_descent_cannot_promise_is_refused(tmp_path, source):  # noqa: F811
    with pytest.raises(GeneratorError, match="expected neither augment nor shift"):
        fit(augment=0.1)
    with pytest.raises(GeneratorError, match="expected no option memory under a privacy budget"):
        fit(memory=0.7)
    with pytest.raises(GeneratorError, match="expected patch to be at most 8"):
        fit(patch=9)
    learning = Privacy(20.0, 1e-3, {}, domain="learn")
    with pytest.raises(GeneratorError, match="labels that are known before a training that may be resumed"):
        fit(privacy=learning, checkpoint=tmp_path / "state")
    with pytest.raises(LaunderError, match=r"stated for image\.diffusion, found privacy\.domain: learn"):
        loaded(source, "columns=null", "privacy.domain=learn", *BY_DESCENT)
    with pytest.raises(GeneratorError, match=r"no privacy budget, found one: image\.gan"):
        generators.fit(bars(30), "image.gan", privacy=Privacy(20.0, 1e-3, LABELS))


def test_a_run_by_descent_releases_with_its_ledger(source):  # noqa: F811
    asked, ran = loaded(source, *QUICK, *BY_DESCENT), {}
    ended = runs.launder(asked, ran=ran)
    assert not any(ran.values()), ran  # no code that the steps do not declare
    place = Path(ended["place"])
    assert ended["passed"] and not verifying.verify(place)
    ledger = json.loads((place / "manifest.json").read_text())["ledger"]
    assert ledger["epsilon"] <= 20 and ledger["events"][-1]["mechanism"] == "subsampled gaussian"
    assert spending.spent(source.parent / "out").epsilon == ledger["epsilon"]
    assert "times the longest that one image may add" in (place / "report.html").read_text()
