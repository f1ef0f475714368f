"""What a notification says: the data set, the run, where to look and why; nothing of a row, no score, no secret."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

MESSAGE_VERSION = 1
NAMED_RULES = 12  # refused rules that a message names
TITLES = {
    "released": "released",
    "recovered": "released again",
    "quarantined": "quarantined",
    "failed": "failed",
    "approval": "waits for approval",
}


def message(event: str, name: str, *, why: str = "", ended: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return the message on an event of a data set; `ended` is the end of a run, None where it came to none."""
    place = (
        {key: ended[key] for key in ("id", "place", "report")} if ended else dict.fromkeys(("id", "place", "report"))
    )
    at = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
    return {"version": MESSAGE_VERSION, "event": event, "data_set": name, "run": place.pop("id"), **place} | {
        "why": why,
        "at": at,
    }


def title(found: Mapping[str, Any]) -> str:
    """Return a message in a line."""
    return f"{found['data_set']} {TITLES[found['event']]}"


def body(found: Mapping[str, Any]) -> str:
    """Return a message as a text of a few lines."""
    lines = [f"{key}: {found[key]}" for key in ("why", "run", "place", "report", "at") if found[key]]
    return "\n".join([title(found), *lines])


def refused_by(verdict: Mapping[str, Any]) -> str:
    """Return by which rules the gate refused, without what it found."""
    names = [reason["score"] for reason in verdict["reasons"] if not reason["passed"]]
    more = f" and {len(names) - NAMED_RULES} more" if len(names) > NAMED_RULES else ""
    return f"refused by {', '.join(names[:NAMED_RULES])}{more}" if names else "refused by a person"
