"""Records: how many released rows are training rows, or lie as near to one as only a copy does?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from launderette.evaluation import divided
from launderette.evaluation.attacks import disclosure
from launderette.evaluation.copies import equal_rows
from launderette.evaluation.copies import near_copies as nearness
from launderette.evaluation.measures import intervals, reuse
from launderette.evaluation.samples import Samples, row_hashes
from launderette.evaluation.scores import Reason, Score, unknown

PRIVACY_ROWS = 5000
LEAST_COMPARED = 10  # members, and as many non-members, without which nothing is said of distances


def copies(samples: Samples, *, seed: int = 0) -> Score:
    """Share of synthetic rows equal to a training row in every compared column, in [0, 1], lower better.

    Ceiling: the same share among holdout rows, which copied nobody. Interval: Clopper-Pearson. `detail` counts rows
    equal to training and to holdout rows, also to such as no other real row equals, beside what chance allows: as often
    as real rows equal each other, and rows drawn for further divisions of few rows equal held-out ones. Cost: one hash
    per row.
    """
    if not samples.columns:
        return unknown(Reason.NO_VALUES, "all columns are identifiers", "lower")
    hashes = {role: row_hashes(samples.table(role)) for role in (*samples.frames, "shuffled")}
    repeats = [[row_hashes(one.table(role)) for role in ("train", "holdout", "synthetic")] for one in samples.repeats]
    counts = equal_rows.counted(hashes["train"], hashes.get("holdout"), hashes["synthetic"], repeats)
    hits = {role: int(np.isin(h, hashes["train"]).sum()) for role, h in hashes.items()}
    size = samples.size("synthetic")
    detail = {
        "rows": size,
        "ceiling_rows": samples.size("holdout"),
        "copies": hits["synthetic"],
        "of_unique_rows": counts[1].hits,
        "counts": [count.detail() for count in counts],
    }
    ceiling = hits["holdout"] / samples.size("holdout") if "holdout" in hits else None
    return Score(
        hits["synthetic"] / size,
        *intervals.clopper_pearson(hits["synthetic"], size),
        ceiling,
        hits["shuffled"] / samples.size("train"),
        "lower",
        detail,
        counts[0].sentence(),
    )


def identifiers(samples: Samples, *, seed: int = 0) -> Score:
    """Share of released identifying values that are real ones, of training or holdout rows, in [0, 1], lower better.

    Every value of every identifier column is looked up, digests without a key count as what they are of; a column that
    merely counts the rows of the real tables (1, 2, 3, ...) names nobody and is left out. Ceiling: the share of holdout
    values that training rows have too. Floor: 1, the training table itself.
    """
    found = {
        str(column): reuse.of(samples, column)
        for column in samples.identifiers
        if not reuse.counts_rows(samples, column)
    }
    values = sum(one.values for one in found.values())
    if not values:
        return unknown(Reason.NO_IDENTIFIER, "no column identifies anyone by a value", "lower")
    real, held = (sum(getattr(one, name) for one in found.values()) for name in ("real", "held"))
    shared = sum(one.shared for one in found.values())
    low, high = intervals.clopper_pearson(real, values)
    detail = {
        "values": values,
        "real_values": real,
        "columns": {column: one.real / max(1, one.values) for column, one in found.items()},
    }
    return Score(
        real / values,
        low,
        high,
        shared / held if held else None,
        1.0,
        "lower",
        detail,
        f"{real:,} of {values:,} identifying values are real, or digests of real ones, in {len(found)} column(s).",
    )


def near_copies(samples: Samples, *, seed: int = 0) -> Score:
    """Share of synthetic rows as much like a training row as only 1 % of real rows are like another, in [0, 1], lower
    better.

    Likeness is the surprise of the values that two rows share, exactly or nearly, in whichever columns: the sum of
    -log p, p the share of real rows as near in a column (after Narayanan and Shmatikov 2008). About 0.01 is honest.
    `detail` counts such rows beside training and beside holdout rows, also those as much like one as the one real row
    most like another, beside what chance allows. Ceiling: holdout rows. Cost: five searches of up to 400 million values
    per real table.
    """
    if not samples.known:
        return unknown(Reason.NO_VALUES, "no column has a value to compare", "lower")
    real = samples.size("train") + samples.size("holdout")
    if real < nearness.LEAST_REAL:
        return unknown(Reason.TOO_FEW_ROWS, f"likeness takes {nearness.LEAST_REAL} real rows, found {real}", "lower")
    searches = nearness.searches(samples, seed)
    counts, train = nearness.counted(searches), searches[0]
    least = train.least(nearness.hundredth(len(train.real)))
    first = counts[0]
    return Score(
        first.hits / first.of,
        *intervals.clopper_pearson(first.hits, first.of),
        float((train.held >= least).mean()) if samples.holdout is not None else None,
        float((train.shuffled >= least).mean()),
        "lower",
        {
            "rows": first.of,
            "near_copies": first.hits,
            "real_rows": len(train.real),
            "counts": [count.detail() for count in counts],
        },
        f"{first.of:,} synthetic rows against {samples.size('train'):,} training rows.",
    )


def nearest_record(samples: Samples, *, seed: int = 0) -> Score:
    """Share of synthetic rows nearer to a training row than to a holdout row; 0.5 is ideal, ties count half.

    A sanity check, not a privacy statement: data that leak outliers pass it (Yao et al. 2025). Equal numbers of
    training and holdout rows, one of each entity whose rows are recognised together; a table that knows the holdout is
    as far from a half. A run on under 300 rows divides them further times, and what was drawn for all divisions counts
    together. `detail` has the deviation by chance, where training and holdout rows change places. Cost: two searches of
    n x n sampled rows.
    """
    if samples.holdout is None:
        return unknown(Reason.NO_HOLDOUT, "there is no holdout to compare the distances with", "none")
    if not samples.known:
        return unknown(Reason.NO_VALUES, "no column has a value to compare", "none")
    return divided.both(samples, lambda divisions: _nearest(divisions, seed))


def _nearest(divisions: Sequence[Samples], seed: int) -> Score:
    found = {end: _nearer(divisions, role, seed) for end, role in divisions[0].roles().items()}
    if (released := found["value"]) is None:
        size = min(len(divisions[0].one_each(role, PRIVACY_ROWS, seed)) for role in ("train", "holdout"))
        said = f"distances need {LEAST_COMPARED} rows of each real table, found {size}"
        return unknown(Reason.TOO_FEW_ROWS, said, "none")
    ends = {end: None if one is None else float(one.share.mean()) for end, one in found.items()}
    share, size, deviation = released
    value = float(share.mean())
    return Score(
        value,
        *intervals.around(value, share, seed),
        ends.get("ceiling"),
        ends["floor"],
        "none",
        {"rows": len(share), "real_rows": size, "deviation": deviation},
        f"Of {len(share):,} synthetic rows, {100 * value:.1f} % are nearer to one of {size:,} training rows than to "
        f"one of as many holdout rows; a half is honest, give or take {200 * deviation:.1f} %. Sanity check only.",
    )


class Nearer(NamedTuple):
    """1 of each drawn row nearer to a member and 0 of others [rows], beside how many members; how far chance takes its
    mean (one standard deviation).
    """

    share: np.ndarray
    members: int
    deviation: float


def _nearer(divisions: Sequence[Samples], role: str, seed: int) -> Nearer | None:
    """What rows of a role are nearer to in all divisions, as if these were independent: a row that draws many near as
    a member draws as many as a non-member, so that together they differ less. None where members are too few.
    """
    several, rows = len(divisions) > 1, PRIVACY_ROWS
    least = divided.FEWEST_ATTACKED if several or role == "holdout" else LEAST_COMPARED
    sides = [(one, disclosure.parties(one, role, rows, rows, seed, least=least, asked=several)) for one in divisions]
    known = [(one, chosen) for one, chosen in sides if chosen is not None]
    size = sum(len(chosen.members) for _, chosen in known)
    if not known or (size < LEAST_COMPARED and role != "holdout"):
        return None
    found = [nearness.nearer(one, c.released, c.members.rows, c.non_members.rows) for one, c in known]
    weights = np.array([len(share) for share, _ in found])
    deviation = float(np.linalg.norm(weights * np.array([error for _, error in found])) / weights.sum())
    return Nearer(np.concatenate([share for share, _ in found]), size, deviation)
