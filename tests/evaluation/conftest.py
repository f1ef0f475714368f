"""Metrics run on one thread here too, as `evaluation.score` runs them: a second one gains nothing on small tables."""

import pytest

from evaluation.models import threads


@pytest.fixture(autouse=True, scope="package")
def one_thread():
    with threads.single():
        yield
