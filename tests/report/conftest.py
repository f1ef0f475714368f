"""Metrics run on one thread here too, and reports are drawn."""

import pytest

from tests import figures
from tests.evaluation.conftest import one_thread

__all__ = ["one_thread"]


@pytest.fixture(scope="package", autouse=True)
def _with_figures():
    with figures.drawn():
        yield


@pytest.fixture
def undrawn():
    """Leave the figures out in a test."""
    with figures.left_out():
        yield
