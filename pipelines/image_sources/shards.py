"""Tar shards: KEY.png beside KEY.cls or KEY.json as in WebDataset, or folders by class; the bytes stay where they
are.
"""

import json
import tarfile
from collections import Counter
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import pandas as pd

from launderette.pipelines.image_sources.folders import check_readers
from launderette.pipelines.image_sources.labels import LABEL_COLUMN, classes, labelled
from launderette.pipelines.image_sources.source import IMAGE_SUFFIXES, NOT_IMAGES, ImageSource
from launderette.pipelines.run.artifacts import LaunderError

Place = tuple[Path, int, int]  # file, and the offset and size of an image in it


def read(files: list[Path], label: str | None) -> ImageSource:
    """Find the images of all shards. LaunderError for a file that is damaged or compressed, or labels that cannot
    be read.
    """
    places: list[Place] = []
    rows: list[dict[str, Any]] = []
    keys: list[str] = []
    passed: Counter[str] = Counter()
    for file in files:
        try:
            with tarfile.open(file, "r:") as shard:
                _read_shard(shard, file, places, rows, keys, passed)
        except tarfile.TarError:
            raise LaunderError(
                f"expected a whole, uncompressed tar file at {file}, found another one; write it again"
            ) from None
    table, said = _table(rows, keys, label)
    return ImageSource(table, lambda i: _part(*places[i]), passed_over=passed + said)


def _table(rows: list[dict[str, Any]], keys: list[str], label: str | None) -> tuple[pd.DataFrame, Counter]:
    """Return what is known of each image; where no label is, the folder that it stands in."""
    table, said = labelled(pd.DataFrame(rows, index=range(len(rows))), label)
    found, joined = classes([PurePosixPath(key).parent.parts for key in keys])
    if LABEL_COLUMN in table or not all(found):
        return table, said
    return table.assign(**{LABEL_COLUMN: np.array(found, dtype=object)}), joined


def _read_shard(
    shard: tarfile.TarFile,
    file: Path,
    places: list[Place],
    rows: list[dict[str, Any]],
    keys: list[str],
    passed: Counter,
) -> None:
    images: dict[str, Place] = {}
    known: dict[str, dict[str, Any]] = {}
    for member in shard:
        key, kind = _key(PurePosixPath(member.name))
        if member.isdir():  # a folder may be called like a file
            continue
        if f".{kind}" in IMAGE_SUFFIXES:
            check_readers([f".{kind}"])
            images[key] = (file, member.offset_data, member.size)
        elif kind in ("cls", "json") and (told := shard.extractfile(member)) is not None:
            known.setdefault(key, {}).update(_known(kind, told.read(), file))
        else:
            passed[NOT_IMAGES] += 1
    places.extend(images.values())
    rows.extend(known.get(key, {}) for key in images)
    keys.extend(images)


def _key(name: PurePosixPath) -> tuple[str, str]:
    """Return the key of a member, its name up to the first dot, and what it is; the dots of a UID, as DICOM is
    named, are its key's.
    """
    stem, _, kind = name.name.partition(".")
    if stem.isdigit() and kind[:1].isdigit():
        stem, kind = name.stem, name.suffix[1:]
    return str(name.parent / stem), kind.lower()


def _known(kind: str, text: bytes, file: Path) -> dict[str, Any]:
    try:
        if kind == "cls":
            return {LABEL_COLUMN: int(text) if text.strip().isdigit() else text.decode().strip()}
        return {key: value for key, value in json.loads(text).items() if isinstance(value, str | int | float | bool)}
    except (ValueError, AttributeError):
        raise LaunderError(
            f"expected labels (.cls) and JSON objects (.json) in {file}, found other text; correct it"
        ) from None


def _part(file: Path, offset: int, size: int) -> bytes:
    with open(file, "rb") as shard:
        shard.seek(offset)
        return shard.read(size)
