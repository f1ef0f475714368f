"""What no guarantee allows, whatever the data: each as a sentence of what was expected, and what was found."""

from collections.abc import Iterable, Iterator, Sequence

from launderette.generators.privacy import subsampling
from launderette.generators.training import options
from launderette.pipelines.config import RunConfig, rules
from launderette.pipelines.run.artifacts import LaunderError, restated


def check(refused: Iterable[tuple[bool, str]]) -> None:
    """Raise LaunderError with the first sentence of which it was found that something is asked."""
    for found, what in refused:
        if found:
            raise LaunderError(f"expected {what}")


def of_every_run(config: RunConfig, generators: Sequence[str]) -> Iterator[tuple[bool, str]]:
    """Yield whether something is asked that has no guarantee, and the sentence that says so; `generators` give one."""
    name = config.generator.name
    yield (
        config.budget.share < 1,
        "budget.steps or budget.minutes under privacy.epsilon, found budget.share; name one of these",
    )
    yield (
        name not in generators,
        f"generator {' or '.join(generators)} under privacy.epsilon, found {name}, whose training gives no "
        "guarantee; leave generator.name out",
    )
    yield (
        not config.generator.options.keys().isdisjoint(options.UNUSED_PRIVATELY),
        f"no generator.options.{' or '.join(options.UNUSED_PRIVATELY)} under privacy.epsilon, found one, but no row is "
        "held back, and nothing looks at the loss of a row; remove it",
    )
    yield (
        bool(config.protect.rare or config.protect.extremes),
        "no section protect under privacy.epsilon, found one, which counts rows; remove it, as bounds and categories "
        "are stated",
    )
    yield (
        config.train.when == "drifted",
        "train: {when: always} under privacy.epsilon, found drifted, but whether rows have changed is a question that "
        "nobody paid for; remove it",
    )
    asked = [*(config.score.metrics or ()), *config.gate.rules]
    yield (
        any(metric.startswith(rules.PRIVACY) for metric in asked) or bool(config.score.quasi_identifiers),
        "no metric of privacy under privacy.epsilon, found one, which looks at training rows, of which the ledger "
        "alone may tell; remove it",
    )


def of_entities(config: RunConfig, unit: str) -> Iterator[tuple[bool, str]]:
    """Yield, as `of_every_run`, whether a column of entities and the unit entity are named without each other; `unit`
    is what is protected else.
    """
    by_entity = config.privacy is not None and config.privacy.unit == "entity"
    yield (
        config.split.column is not None and not by_entity,
        f"no split.entity under privacy.unit: row, found one, while what is protected is one {unit}; write privacy: "
        f"{{unit: entity, rows_per_entity: 10}}, with as many {unit}s of one as are to be used",
    )
    yield (
        by_entity and config.split.column is None,
        f"split.entity under privacy.unit: entity, found none; name the column that says whose {unit} it is",
    )


def check_installed() -> None:
    """Raise LaunderError where what adds up a descent's steps is not installed."""
    with restated():
        subsampling.check()
