"""Conditions of checks, as SQLite reads them: those of PostgreSQL with comparisons, lists, patterns and a few functions
(anything else is left to the server), and those that stand in a statement of SQLite.
"""

import re
from collections.abc import Collection, Iterator

CAST_NUMBERS = r"(?:smallint|integer|bigint|numeric|real|double precision)(?:\(\d+(?:,\d+)?\))?"
CAST_TEXTS = r"(?:text|character varying|bpchar|character|name)(?:\(\d+\))?"
CAST_DAYS = r"(?:date|timestamp without time zone)"
SQL_NUMBER = rf"\(?'(-?\d+(?:\.\d+)?)'\)?::{CAST_NUMBERS}|\((-?\d+(?:\.\d+)?)\)::{CAST_NUMBERS}"
SQL_LIST = re.compile(r"(=|<>) (ANY|ALL) (?:\(ARRAY\[([^\[\]]*)\]\)|\(\(ARRAY\[([^\[\]]*)\]\)\))")
READ_WORDS = frozenset(
    ("and", "or", "not", "is", "null", "true", "false", "in", "between", "like", "regexp", "length", "upper", "lower")
)
RENAMED_FUNCTIONS = {"char_length": "length", "character_length": "length", "btrim": "trim"}
THEIR_OPERATORS = {"!~~": "NOT LIKE", "~~": "LIKE", "!~": "NOT REGEXP", "~": "REGEXP"}
NOT_READ = re.compile(r"::|~\*|\[|\]|[;?{}@#&|^]")  # that is left of what is not read here
SQL_STRING = re.compile(r"('(?:[^']|'')*')")
SQL_NAME = re.compile(r'"(?:[^"]|"")+"|\b[A-Za-z_]\w*\b')


def as_sqlite(definition: str, columns: Collection[str], value: str | None = None) -> str:
    """Return the condition of `CHECK (...)`, in which VALUE stands for a column where one is given; "" for none that is
    read here.
    """
    text = definition.removeprefix("CHECK ").removesuffix(" NOT VALID").removesuffix(" NO INHERIT")
    text = re.sub(SQL_NUMBER, lambda found: found[1] or found[2], text)
    text = re.sub(rf"('(?:[^']|'')*')::{CAST_DAYS}", r"\1", text)
    text = re.sub(rf"::{CAST_TEXTS}(?:\[\])?|(?<=\))::numeric", "", text)
    text = SQL_LIST.sub(_listed, text)
    parts = [part if at % 2 else _plain(part, value) for at, part in enumerate(SQL_STRING.split(text))]
    rest = " ".join(parts[::2])
    known = {*READ_WORDS, *RENAMED_FUNCTIONS.values(), "abs", "coalesce", *columns}
    names = {name.strip('"') if name[0] == '"' else name.lower() for name in SQL_NAME.findall(rest)}
    return "" if NOT_READ.search(rest) or not names <= known else "".join(parts)


def _listed(found: re.Match[str]) -> str:
    listed = found[3] or found[4]
    return f"{'IN' if found[1] == '=' else 'NOT IN'} ({listed})" if (found[1] == "=") == (found[2] == "ANY") else "@"


def _plain(text: str, value: str | None) -> str:
    """Write operators, functions and names outside of strings as SQLite does."""
    for theirs, ours in THEIR_OPERATORS.items():
        text = re.sub(rf"(?<=\s){re.escape(theirs)}(?=\s)", ours, text)
    for theirs, ours in RENAMED_FUNCTIONS.items():
        text = re.sub(rf"\b{theirs}\(", f"{ours}(", text)
    if value is not None:
        text = re.sub(r"\bVALUE\b", '"' + value.replace('"', '""') + '"', text)
    return text


def matches(pattern: str, text: object) -> bool | None:
    """Tell whether a text holds what a pattern says, as REGEXP of SQLite."""
    return None if text is None else bool(re.search(pattern, str(text)))


def in_statement(statement: str) -> Iterator[str]:
    """Yield the conditions of all checks of a CREATE TABLE of SQLite."""
    plain = SQL_STRING.sub(lambda found: "'" + "x" * (len(found[0]) - 2) + "'", statement)
    for found in re.finditer(r"\bCHECK\s*\(", plain, re.IGNORECASE):
        depth, at = 1, found.end()
        while depth and at < len(plain):
            depth += {"(": 1, ")": -1}.get(plain[at], 0)
            at += 1
        yield statement[found.end() : at - 1]
