"""Records: how many released rows are training rows, or lie as near to one as only a copy does?"""

from __future__ import annotations

import numpy as np

from launderette.evaluation.copies import equal_rows
from launderette.evaluation.copies import near_copies as nearness
from launderette.evaluation.measures import intervals, neighbours, reuse
from launderette.evaluation.samples import Samples, row_hashes
from launderette.evaluation.scores import Reason, Score, unknown

PRIVACY_ROWS = 5000


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

    Every value of every identifier column is looked up; a column that merely counts the rows of the real tables (1, 2,
    3, ...) names nobody and is left out. Ceiling: the share of holdout values that training rows have too. Floor: 1,
    the training table itself.
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
        f"{real:,} of {values:,} identifying values are real, in {len(found)} column(s).",
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
    as far from a half. `detail` has the deviation by
    chance, where training and holdout rows change places. Cost: two searches of n x n sampled rows.
    """
    if samples.holdout is None:
        return unknown(Reason.NO_HOLDOUT, "there is no holdout to compare the distances with", "none")
    if not samples.known:
        return unknown(Reason.NO_VALUES, "no column has a value to compare", "none")
    size = min(len(samples.one_each(role, PRIVACY_ROWS, seed)) for role in ("train", "holdout"))
    if size < 10:
        return unknown(Reason.TOO_FEW_ROWS, f"distances need 10 rows of each real table, found {size}", "none")
    train, held = (samples.one_each(role, size, seed) for role in ("train", "holdout"))
    (share, deviation), (shuffled, _) = (
        nearness.nearer(samples, neighbours.Group(r, samples.rows(r, PRIVACY_ROWS, seed)), train, held)
        for r in ("synthetic", "shuffled")
    )
    rng = np.random.default_rng([seed, 31])
    released, rest = np.split(rng.permutation(held), [size // 2])
    ceiling, _ = nearness.nearer(
        samples,
        neighbours.Group("holdout", np.sort(released)),
        np.sort(rng.permutation(train)[: len(rest)]),
        np.sort(rest),
    )
    value = float(share.mean())
    return Score(
        value,
        *intervals.around(value, share, seed),
        float(ceiling.mean()),
        float(shuffled.mean()),
        "none",
        {"rows": len(share), "real_rows": size, "deviation": deviation},
        f"Of {len(share):,} synthetic rows, {100 * value:.1f} % are nearer to one of {size:,} training rows than to "
        f"one of as many holdout rows; a half is honest, give or take {200 * deviation:.1f} %. Sanity check only.",
    )
