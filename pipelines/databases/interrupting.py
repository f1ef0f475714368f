"""Work of a driver on a thread of its own, so that Ctrl-C is neither lost nor deadly.

On the main thread ADBC takes SIGINT for itself and mostly loses it; and a connection that is closed while another
thread reads from it ends the process. So the main thread waits here, and leaves only once the driver has let go.
"""

from collections.abc import Callable, Generator, Iterator
from concurrent.futures import Future, wait
from contextlib import suppress
from functools import partial
from threading import Thread
from typing import TypeVar

AGAIN_SECONDS = 0.5  # until a driver that has not let go is asked again: what came too early did nothing
Result = TypeVar("Result")


def interruptible(work: Callable[[], Result], cancel: Callable[[], object]) -> Result:
    """Return what `work` returns; an interrupt of the caller has `cancel` end it, and is raised once it has ended."""
    done: Future[Result] = Future()
    try:
        _begin(work, done)
        return done.result()
    except BaseException:
        _end(done, cancel)
        raise


def ahead(items: Iterator[Result], cancel: Callable[[], object]) -> Generator[Result]:
    """Yield items, of which the next one is read meanwhile; closed early, it has `cancel` end that and waits for it."""
    reads, done = partial(next, items, None), Future[Result | None]()
    try:
        _begin(reads, done)
        while (item := done.result()) is not None:
            done = Future()
            _begin(reads, done)
            yield item
    finally:
        _end(done, cancel)


def _begin(work: Callable[[], Result], done: "Future[Result]") -> None:
    def run() -> None:
        if not done.set_running_or_notify_cancel():
            return
        try:
            done.set_result(work())
        except BaseException as error:  # noqa: BLE001  raised where the result is used
            done.set_exception(error)

    Thread(target=run, daemon=True).start()


def _end(done: "Future[Result]", cancel: Callable[[], object]) -> None:
    if done.cancel():  # before it began
        return
    while not done.done():
        with suppress(Exception):  # of whatever type the driver raises where there is nothing to cancel
            cancel()
        wait([done], AGAIN_SECONDS)
