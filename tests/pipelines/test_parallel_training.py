"""One training by two processes of torchrun: the model that comes out, and what is said where a process fails."""

import sys

import pytest
import torch

import generators
from generators.training import checkpoint as files
from pipelines.config import RunConfig
from pipelines.config.narrowing import narrowed
from pipelines.modalities import tabular
from pipelines.parallel_training import launching
from pipelines.run import steps
from pipelines.run.artifacts import LaunderError
from tests.generators import tables


def job(folder, **settings):
    frame = tables.linked(200)
    settings = {"source": {"path": "t.csv"}, "generator": {"name": "tabular.autoregressive", "devices": 2}} | settings
    config = RunConfig.model_validate({"budget": {"steps": 20}, "device": "cpu"} | settings)
    stored, schema = tabular.store(frame, folder / "table"), generators.infer(frame).to_dict()
    return (stored, schema, narrowed(config, steps.train.reads)), {
        name: folder / name for name in ("folder", "checkpoint", "model")
    }


def test_two_processes_train_one_model(tmp_path):
    asked, places = job(tmp_path)
    steps = []
    model = launching.trained(tabular, *asked, **places, progress=lambda status: steps.append(status["step"]))
    assert steps[-1] == model.record["steps"] == 20 and model.record["processes"] == 2
    assert model.sample(5)["a"].isin(list("xyz")).all()


def test_a_process_that_dies_is_one_sentence(tmp_path, monkeypatch):
    dying = [sys.executable, "-c", "import os; os.kill(os.getpid(), 9)"]
    monkeypatch.setattr(launching, "_command", lambda *asked: dying)
    asked, places = job(tmp_path)
    with pytest.raises(LaunderError, match="expected 2 processes to train to their end, found that one ended early"):
        launching.trained(tabular, *asked, **places)


def test_it_goes_on_by_itself_as_long_as_it_gets_further(tmp_path, monkeypatch):
    asked, places = job(tmp_path)
    saved = iter(["a", "b", "b"])

    def killed(*asked):
        files.write(places["checkpoint"], {}, {"step": torch.tensor([ord(next(saved))])})
        return 1

    monkeypatch.setattr(launching, "_run", killed)
    with pytest.raises(LaunderError, match="found that one ended early"):
        launching.trained(tabular, *asked, **places)
    assert not list(saved)


def test_what_the_processes_refuse_is_said_as_one_process_says_it(tmp_path, monkeypatch):
    asked, places = job(tmp_path)
    refusal = places["folder"] / launching.TRAINING_REFUSAL
    monkeypatch.setattr(launching, "_run", lambda *asked: refusal.write_text("expected this, found that"))
    with pytest.raises(LaunderError, match=r"^expected this, found that$"):
        launching.trained(tabular, *asked, **places)


def test_several_devices_are_refused_under_a_guarantee_and_where_there_are_fewer(tmp_path, monkeypatch):
    asked, places = job(tmp_path, privacy={"epsilon": 1, "delta": 1e-6})
    with pytest.raises(LaunderError, match=r"expected generator\.devices: 1 under privacy.epsilon, found 2"):
        launching.trained(tabular, *asked, **places)
    monkeypatch.setattr(launching.torch.cuda, "device_count", lambda: 1)
    asked, places = job(tmp_path, device="auto")
    with pytest.raises(LaunderError, match=r"expected 2 GPUs for generator\.devices, found 1"):
        launching.trained(tabular, *asked, **places)
