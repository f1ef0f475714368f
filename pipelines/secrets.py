"""Secrets: a configuration names the environment variable, or the Secret block of Prefect, that holds one, and never
the secret itself.
"""

import os
import re

from launderette.pipelines.run.artifacts import LaunderError

ENVIRONMENT, BLOCK = "env", "prefect-secret"
REFERENCE_PATTERN = rf"^({ENVIRONMENT}:[A-Za-z_][A-Za-z0-9_]*|{BLOCK}:[a-z0-9][a-z0-9-]*)$"


def is_reference(text: str) -> bool:
    """Tell whether a text names a secret: `env:NAME` or `prefect-secret:NAME`."""
    return bool(re.fullmatch(REFERENCE_PATTERN, text))


def secret(reference: str, key: str) -> str:
    """Return what `env:NAME` or `prefect-secret:NAME` stands for; LaunderError, with the key of the configuration that
    names it, where it is unset or empty.
    """
    kind, _, name = reference.partition(":")
    if kind == BLOCK:
        from launderette.pipelines.run import tasks  # with Prefect

        return tasks.secret_block(name, key)
    name = name or reference
    if not (found := os.environ.get(name)):
        raise LaunderError(f"expected the environment variable {name}, which {key} names, found none; set it")
    return found
