"""Networks of pairs: sums are exact against enumeration, fitted tables are met, and a ring of pairs is kept."""

from itertools import combinations, product

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import generators
from generators.marginals import estimation, graphs, groups, measuring, redundancy
from generators.marginals.histograms import Histogram
from generators.privacy.queries import Answer
from generators.tabular._network import Model

SIZES = (3, 2, 4, 2, 3)
EDGES = ((0, 1), (1, 2), (2, 3), (0, 3), (3, 4))  # a ring and a tail


def tables(seed=0):
    """Return a joint distribution of pairs, its margins and its tables of EDGES."""
    stream, joint = np.random.default_rng(seed), np.ones(SIZES)
    for a, b in EDGES:
        shape = [SIZES[k] if k in (a, b) else 1 for k in range(len(SIZES))]
        joint = joint * np.exp(stream.normal(0, 1.2, (SIZES[a], SIZES[b]))).reshape(shape)
    joint /= joint.sum()
    margins = [joint.sum(tuple(set(range(len(SIZES))) - {k})) for k in range(len(SIZES))]
    return joint, margins, {(a, b): joint.sum(tuple(set(range(len(SIZES))) - {a, b})) for a, b in EDGES}


@pytest.fixture(scope="module")
def model():
    joint, margins, pairs = tables()
    order = graphs.ordered(pairs, SIZES)
    given_ = [torch.from_numpy(own) for own in estimation.fitted(order, margins, pairs)]
    own, cells = [torch.arange(n) for n in SIZES], [torch.ones(n, dtype=torch.float64) for n in SIZES]
    return joint, Model(order.columns, order.parents, own, cells, given_)


def enumerated(network):
    rows = torch.tensor(list(product(*map(range, SIZES))))
    return torch.exp(-network(rows)).reshape(SIZES).numpy()


def test_the_distribution_of_largest_entropy_with_given_tables_is_found(model):
    joint, network = model
    assert np.abs(enumerated(network) - joint).max() < 1e-3
    assert network.entropy() == pytest.approx(-(joint * np.log(joint)).sum(), abs=0.01)


def test_rows_follow_the_distribution_under_weights_and_known_columns(model):
    _, network = model
    p, rows = enumerated(network), 40_000
    u = torch.from_numpy(np.random.default_rng(1).random((rows, 2 * len(SIZES))))
    weights = {2: torch.tensor([1.0, 0.0, 0.5, 0.0], dtype=torch.float64)}
    known = {4: torch.arange(rows) % 3}
    drawn = network.draw(u, weights, known).numpy()
    for value in range(3):
        wanted = p[..., value] * np.array([1, 0, 0.5, 0])[:, None]
        own = drawn[drawn[:, 4] == value]
        found = np.histogramdd(own[:, :4], bins=[np.arange(n + 1) - 0.5 for n in SIZES[:4]])[0] / len(own)
        assert np.abs(found - wanted / wanted.sum()).max() < 0.02
    assert torch.equal(network.draw(u[:7], weights, {4: known[4][:7]}), torch.from_numpy(drawn[:7]))
    assert network.possible(weights) and not network.possible({2: torch.zeros(4, dtype=torch.float64)})


@settings(max_examples=40, deadline=None)
@given(st.integers(2, 9), st.data())
def test_the_parents_of_a_column_are_among_the_family_of_one_of_them(columns, data):
    pairs = list(combinations(range(columns), 2))
    edges = data.draw(st.lists(st.sampled_from(pairs), unique=True, max_size=12))
    order = graphs.ordered([*((k, k + 1) for k in range(columns - 1)), *edges], [2] * columns)
    for a, b in edges:
        assert a in order.parents[b] or b in order.parents[a]
    for rank, k in enumerate(order.columns):
        assert set(order.parents[k]) <= set(order.columns[:rank])
        assert not order.parents[k] or set(order.parents[k]) <= set(order.family(order.anchor(k)))
    assert {target for _, target in graphs.tour(order)} == set(range(columns))


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 8), st.data())
def test_trees_and_orders_are_those_of_looking_at_every_column_each_time(columns, data):
    pairs = list(combinations(range(columns), 2))
    weights = {pair: data.draw(st.integers(0, 3)) for pair in pairs}
    reached, tree = [0], []
    while len(reached) < columns:
        _, b, a = max(
            (weights[min(a, -b), max(a, -b)], b, a)
            for a in reached
            for b in {*range(1 - columns, 1)} - {-r for r in reached}
        )
        reached, tree = [*reached, -b], [*tree, (a, -b)]
    assert graphs.spanning(columns, weights) == tree
    sizes = data.draw(st.lists(st.integers(2, 4), min_size=columns, max_size=columns))
    near = {k: {a + b - k for a, b in pairs if k in (a, b) and weights[a, b]} for k in range(columns)}
    taken = []
    while near:
        k = min(near, key=lambda c: (sizes[c] * np.prod([sizes[d] for d in near[c]]), c))
        for one in near[k]:
            near[one] = (near[one] | near[k]) - {one, k}
        near.pop(k)
        taken.append(k)
    assert graphs.ordered([pair for pair in pairs if weights[pair]], sizes).columns == tuple(reversed(taken))


