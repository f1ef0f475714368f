"""The Vendi score of a set of rows (Friedman and Dieng 2023): how many distinct rows it is worth."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch

from launderette.evaluation.measures import intervals, neighbours
from launderette.evaluation.scores import Score

LEAST_EIGENVALUE = 1e-12


def log_score(points: torch.Tensor, width: float) -> tuple[float, np.ndarray]:
    """Entropy of the eigenvalues of K / n with K_ij = exp(-|x_i - x_j|^2 / (2 h^2)), and what each row adds to it.

    The entropy is -tr(rho log rho) of rho = sum_i phi_i phi_i' / n, whose derivative in the weight of row i is
    -phi_i' log(rho) phi_i = -n * sum_j lambda_j v_ij^2 log(lambda_j).
    """
    values, vectors = (part.cpu() for part in torch.linalg.eigh(_kernel(points, width)))
    terms = _terms(values)
    entropy = -float(terms.sum())
    return entropy, (-len(points) * vectors.square() @ terms).numpy() - entropy


def _entropy(points: torch.Tensor, width: float) -> float:
    """The first of `log_score`, without the vectors, which take longest."""
    return -float(_terms(torch.linalg.eigvalsh(_kernel(points, width)).cpu()).sum())


def _kernel(points: torch.Tensor, width: float) -> torch.Tensor:
    points = points.to(neighbours.fastest()).double()
    return torch.exp(-torch.cdist(points, points).square() / (2 * width**2)) / len(points)


def _terms(values: torch.Tensor) -> torch.Tensor:
    values = values.clamp_min(LEAST_EIGENVALUE)
    return values * values.log()


def relative(points: Mapping[str, torch.Tensor], width: float, seed: int, note: str) -> Score:
    """The score of synthetic points over that of training points, by role, as many of each; higher better."""
    own, effects = log_score(points["synthetic"], width)
    found = {role: own if role == "synthetic" else _entropy(rows, width) for role, rows in points.items()}
    ratio = {role: float(np.exp(entropy - found["train"])) for role, entropy in found.items()}
    low, high = (ratio["synthetic"] * float(np.exp(end)) for end in intervals.spread(effects, seed))
    detail = {"effective_rows": float(np.exp(own)), "rows": len(points["train"])}
    return Score(ratio["synthetic"], low, high, ratio.get("holdout"), ratio["shuffled"], "higher", detail, note)
