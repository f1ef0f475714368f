"""Membership inference: who reads the release, or holds the model, and recognises training rows?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from launderette.evaluation import divided
from launderette.evaluation.attacks import choice, pooling
from launderette.evaluation.attacks import membership as attacks
from launderette.evaluation.measures.once import once
from launderette.evaluation.samples import Samples
from launderette.evaluation.scores import Obstacle, Reason, Score, unknown

FEW_ALARMS, MANY_ALARMS = 0.01, 0.1  # false-alarm rates of the membership attack
LOWEST = 0.0  # stands for the lowest rate that the non-members can show
NAMED_COLUMNS = 8  # columns named in a note


def membership(samples: Samples, *, seed: int = 0) -> Score:
    """Training rows recognised from the released rows alone, by the strongest attack at 1 % false alarms (TPR at 1 %
    FPR); chance is 0.01, lower better.

    Attacks: distances, density ratio, local likelihood, two classifiers, equal and nearly equal values, blocks of
    columns, sets of columns found to leak, and a logistic model of all of these. The attack is chosen on one half of
    the rows and reported on the other, four times over (Carlini et al. 2022 for the low-FPR rule). A run on under 300
    rows divides them further times, and the attacks on all divisions count together. `detail` names the columns that
    leak most. Cost: some thirty searches, as many in two columns, three comparisons of values, two fits and 60 trees.
    """
    return _membership(samples, seed, attacks.Evidence.from_release)


def membership_vulnerable(samples: Samples, *, seed: int = 0) -> Score:
    """As `membership`, among the tenth of rows that lie farthest from other real rows, which an average hides."""
    return divided.both(samples, lambda divisions: _vulnerable(divisions, seed))


def _vulnerable(divisions: Sequence[Samples], seed: int) -> Score:
    score = _measured(divisions, seed, lambda evidence: evidence.from_release().most_isolated())
    evidence = None if score.value is None else pooling.evidence(divisions, "synthetic", seed)
    if evidence is None or evidence.isolated == attacks.ISOLATED:
        return score
    return replace(
        score,
        note=f"{score.note} They are the most isolated {evidence.isolated:.0%}: "
        f"of fewer, under {attacks.LEFT} would be non-members.",
    )


def membership_low_fpr(samples: Samples, *, seed: int = 0) -> Score:
    """As `membership`, at the lowest false-alarm rate that the non-members can show: training rows that score above
    every one of them; lower better.

    TPR above the best of each half of the non-members; by chance, 1 / (n + 1) of all others lie above n of them. It
    sees a few rows learnt by heart among many that were not.
    """
    return _membership(samples, seed, attacks.Evidence.from_release, alarms=LOWEST)


def membership_broad(samples: Samples, *, seed: int = 0) -> Score:
    """As `membership`, at 10 % false alarms, where chance is 0.1; lower better.

    It sees a release that tells a little of everybody rather than all of a few: of rows copied in three columns alone,
    many others are as near to some released row as the one that it was made from. Cost: that of `membership`.
    """
    return _membership(samples, seed, attacks.Evidence.from_release, alarms=MANY_ALARMS)


def membership_model(samples: Samples, *, seed: int = 0) -> Score:
    """Training rows recognised by somebody who holds the model, from its loss of a row, at 1 % false alarms; 0.01 is
    chance, lower better.

    The loss, and the loss less that of the nearest other rows (Carlini et al. 2022). It says whether the model may
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
    *,
    alarms: float = FEW_ALARMS,
) -> Score:
    return divided.both(samples, lambda divisions: _measured(divisions, seed, narrow, released, alarms=alarms))


