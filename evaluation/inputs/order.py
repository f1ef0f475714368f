"""Do the released rows stand in the order of the training rows? Whoever knows that order knows whom each was made from,
though no row is a copy.

A released row that was made from the training row at its own place is nearer to it than to one some places on. Of rows
drawn without regard to the order half are, in each column: a sign test. It has to say so of every move of a few places
either way, and only columns in which the released rows themselves stand in no order are asked: two tables that are
sorted by time, or hold the same years of everybody, stand alike without anybody being told.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.stats import binom

from launderette.evaluation.copies import likeness
from launderette.evaluation.inputs.findings import Finding, judged
from launderette.evaluation.samples import Samples

LEAST_ROWS_IN_ORDER, ROWS_IN_ORDER = 200, 5000  # compared: of more rows the first ones
PLACES_MOVED = 60  # places that rows are moved, either way
ROW_MOVES = [move for places in range(1, PLACES_MOVED + 1) for move in (places, -places)]
SERIAL_ERRORS = 4.0  # standard errors of an autocorrelation by which a column stands in an order of its own
ORDER_BY_CHANCE = 1e-6  # chance of a false refusal, of all columns together


@dataclass(frozen=True)
class NearerInPlace:
    """Released rows nearer to the training row at their place than to that some places on, of those that are not as
    near to both, and how many chance explains.
    """

    hits: int
    told: int
    most: float


def check(samples: Samples) -> Finding | None:
    """Whether a column shows the order of the training rows; None of few rows, or where all columns stand in an order
    of their own.
    """
    rows = min(ROWS_IN_ORDER, samples.size("train"), samples.size("synthetic"))
    places = {name: _places(samples, name, rows) for name in samples.known}
    asked = {name: pair for name, pair in places.items() if rows >= LEAST_ROWS_IN_ORDER and not _serial(pair[1])}
    if not asked:
        return None
    found = {name: _least(pair, ORDER_BY_CHANCE / len(asked)) for name, pair in asked.items()}
    name = max(found, key=lambda column: found[column].hits - found[column].most)
    one = found[name]
    said = (
        f"In column {str(name)!r} {one.hits:,} of {one.told:,} released rows are nearer to the training row at their "
        f"own place than to another near that place; chance explains {one.most:,.0f}."
    )
    return judged("order", one.hits, one.most, (said, f"{said} Whoever knows the order knows whom each was made from."))


def _places(samples: Samples, name: str, rows: int) -> np.ndarray:
    """Where values of training and of released rows lie in one column: float64 [2, rows]."""
    column = likeness.columns(samples)[name]
    return np.stack([column.places(samples.table(role)[name].to_numpy()[:rows]) for role in ("train", "synthetic")])


def _serial(values: np.ndarray) -> bool:
    """Whether values go with those some places before them."""
    x = values - values.mean()
    products = [float(x[places:] @ x[:-places]) for places in range(1, PLACES_MOVED + 1)]
    return bool(np.abs(products).max() * np.sqrt(len(x)) > SERIAL_ERRORS * max(float(x @ x), 1e-12))


def _least(places: np.ndarray, level: float) -> NearerInPlace:
    """What the move says that says least of all."""
    train, drawn = places
    own, found = np.abs(drawn - train), []
    for move in ROW_MOVES:
        other = np.abs(drawn - np.roll(train, -move))
        hits, told = int((own < other).sum()), int((own != other).sum())
        found.append(NearerInPlace(hits, told, float(binom.isf(level, told, 0.5)) if told else 0.0))
    return min(found, key=lambda one: one.hits - one.most)
