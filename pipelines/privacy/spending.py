"""What was spent of rows' privacy: by every model that was trained on them, and by what failed after it had asked.

Each leaves an entry in privacy/ of its output folder and, where `privacy.account` names a folder, there too: output
folders that share one add up. Runs that draw from one model have spent what it has, once. Entries stay when releases
are pruned and when work/ and quarantine/ are cleaned.
"""

import math
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path
from typing import Any

from launderette.pipelines.config import RunConfig
from launderette.pipelines.release.chain import PRUNED
from launderette.pipelines.release.history import CREATED_FORMAT, RELEASES
from launderette.pipelines.release.verifying import MANIFEST
from launderette.pipelines.run.artifacts import LaunderError, Unavailable, read_json, write_json

ACCOUNT = "privacy"  # the folder of entries, each named by the id of its run
MODEL_ENTRY = "model"  # in the id of the entry of a model
BOUND, BEYOND_BOUND = "total_epsilon", "beyond"
HOLDOUT_ENTRY, SIDES_ENTRY = "holdout", "sides"
BOUND_ROUNDING = 1e-9  # of sums, relative
FAILED_VARIANCE = Fraction(10**8)  # of noise on so many numbers as the budget has room for: the more, the nearer to it
FAILED_RUN = "all that a run may ask, which failed after it had asked"


@contextmanager
def charged(config: RunConfig) -> Iterator[None]:
    """Leave the entry of all that may be spent where the block asks rows and fails, as it does where noise drowns them:
    who asks again until it does not would learn of them for nothing. A disk that fails tells nothing of them.
    """
    if config.privacy is None:
        yield
        return
    from launderette.generators.privacy import entropy

    before = entropy.told()
    try:
        yield
    except (Unavailable, OSError):
        raise
    except Exception:
        if entropy.told() > before:
            remember(config, _new_id("failed"), _whole(config), released=False)
        raise


def take_up(stored: Mapping[str, Any]) -> None:
    """Count answers that are kept beside stored rows, by a process that was killed maybe, as told: how this one goes on
    may tell of them.
    """
    from launderette.generators.privacy import entropy
    from launderette.pipelines.privacy.public import LEARNT

    if LEARNT in stored:
        entropy.tell()


def _whole(config: RunConfig) -> dict[str, Any]:
    """Return the ledger of all that a configuration allows, and no less: what learning a domain may take of delta too,
    which no sum may count as left.
    """
    from launderette.generators.privacy import accounting, learning, noise
    from launderette.generators.privacy.ledger import Ledger, gaussian
    from launderette.pipelines import modalities

    asked = config.privacy
    assert asked is not None  # see charged
    unit, reach = modalities.of(config).PROTECTED[asked.unit], asked.rows_per_entity or 1
    lost = asked.delta * learning.DELTA_SHARE if asked.domain == "learn" else 0.0
    squared = accounting.mu_of(asked.epsilon, asked.delta - lost) ** 2
    count = math.ceil(squared / (reach * noise.mu_of(FAILED_VARIANCE)) ** 2)
    event = gaussian(FAILED_RUN, FAILED_VARIANCE, count, lost, reach)
    return Ledger((event,), asked.delta, unit).to_dict()


def _new_id(what: str) -> str:
    return f"{datetime.now(UTC):{CREATED_FORMAT}}-{what}-{secrets.token_hex(4)}"


def remember(
    config: RunConfig,
    id: str,
    ledger: dict[str, Any] | None,
    *,
    released: bool,
    model: str | None = None,
    beyond: bool = False,
) -> None:
    """Leave the entry of a run under a budget, and of which model it is; one that is there already says at most that it
    was released since.
    """
    if ledger is None or config.privacy is None:
        return
    for folder in _accounts(config):
        place = folder / ACCOUNT / f"{id}.json"
        entry = {"id": id, "name": config.name, "ledger": ledger, BOUND: config.privacy.total_epsilon, "model": model}
        held = config.split.share if model else 0.0 if released else None  # of a run, of `launder fit`, of a failure
        entry |= {HOLDOUT_ENTRY: held, BEYOND_BOUND: beyond}
        entry |= {SIDES_ENTRY: _sides_by(config)}
        write_json(place, entry | {"released": released or (place.is_file() and read_json(place)["released"])})


def remember_run(config: RunConfig, id: str, facts: Mapping[str, Any], *, released: bool) -> None:
    """Leave the entry of a run that has come to its decision."""
    remember(config, id, facts["ledger"], released=released, model=facts["model"]["digest"])


def remember_model(config: RunConfig, ledger: dict[str, Any] | None, model: str | None = None) -> None:
    """Leave the entry of a trained model, before anything is drawn from it: of a run's by its digest, until the run has
    an entry of its own; of one that its holder may sample without end without. LaunderError where others, begun at the
    same time, have left too little for it: it is charged, and nothing comes of it.
    """
    found = [entry for folder in _accounts(config) for entry in entries(folder)]
    if model is None or model not in {entry.get("model") for entry in found if not entry.get(BEYOND_BOUND)}:
        id, is_released = _new_id(MODEL_ENTRY), model is None
        remember(config, id, ledger, released=is_released, model=model)
        try:
            check(config, ledger, id, model or "")
        except LaunderError:  # marked, so that whoever goes on with it is stopped again
            remember(config, id, ledger, released=is_released, model=model, beyond=True)
            raise


