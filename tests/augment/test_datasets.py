"""Tensors for a training loop: marks and weights kept, streams that do not depend on their workers."""

import itertools
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch
from torch.utils.data import DataLoader

from generators import Budget
from pipelines.augment import datasets, oversampling
from pipelines.augment.datasets import Coding, Rows, Stream
from pipelines.augment.oversampling import Recipe
from pipelines.run.artifacts import LaunderError, write_frame


@pytest.fixture(scope="module")
def real():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"age": rng.integers(20, 60, 40).astype("float64"), "town": rng.choice(["Bonn", "Ulm"], 40)})
    frame.loc[0, "age"], frame.loc[1, "town"] = np.nan, None
    return frame.assign(ill=np.where(np.arange(40) % 4, "no", "yes"))


@pytest.fixture(scope="module")
def model(real):
    return oversampling.learn(real, "ill", Recipe(budget=Budget(steps=1), filter=False)).model


def test_an_augmented_table_as_tensors(real, tmp_path):
    marked = pd.concat([real, real.iloc[:10]], ignore_index=True).assign(
        is_synthetic=np.arange(50) >= 40, weight=np.where(np.arange(50) < 40, 1.0, 0.25)
    )
    write_frame(marked, tmp_path / "data.parquet")
    rows, coding = datasets.of_augmented(tmp_path / "data.parquet", "ill")
    assert len(rows) == 50 and coding.classes == ["no", "yes"] and coding.labels == {"town": ["Bonn", "Ulm"]}
    assert rows[0]["numbers"].item() == 0 and rows[1]["labels"].item() == 0 and rows[0]["target"].item() == 1
    assert (
        rows[0]["is_synthetic"].item() is False
        and rows[45]["is_synthetic"].item() is True
        and rows[45]["weight"].item() == 0.25
    )
    numbers = rows.tensors["numbers"][1:40]
    assert abs(numbers.mean()) < 1e-6 and numbers.std(correction=0).item() == pytest.approx(1, abs=1e-5)
    batch = next(iter(DataLoader(rows, batch_size=8)))
    assert batch["numbers"].shape == (8, 1) and batch["labels"].dtype == torch.int64


def drawn(items):
    return sorted(tuple(item["numbers"].tolist() + item["labels"].tolist() + [item["target"].item()]) for item in items)


def test_a_stream_is_the_same_for_any_number_of_workers(real, model, monkeypatch):
    monkeypatch.setattr(datasets, "CHUNK_ROWS", 50)
    stream = Stream(model, Coding.fit(real, "ill"), rows=60, seed=3)

    alone, found = drawn(stream), []
    assert len(alone) == stream.rows
    for number in range(3):  # as in each of three workers
        worker = SimpleNamespace(id=number, num_workers=3)
        monkeypatch.setattr(datasets, "get_worker_info", lambda worker=worker: worker)
        found.append([*stream])
    assert drawn(itertools.chain(*found)) == alone and [len(part) for part in found] == [50, 10, 0]


def test_a_worker_in_a_process_of_its_own_draws_the_same(real, model):
    """Spawned: what is forked from a process with threads may hang or die, and not every system forks."""
    stream = Stream(model, Coding.fit(real, "ill"), rows=40, seed=3)
    loader = DataLoader(stream, batch_size=None, num_workers=1, multiprocessing_context="spawn")
    assert drawn(stream) == drawn(loader)


def test_a_stream_without_end_under_a_condition(real, model):
    stream = iter(Stream(model, Coding.fit(real, "ill"), where={"ill": "yes"}, weight=0.5))
    items = [next(stream) for _ in range(20)]
    assert all(item["target"] == 1 and item["is_synthetic"] and item["weight"] == 0.5 for item in items)


def test_what_cannot_be_coded_is_said(real):
    with pytest.raises(LaunderError, match="found no 'sick'"):
        Coding.fit(real, "sick")
    with pytest.raises(LaunderError, match="classes that the coding"):
        Coding.fit(real[real["ill"] == "no"], "ill").encode(real)
    with pytest.raises(LaunderError, match="'is_synthetic'"):
        Rows(real, Coding.fit(real, "ill"))
