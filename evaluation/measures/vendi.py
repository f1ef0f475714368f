"""The Vendi score of a set of rows (Friedman and Dieng 2023): how many distinct rows it is worth."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch

from launderette.evaluation.measures import intervals
from launderette.evaluation.scores import Score

LEAST_EIGENVALUE = 1e-12


def log_score(points: torch.Tensor, width: float) -> tuple[float, np.ndarray]:
    """Entropy of the eigenvalues of K / n with K_ij = exp(-|x_i - x_j|^2 / (2 h^2)), and what each row adds to it.

    The entropy is -tr(rho log rho) of rho = sum_i phi_i phi_i' / n, whose derivative in the weight of row i is
    -phi_i' log(rho) phi_i = -n * sum_j lambda_j v_ij^2 log(lambda_j).
    """
    points = points.double()
    kernel = torch.exp(-torch.cdist(points, points).square() / (2 * width**2))
    values, vectors = torch.linalg.eigh(kernel / len(points))
    values = values.clamp_min(LEAST_EIGENVALUE)
    terms = values * values.log()
    entropy = -float(terms.sum())
    return entropy, (-len(points) * vectors.square() @ terms).numpy() - entropy


def relative(points: Mapping[str, torch.Tensor], width: float, seed: int, note: str) -> Score:
    """The score of synthetic points over that of training points, by role, as many of each; higher better."""
    found = {role: log_score(own, width) for role, own in points.items()}
    ratio = {role: float(np.exp(entropy - found["train"][0])) for role, (entropy, _) in found.items()}
    low, high = (ratio["synthetic"] * float(np.exp(end)) for end in intervals.spread(found["synthetic"][1], seed))
    detail = {"effective_rows": float(np.exp(found["synthetic"][0])), "rows": len(points["train"])}
    return Score(ratio["synthetic"], low, high, ratio.get("holdout"), ratio["shuffled"], "higher", detail, note)
