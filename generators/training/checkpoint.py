"""Models and training states on disk: safetensors for numbers, JSON for the rest; written aside, then renamed."""

import hashlib
import json
import os
import re
import secrets
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save

from launderette.generators.errors import GeneratorError

MODEL_FORMAT = 26  # of model.json
DOCUMENT = "model.json"
MODEL_FILE = re.compile(r"\.?model\.(json|([0-9a-f]{16}\.)?safetensors)(\.[0-9a-f]{8}\.part)?")
READ_ATTEMPTS = 5  # to read a pair that others replace


def write(folder: Path, document: Mapping[str, Any], tensors: Mapping[str, torch.Tensor]) -> None:
    """Write both files into `folder`; a reader sees the pair that was there or the new one, at every moment one of
    them.

    The document names the file of its tensors, and takes its own name last, in one step: only then does the new pair
    count.
    """
    folder = Path(folder)
    if folder.exists():
        _check_replaceable(folder)
    # not save_file: it tells a full disk as an error of its own
    data = save({name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()})
    digest = hashlib.sha256(data).hexdigest()
    text = json.dumps({"format": MODEL_FORMAT, **document, "tensors": digest}, ensure_ascii=False)
    if not folder.exists():
        _make(folder, {_tensors(digest): data, DOCUMENT: text.encode()})
        return
    _put(folder / _tensors(digest), data)
    _put(folder / DOCUMENT, text.encode())
    for name in _left_behind(folder, _tensors(digest)):
        (folder / name).unlink(missing_ok=True)


def _make(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write a new folder aside, and give it its name once all is there: where that fails, nothing has the name."""
    aside = folder.with_name(f".{folder.name}.{secrets.token_hex(4)}")
    aside.mkdir(parents=True)
    try:
        for name, data in files.items():
            _put(aside / name, data)
        aside.rename(folder)
        _flush(folder.parent)
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def _tensors(digest: str) -> str:
    """Return the name of the file that holds tensors of this SHA-256."""
    return f"model.{digest[:16]}.safetensors"


def _check_replaceable(folder: Path) -> None:
    if unknown := sorted(entry.name for entry in folder.iterdir() if not MODEL_FILE.fullmatch(entry.name)):
        raise GeneratorError(
            f"expected {folder} to be new or to hold a model, found also {unknown[0]!r}; choose another folder"
        )


def _left_behind(folder: Path, current: str) -> list[str]:
    """Return the names of what earlier pairs, or writing that was killed, have left in a model's folder."""
    return [
        entry.name
        for entry in folder.iterdir()
        if MODEL_FILE.fullmatch(entry.name) and entry.name not in (DOCUMENT, current)
    ]


def _put(path: Path, data: bytes) -> None:
    """Write a file that has its name, on the disk, only when it is whole."""
    aside = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        with open(aside, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(aside, path)
        _flush(path.parent)
    finally:
        aside.unlink(missing_ok=True)


def _flush(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def read(folder: Path) -> tuple[dict[str, Any], dict[str, torch.Tensor]]:
    """Return what `write` wrote; ValueError for a folder that is no model, is damaged, or is of another format."""
    folder = Path(folder)
    try:
        document, data = _pair(folder)
        tensors = load(data)
    except FileNotFoundError:
        raise GeneratorError(
            f"expected a model folder with {DOCUMENT} and its tensors, found {folder} without them"
        ) from None
    except (OSError, AttributeError, KeyError, json.JSONDecodeError, UnicodeDecodeError, SafetensorError):
        raise GeneratorError(
            f"expected readable model files in {folder}, found damaged ones; fit the model again"
        ) from None
    return document, tensors


def _pair(folder: Path, attempts: int = READ_ATTEMPTS) -> tuple[dict[str, Any], bytes]:
    """Return a document and the bytes of its tensors; the pair is read again where a new one has taken its place
    meanwhile.
    """
    document = json.loads((folder / DOCUMENT).read_text())
    if document.get("format") != MODEL_FORMAT:
        raise GeneratorError(
            f"expected a model of format {MODEL_FORMAT} in {folder}, found format {document.get('format')!r}"
        )
    try:
        data = (folder / _tensors(document["tensors"])).read_bytes()
    except FileNotFoundError:
        if attempts == 1:
            raise
        return _pair(folder, attempts - 1)
    if hashlib.sha256(data).hexdigest() != document["tensors"]:
        raise SafetensorError("other tensors than the document's")
    return document, data


def exists(folder: Path) -> bool:
    """Tell whether a model is there."""
    return (Path(folder) / DOCUMENT).is_file()
