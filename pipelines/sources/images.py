"""Sources of images: folders by class, a flat folder with a table beside it, Parquet with image bytes, tar shards, npz.

What is found is where the bytes of each image are, and a table of its label and further columns: nothing is decoded here.
"""

import io
import json
import tarfile
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.run.artifacts import LaunderError
from pipelines.sources import decoding, dicom
from pipelines.sources import files as folders
from pipelines.sources.tables import read_table

USUAL = "image.diffusion"  # the generator of images where none is named
SUFFIXES = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".webp", ".gif", ".bmp", *dicom.SUFFIXES)
PARQUET = (".parquet", ".pq", ".parq")
TABLES = (".csv", ".tsv", *PARQUET)
LABEL, FILE = "label", "file_name"
LABELS = (LABEL, "labels", "class", "category", "y", "target")  # names that a column of labels may have
FILES = (FILE, "filename", "file", "image", "path", "name", "id")
NOT_IMAGES, WITHOUT_FILE, WITHOUT_ROW = "files of other kinds", "rows without a file", "images without a row"


@dataclass(frozen=True)
class Found:
    """Where N images are: `read(i)` returns the bytes of one, or `pixels` holds all; labels and further columns [N] in a table."""

    table: pd.DataFrame  # the column `label` where there are labels
    read: Callable[[int], bytes] | None = None
    pixels: np.ndarray | None = None
    passed_over: Counter = field(default_factory=Counter)  # by reason


def holds_images(path: str | Path) -> bool:
    """Tell whether a source is one of images, by its names and its columns; a folder with a table alone is a table."""
    path = Path(path)
    if path.is_dir():
        names = folders.listed(path).names
        shards = [name for name in names if folders.suffix(name) in PARQUET]
        return any(folders.suffix(name) in (*SUFFIXES, ".tar") for name in names) or bool(shards and _image_column(path / shards[0]))
    if path.suffix.lower() in PARQUET and path.is_file():
        return _image_column(path) is not None
    return path.suffix.lower() in (".npz", ".tar")


def suited(config: Any) -> Any:
    """Return a run's configuration with the generator USUAL where its source holds images and it names none.

    LaunderError where it names one for tables, or one for images and the source is a table.
    """
    images = holds_images(config.source.path)
    if images and "name" not in config.generator.model_fields_set:
        return config.model_copy(update={"generator": config.generator.model_copy(update={"name": USUAL})})
    if images != config.of_images and Path(config.source.path).exists():
        if Path(config.source.path).is_dir() and not images:
            find(config.source.path)  # says what a folder of images has to hold
        source, wanted = ("images", "image.") if images else ("a table", "tabular.")
        raise LaunderError(f"expected a generator whose name begins with {wanted!r} for {source}, found {config.generator.name!r}")
    return config


def find(path: str | Path, label: str | None = None) -> Found:
    """Find the images of a source; `label` names the column of labels. LaunderError where there are none, or labels are missing."""
    path = Path(path)
    if not path.exists():
        raise LaunderError(f"expected images at {path}, found nothing there; check the path")
    found = _find(path, label)
    if len(found.table) < 2:
        raise LaunderError(f"expected at least 2 images in {path}, found {len(found.table)}; give a larger collection")
    if LABEL in found.table and (missing := int(found.table[LABEL].isna().sum())):
        raise LaunderError(f"expected a label for every image in {path}, found {missing:,} without; label or remove them")
    return found


def _find(path: Path, label: str | None) -> Found:
    if path.suffix.lower() == ".npz":
        return _from_npz(path)
    if path.is_file():
        return _from_tar([path]) if path.suffix.lower() == ".tar" else _from_parquet([path], label)
    files = folders.readable(path)
    for suffixes, read in (((".tar",), _from_tar), (PARQUET, lambda parts: _from_parquet(parts, label))):
        parts = [path / name for name in files.names if folders.suffix(name) in suffixes]
        if parts and not any(folders.suffix(name) in SUFFIXES for name in files.names):
            return read(parts)
    return _from_folder(path, files, label)


def _from_folder(folder: Path, files: folders.Listing, label: str | None) -> Found:
    """Images in folders named after their class, or in one folder, perhaps beside a table of what is known of each."""
    images = [name for name in files.names if folders.suffix(name) in SUFFIXES]
    tables = [name for name in files.names if folders.suffix(name) in TABLES and "/" not in name]
    if not images:
        raise LaunderError(f"expected images ({', '.join(SUFFIXES)}) in the folder {folder}, found none; check the path")
    _check_readers(folders.suffix(name) for name in images)
    passed = files.passed_over + Counter({NOT_IMAGES: len(files.names) - len(images) - len(tables)})
    if len(tables) > 1:
        raise LaunderError(f"expected at most one table beside the images in {folder}, found {len(tables)}; keep one")
    if tables:
        return _described(folder, images, folder / tables[0], label, passed)
    classes = [_composed(name.partition("/")[0]) if "/" in name else None for name in images]
    beside = sum(name is None for name in classes)
    if 0 < beside < len(classes):
        raise LaunderError(
            f"expected every image of {folder} in the folder of its class, found {beside:,} beside these; move or remove them"
        )
    labels = {} if beside else {LABEL: np.array(classes, dtype=object)}
    return Found(pd.DataFrame(labels, index=range(len(images))), lambda i: folders.read(folder, images[i]), passed_over=passed)


