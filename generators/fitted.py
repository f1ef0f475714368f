"""What every fitted model holds: what turns data into its numbers, its options, its network, and how it was trained."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from torch import nn

from launderette.generators.data.encoding import Encoding
from launderette.generators.data.images import ImageForm
from launderette.generators.data.schema import Schema
from launderette.generators.notebook import ShownModel

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
