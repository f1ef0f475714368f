"""YAML as people mean it: true and false only as such, no dates, no codes eaten as numbers, no key twice;
`a.b=value`.
"""

import json
import math
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from string import Template
from typing import Any, ClassVar

import yaml

from launderette.pipelines.databases import addresses
from launderette.pipelines.run.artifacts import LaunderError

OPEN = ("columns", "sample.where", "sample.weights", "generator.options")  # what follows is one name, dots and all
STAR = re.compile(r"\\*\*")  # a column that is called `*`, after any backslashes
UNQUOTED = re.compile(r"[^\W\d][\w -]*(?<! )|/[\w./-]*")  # a word, or a path, that YAML needs no quotes for
LONGEST_KEY = 500  # characters; YAML reads about a thousand
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
    document = _parse(text, str(path))
    if not isinstance(document, dict) or not all(isinstance(key, str) for key in document):
        raise LaunderError(f"expected keys such as source: data.csv in {path}, found none; see `launder init`")
    return {key: _named(value) for key, value in document.items()}


def _parse(text: str, where: str) -> Any:
    try:
        return yaml.load(text, _Loader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f" at line {mark.line + 1}" if mark else ""
        raise LaunderError(
            f"expected YAML in {where}, found text that is none{line}; quote texts that hold : # > or @"
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
    path = _path(key.strip())
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


def _path(key: str) -> list[str]:
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


def template(
    schema: Any,
    source: str | Path,
    entity: str | None = None,
    settings: Sequence[str] = (),
    proposals: Any = None,
    personal: Mapping[str, Mapping[str, Any]] | None = None,
) -> str:
    """Return the commented YAML text that `launder init` writes for a table or images of this schema, with
    `a.b=value` set in it; beside columns of `personal` data what tells.
    """
    images, found = "image" in schema.kinds().values(), personal or {}
    columns = "" if images else "".join(_entry(c.name, c.kind, found.get(c.name)) for c in schema.columns)
    text = Path(__file__).with_name("template_images.yaml" if images else "template.yaml").read_text(encoding="utf-8")
    named = {"source": as_key(str(source)), "columns": columns, "entity": as_key(entity) if entity else "null"}
    text = Template(text).substitute(named | _rules(proposals))
    for one in settings:
        text = _with(text, one)
    return text


def _entry(name: str, kind: str, found: Mapping[str, Any] | None) -> str:
    """Return the line of a column; a name longer than the keys that YAML reads on a line is written with a question
    mark.
    """
    key, word = as_key(escaped(name)), found["kind"] if found else kind
    if found and found["confidence"] < 1:
        word += f"  # personal data, confidence {found['confidence']:.2f}: {found['evidence']}"
    return f"  {key}: {word}\n" if len(key) < LONGEST_KEY else f"  ? {key}\n  : {word}\n"


STATED = {  # by kind, what has to be stated under a privacy budget; left empty, so that nobody takes it from the data
    "numerical": "{kind: numerical, bounds: [], decimals: 0}      # [lowest, highest] that anybody could have",
    "datetime": '{kind: datetime, format: "%Y-%m-%d", bounds: []} # ["first", "last"], written in the format',
    "categorical": "{kind: categorical, categories: []}           # all labels that anybody could have",
    "boolean": "boolean",
    "identifier": "drop",
}


def private_template(schema: Any, source: str | Path, epsilon: float, settings: Sequence[str] = ()) -> str:
    """Return what `launder init --epsilon` writes: names and kinds of columns, or the size of images, and room for what
    is publicly known.
    """
    if schema.modality != "tabular":
        return _private_images(schema, source, epsilon, settings)
    columns = "".join(f"  {as_key(escaped(c.name))}: {STATED[c.kind]}\n" for c in schema.columns)
    rest = {"source": as_key(str(source)), "columns": columns, "entity": "null"} | _rules(None)
    text = Template(Path(__file__).with_name("template.yaml").read_text(encoding="utf-8")).substitute(rest)
    for one in ("generator.name=tabular.marginals", f"privacy.epsilon={epsilon}", "privacy.delta=1e-6", *settings):
        text = _with(text, one)
    return text


def _private_images(schema: Any, source: str | Path, epsilon: float, settings: Sequence[str]) -> str:
    """Return the configuration of images under a privacy budget."""
    image, *labels = schema.columns
    text = Template(Path(__file__).with_name("template_images.yaml").read_text(encoding="utf-8"))
    label = STATED["categorical"] if labels else "drop"
    stated = f"columns:                   # what is publicly known\n  label: {label}\n\nsplit:"
    known = f"images.size=[{image.height}, {image.width}]", f"images.channels={image.channels}", "images.bits=null"
    budget = "generator.name=image.mean_embedding", f"privacy.epsilon={epsilon}", "privacy.delta=1e-6"
    written = text.substitute(source=as_key(str(source))).replace("split:", stated, 1)
    for one in (*known, *budget, *settings):
        written = _with(written, one)
    return written


def escaped(name: str) -> str:
    """Write the name of a column as a key under `columns`, where `*` stands for all others."""
    return f"\\{name}" if STAR.fullmatch(name) else name


def unescaped(key: str) -> str:
    """Return the name of the column that a key under `columns` stands for."""
    return key[1:] if key[:1] == "\\" and STAR.fullmatch(key) else key


def _rules(proposals: Any) -> dict[str, str]:
    """Write the rules that every row keeps as such, those that nearly every row keeps as comments."""
    certain, likely, together = (
        (proposals.certain, proposals.likely, proposals.combinations) if proposals else ((), (), ())
    )
    listed = [*(f"    - {as_key(rule)}  # every row keeps it, or all but a few" for rule in certain)]
    listed += [f"    # - {as_key(rule)}  # nearly every row keeps it" for rule in likely]
    words = 'what holds in every row, such as start <= end, net + tax == total, if job == "none" then pay == 0'
    head = "" if listed else "null   # null: what the training rows keep; [] for none"
    constraints = "\n".join([f"  constraints: {head}", f"    # {words}", *listed])
    options = "".join(f"\n      - {as_key(names)}" for names in together)
    options = (
        f"\n    combinations:          # labels that occur together only as in the data{options}" if together else " {}"
    )
    return {"constraints": constraints, "options": options}


def as_key(text: str) -> str:
    """Write a text so that YAML reads it as this text."""
    if UNQUOTED.fullmatch(text) and text.lower() not in ("null", "true", "false", "yes", "no", "on", "off", "y", "n"):
        return text
    return yaml.safe_dump(text, allow_unicode=True, default_style='"', width=10**9).strip()


def _with(text: str, assignment: str) -> str:
    """Set `a.b=value` in the text of a configuration: its section is written anew, without the comments in it."""
    top = _path(assignment.partition("=")[0].strip())[0]
    blocks = re.split(r"(?m)^(?=[a-z_]+:)", text)
    at = next((at for at, block in enumerate(blocks) if block.startswith(f"{top}:")), len(blocks))
    block = blocks[at] if at < len(blocks) else f"{top}: {{}}\n"
    body = re.search(r"(?s)(\s*(^#[^\n]*\n|^\s*\n)*)\Z", block, re.MULTILINE)
    document = _parse(block, "the configuration")
    override(document, assignment)
    blocks[at : at + 1] = [_block(top, document[top]), "\n" + (body[1].lstrip("\n") if body else "")]
    return "".join(blocks)


def _block(key: str, value: Any, indent: str = "") -> str:
    """Write a section as JSON values, which are YAML, below its keys."""
    if not isinstance(value, dict) or not value:
        return f"{indent}{as_key(key)}: {json.dumps(value, ensure_ascii=False)}\n"
    return f"{indent}{as_key(key)}:\n" + "".join(
        _block(str(name), inner, indent + "  ") for name, inner in value.items()
    )
