"""The first configuration of a table under a privacy budget: names and kinds of columns, and room for what is known."""

from collections.abc import Sequence

from launderette.pipelines.config import RunConfig
from launderette.pipelines.config.documents import as_key, escaped
from launderette.pipelines.config.proposals import Proposals
from launderette.pipelines.modalities import families
from launderette.pipelines.modalities.contract import Ingested
from launderette.pipelines.privacy import public
from launderette.pipelines.templates.filling import ANOTHER, Draft, filled
from launderette.pipelines.templates.tables import rules_of

STATED = {  # by kind, what has to be stated; left empty, so that nobody takes it from the data
    "numerical": "{kind: numerical, bounds: [], decimals: 0}      # [lowest, highest] that anybody could have",
    "datetime": '{kind: datetime, format: "%Y-%m-%d", bounds: []} # ["first", "last"], written in the format',
    "categorical": "{kind: categorical, categories: []}           # all labels that anybody could have",
    "boolean": "boolean",
    "numbers": "drop",
    "identifier": "drop",
}


def draft(
    found: Ingested, source: str, config: RunConfig, settings: Sequence[str], rules: Proposals, entity: str | None
) -> Draft:
    """Return the first configuration of a table whose columns are to be stated."""
    columns = "".join(f"  {as_key(escaped(c.name))}: {STATED[c.kind]}\n" for c in found.schema.columns)
    named = {"source": as_key(source), "columns": columns, "entity": "null"}
    asked = [f"generator.name={public.PRIVATE_GENERATOR}", *settings]
    what = (
        f"{len(found.schema.columns)} columns. State what is publicly known of each, not what these data show, and "
        "drop the others; then"
    )
    text = filled("table.yaml", asked, **named, **rules_of(Proposals()))
    return Draft(text, what, [f"{families.guaranteed(public.PRIVATE_GENERATORS)}. {ANOTHER}"])
