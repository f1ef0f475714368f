"""A sign of life while something takes its time: a spinner that says what; a line at the start without a terminal."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache, wraps
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console
    from rich.live import Live


@cache
def console() -> "Console":
    """Return the one console that everything is drawn on."""
    from rich.console import Console

    return Console(highlight=False)


class Spinner:
    """What turns at the end of the output of a terminal until it is hidden; nothing where there is no terminal."""

    def __init__(self) -> None:
        self.live: Live | None = None

    def show(self, text: str) -> None:
        """Turn, with `text` beside; instead of what was shown before."""
        self.hide()
        if not (sys.stdout.isatty() and os.environ.get("TERM") != "dumb"):
            return
        from rich.live import Live
        from rich.spinner import Spinner as Drawing
        from rich.text import Text

        self.live = Live(Drawing("dots", Text(text)), console=console(), refresh_per_second=10, transient=True)
        self.live.start()

    def hide(self) -> None:
        """Take it off the screen."""
        if self.live is not None:
            self.live.stop()
            self.live = None

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Take it off the screen while something else is written there."""
        live, self.live = self.live, None
        if live is None:
            yield
            return
        live.stop()
        try:
            yield
        finally:
            live.start()
            self.live = live


spinner = Spinner()


def alive(command: Callable[..., int]) -> Callable[..., int]:
    """Return the command with a sign of life before it loads what is heavy."""

    @wraps(command)
    def started(*given: object, **named: object) -> int:
        if not sys.stdout.isatty():
            print(f"launder {command.__name__}: starting", flush=True)
        spinner.show("starting")
        try:
            return command(*given, **named)
        finally:
            spinner.hide()

    return started
