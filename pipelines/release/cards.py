"""What a report says of the run behind it: the run, the data and the model, without a value of a row."""

from collections.abc import Mapping, Sequence
from typing import Any

from launderette.pipelines.config import RunConfig
from launderette.pipelines.search import words


def card(
    config: RunConfig,
    id: str,
    digests: Mapping[str, str],
    described: Mapping[str, Any],
    facts: Mapping[str, Any],
    drift: Sequence[str],
    columns: Mapping[str, str],
) -> dict[str, Any]:
    """Return the card of a run: `digests` are of the code and the configuration, `described` are the modality's lines
    on the data, `columns` say what became of each (treatments.py).
    """
    settled = {"settled without being told": facts["notes"]} if facts.get("notes") else {}
    return {
        "run": {
            "id": id,
            "name": config.name,
            "seed": config.seed,
            "code": digests["code"][:16],
            "configuration": digests["config"][:16],
        },
        "data": {**described, "changes since the last release": list(drift) or "none", **settled},
        "model": {
            "generator": config.generator.name,
            "training steps": facts["steps"],
            "device": facts["device"],
            "training stopped": facts["stopped"],
            **_reused(facts["reused"]),
        },
        **words.card(facts["search"]),
        **({"columns": dict(columns)} if columns else {}),
    }


def public(config: RunConfig, rows: int, model: str, facts: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a manifest says of a run that drew so many rows of a model of this digest."""
    found = {"generator": config.generator.name, "seed": config.seed, "rows": rows, "steps": facts["steps"]}
    found |= {key: facts[key] for key in ("search", "learned") if facts[key]}
    found |= {"ledger": facts["ledger"], "rules": facts["rules"], "model": {"digest": model, **facts["reused"]}}
    if facts["personal"]:
        found["personal"] = {name: finding["kind"] for name, finding in facts["personal"].items()}
    return found


def _reused(model: Mapping[str, Any]) -> dict[str, str]:
    """Say where a model comes from that was not trained for this release."""
    return {"trained for release": model["release"], "since": model["since"]} if model else {}
