"""The command `launder init`: a configuration to edit, from what a look at the source shows."""

import tempfile
from pathlib import Path
from typing import Annotated, Any

import typer


def init(
    source: Annotated[str, typer.Argument(metavar="SOURCE", help="A table, a folder of its parts, or images.")],
    output: Annotated[Path, typer.Option("--output", help="The file to write.")] = Path("launder.yaml"),
    override: Annotated[list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Set a key of the configuration.")] = None,
) -> int:
    """Profile a source and write an editable, commented configuration."""
    from pipelines import config
    from pipelines.config import documents
    from pipelines.run.artifacts import LaunderError, whole

    if output.exists():
        raise LaunderError(f"expected no file at {output} yet, found one; remove it, or choose another --output")
    loaded = config.load(source, override or [])
    schema, entity, notes = _profiled(loaded)
    with whole(output) as aside:
        aside.write_text(documents.template(schema, config.load(source).source.path, entity, override or []), encoding="utf-8")
    what = "for images. Look at it" if loaded.of_images else f"{len(schema.columns)} columns. Look at their kinds"
    for sentence in (f"Wrote {output}: {what}, then: launder run {output}", *notes):
        print(sentence, flush=True)
    return 0


def _profiled(config: Any) -> tuple[Any, str | None, list[str]]:
    """Return the schema of a source, the column that names its entities, and what is to be said of how it was read."""
    from pipelines.stages import announcing, images, ingestion

    if config.of_images:
        with tempfile.TemporaryDirectory() as folder:  # of its owner alone
            _, schema, counts = images.ingest(config, Path(folder) / "ingested")
            return schema, None, [f"{count:,} {reason}." for reason, count in counts.items() if count]
    frame, schema = ingestion.ingest(config)
    _, notes = announcing.protected(config, schema, frame)
    return schema, announcing.entity_of(config, schema), notes
