"""Columns that leak are found though nobody names them, and honest tables show none."""

from itertools import product

import numpy as np

from evaluation import calibration, samples
from evaluation.attacks import linkage, match_weights, membership
from evaluation.attacks.column_matches import MATCHING_WITHIN, MatchingRanges, ordered, places, ranges
from evaluation.attacks.strength import strength
from evaluation.calibration import changes, population
from evaluation.calibration.population import Case
from evaluation.measures.neighbours import Group
from launderette.evaluation.attacks.attacker import Attacker


def attacker(case, seed=0):
    compared = samples.make(case.train, case.holdout, case.synthetic, target=case.target)
    every = {role: Group(role, np.arange(compared.size(role))) for role in ("synthetic", "train", "holdout")}
    return Attacker(compared, every["synthetic"], every["train"], every["holdout"], seed)


def test_matches_are_counted_in_every_set_of_columns():
    masks = np.random.default_rng(0).integers(0, 2**4, 300)
    counts = linkage._at_least(np.bincount(masks, minlength=2**4), 4)
    assert [int(counts[chosen]) for chosen in range(16)] == [int(((masks & c) == c).sum()) for c in range(16)]


def test_rows_of_a_set_are_the_candidates_or_the_others_that_match_in_it():
    masks = np.random.default_rng(0).integers(0, 2**4, (9, 7), dtype=np.int32) & 13
    pairs = linkage.MatchingPairs(lambda: [linkage.MatchingBlock(at, masks[at : at + 4]) for at in (0, 4, 8)], (9, 7))
    inside = [(masks & chosen) == chosen for chosen in range(16)]
    assert pairs.rows(range(16), 4) == [min(found.any(1).sum(), found.any(0).sum()) for found in inside]


def test_pairs_match_where_each_column_says_so():
    case = population.made((60, 40, 70), 1)
    found, names = attacker(case), ("age", "income", "city", "savings")
    members, compared = found.members, found.samples
    columns = [ranges(compared, members, ordered(compared, found.released, name), name, "rank") for name in names]
    most = [column.telling()[0] for column in columns]
    counted = [column.uncommon(share) for column, share in zip(columns, most, strict=True)]
    masks = np.concatenate([part for _, part in linkage._matches(counted, 17)])

    def place(name, role):
        return places(compared, name, "rank", compared.table(role)[name].to_numpy())

    real = {name: np.concatenate([place(name, "train"), place(name, "holdout")]) for name in names}
    for (bit, name), one, other in product(enumerate(names), range(0, 60, 7), range(0, 70, 9)):
        asked, known = place(name, "train")[one], place(name, "synthetic")[other]
        near = abs(asked - known) <= (MATCHING_WITHIN["rank"] if compared.is_number(name) else 0)
        room = MATCHING_WITHIN["rank"] if compared.is_number(name) else 0
        common = np.mean(np.abs(real[name] - asked) <= room)
        assert bool(masks[one, other] >> bit & 1) == bool(near and common <= most[bit])


def test_pairs_looked_at_in_blocks_are_those_of_one(monkeypatch):
    """More pairs than are held at once are made anew for each look, and counted the same."""
    case = population.made((300, 100, 300), 3)
    whole = linkage._surprising(attacker(case), linkage.LATTICE_VIEWS)
    monkeypatch.setattr(linkage, "LATTICE_PAIRS", 100 * 300)
    counted = linkage._counted(attacker(case))
    held = linkage._surprising(counted, linkage.LATTICE_VIEWS)
    monkeypatch.setattr(linkage, "LATTICE_PAIRS", 7 * 300)
    assert linkage._surprising(counted, linkage.LATTICE_VIEWS) == held
    monkeypatch.setattr(linkage, "HELD_PAIRS", 0)
    assert linkage._surprising(counted, linkage.LATTICE_VIEWS) == held and held != whole


def test_columns_that_leak_are_found_by_either_half():
    seed = 6
    honest, rng = population.made((1000, 300, 1000), seed), np.random.default_rng([seed, 131])
    chosen = {str(c) for c in rng.choice(changes.numbers(honest), 7, replace=False)}
    case = calibration.load("columns.any_seven_numbers_of_a_third")(honest, np.random.default_rng([seed, 131]))
    for found in linkage.linked(attacker(case, seed)):
        assert len(chosen & set(found)) >= 6 and len(set(found) - chosen) <= 1


