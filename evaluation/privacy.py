"""Privacy: what do the synthetic rows say about the people in the training table that they should not?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from launderette.evaluation.attacks import attribute_inference, disclosure
from launderette.evaluation.attacks import membership as attacks
from launderette.evaluation.attacks import near_copies as nearness
from launderette.evaluation.measures import intervals, neighbours, reuse
from launderette.evaluation.samples import Samples, row_hashes
from launderette.evaluation.scores import Reason, Score, unknown

PRIVACY_ROWS = 5000
NEAR = 0.01  # of non-members are as near to a training row as a near copy
ALARMS = 0.01  # false-alarm rate of the membership attack
TARGETS = 1000  # people whose values are guessed or linked


def copies(samples: Samples, *, seed: int = 0) -> Score:
    """Share of synthetic rows equal to a training row in every compared column, in [0, 1], lower better.

    Ceiling: the same share among holdout rows, which copied nobody. Interval: Clopper-Pearson. Cost: one hash per row.
    """
    if not samples.columns:
        return unknown(Reason.NO_VALUES, "all columns are identifiers", "lower")
    hashes = {role: row_hashes(samples.table(role)) for role in (*samples.frames, "shuffled")}
    train, counts = np.unique(hashes["train"], return_counts=True)
    alone = np.setdiff1d(train[counts == 1], hashes.get("holdout", train[:0]))
    hits = {role: int(np.isin(h, train).sum()) for role, h in hashes.items()}
    size = samples.size("synthetic")
    low, high = intervals.clopper_pearson(hits["synthetic"], size)
    detail = {
        "rows": size,
        "ceiling_rows": samples.size("holdout"),
        "copies": hits["synthetic"],
        "of_unique_rows": int(np.isin(hashes["synthetic"], alone).sum()),
    }
    ceiling = hits["holdout"] / samples.size("holdout") if "holdout" in hits else None
    return Score(
        hits["synthetic"] / size,
        low,
        high,
        ceiling,
        hits["shuffled"] / samples.size("train"),
        "lower",
        detail,
        "" if ceiling is not None else "Without a holdout, chance matches cannot be told from copies.",
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
    """Share of synthetic rows nearer to a training row than all but the nearest 1 % of non-members are, in [0, 1],
    lower better.

    About 0.01 is honest: the radius is the 1 % quantile of the distances from one half of the holdout, and the ceiling
    is measured on the other half; distances know training rows only. Cost: two searches against up to a million
    training rows.
    """
    if samples.holdout is None:
        return unknown(Reason.NO_HOLDOUT, "there is no holdout to say how near non-members come", "lower")
    if not samples.known:
        return unknown(Reason.NO_VALUES, "no column has a value to compare", "lower")
    if samples.size("holdout") < 40:
        return unknown(
            Reason.TOO_FEW_ROWS, f"the radius needs 40 holdout rows, found {samples.size('holdout')}", "lower"
        )
    train, size = nearness.looked_at(samples, seed)
    held = np.random.default_rng([seed, 73]).permutation(samples.rows("holdout", 2 * size, seed))
    halves = [neighbours.Group("holdout", np.sort(half)) for half in np.array_split(held, 2)]
    radius = float(np.quantile(nearness.distances(samples, halves[0], train), NEAR, method="lower"))
    if radius == 0:
        return unknown(
            Reason.NO_RADIUS, "non-members are equal to training rows so often that nothing is nearer", "lower"
        )
    groups = {name: neighbours.Group(role, samples.rows(role, size, seed)) for name, role in samples.roles().items()}
    hits = {
        name: nearness.distances(samples, group, train) < radius
        for name, group in (groups | {"ceiling": halves[1]}).items()
    }
    low, high = intervals.clopper_pearson(int(hits["value"].sum()), len(hits["value"]))
    shares = {name: float(hit.mean()) for name, hit in hits.items()}
    return Score(
        shares["value"],
        low,
        high,
        shares["ceiling"],
        shares["floor"],
        "lower",
        {
            "rows": len(hits["value"]),
            "near_copies": int(hits["value"].sum()),
            "radius": radius,
            "non_members": len(halves[0]),
        },
        f"{len(hits['value']):,} synthetic rows against {len(train):,} training rows.",
    )


def nearest_record(samples: Samples, *, seed: int = 0) -> Score:
    """Share of synthetic rows nearer to a training row than to a holdout row; 0.5 is ideal, ties count half.

    A sanity check, not a privacy statement: data that leak outliers pass it (Yao et al. 2025). Equal numbers of
    training and holdout rows. Cost: two searches of n x n sampled rows.
    """
    if samples.holdout is None:
        return unknown(Reason.NO_HOLDOUT, "there is no holdout to compare the distances with", "none")
    size = min(samples.member_count, samples.size("holdout"), PRIVACY_ROWS)
    if not samples.known:
        return unknown(Reason.NO_VALUES, "no column has a value to compare", "none")
    if size < 10:
        return unknown(Reason.TOO_FEW_ROWS, f"distances need 10 rows of each real table, found {size}", "none")
    train, held = samples.member_rows(size, seed), samples.rows("holdout", size, seed)
    share = {
        r: nearness.nearer(samples, neighbours.Group(r, samples.rows(r, PRIVACY_ROWS, seed)), train, held)
        for r in ("synthetic", "shuffled")
    }
    rng = np.random.default_rng([seed, 31])
    released, rest = np.split(rng.permutation(held), [size // 2])
    ceiling = nearness.nearer(
        samples,
        neighbours.Group("holdout", np.sort(released)),
        np.sort(rng.permutation(train)[: len(rest)]),
        np.sort(rest),
    )
    value = float(share["synthetic"].mean())
    low, high = intervals.around(value, share["synthetic"], seed)
    return Score(
        value,
        low,
        high,
        float(ceiling.mean()),
        float(share["shuffled"].mean()),
        "none",
        {"rows": len(share["synthetic"]), "real_rows": size},
        f"Sanity check only. {len(share['synthetic']):,} synthetic rows against {size:,} rows of each real table.",
    )


def membership(samples: Samples, *, seed: int = 0) -> Score:
    """Training rows recognised from the released rows alone, by the strongest attack at 1 % false alarms; chance is
    0.01, lower better.

    TPR at 1 % FPR. Attacks: distance, calibrated distance, density ratio, classifier, local likelihood and matching
    values. The attack is chosen on one half of the rows and reported on the other (Carlini et al. 2022 for the low-FPR
    rule). Cost: five searches, two fits and one comparison of values.
    """
    return _membership(samples, seed, attacks.Evidence.from_release)


def membership_vulnerable(samples: Samples, *, seed: int = 0) -> Score:
    """As `membership`, among the tenth of rows that lie farthest from other real rows: those an average hides."""
    score = _membership(samples, seed, lambda evidence: evidence.from_release().most_isolated())
    if score.value is None or (share := attacks.evidence(samples, "synthetic", seed).isolated) == attacks.ISOLATED:
        return score
    return replace(
        score,
        note=f"{score.note} They are the most isolated {share:.0%}: "
        f"of fewer, under {attacks.LEFT} would be non-members.",
    )


def membership_model(samples: Samples, *, seed: int = 0) -> Score:
    """Training rows recognised by somebody who holds the model, from its loss of a row, at 1 % false alarms; 0.01 is
    chance, lower better.

    The loss, and the loss less that of the nearest holdout rows (Carlini et al. 2022). It says whether the model may
    leave; who reads a release has no model. Without a model, or where it has no loss, there is no value. Cost: one pass
    of the model.
    """
    if samples.loss is None:
        return unknown(Reason.NO_LOSS, "there is no model with a loss of each row, so nobody can attack by it", "lower")
    return _membership(samples, seed, attacks.Evidence.from_model, ("value",))


def _membership(
    samples: Samples,
    seed: int,
    narrow: Callable[[attacks.Evidence], attacks.Evidence],
    released: Sequence[str] = ("value", "ceiling", "floor"),
) -> Score:
    if samples.holdout is None:
        return unknown(Reason.NO_HOLDOUT, "there is no holdout, so attack success cannot be told from chance", "lower")
    if not samples.known:
        return unknown(Reason.NO_VALUES, "no column has a value to compare", "lower")
    outcomes = {
        name: _outcome(samples, role, seed, narrow) for name, role in samples.roles().items() if name in released
    }
    main = outcomes["value"]
    if main is None:
        return unknown(
            Reason.TOO_FEW_ROWS,
            f"attacks need {attacks.SMALLEST} training and holdout rows, found {samples.member_count} "
            f"and {samples.size('holdout')}",
            "lower",
        )
    detail = {
        "attacks": sorted(set(main.attacks)),
        "tried": list(main.tried),
        "auc": main.area[0],
        "auc_low": main.area[1],
        "auc_high": main.area[2],
        **main.named_rates(),
        "members": main.members,
        "non_members": main.non_members,
        "roc": {"false_alarms": main.curve[0], "recognised": main.curve[1]},
    }
    least = 1 / (main.non_members // 2 + 1)  # false-alarm rate of a threshold at the best of a half of the non-members
    few = (
        ""
        if least <= ALARMS
        else (
            f" Only {main.non_members} non-members: a false-alarm rate under {least:.0%} cannot be measured, "
            "so the threshold is the best of them."
        )
    )
    ends = {name: outcome and outcome.rates[ALARMS][0] for name, outcome in outcomes.items()}
    return Score(
        *main.rates[ALARMS],
        ends.get("ceiling"),
        ends.get("floor"),
        "lower",
        detail,
        f"{main.members:,} training rows against {main.non_members:,} non-members, {main.searched:,} synthetic rows "
        f"searched.{few}{_which_members(samples)}",
    )


def _which_members(samples: Samples) -> str:
    """What is known of the rows that the generator's own validation split held back: they are no members."""
    if samples.members is None:
        return " Which training rows the generator held back for validation is not known: all count as members."
    held = samples.size("train") - samples.member_count
    return f" {held:,} training rows that the generator held back for validation are neither." if held else ""


