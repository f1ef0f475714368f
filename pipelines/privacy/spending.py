"""What was spent of rows' privacy: every run that told somebody something of them, whether it was released or refused.

Each leaves an entry in privacy/ of its output folder and, where `privacy.account` names a folder, there too: output
folders that share one add up. Entries stay when releases are pruned and when work/ and quarantine/ are cleaned.
"""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from launderette.pipelines.config import RunConfig
from launderette.pipelines.release.chain import PRUNED
from launderette.pipelines.release.history import CREATED_FORMAT, RELEASES
from launderette.pipelines.release.verifying import MANIFEST
from launderette.pipelines.run.artifacts import LaunderError, read_json, write_json

ACCOUNT = "privacy"  # the folder of entries, each named by the id of its run
BOUND = "total_epsilon"
BOUND_ROUNDING = 1e-9  # of sums, relative
DROWNED = "all that a run may ask, which ended as noise drowns the rows"


class DrownedRunError(LaunderError):
    """Noise drowned what rows were asked: that it did tells of them, so it is spent."""


@contextmanager
def asking() -> Iterator[None]:
    """Raise DrownedRunError where rows are asked inside the block and noise drowns them."""
    from launderette.generators.errors import DrownedError

    try:
        yield
    except DrownedError as error:
        raise DrownedRunError(str(error)) from None


@contextmanager
def charged(config: RunConfig) -> Iterator[None]:
    """Leave the entry of all that a run may spend where noise drowns the rows inside the block: who asks again until it
    does not would learn of them for nothing.
    """
    try:
        yield
    except DrownedRunError:
        remember(config, _new_id("drowned"), _whole(config), released=False)
        raise


def _whole(config: RunConfig) -> dict[str, Any]:
    """Return the ledger of all that a configuration allows."""
    from launderette.generators.privacy import accounting, noise
    from launderette.generators.privacy.ledger import IMAGE_UNITS, Ledger, gaussian

    asked = config.privacy
    assert asked is not None  # what else would noise drown
    unit = IMAGE_UNITS[asked.unit] if config.modality == "image" else asked.unit
    reach = asked.rows_per_entity or 1
    variance = noise.variance_for(accounting.mu_of(asked.epsilon, asked.delta) / reach)
    return Ledger((gaussian(DROWNED, variance, reach=reach),), asked.delta, unit).to_dict()


def _new_id(what: str) -> str:
    return f"{datetime.now(UTC):{CREATED_FORMAT}}-{what}-{secrets.token_hex(4)}"


def remember(config: RunConfig, id: str, ledger: dict[str, Any] | None, *, released: bool) -> None:
    """Leave the entry of a run under a budget; one that is there already says at most that it was released since."""
    if ledger is None or config.privacy is None:
        return
    for folder in _accounts(config):
        place = folder / ACCOUNT / f"{id}.json"
        entry = {"id": id, "name": config.name, "ledger": ledger, BOUND: config.privacy.total_epsilon}
        write_json(place, entry | {"released": released or (place.is_file() and read_json(place)["released"])})


def remember_model(config: RunConfig, ledger: dict[str, Any] | None) -> None:
    """Leave the entry of a model that is no run's, where an account is named: its holder may sample without end."""
    if config.privacy is not None and config.privacy.account is not None:
        remember(config, _new_id("model"), ledger, released=True)


def _accounts(config: RunConfig) -> list[Path]:
    """Return the folders in which what a configuration spends adds up."""
    shared = config.privacy.account if config.privacy else None
    return [Path(folder) for folder in (config.publish.to, shared) if folder is not None]


def entries(folder: Path) -> list[dict[str, Any]]:
    """Return what a folder knows was spent, oldest first: entries, and the manifests of releases without one."""
    known = {entry["id"]: entry for entry in map(read_json, sorted((folder / ACCOUNT).glob("*.json")))}
    released = {document["id"]: document for document in _manifests(folder / RELEASES) if document.get("ledger")}
    known = {id: {"id": id, "ledger": one["ledger"], "released": True} for id, one in released.items()} | known
    return [known[id] for id in sorted(known)]


def _manifests(releases: Path) -> Iterator[dict[str, Any]]:
    for path in sorted([*releases.glob(f"*/{MANIFEST}"), *releases.glob(f"{PRUNED}/*.json")]):
        yield read_json(path)


def spent(folder: Path) -> Any:
    """Return the sum of the ledgers of a folder, a generators.privacy.ledger.Ledger; None where nothing was spent."""
    return _sum(entries(Path(folder)))


def _sum(found: list[dict[str, Any]]) -> Any:
    from launderette.generators.privacy.ledger import Ledger, total

    return total(Ledger.from_dict(entry["ledger"]) for entry in found)


def check_release(config: RunConfig, ledger: dict[str, Any] | None, place: Path) -> None:
    """Raise LaunderError where a release that is not there yet would spend more than an account may."""
    if ledger is not None and not place.exists():
        check(config, ledger, place.name)


def check(config: RunConfig, ledger: dict[str, Any] | None = None, id: str = "") -> None:
    """Raise LaunderError where one run more would spend beyond the bound of an account: privacy.total_epsilon or, where
    that is not stated, what the last run has stated there.

    `ledger` is the document of that run, which has this id, None for what its epsilon and delta allow.
    """
    if config.privacy is None:
        return
    for folder in _accounts(config):
        before = [entry for entry in entries(folder) if entry["id"] != id]
        stated = [entry[BOUND] for entry in before if entry.get(BOUND) is not None]
        bound = config.privacy.total_epsilon or (stated[-1] if stated else None)
        if bound is not None:
            _check(config, folder, _sum(before), bound, ledger)


def _check(config: RunConfig, folder: Path, before: Any, bound: float, ledger: dict[str, Any] | None) -> None:
    after = _after(config, before, ledger)
    if after > bound * (1 + BOUND_ROUNDING):
        so_far = f"{before.epsilon:.3g}" if before else "nothing"
        raise LaunderError(
            f"expected at most privacy.total_epsilon {bound:g} spent by all runs that {folder} knows of, found "
            f"{so_far} spent and {after:.3g} after this one; raise it, ask for less, or keep the last release"
        )


def _after(config: RunConfig, before: Any, ledger: dict[str, Any] | None) -> float:
    """Return the epsilon of what was spent before and of one run more, by its ledger or by what it asks for."""
    from launderette.generators.privacy import accounting
    from launderette.generators.privacy.ledger import Ledger

    asked = config.privacy
    assert asked is not None  # see check
    if ledger is not None:
        one = Ledger.from_dict(ledger)
        return float((one + before if before else one).epsilon)
    if before is None:
        return asked.epsilon
    return float(before.epsilon_after(accounting.mu_of(asked.epsilon, asked.delta), max(asked.delta, before.delta)))
