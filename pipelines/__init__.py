"""The stages between a source and a release.

Prefect reads its settings when it is loaded, so they are set here, before any module of ours can load it. A value that
is set already stays.
"""

if __name__ == "pipelines":  # imported from a checkout by its short name
    from launderette.aliases import alias

    alias(__name__)

import os

for _name, _value in {
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "DO_NOT_TRACK": "1",
    "RAY_USAGE_STATS_ENABLED": "0",
    # a cold start on a busy machine takes longer than the default
    "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "180",
    "PREFECT_LOGGING_TO_API_ENABLED": "false",  # logs stay out of the database
    "PREFECT_LOGGING_SERVER_LEVEL": "CRITICAL",
    "PREFECT_LOGGING_LEVEL": "CRITICAL",  # what a user has to know, the command line says
    "PREFECT_LOGGING_ROOT_LEVEL": "CRITICAL",  # other libraries' loggers, whose texts may quote a value
    "PREFECT_INTERNAL_LOGGING_LEVEL": "CRITICAL",  # what its own workers meet while the server is away
}.items():
    os.environ.setdefault(_name, _value)
