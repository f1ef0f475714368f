"""Singling out and linkability, as the Article 29 Working Party defines them (Opinion 05/2014 on anonymisation
techniques).

The attacks follow Giomi et al. (2022): guesses made from the released rows are tried on training rows, the members, and
on people who were in no training table, the non-members. What succeeds on both is knowledge about the population, not
about a person.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from scipy.stats import betabinom

from launderette.evaluation import divided
from launderette.evaluation.chance import ONCE_IN
from launderette.evaluation.measures import intervals, neighbours
from launderette.evaluation.measures.neighbours import Group
from launderette.evaluation.samples import Samples, row_hashes
from launderette.evaluation.scores import Obstacle, Reason, Score, unknown
from launderette.evaluation.streams import RandomStream, generator

GUESSES = 2000
PREDICATE_ROWS = 5000  # of each table for predicates
SEARCHED_ROWS = 100_000  # rows searched for a link or a value
SMALLEST = 20  # non-members below which nothing is said
PREDICATE_COLUMNS = 8  # of a predicate, at most
LINKED = 3  # nearest released rows in which a link is looked for


@dataclass(frozen=True)
class Parties:
    """The released rows, people of the training table, and as many people who were in none."""

    released: Group
    members: Group
    non_members: Group


def parties(
    samples: Samples, role: str, limit: int, released: int, seed: int, *, least: int = SMALLEST, asked: bool = False
) -> Parties | None:
    """Equal numbers of members and non-members, None for under `least`; of a released holdout (the ceiling) the other
    half are the non-members. `asked` looks at those alone that are attacked in this division.
    """
    known, held = (samples.one_each(r, samples.size(r), seed) for r in ("train", "holdout"))
    if asked:
        known, held = (rows[of[rows]] for rows, of in zip((known, held), divided.asked(samples), strict=True))
    rng = generator(seed, RandomStream.PARTIES)
    held = rng.permutation(held)
    free, held = (held[: len(held) // 2], held[len(held) // 2 :]) if role == "holdout" else (None, held)
    size = min(len(held), len(known), limit)
    if size < least:
        return None
    rows = samples.rows(role, released, seed) if free is None else np.sort(free[:released])
    members = np.sort(rng.permutation(known)[:size]) if asked else samples.one_each("train", size, seed)
    return Parties(Group(role, rows), Group("train", members), Group("holdout", np.sort(held[:size])))


def each_division(
    divisions: Sequence[Samples], role: str, limit: int, seed: int, smallest: int = SMALLEST
) -> list[tuple[Samples, Parties]]:
    """The parties of each division of a table's rows; none where there are under `smallest` in all of them together."""
    several = len(divisions) > 1
    least = divided.FEWEST_ATTACKED if several else smallest
    found = [(one, parties(one, role, limit, SEARCHED_ROWS, seed, least=least, asked=several)) for one in divisions]
    known = [(one, chosen) for one, chosen in found if chosen is not None]
    return known if sum(len(chosen.members) for _, chosen in known) >= smallest else []


def risk(hits: int, trials: int, non_member_hits: int, non_member_trials: int) -> tuple[float, float, float]:
    """R = (r - c) / (1 - c) of the success rates on members and non-members, in [0, 1], with its interval."""
    counts = (hits, trials), (non_member_hits, non_member_trials)
    (r, ends), (c, usual) = ((hit / max(1, tried), intervals.wilson(hit, tried)) for hit, tried in counts)
    return intervals.excess(r, ends, c, usual)


def single_out(samples: Samples, chosen: Parties, seed: int) -> tuple[int, int, int]:
    """Guesses, and how many of them single out exactly one member and exactly one non-member.

    A guess is a predicate that singles out one different released row: its values in random columns, as few as suffice,
    numbers as a bound on the side away from the median. Equally many rows of each kind, because how often a predicate
    fits by chance depends on their number.
    """
    rng = generator(seed, RandomStream.GUESSES)
    released = rng.permutation(chosen.released.rows)[: len(chosen.members)]
    different = np.unique(row_hashes(samples.table(chosen.released.role).iloc[released]), return_index=True)[1]
    guessed = Group(chosen.released.role, released[np.sort(different)])
    groups = guessed, chosen.members, chosen.non_members
    ends = np.cumsum([len(group) for group in groups])[:-1].tolist()
    values = [np.concatenate([samples.table(role)[c].to_numpy()[rows] for role, rows in groups]) for c in samples.known]
    middles = [
        np.median(v[~np.isnan(v)]) if samples.is_number(c) and not np.isnan(v).all() else None
        for c, v in zip(samples.known, (v[: ends[0]] for v in values), strict=True)
    ]
    guesses = np.array(
        [
            found
            for row in rng.permutation(len(different))[:GUESSES]
            if (found := _guess(values, ends, middles, row, rng.permutation(len(middles))[:PREDICATE_COLUMNS]))
        ]
    )
    return (
        len(guesses),
        int((guesses[:, 0] == 1).sum()) if len(guesses) else 0,
        int((guesses[:, 1] == 1).sum()) if len(guesses) else 0,
    )


def _guess(
    values: list[np.ndarray], ends: list[int], middles: list, row: int, columns: np.ndarray
) -> tuple[int, int] | None:
    """How many members and non-members meet the shortest predicate that no other released row meets; None where
    there is none. Released rows, members and non-members end where `ends` says.
    """
    met = np.ones(len(values[0]), dtype=bool)
    for column in columns:
        met &= _meets(values[column], values[column][row], middles[column])
        if np.count_nonzero(met[: ends[0]]) == 1:
            members, non_members = np.split(met[ends[0] :], [ends[1] - ends[0]])
            return int(np.count_nonzero(members)), int(np.count_nonzero(non_members))
    return None


