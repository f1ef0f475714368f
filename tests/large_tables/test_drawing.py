"""Tables that are read in part: rows drawn at random while they stream by, kinds and formats those of all rows."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from generators.data.inference import infer
from pipelines.large_tables import drawing, profiles
from pipelines.large_tables.drawing import Draw
from pipelines.large_tables.profiles import Profile, Profiles
from pipelines.run.artifacts import LaunderError
from pipelines.sources import delimited
from pipelines.sources.tables import draw_table, read_table
from tests.data.test_columns_of_every_kind import ROWS, TEXT, columns, typed

SEVERAL_LINES = ['a\nb, "c"', "d", 'e"\n', ""]


def drawn(path, most, seed=0, entity=None):
    return draw_table(path, Draw(lambda *_: most, seed, entity))


def written(given, path):
    """Write ugly columns as CSV, or as Parquet where some have a type of its own."""
    frame = pd.DataFrame({"at": np.arange(ROWS), "lines": np.resize(SEVERAL_LINES, ROWS)})
    for k, (made, word, missing, noise) in enumerate(given):
        values = [word if gone else value for value, gone in zip(made.values, missing, strict=True)]
        values[ROWS - noise :] = [f"odd{n}" for n in range(noise)]  # late in the file
        frame[f"{made.name}_{k}"] = pd.Series(values, dtype=pd.ArrowDtype(made.parquet) if made.parquet else object)
    if any(made.parquet for made, *_ in given):
        frame.to_parquet(path / "x.parquet", row_group_size=50)
        return path / "x.parquet"
    frame.to_csv(path / "x.csv", index=False)
    return path / "x.csv"


def test_of_long_texts_the_same_few_are_kept_however_they_come(monkeypatch):
    monkeypatch.setattr(profiles, "MOST_BYTES", 2000)
    texts, kept = pa.array([f"{k} " + "x" * (k * 7 % 90) for k in range(400)]), []
    for size in (7, 400):
        profile = profiles.Profile()
        for at in range(0, 400, size):
            profile.add(pa.field("v", pa.string()), pa.chunked_array([texts.slice(at, size)]))
        profile._merge()
        kept.append(sorted(profile._counted[0]["v"].to_pylist()))
    assert kept[0] == kept[1] and 1800 < sum(map(len, kept[0])) <= 2000


def test_a_draw_is_told_how_long_the_texts_of_a_row_are(tmp_path):
    (tmp_path / "x.csv").write_text("n,text\n" + "".join(f"{k},{'long ' * 200}\n" for k in range(50)))
    told = []
    draw_table(tmp_path / "x.csv", Draw(lambda rows, columns, row_bytes: told.append(row_bytes) or 10, 0))
    assert 1000 <= told[0] < 1050


@settings(
    max_examples=8,
    deadline=None,
    derandomize=True,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    st.lists(columns([*TEXT, typed()]), min_size=3, max_size=4), st.sampled_from([61, 300, 1 << 20]), st.integers(1, 90)
)
def test_some_rows_have_the_values_types_and_kinds_of_all(tmp_path, given, block, chunk):
    path = written(given, tmp_path)
    whole, block = read_table(path), max(block, 1 << 10 if path.suffix == ".csv" and block < 300 else 1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(delimited, "BLOCK_BYTES", block)
        patch.setattr(drawing, "LOOKED_ROWS", chunk)
        found = drawn(path, ROWS // 2)
    assert found.rows == ROWS and ROWS // 3 < len(found.frame) <= ROWS // 2
    like = {name: values.dtype for name, values in found.profile.items()}
    for column, same in zip(infer(whole).columns, infer_each(found.profile).columns, strict=True):
        assert column == same
    rows = whole.set_index("at").loc[found.frame["at"]].reset_index()
    nullable = {n: t for n, t in like.items() if str(t).startswith(("Int", "boolean"))}
    pd.testing.assert_frame_equal(found.frame.astype(nullable), rows)
    for name, values in found.profile.items():  # of all rows, each value as often
        counts = [side.dropna().map(str).value_counts().to_dict() for side in (values, whole[name])]
        assert counts[0] == counts[1], name


def infer_each(profile):
    schemas = [infer(values.to_frame(name)) for name, values in profile.items()]
    return type(schemas[0])(tuple(one.columns[0] for one in schemas))


@pytest.mark.parametrize("suffix", ["csv", "jsonl", "parquet", "feather", "parts"])
def test_the_rows_follow_from_the_seed_whatever_the_batches_and_the_format(tmp_path, monkeypatch, suffix):
    frame = pd.DataFrame({"at": np.arange(4000), "label": np.resize(["x", "y", None], 4000)})
    path = tmp_path / f"x.{suffix}"
    match suffix:
        case "csv":
            frame.to_csv(path, index=False)
        case "jsonl":
            frame.to_json(path, orient="records", lines=True)
        case "feather":
            frame.to_feather(path)
        case "parquet":
            frame.astype({"label": "category"}).to_parquet(path)
        case "parts":
            path.mkdir()
            for k, part in enumerate((frame[:900], frame[900:])):
                part.astype({"at": f"int{32 * (k + 1)}"}).to_parquet(path / f"{k}.parquet")
    found = drawn(path, 1000).frame
    monkeypatch.setattr(drawing, "LOOKED_ROWS", 111)
    pd.testing.assert_frame_equal(drawn(path, 1000).frame, found)
    keys = drawing._of_rows(0, 4000, 0)
    assert 950 < len(found) <= 1000 and set(found["at"]) == set(np.flatnonzero(keys < np.sort(keys)[len(found)]))
    assert len({*drawn(path, 1000, seed=1).frame["at"]} - {*found["at"]}) > 600
    assert str(found["label"].dtype) == str(read_table(path)["label"].dtype)


def test_the_rows_of_an_entity_stay_together(tmp_path):
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"who": rng.integers(0, 400, 4000).astype("O"), "at": np.arange(4000)})
    frame.loc[::10, "who"] = None  # belong to nobody, each alone
    frame.to_csv(tmp_path / "x.csv", index=False)
    found = drawn(tmp_path / "x.csv", 1000, entity="who").frame
    whose = found["who"].dropna().unique()
    assert 900 < len(found) <= 1000 and 60 < len(whose) < 140
    assert found["who"].notna().sum() == frame["who"].isin(whose).sum()
    assert 60 < found["who"].isna().sum() < 140
    frame.assign(who="all").to_csv(tmp_path / "x.csv", index=False)
    with pytest.raises(LaunderError, match=r"at most 1,000 rows of one value of 'who', .*, found one with more"):
        drawn(tmp_path / "x.csv", 1000, entity="who")


def test_of_many_values_some_are_kept_each_with_all_of_its_rows(monkeypatch):
    monkeypatch.setattr(profiles, "MOST_DISTINCT", 300)
    monkeypatch.setattr(profiles, "ROWS_PER_VALUE", 10)
    rng = np.random.default_rng(0)
    values, few = rng.integers(0, 5000, 20_000), rng.integers(0, 3, 20_000)
    profile = Profiles()
    for first in range(0, 20_000, 700):
        profile.add(pa.table({"many": values[first : first + 700], "few": few[first : first + 700]}))
    like = pd.DataFrame({"many": values[:9], "few": few[:9]})
    found = profile.columns(lambda table: table.to_pandas(), like)
    kept, counts = np.unique(found["many"], return_counts=True)
    assert len(kept) == 300 and (counts == np.bincount(values)[kept]).all()
    shares = found["few"].value_counts(normalize=True)
    assert (
        2997 <= len(found["few"]) <= 3003
        and np.abs(shares[[0, 1, 2]].to_numpy() - np.bincount(few) / 20_000).max() < 0.001
    )
    nothing = Profile()
    nothing.add(pa.field("x", pa.null()), pa.chunked_array([pa.nulls(3)]))
    assert nothing.frame(lambda table: table.to_pandas(), pa.schema([])).isna().all().all()
