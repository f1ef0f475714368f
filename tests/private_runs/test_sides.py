"""On which side of the split a row is follows from its values as they are read, in every run."""

import pytest

from pipelines.modalities import private_tabular
from pipelines.privacy import public, spending, splitting
from tests.private_runs.test_runs import loaded, source, table  # noqa: F401


@pytest.mark.parametrize(
    "word",
    [
        'columns.age={"kind": "numerical", "bounds": [40, 50], "decimals": 0}',
        'columns.age={"kind": "categorical", "categories": ["30"]}',
        'columns.town={"kind": "categorical", "categories": ["Ulm"]}',
        "privacy.domain=learn",
    ],
)
def test_a_row_keeps_its_side_whatever_is_stated_of_its_columns(source, word):  # noqa: F811
    """Also where it is stored in another way."""
    frame = table().assign(note=[f"row {k}" for k in range(700)])
    held = []
    for asked, stored in ((loaded(source), frame), (loaded(source, word), frame.astype({"age": float}))):
        stored.to_csv(source, index=False)
        kept, schema, _ = public.read(asked)
        assert splitting.PLACE_COLUMN not in schema.names
        held.append(kept[splitting.PLACE_COLUMN] < 0.2)
        train, rest = private_tabular.split(kept, schema, asked)
        assert list(train) == list(rest) == schema.names and len(rest) == held[-1].sum()
    assert held[0].equals(held[1])


def test_the_order_of_columns_moves_no_side():
    frame = table()
    assert (splitting.shares(frame, "k") == splitting.shares(frame[list(frame)[::-1]], "k")).all()


def test_who_drops_a_column_is_told_that_sides_move(source):  # noqa: F811
    before, dropped = loaded(source), loaded(source, "columns.town=drop")
    assert spending.moved_sides(before) == []
    spending.remember(before, "20260101T000000-a", {}, released=True, model="m")
    assert spending.moved_sides(before) == spending.moved_sides(loaded(source, "privacy.domain=learn")) == []
    (said,) = spending.moved_sides(dropped)
    assert "columns 'age', 'ill'" in said and "20260101T000000-a" in said
