"""What a search over generators cannot do, in one sentence each, before anything is read."""

from launderette.pipelines.config import RunConfig
from launderette.pipelines.run.artifacts import LaunderError
from launderette.pipelines.search import halving


def check(config: RunConfig) -> None:
    """Raise LaunderError for a search under a guarantee of privacy, or with too few steps for its short runs."""
    count = len(config.generator.search)
    if not count:
        return
    if config.privacy is not None:
        raise LaunderError(
            f"expected one generator under privacy.epsilon, found a search over {count}: the choice among them would "
            "look at rows that no ledger pays for; set generator.name, and remove generator.search"
        )
    steps, least = config.budget.steps, halving.LEAST_RUN_STEPS / halving.share(count, count)
    if steps is not None and steps < least:
        raise LaunderError(
            f"expected budget.steps of at least {least:.0f} for a search over {count} generators, found {steps}; raise "
            "it, or name fewer"
        )


def check_one(config: RunConfig, what: str) -> None:
    """Raise LaunderError where a search is asked of what takes one generator."""
    if config.generator.search:
        raise LaunderError(
            f"expected one generator for {what}, found a search over {len(config.generator.search)}; launder run "
            "searches, then set generator.name to what it chose"
        )
