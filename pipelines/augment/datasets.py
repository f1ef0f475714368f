"""Real and synthetic rows or images for a training loop in torch: in memory, from a release, or a stream straight from
a model.

An item is a dictionary: `numbers` float32 [P] (standardised, 0 where missing), `labels` int64 [Q] (0 where missing or
unknown), `target` int64, `is_synthetic` bool, `weight` float32; of images also `image` uint8 [C, H, W], and neither
numbers nor labels.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from torch import Tensor
from torch.utils.data import Dataset, IterableDataset, get_worker_info

from launderette.generators import Synthesizer
from launderette.generators.contract import Where
from launderette.generators.data.images import IMAGE_COLUMN
from launderette.generators.data.inference import infer
from launderette.generators.sampling.conditioning import CHUNK_ROWS
from launderette.generators.training import randomness
from launderette.pipelines import modalities
from launderette.pipelines.augment import rows as training_rows
from launderette.pipelines.augment.steps import MARK_COLUMNS
from launderette.pipelines.release.publishing import verify
from launderette.pipelines.run.artifacts import LaunderError

Item = dict[str, Tensor]


@dataclass(frozen=True)
class Coding:
    """How the rows of a table become tensors; fitted on training rows."""

    target: str
    classes: list[str]
    numbers: dict[str, tuple[float, float]]  # column -> mean, standard deviation
    labels: dict[str, list[str]]  # column -> labels; the code of the first is 1

    @classmethod
    def fit(cls, rows: pd.DataFrame, target: str, kinds: Mapping[str, str] | None = None) -> "Coding":
        """Read numbers, labels and classes off the rows; dates and identifiers are left out. LaunderError for an
        unknown target.
        """
        if target not in rows.columns:
            raise LaunderError(
                f"expected the target among the columns of the rows, found no {target!r}; name one of them"
            )
        rows = rows.drop(columns=[name for name in (*MARK_COLUMNS, *_images(rows)) if name in rows.columns])
        kinds = {**infer(rows).kinds(), **(kinds or {}), target: "target"}
        numbers = {name: _moments(rows[name]) for name, kind in kinds.items() if kind == "numerical"}
        labels = {
            name: sorted(rows[name].dropna().map(str).unique())
            for name, kind in kinds.items()
            if kind in ("categorical", "boolean")
        }
        return cls(target, sorted(rows[target].map(str).unique()), numbers, labels)

    def encode(self, rows: pd.DataFrame) -> Item:
        """Return numbers [n, P], labels [n, Q], target [n], image [n, C, H, W]; LaunderError for a class that the
        coding does not know.
        """
        z = [
            (rows[name].astype("float64").to_numpy(na_value=np.nan) - mean) / sd
            for name, (mean, sd) in self.numbers.items()
        ]
        codes = [pd.Index(known).get_indexer(rows[name].map(str)) + 1 for name, known in self.labels.items()]
        target = pd.Index(self.classes).get_indexer(rows[self.target].map(str))
        if (target < 0).any():
            raise LaunderError(
                f"expected classes that the coding of {self.target!r} knows, found another; fit it to all training rows"
            )
        numbers, labels = np.array(z).reshape(len(z), len(rows)).T, np.array(codes).reshape(len(codes), len(rows)).T
        return {
            "numbers": torch.tensor(np.nan_to_num(numbers), dtype=torch.float32),
            "labels": torch.tensor(labels, dtype=torch.int64),
            "target": torch.from_numpy(target),
            **_images(rows),
        }


def _images(rows: pd.DataFrame) -> Item:
    """Return the images of rows that have any, uint8 [n, C, H, W]."""
    if IMAGE_COLUMN not in rows or not len(rows) or not isinstance(rows[IMAGE_COLUMN].iloc[0], np.ndarray):
        return {}
    return {IMAGE_COLUMN: torch.from_numpy(np.stack(list(rows[IMAGE_COLUMN])).transpose(0, 3, 1, 2).copy())}


def _moments(values: pd.Series) -> tuple[float, float]:
    numbers = values.astype("float64").to_numpy(na_value=np.nan)
    return float(np.nanmean(numbers)), float(np.nanstd(numbers)) or 1.0


class Rows(Dataset):
    """Rows of a table or images that `launder augment` wrote, or of any frame with the columns is_synthetic and
    weight.
    """

    def __init__(self, rows: pd.DataFrame, coding: Coding) -> None:
        if missing := [mark for mark in MARK_COLUMNS if mark not in rows.columns]:
            raise LaunderError(f"expected the column {missing[0]!r} in the rows, found none; give an augmented table")
        synthetic, weight = (
            torch.tensor(rows[mark].to_numpy(dtype))
            for mark, dtype in zip(MARK_COLUMNS, (bool, "float32"), strict=True)
        )
        self.tensors = coding.encode(rows) | {"is_synthetic": synthetic, "weight": weight}

    def __len__(self) -> int:
        return len(self.tensors["target"])

    def __getitem__(self, i: int) -> Item:
        return {name: tensor[i] for name, tensor in self.tensors.items()}


def of_augmented(path: str | Path, target: str) -> tuple[Rows, Coding]:
    """Return the rows or images that `launder augment` wrote to a file or folder, and their coding, fitted on the
    real ones.
    """
    rows = training_rows.of(modalities.of_source(path).NAME).from_files(Path(path))
    coding = Coding.fit(rows[~rows["is_synthetic"]] if "is_synthetic" in rows else rows, target)
    return Rows(rows, coding), coding


def of_release(release: str | Path, coding: Coding, *, weight: float = 1.0) -> Rows:
    """Return the synthetic rows or images of a release; LaunderError where it is not as it was published."""
    if problems := verify(Path(release)):
        raise LaunderError(f"expected the release as it was published, found a difference: {problems[0]}")
    data = Path(release) / "data"
    rows = training_rows.of(modalities.of_source(data).NAME).from_files(data)
    return Rows(rows.assign(is_synthetic=True, weight=weight), coding)


class Stream(IterableDataset):
    """Rows drawn from a model while they are needed, `rows` of them or without end; each worker of a DataLoader
    draws its own chunks.
    """

    def __init__(
        self,
        model: Synthesizer,
        coding: Coding,
        *,
        rows: int | None = None,
        where: Where | None = None,
        weight: float = 1.0,
        seed: int = 0,
    ) -> None:
        self.model, self.coding, self.rows, self.where, self.weight, self.seed = (
            model,
            coding,
            rows,
            where,
            weight,
            seed,
        )

    def __iter__(self) -> Iterator[Item]:
        worker, kind = get_worker_info(), training_rows.of(self.model.schema.modality)
        first, step = (worker.id, worker.num_workers) if worker else (0, 1)
        for chunk in count(first, step):
            size = CHUNK_ROWS if self.rows is None else min(CHUNK_ROWS, self.rows - chunk * CHUNK_ROWS)
            if size <= 0:
                return
            drawn = kind.rows_of(
                self.model.sample(size, seed=randomness.key(self.seed, "stream", chunk), where=self.where)
            )
            part = Rows(drawn.assign(is_synthetic=True, weight=self.weight), self.coding)
            yield from (part[i] for i in range(size))
