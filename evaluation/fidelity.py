"""Fidelity: do the synthetic rows look like real ones, column by column, pair by pair, and to a classifier?"""

from __future__ import annotations

from typing import Any

import numpy as np

from launderette.evaluation.measures import formats as formats_
from launderette.evaluation.measures import intervals, neighbours, pairs, queries, rules, similarity, supports
from launderette.evaluation.measures.detection import detect
from launderette.evaluation.models import learners
from launderette.evaluation.samples import Samples
from launderette.evaluation.scores import Reason, Score, unknown

DETECTION_ROWS = 8000
LOGISTIC_ROWS = 4000
SUPPORT_ROWS = 20_000
QUERY_ROWS = 50_000
WITHHELD = "(other)"  # what protection writes in place of rare labels
MOSTLY = 0.5  # of a column's rows


def shape(samples: Samples, *, seed: int = 0) -> Score:
    """Mean similarity of single columns, in [0, 1], higher better: 1 - KS distance (numbers) or 1 - total variation
    (labels).

    Source: sdmetrics KSComplement and TVComplement, with missing values counted. Where most of a column is "(other)",
    that both tables say so counts for nothing. Cost: a sort per column.
    """
    if not samples.known:
        return unknown(Reason.NO_VALUES, "no column has a value to compare")
    by_role = {name: {c: _shape(samples, c, role) for c in samples.known} for name, role in samples.roles().items()}
    ends = {
        name: _shape_interval(samples, role, by_role[name], seed)
        for name, role in samples.roles().items()
        if name != "floor"
    }
    detail = {
        "columns": by_role["value"],
        "columns_ceiling": by_role.get("ceiling", {}),
        "ceiling_low": ends.get("ceiling", (None,))[0],
    }
    return Score(
        float(np.mean(list(by_role["value"].values()))),
        *ends["value"],
        *_ends(by_role),
        "higher",
        detail,
        _left_out(samples),
    )


def _shape_interval(samples: Samples, role: str, columns: dict[str, float], seed: int) -> tuple[float, float]:
    effects = np.mean([similarity.shape_effects(samples, c, role) for c in columns], axis=0)
    return intervals.around(float(np.mean(list(columns.values()))), effects, seed)


def _shape(samples: Samples, column: str, role: str) -> float:
    real, other = samples.table("train")[column].to_numpy(), samples.table(role)[column].to_numpy()
    if samples.is_number(column):
        return similarity.number_shape(real, other)
    return similarity.label_shape(real, other) - _withheld(samples, column, real, other)


def _withheld(samples: Samples, column: str, real: np.ndarray, other: np.ndarray) -> float:
    """Share on which two columns agree by the label that stands for withheld ones alone, where it is most of the
    column.
    """
    places = np.flatnonzero(samples.labels[column] == WITHHELD)
    shares = [float(np.mean(np.isin(codes, places))) for codes in (real, other)]
    return min(shares) if shares[0] > MOSTLY else 0.0


def _ends(by_role: dict[str, dict]) -> tuple[float | None, float | None]:
    def mean(name: str) -> float | None:
        return float(np.mean(list(by_role[name].values()))) if by_role.get(name) else None

    return mean("ceiling"), mean("floor")


def _left_out(samples: Samples) -> str:
    empty = len(samples.columns) - len(samples.known)
    dropped = sum(kind == "identifier" for kind in samples.kinds.values())
    parts = [
        f"{empty} column(s) without any value" if empty else "",
        f"{dropped} identifier column(s)" if dropped else "",
    ]
    return f"Left out: {' and '.join(p for p in parts if p)}." if empty or dropped else ""


def trend(samples: Samples, *, seed: int = 0) -> Score:
    """Mean similarity of column pairs, in [0, 1], higher better.

    Two numbers: 1 - |difference of Pearson correlations| / 2. Otherwise, or where a synthetic column does not vary: 1 -
    total variation distance of the contingency tables, numbers in ten cells. As in the quality report of sdmetrics.
    Cost: one count per pair, at most 5,000 pairs and 200,000 rows.
    """
    if len(samples.known) < 2:
        return unknown(Reason.ONE_COLUMN, "a trend needs two columns with values")
    found = pairs.build(samples, seed)
    if not found.chosen:
        return unknown(Reason.NO_ASSOCIATION, "no two columns vary together in the training table")
    by_role = {
        name: {label: found.similarity(i, j, role) for label, i, j in found.by_name()}
        for name, role in samples.roles().items()
    }
    value = float(np.mean(list(by_role["value"].values())))
    low, high = intervals.around(value, pairs.influence(found), seed)
    worst = dict(sorted(by_role["value"].items(), key=lambda item: (item[1], item[0]))[:20])
    return Score(
        value,
        low,
        high,
        *_ends(by_role),
        "higher",
        {"worst_pairs": worst, "pairs": len(found.chosen)},
        _drawn(samples, found),
    )