def test_columns_of_one_group_make_no_table_of_many_axes():
    """Those that noise drowns: a hub of them was joined to all others at once, and numpy has 64 axes."""
    star, sizes = [(0, k) for k in range(1, 100)], [1] * 100
    assert max(map(len, graphs.ordered(star, sizes).parents)) == 1
    pairs = dict.fromkeys(combinations(range(100), 2), 1.0)
    assert graphs.further(star, pairs, sizes, 200) == []
    assert not graphs.fits(pairs, sizes) and graphs.fits(star, sizes)
    assert graphs.further([(0, 1), (1, 2)], {(0, 2): 1.0}, [2, 1, 3], 2) == [(0, 2)]


def test_what_a_heavy_value_leaves_of_a_column_has_groups_of_its_own():
    counts = np.array([900.0] + [1.0] * 100)
    found = groups.of_numbers(counts, bins=5, least=10)
    rows = np.bincount(found, counts)
    assert rows[0] == 900 and len(rows) == 6 and rows[1:].min() >= 10
    assert len(np.bincount(groups.of_numbers(counts, bins=5, least=50))) == 3
    assert groups.of_labels(np.array([90.0, 3.0, 40.0, 6.0]), bins=9, least=5).tolist() == [0, 3, 1, 2]


def ring(rows=6000):
    stream = np.random.default_rng(2)
    a, b = stream.integers(0, 3, rows), stream.integers(0, 3, rows)
    c = np.where(stream.random(rows) < 0.45, a, np.where(stream.random(rows) < 0.8, b, stream.integers(0, 3, rows)))
    return pd.DataFrame({"a": a, "b": np.where(stream.random(rows) < 0.4, a, b), "c": c}).astype(str)


@pytest.mark.parametrize("private", [False, True])
def test_what_a_tree_cannot_hold_further_edges_keep(private):
    table, columns = ring(), {name: {"kind": "categorical", "categories": ["0", "1", "2"]} for name in "abc"}
    privacy = generators.Privacy(8.0, 1e-6, columns) if private else None
    wanted = np.array([(table[x] == table[y]).mean() for x, y in combinations("abc", 2)])

    def missed(edges):
        drawn = generators.fit(table, "tabular.marginals", privacy=privacy, edges=edges).sample(6000)
        return np.abs([(drawn[x] == drawn[y]).mean() for x, y in combinations("abc", 2)] - wanted).max()

    assert missed(None) < 0.035 < 0.06 < missed(0)


def test_pairs_of_a_code_and_of_its_name_are_not_both_asked_for():
    code_and_name, apart = np.diag([500.0, 300.0, 200.0]), np.full((3, 3), 1000 / 9)
    gains = {(0, 2): 90.0, (1, 2): 100.0, (1, 3): 50.0, (0, 3): 60.0, (2, 3): 20.0, (0, 4): -1.0}
    assert list(redundancy.discounted(gains, {(0, 1): apart}).items()) == [
        ((1, 2), 100.0), ((0, 2), 90.0), ((0, 3), 60.0), ((1, 3), 50.0), ((2, 3), 20.0)
    ]  # fmt: skip
    less = redundancy.discounted(gains, {(0, 1): code_and_name})
    assert list(less)[:3] == [(1, 2), (0, 3), (2, 3)] and max(less.get((0, 2), 0), less.get((1, 3), 0)) < 1e-9


def test_very_wide_tables_are_joined_by_pairs_of_columns_that_stand_near_each_other(monkeypatch):
    monkeypatch.setattr(graphs, "MOST_PAIRS", 90)
    pairs = graphs.candidates(30)
    assert {b - a for a, b in pairs} == {1, 2, 3} and len(graphs.spanning(30, dict.fromkeys(pairs, 1.0))) == 29
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.integers(0, 3, (300, 30))).add_prefix("c")
    frame["c1"] = frame["c0"]
    drawn = generators.fit(frame, "tabular.marginals").sample(300, seed=0)
    assert (drawn["c0"] == drawn["c1"]).mean() > 0.9


@pytest.mark.parametrize(("deviations", "there"), [(2.5, False), (6.0, True)])
def test_a_gap_that_noise_alone_tells_is_never_drawn(deviations, there):
    """The last group of a column, empty by its histogram, of whose rows a table of pairs tells no more than noise."""
    of, counts, other = np.arange(3), np.array([400.0, 600.0, 0.0]), np.array([500.0, 500.0])
    told = np.array([[200.0, 200.0], [300.0, 300.0], [deviations * 100.0, 0.0]])
    columns = [Histogram(None, own, np.full(len(own), 100.0**2)) for own in (counts, other)]
    pairs = {(0, 1): [Answer(told, 100.0**2 / 2)]}  # two cells to a group: both tell it with equal noise
    margins = measuring._margins(columns, [of, of[:2]], [counts, other], pairs, 1000.0)
    assert (margins[0][2] > 0) == there and margins[0].sum() == pytest.approx(1000)
