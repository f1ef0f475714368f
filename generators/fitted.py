"""What every fitted model holds: what turns data into its numbers, its options, its network, and how it was trained."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Generic, TypeVar

import pandas as pd
import torch
from torch import Tensor, nn

from launderette.generators.contract import Where
from launderette.generators.data.images import ImageForm, Images
from launderette.generators.data.schema import Schema
from launderette.generators.encoding.encoding import Encoding
from launderette.generators.notebook import ShownModel, name_of
from launderette.generators.privacy.ledger import Ledger
from launderette.generators.sampling import rows
from launderette.generators.sampling.rows import Drawing
from launderette.generators.training import checkpoint

Config = TypeVar("Config")
Model = TypeVar("Model", bound=nn.Module)


class FittedModel(ShownModel):
    """A fitted generator, of tables or of images."""

    config: Any
    model: nn.Module

    @property
    def ledger(self) -> Ledger | None:
        """What the rows or images were asked, and what it cost; None without a privacy budget."""
        document = self.record.get("ledger")
        return None if document is None else Ledger.from_dict(document)

    @abstractmethod
    def coding(self) -> dict[str, Any]:
        """Return what turns data into numbers, by its name in the document."""

    def tensors(self) -> dict[str, Tensor]:
        """Return what was trained, by name."""
        return self.model.state_dict()

    def save(self, folder: Path) -> None:
        """Write the model as safetensors and JSON."""
        document = {"generator": name_of(self), "config": asdict(self.config), **self.coding()}
        checkpoint.write(Path(folder), document | {"record": dict(self.record)}, self.tensors())


@dataclass(frozen=True, repr=False)
class FittedTable(FittedModel, Generic[Config, Model]):
    """A fitted generator of tables."""

    encoding: Encoding
    config: Config
    model: Model = field(repr=False)
    record: Mapping[str, Any]

    @property
    def schema(self) -> Schema:
        return self.encoding.schema

    def coding(self) -> dict[str, Any]:
        return {"encoding": self.encoding.to_dict()}

    def sample(
        self, n: int, *, seed: int = 0, where: Where | None = None, constraints: Sequence[str] = ()
    ) -> pd.DataFrame:
        """Draw exactly n rows; row i depends on the seed and i alone, identifiers on the seed and n.

        `where` and `constraints` hold in every row (sampling/domains.py, sampling/grammar.py); GeneratorError where
        hardly a row of the model meets them.
        """
        return rows.draw(n, *self._drawing(seed, where, constraints), seed)

    def sample_part(
        self, part: range, *, seed: int = 0, where: Where | None = None, constraints: Sequence[str] = ()
    ) -> pd.DataFrame:
        """Draw rows part.start to part.stop of any longer sample, without identifier columns but with a flag for each
        that only some rows have; errors as in `sample`.
        """
        return rows.draw_part(part, *self._drawing(seed, where, constraints), seed)

    def identifiers(self, n: int, learned: Mapping[str, pd.Series], *, seed: int = 0) -> pd.DataFrame:
        """Draw the identifier columns of `sample(n)`, which hang together over all of its rows; of those that only some
        rows have, `learned` holds the flags that its parts have.
        """
        return pd.DataFrame(self.encoding.identifiers(n, seed, learned), index=pd.RangeIndex(n))

    @abstractmethod
    def _drawing(self, seed: int, where: Where | None, constraints: Sequence[str]) -> Drawing:
        """Return what rows must meet, and how chunks of candidates are drawn."""


@dataclass(frozen=True, repr=False)
class FittedImages(FittedModel, Generic[Config, Model]):
    """A fitted generator of images."""

    form: ImageForm
    config: Config
    model: Model = field(repr=False)
    record: Mapping[str, Any]

    @property
    def schema(self) -> Schema:
        return self.form.schema

    def coding(self) -> dict[str, Any]:
        return {"form": self.form.to_dict()}

    def sample(self, n: int, *, seed: int = 0, where: Where | None = None) -> Images:
        """Draw exactly n images; image i depends on the seed and i alone. ValueError for a condition that no image
        can meet.
        """
        return self.form.sample(n, seed, where, self.draw, self.chunk)

    @property
    def chunk(self) -> int:
        """How many images are drawn at once."""
        return self.form.chunk

    def draw(self, y: Tensor, stream: torch.Generator) -> Tensor:
        """Label numbers y [B] -> images uint8 [B, C, H, W]."""
        model: Any = self.model
        drawn: Tensor = model.draw(y, stream)
        return drawn
