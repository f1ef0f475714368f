"""What rows of one entity share in a chain p(x_l | x_<l), beyond what one row tells: a random effect of each token.

Row i is drawn by inverting each conditional CDF at u_l (Rosenblatt 1952). With E of the entity and e of the row, both
standard normal, u_l = Phi(a_l E + sqrt(1 - a_l^2) e): every row is still of the model's own distribution, and rows of
one entity go together by a Gaussian copula. a_l maximises the likelihood of the training rows' intervals of u_l with E
integrated out by quadrature (a probit model with random intercepts, Gibbons and Hedeker 1994). Labels have no order:
whoever changes a job may have any other. Where that is likelier, u_l is the entity's with probability k_l, else the
row's own. Where every entity keeps a column, a_l is 1: those columns come first, so that equal u are equal tokens.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor
from torch.quasirandom import SobolEngine
from torch.special import ndtr, ndtri

from launderette.generators.encoding.encoder import Encoding
from launderette.generators.identifiers import entities
from launderette.generators.identifiers.panels import LEAST_ENTITIES, Panel, in_turn
from launderette.generators.sampling.rows import MOST_CHUNKS, RETRIED, attempt_seed
from launderette.generators.training import randomness
from launderette.generators.training.randomness import DRAWS_PER_COUNT

EFFECTS = (0.15, 0.3, 0.45, 0.6, 0.75, 0.85, 0.93, 0.97, 0.99, 0.998)  # a, of which the likeliest is taken
SHARES = (0.1, 0.25, 0.4, 0.55, 0.7, 0.8, 0.88, 0.94, 0.98)  # k, likewise
LEAST_GAIN = 3.0  # nats of likelihood for which an effect is taken
NODES = 64  # of the quadrature, each of the same probability
MOST_MEASURED_ROWS = 3000
LEAST_PROBABILITY = 1e-12  # of an interval, as float64 tells two ends apart
LEAST_TIMES, MOST_UNEVEN = 4, 0.7  # rows of an entity whose gaps are looked at; their deviation over their mean
TIE = 1e-9
BELOW_ONE = np.nextafter(1, 0)

Intervals = Callable[[Tensor], tuple[Tensor, Tensor]]  # tokens [B, L] -> both ends of the u that give them, [B, L]


def measure(intervals: Intervals, x: Tensor, owners: np.ndarray, encoding: Encoding, seed: int) -> tuple[Tensor, bool]:
    """Return a and k of a model of tokens x [N, L], whose rows belong to owners [N]: [2, L]; and whether an entity's
    rows lie evenly in time.
    """
    kept = {place for own in encoding.layout.places[: _panel(encoding).kept] for place in own}
    sizes, turn = np.bincount(owners), randomness.generator(seed, "entities").permutation(owners.max() + 1)
    turn = turn[sizes[turn] > 1]
    if len(turn) < LEAST_ENTITIES:
        return torch.zeros(2, x.shape[1], dtype=torch.float64), False
    turn = turn[: np.searchsorted(sizes[turn].cumsum(), MOST_MEASURED_ROWS) + 1]
    rows = np.flatnonzero(np.isin(owners, turn))
    own = torch.from_numpy(np.unique(owners[rows], return_inverse=True)[1])
    ends = [end.double().cpu().clamp(0, 1) for end in intervals(x[torch.from_numpy(rows)])]
    columns = [(ends[0][:, l], ends[1][:, l]) for l in range(x.shape[1])]
    found = [(1.0, 0.0) if l in kept else _likelier(*column, own) for l, column in enumerate(columns)]
    panel = _panel(encoding)
    even = panel.timed and _even((ends[0] + ends[1])[:, panel.kept].numpy() / 2, own.numpy())
    return torch.tensor(found, dtype=torch.float64).t().contiguous(), even


def _even(times: np.ndarray, own: np.ndarray) -> bool:
    """Tell whether times [rows] of entities `own` [rows], in order, lie more evenly than by chance: the gaps of m
    uniforms vary about as much as they are long, of one in each of m parts .4 of that.
    """
    gaps = pd.Series(times).groupby(own).agg(lambda values: np.diff(values).std() / max(np.diff(values).mean(), TIE))
    several = np.bincount(own) >= LEAST_TIMES
    return bool(several.any() and gaps[several].mean() < MOST_UNEVEN)


def _panel(encoding: Encoding) -> Panel:
    assert encoding.panel is not None
    return encoding.panel


def told(encoding: Encoding, effects: Tensor, even: bool) -> dict[str, Any]:
    """Return what a record of training tells of entities: their column, what they keep, what their rows are in the
    order of and whether evenly, and how strongly they share other columns, a or k of its first token.
    """
    panel, names = _panel(encoding), [column.name for column in encoding.columns]
    rest = range(panel.kept, len(names))
    strong = {names[k]: a for k in rest if (a := round(float(effects[:, k].max()), 3))}
    in_order = {"in_order_of": names[panel.kept]} if panel.timed else {}
    evenly = {"evenly": True} if even else {}
    return {"of": panel.owner, "kept": names[: panel.kept], **in_order, **evenly, "shared": strong}


def _likelier(low: Tensor, high: Tensor, own: Tensor) -> tuple[float, float]:
    """Return a and k of uniforms within [low, high], both [rows], of entities `own` [rows]: one of them is 0."""
    ends, base = (ndtri(low), ndtri(high)), float((high - low).clamp(min=LEAST_PROBABILITY).log().sum())
    effect, gained = _likeliest(EFFECTS, lambda a: _of_effect(a, *ends, own) - base)
    share, more = _likeliest(SHARES, lambda k: _of_share(k, low, high, own) - base)
    return (0.0, share) if more > gained else (effect, 0.0)


def _likeliest(values: Sequence[float], gain: Callable[[float], float]) -> tuple[float, float]:
    """Return the value of most gain, and that; 0 where there is little. The gain has one maximum, so that it is sought
    from the first value upwards.
    """
    best = 0.0, LEAST_GAIN
    for place, value in enumerate(values):
        if (found := gain(value)) > best[1]:
            best = value, found
        elif place > 1:
            break
    return best


def _of_effect(a: float, low: Tensor, high: Tensor, own: Tensor) -> float:
    """Return the log-likelihood of a, given normal scores of both ends [rows]."""
    nodes = ndtri((torch.arange(NODES, dtype=torch.float64) + 0.5) / NODES)
    spread = (1 - a**2) ** 0.5
    upper, lower = (ndtr((end[:, None] - a * nodes) / spread) for end in (high, low))
    return _by_entity(upper - lower, own)


def _of_share(k: float, low: Tensor, high: Tensor, own: Tensor) -> float:
    """Return the log-likelihood of k, given both ends [rows]."""
    nodes = (torch.arange(NODES, dtype=torch.float64) + 0.5) / NODES
    inside = (low[:, None] <= nodes) & (nodes < high[:, None])
    return _by_entity(k * inside + (1 - k) * (high - low)[:, None], own)


def _by_entity(p: Tensor, own: Tensor) -> float:
    """Return the log-likelihood of rows of probabilities p [rows, NODES] given their entity's node."""
    log_p = p.clamp(min=LEAST_PROBABILITY).log()
    summed = torch.zeros(int(own.max()) + 1, NODES, dtype=torch.float64).index_add(0, own, log_p)
    return float((summed.logsumexp(1) - np.log(NODES)).sum())


