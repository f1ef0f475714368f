"""The command `launder schema`: what a configuration may hold, for editors that complete and check YAML."""

import json


def schema() -> int:
    """Print the JSON schema of a configuration."""
    print(text(), end="", flush=True)
    return 0


def text() -> str:
    """Return the schema as docs/launder.schema.json holds it."""
    from launderette.pipelines import config

    return json.dumps(config.json_schema(), indent=2, ensure_ascii=False) + "\n"
