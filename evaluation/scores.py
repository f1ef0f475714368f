"""The score that a metric returns, and the reasons why there may be none."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import numpy as np


class EvaluationError(ValueError):
    """Tables that cannot be compared; the sentence names columns and counts, never values."""


class Reason(StrEnum):
    """Why a score cannot be computed, as programs read it; the note beside it is for people."""

    NO_TARGET = "no_target"
    TARGET_NOT_COMPARED = "target_not_compared"
    TARGET_CONSTANT = "target_constant"  # in the training or the holdout rows
    TARGET_UNPREDICTABLE = "target_unpredictable"  # real rows do not predict it either
    NO_HOLDOUT = "no_holdout"
    NO_VALUES = "no_values"  # no column but identifiers, or none with a value
    NO_NUMBERS = "no_numbers"
    NO_IDENTIFIER = "no_identifier"  # no column names anyone
    ONE_COLUMN = "one_column"
    TOO_FEW_ROWS = "too_few_rows"
    EQUALLY_DEEP = "equally_deep"
    NO_ASSOCIATION = "no_association"
    NO_MISSING_VALUES = "no_missing_values"
    NO_RULES = "no_rules"
    NO_RARE_CATEGORY = "no_rare_category"
    NO_SINGLING_OUT = "no_singling_out"  # too few predicates fit one released row
    ALWAYS_RIGHT = "always_right"  # an attack succeeds for every non-member too, as if all of them were members
    KNOWN_OF_EVERYBODY = "known_of_everybody"  # it does so from real rows of other people too
    NO_LOSS = "no_loss"  # no model is given, or it has no loss of a row
    NO_LABELS = "no_labels"
    ONE_LABEL = "one_label"
    ONE_LABEL_RELEASED = "one_label_released"


Obstacle = tuple[Reason, str]  # and what to tell people


@dataclass(frozen=True)
class Score:
    """One number with its 95 % interval, its ceiling (real holdout rows) and its floor (shuffled columns)."""

    value: float | None
    low: float | None = None
    high: float | None = None
    ceiling: float | None = None
    floor: float | None = None
    better: str = "higher"  # higher | lower | none
    detail: dict = field(default_factory=dict)
    note: str = ""
    reason: Reason | None = None  # why there is no value


def unknown(reason: Reason, text: str, better: str = "higher") -> Score:
    """A score that could not be computed, and why: for programs and for people."""
    return Score(None, better=better, note=f"Not computable: {text}.", reason=reason)


def of_rows(
    found: Mapping[str, np.ndarray], interval: tuple[float, float], better: str, detail: dict, note: str = ""
) -> Score:
    """Return the score of what was found of each row or image: arrays [rows] as value, ceiling and floor."""
    return Score(
        float(np.mean(found["value"])),
        *interval,
        mean(found.get("ceiling")),
        mean(found["floor"]),
        better,
        detail,
        note,
    )


def mean(values: Any) -> float | None:
    """The mean of what was found of each row or image; None where nothing was looked at."""
    return None if values is None else float(np.mean(values))


def count(columns: Iterable[str], parts: Mapping[str, str]) -> int:
    """How many columns of a table these are, where the parts of one count once."""
    return len({parts.get(column, column) for column in columns})
