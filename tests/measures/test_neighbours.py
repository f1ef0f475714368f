"""Nearest rows against brute force, and the encoding by hand."""

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from evaluation import samples
from evaluation.image import quality
from evaluation.measures import neighbours, vendi
from tests.devices.accelerator import NAME, Accelerator


def brute(queries, references, k, same=False):
    distances = np.sqrt(((queries[:, None].astype(np.float64) - references[None]) ** 2).sum(2))
    if same:
        np.fill_diagonal(distances, np.inf)
    return np.sort(distances, axis=1)[:, :k]


@pytest.mark.parametrize("same", [False, True])
@pytest.mark.parametrize(("block", "few"), [(2**22, 10_000), (1, 10_000), (2**16, 100)])
def test_nearest_is_brute_force(monkeypatch, same, block, few):
    monkeypatch.setattr(neighbours, "BLOCK_DISTANCES", block)
    monkeypatch.setattr(neighbours, "LEAST_BLOCK_QUERIES", 1)  # at a time, where a block is as small
    monkeypatch.setattr(neighbours, "FEW_REFERENCES", few)
    rng = np.random.default_rng(0)
    references = rng.random((400, 7)).astype(np.float32)
    queries = references if same else rng.random((90, 7)).astype(np.float32)
    found, places = neighbours.nearest(torch.from_numpy(queries), torch.from_numpy(references), 3, same=same)
    assert found == pytest.approx(brute(queries, references, 3, same), abs=1e-6)
    again = np.sqrt(((queries[:, None] - references[places]) ** 2).sum(2))
    assert again == pytest.approx(found, abs=1e-6)


@settings(max_examples=30)
@given(
    hnp.arrays(np.float32, st.tuples(st.integers(1, 5), st.integers(1, 300)), elements=st.integers(-3, 3)),
    st.integers(1, 9),
    st.sampled_from([1, 2, 4, 16]),
)
def test_the_least_are_found_in_groups_however_many_are_equal(rows, take, width):
    groups = max(take, -(-rows.shape[1] // width))  # as many as are taken, as they are in a search
    filled = np.pad(rows, ((0, 0), (0, groups * width - rows.shape[1])), constant_values=np.inf)
    take = min(take, rows.shape[1])
    found = neighbours._least(torch.from_numpy(filled), take, width).numpy()
    assert (np.sort(np.take_along_axis(filled, found, 1)) == np.sort(rows, axis=1)[:, :take]).all()
    assert all(len(set(places)) == take for places in found.tolist())


def test_rows_that_all_lack_a_number_still_have_a_place_for_it():
    frame = pd.DataFrame({"a": np.arange(9.0), "seldom": [1.0, *[np.nan] * 8]})
    compared = samples.make(frame, None, frame.assign(seldom=np.nan))
    points = neighbours.encoder(compared, ("a", "seldom"), ("synthetic",)).encode(compared.table("train"))
    assert points[:, 2].tolist() == [0.5] * 9 and points[:, 3].tolist() == [0] + [1] * 8


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
    # never itself; the copy of each row
    assert found[1][0][0].min() > 0 and (found[1][1][1][:, 0] == every[::-1]).all()


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


def test_searches_and_kernels_on_another_device_give_the_same(monkeypatch):
    rng = np.random.default_rng(0)
    one, two = (torch.from_numpy(rng.random((n, 6)).astype(np.float32)) for n in (90, 1100))
    asked = (
        lambda: neighbours.nearest(one, two, 3),
        lambda: neighbours.nearest(two, two, 2, same=True),
        lambda: vendi.log_score(one, 0.5),
        lambda: (neighbours.distances(one, two).numpy(),),
        lambda: quality._discrepancy(one.double(), two[:90].double()),
    )
    here, used = [ask() for ask in asked], []
    with Accelerator() as device:
        monkeypatch.setattr(neighbours, "fastest", lambda: used.append(1) or torch.device(NAME))
        for expected, ask in zip(here, asked, strict=True):
            with device.watched():
                found = ask()
            assert device.found["aten::_to_copy"]  # to the device and back
            device.found.clear()
            for there, own in zip(found, expected, strict=True):
                np.testing.assert_allclose(there, own, rtol=1e-6)
    assert len(used) > len(asked)
