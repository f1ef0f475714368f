"""What the report draws, reduced until no row, rare category, extreme or small cell is left in it."""

from __future__ import annotations

from itertools import combinations

import numpy as np

from launderette.evaluation.measures import pairs
from launderette.evaluation.samples import Samples
from launderette.evaluation.summaries import small_cells
from launderette.evaluation.summaries.small_cells import LEAST_CELL_ROWS

CHART_CELLS = 20
CHART_LABELS = 8
CHARTS = 12
MATRIX = 30  # columns in the association matrices
CHART_ROWS = 10_000


def charts(samples: Samples, shapes: dict[str, float], seed: int) -> dict:
    """Histograms of the columns with the lowest shape scores, and the association matrices."""
    worst = sorted(shapes, key=lambda c: (shapes[c], str(c)))[:CHARTS]
    return {
        "columns": [chart for c in worst if (chart := column_chart(samples, c)) is not None],
        "associations": associations(samples, seed),
    }


def column_chart(samples: Samples, column: str) -> dict | None:
    """Shares of real and synthetic rows per cell or label; None where nothing may be shown."""
    return (_histogram if samples.is_number(column) else _bars)(samples, column)


def _histogram(samples: Samples, column: str) -> dict | None:
    real, other = (samples.table(r)[column].to_numpy() for r in ("train", "synthetic"))
    known = np.sort(real[~np.isnan(real)])
    tail = max(LEAST_CELL_ROWS, int(np.ceil(0.01 * len(known))))
    if len(known) < 3 * tail:
        return None
    unit = samples.units[column]
    low, high = _rounded(known[tail], known[-1 - tail], unit)
    if not high > low:
        return None
    edges = _wide_enough(real, np.linspace(low, high, CHART_CELLS + 1))
    if len(edges) < 2:
        return None
    shares = {
        name: (np.histogram(v, edges)[0] / max(1, len(v))).tolist()
        for name, v in (("real", real), ("synthetic", other))
    }
    return {"name": str(column), "kind": samples.kinds[column], "edges": (edges * unit).tolist(), **shares}


def _wide_enough(real: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """Edges of which neighbours with few training rows between them are left out, and the last where few rows lie
    beyond all.
    """
    counts = np.histogram(real, edges)[0]
    starts = small_cells.runs(counts)
    missing = int(np.isnan(real).sum())
    # follows from what is shown
    beyond = len(real) - int(counts.sum()) - (0 if small_cells.is_small(missing) else missing)
    kept = np.append(edges[starts], edges[-1:]) if starts else edges[:0]
    return kept[:-1] if small_cells.is_small(beyond) else kept


def _rounded(low: float, high: float, unit: float) -> tuple[float, float]:
    """Inner ends of the axis, in units, on a grid that is round as given, so that no real value is an end of it."""
    if not high > low:
        return low, high
    step = 10.0 ** np.floor(np.log10(high - low) + np.log10(unit) - 1) / unit
    if step == 0:  # no number is so small
        return low, low
    return float(np.ceil(low / step) * step), float(np.floor(high / step) * step)


def _bars(samples: Samples, column: str) -> dict | None:
    size = len(samples.labels[column])
    counts = {
        name: np.bincount(samples.table(role)[column].to_numpy() + 1, minlength=size + 1)
        for name, role in (("real", "train"), ("synthetic", "synthetic"))
    }
    return label_chart(
        str(column), samples.kinds[column], [str(label) for label in samples.labels[column]], counts, CHART_LABELS
    )


def label_chart(name: str, kind: str, labels: list[str], counts: dict[str, np.ndarray], most: int) -> dict | None:
    """Shares of the most frequent labels, of all others and of missing ones, from "real" and "synthetic" counts with
    missing first.

    A bar that few training rows stand behind is joined with another; None where no label is left.
    """
    real = counts["real"]
    ranked = np.argsort(-real[1:], kind="stable") + 1
    shown = [i for i in ranked[:most] if real[i] >= LEAST_CELL_ROWS]
    # a share of missing values that is shown elsewhere must not give the others away
    apart = not small_cells.is_small(real[0])
    rest = [i for i in ranked if i not in shown] + ([] if apart else [0])
    while shown and small_cells.is_small(sum(real[i] for i in rest)):
        rest.append(shown.pop())
    if not shown:
        return None
    groups = [*([i] for i in shown), rest, *([[0]] if apart else [])]
    names = [
        *(labels[i - 1] for i in shown),
        "all other" if apart else "all other or missing",
        *(["missing"] if apart else []),
    ]
    shares = {side: [float(c[group].sum() / max(1, c.sum())) for group in groups] for side, c in counts.items()}
    return {"name": name, "kind": kind, "labels": names, **shares}


def associations(samples: Samples, seed: int) -> dict:
    """Cramer's V of every pair of columns (numbers in ten cells of equal mass), real and synthetic."""
    names = samples.known[:MATRIX]
    if len(names) < 2:
        return {}
    found: dict[str, list] = {"names": [str(n) for n in names]}
    grids = {c: _edges(samples, c) for c in names}
    for role in ("train", "synthetic"):
        rows = samples.rows(role, CHART_ROWS, seed)
        codes = {c: _cells(samples.table(role)[c].to_numpy()[rows], grids[c]) for c in names}
        matrix = np.eye(len(names))
        for i, j in combinations(range(len(names)), 2):
            matrix[i, j] = matrix[j, i] = _cramer(codes[names[i]], codes[names[j]])
        found["real" if role == "train" else role] = matrix.round(4).tolist()
    return found


def _edges(samples: Samples, column: str) -> np.ndarray:
    values = samples.table("train")[column].to_numpy()
    if samples.is_number(column):
        return np.unique(np.nanquantile(values, np.linspace(0, 1, pairs.BINS + 1)[1:-1]))
    return np.argsort(-np.bincount(values[values >= 0], minlength=len(samples.labels[column])), kind="stable")[
        : pairs.BINS
    ]


def _cells(values: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """Codes from 0: number cells with missing last, or the ten most frequent labels with all others last."""
    if values.dtype.kind == "f":
        return np.where(np.isnan(values), len(edges) + 1, np.searchsorted(edges, values, "right"))
    place = np.full(max(values.max(initial=0), edges.max(initial=0)) + 2, len(edges))
    place[edges] = np.arange(len(edges))
    return place[values]


def _cramer(a: np.ndarray, b: np.ndarray) -> float:
    """Bias-corrected Cramer's V (Bergsma 2013) of two code vectors; 0 where one is constant."""
    table = np.bincount(a * (b.max() + 1) + b, minlength=(a.max() + 1) * (b.max() + 1)).reshape(a.max() + 1, -1)
    table = table[table.sum(1) > 0][:, table.sum(0) > 0]
    n, (r, c) = table.sum(), table.shape
    if min(r, c) < 2 or n < 3:
        return 0.0
    expected = table.sum(1, keepdims=True) * table.sum(0) / n
    phi = max(0.0, float(((table - expected) ** 2 / expected).sum() / n) - (r - 1) * (c - 1) / (n - 1))
    return float(np.sqrt(phi / max(1e-12, min(r - (r - 1) ** 2 / (n - 1), c - (c - 1) ** 2 / (n - 1)) - 1)).clip(0, 1))
