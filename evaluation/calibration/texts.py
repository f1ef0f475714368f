"""Columns of text about people: an e-mail, a name, a note."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from launderette.evaluation.calibration.population import Case

Rng = np.random.Generator
FIRST_NAMES = [
    f"{a}{b}" for a in ("An", "Be", "Cor", "Da", "El", "Fi", "Ga", "Ha") for b in ("na", "lo", "ri", "mon", "su")
]
LAST_NAMES = [
    f"{a}{b}" for a in ("Ab", "Bro", "Cal", "Dor", "Es", "Fal", "Gre", "Hol") for b in ("beck", "den", "ler", "mann")
]
VERBS = ("reports", "denies", "awaits", "missed", "asked about", "returned for", "was sent for")
THINGS = ("back pain", "a new card", "a refund", "blood tests", "an appeal", "late payment", "a move", "a referral")


def with_text(case: Case, rng: Rng) -> Case:
    """Three columns of text for all people: an e-mail (unique), a name (shared by few) and a note."""
    return replace(case, **{role: _texts(getattr(case, role), role, rng) for role in ("train", "holdout", "synthetic")})


def _texts(frame: pd.DataFrame, role: str, rng: Rng) -> pd.DataFrame:
    size = len(frame)
    first, last = rng.choice(FIRST_NAMES, size), rng.choice(LAST_NAMES, size)
    where = rng.choice(("post", "mail", "web"), size)
    codes = rng.choice(10**7, size, replace=False) * 3 + ("train", "holdout", "synthetic").index(role)
    return frame.assign(
        email=[f"{a.lower()}.{n}@{w}.example" for a, n, w in zip(first, codes, where, strict=True)],
        name=[f"{a} {b}" for a, b in zip(first, last, strict=True)],
        note=_notes(size, rng),
    )


def _notes(size: int, rng: Rng) -> list[str]:
    parts = rng.choice(VERBS, size), rng.choice(THINGS, size), rng.integers(1, 31, size), rng.integers(100, 1000, size)
    notes = [f"{a} {b} on day {c}, file {d}" for a, b, c, d in zip(*parts, strict=True)]
    return [notes[0], *notes[:-1]]  # one text twice: such a column is taken for labels
