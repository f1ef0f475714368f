"""Folders of images: links are followed, nothing is lost unseen, and no file is named in what is said of a failure."""

import os
import unicodedata

import numpy as np
import pandas as pd
import pytest

from pipelines.config import load
from pipelines.image_sources import decoding, finding
from pipelines.run.artifacts import LaunderError, Unavailable
from pipelines.sources import files

PNG = decoding.encode(np.zeros((8, 8, 1), np.uint8))


@pytest.fixture
def source(tmp_path):
    for name in ("a/Quixworth.png", "a/2.png", "b/3.png"):
        put(tmp_path / "source" / name)
    return tmp_path / "source"


def put(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(PNG)


def test_links_are_followed_and_what_is_no_file_is_counted(source, tmp_path):
    put(tmp_path / "elsewhere" / "4.png")
    (source / "c").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "elsewhere" / "back").symlink_to(source / "c")
    (source / "a" / "circle").symlink_to(source)
    (source / "a" / "5.png").symlink_to(source / "b" / "3.png")
    (source / "a" / "dead.png").symlink_to(tmp_path / "nowhere")
    put(source / ".git" / "6.png")
    os.mkfifo(source / "b" / "pipe.png")
    found = finding.find(source)
    assert found.table["label"].tolist() == ["a", "a", "a", "b", "c"] and found.read(4) == PNG
    assert found.passed_over == {files.LINKS: 3, files.HIDDEN: 1, files.SPECIAL: 1}
    before = files.digest(source)
    (tmp_path / "elsewhere" / "4.png").write_bytes(PNG + b" ")
    assert files.digest(source) != before


def test_what_may_not_be_read_is_one_sentence_that_names_no_file(source, monkeypatch):
    found = finding.find(source)
    (source / "a" / "Quixworth.png").unlink()
    with pytest.raises(LaunderError, match="expected to read the images of") as vanished:
        [found.read(i) for i in range(3)]

    def failing(*_, **__):
        raise OSError(5, "Input/output error", str(source / "a" / "Quixworth.png"))

    with monkeypatch.context() as patch:
        patch.setattr(files, "digest_file", failing)
        with pytest.raises(Unavailable, match="Input/output error") as broken:
            files.digest(source)
    monkeypatch.setattr(os, "access", lambda path, mode: not str(path).endswith("3.png"))
    with pytest.raises(LaunderError, match="found 1 without permission") as locked:
        finding.find(source)
    assert not any("Quixworth" in str(told.value) for told in (vanished, broken, locked))


def test_a_locked_folder_is_not_passed_over(source, monkeypatch):
    scan = os.scandir
    monkeypatch.setattr(os, "scandir", lambda path: scan(path if not str(path).endswith("/b") else "/nowhere"))
    with pytest.raises(LaunderError, match="found 1 without permission"):
        finding.find(source)


def test_names_may_be_long_and_of_any_script_but_not_bytes(source):
    put(source / ("ü" * 120) / f"{'é' * 120}.png")
    put(source / "a" / "\U0001f469\u200d\u2695\n.png")
    assert finding.find(source).table["label"].nunique() == 3
    with open(os.fsencode(source) + b"/a/\xff.png", "wb") as file:
        file.write(PNG)
    with pytest.raises(LaunderError, match=r"UTF-8 below .*, found 1 others"):
        finding.find(source)


def test_names_in_a_table_find_their_files_and_no_other(tmp_path):
    for name in ("x/1.png", "y/1.png", "x/2.png", unicodedata.normalize("NFD", "é.png")):
        put(tmp_path / name)
    rows = pd.DataFrame({"file_name": ["x/1.png", "y/1.png", "2", "é.png", "1.png"], "label": list("abcde")})
    rows.to_csv(tmp_path / "metadata.csv", index=False)
    found = finding.find(tmp_path)
    # "1.png" could be either
    assert found.table["label"].tolist() == list("abcd") and found.passed_over[finding.WITHOUT_FILE] == 1
    rows.replace({"1.png": "2.png"}).to_csv(tmp_path / "metadata.csv", index=False)
    with pytest.raises(LaunderError, match="found 1 images named in two ways"):
        finding.find(tmp_path)


def test_a_folder_without_images_is_told_what_it_lacks(tmp_path):
    (tmp_path / "notes.txt").write_text("no image")
    with pytest.raises(LaunderError, match=r"expected images .* in the folder"):
        load(str(tmp_path), ["generator.name=image.diffusion"], tmp_path / "out")
