"""Fit a generator to Adult or Shoppers under budgets of privacy, and print what is left of the table beside peers'
figures.

    python -m benchmarks.privacy --shared ../shared --epsilon 1 3 8 --domain public learn
    python -m benchmarks.privacy --shared ../shared --data shoppers --epsilon 1
    python -m benchmarks.privacy --shared ../shared --generator tabular.autoregressive
    PYTHONPATH=FOLDER_OF_XGBOOST python -m benchmarks.privacy --epsilon 1 --delta 1e-5 --xgboost
    python -m benchmarks.privacy --rows 1000 --epsilon 8 --without --generator tabular.marginals tabular.diffusion

`--rows` takes so many training rows, `--without` fits each generator without a budget too. `--shared` holds
data/adult_train.csv and adult_test.csv, and those of Shoppers. `--xgboost`, which has to be installed beside, prints
F1 and AUC of the target by XGBoost in place of all else, as those of AIM and MST are quoted. The stated domains
(adult.json, shoppers.json) are code lists and bounds that are known beforehand, of the census and of a shop's
statistics, as is the rule that rows of Shoppers are drawn under: no value of them is read from the training rows.
Accuracy is the mean over columns, and over pairs, of 1 - total variation in 10 bins of equal mass, as MOSTLY AI's
quality report computes it. Detection and utility are AUCs of boosted trees: real against synthetic in three folds; and
of the target, trained on synthetic rows and tested on unseen ones. TPR is the share of training rows that the attack by
the model's loss recognises at 1 % FPR, with the low end of its 95 % interval; the ledger allows no attack more than
what stands beside it.
"""

import argparse
import json
import time
from importlib import import_module
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from rich.console import Console
from rich.table import Table
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import f1_score, roc_auc_score
from sklearn.model_selection import StratifiedKFold, cross_val_predict

from launderette import evaluation, generators
from launderette.generators.privacy.ledger import Ledger

TARGETS = {"adult": "income", "shoppers": "Revenue"}
RULES = {"adult": [], "shoppers": ["BounceRates <= ExitRates"]}  # of rows, known beforehand: who bounces has left
BINS, DETECTION_ROWS = 10, 15_000
ATTACK, ATTACKED_ROWS, FPR = "privacy.membership_model", 4000, 0.01
FIGURES = ("one-way", "two-way", "accuracy", "worst pair", "detection", "utility", "TPR", "TPR low", "allowed")
FIGURES += ("F1", "fit s", "epsilon")
QUOTED: dict[str, list[tuple[str, dict[str, float]]]] = {
    "adult": [  # evaluation.md 4.3: mostlyai-qa, examples of its benchmark, at epsilon 1, 2, 4, 8
        ("TabularARGN-DP, epsilon 1 (quoted, delta 1e-5)", {"accuracy": 0.958, "detection": 0.656}),
        ("TabularARGN-DP, epsilon 8 (quoted, delta 1e-5)", {"accuracy": 0.972, "detection": 0.554}),
        ("AIM, epsilon 1 (quoted, delta 1e-5, xgboost)", {"utility": 0.868, "F1": 0.596}),
        ("MST, epsilon 1 (quoted, delta 1e-5, xgboost)", {"utility": 0.768, "F1": 0.396}),
    ],
    "shoppers": [("TabularARGN-DP, epsilon 1 (quoted)", {"detection": 0.949})],
}


def main() -> None:
    options = _options()
    stated, target = json.loads(Path(__file__).with_name(f"{options.data}.json").read_text()), TARGETS[options.data]
    train, test = (_read(options.shared / "data" / f"{options.data}_{side}.csv", stated) for side in ("train", "test"))
    train = train.sample(min(options.rows or len(train), len(train)), random_state=0, ignore_index=True)
    utility = _by_xgboost if options.xgboost else _utility
    best = utility(train, test, target) | ({} if options.xgboost else scores(train, test, test))
    rows = [("training rows against unseen rows", best)]
    for name in options.generator:
        if options.without:
            rows.append((f"{name}, no budget", _fitted(train, test, name, options, None)))
        for domain in options.domain:
            for epsilon in options.epsilon:
                privacy = generators.Privacy(
                    epsilon, options.delta, stated if domain == "public" else {}, domain=domain
                )
                label = f"{name}, epsilon {epsilon:g}, {domain} domain"
                rows.append((label, _fitted(train, test, name, options, privacy)))
                print(rows[-1], flush=True)
    _print(f"{options.data.capitalize()}, delta {options.delta:g}", rows + QUOTED[options.data])


