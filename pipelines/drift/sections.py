"""The section `drift` of a configuration: what follows from each kind of change."""

from typing import Literal

from launderette.pipelines.config.sections import Section

Policy = Literal["stop", "quarantine", "adapt"]


class Drift(Section):
    """What follows from each kind of change since the last release: the run stops before training, its release is
    refused, or it goes on and says so.

    A column that is listed under `columns` is known: neither that it is new nor that its kind changed stops a run.
    """

    added: Policy = "stop"
    removed: Policy = "stop"
    renamed: Policy = "stop"
    retyped: Policy = "stop"
    categories: Policy = "adapt"
    range: Policy = "adapt"
    distribution: Policy = "adapt"
    rows: Policy = "adapt"
