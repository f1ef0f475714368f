"""Models and training states on disk: safetensors for numbers, JSON for the rest; written aside, then renamed."""

import json
import os
import secrets
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save

from launderette.generators.errors import GeneratorError

FORMAT = 3  # of model.json
DOCUMENT, TENSORS = "model.json", "model.safetensors"


def write(folder: Path, document: Mapping[str, Any], tensors: Mapping[str, torch.Tensor]) -> None:
    """Write both files into `folder`, replacing it as a whole; a reader sees the old pair or the new one."""
    folder = Path(folder)
    aside = folder.with_name(f".{folder.name}.{secrets.token_hex(4)}")
    aside.mkdir(parents=True)
    try:
        # not save_file: it tells a full disk as an error of its own
        (aside / TENSORS).write_bytes(save({name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}))
        (aside / DOCUMENT).write_text(json.dumps({"format": FORMAT, **document}, ensure_ascii=False))
        for name in (TENSORS, DOCUMENT):
            _flush(aside / name)
        _replace(aside, folder)
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def _flush(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())


def _replace(aside: Path, folder: Path) -> None:
    if not folder.exists():
        aside.rename(folder)
        return
    if unknown := sorted({entry.name for entry in folder.iterdir()} - {DOCUMENT, TENSORS}):
        raise GeneratorError(f"expected {folder} to be new or to hold a model, found also {unknown[0]!r}; choose another folder")
    old = aside.with_name(aside.name + ".old")
    folder.rename(old)
    aside.rename(folder)
    shutil.rmtree(old)


def read(folder: Path) -> tuple[dict[str, Any], dict[str, torch.Tensor]]:
    """Return what `write` wrote; ValueError for a folder that is no model, is damaged, or is of another format."""
    folder = Path(folder)
    try:
        document = json.loads((folder / DOCUMENT).read_text())
        tensors = load_file(folder / TENSORS)
    except FileNotFoundError:
        raise GeneratorError(f"expected a model folder with {DOCUMENT} and {TENSORS}, found {folder} without them") from None
    except (OSError, json.JSONDecodeError, UnicodeDecodeError, SafetensorError):
        raise GeneratorError(f"expected readable model files in {folder}, found damaged ones; fit the model again") from None
    if document.get("format") != FORMAT:
        raise GeneratorError(f"expected a model of format {FORMAT} in {folder}, found format {document.get('format')!r}")
    return document, tensors


def exists(folder: Path) -> bool:
    """Tell whether a complete pair of files is there."""
    return all((Path(folder) / name).is_file() for name in (DOCUMENT, TENSORS))
