"""Artifacts: files that are whole, known by their digest, and explained where they cannot be written."""

import errno
import os

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.run.artifacts import (
    Artifact,
    LaunderError,
    atomic_write,
    canonical,
    code_digest,
    code_files,
    digest_folder,
    digest_of,
    explained,
    read_frame,
    read_json,
    to_table,
    write_frame,
    write_json,
)


def test_frames_keep_their_types(tmp_path):
    frame = pd.DataFrame(
        {
            "i": pd.array([1, None], dtype="Int64"),
            "f": [1.5, None],
            "t": pd.to_datetime(["2024-01-01", None]).tz_localize("UTC"),
            "c": pd.Categorical(["x", None]),
            "o": ["x", None],
            "n": [None, None],
        }
    )
    artifact = write_frame(frame, tmp_path / "deep" / "x.parquet")
    assert artifact.rows == 2 and Artifact(**artifact.to_dict()) == artifact
    pd.testing.assert_frame_equal(read_frame(artifact), frame)
    # row labels are no data
    assert write_frame(frame.set_axis([7, 9]), tmp_path / "y.parquet").digest == artifact.digest


def test_texts_that_repeat_are_read_as_all_others(tmp_path):
    at = np.arange(3000)
    texts = {
        name: np.array(own, dtype=object)[at % len(own)]
        for name, own in {"a": ["x", "é", ""], "b": ["y", None]}.items()
    }
    frame = pd.DataFrame(texts | {"s": pd.array(texts["b"], dtype="string"), "c": pd.Categorical(texts["a"])})
    frame = frame.assign(i=at, id=[f"person {k}" for k in at])[["i", "a", "c", "b", "id", "s"]]
    write_frame(frame, tmp_path / "x.parquet")
    for names in (list(frame), ["b"], ["i", "id"]):
        read = read_frame(tmp_path / "x.parquet", names)
        pd.testing.assert_frame_equal(read, frame[names])
        assert "b" not in read or read["b"][1] is None


def test_mixed_columns_are_named_without_their_values(tmp_path):
    with pytest.raises(LaunderError, match="several in 'm'") as caught:
        write_frame(pd.DataFrame({"m": [1, "secret"], "o": ["x", "y"]}), tmp_path / "x.parquet")
    assert "secret" not in str(caught.value) and not list(tmp_path.iterdir())


def test_a_changed_frame_is_not_read(tmp_path):
    artifact = write_frame(pd.DataFrame({"a": [1]}), tmp_path / "x.parquet")
    write_frame(pd.DataFrame({"a": [2]}), tmp_path / "x.parquet")
    with pytest.raises(LaunderError, match="found it changed"):
        read_frame(artifact)
    (tmp_path / "x.parquet").write_bytes(b"PAR1 but no more")
    with pytest.raises(LaunderError, match="damaged"):
        read_frame(tmp_path / "x.parquet")
    with pytest.raises(LaunderError, match="found none"):
        read_frame(tmp_path / "y.parquet")


def test_nothing_half_written_takes_the_name(tmp_path):
    (tmp_path / "x").write_text("old")
    with pytest.raises(RuntimeError), atomic_write(tmp_path / "x") as aside:
        aside.write_text("half")
        raise RuntimeError
    assert (tmp_path / "x").read_text() == "old" and os.listdir(tmp_path) == ["x"]


@pytest.mark.parametrize(
    ("number", "part"),
    [
        (errno.ENOSPC, "no space left"),
        (errno.EACCES, "no permission"),
        (errno.ENOTDIR, "something else under a name"),
        (errno.EIO, "that it fails"),
    ],
)
def test_what_the_system_says_becomes_a_sentence(number, part):
    with pytest.raises(LaunderError, match=part) as caught, explained("/out/x"):
        raise OSError(number, "x")
    assert str(caught.value).startswith("expected to write /out/x, found")


documents = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner, max_size=3)
    ),
    max_leaves=8,
)


@settings(deadline=None)
@given(documents)
def test_a_document_has_one_text(document):
    import json

    assert json.loads(canonical(document)) == document
    assert digest_of(document) == digest_of(json.loads(canonical(document)))


def test_json_is_read_back_or_refused(tmp_path):
    write_json(tmp_path / "x.json", {"b": 1, "a": [None, "ü"]})
    assert read_json(tmp_path / "x.json") == {"a": [None, "ü"], "b": 1}
    (tmp_path / "x.json").write_text("{")
    with pytest.raises(LaunderError, match="damaged"):
        read_json(tmp_path / "x.json")
    with pytest.raises(ValueError, match="JSON"):
        write_json(tmp_path / "y.json", float("nan"))
    assert not (tmp_path / "y.json").exists()


def test_two_writers_of_one_file_do_not_write_into_each_others(tmp_path):
    with atomic_write(tmp_path / "x") as one, atomic_write(tmp_path / "x") as two:
        one.write_text("one" * 1000)
        two.write_text("two")
    assert (tmp_path / "x").read_text() == "one" * 1000 and os.listdir(tmp_path) == ["x"]


def test_every_file_of_the_code_counts():
    kinds = {path.suffix for path in code_files()}
    assert {".py", ".html", ".css", ".js", ".json", ".yaml"} <= kinds and ".pyc" not in kinds


def test_a_folder_is_known_by_names_and_contents(tmp_path):
    (tmp_path / "a").write_text("1")
    one = digest_folder(tmp_path)
    (tmp_path / "a").rename(tmp_path / "b")
    assert digest_folder(tmp_path) != one
    assert len(code_digest()) == 64 and code_digest() == code_digest()


def test_rows_become_arrows_where_they_lie():
    frame = pd.DataFrame({"x": [0.5, 1.5, 2.5]}, index=[7, 5, 3])
    (buffer,) = (b for b in to_table(frame).column("x").chunk(0).buffers() if b is not None)
    assert buffer.address == frame["x"].to_numpy().ctypes.data  # resetting the index would copy every value
    assert list(frame.index) == [7, 5, 3]
