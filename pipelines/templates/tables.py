"""The first configuration of a table: its columns with their kinds, the rules that its rows keep."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from launderette.generators import Schema
from launderette.pipelines.config import RunConfig
from launderette.pipelines.config.documents import as_key, escaped
from launderette.pipelines.config.proposals import Proposals
from launderette.pipelines.modalities import families
from launderette.pipelines.modalities.contract import Ingested
from launderette.pipelines.personal_data.columns import COARSE, CODED
from launderette.pipelines.templates.filling import ANOTHER, Draft, filled

LONGEST_KEY = 500  # characters; YAML reads about a thousand


def draft(
    found: Ingested, source: str, config: RunConfig, settings: Sequence[str], rules: Proposals, entity: str | None
) -> Draft:
    """Return the first configuration of a table, the rules in it, and the generator that suits it."""
    columns, frame = len(found.schema.columns), found.data
    missing = float(frame.isna().to_numpy().mean()) if len(frame) else 0.0
    suits = families.suiting(*frame.shape, missing=missing, conditions=len(config.sample.where))
    coarse = frame.attrs.get(COARSE, ())
    text = template(found.schema, source, settings, entity=entity, rules=rules, personal=found.personal, coarse=coarse)
    return Draft(text, f"{columns} columns. Look at their kinds, then", [*_counted(rules), f"{suits}. {ANOTHER}"])


def template(
    schema: Schema,
    source: str,
    settings: Sequence[str] = (),
    *,
    entity: str | None = None,
    rules: Proposals | None = None,
    personal: Mapping[str, Mapping[str, Any]] | None = None,
    coarse: Collection[str] = (),
) -> str:
    """Return the configuration of a table of this schema, with `a.b=value` set in it; beside columns of `personal` data
    what tells. Those that are kept `coarse` stay so: their kind is not stated.
    """
    kinds = {
        c.name: f"infer  # {c.kind}, kept coarsely; {c.kind}: learned as it is"
        for c in schema.columns
        if c.name in coarse
    }
    columns = "".join(_entry(c.name, kinds.get(c.name, c.kind), (personal or {}).get(c.name)) for c in schema.columns)
    named = {"source": as_key(source), "columns": columns, "entity": as_key(entity) if entity else "null"}
    return filled("table.yaml", settings, **named, **rules_of(rules or Proposals()))


def _counted(rules: Proposals) -> list[str]:
    if not (count := len(rules.certain) + len(rules.combinations)):
        return []
    said = "1 rule that the rows keep is" if count == 1 else f"{count} rules that the rows keep are"
    return [f"{said} set under sample.constraints and generator.options."]


def _entry(name: str, kind: str, found: Mapping[str, Any] | None) -> str:
    """Return the line of a column; a name longer than the keys that YAML reads on a line is written with a question
    mark.
    """
    key, word = as_key(escaped(name)), found["kind"] if found else kind
    word = "{kind: identifier, learn: true}" if found and found["evidence"] == CODED else word
    if found and found["confidence"] < 1:
        word += f"  # personal data, confidence {found['confidence']:.2f}: {found['evidence']}"
    return f"  {key}: {word}\n" if len(key) < LONGEST_KEY else f"  ? {key}\n  : {word}\n"


def rules_of(found: Proposals) -> dict[str, str]:
    """Write the rules that every row keeps as such, those that nearly every row keeps as comments."""
    listed = [*(f"    - {as_key(rule)}  # every row keeps it, or all but a few" for rule in found.certain)]
    listed += [f"    # - {as_key(rule)}  # nearly every row keeps it" for rule in found.likely]
    words = 'what holds in every row, such as start <= end, net + tax == total, if job == "none" then pay == 0'
    head = "" if listed else "null   # null: what the training rows keep; [] for none"
    constraints = "\n".join([f"  constraints: {head}", f"    # {words}", *listed])
    together = "".join(f"\n      - {as_key(names)}" for names in found.combinations)
    options = f"\n    combinations:          # labels that occur together only as in the data{together}"
    return {"constraints": constraints, "options": options if together else " {}"}
