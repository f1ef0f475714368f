"""Mistakes in a configuration, told in one sentence: where, what was expected, the nearest known name; never a
value.
"""

import difflib
from collections.abc import Iterable
from typing import get_args

from pydantic import BaseModel, ValidationError

EXPECTED_BY_ERROR = {
    "int_parsing": "a whole number",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_parsing": "a number",
    "float_type": "a number",
    "finite_number": "a finite number",
    "bool_parsing": "true or false",
    "string_type": "a text",
    "tuple_type": "a list such as [one, two]",
    "dict_type": "a section of keys",
    "model_type": "a section of keys",
    "model_attributes_type": "a section of keys",
}
EXPECTED_BY_KEY = {
    "device": "auto, cpu, cuda or cuda:N",
    "name": "letters, digits, dots and dashes",
    "delimiter": "one character",
    "locale": "a language and a country such as de_DE",
    "memory": "a size such as 4GiB",
    "runner": "threads, processes, ray or ray://HOST:PORT",
    **dict.fromkeys(("key", "sign"), "env:NAME or prefect-secret:NAME, which hold the key,"),
    **dict.fromkeys(("webhook", "apprise"), "env:NAME or prefect-secret:NAME, which hold its address,"),
}
UNION_PARTS = ("bool", "int", "float", "str", "dict[str,any]")


def nearest(name: object, known: Iterable[str]) -> str:
    """Return "; did you mean ...?" with the known name most like `name`, or nothing."""
    close = difflib.get_close_matches(str(name), [str(k) for k in known], n=1, cutoff=0.4)
    return f"; did you mean {close[0]!r}?" if close else ""


def sentence(error: ValidationError, model: type[BaseModel] | None = None, before: tuple[str, ...] = ()) -> str:
    """Return the sentence on the first error, for a document of `model` that stands at the key `before`."""
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    place = [*before, *(str(part) for part in first["loc"])]
    if len(place) > 2 and place[-1] in UNION_PARTS:  # pydantic names the member of a union last
        place.pop()
    known = _keys(model, place[:-1])
    if place[:2] == ["gate", "rules"]:  # they are written under `gate` itself
        place.pop(1)
    where = ".".join(place)
    if first["type"] == "extra_forbidden":
        return _unknown(place, known)
    if first["type"] == "missing":
        return f"expected {where} in the configuration, found nothing; add it"
    message = first["msg"].removeprefix("Value error, ")
    if message.startswith("expected"):
        return message if not place or place[-1] in message else f"{message} (at {where})"
    by_error = EXPECTED_BY_ERROR.get(first["type"], message.removeprefix("Input should be "))
    wanted = EXPECTED_BY_KEY.get(place[-1] if place else "") or by_error
    return f"expected {wanted[:1].lower() + wanted[1:]} at {where}, found another value; correct it"


def _unknown(place: list[str], known: list[str]) -> str:
    where = f" under {'.'.join(place[:-1])}" if place[:-1] else ""
    near = nearest(place[-1], known) or f"; known are {', '.join(known)}"
    return f"expected a known key{where}, found {place[-1]!r}{near}"


def _keys(model: type[BaseModel] | None, place: list[str]) -> list[str]:
    """Return the keys that the section at `place` knows; a part that is no field is a key of a mapping of sections."""
    for part in place:
        if model and part in model.model_fields:
            model = _section(model.model_fields[part].annotation)
    return list(model.model_fields) if model else []


def _section(annotation: object) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for inner in get_args(annotation) if (found := _section(inner))), None)