def _read(path: Path, stated: dict[str, Any]) -> pd.DataFrame:
    """Read a table with the codes of categories as texts, as they are drawn."""
    frame = pd.read_csv(path)
    codes = [name for name, column in stated.items() if column["kind"] == "categorical"]
    return frame.astype(dict.fromkeys(codes, object)).assign(
        **{name: frame[name].map(str, na_action="ignore") for name in codes}
    )


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shared", type=Path, default=Path("../shared"))
    parser.add_argument("--data", choices=list(TARGETS), default="adult")
    parser.add_argument("--epsilon", type=float, nargs="+", default=[1.0, 3.0, 8.0])
    parser.add_argument("--domain", nargs="+", choices=["public", "learn"], default=["public"])
    parser.add_argument("--generator", nargs="+", default=["tabular.marginals"])
    parser.add_argument("--rows", type=int)
    parser.add_argument("--delta", type=float, default=1e-6)
    parser.add_argument("--without", action="store_true")
    parser.add_argument("--xgboost", action="store_true")
    return parser.parse_args()


def _fitted(
    train: pd.DataFrame, test: pd.DataFrame, name: str, options: argparse.Namespace, privacy: generators.Privacy | None
) -> dict[str, float]:
    started, target, rules = time.process_time(), TARGETS[options.data], RULES[options.data]
    model = generators.fit(train, name, privacy=privacy)
    found = {"fit s": time.process_time() - started}
    drawn = model.sample(len(train), seed=1, constraints=rules)
    codes = [name for name in train if train[name].dtype == object]  # numbers where no kind is stated
    drawn = drawn.assign(**{name: drawn[name].astype(object).map(str, na_action="ignore") for name in codes})
    if privacy is not None:
        ledger = Ledger.from_dict(model.record["ledger"])
        found |= {"epsilon": ledger.epsilon, "allowed": ledger.largest_tpr(FPR)}
    if options.xgboost:
        return found | _by_xgboost(drawn, test, target)
    return found | scores(train, drawn, test) | _utility(drawn, test, target) | _attack(model, train, drawn, test)


def _attack(
    model: generators.Synthesizer, train: pd.DataFrame, drawn: pd.DataFrame, test: pd.DataFrame
) -> dict[str, float]:
    """Return what somebody who holds the model recognises of the training rows, beside unseen rows."""
    sides = [one.head(ATTACKED_ROWS) for one in (train, test, drawn)]
    report = evaluation.score(*sides, loss=lambda frame: -model.log_prob(frame), names=[ATTACK])
    found = report.scores[ATTACK]
    return {"TPR": found.value, "TPR low": found.low}


def scores(train: pd.DataFrame, drawn: pd.DataFrame, test: pd.DataFrame) -> dict[str, float]:
    """Return accuracy and detection of drawn rows against training rows."""
    real, made = zip(*(_binned(train[name], drawn[name]) for name in train), strict=True)
    one = [_overlap(a, b) for a, b in zip(real, made, strict=True)]
    size = BINS + 2
    pairs = [(a, b) for a, b in combinations(range(len(real)), 2)]
    two = [_overlap(real[a] * size + real[b], made[a] * size + made[b]) for a, b in pairs]
    kept = [_dependence(made[a], made[b]) / d for a, b in pairs if (d := _dependence(real[a], real[b])) > 0.1]
    found = {"one-way": np.mean(one), "two-way": np.mean(two), "worst pair": min(kept)}
    found["accuracy"] = (found["one-way"] + found["two-way"]) / 2
    return found | {"detection": _detection(train, drawn)}