def _accounts(config: RunConfig) -> list[Path]:
    """Return the folders in which what a configuration spends adds up."""
    shared = config.privacy.account if config.privacy else None
    return [Path(folder) for folder in (config.publish.to, shared) if folder is not None]


def entries(folder: Path) -> list[dict[str, Any]]:
    """Return what a folder knows was spent, oldest first: entries, and the manifests of releases without one. The entry
    of a model counts as long as no run has one of it.
    """
    known = {entry["id"]: entry for entry in map(read_json, sorted((folder / ACCOUNT).glob("*.json")))}
    released = {document["id"]: document for document in _manifests(folder / RELEASES) if document.get("ledger")}
    known = {id: {"id": id, "ledger": one["ledger"], "released": True} for id, one in released.items()} | known
    of_runs = {entry.get("model") for id, entry in known.items() if f"-{MODEL_ENTRY}-" not in id} - {None}
    return [known[id] for id in sorted(known) if f"-{MODEL_ENTRY}-" not in id or known[id].get("model") not in of_runs]


def _manifests(releases: Path) -> Iterator[dict[str, Any]]:
    for path in sorted([*releases.glob(f"*/{MANIFEST}"), *releases.glob(f"{PRUNED}/*.json")]):
        yield read_json(path)


def spent(folder: Path) -> Any:
    """Return the sum of the ledgers of a folder, a generators.privacy.ledger.Ledger; None where nothing was spent."""
    return _sum(entries(Path(folder)))


def _sum(found: list[dict[str, Any]]) -> Any:
    from launderette.generators.privacy.ledger import total

    of_models = {entry.get("model") or entry["id"]: entry for entry in found}  # of each model once
    return total(map(_ledger_of, of_models.values()))


def _ledger_of(entry: Mapping[str, Any]) -> Any:
    """Return the ledger of an entry; LaunderError where what it cost cannot be told, for then no sum can be."""
    from launderette.generators import GeneratorError
    from launderette.generators.privacy.ledger import Ledger

    try:
        return Ledger.from_dict(entry["ledger"])
    except (GeneratorError, KeyError, TypeError) as error:
        why = str(error) if isinstance(error, GeneratorError) else "expected all of its fields, found a damaged one"
        raise LaunderError(f"in the account, of {entry['id']}: {why}") from None


def check_holdout(config: RunConfig) -> None:
    """Raise LaunderError where a run would hold out, and so expose, rows that one before or `launder fit` has promised
    to protect: each row has its place among all for good, and those up to the holdout's share are held out.
    """
    known = [entry.get(HOLDOUT_ENTRY) for folder in _accounts(config) for entry in entries(folder)]
    held, least = config.split.share, min((share for share in known if share is not None), default=1.0)
    if least < held:
        most = f"{least:g} at most, as a run before had" if least else "0, as launder fit has learnt from all rows"
        raise LaunderError(
            f"expected split.holdout of {most}, found {held:g}, which would hold out rows that were to be protected; "
            f"take {'that, or ' if least else ''}another output folder for other rows"
        )


def moved_sides(config: RunConfig) -> list[str]:
    """Return a sentence where the sides of the split follow from something else than in a run before, which has
    promised to protect rows that may be held out now; for inside only.
    """
    now = _sides_by(config) if config.privacy else None
    known = [entry for folder in _accounts(config) for entry in entries(folder) if entry.get(HOLDOUT_ENTRY)]
    others = [entry["id"] for entry in known if entry.get(SIDES_ENTRY, "") not in (None, now)]
    if now is None or not others:
        return []
    return [
        f"Which side of the split a row is on follows from its {now}, and followed from something else in {others[0]}: "
        "rows that it protected may be held out now, where nothing protects them. Keep the columns, or name "
        "split.entity."
    ]


def _sides_by(config: RunConfig) -> str | None:
    """Return what the side of a row or image follows from, in words; None where only the source tells which columns."""
    from launderette.pipelines.privacy import public  # late, as what it imports

    if config.split.column is not None:
        return f"column {config.split.column!r} alone"
    if config.modality == "image":
        return f"pixels (size {config.images.sides}) and label"
    return None if public.learns(config) else f"columns {', '.join(map(repr, sorted(public.stated(config))))}"


def check_release(config: RunConfig, facts: Mapping[str, Any], place: Path) -> None:
    """Raise LaunderError where a release that is not there yet would spend more than an account may."""
    if facts["ledger"] is not None and not place.exists():
        check(config, facts["ledger"], place.name, facts["model"]["digest"])


def check(config: RunConfig, ledger: dict[str, Any] | None = None, id: str = "", model: str = "") -> None:
    """Raise LaunderError where one run more would spend beyond the bound of an account: privacy.total_epsilon or, where
    that is not stated, what the last run has stated there.

    `ledger` is the document of that run, which has this id and draws from this model, None for what its epsilon and
    delta allow.
    """
    if config.privacy is None:
        return
    for folder in _accounts(config):
        known = entries(folder)
        before = [entry for entry in known if entry["id"] != id and (not model or entry.get("model") != model)]
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
