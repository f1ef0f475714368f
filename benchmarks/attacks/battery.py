"""Membership attacks written apart from ours, beside ours: on leaks of every kind and on releases of our generators.

    python -m benchmarks.attacks.battery [--rows 1000] [--kinds copies.within_5_percent ...] [--seeds 0 1 2]
    python -m benchmarks.attacks.battery --shared ../shared --data adult --generators tabular.autoregressive

The battery of Synth-MIA (Ward et al. 2025, arXiv 2509.18014), on scikit-learn alone: distance to the closest record
(DCR), the same less the distance to a reference, data plagiarism index (DPI), Monte Carlo and local neighbourhood
counts, classifiers of synthetic against reference rows, DOMIAS, density, Gen-LRA. Half of the holdout is the reference,
the other half the non-members; the strongest attack is chosen with the truth at hand, which no attacker has and ours
does not. Figures are the share of training rows recognised at 1 % false alarms, and the area under the curve.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
from rich.console import Console
from rich.table import Table
from sklearn.compose import make_column_transformer
from sklearn.decomposition import PCA
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.impute import SimpleImputer
from sklearn.metrics import roc_auc_score, roc_curve
from sklearn.neighbors import KernelDensity, NearestNeighbors
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

import evaluation
import generators
from benchmarks.evaluation import pooled
from evaluation import calibration
from evaluation.calibration import population
from evaluation.calibration.changes import NotApplicable
from evaluation.calibration.population import Case
from evaluation.scores import Score

K, DIMENSIONS, ALARMS = 10, 12, 0.01
BY_LUCK = 0.03  # what the best of so many attacks finds in honest rows
LEAKS = [*calibration.names("copies"), *calibration.names("records")]
Matrix = np.ndarray  # float64 [rows, features]


def main() -> None:
    options = _options()
    heads = "theirs, best", "TPR", "AUC", "ours, TPR", "AUC", "TPR ours / theirs"
    table = Table("leak or generator", *heads, title=f"{options.rows:,} training and synthetic rows")
    for name, case in _cases(options):
        attack, theirs, area = max(battery(case), key=lambda found: found[1])
        score = _own(case)
        ours, own_area = score.value or 0.0, score.detail["auc"]
        ratio = f"{ours / theirs:.2f}" if theirs > BY_LUCK else "-"
        row = name, attack, f"{theirs:.3f}", f"{area:.3f}", f"{ours:.3f}", f"{own_area:.3f}", ratio
        print(*row, sep="  ", flush=True)
        table.add_row(*row)
    Console(width=150).print(table)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1000, help="training and synthetic rows; the holdout is as many")
    parser.add_argument("--kinds", nargs="*", default=LEAKS, help="of evaluation.calibration")
    parser.add_argument("--generators", nargs="*", default=[], help="own releases, all defaults")
    parser.add_argument("--seeds", nargs="+", type=int, default=[0])
    parser.add_argument("--shared", type=Path, help="a folder with data/NAME_train.csv and NAME_test.csv")
    parser.add_argument("--data", default="adult")
    return parser.parse_args()


def _cases(options: argparse.Namespace) -> Iterator[tuple[str, Case]]:
    """Honest tables with a leak, then releases of generators."""
    for seed in options.seeds:
        honest = _honest(options, seed)
        for kind in options.kinds:
            try:
                yield f"{kind} [{seed}]", calibration.load(kind)(honest, np.random.default_rng([seed, 131]))
            except NotApplicable:
                continue
        for name in options.generators:
            model = generators.fit(honest.train, name, seed=seed)
            yield f"{name} [{seed}]", honest.released(model.sample(options.rows, seed=seed))


def _honest(options: argparse.Namespace, seed: int) -> Case:
    sizes = options.rows, options.rows, options.rows
    if options.shared is None:
        return population.made(sizes, seed)
    frame, target = pooled(options.shared, options.data, seed)
    return population.cut(frame, sizes, target)


def _own(case: Case) -> Score:
    parts, names = (case.train, case.holdout, case.synthetic), ["privacy.membership"]
    return evaluation.score(*parts, kinds=case.kinds, target=case.target, names=names).scores[names[0]]


def battery(case: Case) -> Iterator[tuple[str, float, float]]:
    """Name, TPR at 1 % FPR and AUC of each attack."""
    members, held, released = _encoded(case)
    non_members, reference = held[::2], held[1::2]
    candidates = np.concatenate([members, non_members])
    truth = np.repeat([1, 0], [len(members), len(non_members)])
    for name, scores in _scores(candidates, released, reference):
        false, true, _ = roc_curve(truth, scores)
        yield name, float(true[false <= ALARMS].max()), float(roc_auc_score(truth, scores))


def _encoded(case: Case) -> tuple[Matrix, Matrix, Matrix]:
    """Training, holdout and synthetic rows as standardised numbers and indicators of labels."""
    tables = [frame.map(lambda v: np.nan if v is None else v) for frame in (case.train, case.holdout, case.synthetic)]
    tables = [_numbered(frame) for frame in tables]
    numeric = [c for c in tables[0] if pd.api.types.is_numeric_dtype(tables[0][c])]
    labels = [c for c in tables[0] if c not in numeric and tables[0][c].nunique() < len(tables[0]) / 2]
    encoder = make_column_transformer(
        (make_pipeline(SimpleImputer(), StandardScaler()), numeric),
        (OneHotEncoder(handle_unknown="ignore", max_categories=50, sparse_output=False), labels),
    )
    encoder.fit(pd.concat([tables[1], tables[2]]))  # what an attacker has
    return tuple(encoder.transform(frame) for frame in tables)


def _numbered(frame: pd.DataFrame) -> pd.DataFrame:
    """Dates as days, labels as text."""
    out = frame.copy()
    for column in frame.select_dtypes(exclude="number"):
        texts = frame[column].astype("string")
        days = pd.to_datetime(texts, format="%Y-%m-%d", errors="coerce")
        dated = days.notna().sum() == texts.notna().sum() > 0
        out[column] = (days - pd.Timestamp("2000-01-01")).dt.days if dated else texts.fillna("").astype(object)
    return out


def _scores(candidates: Matrix, released: Matrix, reference: Matrix) -> Iterator[tuple[str, np.ndarray]]:
    near, usual = (_distances(candidates, table) for table in (released, reference))
    yield "DCR", -near[:, 0]
    yield "DCR less reference", usual[:, 0] - near[:, 0]
    both = NearestNeighbors(n_neighbors=K).fit(np.concatenate([released, reference]))
    yield "DPI", (both.kneighbors(candidates, return_distance=False) < len(released)).mean(1)
    counts = NearestNeighbors().fit(released)
    for name, radius in (("Monte Carlo", np.median(near[:, 0])), ("local neighbourhood", np.quantile(near[:, 0], 0.1))):
        balls = counts.radius_neighbors(candidates, max(radius, 1e-9), return_distance=False)
        yield name, np.array([len(ball) for ball in balls]) - 1e-6 * near[:, 0]
    x, y = np.concatenate([released, reference]), np.repeat([1, 0], [len(released), len(reference)])
    for model in (RandomForestClassifier(200, random_state=0), HistGradientBoostingClassifier(random_state=0)):
        yield type(model).__name__, model.fit(x, y).predict_proba(candidates)[:, 1]
    yield from _densities(candidates, released, reference)


def _distances(queries: Matrix, table: Matrix) -> Matrix:
    return NearestNeighbors(n_neighbors=K).fit(table).kneighbors(queries)[0]


def _densities(candidates: Matrix, released: Matrix, reference: Matrix) -> Iterator[tuple[str, np.ndarray]]:
    """Kernel densities in the first components, of Scott's width."""
    project = PCA(min(DIMENSIONS, reference.shape[1]), whiten=True).fit(np.concatenate([released, reference]))
    asked, own, usual = (project.transform(table) for table in (candidates, released, reference))
    densities = [KernelDensity(bandwidth="scott").fit(table).score_samples(asked) for table in (own, usual)]
    yield "density", densities[0]
    yield "DOMIAS", densities[0] - densities[1]
    yield "Gen-LRA", _likelihood_ratio(asked, own, usual)


def _likelihood_ratio(asked: Matrix, own: Matrix, usual: Matrix) -> np.ndarray:
    """How much likelier the nearest synthetic rows become once the candidate joins the reference (Ward et al. 2025)."""
    width = len(usual) ** (-1 / (usual.shape[1] + 4))
    before = KernelDensity(bandwidth=width).fit(usual).score_samples(own) + np.log(len(usual))  # of the sum of kernels
    distances, nearest = NearestNeighbors(n_neighbors=K).fit(own).kneighbors(asked)
    constant = usual.shape[1] * np.log(width * np.sqrt(2 * np.pi))
    added = -np.square(distances / width) / 2 - constant
    return (np.logaddexp(before[nearest], added) - before[nearest]).sum(1)


if __name__ == "__main__":
    main()
