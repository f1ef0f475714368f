"""Fixed combinations: columns whose values occur together only as they did in training, such as a city and its country.

What is allowed is a list of combinations, one token per place of their columns. A mask over the next token keeps those
of the combinations that agree with what is drawn so far, so a row never runs into a dead end and none is rejected. A
combination that fewer than LEAST_ROWS_PER_VALUE rows have is no public fact: it is not kept, and not drawn. Of two
columns, the values without any combination that is kept go together where one column has a single such value, as that
for all rare labels is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from launderette.generators.derived import together
from launderette.generators.encoding.encoding import Encoding
from launderette.generators.encoding.intervals import LEAST_ROWS_PER_VALUE
from launderette.generators.errors import GeneratorError

LEAST_KEPT = 0.8  # share of the rows whose combination must be kept, else the columns have no fixed combinations
LEAST_JOINED = 0.98  # share of the rows whose whole combination must be kept where several lists share columns
MOST_COMBINATIONS = 20_000  # combinations of one list


@dataclass(frozen=True)
class Combinations:
    """The allowed tokens [T, P] at the places [P] of some columns."""

    columns: tuple[int, ...]
    places: tuple[int, ...]
    tokens: np.ndarray = field(repr=False)

    def mask(self, l: int, x: Tensor, drawn: Tensor, size: int) -> Tensor | None:
        """Return which of its `size` tokens factor l may take, given the tokens x [B, L] where they are `drawn`, bool
        [B, L]: bool [B, size].
        """
        if l not in self.places:
            return None
        allowed = self._tensor.to(x.device)
        agrees = torch.ones(len(x), len(allowed), dtype=torch.bool, device=x.device)  # [B, T]
        for k, place in enumerate(self.places):
            if drawn[:, place].any():
                agrees &= (x[:, place, None] == allowed[:, k]) | ~drawn[:, place, None]
        own = torch.nn.functional.one_hot(allowed[:, self.places.index(l)], size)
        possible = agrees.float() @ own.float() > 0
        # a given row may have a combination that is not kept
        return torch.where(possible.any(1, keepdim=True), possible, True)

    def kept(self, x: np.ndarray) -> np.ndarray:
        """Return which rows of tokens x [B, L] have an allowed combination: bool [B]."""
        own = pd.MultiIndex.from_arrays(x[:, list(self.places)].T)
        return own.isin(pd.MultiIndex.from_arrays(self.tokens.T))

    @cached_property
    def _tensor(self) -> Tensor:
        return torch.from_numpy(self.tokens)


def learn(texts: Sequence[str], encoding: Encoding, x: np.ndarray) -> tuple[Combinations, ...]:
    """Learn combinations such as "city, country" from tokens x [N, L]; lists that share a column become one: of whole
    combinations where these recur, else of all that agree with each list, as questions asked of whom another one lets
    through. Of columns that follow from others together there is nothing to learn.

    ValueError for an unknown column, and for columns whose combinations hardly recur.
    """
    known = [column.name for column in encoding.columns]
    groups = _groups(texts, encoding)
    stated = [{known.index(name) for name in together.names_in(text) if name in known} for text in texts]
    return tuple(
        _learn(columns, [sorted(own) for own in stated if own and own <= set(columns)], encoding, x)
        for columns in groups
    )


def restore(texts: Sequence[str], encoding: Encoding, tokens: Sequence[np.ndarray]) -> tuple[Combinations, ...]:
    """Return what `learn` returned, from its tokens."""
    groups = _groups(texts, encoding)
    return tuple(Combinations(*_of(columns, encoding), own) for columns, own in zip(groups, tokens, strict=True))


def check(held: Sequence[Combinations], known: Mapping[int, int], names: Sequence[str]) -> None:
    """ValueError for a condition {place: token} that no combination meets."""
    for own in held:
        given = [k for k, place in enumerate(own.places) if place in known]
        columns = ", ".join(names[c] for c in own.columns)
        if not (own.tokens[:, given] == [known[own.places[k]] for k in given]).all(1).any():
            raise GeneratorError(
                f"expected a condition that a fixed combination of {columns} meets, found none; change one of its "
                "values"
            )


def _of(columns: list[int], encoding: Encoding) -> tuple[tuple[int, ...], tuple[int, ...]]:
    return tuple(columns), tuple(place for c in columns for place in encoding.layout.places[c])


def _groups(texts: Sequence[str], encoding: Encoding) -> list[list[int]]:
    """Return the columns that go together in each list of combinations, by their places."""
    known = [column.name for column in encoding.columns]
    groups = together.merged(map(together.names_in, texts))
    learned = [group for group in groups if not together.hold(group, encoding.derived)]
    for text in texts:
        names = {*together.names_in(text)}
        if len(names) < 2 or any(names & group - {*known} for group in learned):
            such = "a fixed combination such as 'city, country' of two or more learned columns"
            raise GeneratorError(f"expected {such}, found {text!r}; correct it")
    return [sorted(map(known.index, group)) for group in learned]


def _learn(columns: list[int], lists: list[list[int]], encoding: Encoding, x: np.ndarray) -> Combinations:
    own = _recurring(columns, encoding, x)
    if len(lists) > 1 and own.kept(x).mean() < LEAST_JOINED:
        joined = _agreeing(columns, [_recurring(one, encoding, x) for one in lists], encoding)
        own = joined or own
    if own.kept(x).mean() < LEAST_KEPT or len(own.tokens) > MOST_COMBINATIONS:
        names = ", ".join(encoding.columns[c].name for c in columns)
        raise GeneratorError(
            f"expected at most {MOST_COMBINATIONS:,} combinations of {names}, each of {LEAST_ROWS_PER_VALUE} rows or "
            f"more in {LEAST_KEPT:.0%} of the rows; found others; leave a column out of the combination"
        )
    return own


def _recurring(columns: list[int], encoding: Encoding, x: np.ndarray) -> Combinations:
    """Return the combinations that enough rows of tokens x [N, L] have."""
    of, places = _of(columns, encoding)
    tokens, counts = np.unique(x[:, places], axis=0, return_counts=True)
    kept = tokens[counts >= min(LEAST_ROWS_PER_VALUE, len(x))]
    return Combinations(of, places, np.concatenate([kept, _left(tokens, kept)]))


def _agreeing(columns: list[int], lists: Sequence[Combinations], encoding: Encoding) -> Combinations | None:
    """Return all combinations of columns that agree with each list, None where these are too many."""
    of, places = _of(columns, encoding)
    joined = agreeing([pd.DataFrame(own.tokens, columns=list(own.places)) for own in lists])
    return None if joined is None else Combinations(of, places, joined[list(places)].to_numpy("int64"))


def agreeing(lists: Sequence[pd.DataFrame]) -> pd.DataFrame | None:
    """Return the natural join of lists of combinations, each of which shares a column with another one; None where more
    than MOST_COMBINATIONS agree.
    """
    joined, left = lists[0], list(lists[1:])
    while left:
        own = next(one for one in left if set(one) & set(joined))
        left = [one for one in left if one is not own]
        shared = sorted(set(own) & set(joined))
        if (joined.value_counts(shared) * own.value_counts(shared)).sum() > MOST_COMBINATIONS:
            return None
        joined = joined.merge(own, on=shared)
    return joined


def _left(tokens: np.ndarray, kept: np.ndarray) -> np.ndarray:
    """Return the combinations [T, P] of what of the tokens [N, P] is in none of those that are kept [K, P], for two
    places of which one has a single such token.
    """
    alone = [np.setdiff1d(own, known) for own, known in zip(tokens.T, kept.T, strict=True)]
    if len(alone) != 2 or min(len(own) for own in alone) != 1:
        return kept[:0]
    return np.stack(np.meshgrid(*alone, indexing="ij"), -1).reshape(-1, 2)
