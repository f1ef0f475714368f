"""When somebody is told: at the end of a run, and where it comes to none. A notification that fails is said on the
standard error and changes nothing of the run.
"""

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from launderette.pipelines.config import RunConfig
from launderette.pipelines.notifications import channels, messages
from launderette.pipelines.run.artifacts import LaunderError, is_ours, read_json, write_json

BAD = ("failed", "quarantined")  # events after which a release is a recovery


@contextmanager
def failures(config: RunConfig) -> Iterator[None]:
    """Tell of an exception that leaves the block, which it does all the same."""
    try:
        yield
    except Exception as error:
        send(config, "failed", why=reason(error))
        raise


def reason(error: BaseException) -> str:
    """Return why a run came to no end: a sentence of ours, of a foreign error its type alone."""
    return " ".join(str(error).split()) if is_ours(error) else type(error).__name__


def end(config: RunConfig, ended: Mapping[str, Any], verdict: Mapping[str, Any] | None = None, why: str = "") -> None:
    """Tell of the end of a run; of one that released nothing new only where the last one before it went wrong."""
    event = {"held": "approval"}.get(ended["outcome"], ended["outcome"])
    if event == "quarantined" and verdict:
        why = messages.refused_by(verdict)
    if event == "released" and _last(config) in BAD:
        return send(config, "recovered", why=why or ended.get("unchanged", ""), ended=ended)
    if not ended.get("unchanged"):
        send(config, event, why=why, ended=ended)
    return None


def send(config: RunConfig, event: str, *, why: str = "", ended: Mapping[str, Any] | None = None) -> None:
    """Send a message to every channel that listens to an event; who listens to releases hears of recoveries too."""
    if config.notify and event != "approval":  # which is no end yet
        with suppress(LaunderError):  # a disk that is full, which the run itself says
            write_json(_memory(config), {"event": event})
    heard = {event, "released"} if event == "recovered" else {event}
    for number, channel in enumerate(config.notify, 1):
        if heard & {*channel.on}:
            sent = messages.message(event, config.name, why=why, ended=ended)
            if problem := channels.deliver(channel, sent, f"notify.{number}"):
                print(f"launder: {problem}", file=sys.stderr, flush=True)


def _last(config: RunConfig) -> str:
    """Return what the last run of a data set came to, "" before the first."""
    try:
        return str(read_json(_memory(config))["event"])
    except (LaunderError, KeyError, TypeError):
        return ""


def _memory(config: RunConfig) -> Path:
    return Path(config.publish.to) / "work" / f"{config.name}.event.json"