def _outcome(
    samples: Samples, role: str, seed: int, narrow: Callable[[attacks.Evidence], attacks.Evidence]
) -> attacks.Outcome | None:
    evidence = attacks.evidence(samples, role, seed)
    evidence = narrow(evidence) if evidence is not None else None
    few = evidence is None or min(len(evidence.isolation[0]), len(evidence.isolation[1])) < 4
    return None if few else attacks.measure(evidence, seed)


def attribute(samples: Samples, *, seed: int = 0) -> Score:
    """How much better a value of a training person can be guessed than a non-member's, in [0, 1], lower better.

    (r - c) / (1 - c): r and c are the shares of values guessed right of members and of holdout people, over up to six
    columns, from all other columns by the nearest released row. `detail` names the columns, and what a sample of the
    population alone would reach. Interval: bootstrap over people. Cost: one search per column and table.
    """
    if obstacle := disclosure.without_non_members(samples):
        return unknown(*obstacle, "lower")
    if len(samples.known) < 2 or not (secrets := attribute_inference.secrets(samples, seed)):
        return unknown(Reason.ONE_COLUMN, "guessing a value takes another column", "lower")
    chosen = {
        name: disclosure.parties(samples, role, TARGETS, disclosure.RELEASED, seed)
        for name, role in samples.roles().items()
    }
    if chosen["value"] is None:
        return unknown(Reason.TOO_FEW_ROWS, f"guesses need {disclosure.SMALLEST} training and holdout rows", "lower")
    rights = {
        name: attribute_inference.all_guessed(samples, who, secrets) for name, who in chosen.items() if who is not None
    }
    if rights["value"][1].all():
        return unknown(Reason.ALWAYS_RIGHT, "every value of every non-member is guessed right too", "lower")
    risks = {name: attribute_inference.excess(*right, seed) for name, right in rights.items()}
    known = rights["ceiling"][0].mean(1) if "ceiling" in rights else [None] * len(secrets)
    columns = {
        str(c): {"members": float(m), "non_members": float(s), "from_population": None if k is None else float(k)}
        for c, m, s, k in zip(secrets, *(right.mean(1) for right in rights["value"]), known, strict=True)
    }
    people = rights["value"][0].shape[1]
    return Score(
        *risks["value"],
        risks["ceiling"][0] if "ceiling" in risks else None,
        risks["floor"][0],
        "lower",
        {"columns": columns, "members": people},
        f"{people:,} people on each side, {len(secrets)} columns, "
        f"{len(chosen['value'].released):,} synthetic rows searched.",
    )


def singling_out(samples: Samples, *, seed: int = 0) -> Score:
    """How much more often a predicate made from released rows fits exactly one training person than one non-member;
    lower better.

    (r - c) / (1 - c) of the success rates on training and on as many holdout rows, in [0, 1] (Article 29 Working Party
    2014, Giomi et al. 2022), Wilson intervals. A guess has to name one released row. Cost: GUESSES counts over
    PREDICATE_ROWS per table.
    """
    return disclosure.excess_risk(samples, seed, disclosure.PREDICATE_ROWS, disclosure.single_out)


def linkability(samples: Samples, *, seed: int = 0) -> Score:
    """How much more often two halves of a training person's columns lead to one released row than a non-member's; lower
    better.

    (r - c) / (1 - c) of the success rates, in [0, 1] (Article 29 Working Party 2014, Giomi et al. 2022), Wilson
    intervals. Each half has three nearest released rows. Cost: four searches per table.
    """
    if len(samples.known) < 2:
        return unknown(Reason.ONE_COLUMN, "a link takes two columns with values", "lower")
    return disclosure.excess_risk(
        samples, seed, TARGETS, lambda s, chosen, seed: (len(chosen.members), *disclosure.link(s, chosen, seed))
    )
