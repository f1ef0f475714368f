"""The first configuration of a table under a privacy budget: names and kinds of columns, and room for what is known."""

import json
import math
import textwrap
from collections.abc import Sequence
from typing import Any

from launderette.generators import GeneratorError, Schema
from launderette.generators.data.schema import Identifier
from launderette.generators.formats import date_format, number_format
from launderette.generators.privacy import accounting, noise
from launderette.generators.privacy.domain import MOST_DECIMALS
from launderette.generators.privacy.ledger import Ledger, gaussian
from launderette.pipelines.config import RunConfig, documents
from launderette.pipelines.config.documents import as_key, escaped
from launderette.pipelines.config.proposals import Proposals
from launderette.pipelines.config.sections import Privacy
from launderette.pipelines.modalities import families
from launderette.pipelines.modalities.contract import Ingested
from launderette.pipelines.privacy import public
from launderette.pipelines.templates.filling import ANOTHER, Draft, filled

ROOM = {  # by kind, what has to be stated; left empty, so that nobody takes it from the data
    "categorical": "{kind: categorical, categories: []}",
    "boolean": "boolean",
    "numbers": "drop  # several numbers, or units, in a text: give each a column of its own to keep it",
    "labels": "drop  # several labels in a text: give each a column of its own to keep it",
    "identifier": "drop  # of names, numbers and texts that nearly every row has alone nothing is kept",
}
OWNER_ROOM = "drop  # it repeats: to protect all rows of each, remove this line and name it below, as split.entity"
USUAL_DATE = "%Y-%m-%d"
COMMENT_WIDTH = 117
MANY_COUNTS = 1_000_000  # of which none needs so little noise that it would be rounded


def draft(
    found: Ingested, source: str, config: RunConfig, settings: Sequence[str], rules: Proposals, entity: str | None
) -> Draft:
    """Return the first configuration of a table whose columns are to be stated."""
    guarantee = _asked(settings)
    said, learn = sentence(guarantee), guarantee.domain == "learn"
    asked = [f"generator.name={public.PRIVATE_GENERATOR}", *settings]
    what = (
        f"{len(found.schema.columns)} columns. State what is publicly known of each, not what these data show, and "
        f"{'have the others learnt, for a part of the budget, or drop them' if learn else 'drop the others'}; then"
    )
    named = {"source": as_key(source), "columns": columns(found.schema, learn), "guarantee": _comment(said)}
    text = filled("private_table.yaml", asked, **named)
    return Draft(text, what, [said, f"{families.guaranteed(public.PRIVATE_GENERATORS)}. {ANOTHER}"])


def _asked(settings: Sequence[str]) -> Privacy:
    """Return the budget of settings; GeneratorError for an epsilon or a delta that promises nothing."""
    document: dict[str, Any] = {}
    for one in settings:
        if one.startswith("privacy."):
            documents.override(document, one)
    accounting.check(document["privacy"]["epsilon"], document["privacy"]["delta"])
    return Privacy.model_validate(document["privacy"])


def sentence(asked: Privacy) -> str:
    """Return what a budget promises."""
    reach = asked.rows_per_entity or 1
    variance = noise.variance_for(accounting.mu_of(asked.epsilon, asked.delta) / math.sqrt(MANY_COUNTS) / reach)
    return Ledger((gaussian("all", variance, MANY_COUNTS, reach=reach),), asked.delta, asked.unit).sentence()


def _comment(text: str) -> str:
    return "\n".join(f"# {line}" for line in textwrap.wrap(text, COMMENT_WIDTH))


def columns(schema: Schema, learn: bool = False) -> str:
    """Return the lines of columns: their kinds, decimals and formats as the rows look, and room for the rest; where
    that is to be learnt for a part of the budget, none of it, for what is written counts as stated.
    """
    rooms = ((one.name, _room(one)) for one in schema.columns)
    lines = ((name, "infer" if learn and not room.startswith("drop") else room) for name, room in rooms)
    return "".join(f"  {as_key(escaped(name))}: {room}\n" for name, room in lines)


def _room(column: object) -> str:
    kind = getattr(column, "kind", "")
    if kind == "numerical":
        decimals, form = getattr(column, "decimals", 0), getattr(column, "format", None)
        if form is not None and not isinstance(form, number_format.NumberFormat):
            return "drop  # durations, and numbers such as 1.2k: write them as plain numbers to keep them"
        known = f"kind: numerical, bounds: [], decimals: {min(decimals or 0, MOST_DECIMALS)}"
        return f"{{{known}{_number_format(form)}}}"
    if kind == "datetime":
        return f"{{kind: datetime, format: {json.dumps(_date_format(column))}, bounds: []}}"
    return OWNER_ROOM if isinstance(column, Identifier) and column.repeats else ROOM[kind]


def _number_format(form: number_format.NumberFormat | None) -> str:
    """Return the field that states a format by how it writes one number."""
    if form is None or not form.decorated:
        return ""
    return f", format: {json.dumps(form.write(number_format.STATED_NUMBER), ensure_ascii=False)}"


def _date_format(column: object) -> str:
    """Return the format of dates where it can be stated; none where their months have another language."""
    form = getattr(column, "format", "") or USUAL_DATE
    try:
        date_format.check(form, "")
    except GeneratorError:
        return ""
    return "" if getattr(column, "language", "") else form
