"""The command `launder init`: a configuration to edit, from what a look at the source shows."""

import tempfile
from pathlib import Path
from typing import Annotated, Any

import typer

from launderette.pipelines.cli.options import Epsilon, Overwrite, check_new, say
from launderette.pipelines.cli.waiting import spinner


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
    from launderette.pipelines import config
    from launderette.pipelines.config import documents
    from launderette.pipelines.run.artifacts import atomic_write

    check_new(output, overwrite)
    loaded = config.load(source, override or [])
    spinner.show("reading the source")
    schema, entity, notes, rules, personal = _profiled(loaded, private=epsilon is not None)
    place, settings = loaded.source.uri or config.load(source).source.path, override or []
    with atomic_write(output) as aside:
        text = (
            documents.template(schema, place, entity, settings, rules, personal)
            if epsilon is None
            else documents.private_template(schema, place, epsilon, settings)
        )
        aside.write_text(text, encoding="utf-8")
    if epsilon is not None:
        what = (
            f"{len(schema.columns)} columns. State what is publicly known of each, not what these data show, and drop "
            "the others"
            if schema.modality == "tabular"
            else "for images. State the labels that are publicly known, not those that these images have, and confirm "
            "their size"
        )
        say(f"Wrote {output}: {what}; then: launder run {output}")
        say(notes[-1])
        return 0
    what = (
        f"{len(schema.columns)} columns. Look at their kinds"
        if schema.modality == "tabular"
        else "for images. Look at it"
    )
    for sentence in (f"Wrote {output}: {what}, then: launder run {output}", *notes):
        say(sentence)
    return 0


def _profiled(config: Any, *, private: bool) -> tuple[Any, str | None, list[str], Any, Any]:
    """Return the schema of a source, the column that names its entities, what is to be said of how it was read and,
    last, of the generator, the rules found, the columns of personal data.
    """
    from launderette.pipelines import modalities
    from launderette.pipelines.modalities import families
    from launderette.pipelines.sources import remote

    modality = modalities.of(config)
    with tempfile.TemporaryDirectory() as folder:  # of its owner alone
        config, read = remote.fetched(config, Path(folder))
        found = modality.ingest(config, Path(folder) / "ingested")
        protected, rules = (
            modality.protect(found.data, found.schema, config),
            modality.propose_rules(found.data, found.schema, config),
        )
    notes = [*read, *found.notes, *protected.notes]
    if count := len(rules.certain) + len(rules.combinations):
        said = "1 rule that the rows keep is" if count == 1 else f"{count} rules that the rows keep are"
        notes.append(f"{said} set under sample.constraints and generator.options.")
    notes.append(families.advice(found.data, found.schema, config, private=private))
    return found.schema, modality.entity(found.schema, config), notes, rules, found.personal
