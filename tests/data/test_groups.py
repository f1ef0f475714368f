"""Groups of rows: numbered whatever their values, and never cut in two by a split."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import generators
from generators import Budget, Images
from generators.data import groups
from generators.training import validation

OWNERS = st.lists(st.none() | st.sampled_from(["a", "b", "c", "d"]), min_size=2, max_size=80)


@given(OWNERS)
def test_equal_values_have_one_number_and_a_missing_one_its_own(owners):
    numbers = groups.numbered(owners, len(owners))
    for i, own in enumerate(owners):
        same = [j for j, other in enumerate(owners) if j == i or (own is not None and own == other)]
        assert np.flatnonzero(numbers == numbers[i]).tolist() == same


@settings(deadline=None)
@given(OWNERS, st.floats(0.01, 0.99), st.integers(0, 2**32))
def test_the_validation_split_keeps_groups_whole(owners, share, seed):
    kept, held = validation.split(len(owners), share, seed, owners)
    assert sorted([*kept, *held]) == list(range(len(owners))) and len(kept) and len(held)
    if len(set(owners)) > 1 or None in owners:
        assert not {owners[i] for i in kept} & {owners[i] for i in held} - {None}


def test_without_groups_every_row_is_its_own():
    rows = np.arange(300)
    assert all(
        np.array_equal(*pair)
        for pair in zip(validation.split(300, 0.1, 4), validation.split(300, 0.1, 4, rows), strict=True)
    )


@pytest.mark.parametrize("name", ["tabular.autoregressive", "image.autoencoder"])
def test_no_group_is_trained_on_and_validated_by(name):
    rng = np.random.default_rng(0)
    owners = rng.integers(0, 20, 120)
    table = pd.DataFrame({"age": rng.integers(18, 90, 120), "sex": rng.choice(["f", "m"], 120)})
    data = table if name.startswith("tabular") else Images(rng.integers(0, 256, (120, 8, 8, 1), dtype=np.uint8))
    record = generators.fit(data, name, budget=Budget(steps=2), groups=owners).record
    held = record["validation_rows"]
    assert held and not set(owners[held]) & set(np.delete(owners, held)) and record["groups_on_both_sides"] == 0
    alone = generators.fit(data, name, budget=Budget(steps=2), groups=["one"] * 120).record
    assert alone["validation_rows"] and alone["groups_on_both_sides"] == 1
    with pytest.raises(ValueError, match=r"expected one group per row \(120\), found 7"):
        generators.fit(data, name, budget=Budget(steps=2), groups=owners[:7])
