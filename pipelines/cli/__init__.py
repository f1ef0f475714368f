"""The command line: `launder`. What is heavy is imported by the command that needs it, so that --help answers at once."""

import sys
import warnings
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any

import typer

from pipelines.cli.augment import augment
from pipelines.cli.init import init

RELEASED, FAILED, QUARANTINED, INTERRUPTED = 0, 1, 3, 130
STANDING = ("fidelity", "utility", "diversity", "risk")  # of a compared table
app = typer.Typer(
    name="launder", help="Turn sensitive tables and images into synthetic ones, scored and released through a gate.", add_completion=False,
    no_args_is_help=True, pretty_exceptions_enable=False, rich_markup_mode=None,
)  # fmt: skip

Source = Annotated[str, typer.Argument(metavar="SOURCE", help="A CSV or Parquet file, or a folder of parts.")]
Config = Annotated[str, typer.Argument(metavar="CONFIG.yaml|SOURCE", help="A configuration, or a table or a folder of images alone.")]
Output = Annotated[Path | None, typer.Option("--output", help="Folder of releases/, quarantine/ and work/.")]
Overrides = Annotated[list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Override a key of the configuration.")]
Minutes = Annotated[float | None, typer.Option(help="Wall-clock budget of the training.")]
Seed = Annotated[int, typer.Option(help="Seed of everything random.")]
Folder = Annotated[Path, typer.Argument(metavar="DIR", help="An output folder.")]
Target = Annotated[str | None, typer.Option(help="The column that a model should predict from the others.")]


def main(arguments: list[str] | None = None) -> int:
    """Run a command and return its exit code: 0 done, 1 bad input or failure, 2 usage, 3 quarantined, 130 interrupted."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    debug = "--debug" in words
    words = [word for word in words if word != "--debug"]
    guard = _Sentence(debug)
    with guard, warnings.catch_warnings():
        if not debug:
            warnings.simplefilter("ignore")  # a library's warning may quote a value
        guard.code = app(words, standalone_mode=False) or RELEASED
        if guard.code == INTERRUPTED:  # typer turns Ctrl-C into this code
            raise KeyboardInterrupt
    return _leave(guard.code, arguments is None)


def _leave(code: int, process: bool) -> int:
    if process:
        sys.exit(code)
    return code


class _Sentence:
    """Turn an exception that leaves a command into one sentence on stderr and an exit code."""

    def __init__(self, debug: bool) -> None:
        self.debug, self.code = debug, FAILED

    def __enter__(self) -> "_Sentence":
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: Any) -> bool:
        if error is None or isinstance(error, SystemExit):
            return False
        self.code, sentence = _explained(error)
        if self.debug and self.code == FAILED:
            error.__suppress_context__ = False  # shows what was kept back too
            return False
        print(f"launder: {sentence}", file=sys.stderr)
        return True


def _explained(error: BaseException) -> tuple[int, str]:
    if isinstance(error, KeyboardInterrupt | typer.Abort) or type(error).__name__ in ("CancelledRun", "TerminationSignal"):
        return INTERRUPTED, "interrupted; the same command continues where this one was"
    if hasattr(error, "format_message"):  # of the command line parser
        return error.exit_code, error.format_message()
    from pipelines.run.artifacts import failure, is_ours

    if isinstance(error, OSError):
        return FAILED, str(failure(f"expected to read or write {error.filename or 'a file'}", error))
    if is_ours(error):
        return FAILED, " ".join(str(error).split())
    return FAILED, f"expected the command to work, found {type(error).__name__}; run it with --debug to see where"


def _say(text: str = "") -> None:
    print(text, flush=True)


def _progress(total: str = "training") -> Callable[[dict[str, float]], None]:
    from pipelines.cli.terminal import TrainingProgress

    return TrainingProgress(total)


@app.command()
def demo(
    output: Annotated[Path, typer.Option("--output", help="Where to put it.")] = Path("laundered-demo"),
    images: Annotated[bool, typer.Option("--images", help="Launder scikit-learn's digits instead.")] = False,
) -> int:
    """Launder scikit-learn's breast cancer table, or its images of digits: the whole flow on real data."""
    from pipelines.cli import demonstration

    if images:
        return _run(str(demonstration.write_images(output)), [], output)
    source = demonstration.write_source(output)
    return _run(str(source), ["score.target=diagnosis"], output)


app.command()(init)


@app.command()
def run(config: Config, output: Output = None, override: Overrides = None, minutes: Minutes = None) -> int:
    """Run the whole flow once: a release, or a quarantine with reasons."""
    budget = [] if minutes is None else [f"budget.minutes={minutes}"]
    return _run(config, [*(override or []), *budget], output)


def _run(source: str, overrides: list[str], output: Path | None) -> int:
    from pipelines import config

    loaded = config.load(source, overrides, output)
    with suppress(OSError):  # what may pass, the flow tries again
        _look(loaded)  # before Prefect starts, so that bad input is told at once
    from pipelines.cli import terminal

    return terminal.run(loaded)


def _look(loaded: Any) -> None:
    from pipelines import modalities

    for note in modalities.of(loaded).inspect(loaded):
        _say(note)


@app.command()
def serve(configs: Annotated[list[str], typer.Argument(metavar="CONFIG.yaml ...")]) -> int:
    """Run configurations on their cron schedules, through Prefect, until interrupted."""
    from pipelines import config
    from pipelines.run.artifacts import LaunderError

    loaded = [config.load(path) for path in configs]
    if missing := [one.name for one in loaded if one.schedule is None]:
        raise LaunderError(f'expected schedule: {{cron: "..."}} in every configuration, found none for {missing[0]!r}; add it')
    if len({one.name for one in loaded}) < len(loaded):
        raise LaunderError("expected a different name for every configuration, found one twice; set name in one of them")
    from pipelines.cli import terminal

    return terminal.serve(loaded)


@app.command()
def fit(
    source: Source,
    model: Annotated[Path, typer.Option("--model", help="Folder to write the model to.")],
    generator: Annotated[str | None, typer.Option(help="A path in generators/, such as tabular.autoregressive.")] = None,
    target: Target = None,
    minutes: Minutes = None,
    epsilon: Annotated[float | None, typer.Option(help="Privacy budget of differentially private training.")] = None,
    delta: Annotated[float | None, typer.Option(help="Its delta.")] = None,
    option: Annotated[list[str] | None, typer.Option("--option", metavar="KEY=VALUE", help="An option of the generator.")] = None,
    override: Overrides = None,
    seed: Seed = 0,
) -> int:
    """Protect a table or images and train a generator on all of it. A model is as private as its rows: keep it inside."""
    from generators.training import checkpoint
    from pipelines import config
    from pipelines.config.documents import setting
    from pipelines.run.artifacts import LaunderError, check_place, explained
    from pipelines.stages import fitting

    words = {"score.target": target, "budget.minutes": minutes, "privacy.epsilon": epsilon, "privacy.delta": delta, "seed": seed}
    named = [f"generator.name={generator}"] if generator else []
    settings = [*named, *(f"generator.options.{o}" for o in option or []), *(override or [])]
    loaded = config.load(source, [*settings, *(setting(key, value) for key, value in words.items() if value is not None)])
    check_place(model)
    if model.exists() and not checkpoint.exists(model) and (model.is_file() or any(model.iterdir())):
        raise LaunderError(f"expected {model} to be new or to hold a model, found other files; choose another --model")
    fitted = fitting.fit(loaded, progress=_progress(), tell=_say)
    with explained(model):
        fitted.save(model)
    _say(f"Wrote {model}: {fitted.record['steps']} steps on {fitted.record['device']} ({fitted.record['reason']}).")
    return RELEASED


@app.command()
def sample(
    model: Annotated[Path, typer.Argument(metavar="MODEL", help="A model folder.")],
    rows: Annotated[int, typer.Option("--rows", min=1, help="How many rows to draw.")],
    output: Annotated[Path, typer.Option("--output", help="FILE.csv, .parquet or .jsonl; for images .parquet or a new folder.")],
    where: Annotated[list[str] | None, typer.Option("--where", metavar="CONDITION", help="Such as age>=30 or city=Rome|Milan.")] = None,
    constraint: Annotated[list[str] | None, typer.Option("--constraint", metavar="RULE", help="Such as 'start <= end'.")] = None,
    seed: Seed = 0,
) -> int:
    """Draw rows from a fitted model."""
    import generators
    from pipelines import modalities
    from pipelines.run.artifacts import check_place
    from pipelines.sinks import tables

    if output.suffix:
        tables.check_suffix(output)  # no model writes another
    fitted = generators.open_model(model)
    modality = modalities.of_schema(fitted.schema)
    modality.check_output(output)
    check_place(output)
    asked = {"where": tables.conditions(where or [], fitted.schema.names)}
    asked |= {"constraints": constraint} if constraint else {}
    modality.check_sampling(asked)
    drawn = fitted.sample(rows, seed=seed, **asked)
    modality.write_output(drawn, output)
    _say(f"Wrote {output}: {len(drawn):,} {modality.UNIT}.")
    return RELEASED


@app.command()
def score(
    train: Annotated[str, typer.Option("--train", help="The rows or images that the generator was trained on.")],
    output: Annotated[Path, typer.Option("--output", help="Folder for report.html and report.json.")],
    holdout: Annotated[str | None, typer.Option("--holdout", help="Real ones that it never saw; without them hardly any attack.")] = None,
    synthetic: Annotated[str | None, typer.Option("--synthetic", help="The ones to judge.")] = None,
    compare: Annotated[bool, typer.Option("--compare", help="Rank several tables: --compare A B C.")] = False,
    tables: Annotated[list[str] | None, typer.Argument(metavar="[A B C ...]", help="The tables to compare.")] = None,
    target: Target = None,
    model: Annotated[Path | None, typer.Option("--model", help="The model, for the attack that knows it.")] = None,
    features: Annotated[Path | None, typer.Option("--features", help="An ONNX network that sees the images.")] = None,
    gate: Annotated[bool, typer.Option("--gate", help="Exit with 3 where a rule of the gate refuses.")] = False,
    override: Overrides = None,
    seed: Seed = 0,
) -> int:
    """Judge any synthetic table or image collection, also one made elsewhere, or rank several tables."""
    if compare != (synthetic is None) or compare != bool(tables) or (compare and (model or features)):
        raise typer.BadParameter("expected either --synthetic SOURCE or --compare TABLE TABLE ... (without --model and --features)")
    from pipelines.cli.terminal import print_scores, print_verdict
    from pipelines.scoring import external
    from pipelines.scoring import settings as score_settings

    settings = score_settings.load(train, target, seed, override or [])
    if compare:
        return _compare(train, holdout, tables, output, settings, gate)
    scored = external.score(train, holdout, synthetic, output, settings, model=model, features=features, gated=gate)
    report, verdict = scored.report, scored.verdict
    print_scores(report)
    for note in scored.notes:
        _say(note)
    if verdict:
        print_verdict(verdict)
    _say(f"Report: {output / 'report.html'}")
    return QUARANTINED if verdict and not verdict["passed"] else RELEASED


def _compare(train: str, holdout: str | None, tables: list[str], output: Path, settings: Any, gated: bool) -> int:
    """Rank tables by the gate, then by their scores; with --gate, refused where not even the best has passed."""
    from pipelines.scoring import external

    found, notes = external.compare(train, holdout, tables, output, settings)
    for place, row in enumerate(found["tables"], 1):
        said = "passed" if row["passed"] else "refused"
        figures = "  ".join(f"{key} {'-' if row[key] is None else format(row[key], '.3f')}" for key in STANDING)
        _say(f"{place}. {row['name']}: {figures}  {said}")
    for note in notes:
        _say(note)
    _say(f"Comparison: {output / 'comparison.html'}")
    return QUARANTINED if gated and not found["tables"][0]["passed"] else RELEASED


app.command()(augment)


@app.command()
def releases(folder: Folder) -> int:
    """List the releases of an output folder, oldest first."""
    from pipelines.release import publishing
    from pipelines.run.artifacts import LaunderError

    if not folder.is_dir():
        raise LaunderError(f"expected an output folder at {folder}, found none; check the path")
    found = publishing.releases(folder)
    for one in found:
        _say(f"{'*' if one['current'] else ' '} {one['id']}  {one['rows']:>10,} rows  {one['generator']}")
    if not found:
        _say(f"No releases below {folder}.")
    return RELEASED


@app.command()
def verify(release: Annotated[Path, typer.Argument(metavar="RELEASE", help="The folder of a release.")]) -> int:
    """Recompute every digest of a release."""
    from pipelines.release import publishing
    from pipelines.run.artifacts import LaunderError

    if problems := publishing.verify(release):
        raise LaunderError(f"expected the release as it was published, found a difference: {' '.join(problems)}")
    _say(f"Verified {release}: every file is as it was published.")
    return RELEASED


@app.command()
def rollback(folder: Folder, release: Annotated[str, typer.Argument(metavar="RELEASE", help="The id of a release.")]) -> int:
    """Point `current` at another release."""
    from pipelines.release import publishing

    publishing.rollback(folder, release)
    _say(f"{folder / 'releases' / 'current'} is {release} now.")
    return RELEASED


if __name__ == "__main__":
    main()
