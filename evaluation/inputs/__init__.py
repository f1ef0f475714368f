"""Inputs: are the three tables, or collections of images, what they are said to be? Looked at before anything is
scored, because every bound rests on a holdout of fresh rows of the same population.
"""

from __future__ import annotations

from launderette.evaluation.inputs.findings import Finding, Level, stop
from launderette.evaluation.inputs.tables import check

__all__ = ["Finding", "Level", "check", "stop"]