def _measured(
    divisions: Sequence[Samples],
    seed: int,
    narrow: Callable[[attacks.Evidence], attacks.Evidence],
    released: Sequence[str] = ("value", "ceiling", "floor"),
    *,
    alarms: float = FEW_ALARMS,
) -> Score:
    samples = divisions[0]
    if obstacle := _obstacle(samples):
        return unknown(*obstacle, "lower")
    chosen = {name: role for name, role in samples.roles().items() if name in released}
    outcomes = {name: _outcome(samples, role, seed, narrow, len(divisions) > 1) for name, role in chosen.items()}
    if (main := outcomes["value"]) is None:
        return unknown(*_too_few(samples), "lower")
    known = {name: one for name, one in outcomes.items() if one is not None}
    rates = {name: one.rates[alarms] if alarms else one.lowest for name, one in known.items()}
    ends = {name: rate[0] for name, rate in rates.items()}
    leaking, said = _leaking(divisions, seed, narrow, main, alarms or FEW_ALARMS)
    note = (
        f"{main.members:,} training rows against {main.non_members:,} non-members, {main.searched:,} synthetic rows "
        f"searched.{_alarms(main, alarms)}{said}{_which_members(samples)}"
    )
    detail = (
        _detail(main)
        | {"alarms": alarms}
        | leaking
        | {"training_rows": len(samples.one_each("train", samples.size("train"), seed))}
    )
    return Score(*rates["value"], ends.get("ceiling"), ends.get("floor"), "lower", detail, note)


def _obstacle(samples: Samples) -> Obstacle | None:
    if samples.holdout is None:
        return Reason.NO_HOLDOUT, "there is no holdout, so attack success cannot be told from chance"
    return None if samples.known else (Reason.NO_VALUES, "no column has a value to compare")


def _too_few(samples: Samples) -> Obstacle:
    members, others = (len(samples.one_each(role, samples.size(role), 0)) for role in ("train", "holdout"))
    rows = f"rows of as many {samples.recognised!r}" if samples.recognised else "rows"
    found = f"found {members} and {others}"
    return Reason.TOO_FEW_ROWS, f"attacks need {attacks.SMALLEST} training and holdout {rows}, {found}"


def _detail(main: choice.Outcome) -> dict:
    area = dict(zip(("auc", "auc_low", "auc_high"), main.area, strict=True))
    return {
        "attacks": sorted(set(main.attacks)),
        "tried": list(main.tried),
        **area,
        **main.named_rates(),
        "members": main.members,
        "non_members": main.non_members,
        "roc": {"false_alarms": main.curve[0], "recognised": main.curve[1]},
    }


def _alarms(main: choice.Outcome, alarms: float) -> str:
    """What false-alarm rate so few non-members can show: that of a threshold at the best of a half of them."""
    least = 1 / (main.non_members // 2 + 1)
    if alarms == LOWEST:
        return f" The false-alarm rate is {least:.2%}."
    if least <= alarms:
        return ""
    return (
        f" Only {main.non_members} non-members: a false-alarm rate under {least:.0%} cannot be measured, so the "
        "threshold is the best of them."
    )


def _leaking(
    divisions: Sequence[Samples],
    seed: int,
    narrow: Callable[[attacks.Evidence], attacks.Evidence],
    main: choice.Outcome,
    alarms: float,
) -> tuple[dict, str]:
    """The block of columns that leaks most, as detail and in words; nothing where few rows are recognised."""
    evidence = pooling.evidence(divisions, "synthetic", seed)
    if evidence is None or main.rates[alarms][1] <= alarms:
        return {}, ""
    columns = choice.leaking(divisions[0], narrow(evidence), seed)
    named = ", ".join(columns[:NAMED_COLUMNS]) + (" ..." if len(columns) > NAMED_COLUMNS else "")
    return ({"leaking_columns": list(columns)}, f" The columns that leak most: {named}.") if columns else ({}, "")


def _which_members(samples: Samples) -> str:
    """Of which rows one is attacked, and what is known of those that the generator's own validation split held back:
    they are no members.
    """
    each = f" One row of each {samples.recognised!r}." if samples.recognised else ""
    if samples.members is None:
        return f"{each} Which training rows the generator held back for validation is not known: all count as members."
    held = samples.size("train") - samples.member_count
    return f"{each} {held:,} training rows that the generator held back for validation are neither." if held else each


@once
def _outcome(
    samples: Samples, role: str, seed: int, narrow: Callable[[attacks.Evidence], attacks.Evidence], together: bool
) -> choice.Outcome | None:
    """What the strongest attack reached in the released division, or in all of them `together`; ceilings and floors are
    of the released one.
    """
    divisions = (samples, *(samples.repeats if together and role == "synthetic" else ()))
    evidence = pooling.evidence(divisions, role, seed)
    if evidence is None:
        return None
    narrowed = narrow(evidence)
    few = min(len(narrowed.isolation[0]), len(narrowed.isolation[1])) < 4
    return None if few else choice.measure(narrowed, seed)