def _check_readers(suffixes: Iterable[str]) -> None:
    """Raise LaunderError where images need a package that is not installed."""
    if any(suffix.lower() in dicom.SUFFIXES for suffix in suffixes):
        dicom.library()


def _described(folder: Path, images: list[str], described: Path, label: str | None, passed: Counter) -> Found:
    """Join images with the rows of a table that name them, by their path or their file name."""
    table = read_table(described)
    names = _short(images) | {_composed(name): name for name in images}
    columns = [name for name in table if str(name).lower() in FILES and table[name].astype(str).map(_composed).isin(names).any()]
    if not columns:
        raise LaunderError(f"expected a column {FILE!r} with the names of the images in {described}, found none; add it")
    wanted = table[columns[0]].astype(str).map(_composed)
    if (twice := int(wanted.duplicated().sum())) > 0:
        raise LaunderError(f"expected one row per image in {described}, found {twice:,} images named again; keep one row of each")
    place = wanted.map(names)
    if (twice := int(place.dropna().duplicated().sum())) > 0:
        raise LaunderError(f"expected one row per image in {described}, found {twice:,} images named in two ways; keep one row of each")
    passed = passed + Counter({WITHOUT_FILE: int(place.isna().sum()), WITHOUT_ROW: len(images) - int(place.notna().sum())})
    kept = place[place.notna()]
    rest = table.loc[kept.index].drop(columns=columns[0]).reset_index(drop=True)
    paths = list(kept)
    return Found(_labelled(rest, label), lambda i: folders.read(folder, paths[i]), passed_over=passed)


def _composed(name: str) -> str:
    """Return a name in Unicode's composed form: some systems write the names of files in the other."""
    return unicodedata.normalize("NFC", name)


def _short(images: list[str]) -> dict[str, str]:
    """Return images by the names of their files, with and without ending, as far as these name one image alone."""
    named = [(_composed(short), name) for name in images for short in {PurePosixPath(name).name, PurePosixPath(name).stem}]
    often = Counter(short for short, _ in named)
    return {short: name for short, name in named if often[short] == 1}


def _labelled(table: pd.DataFrame, label: str | None) -> pd.DataFrame:
    """Give the column of labels its name: the one asked for, else the first with a usual name."""
    if label is not None and label not in table:
        raise LaunderError(f"expected the column {label!r} with the labels of the images, found none; name another in score.target")
    usual = [name for known in LABELS for name in table if str(name).lower() == known]
    if label is None and not usual:
        return table
    name = label or usual[0]
    others = table if name == LABEL or LABEL not in table else table.drop(columns=LABEL)
    return others.rename(columns={name: LABEL})


def _image_column(path: Path) -> str | None:
    """Return the first column of a Parquet file that holds images: values in bytes, or in a struct with such a field, that begin as one."""
    try:
        with pq.ParquetFile(path) as file:
            names = [one.name for one in file.schema_arrow if _binary(_bytes_type(one.type))]
            return next((name for name in names if _shows_images(file, name)), None)
    except (pa.ArrowException, OSError):
        return None


def _bytes_type(kind: pa.DataType) -> pa.DataType:
    return kind.field("bytes").type if pa.types.is_struct(kind) and kind.get_field_index("bytes") >= 0 else kind


def _shows_images(file: pq.ParquetFile, name: str) -> bool:
    """Tell whether the first values of a column that are there begin as images do: a hash or a blob does not."""
    for batch in file.iter_batches(64, columns=[name]):
        values = batch.column(0)
        values = (values.field("bytes") if pa.types.is_struct(values.type) else values).drop_null().to_pylist()
        if values:
            return any(decoding.is_image(value) for value in values)
    return False


