"""The command `launder init`: a configuration to edit, from what a look at the source shows."""

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from launderette.pipelines.cli.options import Epsilon, Overwrite, check_new, say
from launderette.pipelines.cli.waiting import spinner

if TYPE_CHECKING:
    from launderette.pipelines.config import RunConfig
    from launderette.pipelines.modalities import Modality
    from launderette.pipelines.templates.filling import Draft


def init(
    source: Annotated[str, typer.Argument(metavar="SOURCE", help="A table, a folder of its parts, or images.")],
    output: Annotated[Path, typer.Option("--output", help="The file to write.")] = Path("launder.yaml"),
    override: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Set a key of the configuration.")
    ] = None,
    epsilon: Epsilon = None,
    overwrite: Overwrite = False,
) -> int:
    """Profile a source and write an editable, commented configuration."""
    from launderette.pipelines import config, modalities
    from launderette.pipelines.run.artifacts import atomic_write

    check_new(output, overwrite)
    settings = override or []
    read = [one for one in settings if epsilon is None or not one.startswith("privacy.")]  # columns are not stated yet
    loaded = config.load(source, read)
    asked = modalities.of(loaded)
    if epsilon is not None:
        asked, settings = (
            modalities.private_twin(asked),
            [f"privacy.epsilon={epsilon}", "privacy.delta=1e-6", *settings],
        )
    spinner.show("reading the source")
    place = loaded.source.uri or config.load(source).source.path
    found, draft = _drafted(loaded, place, asked, settings)
    with atomic_write(output) as aside:
        aside.write_text(draft.text, encoding="utf-8")
    looked = found if epsilon is None else ()
    for sentence in (f"Wrote {output}: {draft.what}: launder run {output}", *looked, *draft.notes):
        say(sentence)
    return 0


def _drafted(config: "RunConfig", source: str, asked: "Modality", settings: list[str]) -> tuple[list[str], "Draft"]:
    """Return what is to be said of how a source was read, and the configuration of the modality that is asked for."""
    from launderette.pipelines import modalities
    from launderette.pipelines.sources import remote

    modality = modalities.of(config)
    with tempfile.TemporaryDirectory() as folder:  # of its owner alone
        config, read = remote.fetched(config, Path(folder))
        found = modality.ingest(config, Path(folder) / "ingested")
        protected = modality.protect(found.data, found.schema, config)
        rules = asked.propose_rules(found.data, found.schema, config)
        draft = asked.draft(found, source, config, settings, rules, asked.entity(found.schema, config))
    return [*read, *found.notes, *protected.notes], draft
