"""What changed in a source, and what the configuration has follow: the run stops, its release is refused, or it goes
on.

A person has decided on a column that the configuration lists with its kind, so that neither its coming nor its kind
stops a run.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from launderette.pipelines.config import RunConfig
from launderette.pipelines.config.documents import as_key
from launderette.pipelines.run.artifacts import LaunderError

Change = Literal[
    "added", "removed", "renamed", "retyped", "written", "numbered", "categories", "range", "distribution", "rows"
]
SAID_CHANGES = ("written", "numbered")  # changes without a policy
KNOWN_CHANGES = ("added", "retyped")  # changes that a column listed in the configuration makes no longer
NAMED_FINDINGS = 4  # that a sentence tells


@dataclass(frozen=True)
class Drifted:
    """One change, of a column or ("") of the table, in a sentence without a value of a row."""

    change: Change
    column: str
    sentence: str

    def to_dict(self) -> dict[str, str]:
        return asdict(self)


def policy_of(config: RunConfig, found: Mapping[str, str]) -> str:
    """Return what is to follow from a change: stop, quarantine or adapt."""
    if found["change"] in SAID_CHANGES or (found["change"] in KNOWN_CHANGES and found["column"] in config.listed):
        return "adapt"
    return str(getattr(config.drift, found["change"]))


def are_of_numbering(found: Iterable[Mapping[str, str]]) -> bool:
    """Tell whether nothing has changed but how identifiers count, which nothing learns: rows of a database that are
    written anew come last, and those that are added have more digits.
    """
    return all(one["change"] == "numbered" for one in found)


def stop(config: RunConfig, found: Iterable[Mapping[str, str]], release: str) -> None:
    """Raise LaunderError where a change stops the run: what changed since which release, and what to do."""
    stopping = [one for one in found if policy_of(config, one) == "stop"]
    if not stopping:
        return
    told = f"found it changed: {_told(stopping)} {_remedy(stopping[0])}"
    raise LaunderError(f"expected the source as it was for release {release}, {told}")


def _told(found: Sequence[Mapping[str, str]]) -> str:
    told = " ".join(sentences(found[:NAMED_FINDINGS]))
    return told + (f" And {len(found) - NAMED_FINDINGS} more." if len(found) > NAMED_FINDINGS else "")


def adapted(config: RunConfig, found: Iterable[Mapping[str, str]], release: str) -> list[str]:
    """Return what is said of changes that the run goes on with."""
    kept = [one for one in found if policy_of(config, one) == "adapt"]
    return [f"Changed since release {release}, and gone on with: {_told(kept)}"] if kept else []


def _remedy(found: Mapping[str, str]) -> str:
    adapt = f"drift: {{{found['change']}: adapt}}"
    if found["change"] in KNOWN_CHANGES:
        return f"List the column under columns (columns: {{{as_key(found['column'])}: infer}}), or set {adapt}"
    return f"Mend the source, or set {adapt}"


def refused(config: RunConfig, found: Iterable[Mapping[str, str]]) -> list[dict[str, str]]:
    """Return the changes for which the release is to be refused."""
    return [dict(one) for one in found if policy_of(config, one) == "quarantine"]


def sentences(found: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return what is said of changes."""
    return [str(one["sentence"]) for one in found]
