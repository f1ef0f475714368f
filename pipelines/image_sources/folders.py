"""Images in folders named after their class, or beside tables of what is known of each (metadata.csv,
metadata.jsonl).
"""

import json
import unicodedata
from collections import Counter
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

import numpy as np
import pandas as pd

from launderette.pipelines.image_sources import dicom
from launderette.pipelines.image_sources.labels import LABEL_COLUMN, classes, labelled
from launderette.pipelines.image_sources.source import (
    IMAGE_SUFFIXES,
    NOT_IMAGES,
    WITHOUT_FILE,
    WITHOUT_ROW,
    ImageSource,
)
from launderette.pipelines.run.artifacts import LaunderError
from launderette.pipelines.sources import files
from launderette.pipelines.sources.tables import read_table

JSON_LINES_SUFFIXES = (".jsonl", ".ndjson")
TABLE_SUFFIXES = (".csv", ".tsv", ".parquet", ".pq", ".parq", *JSON_LINES_SUFFIXES)
FILE_COLUMN = "file_name"
FILE_COLUMNS = (
    FILE_COLUMN,
    "filename",
    "file",
    "image",
    "path",
    "name",
    "id",
    "image_id",
    "image_name",
    "filepath",
    "file_path",
)


def read(folder: Path, listing: files.Listing, label: str | None) -> ImageSource:
    """Find the images of a folder and their labels. LaunderError where there are none, or what is known of them
    does not fit.
    """
    images = [name for name in listing.names if files.suffix(name) in IMAGE_SUFFIXES]
    tables = _tables(listing.names)
    if not images:
        raise LaunderError(
            f"expected images ({', '.join(IMAGE_SUFFIXES)}) in the folder {folder}, found none; check the path"
        )
    check_readers(files.suffix(name) for name in images)
    passed = listing.passed_over + Counter({NOT_IMAGES: len(listing.names) - len(images) - len(tables)})
    if len(tables) > 1 and len({name.rpartition("/")[0] for name in tables}) < len(tables):
        raise LaunderError(f"expected at most one table beside the images in {folder}, found {len(tables)}; keep one")
    found, joined = classes([tuple(_composed(name).split("/")[:-1]) for name in images])
    if tables:
        return _described(folder, images, tables, label, passed, found)
    beside = sum(name is None for name in found)
    if 0 < beside < len(found):
        raise LaunderError(
            f"expected every image of {folder} in the folder of its class, found {beside:,} beside these; move or "
            "remove them"
        )
    labels = {} if beside else {LABEL_COLUMN: np.array(found, dtype=object)}
    return ImageSource(
        pd.DataFrame(labels, index=range(len(images))),
        lambda i: files.read(folder, images[i]),
        passed_over=passed + joined,
    )


def _tables(names: list[str]) -> list[str]:
    """Return the tables in the folder itself, and those called metadata in the folders below."""
    tables = [name for name in names if files.suffix(name) in TABLE_SUFFIXES]
    return [name for name in tables if "/" not in name or PurePosixPath(name).stem.lower() == "metadata"]


def check_readers(suffixes: Iterable[str]) -> None:
    """Raise LaunderError where images need a package that is not installed."""
    if any(suffix.lower() in dicom.DICOM_SUFFIXES for suffix in suffixes):
        dicom.library()


def _described(
    folder: Path, images: list[str], tables: list[str], label: str | None, passed: Counter, found: list[str | None]
) -> ImageSource:
    """Join images with the rows of the tables that name them, by their path or their file name."""
    names = _short(images) | {_composed(name): name for name in images}
    table = pd.concat([_rows(folder, name, names) for name in tables], ignore_index=True)
    wanted = table.pop(FILE_COLUMN)
    where = folder / tables[0] if len(tables) == 1 else folder
    if (twice := int(wanted.duplicated().sum())) > 0:
        raise LaunderError(
            f"expected one row per image in {where}, found {twice:,} images named again; keep one row of each"
        )
    place = wanted.map(names)
    if (twice := int(place.dropna().duplicated().sum())) > 0:
        raise LaunderError(
            f"expected one row per image in {where}, found {twice:,} images named in two ways; keep one row of each"
        )
    passed = passed + Counter(
        {WITHOUT_FILE: int(place.isna().sum()), WITHOUT_ROW: len(images) - int(place.notna().sum())}
    )
    paths = list(place[place.notna()])
    rest, said = labelled(table[place.notna()].reset_index(drop=True), label)
    if LABEL_COLUMN not in rest and all(found):
        by_path = dict(zip(images, found, strict=True))
        rest, said = rest.assign(**{LABEL_COLUMN: np.array([by_path[path] for path in paths], dtype=object)}), Counter()
    return ImageSource(rest, lambda i: files.read(folder, paths[i]), passed_over=passed + said)


def _rows(folder: Path, described: str, names: dict[str, str]) -> pd.DataFrame:
    """Read a table; its column of names becomes FILE_COLUMN: paths below `folder`, composed. LaunderError where no
    column names images.
    """
    path, below = folder / described, described.rpartition("/")[0]
    table = _lines(path) if files.suffix(described) in JSON_LINES_SUFFIXES else read_table(path)
    for column in [name for name in table if str(name).lower() in FILE_COLUMNS]:
        told = table[column].astype(str).map(lambda name: _composed(f"{below}/{name}" if below else name))
        if told.isin(names).any():
            return table.drop(columns=[column, *({FILE_COLUMN} & set(table))], errors="ignore").assign(
                **{FILE_COLUMN: told}
            )
    raise LaunderError(f"expected a column {FILE_COLUMN!r} with the names of the images in {path}, found none; add it")


def _lines(path: Path) -> pd.DataFrame:
    """Read JSON lines; what is a list or an object, such as boxes in an image, is left out."""
    try:
        rows = [json.loads(line) for line in path.read_bytes().splitlines() if line.strip()]
        return pd.DataFrame(
            [{key: value for key, value in row.items() if not isinstance(value, dict | list)} for row in rows]
        )
    except (ValueError, AttributeError):
        raise LaunderError(f"expected a JSON object per line in {path}, found other text; correct it") from None


def _composed(name: str) -> str:
    """Return a name in Unicode's composed form: some systems write the names of files in the other."""
    return unicodedata.normalize("NFC", name)


def _short(images: list[str]) -> dict[str, str]:
    """Return images by the names of their files, with and without ending, as far as these name one image alone."""
    named = [
        (_composed(short), name) for name in images for short in {PurePosixPath(name).name, PurePosixPath(name).stem}
    ]
    often = Counter(short for short, _ in named)
    return {short: name for short, name in named if often[short] == 1}
