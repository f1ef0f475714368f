"""The ledger of an output folder: what all of its releases together have spent of their rows' privacy."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from launderette.pipelines.config import RunConfig
from launderette.pipelines.release.chain import PRUNED
from launderette.pipelines.release.history import RELEASES
from launderette.pipelines.release.verifying import MANIFEST
from launderette.pipelines.run.artifacts import LaunderError, read_json

ROUNDING = 1e-9  # of sums, relative


def documents(output: Path) -> list[dict[str, Any]]:
    """Return the ledgers of the releases of a folder, those of pruned ones included, as JSON documents."""
    return [document["ledger"] for document in _manifests(Path(output) / RELEASES) if document.get("ledger")]


def _manifests(releases: Path) -> Iterator[dict[str, Any]]:
    seen = set()
    for path in sorted([*releases.glob(f"*/{MANIFEST}"), *releases.glob(f"{PRUNED}/*.json")]):
        document = read_json(path)
        if document["id"] not in seen:  # `current` is a link to one of them
            seen.add(document["id"])
            yield document


def spent(output: Path) -> Any:
    """Return the sum of the ledgers of a folder, a generators.privacy.ledger.Ledger; None where nothing was spent."""
    from launderette.generators.privacy.ledger import Ledger, total

    return total(map(Ledger.from_dict, documents(output)))


def check(config: RunConfig, ledger: dict[str, Any] | None = None) -> None:
    """Raise LaunderError where one release more would spend beyond privacy.total_epsilon.

    `ledger` is the document of that release, None for what its epsilon and delta allow.
    """
    own = config.privacy
    if own is None or own.total_epsilon is None:
        return
    from launderette.generators.privacy.ledger import Ledger

    before, one = spent(Path(config.publish.to)), None if ledger is None else Ledger.from_dict(ledger)
    whole = before if one is None else one + before if before else one
    after = whole.epsilon if one and whole else _after(before, own.epsilon, own.delta)
    if after > own.total_epsilon * (1 + ROUNDING):
        so_far = f"{before.epsilon:.3g}" if before else "nothing"
        raise LaunderError(
            f"expected at most privacy.total_epsilon {own.total_epsilon:g} spent by all releases below "
            f"{config.publish.to}, found {so_far} spent and {after:.3g} after this one; raise it, ask for less, or "
            "keep the last release"
        )


def _after(before: Any, epsilon: float, delta: float) -> float:
    """Return the epsilon of a ledger and of one release more, whose own epsilon and delta are known."""
    from launderette.generators.privacy import accounting

    if before is None:
        return epsilon
    return before.epsilon_after(accounting.mu_of(epsilon, delta), max(delta, before.delta))
