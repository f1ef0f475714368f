"""Rare labels of one word: a stated group, else the label most like theirs, and only where enough owners share it."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from generators.data.inference import infer
from pipelines.config import RunConfig
from pipelines.stages import announcing
from pipelines.stages.protection import OTHER_LABEL, protect

NORTH, SOUTH = ["Kiel", "Husum", "Emden"], ["Ulm", "Worms", "Passau"]
FRINGE = ["Bremen", "Leer", "Jever", "Aurich"]  # three rows each
GROUPS = {"city": {"North": [*NORTH, *FRINGE], "South": SOUTH, "Country": ["North", "South"]}}


def towns(seed=0, told=True):
    """Six towns of 80 rows, with weather that tells north from south, and four northern ones of three rows."""
    rng = np.random.default_rng(seed)
    city = np.repeat([*NORTH, *SOUTH, *FRINGE], [*[80] * 6, *[3] * 4])
    north = np.isin(city, [*NORTH, *FRINGE]) if told else rng.random(len(city)) < 0.5
    wind, rain = rng.normal(np.where(north, 30, 5), 3).round(1), np.where(north, "drizzle", "storm")
    dialect = np.where(north, "platt", "schwäbisch")
    return pd.DataFrame({"city": city, "wind": wind, "rain": rain, "dialect": dialect})


def generalised(frame, **options):
    found, record = protect(frame, infer(frame, {"city": "categorical"}), rare=10, extremes=0, **options)
    return found["city"][frame["city"].isin(FRINGE)], record


def test_a_rare_town_becomes_the_group_that_is_stated_for_it():
    city, record = generalised(towns(), groups=GROUPS)
    assert set(city) == {"North"} and record["columns"]["city"]["rows_grouped"] == 12


def test_a_group_that_too_few_share_gives_way_to_a_larger_one():
    frame = towns().query("city != 'Bremen'").reset_index(drop=True)  # nine rows of the north are left
    frame.loc[:4, "city"] = "Lindau"
    groups = {"city": GROUPS["city"] | {"South": [*SOUTH, "Lindau"]}}
    found, _ = protect(frame, infer(frame, {"city": "categorical"}), rare=10, extremes=0, groups=groups)
    assert (found["city"] == "Country").sum() == 14


def test_a_rare_town_becomes_one_that_is_like_it_and_this_is_said():
    city, record = generalised(towns())
    assert set(city) < {*NORTH, OTHER_LABEL}
    assert record["columns"]["city"]["rows_alike"] >= 10
    (said,) = announcing.of_protection({**record, "columns": {"city": record["columns"]["city"]}})
    assert "became the label most like theirs" in said and "groups:" in said
    assert not [town for town in FRINGE if town in said]


@pytest.mark.parametrize("seed", range(5))
def test_towns_that_nothing_tells_apart_are_others(seed):
    assert set(generalised(towns(seed, told=False))[0]) == {OTHER_LABEL}


def test_a_label_takes_up_others_only_where_enough_owners_hold_them():
    frame = towns().assign(patient=np.arange(492))
    frame.loc[frame["city"].isin(FRINGE), "patient"] = 1  # one person moved a lot
    found, record = protect(frame, infer(frame, {"patient": "identifier"}), rare=10, extremes=0, entity="patient")
    assert "rows_alike" not in record["columns"]["city"] and not {*FRINGE} & set(found["city"])


LABELS = st.lists(st.sampled_from("abcdefghijklmnop"), min_size=20, max_size=120)


@settings(max_examples=40, deadline=None, derandomize=True)
@given(LABELS, st.integers(2, 9), st.booleans())
def test_no_label_survives_or_is_moved_by_fewer_than_enough(labels, rare, stated):
    frame = pd.DataFrame({"c": labels, "x": [ord(label) % 3 for label in labels], "y": [l > "f" for l in labels]})
    groups = {"c": {"vowels": list("aeio"), "all": ["vowels", "b", "c"]}} if stated else None
    found, record = protect(frame, infer(frame, {"c": "categorical"}), rare=rare, extremes=0, groups=groups)
    before, moved = frame["c"].value_counts(), found["c"][frame["c"] != found["c"]].dropna()
    assert all(
        before.get(label, 0) >= rare or label in (OTHER_LABEL, "vowels", "all") for label in set(found["c"].dropna())
    )
    if len(set(frame["c"])) > len(set(found["c"])) and OTHER_LABEL not in set(found["c"]):
        assert record["columns"]["c"]["rows_generalised"] >= len(moved)
    named = moved.value_counts()
    assert all(count >= rare for label, count in named.items() if label != before.index[0])


@pytest.mark.parametrize(
    ("column", "words"),
    [
        ({"kind": "categorical", "groups": ["Kiel"]}, "label, another"),
        ({"kind": "categorical", "groups": {"North": ["Kiel"], "Coast": ["Kiel"]}}, "one in two"),
        ({"kind": "categorical", "groups": {"North": ["Coast"], "Coast": ["North"]}}, "lies in itself"),
        ({"kind": "numerical", "groups": {"North": ["Kiel"]}}, "of a categorical"),
    ],
)
def test_groups_that_cannot_be_are_told(column, words):
    with pytest.raises(ValueError, match=words):
        RunConfig.model_validate({"source": "t.csv", "columns": {"city": column}})


def test_groups_are_read_from_the_configuration(tmp_path):
    from pipelines.modalities import tabular
    from pipelines.stages.ingestion import ingest

    towns().to_csv(tmp_path / "t.csv", index=False)
    city = {"kind": "categorical", "groups": GROUPS["city"]}
    config = RunConfig.model_validate({"source": str(tmp_path / "t.csv"), "columns": {"city": city, "*": "infer"}})
    found = tabular.protect(*ingest(config), config)
    assert (found.data["city"] == "North").sum() == 12


def test_a_column_of_rare_labels_alone_keeps_their_beginnings_and_what_it_lost_is_said():
    rng = np.random.default_rng(0)
    towns = [f"Town {n}" for n in rng.integers(0, 150, 300)]
    frame = pd.DataFrame({"town": towns, "n": 1})
    found, record = protect(frame, infer(frame))
    assert (found["town"] == OTHER_LABEL).mean() < 0.05 and found["town"].str.endswith("*").mean() > 0.8
    assert "kept the beginning" in announcing.of_protection(record)[0]