def _meets(values: np.ndarray, value: float, middle: float | None) -> np.ndarray:
    if value != value:  # a missing number
        return np.isnan(values)
    if middle is None:
        return values == value
    return values >= value if value >= middle else values <= value


def link(samples: Samples, chosen: Parties, seed: int) -> tuple[int, int]:
    """Members and non-members whose two halves of columns lead to a common released row among the nearest three of each
    half.

    An attacker who holds one half of a person's columns from one source and the other half from another joins them so.
    """
    encoders = [neighbours.encoder(samples, half) for half in halves(samples, seed)]
    released, members, non_members = (
        [encoder.encode(samples.table(role).iloc[rows]) for encoder in encoders]
        for role, rows in (chosen.released, chosen.members, chosen.non_members)
    )
    return _linked(members, released), _linked(non_members, released)


def halves(samples: Samples, seed: int) -> list[tuple[str, ...]]:
    """Two halves of the columns, drawn by the seed: what each of two sources knows of a person."""
    order = generator(seed, RandomStream.KNOWN_HALVES).permutation(len(samples.known))
    return [tuple(samples.known[i] for i in sorted(part)) for part in np.array_split(order, 2)]


def _linked(people: list[torch.Tensor], released: list[torch.Tensor]) -> int:
    first, second = (neighbours.nearest(half, rows, LINKED)[1] for half, rows in zip(people, released, strict=True))
    return int((first[:, :, None] == second[:, None, :]).any((1, 2)).sum())


def without_non_members(samples: Samples) -> Obstacle | None:
    """Return why members cannot be told from non-members, None where they can."""
    if samples.holdout is None:
        return (
            Reason.NO_HOLDOUT,
            "there is no holdout, so attack success cannot be told from what is known of everybody",
        )
    return None if samples.known else (Reason.NO_VALUES, "no column has a value to compare")


def always_right(what: str, everybody: bool) -> Score:
    """No score, where an attack fails for no non-member: excused only if it does so from other people's rows too."""
    reason = Reason.KNOWN_OF_EVERYBODY if everybody else Reason.ALWAYS_RIGHT
    others = "the holdout holds training rows, or the release holdout rows"
    source = ", also from other people's rows" if everybody else f": {others}"
    return unknown(reason, f"{what} for every non-member too{source}", "lower")


def excess_risk(samples: Samples, seed: int, limit: int, attack: Any) -> Score:
    """Return how much more often an attack succeeds against members than against non-members, as a score in [0, 1]."""
    if obstacle := without_non_members(samples):
        return unknown(*obstacle, "lower")
    return divided.both(samples, lambda divisions: _excess_risk(divisions, seed, limit, attack))


def _tried(parties: Sequence[tuple[Samples, Parties]], seed: int, attack: Any) -> tuple[int, int, int] | None:
    """Guesses, and how many are right of members and of non-members, of all divisions; None where there are none."""
    tried = [attack(samples, chosen, seed) for samples, chosen in parties]
    guesses, members, non_members = (sum(one[k] for one in tried) for k in range(3))
    return (guesses, members, non_members) if tried else None


def _by_chance(right: int, samples: Samples, seed: int, limit: int, attack: Any) -> bool:
    """Whether chance makes guesses right about all of so few non-members of a division, at the rate of its repeats
    (Jeffreys): once in ONCE_IN tables.
    """
    tried = _tried(each_division(samples.repeats, "synthetic", limit, seed), seed, attack)
    if tried is None or tried[0] == tried[2]:
        return False
    guesses, _, hits = tried
    return bool(betabinom.pmf(right, right, hits + 0.5, guesses - hits + 0.5) >= 1 / ONCE_IN)


def _excess_risk(divisions: Sequence[Samples], seed: int, limit: int, attack: Any) -> Score:
    samples, found = divisions[0], {}
    for name, role in samples.roles().items():
        found[name] = _tried(each_division(divisions, role, limit, seed), seed, attack)
    if found["value"] is None:
        return unknown(Reason.TOO_FEW_ROWS, f"the attack needs {SMALLEST} training and holdout rows", "lower")
    guesses, hits, usual = found["value"]
    searched = min(samples.size("synthetic"), SEARCHED_ROWS)
    if guesses < SMALLEST:
        return unknown(
            Reason.NO_SINGLING_OUT, f"too few predicates single out one released row, found {guesses}", "lower"
        )
    if usual == guesses:
        if len(divisions) == 1 and _by_chance(usual, samples, seed, limit, attack):
            return unknown(Reason.TOO_FEW_ROWS, f"by chance right about all of {usual} non-members", "lower")
        others = _tried(each_division(divisions, "holdout", limit, seed, divided.FEWEST_ATTACKED), seed, attack)
        return always_right("what succeeds for members succeeds", others is not None and others[2] == others[0])
    risks = {name: risk(f[1], f[0], f[2], f[0]) for name, f in found.items() if f is not None}
    detail = {"guesses": guesses, "members_hit": hits, "non_members_hit": usual}
    return Score(
        *risks["value"],
        risks["ceiling"][0] if "ceiling" in risks else None,
        risks["floor"][0],
        "lower",
        detail,
        f"{guesses:,} guesses: {100 * hits / guesses:.1f} % right about members, {100 * usual / guesses:.1f} % about "
        "non-members; "
        f"{searched:,} synthetic rows at most.",
    )