def _drawn(samples: Samples, found: pairs.Pairs) -> str:
    parts = [
        f"{len(found.chosen):,} of {found.possible:,} pairs compared." if len(found.chosen) < found.possible else "",
        f"{pairs.PAIR_ROWS:,} rows of each larger table."
        if max(map(len, samples.frames.values())) > pairs.PAIR_ROWS
        else "",
    ]
    return " ".join(p for p in parts if p)


def mutual_information(samples: Samples, *, seed: int = 0) -> Score:
    """Mean over column pairs of 1 - |difference of normalised mutual information|, in [0, 1], higher better.

    It sees relations of any form, where `trend` sees straight ones between numbers. Numbers in ten cells of equal
    width, entropies corrected for few rows (Miller 1955), divided by the root of their product (Strehl and Ghosh 2002).
    Cost: one count per pair.
    """
    if len(samples.known) < 2:
        return unknown(Reason.ONE_COLUMN, "information is shared by two columns with values")
    found = pairs.build(samples, seed)
    if not found.chosen:
        return unknown(Reason.NO_ASSOCIATION, "no two columns vary together in the training table")
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
    return Score(value, low, high, *_ends(by_role), "higher", {"worst_pairs": worst}, _drawn(samples, found))


def detection(samples: Samples, *, seed: int = 0) -> Score:
    """1 - (2 max(AUC, 0.5) - 1) of boosted trees telling synthetic from training rows, in [0, 1], higher better.

    Classifier two-sample test (Lopez-Paz and Oquab 2017), 3 folds. Cost: three fits per table compared.
    """

    def build() -> Any:
        return learners.trees(samples, samples.known, seed)

    def read(role: str, rows: np.ndarray) -> np.ndarray:
        return learners.features(samples, samples.table(role).iloc[rows], samples.known)

    return detect(samples, build, read, DETECTION_ROWS, seed, trees=True)


def detection_logistic(samples: Samples, *, seed: int = 0) -> Score:
    """As `detection`, by logistic regression on encoded rows: it sees single columns only, so it is the easier test."""

    def read(role: str, rows: np.ndarray) -> np.ndarray:
        return neighbours.points(samples, role, rows).numpy()

    return detect(samples, lambda: learners.logistic(seed), read, LOGISTIC_ROWS, seed, trees=False)


def alpha_precision(samples: Samples, *, seed: int = 0) -> Score:
    """Whether synthetic rows lie as deep in the real distribution as real ones, in [0, 1], higher better.

    1 - 2 * integral over alpha of |share of synthetic rows among the innermost alpha of the training rows - alpha|
    (Alaa et al. 2022, on encoded rows). Low where a generator draws only typical rows, or many unlikely ones. Cost: one
    distance per row.
    """
    if not samples.known:
        return unknown(Reason.NO_VALUES, "no column has a value to compare")
    if min(samples.size("train"), samples.size("synthetic")) < 20:
        return unknown(Reason.TOO_FEW_ROWS, "depth needs 20 rows of each table")
    train = samples.rows("train", SUPPORT_ROWS, seed)
    if supports.flat(samples, train):
        return unknown(Reason.EQUALLY_DEEP, "all training rows are equally deep")
    ends = {
        name: supports.integrated(supports.precise(samples, role, samples.rows(role, SUPPORT_ROWS, seed), train), seed)
        for name, role in samples.roles().items()
    }
    return Score(
        *ends["value"],
        _first(ends.get("ceiling")),
        ends["floor"][0],
        "higher",
        {"rows": len(train)},
        f"Up to {SUPPORT_ROWS:,} rows of each table.",
    )


def _first(ends: tuple | None) -> float | None:
    return None if ends is None else ends[0]


def query_error(samples: Samples, *, seed: int = 0) -> Score:
    """Mean absolute error of the shares of rows that meet random conditions on two or three columns, in [0, 1], lower
    better.

    500 conjunctions of ranges and labels drawn from training values; what an analyst's count would be wrong by. Cost:
    QUERIES x rows.
    """
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


