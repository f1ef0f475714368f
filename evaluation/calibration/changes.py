"""What flaws are made of: columns by what they hold, jittered values, planted rows, exchanged columns."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from launderette.evaluation import canonical
from launderette.evaluation.calibration.population import Case


class NotApplicable(ValueError):
    """The population lacks what a flaw needs, such as two dates."""


def numbers(case: Case) -> list[str]:
    """Columns of numbers, without the target."""
    return _of(case, "numerical")


def labels(case: Case) -> list[str]:
    """Columns of labels, without the target."""
    return _of(case, "categorical", "boolean")


def dates(case: Case) -> list[str]:
    """Columns of dates."""
    return _of(case, "datetime")


def _of(case: Case, *wanted: str) -> list[str]:
    kinds = canonical.infer_kinds(case.train) | case.kinds
    return [c for c in case.train if kinds[c] in wanted and c != case.target]


def needs(case: Case, *columns: str) -> None:
    """NotApplicable where the tables lack one of the columns."""
    if not set(columns) <= set(case.train):
        raise NotApplicable(f"expected the columns {', '.join(columns)}; another population lacks them")


def jittered(frame: pd.DataFrame, columns: list[str], share: float, rng: np.random.Generator) -> pd.DataFrame:
    """The columns multiplied by 1 +- share, written with the column's decimals."""
    return _moved(frame, columns, lambda v: v * (1 + rng.uniform(-share, share, len(v))))


def shaken(frame: pd.DataFrame, columns: list[str], share: float, rng: np.random.Generator) -> pd.DataFrame:
    """The columns with normal noise of so many standard deviations added, written with the column's decimals."""
    return _moved(frame, columns, lambda v: v + rng.normal(0, share * np.nanstd(v), len(v)))


def _moved(frame: pd.DataFrame, columns: list[str], move: Callable[[np.ndarray], np.ndarray]) -> pd.DataFrame:
    out = frame.copy()
    for column in columns:
        before = frame[column].to_numpy(dtype=np.float64, na_value=np.nan)
        out[column] = move(before).round(decimals(before)).astype(frame[column].dtype)
    return out


def decimals(values: np.ndarray) -> int:
    """Decimals in which all values are written, at most nine."""
    known = values[~np.isnan(values)]
    return next((d for d in range(9) if np.array_equal(known.round(d), known)), 9)


def sampled(frame: pd.DataFrame, rows: int, rng: np.random.Generator) -> pd.DataFrame:
    """So many different rows, all of them and some again where there are fewer."""
    order = np.concatenate([rng.permutation(len(frame)) for _ in range(-(-rows // len(frame)))])[:rows]
    return frame.iloc[order].reset_index(drop=True)


def planted(case: Case, rows: pd.DataFrame, rng: np.random.Generator) -> Case:
    """The case with as many of its synthetic rows replaced."""
    kept = case.synthetic.iloc[rng.permutation(len(case.synthetic))[: max(0, len(case.synthetic) - len(rows))]]
    mixed = pd.concat([kept, rows], ignore_index=True).astype(case.synthetic.dtypes.to_dict(), errors="ignore")
    return case.released(mixed.iloc[rng.permutation(len(mixed))])


def memorised(case: Case, share: float, rng: np.random.Generator) -> pd.DataFrame:
    """Different training rows, as many as `share` of the synthetic ones."""
    return sampled(case.train, max(1, round(share * len(case.synthetic))), rng)


def with_columns(case: Case, rows: pd.DataFrame, columns: list[str], rng: np.random.Generator) -> Case:
    """The case with its first synthetic rows taking these columns from `rows`; the rest of those rows stays fresh."""
    out = case.synthetic.copy()
    for column in columns:
        values = out[column].astype(object).to_numpy(copy=True)
        values[: len(rows)] = rows[column].astype(object).to_numpy()[: len(values)]
        out[column] = pd.Series(values, index=out.index).astype(out[column].dtype, errors="ignore")
    return case.released(out.iloc[rng.permutation(len(out))])


def exchanged(frame: pd.DataFrame, columns: list[str], share: float, rng: np.random.Generator) -> pd.DataFrame:
    """The table with a share of each column's values dealt out anew among the rows that lost theirs."""
    out = frame.copy()
    for column in columns:
        hit = np.flatnonzero(rng.random(len(frame)) < share)
        values = frame[column].to_numpy(copy=True)
        values[hit] = values[rng.permutation(hit)]
        out[column] = values
    return out


def widest(case: Case, at_least: int = 2) -> str:
    """The label column with the most labels; NotApplicable where none has so many."""
    counts = {c: case.train[c].nunique() for c in labels(case)}
    if not counts or max(counts.values()) < at_least:
        raise NotApplicable(f"expected a column of at least {at_least} labels")
    return max(counts, key=lambda c: counts[c])


def rarest(case: Case) -> object:
    """The rarest class of the target, or NotApplicable for a number."""
    if case.train[case.target].nunique() > 20:
        raise NotApplicable("expected a target of a few classes")
    return case.train[case.target].value_counts().index[-1]
