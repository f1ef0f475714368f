"""A Gaussian copula of columns in their order (networks/copula.py), fitted where other rows confirm it: what an
autoregressive model knows before training.
"""

import torch
from torch import Tensor

from launderette.generators.networks.copula import COPULA_ROWS, INDEPENDENT, LEAST_SAVED_NATS, Copula
from launderette.generators.networks.label_fitting import fit_labels
from launderette.generators.networks.layers import Heads
from launderette.generators.networks.ties import MOST_SOLVED_FEATURES, candidates, is_wide
from launderette.generators.priors.number_gains import number_gains
from launderette.generators.priors.score_fitting import fit_scores
from launderette.generators.training.validation import Folds

COPULA_KEPT_ROWS = 10_000  # below which the copula is kept where it helps at all
HELPS_ERRORS = 2  # standard errors from none, for what helps
Parts = list[tuple[Tensor, Tensor]]  # rows to fit to [n, L] and others [m, L]


@torch.no_grad()
def fit(copula: Copula, heads: Heads, x: Tensor, folds: Folds) -> None:
    """Fit the copula to tokens x [N, L], shrunk as suits the others of its folds best; use none where it does not help,
    nor of more than MOST_SOLVED_FEATURES features.
    """
    if len(copula.R) > MOST_SOLVED_FEATURES:
        copula.shrink(copula.R, INDEPENDENT)
        return
    parts = list(folds)[: 1 if is_wide(copula.R) else None]
    told = _fitted(copula, heads, x, parts)
    if copula.squared and len(x) < COPULA_KEPT_ROWS:
        straight = {name: own.clone() for name, own in copula.state_dict().items()}
        more = _fitted(copula, heads, x, parts, squares=True)
        if float((more - told).mean()) > _luck(more - told):
            told = more
        else:
            copula.load_state_dict(straight)
    if float(told.mean()) <= _least_saved(copula, told, len(x)):
        copula.shrink(copula.R, INDEPENDENT)


def _fitted(copula: Copula, heads: Heads, x: Tensor, parts: Parts, *, squares: bool = False) -> Tensor:
    """Fit the copula to tokens x [N, L] by parts of rows to fit to and others; return how much likelier the others are
    than by their columns' shares alone, in nats: [others].
    """
    saved = torch.cat([_saved(copula, heads, *part, squares) for part in parts])  # nats [rows, candidates]
    best = int(saved.mean(0).argmax())
    copula.take(_candidates(copula, x, squares)[best])
    return saved[:, best] + (fit_labels(copula, x, parts) + fit_scores(copula, x, parts)).sum(1)


def _saved(copula: Copula, heads: Heads, x: Tensor, other: Tensor, squares: bool) -> Tensor:
    """How much likelier numbers of other rows [M, L] are by a copula of tokens x [N, L] than without, in nats, by
    candidate: float64 [M, candidates].
    """
    return number_gains(copula, heads, torch.stack(_candidates(copula, x, squares)), other)


def _candidates(copula: Copula, x: Tensor, squares: bool) -> list[Tensor]:
    """Fit the copula to tokens x [N, L] and return the correlations that it may take."""
    R = copula.fit(x, squares=squares)
    return candidates(R, copula.column, min(len(x), COPULA_ROWS), few=len(x) < COPULA_KEPT_ROWS)


def _least_saved(copula: Copula, saved: Tensor, rows: int) -> float:
    """What the copula has to save per row: of few rows more than chance does; of many the network learns the same
    sooner without it.
    """
    return _luck(saved) if rows < COPULA_KEPT_ROWS else LEAST_SAVED_NATS * copula.columns


def _luck(saved: Tensor) -> float:
    """Return how much chance saves of rows that save so much each, [rows]."""
    return HELPS_ERRORS * float(saved.std(correction=0)) / len(saved) ** 0.5
