"""What no guarantee allows, whatever the data: each as a sentence of what was expected, and what was found."""

from collections.abc import Iterable, Iterator, Sequence

from launderette.generators import GeneratorError
from launderette.generators.privacy import subsampling
from launderette.pipelines.config import RunConfig, rules
from launderette.pipelines.run.artifacts import LaunderError


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
        bool(config.protect.rare or config.protect.extremes),
        "no protect under privacy.epsilon, found it, but it counts rows; remove it, for bounds and categories are "
        "stated",
    )
    yield (
        config.train.when == "drifted",
        "train: {when: always} under privacy.epsilon, found drifted, but whether rows have changed is a question that "
        "nobody paid for; remove it",
    )
    asked = [*(config.score.metrics or ()), *config.gate.rules]
    yield (
        any(metric.startswith(rules.PRIVACY) for metric in asked) or bool(config.score.quasi_identifiers),
        "no metric of privacy under privacy.epsilon, found one, but it looks at training rows, of which the ledger "
        "alone may tell; remove it",
    )


def check_installed() -> None:
    """Raise LaunderError where what adds up a descent's steps is not installed."""
    try:
        subsampling.check()
    except GeneratorError as error:
        raise LaunderError(str(error)) from None