def _from_parquet(files: list[Path], label: str | None) -> Found:
    """Parquet in the layout of Hugging Face: image{bytes, path} or plain bytes, a label, further columns."""
    name = _image_column(files[0])
    if name is None:
        raise LaunderError(f"expected a column with the bytes of images in {files[0]}, found none; check the file")
    try:
        table = pa.concat_tables([pq.read_table(file) for file in files])
    except (pa.ArrowException, OSError):
        raise LaunderError(f"expected whole Parquet files of equal columns in {files[0].parent}, found others; write them again") from None
    column = table.column(name)
    if pa.types.is_struct(column.type):
        column = pa.chunked_array([chunk.field("bytes") for chunk in column.chunks])
    flat = [one for one in table.schema if one.name != name and not pa.types.is_nested(one.type) and not _binary(one.type)]
    rest = table.select([one.name for one in flat]).to_pandas().reset_index(drop=True)
    return Found(_labelled(rest, label), lambda i: column[i].as_py() or b"")


def _binary(kind: pa.DataType) -> bool:
    return pa.types.is_binary(kind) or pa.types.is_large_binary(kind)


def _from_tar(files: list[Path]) -> Found:
    """Shards in the layout of WebDataset: KEY.png beside KEY.cls or KEY.json; the bytes stay where they are."""
    places, rows, passed = [], [], Counter()
    for file in files:
        try:
            with tarfile.open(file, "r:") as shard:
                _read_shard(shard, file, places, rows, passed)
        except tarfile.TarError:
            raise LaunderError(f"expected a whole, uncompressed tar file at {file}, found another one; write it again") from None
    return Found(pd.DataFrame(rows, index=range(len(places))), lambda i: _part(*places[i]), passed_over=passed)


def _read_shard(shard: tarfile.TarFile, file: Path, places: list, rows: list[dict[str, Any]], passed: Counter) -> None:
    images, known = {}, {}
    for member in shard:
        key, kind = _key(PurePosixPath(member.name))
        if f".{kind}" in SUFFIXES:
            _check_readers([f".{kind}"])
            images[key] = (file, member.offset_data, member.size)
        elif kind in ("cls", "json"):
            known.setdefault(key, {}).update(_known(kind, shard.extractfile(member).read(), file))
        elif not member.isdir():
            passed[NOT_IMAGES] += 1
    places.extend(images.values())
    rows.extend(known.get(key, {}) for key in images)


def _key(name: PurePosixPath) -> tuple[str, str]:
    """Return the key of a member, its name up to the first dot, and what it is; the dots of a UID, as DICOM is named, are its key's."""
    stem, _, kind = name.name.partition(".")
    if stem.isdigit() and kind[:1].isdigit():
        stem, kind = name.stem, name.suffix[1:]
    return str(name.parent / stem), kind.lower()


def _known(kind: str, text: bytes, file: Path) -> dict[str, Any]:
    try:
        if kind == "cls":
            return {LABEL: int(text) if text.strip().isdigit() else text.decode().strip()}
        return {key: value for key, value in json.loads(text).items() if isinstance(value, str | int | float | bool)}
    except (ValueError, AttributeError):
        raise LaunderError(f"expected labels (.cls) and JSON objects (.json) in {file}, found other text; correct it") from None


def _part(file: Path, offset: int, size: int) -> bytes:
    with open(file, "rb") as shard:
        shard.seek(offset)
        return shard.read(size)


def _from_npz(path: Path) -> Found:
    """Arrays `images` and `labels`, or `x` and `y`, or splits such as train_images and test_images, one after another."""
    try:
        with np.load(io.BytesIO(path.read_bytes())) as archive:
            arrays = {name: archive[name] for name in archive.files}
    except (ValueError, OSError, KeyError, EOFError):
        raise LaunderError(f"expected an npz file of plain arrays at {path}, found another one; write it again") from None
    pairs = [("images", "labels"), ("x", "y"), *((f"{split}_images", f"{split}_labels") for split in ("train", "val", "test"))]
    chosen = [(arrays[x], arrays.get(y)) for x, y in pairs if x in arrays]
    if not chosen:
        raise LaunderError(f"expected an array called images in {path}, found {', '.join(sorted(arrays)) or 'none'}; rename it")
    pixels = np.concatenate([x for x, _ in chosen])
    if pixels.dtype != np.uint8 or pixels.ndim not in (3, 4) or (pixels.ndim == 4 and pixels.shape[3] not in (1, 3)):
        raise LaunderError(f"expected images as uint8 [N, H, W] or [N, H, W, 1 or 3] in {path}, found {pixels.dtype} {list(pixels.shape)}")
    labels = [np.asarray(y).reshape(len(y), -1)[:, 0] for _, y in chosen if y is not None]
    if labels and sum(map(len, labels)) != len(pixels):
        raise LaunderError(f"expected one label per image in {path}, found {sum(map(len, labels)):,} for {len(pixels):,}")
    table = pd.DataFrame({LABEL: np.concatenate(labels)} if labels else {}, index=range(len(pixels)))
    return Found(table, pixels=pixels if pixels.ndim == 4 else pixels[..., None])
