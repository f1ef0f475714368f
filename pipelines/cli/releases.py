"""The commands of releases: `launder releases`, `launder verify`, `launder rollback`."""

from pathlib import Path
from typing import Annotated

import typer

from launderette.pipelines.cli.options import RELEASED, Folder, say


def releases(folder: Folder) -> int:
    """List the releases of an output folder, oldest first."""
    from launderette.pipelines.release import publishing
    from launderette.pipelines.run.artifacts import LaunderError

    if not folder.is_dir():
        raise LaunderError(f"expected an output folder at {folder}, found none; check the path")
    found = publishing.releases(folder)
    for one in found:
        spent = "" if one["epsilon"] is None else f"  epsilon {one['epsilon']:.3g}"
        say(f"{'*' if one['current'] else ' '} {one['id']}  {one['rows']:>10,} rows  {one['generator']}{spent}")
    if not found:
        say(f"No releases below {folder}.")
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
    """Point `current` at another release."""
    from launderette.pipelines.release import publishing

    publishing.rollback(folder, release)
    say(f"{folder / 'releases' / 'current'} is {release} now.")
    return RELEASED
