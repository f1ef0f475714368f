"""Relations: do columns hang together as in the real table, in pairs, in rules and in what is counted?"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from launderette.evaluation import chance
from launderette.evaluation.chance import Loss
from launderette.evaluation.measures import intervals, pairs, queries, rules, similarity
from launderette.evaluation.samples import Samples
from launderette.evaluation.scores import Reason, Score, unknown
from launderette.evaluation.unseen import drawn_anew, unseen

QUERY_ROWS = 50_000


def trend(samples: Samples, *, seed: int = 0) -> Score:
    """Mean similarity of column pairs to those of rows that were not trained on, in [0, 1], higher better.

    Two numbers: 1 - |difference of Pearson correlations| / 2. Otherwise, or where a synthetic column does not vary: 1 -
    total variation distance of the contingency tables, numbers in ten cells. As in the quality report of sdmetrics.
    Cost: one count per pair, at most 5,000 pairs and 200,000 rows.
    """
    again = drawn_anew(samples, seed)
    share = samples.size("synthetic") / samples.size("train")
    samples = unseen(samples, seed)
    if len(samples.known) < 2:
        return unknown(Reason.ONE_COLUMN, "a trend needs two columns with values")
    found = pairs.build(samples, seed)
    if not found.chosen:
        return unknown(Reason.NO_ASSOCIATION, "no two columns vary together in the real rows")
    by_role = {
        name: {label: found.similarity(i, j, role) for label, i, j in found.by_name()}
        for name, role in samples.roles().items()
    }
    value = float(np.mean(list(by_role["value"].values())))
    low, high = intervals.around(value, pairs.influence(found), seed)
    worst = dict(sorted(by_role["value"].items(), key=lambda item: (item[1], item[0]))[:20])
    ceiling, floor = similarity.ends(by_role)
    detail = {"worst_pairs": worst, "pairs": len(found.chosen)}
    if again:
        ceilings = np.array([_mean(pairs.build(other, seed), "holdout") for other in again])
        ceiling, detail["by_chance"] = float(ceilings.mean()), chance.below(ceilings, share)
    return Score(value, low, high, ceiling, floor, "higher", detail, _drawn(samples, found))


def _mean(found: pairs.Pairs, role: str) -> float:
    return float(np.mean([found.similarity(i, j, role) for i, j in found.chosen]))


def _drawn(samples: Samples, found: pairs.Pairs) -> str:
    parts = [
        f"{len(found.chosen):,} of {found.possible:,} pairs compared." if len(found.chosen) < found.possible else "",
        f"{pairs.PAIR_ROWS:,} rows of each larger table."
        if max(map(len, samples.frames.values())) > pairs.PAIR_ROWS
        else "",
    ]
    return " ".join(p for p in parts if p)


def mutual_information(samples: Samples, *, seed: int = 0) -> Score:
    """Mean over column pairs of 1 - |difference of normalised mutual information| from rows that were not trained on,
    in [0, 1], higher better.

    It sees relations of any form, where `trend` sees straight ones between numbers. Numbers in ten cells of equal
    width, entropies corrected for few rows (Miller 1955), divided by the root of their product (Strehl and Ghosh 2002).
    Cost: one count per pair.
    """
    samples = unseen(samples, seed)
    if len(samples.known) < 2:
        return unknown(Reason.ONE_COLUMN, "information is shared by two columns with values")
    found = pairs.build(samples, seed)
    if not found.chosen:
        return unknown(Reason.NO_ASSOCIATION, "no two columns vary together in the real rows")
    by_role: dict[str, dict] = {name: {} for name in samples.roles()}
    effects = np.zeros(found.roles["synthetic"].rows)
    for label, i, j in found.by_name():
        real, _ = found.information(i, j, "train")
        for name, role in samples.roles().items():
            other, influence = found.information(i, j, role)
            by_role[name][label] = 1 - abs(other - real)
            if name == "value":
                effects -= np.sign(other - real) * influence() / len(found.chosen)
    value = float(np.mean(list(by_role["value"].values())))
    low, high = intervals.around(value, effects, seed)
    worst = dict(sorted(by_role["value"].items(), key=lambda item: (item[1], item[0]))[:20])
    return Score(value, low, high, *similarity.ends(by_role), "higher", {"worst_pairs": worst}, _drawn(samples, found))


def query_error(samples: Samples, *, seed: int = 0) -> Score:
    """Mean absolute error of an analyst's counts: of the shares of rows that meet random conditions on two or three
    columns, in [0, 1], lower better.

    500 conjunctions of ranges and labels, drawn from values of rows that were not trained on. Cost: 500 passes over the
    rows.
    """
    samples = unseen(samples, seed)
    if not samples.known:
        return unknown(Reason.NO_VALUES, "no column has a value to compare", "lower")
    asked = queries.draw(samples, seed)
    rows = {role: samples.rows(role, QUERY_ROWS, seed) for role in ("train", *samples.roles().values())}
    real = queries.answers(samples, "train", rows["train"], asked).mean(1)
    found, effects = {}, np.zeros(0)
    for name, role in samples.roles().items():
        met = queries.answers(samples, role, rows[role], asked)
        gaps = met.mean(1) - real
        found[name] = float(np.abs(gaps).mean())
        if name == "value":
            effects = np.sign(gaps).astype(np.float32) @ met.astype(np.float32) / len(asked)
    low, high = intervals.around(found["value"], effects, seed)
    return Score(
        found["value"],
        low,
        high,
        found.get("ceiling"),
        found["floor"],
        "lower",
        {"queries": len(asked)},
        f"{len(asked)} queries on up to {QUERY_ROWS:,} rows of each table.",
    )


def constraints(samples: Samples, *, seed: int = 0) -> Score:
    """Whether synthetic rows keep the rules that all training rows obey: 1 - the share of rows that break one, beyond
    chance, of the rule broken most; in [0, 1], higher better.

    Rules are looked for, not given: a number that is never above another, and a label (or a number of at most 50
    values, or of values that 20 rows share) that decides another. At least 20 rows and 1 % of the shuffled table have
    to break a rule. Cost: one comparison per pair of columns.
    """
    found, tried = rules.find(samples, seed), rules.candidates(samples)

    def measure(role: str) -> list[Loss]:
        return rules.losses(samples, role, found, tried, seed)

    absent = Reason.NO_RULES, "no rule holds in every training row that would not hold by chance"
    note = f"{len(found)} rule(s) found on up to {rules.RULE_ROWS:,} rows."
    score = chance.kept(samples, measure, absent, note)
    shares = {
        text: float(rules.broken(samples, rule, "synthetic", _rows(samples, seed)).mean())
        for text, rule in found.items()
    }
    worst = dict(sorted(shares.items(), key=lambda item: (-item[1], item[0]))[:20])
    return score if score.value is None else replace(score, detail={**score.detail, "broken_share": worst})


def _rows(samples: Samples, seed: int) -> np.ndarray:
    return samples.rows("synthetic", rules.RULE_ROWS, seed)


def date_order(samples: Samples, *, seed: int = 0) -> Score:
    """Whether dates are in order: 1 - the share of rows in which a date lies after one that it never lies after in
    training rows, beyond chance, of the worst pair; in [0, 1], higher better.

    Nobody leaves before joining. `constraints` counts these rules too, among those that a generator has to guess. Cost:
    one comparison per pair.
    """
    dates = {c for c in samples.known if samples.kinds[c] == "datetime"}
    found = {text: rule for text, rule in rules.find(samples, seed).items() if {*rule[1:]} <= dates}
    tried = len(dates) * (len(dates) - 1)
    absent = Reason.NO_RULES, "no two dates are in order in every training row"
    return chance.kept(samples, lambda role: rules.losses(samples, role, found, tried, seed), absent)