def missingness(samples: Samples, *, seed: int = 0) -> Score:
    """1 - total variation distance of the patterns of missing values across columns, in [0, 1], higher better.

    A pattern is the set of columns in which a row has no value: shares that are right column by column can still be
    wrong together.
    """
    absent = {role: _absent(samples, role) for role in ("train", *samples.roles().values())}
    if not any(a.any() for role, a in absent.items() if role != "shuffled"):
        return unknown(Reason.NO_MISSING_VALUES, "no table has a missing value in a compared column")
    _, codes = np.unique(np.concatenate(list(absent.values())), axis=0, return_inverse=True)
    parts = dict(zip(absent, np.split(codes.ravel(), np.cumsum([len(a) for a in absent.values()])[:-1]), strict=True))
    shares = {role: np.bincount(c, minlength=codes.max() + 1) / len(c) for role, c in parts.items()}
    found = {
        name: float(1 - np.abs(shares[role] - shares["train"]).sum() / 2) for name, role in samples.roles().items()
    }
    effects = -0.5 * np.sign(shares["synthetic"] - shares["train"])[parts["synthetic"]]
    low, high = intervals.around(found["value"], effects, seed)
    return Score(
        found["value"],
        low,
        high,
        found.get("ceiling"),
        found["floor"],
        "higher",
        {"patterns": int((shares["train"] > 0).sum())},
    )


def _absent(samples: Samples, role: str) -> np.ndarray:
    table = samples.table(role)
    columns = [
        np.isnan(table[c].to_numpy()) if samples.is_number(c) else table[c].to_numpy() < 0 for c in samples.columns
    ]
    return np.packbits(np.stack(columns, axis=1), axis=1) if columns else np.zeros((len(table), 1), np.uint8)


def constraints(samples: Samples, *, seed: int = 0) -> Score:
    """Share of synthetic rows that break none of the rules all training rows obey, in [0, 1], higher better.

    Rules are looked for, not given: one number never above another, one label that decides another, each of them broken
    by at least 20 rows and 1 % of the shuffled table. Cost: one comparison per pair of columns.
    """
    found = rules.find(samples, seed)
    if not found:
        return unknown(Reason.NO_RULES, "no rule holds in every training row that would not hold by chance")
    shares, counts, worst = {}, (0, 0), {}
    for name, role in samples.roles().items():
        rows = samples.rows(role, rules.RULE_ROWS, seed)
        each = {text: rules.broken(samples, rule, role, rows) for text, rule in found.items()}
        kept = ~np.any(list(each.values()), axis=0)
        shares[name] = float(kept.mean())
        if name == "value":
            counts, worst = (int(kept.sum()), len(kept)), {text: float(b.mean()) for text, b in each.items()}
    worst = dict(sorted(worst.items(), key=lambda item: (-item[1], item[0]))[:20])
    low, high = intervals.clopper_pearson(*counts)
    return Score(
        shares["value"],
        low,
        high,
        shares.get("ceiling"),
        shares["floor"],
        "higher",
        {"rules": len(found), "broken_share": worst},
        f"{len(found)} rule(s) found on up to {rules.RULE_ROWS:,} rows.",
    )


def formats(samples: Samples, *, seed: int = 0) -> Score:
    """Mean over columns of the share of synthetic values in the training column's form, in [0, 1], higher better.

    Form: numbers with no more decimals, dates that can be read and are as coarse, known labels, identifiers of a known
    pattern.
    """
    columns = [*samples.known, *(c for c in samples.train.columns if samples.kinds[c] == "identifier")]
    fits = {c: formats_.fitting(samples, c, "synthetic", seed) for c in columns}
    fits = {c: fit for c, fit in fits.items() if len(fit)}
    if not fits:
        return unknown(Reason.NO_VALUES, "no column has a value to compare")
    shares = {str(c): float(fit.mean()) for c, fit in fits.items()}
    value = float(np.mean(list(shares.values())))
    spread = np.sqrt(
        sum(share * (1 - share) / len(fit) for share, fit in zip(shares.values(), fits.values(), strict=True))
    ) / len(fits)
    others = {
        name: [fit.mean() for c in fits if c in samples.known and len(fit := formats_.fitting(samples, c, role, seed))]
        for name, role in samples.roles().items()
        if name != "value"
    }
    ends = [float(np.mean(others[name])) if others.get(name) else None for name in ("ceiling", "floor")]
    worst = dict(sorted(((c, s) for c, s in shares.items() if s < 1), key=lambda item: (item[1], item[0]))[:20])
    return Score(
        value,
        max(0.0, value - 1.96 * spread),
        min(1.0, value + 1.96 * spread),
        *ends,
        "higher",
        {"worst_columns": worst},
        f"Up to {formats_.FORMAT_ROWS:,} rows of each table.",
    )
