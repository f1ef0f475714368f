"""Nearest rows against brute force, and the encoding by hand."""

import numpy as np
import pandas as pd
import pytest
import torch

from evaluation import samples
from evaluation.measures import neighbours


def brute(queries, references, k, same=False):
    distances = np.sqrt(((queries[:, None].astype(np.float64) - references[None]) ** 2).sum(2))
    if same:
        np.fill_diagonal(distances, np.inf)
    return np.sort(distances, axis=1)[:, :k]


@pytest.mark.parametrize("same", [False, True])
@pytest.mark.parametrize("block", [2**22, 700])
def test_nearest_is_brute_force(monkeypatch, same, block):
    monkeypatch.setitem(neighbours.BLOCK_DISTANCES, "cpu", block)  # 700: one query at a time
    rng = np.random.default_rng(0)
    references = rng.random((400, 7)).astype(np.float32)
    queries = references if same else rng.random((90, 7)).astype(np.float32)
    found, places = neighbours.nearest(torch.from_numpy(queries), torch.from_numpy(references), 3, same=same)
    assert found == pytest.approx(brute(queries, references, 3, same), abs=1e-6)
    again = np.sqrt(((queries[:, None] - references[places]) ** 2).sum(2))
    assert again == pytest.approx(found, abs=1e-6)


def test_searches_in_chunks_are_searches_at_once(monkeypatch):
    frame = pd.DataFrame(np.random.default_rng(0).random((250, 3)), columns=list("abc"))
    found = []
    for chunk in (2**17, 64):
        monkeypatch.setattr(neighbours, "ENCODED_ROWS", chunk)
        compared = samples.make(frame, None, frame[::-1].reset_index(drop=True))
        every = np.arange(250)
        groups = [neighbours.Group(role, every) for role in ("train", "synthetic")]
        found.append([neighbours.search(compared, groups[0], group, 4) for group in groups])
    for whole, parts in zip(*found, strict=True):
        assert (whole[0] == parts[0]).all() and (whole[1] == parts[1]).all()
    assert (
        found[1][0][0].min() > 0 and (found[1][1][1][:, 0] == every[::-1]).all()
    )  # never itself; the copy of each row


def test_a_copy_is_exactly_zero_away_though_the_fast_product_rounds():
    rows = torch.rand(500, 90, generator=torch.Generator().manual_seed(0)) + 30
    moved = rows + 1e-4
    assert (neighbours.nearest(rows, rows.flip(0), 1)[0] == 0).all()
    # steps of float32 at 30 are 2e-6: 90 coordinates, each 1e-4 away
    assert neighbours.nearest(moved, rows, 1)[0] == pytest.approx(np.full((500, 1), 1e-4 * np.sqrt(90)), rel=0.05)


def test_more_neighbours_than_rows_are_not_invented():
    rows = torch.rand(4, 2)
    assert neighbours.nearest(rows, rows, 9, same=True)[0].shape == (4, 3)


def test_encoding_puts_labels_one_apart_and_numbers_at_their_rank():
    train = pd.DataFrame({"n": [0.0, 0.0, 1.0, 5.0], "c": ["a", "b", "a", None]})
    compared = samples.make(train, None, pd.DataFrame({"n": [0.0, np.nan, 9.0], "c": ["a", "b", "zzz"]}))
    points = neighbours.Encoder(compared).encode(compared.table("train")).numpy()
    assert points[:, 0].tolist() == [0.25, 0.25, 0.625, 0.875]  # middle of each value's rank among four rows
    assert points[:, 1].tolist() == [0, 0, 0, 0]  # nobody is missing
    gaps = np.linalg.norm(points[:, None, 2:] - points[None, :, 2:], axis=2)
    assert gaps[0, 1] == pytest.approx(1) and gaps[0, 3] == pytest.approx(1) and gaps[0, 2] == 0
    synthetic = neighbours.Encoder(compared).encode(compared.table("synthetic")).numpy()
    assert synthetic[1, :2].tolist() == [0.5, 1.0] and synthetic[2, 0] == 0.875  # missing; beyond the largest


def test_many_labels_share_buckets_and_the_width_is_bounded():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({f"c{i}": rng.integers(0, 3000, 4000).astype(str) for i in range(4)})
    compared = samples.make(frame, None, frame, kinds=dict.fromkeys(frame, "categorical"))
    assert neighbours.points(compared, "train", np.arange(4000)).shape[1] <= neighbours.LABEL_DIMENSIONS + 2 * 4
