"""Figures of reports: drawing them takes longer than all else in a run of few rows, so only tests of them draw."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from evaluation.report import drawings

FIGURES = ("column", "associations", "roc", "modes", "standings", "forest", "curve")
DRAWN = {name: getattr(drawings, name) for name in FIGURES}


@contextmanager
def drawn() -> Iterator[None]:
    """Have reports drawn inside the block."""
    with pytest.MonkeyPatch.context() as patch:
        for name, draw in DRAWN.items():
            patch.setattr(drawings, name, draw)
        yield


@contextmanager
def left_out() -> Iterator[None]:
    """Have the places of figures stay empty inside the block."""
    with pytest.MonkeyPatch.context() as patch:
        for name in FIGURES:
            patch.setattr(drawings, name, lambda *_: "")
        yield
