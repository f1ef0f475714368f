"""The configuration of a run: one YAML file, or a data source alone; every key known, every error one sentence."""

from launderette.pipelines.config.augmentation import Augmentation
from launderette.pipelines.config.loading import json_schema, load, read, settled, validate
from launderette.pipelines.config.places import Publish, Source
from launderette.pipelines.config.run_config import OTHERS, RunConfig
from launderette.pipelines.config.sections import (
    Budget,
    Generator,
    Images,
    Personal,
    Privacy,
    Protect,
    Resources,
    Sample,
    Schedule,
    Scoring,
    Split,
)

__all__ = [
    "OTHERS",
    "Augmentation",
    "Budget",
    "Generator",
    "Images",
    "Personal",
    "Privacy",
    "Protect",
    "Publish",
    "Resources",
    "RunConfig",
    "Sample",
    "Schedule",
    "Scoring",
    "Source",
    "Split",
    "json_schema",
    "load",
    "read",
    "settled",
    "validate",
]
