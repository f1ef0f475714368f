"""A configuration of which only some keys can be read: what is known to depend on them alone cannot look at another."""

from collections.abc import Collection, Iterable
from typing import Any, TypeVar

from launderette.pipelines.config.sections import Section

Kept = TypeVar("Kept", bound=Section)


def narrowed(section: Kept, keys: Collection[str]) -> Kept:
    """Return a section that has nothing but `keys` such as `seed`, `split` or `split.entity`.

    AttributeError where a key is read that is not among them, or is among them and unknown.
    """
    found = section.model_copy()
    object.__setattr__(found, "__dict__", {name: _inner(getattr(section, name), keys, name) for name in _tops(keys)})
    return found


def _tops(keys: Iterable[str]) -> list[str]:
    return sorted({key.partition(".")[0] for key in keys})


def _inner(value: Any, keys: Collection[str], name: str) -> Any:
    """Return the value of a key: whole where it is named itself, or has no keys of its own."""
    if name in keys or not isinstance(value, Section):
        return value
    return narrowed(value, [key.removeprefix(f"{name}.") for key in keys if key.startswith(f"{name}.")])


def chosen(document: dict[str, Any], keys: Iterable[str]) -> dict[str, Any]:
    """Return the values of keys such as `split.entity` in a configuration's document, each under its whole key."""
    found = {}
    for key in keys:
        value: Any = document
        for name in key.split("."):
            value = value and value[name]
        found[key] = value
    return found


def without(document: dict[str, Any], keys: Iterable[str]) -> dict[str, Any]:
    """Return a configuration's document without keys such as `source.path`."""
    found = dict(document)
    for key in keys:
        top, _, rest = key.partition(".")
        if rest and isinstance(found.get(top), dict):
            found[top] = without(found[top], [rest])
        elif not rest:
            found.pop(top, None)
    return found
