"""The flows: from a source to a gated release, and their schedules.

Run one with `launder run`, serve schedules with `launder serve`, or call it: `flows.launder(RunConfig(source="data.csv"))`.
"""

if __name__ == "flows":  # imported from a checkout by its short name
    from launderette.aliases import alias

    alias(__name__)

import launderette.pipelines  # noqa: F401  isort: skip  (sets what Prefect reads when it is imported)

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from prefect import flow, serve
from prefect.deployments.runner import EntrypointType
from prefect.schedules import Cron

from launderette.pipelines import config as configs
from launderette.pipelines.config import RunConfig
from launderette.pipelines.run import steps, tasks


@flow(name="launder", validate_parameters=True, persist_result=False)
def launder(config: RunConfig) -> dict[str, Any]:
    """Ingest, protect, split, train, sample, score, and release what passes the gate; quarantine what does not."""
    config = configs.settled(config)
    with tasks.redacted():
        run = steps.begin(config)
    with steps.alone(run):
        return _launder(run, config)


def _launder(run: steps.Run, config: RunConfig) -> dict[str, Any]:
    source = tasks.ingest(run, config)
    schema = source["schema"]
    protected = tasks.protect(run, config, table=source["table"], schema=schema)
    sides = tasks.split(run, config, table=protected["table"], schema=schema)
    fitted = tasks.train(run, config, table=sides["train"], schema=schema)
    drawn = tasks.sample(run, config, model=fitted["model"], table=source["table"])
    compared = {"train": sides["train"], "holdout": sides["holdout"], "synthetic": drawn["table"]}
    scored = tasks.score(run, config, **compared, schema=schema, model=fitted["model"])
    facts = {key: fitted[key] for key in ("steps", "device", "stopped")} | {"protection": protected["record"]}
    facts |= {key: source[key] for key in ("drift", "passed_over")}
    facts["notes"] = source["notes"] + protected["notes"]
    decided = tasks.decide(run, config, report=scored["report"], data=drawn["data"], facts=facts)
    release = tasks.publish(run, config, verdict=decided["verdict"], schema=schema)
    tasks.show(run, config, scored["scores"], decided["verdict"], release)
    return release | {"notes": facts["notes"], "verdict": decided["verdict"], "device": f"{fitted['device']} ({fitted['reason']})"}


@flow(name="augment", validate_parameters=True, persist_result=False)
def augment(config: RunConfig) -> dict[str, Any]:
    """Ingest a training set, say by cross-validation whether augmentation helps, and enlarge it below work/: it holds real rows."""
    config = configs.settled(config)
    with tasks.redacted():
        run = steps.begin(config)
    with steps.alone(run):
        source = tasks.ingest(run, config)
        validated = tasks.cross_validate(run, config, table=source["table"], schema=source["schema"])
        found = validated["cross_validation"]
        enlarged = tasks.enlarge(run, config, table=source["table"], schema=source["schema"], cross_validation=found)
        tasks.show_gain(run, config, validated["verdicts"], enlarged)
    return enlarged | {"verdicts": validated["verdicts"]}


def serve_schedules(configurations: Sequence[RunConfig]) -> None:
    """Serve one deployment per configuration on its cron schedule, one run per data set at a time, until interrupted."""
    serve(*(_deployment(config) for config in configurations), pause_on_shutdown=False, print_starting_message=False)


def _deployment(config: RunConfig) -> Any:
    return launder.to_deployment(
        name=config.name,
        schedule=Cron(config.schedule.cron, timezone=config.schedule.timezone),
        parameters={"config": config.model_dump(mode="json")},
        concurrency_limit=1,
        entrypoint_type=EntrypointType.MODULE_PATH,
        description=f"Synthetic {config.name}, released below {Path(config.publish.to).name}",
    )