class EntityEffects:
    """How the rows of one sample share, by a and k of a model's tokens [2, L] and the sample's seed.

    Entities are as even as Sobol points, so that few of them still have the model's shares.
    """

    def __init__(self, encoding: Encoding, effects: Tensor, even: bool, seed: int) -> None:
        places, panel = encoding.layout.places, _panel(encoding)
        self.groups, self.panel, self.seed = encoding.groups, panel, seed
        (self.effects, self.shares), self.columns, self.even = effects.cpu().numpy(), len(places), even
        self.fine = [place for own in places[: panel.kept] for place in own[1:]]  # of what entities keep
        self.time = list(places[panel.kept]) if panel.timed else []
        self._longest, self._entities = entities.longest(self.groups, panel.owner), np.zeros(0, dtype="int64")
        self._seeds = {attempt_seed(seed, k): attempt_seed(seed, k - k % RETRIED) for k in range(MOST_CHUNKS)}

    def mixed(self, u: np.ndarray, seed: int, numbers: np.ndarray) -> np.ndarray:
        """Return what rows `numbers` [B] are drawn by in an attempt, given uniforms u of their own
        [B, columns + 1 + L for each candidate].
        """
        u, changes, seed = u.copy(), self._changes(numbers, seed), self._seeds[seed]
        E, L, kept = self.of_entities(numbers, seed), len(self.effects), self.panel.kept
        u[:, :kept] = E[:, :kept]
        shared, ascending = E[:, self.columns :], None
        if self.panel.timed:
            ascending = self._ascending(numbers, seed)
            u[:, kept] = ascending[:, 0]
        for first in range(self.columns + 1, u.shape[1], L):
            own = u[:, first : first + L]
            if ascending is not None:
                own[:, self.time] = ascending[:, 1 : 1 + len(self.time)]
            own[:] = np.where(changes, _together(shared, own, self.effects), shared)
        return u

    def _changes(self, numbers: np.ndarray, seed: int) -> np.ndarray:
        """Return which tokens of the rows are not the entity's own, with probability 1 - k: bool [rows, L]."""
        if not self.shares.any():
            return np.ones(1, dtype=bool)
        first, count = int(numbers.min()), int(np.ptp(numbers)) + 1
        u = randomness.row_uniforms(randomness.key(seed, "changes"), first, count, len(self.shares))
        return u[numbers - first] >= self.shares

    def alone(self, u: np.ndarray, seed: int, numbers: np.ndarray) -> np.ndarray:
        """Return what the entity of each of the rows is drawn by itself by, of the width of u."""
        u, E = u.copy(), self.of_entities(numbers, self._seeds[seed])[:, self.columns :]
        u[:, self.columns + 1 :] = np.tile(E, (u.shape[1] - self.columns - 1) // E.shape[1])
        return u

    def of_entities(self, numbers: np.ndarray, seed: int) -> np.ndarray:
        """Return the uniforms of the entities of rows `numbers`: [rows, columns + L]."""
        own, width = self.entities(numbers), self.columns + len(self.effects)
        first, count = int(own.min()), int(np.ptp(own)) + 1
        points = randomness.row_sobol if width <= SobolEngine.MAXDIM else randomness.row_uniforms
        return points(randomness.key(seed, "entities"), first, count, width)[own - first]

    def entities(self, numbers: np.ndarray) -> np.ndarray:
        """Return the numbers of the entities of rows `numbers`, int64 [rows], in the order of their first rows."""
        stop = int(numbers.max()) + 1
        if stop > len(self._entities):
            self._entities = in_turn(entities.numbers(self.groups, stop + stop // 4, self.seed)[self.panel.owner])
        return self._entities[numbers]

    def _ascending(self, numbers: np.ndarray, seed: int) -> np.ndarray:
        """Return some uniforms of each of the rows, [rows, DRAWS_PER_COUNT], for the place in a cell and the tokens:
        those of an entity's rows ascend, so that equal cells are split in order too.
        """
        first = max(0, int(numbers.min()) - self._longest)
        window = np.arange(first, int(numbers.max()) + 1 + self._longest)  # all rows of their entities, and others
        u = randomness.row_uniforms(randomness.key(seed, "in time"), first, len(window), DRAWS_PER_COUNT)
        own = self.entities(window)
        found = np.stack([column[np.lexsort((column, own))] for column in u.T], 1)
        if self.even:
            start, end = (np.searchsorted(own, own, side) for side in ("left", "right"))
            found[:, 1] = (np.arange(len(own)) - start + u[:, 1]) / (end - start)
        return found[numbers - first]


def _together(shared: np.ndarray, own: np.ndarray, effects: np.ndarray) -> np.ndarray:
    """Return uniforms of the entity's and the row's own, each [rows, L], by the entity's effects [L]."""
    E, e = (ndtri(torch.from_numpy(u)).numpy() for u in (shared, own))
    mixed = ndtr(torch.from_numpy(effects * E + np.sqrt(1 - effects**2) * e)).numpy()
    return np.where(effects == 1, shared, np.where(effects == 0, own, np.minimum(mixed, BELOW_ONE)))