def _binned(real: pd.Series, made: pd.Series) -> tuple[np.ndarray, np.ndarray]:
    """Return bins of both, int64: of equal mass of numbers, the most frequent labels of the real side."""
    if pd.api.types.is_numeric_dtype(real):
        edges = np.unique(np.quantile(real.dropna().astype("float64"), np.linspace(0, 1, BINS + 1)[1:-1]))
        sides = (pd.to_numeric(one).to_numpy("float64", na_value=np.nan) for one in (real, made))
        return tuple(np.where(np.isnan(x), BINS, np.searchsorted(edges, x, side="right")) for x in sides)
    top = {label: k for k, label in enumerate(real.value_counts().index[:BINS])}
    return tuple(np.where(x.isna(), BINS, x.map(top).fillna(BINS + 1)).astype("int64") for x in (real, made))


def _overlap(a: np.ndarray, b: np.ndarray) -> float:
    size = max(a.max(), b.max()) + 1
    return 1 - np.abs(np.bincount(a, minlength=size) / len(a) - np.bincount(b, minlength=size) / len(b)).sum() / 2


def _dependence(a: np.ndarray, b: np.ndarray) -> float:
    """Return Cramer's V of two binned columns."""
    table = pd.crosstab(a, b).to_numpy("float64")
    expected = np.outer(table.sum(1), table.sum(0)) / table.sum()
    return float(np.sqrt(((table - expected) ** 2 / expected).sum() / table.sum() / max(min(table.shape) - 1, 1)))


def _numeric(frames: list[pd.DataFrame]) -> list[np.ndarray]:
    both = pd.concat(frames, ignore_index=True)
    for name in both:
        if not pd.api.types.is_numeric_dtype(both[name]):
            both[name] = pd.factorize(both[name].astype("object"))[0]
    x, ends = both.to_numpy("float64", na_value=np.nan), np.cumsum([len(frame) for frame in frames])[:-1]
    return np.split(x, ends)


def _trees(labels: list[str], names: list[str]) -> HistGradientBoostingClassifier:
    return HistGradientBoostingClassifier(random_state=0, categorical_features=[name in labels for name in names])


def _detection(train: pd.DataFrame, drawn: pd.DataFrame) -> float:
    sides = [one.sample(min(DETECTION_ROWS, len(one)), random_state=0) for one in (train, drawn)]
    x, y = np.concatenate(_numeric(sides)), np.repeat([0, 1], [len(one) for one in sides])
    labels = [name for name in train if not pd.api.types.is_numeric_dtype(train[name])]
    folds = StratifiedKFold(3, shuffle=True, random_state=0)
    guess = cross_val_predict(_trees(labels, list(train)), x, y, cv=folds, method="predict_proba")[:, 1]
    return float(roc_auc_score(y, guess))


def _utility(made: pd.DataFrame, test: pd.DataFrame, target: str) -> dict[str, float]:
    known = made[made[target].isin(test[target].unique())]
    features = [name for name in test if name != target]
    labels = [name for name in features if not pd.api.types.is_numeric_dtype(test[name])]
    x, unseen = _numeric([known[features], test[features]])
    top = test[target].value_counts().index[-1]
    trees = _trees(labels, features).fit(x, known[target] == top)
    return {"utility": float(roc_auc_score(test[target] == top, trees.predict_proba(unseen)[:, 1]))}


def _by_xgboost(made: pd.DataFrame, test: pd.DataFrame, target: str) -> dict[str, float]:
    """Return F1 and AUC of the rarer class of the target, as XGBoost learns it from made rows with labels one-hot."""
    known, top = made[made[target].isin(test[target].unique())], test[target].value_counts().index[-1]
    both = pd.concat([known, test]).drop(columns=target)
    labels = [name for name in both if not pd.api.types.is_numeric_dtype(test[name])]
    x = pd.get_dummies(both, columns=labels).to_numpy("float32", na_value=np.nan)
    trees = import_module("xgboost").XGBClassifier(random_state=0).fit(x[: len(known)], known[target] == top)
    p, actual = trees.predict_proba(x[len(known) :])[:, 1], test[target] == top
    return {"utility": float(roc_auc_score(actual, p)), "F1": float(f1_score(actual, p > 0.5))}


def _print(title: str, rows: list[tuple[str, dict[str, float]]]) -> None:
    table = Table(title=title)
    table.add_column("")
    for name in FIGURES:
        table.add_column(name, justify="right")
    for name, found in rows:
        table.add_row(name, *(f"{found[key]:.3f}" if key in found else "-" for key in FIGURES))
    Console(width=190).print(table)


if __name__ == "__main__":
    main()
