"""The distribution of largest entropy that has given tables of pairs, on a graph whose families are small."""

from collections.abc import Mapping, Sequence

import numpy as np

from launderette.generators.marginals.graphs import Edge, Order, tour
from launderette.generators.marginals.projection import LEAST_DIVISOR

TOURS = 25  # through all families
UNDAMPED_TOURS = 8  # after which each tour changes less: tables that noise has set against each other are averaged


def fitted(order: Order, margins: Sequence[np.ndarray], pairs: Mapping[Edge, np.ndarray]) -> list[np.ndarray]:
    """Return for each column p(its group | groups of its parents), float64 [G of each parent, G].

    Tables are fitted in turn (Deming and Stephan 1940), family by family along the junction tree, so that each needs
    the table of one family alone (Jirousek and Preucil 1995). All tables have one total.
    """
    share = [own / own.sum() for own in margins]
    joint = {k: _outer([share[c] for c in order.family(k)]) for k in order.columns}
    own: dict[int, list[tuple[Edge, np.ndarray]]] = {k: [] for k in joint}
    for pair, table in pairs.items():
        own[_of(pair, order)].append((pair, table / table.sum()))
    walk = tour(order)
    for turn in range(TOURS if len(walk) < len(pairs) * 2 else 1):  # a tree needs one
        power = min(1.0, UNDAMPED_TOURS / (turn + 1))
        _fit(joint, order.columns[0], own, order, power)
        for source, target in walk:
            _pass(joint, source, target, order)
            _fit(joint, target, own, order, power)
    for source, target in walk:
        _pass(joint, source, target, order)
    return [_conditional(joint[k], share[k]) for k in range(len(margins))]


def _of(pair: Edge, order: Order) -> int:
    """Return the later of two columns: its family holds both."""
    return max(pair, key=order.place.__getitem__)


def _outer(vectors: list[np.ndarray]) -> np.ndarray:
    found = np.ones(())
    for vector in vectors:
        found = found[..., None] * vector
    return found


def _sums(table: np.ndarray, family: Sequence[int], kept: Sequence[int]) -> np.ndarray:
    """Return the sums over all columns of a family but those kept, of size 1 along the others."""
    return table.sum(tuple(k for k, column in enumerate(family) if column not in kept), keepdims=True)


def _fit(
    joint: dict[int, np.ndarray], k: int, own: Mapping[int, list[tuple[Edge, np.ndarray]]], order: Order, power: float
) -> None:
    """Change the table of k's family so that it has the tables of its pairs, or a power of that change."""
    family = order.family(k)
    for (a, b), table in own[k]:
        found = _sums(joint[k], family, (a, b))
        wanted = (table if family.index(a) < family.index(b) else table.T).reshape(found.shape)
        joint[k] *= (wanted / np.maximum(found, LEAST_DIVISOR)) ** power


def _pass(joint: dict[int, np.ndarray], source: int, target: int, order: Order) -> None:
    """Change the table of a family so that it agrees with that of a neighbour on the columns that they share."""
    shared = order.parents[target if order.anchor(target) == source else source]
    told = _sums(joint[source], order.family(source), shared)
    found = _sums(joint[target], order.family(target), shared)
    told = told.reshape(found.shape)  # both in the one order of columns
    joint[target] *= told / np.maximum(found, LEAST_DIVISOR)


def _conditional(table: np.ndarray, share: np.ndarray) -> np.ndarray:
    """Return p(last column | others) of a joint table, its share alone where the others never occur."""
    whole = table.sum(-1, keepdims=True)
    return np.where(whole > 0, table / np.where(whole > 0, whole, 1), share)
