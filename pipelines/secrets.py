"""Secrets: a configuration names the environment variable that holds one, and never the secret itself."""

import os

from launderette.pipelines.run.artifacts import LaunderError

PREFIX = "env:"


def secret(reference: str, key: str) -> str:
    """Return what `env:NAME` stands for; LaunderError, with the key of the configuration that names it, where it is
    unset or empty.
    """
    name = reference.removeprefix(PREFIX)
    if not (found := os.environ.get(name)):
        raise LaunderError(f"expected the environment variable {name}, which {key} names, found none; set it")
    return found
