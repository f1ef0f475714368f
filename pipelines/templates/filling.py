"""A template of a configuration, filled, with settings written into it."""

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from string import Template
from typing import Any

from launderette.pipelines.config import documents

ANOTHER = "For another: generator: {name: ...}; docs/generators.md compares them."


@dataclass(frozen=True)
class Draft:
    """A configuration to edit, what it holds and what is to be looked at in it, and what is said beside that."""

    text: str
    what: str
    notes: Sequence[str]


def filled(name: str, settings: Iterable[str], **parts: str) -> str:
    """Return the text of a template of this folder with its parts, and `a.b=value` of each setting in it."""
    text = Template(Path(__file__).with_name(name).read_text(encoding="utf-8")).substitute(parts)
    for one in settings:
        text = with_setting(text, one)
    return text


def with_setting(text: str, assignment: str) -> str:
    """Set `a.b=value` in the text of a configuration: its section is written anew, without the comments in it."""
    top = documents.path_of(assignment.partition("=")[0].strip())[0]
    blocks = re.split(r"(?m)^(?=[a-z_]+:)", text)
    at = next((at for at, block in enumerate(blocks) if block.startswith(f"{top}:")), len(blocks))
    block = blocks[at] if at < len(blocks) else f"{top}: {{}}\n"
    body = re.search(r"(?s)(\s*(^#[^\n]*\n|^\s*\n)*)\Z", block, re.MULTILINE)
    document = documents.parse(block, "the configuration")
    documents.override(document, assignment)
    blocks[at : at + 1] = [_block(top, document[top]), "\n" + (body[1].lstrip("\n") if body else "")]
    return "".join(blocks)


def _block(key: str, value: Any, indent: str = "") -> str:
    """Write a section as JSON values, which are YAML, below its keys."""
    if not isinstance(value, dict) or not value:
        return f"{indent}{documents.as_key(key)}: {json.dumps(value, ensure_ascii=False)}\n"
    return f"{indent}{documents.as_key(key)}:\n" + "".join(
        _block(str(name), inner, indent + "  ") for name, inner in value.items()
    )
