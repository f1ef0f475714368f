"""The command line: `launder`. What is heavy is imported by the command that needs it, so that --help answers at
once.
"""

import gc
import sys
import warnings
from typing import Any, Protocol, runtime_checkable

import typer

from launderette.pipelines.cli import augment, init, models, releases, run, schema, scoring
from launderette.pipelines.cli.options import FAILED, INTERRUPTED, RELEASED, Version
from launderette.pipelines.cli.waiting import alive

ALLOCATED = 50_000  # objects between looks for cycles: the 700 of Python cost a seventh of a command, in imports
HELP = "Turn sensitive tables and images into synthetic ones, scored and released through a gate."
app = typer.Typer(
    name="launder", help=HELP, no_args_is_help=True, pretty_exceptions_enable=False, rich_markup_mode=None
)
for _command in (run.demo, init.init, run.run, run.serve, models.fit, models.sample, scoring.score, augment.augment):
    app.command()(alive(_command))
for _quick in (schema.schema, releases.releases, releases.verify, releases.rollback, releases.approve, releases.clean):
    app.command()(_quick)


@app.callback()
def _launder(version: Version = False) -> None:
    """Turn sensitive tables and images into synthetic ones, scored and released through a gate."""


def main(arguments: list[str] | None = None) -> int:
    """Run a command and return its exit code: 0 done, 1 bad input or failure, 2 usage, 3 quarantined, 4 held
    until somebody approves it, 130 interrupted.
    """
    if arguments is None:  # a process of its own
        gc.set_threshold(ALLOCATED)
    words = list(sys.argv[1:] if arguments is None else arguments)
    debug = "--debug" in words
    words = [word for word in words if word != "--debug"]
    guard = _Sentence(debug)
    with guard, warnings.catch_warnings():
        if not debug:
            warnings.simplefilter("ignore")  # a library's warning may quote a value
        guard.code = app(words, standalone_mode=False) or RELEASED
        if guard.code == INTERRUPTED:  # typer turns Ctrl-C into this code
            raise KeyboardInterrupt
    return _leave(guard.code, arguments is None)


def _leave(code: int, process: bool) -> int:
    if process:
        sys.exit(code)
    return code


class _Sentence:
    """Turn an exception that leaves a command into one sentence on stderr and an exit code."""

    def __init__(self, debug: bool) -> None:
        self.debug, self.code = debug, FAILED

    def __enter__(self) -> "_Sentence":
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: Any) -> bool:
        if error is None or isinstance(error, SystemExit):
            return False
        self.code, sentence = _explained(error)
        if self.debug and self.code == FAILED:
            error.__suppress_context__ = False  # shows what was kept back too
            return False
        print(f"launder: {sentence}", file=sys.stderr)
        return True


@runtime_checkable
class _UsageError(Protocol):
    """An error of the command line parser, whose class typer does not show."""

    exit_code: int

    def format_message(self) -> str: ...


def _explained(error: BaseException) -> tuple[int, str]:
    if isinstance(error, KeyboardInterrupt | typer.Abort) or type(error).__name__ in (
        "CancelledRun",
        "TerminationSignal",
    ):
        return INTERRUPTED, "interrupted; the same command continues where this one was"
    if isinstance(error, _UsageError):
        return error.exit_code, error.format_message()
    from launderette.pipelines.run.artifacts import failure, is_ours

    if isinstance(error, OSError):
        return FAILED, str(failure(f"expected to read or write {error.filename or 'a file'}", error))
    if is_ours(error):
        return FAILED, " ".join(str(error).split())
    return FAILED, f"expected the command to work, found {type(error).__name__}; run it with --debug to see where"
