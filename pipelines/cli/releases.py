"""The commands of releases: `launder releases`, `launder verify`, `launder rollback`, `launder approve`."""

from pathlib import Path
from typing import Annotated

import typer

from launderette.pipelines.cli.options import RELEASED, Folder, say


def releases(folder: Folder) -> int:
    """List the releases of an output folder, oldest first."""
    from launderette.pipelines.release import holding, publishing
    from launderette.pipelines.run.artifacts import LaunderError

    if not folder.is_dir():
        raise LaunderError(f"expected an output folder at {folder}, found none; check the path")
    found = publishing.releases(folder)
    for one in found:
        spent = "" if one["epsilon"] is None else f"  epsilon {one['epsilon']:.3g}"
        say(f"{'*' if one['current'] else ' '} {one['id']}  {one['rows']:>10,} rows  {one['generator']}{spent}")
    if not found:
        say(f"No releases below {folder}.")
    for one in holding.waiting(folder):
        what = "passed the gate and waits" if one["passed"] else "was refused, which may be overridden"
        say(f"? {one['id']}  {what}: launder approve {folder} {one['id']} --by NAME --reason TEXT; see {one['path']}")
    if any(one["epsilon"] is not None for one in found):
        from launderette.pipelines.privacy import spending

        total = spending.spent(folder)
        say(f"All releases together, pruned ones included: epsilon {total.epsilon:.3g} at delta {total.delta:g}.")
    return RELEASED


def verify(release: Annotated[Path, typer.Argument(metavar="RELEASE", help="The folder of a release.")]) -> int:
    """Recompute every digest of a release, and follow the manifests of the releases before it."""
    from launderette.pipelines.release import chain, publishing
    from launderette.pipelines.run.artifacts import LaunderError

    problems, before = publishing.verify(release), chain.check(release)
    if problems := [*problems, *([before.problem] if before.problem else [])]:
        raise LaunderError(f"expected the release as it was published, found a difference: {' '.join(problems)}")
    so = f", and so is the manifest of each of the {before.checked:,} releases before it" if before.checked else ""
    say(f"Verified {release}: every file is as it was published{so}.")
    if before.unknown:
        say(before.unknown)
    return RELEASED


def rollback(
    folder: Folder, release: Annotated[str, typer.Argument(metavar="RELEASE", help="The id of a release.")]
) -> int:
    """Point `current` at another release, and have the readers of its table in a database see it again."""
    from launderette.pipelines.databases import record
    from launderette.pipelines.release import publishing

    publishing.check(folder, release)
    if table := record.of(folder).get(release):
        from launderette.pipelines.databases import releasing  # with the drivers of databases

        releasing.rollback(table, release)
        say(f"{table['name']} is {release} now.")
    publishing.rollback(folder, release)
    say(f"{folder / 'releases' / 'current'} is {release} now.")
    return RELEASED


def approve(
    folder: Folder,
    run: Annotated[str, typer.Argument(metavar="RUN", help="The id of a run that waits.")],
    by: Annotated[str, typer.Option(help="Who says so; stands in the manifest and in the report.")],
    reason: Annotated[str, typer.Option(help="Why; stands there too.")],
    override: Annotated[
        bool, typer.Option("--override", help="Release what the gate refused, where gate.override is allowed.")
    ] = False,
    refuse: Annotated[bool, typer.Option("--refuse", help="Put the run into quarantine instead.")] = False,
) -> int:
    """Release exactly what a run that waits has staged, or refuse it."""
    from launderette.pipelines.run import approving
    from launderette.pipelines.run.artifacts import LaunderError

    if refuse and override:
        raise LaunderError("expected --override or --refuse, found both; leave one out")
    if refuse:
        say(f"Quarantined: {approving.refuse(folder.resolve(), run, by=by, reason=reason)['place']}")
    else:
        done = approving.approve(folder.resolve(), run, by=by, reason=reason, override=override)
        say(f"Released: {done['place']}")
    return RELEASED
