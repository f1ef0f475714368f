"""What every fitted model holds: what turns data into its numbers, its options, its network, and how it was trained."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

import pandas as pd
from torch import nn

from launderette.generators.contract import Where
from launderette.generators.data.images import ImageForm
from launderette.generators.data.schema import Schema
from launderette.generators.encoding.encoder import Encoding
from launderette.generators.notebook import ShownModel
from launderette.generators.sampling import rows
from launderette.generators.sampling.rows import Drawing

Config = TypeVar("Config")
Model = TypeVar("Model", bound=nn.Module)


@dataclass(frozen=True, repr=False)
class FittedTable(ShownModel, Generic[Config, Model]):
    """A fitted generator of tables."""

    encoding: Encoding
    config: Config
    model: Model = field(repr=False)
    record: Mapping[str, Any]

    @property
    def schema(self) -> Schema:
        return self.encoding.schema

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
        """Draw rows part.start to part.stop of any longer sample, without identifier columns; errors as in `sample`."""
        return rows.draw_part(part, *self._drawing(seed, where, constraints), seed)

    def identifiers(self, n: int, *, seed: int = 0) -> pd.DataFrame:
        """Draw the identifier columns of `sample(n)`, which hang together over all of its rows."""
        return pd.DataFrame(self.encoding.identifiers(n, seed), index=pd.RangeIndex(n))

    @abstractmethod
    def _drawing(self, seed: int, where: Where | None, constraints: Sequence[str]) -> Drawing:
        """Return what rows must meet, and how chunks of candidates are drawn."""


@dataclass(frozen=True, repr=False)
class FittedImages(ShownModel, Generic[Config, Model]):
    """A fitted generator of images."""

    form: ImageForm
    config: Config
    model: Model = field(repr=False)
    record: Mapping[str, Any]

    @property
    def schema(self) -> Schema:
        return self.form.schema
