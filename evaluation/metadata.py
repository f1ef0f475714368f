"""What is known of a table, and cannot be read off its values."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypedDict

from launderette.evaluation.scores import EvaluationError

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd


@dataclass(frozen=True)
class Metadata:
    """What columns stand for, each field empty where nothing is known."""

    quasi_identifiers: Sequence[str] = ()  # columns that together name people: their combinations are rare values
    made_up: Sequence[str] = ()  # identifiers whose synthetic values have a form of their own, such as mail addresses
    worded: Sequence[str] = ()  # identifiers whose words, such as names, are of any length
    shared: Sequence[str] = ()  # identifiers of which unrelated rows have one value, such as first names
    entity: str | None = None  # the identifier whose owners' rows belong together; that of the fewest for None
    parts: Mapping[str, str] = field(default_factory=dict)  # a column that is compared as part of one -> that one

    def check(self, kinds: Mapping[str, str]) -> None:
        """Raise EvaluationError for a quasi-identifier that is not among the compared columns, given with their
        kinds.
        """
        known = [column for column in self.quasi_identifiers if kinds.get(column) not in (None, "identifier")]
        if len(known) != len(self.quasi_identifiers):
            raise EvaluationError(
                f"expected quasi-identifiers among the compared columns, found {len(known)} of "
                f"{len(self.quasi_identifiers)} there; name columns of the tables that are no identifiers"
            )


class Known(TypedDict, total=False):
    """The keyword arguments of `score` that say what is known of the tables; None where nothing is."""

    kinds: Mapping[str, str] | None  # numerical, categorical, boolean, datetime or identifier, by column
    target: str | None  # the column that a model is to predict
    metadata: Metadata | None
    loss: Callable[[pd.DataFrame], np.ndarray] | None  # a frame -> the model's loss of each row
    members: np.ndarray | None  # bool [training rows]: which the generator learnt from, and did not validate by
