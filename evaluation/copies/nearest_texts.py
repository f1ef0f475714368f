"""Real rows that are most like a released text, wherever it was changed: an account number with some digits anew, a
note with half of its words.

Likeness is the cosine of weighted parts that two texts share, by the surprise -log p of a part that a share p of the
real rows has (tf-idf; Salton and Buckley 1988). Which real row is the most like a released text is chance where the
release knows neither table, however texts are made: of t training and h holdout rows, one of training with probability
t / (t + h).
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from scipy.sparse import csr_array, diags_array

from launderette.evaluation.copies.letters import Letters, Places
from launderette.evaluation.copies.rare_counts import Sharing

ASKED_TEXTS, AT_ONCE = 3000, 250  # different released texts that are looked at, so many together
RUN_ALIKE = 3  # characters in a row by which longer texts are alike
COMMON = 0.5  # share of the real rows that have a part, from which on it says nothing
CLOSEST_SHARES = 0.03, 0.1, 0.3  # shares of the released texts, those first that are most like a real row
LEAST_LEAD = 1e-5  # of a likeness over that to the next owner's rows: less is a tie


def nearest(column: str, letters: Letters, owners: np.ndarray, sizes: np.ndarray) -> Iterator[Sharing]:
    """Count real rows, one of each of the `owners` [real rows], to which a released text is nearer than to any other
    owner's: by characters at their places from either end, and by runs of three characters.
    """
    for kind, places in (
        ("characters at their places", letters.at_places()),
        (f"runs of {RUN_ALIKE} characters", letters.runs(RUN_ALIKE)),
    ):
        rows = _nearest(_weighted(places, sizes), letters.whole(), owners, int(sizes[:2].sum()))
        for share in CLOSEST_SHARES:
            found = rows[: int(np.ceil(share * len(rows)))]
            yield _sharing(f"the closest likeness in {column}, by {kind},", found, owners, sizes)


def _sharing(what: str, rows: np.ndarray, owners: np.ndarray, sizes: np.ndarray) -> Sharing:
    """Count owners of each side, of whom one of these real rows is."""
    sides = [np.unique(side) for side in np.split(owners, [sizes[0]])]
    held = rows >= sizes[0]
    hits = np.array([len(np.unique(owners[rows[held == side]])) for side in (False, True)])
    return Sharing(what, hits, np.array([len(side) for side in sides]))


def _weighted(places: Places, sizes: np.ndarray) -> csr_array:
    """Parts of all rows, those that real rows have, of length 1 by their surprise: float32 [rows, parts]."""
    real = int(sizes[:2].sum())
    codes, rows = np.unique(places[0], return_inverse=True)[1], places[1]
    had = csr_array((np.ones(len(rows), np.float32), (rows, codes)), shape=(int(sizes.sum()), codes.max(initial=0) + 1))
    had.data[:] = 1.0  # a part that a text has twice counts once
    counts = np.bincount(had[:real].indices, minlength=had.shape[1])
    telling = (counts > 0) & (counts <= COMMON * real)
    had = had[:, np.flatnonzero(telling)]
    had = had @ diags_array(-np.log(counts[telling] / real).astype(np.float32))
    lengths = np.sqrt(np.asarray(had.power(2).sum(axis=1)).ravel())
    return csr_array(diags_array(1 / np.maximum(lengths, 1e-9).astype(np.float32)) @ had)


def _nearest(parts: csr_array, texts: np.ndarray, owners: np.ndarray, real: int) -> np.ndarray:
    """The real row nearest to each of some different released texts, where no other owner's is as near, that of the
    greatest likeness first.
    """
    asked = real + np.unique(texts[real:], return_index=True)[1]
    asked = np.random.default_rng(0).permutation(asked)[:ASKED_TEXTS]
    found, transposed = [], parts[:real].T.tocsr()
    for part in np.split(asked, range(AT_ONCE, len(asked), AT_ONCE)):
        likeness = (parts[part] @ transposed).toarray()
        first = likeness.argmax(1)
        best = likeness[np.arange(len(part)), first]
        likeness[owners[None, :] == owners[first][:, None]] = 0
        found.append((first, best, best - likeness.max(1)))
    rows, best, leads = (np.concatenate(each) for each in zip(*found, strict=True))
    alone = np.flatnonzero(leads > LEAST_LEAD)
    return rows[alone[np.argsort(-best[alone], kind="stable")]]
