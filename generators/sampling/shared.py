"""What rows of one entity share in a chain p(x_l | x_<l), beyond what one row tells: a random effect of each token.

Row i is drawn by inverting each conditional CDF at u_l (Rosenblatt 1952). With E of the entity and e of the row, both
standard normal, u_l = Phi(a_l E + sqrt(1 - a_l^2) e): every row is still of the model's own distribution, and rows of
one entity go together by a Gaussian copula. a_l maximises the likelihood of the training rows' intervals of u_l with E
integrated out by quadrature (a probit model with random intercepts, Gibbons and Hedeker 1994). Labels have no order:
whoever changes a job may have any other. Where that is likelier, u_l is the entity's with probability k_l, else the
row's own. Where every entity keeps a column, a_l is 1: those columns come first, so that equal u are equal tokens.

Rows of one visit of an entity have one e in the columns that visits keep, which come next. Labels that no visit has
twice are drawn without replacement, by systematic sampling in an order of their own for each visit (Madow 1949).
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor
from torch.quasirandom import SobolEngine
from torch.special import ndtr, ndtri

from launderette.generators.encoding.encoding import Encoding
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


def measure(
    intervals: Intervals,
    x: Tensor,
    owners: np.ndarray,
    encoding: Encoding,
    seed: int,
) -> tuple[Tensor, bool]:
    """Return a and k of a model of tokens x [N, L], whose rows belong to owners [N]: [2, L]; and whether an entity's
    rows lie evenly in time.

    Rows that follow one another and agree in all that visits keep count as one visit.
    """
    panel, layout = _panel(encoding), encoding.layout
    kept, visited = set(layout.tokens(range(panel.kept))), layout.tokens(panel.visited)
    sizes, turn = np.bincount(owners), randomness.generator(seed, "entities").permutation(owners.max() + 1)
    turn = turn[sizes[turn] > 1]
    if len(turn) < LEAST_ENTITIES:
        return torch.zeros(2, x.shape[1], dtype=torch.float64), False
    turn = turn[: np.searchsorted(sizes[turn].cumsum(), MOST_MEASURED_ROWS) + 1]
    rows = np.flatnonzero(np.isin(owners, turn))
    own = torch.from_numpy(np.unique(owners[rows], return_inverse=True)[1])
    ends = [end.double().cpu().clamp(0, 1) for end in intervals(x[torch.from_numpy(rows)])]
    every, first = slice(None), _first_of_visits(x[torch.from_numpy(rows)][:, visited], own) if visited else slice(None)
    distinct = layout.tokens([panel.kept + panel.of_visit]) if panel.distinct else []

    def effect(l: int) -> tuple[float, float]:
        if l in kept or l in distinct:
            return float(l in kept), 0.0
        chosen = first if l in visited else every
        return _likelier(ends[0][chosen, l], ends[1][chosen, l], own[chosen])

    chosen = first if panel.time_of_visit else every
    even = panel.time is not None and _even((ends[0] + ends[1])[chosen, panel.time].numpy() / 2, own[chosen].numpy())
    return torch.tensor([effect(l) for l in range(x.shape[1])], dtype=torch.float64).t().contiguous(), even


def _first_of_visits(x: Tensor, own: Tensor) -> Tensor:
    """Return the first row of all that agree in the tokens x [rows, visited] and belong to one entity `own` [rows]."""
    keys = torch.cat([own[:, None], x], 1).numpy()
    return torch.from_numpy(np.sort(np.unique(keys, axis=0, return_index=True)[1]))


def _even(times: np.ndarray, own: np.ndarray) -> bool:
    """Tell whether times [rows] of entities `own` [rows], in order, lie more evenly than by chance: the gaps of m
    uniforms vary about as much as they are long, of one in each of m parts .4 of that.
    """
    several = (np.bincount(own) >= LEAST_TIMES)[own]
    gaps = pd.Series(times[several]).groupby(own[several])
    uneven = gaps.agg(lambda values: np.diff(values).std() / max(np.diff(values).mean(), TIE))
    return bool(several.any() and uneven.mean() < MOST_UNEVEN)


def _panel(encoding: Encoding) -> Panel:
    assert encoding.panel is not None
    return encoding.panel


def told(encoding: Encoding, effects: Tensor, even: bool) -> dict[str, Any]:
    """Return what a record of training tells of entities: their column, what they keep, what their rows are in the
    order of and whether evenly, or at regular times, and how strongly they share other columns, a or k of its first
    token.
    """
    panel, names = _panel(encoding), [column.name for column in encoding.columns]
    rest = range(panel.kept, len(names))
    strong = {names[k]: a for k in rest if (a := round(float(effects[:, k].max()), 3))}
    in_order = {"in_order_of": names[panel.time]} if panel.time is not None else {}
    evenly = {"regularly": True} if encoding.arrivals else {"evenly": True} if even else {}
    once = {"once": names[panel.visited.stop]} if panel.distinct else {}
    visits = {"visits": {"of": panel.visit, "kept": [names[k] for k in panel.visited], **once}} if panel.visit else {}
    return {"of": panel.owner, "kept": names[: panel.kept], **in_order, **evenly, "shared": strong, **visits}


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
        layout, panel = encoding.layout, _panel(encoding)
        self.groups, self.panel, self.seed = encoding.groups, panel, seed
        (self.effects, self.shares), self.columns, self.even = effects.cpu().numpy(), len(layout.places), even
        self.kept, self.visited = (layout.tokens(own) for own in (range(panel.kept), panel.visited))  # tokens
        self.fine, self.fine_of_visits = (  # that come after tokens which rows do not share
            [place for place in own if place >= self.columns] for own in (self.kept, self.visited)
        )
        self.time = [] if panel.time is None else layout.tokens([panel.time])
        self._longest, self._numbers = entities.longest(self.groups, panel.owner), dict[str, np.ndarray]()
        self._seeds = {attempt_seed(seed, k): attempt_seed(seed, k - k % RETRIED) for k in range(MOST_CHUNKS)}

    def mixed(self, u: np.ndarray, seed: int, numbers: np.ndarray) -> np.ndarray:
        """Return what rows `numbers` [B] are drawn by in an attempt, given uniforms u of their own
        [B, columns + 1 + L for each candidate].
        """
        u = self._shared(u, seed, numbers, self.visited)
        if self.panel.distinct:
            u[:, self.columns + 1 + self.panel.visited.stop :: len(self.effects)] = self._once(numbers, seed)[:, None]
        return u

    def alone(self, u: np.ndarray, seed: int, numbers: np.ndarray) -> np.ndarray:
        """Return what the entity of each of the rows is drawn by itself by, of the width of u."""
        u, E = u.copy(), self.of_entities(numbers, self._seeds[seed])[:, self.columns :]
        u[:, self.columns + 1 :] = np.tile(E, (u.shape[1] - self.columns - 1) // E.shape[1])
        return u

    def of_visits_alone(self, u: np.ndarray, seed: int, numbers: np.ndarray) -> np.ndarray:
        """Return what the visit of each of the rows is drawn by itself by, of the width of u."""
        return self._shared(u, seed, numbers, list(range(len(self.effects))))

    def _shared(self, u: np.ndarray, seed: int, numbers: np.ndarray, visited: list[int]) -> np.ndarray:
        """Return `mixed`, where rows of a visit share the tokens `visited`, before labels that come once."""
        u, changes, seed = u.copy(), self._changes(numbers, seed, visited), self._seeds[seed]
        E, L, kept, panel = self.of_entities(numbers, seed), len(self.effects), self.panel.kept, self.panel
        u[:, :kept] = E[:, :kept]
        shared, V, ascending = E[:, self.columns :], None, None
        if visited:
            V = self._of(self.of_visits(numbers), seed, "visits", self.columns + L)
            u[:, panel.visited] = V[:, panel.visited]
        if panel.time is not None and (panel.time_of_visit or len(visited) < L):
            ascending = self._ascending(numbers, seed)
            u[:, panel.time] = ascending[:, 0]
        for first in range(self.columns + 1, u.shape[1], L):
            own = u[:, first : first + L]
            if V is not None:
                own[:, visited] = V[:, self.columns :][:, visited]
            if ascending is not None:
                own[:, self.time] = ascending[:, 1 : 1 + len(self.time)]
            own[:] = np.where(changes, _together(shared, own, self.effects), shared)
        return u

    def _changes(self, numbers: np.ndarray, seed: int, visited: list[int]) -> np.ndarray:
        """Return which tokens of the rows, or of their visits, are not the entity's own, with probability 1 - k: bool
        [rows, L].
        """
        if not self.shares.any():
            return np.ones(1, dtype=bool)
        u = self._of(numbers, seed, "changes", len(self.shares))
        if visited:
            own = self._of(self.of_visits(numbers), self._seeds[seed], "changes of visits", len(self.shares))
            u[:, visited] = own[:, visited]
        return u >= self.shares

    @staticmethod
    def _of(numbers: np.ndarray, seed: int, what: str, width: int) -> np.ndarray:
        """Return uniforms of units `numbers` [rows], the same for equal ones: [rows, width]."""
        first, count = int(numbers.min()), int(np.ptp(numbers)) + 1
        return randomness.row_uniforms(randomness.key(seed, what), first, count, width)[numbers - first]

    def of_entities(self, numbers: np.ndarray, seed: int) -> np.ndarray:
        """Return the uniforms of the entities of rows `numbers`: [rows, columns + L]."""
        own, width = self.entities(numbers), self.columns + len(self.effects)
        first, count = int(own.min()), int(np.ptp(own)) + 1
        points = randomness.row_sobol if width <= SobolEngine.MAXDIM else randomness.row_uniforms
        return points(randomness.key(seed, "entities"), first, count, width)[own - first]

    def entities(self, numbers: np.ndarray) -> np.ndarray:
        """Return the numbers of the entities of rows `numbers`, int64 [rows], in the order of their first rows."""
        return self._numbered(numbers, self.panel.owner)

    def of_visits(self, numbers: np.ndarray) -> np.ndarray:
        """Return the numbers of the visits of rows `numbers`, int64 [rows], in the order of their first rows."""
        return self._numbered(numbers, self.panel.visit)

    def _numbered(self, numbers: np.ndarray, name: str) -> np.ndarray:
        stop = int(numbers.max()) + 1
        if stop > len(self._numbers.get(name, ())):
            found = entities.numbers(self.groups, stop + stop // 4, self.seed)
            self._numbers |= {own: in_turn(found[own]) for own in (self.panel.owner, self.panel.visit) if own}
        return self._numbers[name][numbers]

    def _window(self, numbers: np.ndarray) -> np.ndarray:
        """Return row numbers that hold all rows of the entities of rows `numbers`, and others."""
        return np.arange(max(0, int(numbers.min()) - self._longest), int(numbers.max()) + 1 + self._longest)

    def _ascending(self, numbers: np.ndarray, seed: int) -> np.ndarray:
        """Return some uniforms of each of the rows, [rows, DRAWS_PER_COUNT], for the place in a cell and the tokens:
        those of an entity's rows, or visits, ascend, so that equal cells are split in order too.
        """
        window = self._window(numbers)
        units = self.of_visits(window) if self.panel.time_of_visit else window
        place, rows = np.unique(units, return_index=True)
        own = self.entities(window[rows])
        u = self._of(place, seed, "in time", DRAWS_PER_COUNT)
        found = np.stack([column[np.lexsort((column, own))] for column in u.T], 1)
        if self.even:
            start, end = (np.searchsorted(own, own, side) for side in ("left", "right"))
            found[:, 1] = (np.arange(len(own)) - start + u[:, 1]) / (end - start)
        return found[np.searchsorted(place, units[numbers - window[0]])]

    def _once(self, numbers: np.ndarray, seed: int) -> np.ndarray:
        """Return a uniform of each of the rows that leads to other labels in each row of a visit: float64 [rows]."""
        window = self._window(numbers)
        visits = self.of_visits(window)
        start, end = (np.searchsorted(visits, visits, side)[numbers - window[0]] for side in ("left", "right"))
        shares = np.array(self.panel.distinct)
        chances = self._of(self.of_visits(numbers), self._seeds[seed], "once", len(shares) + 1)
        points = (numbers - window[0] - start + chances[:, -1]) / (end - start)
        widths = np.stack([_at_most_once(shares, m) for m in range(1, int((end - start).max()) + 1)])[end - start - 1]
        return _through(points, widths, chances[:, :-1].argsort(1), shares)


def _at_most_once(shares: np.ndarray, count: int) -> np.ndarray:
    """Return probabilities as near to `shares` [labels] as leaves none that comes oftener than once among `count`."""
    found, most = shares / shares.sum(), max(1 / count, 1 / len(shares))
    for _ in shares:
        if (found <= most + TIE).all():
            break
        free = found < most
        found = np.where(free, found * (1 - most * (~free).sum()) / max(found[free].sum(), TIE), most)
    return found / found.sum()


def _through(points: np.ndarray, widths: np.ndarray, order: np.ndarray, shares: np.ndarray) -> np.ndarray:
    """Return the uniforms that lead to the labels which `points` [rows] meet where labels of some widths stand in the
    `order` of each row, both [rows, labels], by the labels' own shares [labels].
    """
    ends = np.take_along_axis(widths, order, 1).cumsum(1)
    met = (ends <= points[:, None]).sum(1).clip(max=len(shares) - 1)
    label = order[np.arange(len(points)), met]
    width = widths[np.arange(len(points)), label]
    inside = 1 - (ends[np.arange(len(points)), met] - points) / np.maximum(width, TIE)
    below = np.concatenate([[0.0], shares.cumsum()])
    return np.clip(below[label] + inside.clip(0, 1) * shares[label], 0, BELOW_ONE)


def _together(shared: np.ndarray, own: np.ndarray, effects: np.ndarray) -> np.ndarray:
    """Return uniforms of the entity's and the row's own, each [rows, L], by the entity's effects [L]."""
    E, e = (ndtri(torch.from_numpy(u)).numpy() for u in (shared, own))
    mixed = ndtr(torch.from_numpy(effects * E + np.sqrt(1 - effects**2) * e)).numpy()
    return np.where(effects == 1, shared, np.where(effects == 0, own, np.minimum(mixed, BELOW_ONE)))
