"""Ways to tell somebody: a webhook, a command, a service that apprise knows. What cannot be delivered is tried again,
and then is a sentence that names neither an address nor what a library says of it.
"""

import json
import logging
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from http.client import HTTPException
from typing import Any

from launderette.pipelines.notifications import messages
from launderette.pipelines.notifications.sections import Notification
from launderette.pipelines.run.artifacts import LaunderError, Unavailable
from launderette.pipelines.secrets import secret

TIMEOUT_SECONDS, COMMAND_SECONDS = 10.0, 60.0
REDELIVERY_DELAYS = (1.0, 4.0)  # seconds before the second and the third attempt
TOO_MANY = 429  # status of HTTP that asks to come again, as those from 500 on do


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A webhook that sends elsewhere may send to anybody: its answer is no success."""

    def redirect_request(self, *_: Any) -> None:
        return None


def deliver(channel: Notification, message: Mapping[str, Any], key: str) -> str:
    """Deliver a message and return ""; a sentence where that failed. `key` is where the channel is configured."""
    try:
        _repeated(lambda: _way(channel)(channel, message, key))
    except LaunderError as error:
        return str(error)
    except Exception as error:  # noqa: BLE001  whatever a way fails by, it must not fail the run
        return f"expected the channel {key} to work, found {type(error).__name__}; nobody was told"
    return ""


def _way(channel: Notification) -> Callable[[Notification, Mapping[str, Any], str], None]:
    if channel.webhook:
        return _webhook
    return _command if channel.command else _apprise


def _repeated(attempt: Callable[[], None]) -> None:
    """Try again after each delay, as long as what failed may pass."""
    for delay in (*REDELIVERY_DELAYS, None):
        try:
            return attempt()
        except Unavailable:
            if delay is None:
                raise
            time.sleep(delay)
    return None


def _webhook(channel: Notification, message: Mapping[str, Any], key: str) -> None:
    address = secret(channel.webhook or "", f"{key}.webhook")
    if not address.startswith(("https://", "http://")):
        raise LaunderError(f"expected an address that begins with https:// in what {key}.webhook names, found another")
    headers = {"Content-Type": "application/json", "User-Agent": "launderette"}
    try:
        request = urllib.request.Request(address, json.dumps(message).encode(), headers)  # noqa: S310  http alone
        with urllib.request.build_opener(_NoRedirect).open(request, timeout=TIMEOUT_SECONDS):
            pass
    except urllib.error.HTTPError as error:
        kind = Unavailable if error.code == TOO_MANY or error.code >= 500 else LaunderError
        raise kind(f"expected {key}.webhook to take the message, found status {error.code}; nobody was told") from None
    except ValueError:
        raise LaunderError(f"expected a whole address in what {key}.webhook names, found another") from None
    except (OSError, HTTPException):
        raise Unavailable(f"expected {key}.webhook to answer, found that it does not; nobody was told") from None


def _command(channel: Notification, message: Mapping[str, Any], key: str) -> None:
    quiet: Any = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "timeout": COMMAND_SECONDS}
    try:
        done = subprocess.run([*channel.command], input=json.dumps(message).encode(), check=False, **quiet)
    except subprocess.TimeoutExpired:
        raise LaunderError(
            f"expected {key}.command to end within {COMMAND_SECONDS:g} s, found that it did not"
        ) from None
    except OSError:
        raise LaunderError(f"expected {key}.command to start, found that it cannot; check its path") from None
    if done.returncode:
        raise Unavailable(f"expected {key}.command to succeed, found exit code {done.returncode}; nobody was told")


def _apprise(channel: Notification, message: Mapping[str, Any], key: str) -> None:
    import apprise  # of Prefect; late, because it takes a while

    logging.getLogger("apprise").setLevel(logging.CRITICAL + 1)  # its lines hold addresses
    sender = apprise.Apprise()
    if not sender.add(secret(channel.apprise or "", f"{key}.apprise")):
        raise LaunderError(f"expected an address of apprise in what {key}.apprise names, found another")
    if not sender.notify(title=messages.title(message), body=messages.body(message)):
        raise Unavailable(f"expected {key}.apprise to deliver, found that it does not; nobody was told")
