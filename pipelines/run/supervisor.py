"""Run a command only while the process that asked for it lives: `python supervisor.py PARENT COMMAND ...`.

A process that dies by SIGKILL can end nothing itself, so this one, of the standard library alone, watches it: its
standard input is a pipe whose other end the parent holds, which closes with it. Where a child of the parent holds that
end too, the change of parent tells.
"""

import os
import select
import signal
import subprocess
import sys

LOOK_SECONDS = 0.5  # seconds between two looks
GRACE_SECONDS = 10.0  # seconds between SIGTERM and SIGKILL


def main(parent: int, command: list[str]) -> int:
    """Run the command until it ends, or until process `parent` is gone; return its exit code."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL)
    try:
        while child.poll() is None and not _is_gone(parent):
            pass
    finally:
        _end(child)
    return child.returncode


def _is_gone(parent: int) -> bool:
    closed, _, _ = select.select([sys.stdin], [], [], LOOK_SECONDS)
    return bool(closed) or os.getppid() != parent


def _end(child: subprocess.Popen) -> None:
    child.terminate()
    try:
        child.wait(GRACE_SECONDS)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), sys.argv[2:]))
