"""Metrics run on one thread here too."""

from tests.evaluation.conftest import one_thread

__all__ = ["one_thread"]
