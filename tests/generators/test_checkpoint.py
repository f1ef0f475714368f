"""Models on disk: at every moment there is one pair of document and tensors, the old one or the new one."""

import errno
import os
from contextlib import suppress
from pathlib import Path

import pytest
import torch

from generators.errors import GeneratorError
from generators.training import checkpoint


def write(folder, number):
    checkpoint.write(folder, {"number": number}, {"x": torch.full((3,), float(number))})


def found(folder):
    """Return the number in the document and the one in the tensors."""
    document, tensors = checkpoint.read(folder)
    return document["number"], tensors["x"].tolist()


def test_a_reader_finds_a_pair_at_every_moment_of_writing(tmp_path, monkeypatch):
    folder, seen = tmp_path / "model", []
    write(folder, 1)

    def looking(change):
        def look(*words, **how):
            seen.append(found(folder))
            try:
                return change(*words, **how)
            finally:
                seen.append(found(folder))

        return look

    for place, name in (
        (os, "replace"),
        (os, "fsync"),
        (os, "rename"),
        (Path, "rename"),
        (Path, "unlink"),
        (Path, "mkdir"),
    ):
        monkeypatch.setattr(place, name, looking(getattr(place, name)))
    write(folder, 2)
    pairs = [(number, [float(number)] * 3) for number in (1, 2)]
    assert len(seen) > 8 and set(map(str, seen)) == set(map(str, pairs)) and seen == sorted(seen)


@pytest.mark.parametrize("at", range(12))
def test_a_writer_that_dies_leaves_a_pair_and_the_next_one_cleans_up(tmp_path, monkeypatch, at):
    folder, calls = tmp_path / "model", []
    write(folder, 1)

    class Killed(BaseException):
        pass

    def dying(change):
        def die(*words, **how):
            calls.append(change)
            if len(calls) > at:  # and nothing after it, as after kill -9
                raise Killed
            return change(*words, **how)

        return die

    with monkeypatch.context() as patch:
        for place, name in ((os, "replace"), (os, "fsync"), (Path, "unlink")):
            patch.setattr(place, name, dying(getattr(place, name)))
        with suppress(Killed):
            write(folder, 2)
    assert found(folder) in [(number, [float(number)] * 3) for number in (1, 2)]
    write(folder, 3)
    assert found(folder) == (3, [3.0] * 3) and len(list(folder.iterdir())) == 2


@pytest.mark.parametrize("at", range(4))
def test_where_the_first_writing_fails_nothing_has_the_name(tmp_path, monkeypatch, at):
    calls, flush = [], os.fsync

    def failing(handle):
        calls.append(handle)
        if len(calls) > at:
            raise OSError(errno.ENOSPC, "full")
        flush(handle)

    with monkeypatch.context() as patch, pytest.raises(OSError, match="full"):
        patch.setattr(os, "fsync", failing)
        write(tmp_path / "model", 1)
    assert os.listdir(tmp_path) == []


def test_a_mixed_pair_is_damaged_and_other_files_are_not_replaced(tmp_path):
    write(tmp_path / "a", 1)
    write(tmp_path / "b", 2)
    (own,), (other,) = ((tmp_path / name).glob("*.safetensors") for name in "ab")
    own.write_bytes(other.read_bytes())
    with pytest.raises(GeneratorError, match="damaged"):
        checkpoint.read(tmp_path / "a")
    (tmp_path / "b" / "notes.txt").write_text("mine")
    with pytest.raises(GeneratorError, match=r"found also 'notes\.txt'"):
        write(tmp_path / "b", 3)
    assert found(tmp_path / "b") == (2, [2.0] * 3)
