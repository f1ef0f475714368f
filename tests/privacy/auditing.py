"""An audit of tabular.marginals on two tables of ten and eleven rows: how well can they be told apart by all answers?

Each fit is replayed on the other table: there every question is asked again and answered as before. So it is known what
each question's exact answer would have been, hence which table explains the answers better (the most powerful test),
whether both tables are asked the same, and whether the same is made of the same answers.
"""

from collections.abc import Callable
from dataclasses import astuple, dataclass
from typing import Any
from unittest import mock

import numpy as np
import pandas as pd
from scipy import stats

from generators import GeneratorError, Privacy, Schema
from generators.encoding.labels import Labels
from generators.marginals import measuring
from generators.privacy import noise
from generators.privacy.ledger import Ledger
from generators.privacy.queries import NoisyQueries
from generators.tabular import marginals

CONFIDENCE = 0.99
LEAST_SPREAD, MOST_MU = 1e-9, 100.0  # where there is no noise
FITS = 250  # of each table
SQUARED = 4.0  # the budget, mu^2
REACH = 1  # rows of a unit
COLUMNS = {
    "a": {"kind": "categorical", "categories": ["x"], "missing": False},
    "b": {"kind": "boolean", "missing": False},
}
ROWS = pd.DataFrame({"a": ["x"] * 10, "b": [False] * 10})
MORE = pd.concat([ROWS, pd.DataFrame({"a": ["unlisted"], "b": [True]})], ignore_index=True)


ENCODE, KNOWN = Labels.encode, {}
PRIVACY = Privacy(20.0, 1e-2, COLUMNS)


@dataclass(frozen=True, eq=False)
class Question:
    """Exact counts, the variance they are charged for, and what was told."""

    counts: np.ndarray
    variance: float
    told: np.ndarray


@dataclass(frozen=True, eq=False)
class Fit:
    """All questions of a fit, what they were charged, and the network that was made of the answers; None where they
    drown the rows.
    """

    questions: list[Question]
    charged: Ledger
    network: measuring.PairModel | None

    @property
    def shapes(self) -> list[tuple[tuple[int, ...], float]]:
        return [(question.counts.shape, question.variance) for question in self.questions]


def fit(frame: pd.DataFrame, answers: list[Question] | None = None) -> Fit:
    """Fit the rows within the budget, with these answers where some are given."""
    asked: list[Question] = []
    noisy, queries = noise.noisy, NoisyQueries(SQUARED, REACH)

    def answer(counts, variance):
        fits = answers is not None and len(asked) < len(answers) and answers[len(asked)].told.shape == counts.shape
        told = answers[len(asked)].told if fits else noisy(counts, variance)
        asked.append(Question(counts, float(variance), told))
        return told

    with mock.patch.object(noise, "noisy", answer), mock.patch.object(Labels, "encode", _encoded):
        try:
            network = marginals.measure(*_conformed(frame), PRIVACY, queries, marginals.Config(bins=2))[1]
        except GeneratorError:
            network = None
    return Fit(asked, Ledger(tuple(queries.events), 1e-2), network)


def _conformed(frame: pd.DataFrame) -> tuple[pd.DataFrame, Schema]:
    """Return rows and schema, made once for each table: that takes most of a fit's time and asks nothing."""
    return _known(("conformed", id(frame)), frame, lambda: PRIVACY.conform(frame))


def _encoded(column: Labels, values: pd.Series) -> np.ndarray:
    return _known((tuple(column.labels), id(values)), values, lambda: ENCODE(column, values))


def _known(key: tuple, kept: object, make: Callable) -> Any:
    if key not in KNOWN:
        KNOWN[key] = kept, make()
    return KNOWN[key][1]


def loss(frame: pd.DataFrame) -> float:
    """Return by how many nats the answers of one fit of `frame` speak for MORE rather than ROWS."""
    first = fit(frame)
    other = fit(ROWS if frame is MORE else MORE, first.questions)
    less, more = (first, other) if frame is ROWS else (other, first)
    assert less.shapes == more.shapes, "one row changes what is asked"
    return sum(
        float(((a.told - a.counts) ** 2 - (b.told - b.counts) ** 2).sum()) / (2 * a.variance)
        for a, b in zip(less.questions, more.questions, strict=True)
    )


def found() -> tuple[float, float]:
    """Return mu as it is found, how many standard deviations apart both tables' losses are, and a lower bound on it at
    CONFIDENCE. (Losses of Gaussian answers are Gaussian: N(-mu^2 / 2, mu^2) and N(mu^2 / 2, mu^2).)
    """
    less, more = (np.array([loss(frame) for _ in range(FITS)]) for frame in (ROWS, MORE))
    spread = np.sqrt((less.var() + more.var()) / 2)
    mu = min((more.mean() - less.mean()) / max(spread, LEAST_SPREAD), MOST_MU)
    return mu, mu - stats.norm.ppf(CONFIDENCE) * np.sqrt((2 + mu**2 / 4) / FITS)


def check_cost() -> None:
    """AssertionError where the tables are told apart better than the ledger allows, or so badly that the audit would
    miss a fault.
    """
    mu, low = found()
    charged = fit(ROWS).charged.mu
    assert low <= charged, f"costs more than is charged: mu of at least {low:.2f}, charged {charged:.2f}"
    assert 0.8 * charged <= mu <= 1.1 * charged, f"found {mu:.2f}, charged {charged:.2f}"


def check_replay(more: pd.DataFrame = MORE) -> None:
    """AssertionError where one row changes anything but answers: what is asked, or what is made of the same answers."""
    first = fit(ROWS)
    other = fit(more, first.questions)
    assert first.shapes == other.shapes, "one row changes what is asked"
    assert _same(first.network, other.network), "one row changes what is made of the same answers"


def _same(one: measuring.PairModel | None, other: measuring.PairModel | None) -> bool:
    if one is None or other is None:
        return one is other
    return all(
        len(a) == len(b) and all(map(np.array_equal, a, b)) if isinstance(a, list) else a == b
        for a, b in zip(astuple(one), astuple(other), strict=True)
    )
