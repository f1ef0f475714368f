"""YAML as people mean it: true and false only as such, no dates, no codes eaten as numbers, no key twice;
`a.b=value`.
"""

import json
import math
import re
from pathlib import Path
from typing import Any, ClassVar

import yaml

from launderette.pipelines.databases import addresses
from launderette.pipelines.run.artifacts import LaunderError

OPEN = ("columns", "sample.where", "sample.weights", "generator.options")  # what follows is one name, dots and all
STAR = re.compile(r"\\*\*")  # a column that is called `*`, after any backslashes
UNQUOTED = re.compile(r"[^\W\d][\w -]*(?<! )|/[\w./-]*")  # a word, or a path, that YAML needs no quotes for
BOUNDS = (".at_least", ".at_most")
SCALAR_RESOLVERS = {
    "tag:yaml.org,2002:null": (r"^(~|null|Null|NULL|)$", ["~", "n", "N", ""]),
    "tag:yaml.org,2002:bool": (r"^(true|True|TRUE|false|False|FALSE)$", list("tTfF")),
    "tag:yaml.org,2002:int": (r"^[-+]?(0|[1-9][0-9]*)$", list("-+0123456789")),
    "tag:yaml.org,2002:float": (
        r"^[-+]?(\.[0-9]+|(0|[1-9][0-9]*)(\.[0-9]*)?)([eE][-+]?[0-9]+)?$|^[-+]?\.(inf|Inf|INF)$|^\.(nan|NaN|NAN)$",
        list("-+.0123456789"),
    ),
}


class _Loader(yaml.SafeLoader):
    """SafeLoader with the scalars of YAML 1.2: `no` is a word, 007 a code, 2024-01-01 a text, 1e-5 a number."""

    yaml_implicit_resolvers: ClassVar[dict] = {}

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node:
        if self.check_event(yaml.AliasEvent):  # a few lines of them unfold into any size, or into themselves
            raise LaunderError(
                f"expected values written out, found *{self.peek_event().anchor}; write what it stands for"
            )
        return super().compose_node(parent, index)

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict:
        keys = [key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode)]
        if twice := sorted({key for key in keys if keys.count(key) > 1}):
            line = node.start_mark.line + 1
            raise LaunderError(f"expected every key once, found {twice[0]!r} again below line {line}; keep one")
        return super().construct_mapping(node, deep)


for _tag, (_pattern, _first) in SCALAR_RESOLVERS.items():
    _Loader.add_implicit_resolver(_tag, re.compile(_pattern), _first)


def read_yaml(path: Path) -> dict[str, Any]:
    """Read a configuration file; LaunderError where there is none, or it is no YAML mapping."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError:
        raise LaunderError(f"expected a configuration at {path}, found none that can be read; check the path") from None
    except UnicodeDecodeError:
        raise LaunderError(f"expected UTF-8 text in {path}, found other bytes; save it as UTF-8") from None
    document = parse(text, str(path))
    if not isinstance(document, dict) or not all(isinstance(key, str) for key in document):
        raise LaunderError(f"expected keys such as source: data.csv in {path}, found none; see `launder init`")
    return {key: _named(value) for key, value in document.items()}


def parse(text: str, where: str) -> Any:
    """Return what a text means as YAML; LaunderError naming `where` for one that is none."""
    try:
        return yaml.load(text, _Loader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f" at line {mark.line + 1}" if mark else ""
        raise LaunderError(
            f"expected YAML in {where}, found text that is not YAML{line}; quote texts that contain : # > or @"
        ) from None
    except (RecursionError, ValueError) as error:
        if isinstance(error, LaunderError):
            raise
        raise LaunderError(f"expected YAML in {where}, found a value that cannot be read; quote it") from None


def _named(value: Any) -> Any:
    """Write the keys of mappings as text: a column may be called 2024."""
    return {str(key): _named(inner) for key, inner in value.items()} if isinstance(value, dict) else value


def override(document: dict[str, Any], text: str) -> None:
    """Set `a.b=value` in a document of nested mappings; LaunderError where the text is no assignment."""
    key, found, value = text.partition("=")
    path = path_of(key.strip())
    if not found or not all(path):
        raise LaunderError("expected an assignment such as split.holdout=0.3, found none; write --set key=value")
    section = document
    for part in path[:-1]:
        if part == "source" and isinstance(section.get(part), str):
            section[part] = addresses.as_source(section[part])
        if section.get(part) is None:
            section[part] = {}
        section = section[part]
        if not isinstance(section, dict):
            raise LaunderError(f"expected a section at {part!r} to set {key.strip()!r} in, found a value")
    section[path[-1]] = scalar(value)


def path_of(key: str) -> list[str]:
    """Return the parts of a key `a.b`, of which the last is a name with dots where anything may be called so."""
    for section in OPEN:
        if key.startswith(section + "."):
            return [*section.split("."), key.removeprefix(section + ".")]
    if key.startswith("gate."):
        metric = key.removeprefix("gate.")
        bound = next((b for b in BOUNDS if metric.endswith(b)), "")
        return ["gate", metric.removesuffix(bound), *([bound[1:]] if bound else [])]
    return key.split(".")


def scalar(text: str) -> Any:
    """Return what a text means in YAML, the text itself where it means nothing there (such as >50K)."""
    try:
        value = yaml.load(text, _Loader)
    except (yaml.YAMLError, RecursionError, ValueError):
        return text.strip()
    if isinstance(value, float) and not math.isfinite(value):
        return value
    return _named(value)


def setting(key: str, value: Any) -> str:
    """Return the assignment `key=value` that `override` reads back as this very value: a name may look like a
    number, or hold `: `.
    """
    return f"{key}={json.dumps(value, ensure_ascii=False)}"


def escaped(name: str) -> str:
    """Write the name of a column as a key under `columns`, where `*` stands for all others."""
    return f"\\{name}" if STAR.fullmatch(name) else name


def unescaped(key: str) -> str:
    """Return the name of the column that a key under `columns` stands for."""
    return key[1:] if key[:1] == "\\" and STAR.fullmatch(key) else key


def as_key(text: str) -> str:
    """Write a text so that YAML reads it as this text."""
    if UNQUOTED.fullmatch(text) and text.lower() not in ("null", "true", "false", "yes", "no", "on", "off", "y", "n"):
        return text
    return yaml.safe_dump(text, allow_unicode=True, default_style='"', width=10**9).strip()