def test_honest_tables_show_no_columns_that_leak():
    idle = []
    for seed in range(3):
        members, others = linkage.scores(attacker(population.made((400, 200, 400), seed), seed))
        idle += [strength(members[name], others[name]) for name in members]
    assert max(idle) < 9


def test_tables_of_a_few_columns_show_no_sets():
    honest = population.made((200, 80, 200), 2)
    columns = ["age", "owner"]
    few = population.Case(honest.train[columns], honest.holdout[columns], honest.synthetic[columns], "owner")
    assert linkage.linked(attacker(few)) == ({}, {}) and linkage.scores(attacker(few)) == ({}, {})


def test_a_set_has_three_columns_also_where_the_table_has_hardly_more():
    """Of four columns there are five sets of three or more, and none of fewer is taken in their place."""
    for seed in (4, 5):
        case = population.made((300, 75, 150), seed)
        columns = ["age", "education", "city", "owner"]
        few = Case(*(getattr(case, role)[columns] for role in ("train", "holdout", "synthetic")), "owner")
        found = [one for of_view in linkage._surprising(attacker(few), linkage.LATTICE_VIEWS) for one in of_view]
        assert found and all(len(names) >= linkage.LEAST_LINKED for _, names in found)


def test_a_holdout_too_small_to_show_columns_shows_none():
    assert linkage.scores(attacker(population.made((400, 39, 80), 1))) == ({}, {})


def test_columns_beyond_one_lattice_are_dealt_out_in_pairs_of_parts():
    columns = tuple(f"c{n}" for n in range(40))
    parts = list(linkage._parts(columns, 0))
    assert len(parts) <= linkage.MOST_LATTICES and all(len(part) <= linkage.LATTICE_COLUMNS for part in parts)


def test_what_leaks_is_named():
    case = calibration.load("columns.any_seven_numbers_of_a_third")(
        population.made((500, 200, 500), 5), np.random.default_rng([5, 131])
    )
    compared = samples.make(case.train, case.holdout, case.synthetic, target=case.target)
    evidence = membership.evidence(compared, "synthetic", 5)
    assert set(linkage.LINKAGE_ATTACKS) <= set(evidence.members) and len(evidence.most_isolated().linked) >= 3


def test_a_date_and_labels_are_found_by_their_values():
    case = calibration.load("columns.labels_and_a_date_of_half")(
        population.made((500, 200, 500), 3), np.random.default_rng([3, 7])
    )
    members, others = linkage.scores(attacker(case))
    assert max(strength(members[name], others[name]) for name in members) > 20


def column(codes, asked, share):
    """Labels of released rows, labels of candidates (each of them released), and the shares of real rows with these."""
    asked = np.array(asked)
    return MatchingRanges(np.array(codes), asked, asked, np.ones(len(asked), bool), np.array(share, float))


def test_a_value_too_common_to_tell_rows_apart_is_not_counted():
    share = np.repeat([0.6, 0.02, np.nan], [60, 35, 5])
    most, telling = MatchingRanges(*[np.zeros(100, int)] * 3, ~np.isnan(share), share).telling()
    assert most == 0.02 and np.isclose(telling, 0.35**2 / (0.35 * 0.02))
    assert column([0], [0] * 10, [0.5] * 10).telling() == (0.5, 2.0)


def test_a_match_on_a_rarer_value_says_more():
    rare, common = {"one": column([0, 1], [0, 1], [0.01, 0.4])}, match_weights.supposed(["one"])
    first, second = match_weights.likelihood(rare, common)
    assert np.isclose(first, np.log(0.9 / 0.01), atol=0.01) and np.isclose(second, np.log(0.9 / 0.4), atol=0.01)


def test_weights_of_columns_that_were_copied_are_estimated_and_no_others():
    rng = np.random.default_rng(0)
    real, released = rng.integers(0, 10, (300, 8)), rng.integers(0, 10, (300, 8))
    released[:100, :5] = np.where(rng.random((100, 5)) < 0.8, real[:100, :5], released[:100, :5])
    others = rng.integers(0, 10, (200, 8))
    sides = [{c: column(released[:, c], rows[:, c], [0.1] * len(rows)) for c in range(8)} for rows in (real, others)]
    found = match_weights.estimated(*sides, start=[0, 1, 2, 3, 6], least=2)
    assert set(found) == set(range(5)) and all(0.6 < m <= 0.95 for m in found.values())
