"""What all tests and the processes they start have in common.

One thread each: their tables are too small to gain from more, and threads wait for busy cores. And Ctrl-C interrupts: a
shell starts what it puts into the background with that signal ignored, and processes inherit it. Tests of whole runs,
which lie in this folder itself, come first: they wait for servers and clocks, and what computes fills the gaps.
"""

import functools
import gc
import os
import random
import signal
import sys
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

os.environ.setdefault("OMP_NUM_THREADS", "1")
if os.environ.pop("PYTHONDONTWRITEBYTECODE", None):  # every process that tests start would compile all code anew
    sys.dont_write_bytecode = False
signal.signal(signal.SIGINT, signal.default_int_handler)
BUSY = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}  # as cores may be
settings.register_profile("same", derandomize=True, **BUSY)  # the same examples in every run
settings.register_profile("search", **BUSY)  # others in every run: pytest -m hypothesis --hypothesis-profile search
settings.load_profile("same")


@pytest.hookimpl(optionalhook=True)  # without pytest-xdist too
def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """Return one process more than there are cores, for some tests wait."""
    return (os.cpu_count() or 1) + 1


@pytest.fixture(scope="session", autouse=True)
def _no_figures() -> Iterator[None]:
    from tests import figures  # not before the threads are set

    with figures.left_out():
        yield


@pytest.fixture(scope="session", autouse=True)
def _signatures_once() -> Iterator[None]:
    """Read the signature of a learner's class once: scikit-learn does for each tree, a twelfth of scoring few rows."""
    from sklearn.base import BaseEstimator  # not before the threads are set

    with pytest.MonkeyPatch.context() as patch:
        names = functools.cache(BaseEstimator._get_param_names.__func__)
        patch.setattr(BaseEstimator, "_get_param_names", classmethod(names))
        yield


@pytest.fixture
def drawn() -> Iterator[None]:
    """Have reports drawn in a test."""
    from tests import figures

    with figures.drawn():
        yield


@pytest.hookimpl(tryfirst=True)
def pytest_fixture_setup() -> None:
    """Have what a fixture fits be the same in every run."""
    _same_chance()


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_call() -> None:
    """Have the noise of privacy, and whatever a test draws, be the same in every run and order: none has bad luck."""
    _same_chance()


def _same_chance() -> None:
    import numpy as np
    import torch  # not before the threads are set

    from generators.privacy import entropy

    entropy.SYSTEM = random.Random(0)
    if torch.cuda.is_initialized():
        torch.cuda.manual_seed_all(0)  # which before that notes its caller's whole stack, and takes half a millisecond
    torch.default_generator.manual_seed(0)
    np.random.seed(0)  # noqa: NPY002  what scikit-learn draws by where nothing is said


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Look for garbage among what tests make alone: what is imported is none, and took seconds to look through."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the tests of whole runs; all others keep their order."""
    items.sort(key=lambda item: item.path.parent != Path(__file__).parent)
