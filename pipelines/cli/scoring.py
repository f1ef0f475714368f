"""The command `launder score`: data made anywhere, judged or ranked."""

from pathlib import Path
from typing import Annotated, Any

import typer

from launderette.pipelines.cli.options import QUARANTINED, RELEASED, Overrides, Overwrite, Seed, Target, check_new, say
from launderette.pipelines.cli.waiting import spinner

STANDING = ("fidelity", "utility", "diversity", "risk")  # of a compared table


def score(
    train: Annotated[str, typer.Option("--train", help="The rows or images that the generator was trained on.")],
    output: Annotated[Path, typer.Option("--output", help="Folder for report.html and report.json.")],
    holdout: Annotated[
        str | None, typer.Option("--holdout", help="Held-out real data that it never saw; most attacks need them.")
    ] = None,
    synthetic: Annotated[str | None, typer.Option("--synthetic", help="The synthetic data to judge.")] = None,
    compare: Annotated[bool, typer.Option("--compare", help="Rank several tables: --compare A B C.")] = False,
    tables: Annotated[list[str] | None, typer.Argument(metavar="[A B C ...]", help="The tables to compare.")] = None,
    target: Target = None,
    model: Annotated[Path | None, typer.Option("--model", help="The model, for the attack that knows it.")] = None,
    features: Annotated[Path | None, typer.Option("--features", help="An ONNX network that sees the images.")] = None,
    gate: Annotated[bool, typer.Option("--gate", help="Exit with 3 where a rule of the gate refuses.")] = False,
    override: Overrides = None,
    seed: Seed = 0,
    overwrite: Overwrite = False,
) -> int:
    """Judge any synthetic table or image collection, also one made elsewhere, or rank several tables."""
    if compare != (synthetic is None) or compare != bool(tables) or (compare and (model or features)):
        raise typer.BadParameter(
            "expected either --synthetic SOURCE or --compare TABLE TABLE ... (without --model and --features)"
        )
    from launderette.pipelines.scoring import places

    _check_new(output, [places.name_of(table) for table in tables or []], overwrite)
    from launderette.pipelines.cli.terminal import print_model, print_scores, print_verdict
    from launderette.pipelines.scoring import external
    from launderette.pipelines.scoring import settings as score_settings

    settings = score_settings.load(train, target, seed, override or [])
    spinner.show("scoring")
    if synthetic is None:
        return _compare(train, holdout, tables or [], output, settings, gate)
    scored = external.score(train, holdout, synthetic, output, settings, model=model, features=features, gated=gate)
    spinner.hide()
    report, verdict = scored.report, scored.verdict
    for found in (found for found in report.inputs if found["level"] != "held"):
        say(f"Inputs, {found['level']}: {found['sentence']}")
    print_scores(report)
    for note in scored.notes:
        say(note)
    if verdict:
        print_verdict(verdict)
        print_model(verdict)
    say(f"Report: {output / 'report.html'}")
    return QUARANTINED if verdict and not verdict["passed"] else RELEASED


def _check_new(output: Path, names: list[str], overwrite: bool) -> None:
    """Raise LaunderError where a report is in the way and may not be replaced; other files there stay as they are."""
    places = [output / "comparison", *(output / name / "report" for name in names)] if names else [output / "report"]
    for place in places:
        for suffix in (".html", ".json"):
            check_new(place.with_name(place.name + suffix), overwrite)


def _compare(train: str, holdout: str | None, tables: list[str], output: Path, settings: Any, gated: bool) -> int:
    """Rank tables by the gate, then by their scores; with --gate, refused where not even the best has passed."""
    from launderette.pipelines.scoring import external

    found, notes = external.compare(train, holdout, tables, output, settings)
    for place, row in enumerate(found["tables"], 1):
        said = "passed" if row["passed"] else "refused"
        figures = "  ".join(f"{key} {'-' if row[key] is None else format(row[key], '.3f')}" for key in STANDING)
        say(f"{place}. {row['name']}: {figures}  {said}")
    for note in notes:
        say(note)
    say(f"Comparison: {output / 'comparison.html'}")
    return QUARANTINED if gated and not found["tables"][0]["passed"] else RELEASED
