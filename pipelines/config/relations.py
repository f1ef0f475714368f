"""Rules between columns that a run has found in its training rows: which of them it learns and keeps, and what is said
of them. Only names of columns are told.
"""

from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any

from launderette import generators
from launderette.pipelines.config.proposals import Proposals
from launderette.pipelines.config.run_config import RunConfig

OPTION = "combinations"  # of generators that can keep labels together
HOW_TO_STATE = "to decide yourself: sample: {constraints: [...]}, [] for none"
SHOWN = 20  # rules in a sentence


def learnable(found: Proposals, config: RunConfig) -> dict[str, Any]:
    """Return what was found as JSON, combinations only where the generator knows them and none are stated."""
    options = {field.name for field in fields(generators.load(config.generator.name).Config)}
    together = found.combinations if OPTION in options - set(config.generator.options) else ()
    return {"constraints": list(found.certain), "combinations": list(together), "likely": list(found.likely)}


def with_combinations(config: RunConfig, combinations: Sequence[str]) -> RunConfig:
    """Return the configuration whose generator keeps these combinations."""
    if not combinations:
        return config
    options = {**config.generator.options, OPTION: tuple(combinations)}
    return config.updated("generator", options=options)


def with_constraints(config: RunConfig, constraints: Sequence[str]) -> RunConfig:
    """Return the configuration whose rows keep these constraints beside those that it states."""
    both = (*(config.sample.constraints or ()), *constraints)
    return config.updated("sample", constraints=both)


def sentences(found: Mapping[str, Sequence[str]], kept: Sequence[str]) -> list[str]:
    """Return what is to be said of rules found, those among them that a draw kept, and those that it could not."""
    held = [*kept, *(f"{names} together" for names in found["combinations"])]
    lost = [rule for rule in found["constraints"] if rule not in kept]
    likely = _listed(found["likely"])
    said = {
        f"Every released row keeps what the training rows keep: {_listed(held)}; {HOW_TO_STATE}.": held,
        f"The training rows also keep {_listed(lost)}, which this generator cannot hold its rows to; "
        "tabular.autoregressive can.": lost,
        f"Nearly every training row keeps {likely}; released rows are not held to it; {HOW_TO_STATE}.": likely,
    }
    return [sentence for sentence, rules in said.items() if rules]


def worked_out(record: Mapping[str, Any]) -> list[str]:
    """Return what is to be said of columns that a model works out from others, learns in parts, or leaves out where
    others say so, by the record of its training.
    """
    dates = [f"{name} by {text}" for name, text in record.get("learnt_by", {}).items()]
    said = (
        f"Learnt in parts, since hours or weekdays matter: {_listed(dates)}; to learn a date as one number: "
        "columns: {NAME: {kind: datetime, derived: false}}."
    )
    absent = [f"{name} by {by}" for name, by in record.get("absent", {}).items()]
    gaps = f"Missing where another column says so, as in the training rows: {_listed(absent)}."
    beyond = [f"{name} by {by}" for name, by in record.get("thresholds", {}).items()]
    ends = f"Of a label, or missing, just where a number or date says so, as in the training rows: {_listed(beyond)}."
    found = {said: dates, gaps: absent, ends: beyond}
    return [*_formulas(record), *(sentence for sentence, columns in found.items() if columns), *_of_entities(record)]


def _of_entities(record: Mapping[str, Any]) -> list[str]:
    """Return what is to be said of rows that belong to entities."""
    if not (found := record.get("entities")):
        return []
    if "shared" not in found:
        return [
            f"Values of {found['of']} have as many rows each as real ones have, but every row is drawn by itself: what "
            "rows of one entity keep or share is not learnt; tabular.autoregressive does."
        ]
    shared = [name for name, effect in found["shared"].items() if effect]
    does = [f"keep one value of {_listed(found['kept'])}"] if found["kept"] else []
    evenly = ", at even distances" if "evenly" in found else ", as long after one another" * ("regularly" in found)
    does += [f"come in the order of {found['in_order_of']}{evenly}"] if "in_order_of" in found else []
    does += [f"are alike in {_listed(shared)}"] if shared else []
    return [
        f"Rows of one value of {found['of']} {', '.join(does) or 'have nothing in common that was found'}, as in "
        f"training{_of_visits(found.get('visits'))}; how one row follows from the one before it is not learnt "
        "otherwise."
    ]


def _of_visits(found: Mapping[str, Any] | None) -> str:
    """Say what rows share that belong together within an entity."""
    if not found or not found["kept"]:
        return ""
    once = f" and none has a value of {found['once']} twice" if "once" in found else ""
    return f", those of one {found['of']} keep one value of {_listed(found['kept'])} too{once}"


def _formulas(record: Mapping[str, Any]) -> list[str]:
    formulas = [f"{name} = {text}" for name, text in record.get("derived", {}).items()]
    if not formulas:
        return []
    if "ledger" in record:  # whether training rows keep it, nobody has asked
        return [f"Not learnt but worked out from other columns after a row is drawn, as stated: {_listed(formulas)}."]
    return [
        f"Not learnt but worked out from other columns after a row is drawn, as in nearly all training rows: "
        f"{_listed(formulas)}; rows that differ are not drawn; to learn a column: columns: {{NAME: {{kind: numerical, "
        "derived: false}}."
    ]


def _listed(rules: Sequence[str]) -> str:
    return ", ".join(rules[:SHOWN]) + (f" and {len(rules) - SHOWN} more" if len(rules) > SHOWN else "")
