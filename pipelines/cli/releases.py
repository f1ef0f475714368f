"""The commands of an output folder: `launder releases`, `verify`, `rollback`, `approve` and `clean`."""

from pathlib import Path
from typing import Annotated

import typer

from launderette.pipelines.cli.options import RELEASED, Folder, say, tell_ends


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
    _say_spent(folder)
    return RELEASED


def _say_spent(folder: Path) -> None:
    """Say what all runs that a folder knows of have spent of their rows' privacy."""
    from launderette.pipelines.privacy import spending

    if known := spending.entries(folder):
        total, refused = spending.spent(folder), sum(not entry["released"] for entry in known)
        say(
            f"Runs under a privacy budget, {len(known):,} in all, pruned ones and {refused:,} that were not released "
            f"included: together epsilon {total.epsilon:.3g} at delta {total.delta:g}."
        )


Key = Annotated[
    str | None,
    typer.Option(metavar="env:NAME", help="The variable with the signing secret, or with either half of the key pair."),
]


def verify(
    place: Annotated[Path, typer.Argument(metavar="RELEASE|DIR", help="A release, or an output folder for all.")],
    key: Key = None,
) -> int:
    """Recompute every digest of a release, or of all in a folder, follow the manifests before it, check signatures."""
    from launderette.pipelines.release import auditing
    from launderette.pipelines.run.artifacts import LaunderError
    from launderette.pipelines.secrets import secret

    by = secret(key, "--key") if key else None
    releases = auditing.releases_of(place)
    for release in releases:
        found = auditing.audit(release, by)
        if found.problems:
            which = f"release {release.name}" if len(releases) > 1 else "the release"
            raise LaunderError(f"expected {which} as it was published, found a difference: {' '.join(found.problems)}")
        which = "the release" if found.before == 1 else f"each of the {found.before:,} releases"
        so = f", and so is the manifest of {which} before it" if found.before else ""
        say(f"Verified {release}: every file is as it was published{so}{found.signed}.")
        if found.unknown:
            say(found.unknown)
    return RELEASED


def rollback(
    folder: Folder, release: Annotated[str, typer.Argument(metavar="RELEASE", help="The id of a release.")]
) -> int:
    """Point `current` at another release, and have the readers of its table or its objects see it again."""
    from launderette.pipelines.release import publishing
    from launderette.pipelines.sinks import returning

    publishing.check(folder, release)
    for sentence in returning.rollback(folder, release):
        say(sentence)
    publishing.rollback(folder, release)
    say(f"{folder / 'releases' / 'current'} is {release} now.")
    return RELEASED


def approve(
    folder: Folder,
    run: Annotated[str, typer.Argument(metavar="RUN", help="The id of a run that waits.")],
    by: Annotated[str, typer.Option(help="Who decides; recorded in the manifest and the report.")],
    reason: Annotated[str, typer.Option(help="Why; recorded there too.")],
    override: Annotated[
        bool, typer.Option("--override", help="Release what the gate refused, where gate.override is allowed.")
    ] = False,
    refuse: Annotated[bool, typer.Option("--refuse", help="Quarantine the run instead.")] = False,
) -> int:
    """Release exactly what a run that waits has staged, or refuse it."""
    from launderette.pipelines.run import releasing
    from launderette.pipelines.run.artifacts import LaunderError

    if refuse and override:
        raise LaunderError("expected --override or --refuse, found both; leave one out")
    if refuse:
        say(f"Quarantined: {releasing.refuse(folder.resolve(), run, by=by, reason=reason)['place']}")
    else:
        done = releasing.approve(folder.resolve(), run, by=by, reason=reason, override=override)
        say(f"Released: {done['place']}")
    return RELEASED


def clean(
    folder: Folder,
    older_than: Annotated[str, typer.Option("--older-than", metavar="AGE", help="Such as 30d, 12h, 8w.")] = "30d",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="List what would be removed, and remove nothing.")] = False,
) -> int:
    """Remove what was not used for so long of work/, quarantine/ and Prefect's results; never what a release that is
    kept, or a run that waits, was made of. Tell Prefect's server of runs that ended while it was away.
    """
    from launderette.pipelines.run import retention

    age = retention.seconds_of(older_than)
    found = retention.spare(folder.resolve(), age) if dry_run else retention.clean(folder.resolve(), age)
    for one in found:
        say(f"{'Would remove' if dry_run else 'Removed'} {one.path} ({one.bytes / 1e6:,.1f} MB)")
    say(f"{sum(one.bytes for one in found) / 1e6:,.1f} MB in {len(found):,} places not used for {older_than}.")
    if not dry_run:
        tell_ends(folder.resolve())
    return RELEASED
