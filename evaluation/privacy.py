"""Privacy: what do the synthetic rows say about the people in the training table that they should not?"""

from __future__ import annotations

import numpy as np

from evaluation import attacks, intervals, neighbours
from evaluation.diversity import row_hashes
from evaluation.samples import Samples, Score, unknown

ROWS = 5000


def copies(samples: Samples, *, seed: int = 0) -> Score:
    """Share of synthetic rows equal to a training row in every compared column, in [0, 1], lower better.

    Ceiling: the same share among holdout rows, which copied nobody. Interval: Clopper-Pearson. Cost: one hash per row.
    """
    if not samples.columns:
        return unknown("all columns are identifiers", "lower")
    hashes = {role: row_hashes(samples.table(role)) for role in (*samples.frames, "shuffled")}
    train, counts = np.unique(hashes["train"], return_counts=True)
    alone = np.setdiff1d(train[counts == 1], hashes.get("holdout", train[:0]))
    hits = {role: int(np.isin(h, train).sum()) for role, h in hashes.items()}
    size = samples.size("synthetic")
    low, high = intervals.clopper_pearson(hits["synthetic"], size)
    detail = {"rows": size, "copies": hits["synthetic"], "of_unique_rows": int(np.isin(hashes["synthetic"], alone).sum()),
              "identifiers_reused": _identifiers(samples)}
    ceiling = hits["holdout"] / samples.size("holdout") if "holdout" in hits else None
    return Score(hits["synthetic"] / size, low, high, ceiling, hits["shuffled"] / samples.size("train"), "lower", detail,
                 "" if ceiling is not None else "Without a holdout, chance matches cannot be told from copies.")


def _identifiers(samples: Samples) -> dict[str, float]:
    """Per identifier column, the share of synthetic rows that carry a training row's identifier."""
    shares = {}
    for column in (c for c in samples.train.columns if samples.kinds.get(c) == "identifier"):
        values = samples.synthetic[column].dropna().astype(str)
        shares[str(column)] = float(values.isin(samples.train[column].dropna().astype(str)).sum() / samples.size("synthetic"))
    return shares


def nearest_record(samples: Samples, *, seed: int = 0) -> Score:
    """Share of synthetic rows nearer to a training row than to a holdout row; 0.5 is ideal, ties count half.

    A sanity check, not a privacy statement: data that leak outliers pass it (Yao et al. 2025). Equal numbers of
    training and holdout rows. Cost: two searches of ROWS x ROWS.
    """
    if samples.holdout is None:
        return unknown("there is no holdout to compare the distances with", "none")
    size = min(samples.size("train"), samples.size("holdout"), ROWS)
    if not samples.known or size < 10:
        return unknown(f"distances need 10 rows of each real table, found {size}", "none")
    train, held = samples.rows("train", size, seed), samples.rows("holdout", size, seed)
    share = {r: _nearer(samples, (r, samples.rows(r, ROWS, seed)), train, held) for r in ("synthetic", "shuffled")}
    rng = np.random.default_rng([seed, 31])
    released, rest = np.split(rng.permutation(held), [size // 2])
    ceiling = _nearer(samples, ("holdout", np.sort(released)), np.sort(rng.permutation(train)[:len(rest)]), np.sort(rest))
    value = float(share["synthetic"].mean())
    low, high = intervals.around(value, share["synthetic"], seed)
    return Score(value, low, high, float(ceiling.mean()), float(share["shuffled"].mean()), "none",
                 {"rows": len(share["synthetic"]), "real_rows": size},
                 f"Sanity check only. {len(share['synthetic']):,} synthetic rows against {size:,} rows of each real table.")


def _nearer(samples: Samples, queries, train: np.ndarray, held: np.ndarray) -> np.ndarray:
    """1 where the training rows are nearer, 0 where the holdout rows are, 0.5 where both are equally near."""
    to_train, to_held = (neighbours.search(samples, queries, (role, rows), 1)[0][:, 0]
                         for role, rows in (("train", train), ("holdout", held)))
    return (to_train < to_held) + 0.5 * (to_train == to_held)


def membership(samples: Samples, *, seed: int = 0) -> Score:
    """Training rows recognised by the strongest attack at 1 % false alarms (TPR at 1 % FPR); chance is 0.01, lower better.

    Attacks: distance, calibrated distance, density ratio, classifier, local likelihood, matching values, and the model's loss
    if given. The attack is chosen on one half of the rows and reported on the other (Carlini et al. 2022 for the low-FPR rule).
    Cost: five
    searches, two fits and one comparison of values.
    """
    return _membership(samples, seed, lambda evidence: evidence)


def membership_vulnerable(samples: Samples, *, seed: int = 0) -> Score:
    """As `membership`, among the tenth of rows that lie farthest from other real rows: those an average hides."""
    return _membership(samples, seed, lambda evidence: evidence.most_isolated())


def _membership(samples: Samples, seed: int, narrow) -> Score:
    if samples.holdout is None:
        return unknown("there is no holdout, so attack success cannot be told from luck", "lower")
    if not samples.known:
        return unknown("no column has a value to compare", "lower")
    outcomes = {name: _outcome(samples, role, seed, narrow) for name, role in samples.roles().items()}
    main = outcomes["value"]
    if main is None:
        return unknown(f"attacks need {attacks.SMALLEST} training and holdout rows, found {samples.size('train')} "
                       f"and {samples.size('holdout')}", "lower")
    low, high = intervals.clopper_pearson(main.hits, main.members)
    detail = {"attacks": sorted(set(main.attacks)), "auc": main.area[0], "auc_low": main.area[1], "auc_high": main.area[2],
              **main.rates, "members": main.members, "outsiders": main.outsiders,
              "roc": {"false_alarms": main.curve[0], "recognised": main.curve[1]}}
    few = "" if main.outsiders >= 200 else (f" Only {main.outsiders} outsiders: a false-alarm rate under "
                                            f"{2 / main.outsiders:.0%} cannot be measured, so none was allowed.")
    rates = {n: o.hits / o.members if o is not None else None for n, o in outcomes.items()}
    return Score(rates["value"], low, high, rates.get("ceiling"), rates["floor"], "lower", detail,
                 f"{main.members:,} training rows against {main.outsiders:,} outsiders.{few}")


def _outcome(samples: Samples, role: str, seed: int, narrow) -> attacks.Outcome | None:
    key = "evidence", role, seed
    if key not in samples.memo:
        samples.memo[key] = attacks.gather(samples, role, seed)
    evidence = samples.memo[key]
    evidence = narrow(evidence) if evidence is not None else None
    few = evidence is None or min(len(evidence.isolation[0]), len(evidence.isolation[1])) < 4
    return None if few else attacks.judge(evidence, seed)
