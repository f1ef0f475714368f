"""Counting queries: how many rows meet a few conditions at once, as an analyst would ask."""

from __future__ import annotations

import numpy as np

from launderette.evaluation.samples import Samples
from launderette.evaluation.streams import RandomStream, generator

QUERIES = 500
CONDITIONS = 3  # at most, each on its own column, and two at least where there are two columns

Condition = tuple[str, float, float]  # column, and the ends of a closed range; a label's code twice


def draw(samples: Samples, seed: int) -> list[list[Condition]]:
    """Random conjunctions: a label of some training row, or a range between two training values."""
    rng = generator(seed, RandomStream.QUERIES)
    train = samples.table("train")
    values = {c: _known(samples, train[c].to_numpy(), c) for c in samples.known}
    queries = []
    for _ in range(QUERIES):
        size = min(int(rng.integers(2, 1 + CONDITIONS)), len(samples.known))
        chosen = [samples.known[i] for i in rng.permutation(len(samples.known))[:size]]
        queries.append([_condition(samples, c, values[c], rng) for c in chosen])
    return queries


def _known(samples: Samples, values: np.ndarray, column: str) -> np.ndarray:
    return values[samples.is_present(column, values)]


def _condition(samples: Samples, column: str, values: np.ndarray, rng: np.random.Generator) -> Condition:
    low, high = np.sort(rng.choice(values, 2))
    return (column, float(low), float(high)) if samples.is_number(column) else (column, float(low), float(low))


def answers(samples: Samples, role: str, rows: np.ndarray, queries: list[list[Condition]]) -> np.ndarray:
    """Whether each row meets each query: bool [queries, rows]."""
    table = {c: samples.table(role)[c].to_numpy()[rows] for c in samples.known}
    met = np.ones((len(queries), len(rows)), dtype=bool)
    for answer, query in zip(met, queries, strict=True):
        for column, low, high in query:
            answer &= (table[column] >= low) & (table[column] <= high)
    return met
