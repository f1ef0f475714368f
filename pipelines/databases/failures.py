"""What databases say of failures, told in sentences of ours: their own texts may quote a value or a name of a user."""

import importlib
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import TypeVar

from launderette.pipelines.run.artifacts import LaunderError, Unavailable

DELAYS = [1.0, 5.0, 15.0]  # seconds before the second, third and fourth attempt
OWN_DRIVER = "sqlite3"  # the module of Python's own driver
LOCKED, LOST = "55P03", ("08", "57P", "53300")  # classes of SQLSTATE: no lock in time, no connection any more
FOUND = {  # by SQLSTATE, what was found and what to do
    "28P01": "that the user or the password is wrong; correct what user and password refer to",
    "28000": "that this user may not log in; check the user, and the server's pg_hba.conf",
    "3D000": "that there is no such database; correct the address",
    "3F000": "that there is no such schema; correct its name, whose letters have their case",
    "42P01": "that there is no such table; correct its name, whose letters have their case",
    "42703": "a column that is not there; correct the query",
    "42601": "a text that is not one SELECT statement; correct the query",
    "42501": "no permission; ask for a login that has it",
    "25006": "a statement that writes; a source is only read",
    "57014": "that the server cancelled it; raise its statement_timeout",
    "53100": "no space left on the server's disk; free some and run again",
    "42P16": "that its columns are others than those of the view; drop the view, or launder the columns that it has",
    "23502": "a column without a default that may not be missing; launder it too",
    "42701": "two columns of one name; rename one",
    "54011": "more columns than a table there may have; drop some",
    LOCKED: "a lock on it all the time; run again once the transaction that holds it has ended",
}
FOUND_BY_CLASS = {
    "0A": "a statement that this database does not support, or one that writes; correct the query",
    "22": "a value that the database cannot convert; select the columns as they are",
    "23": "rows that break one of its constraints; drop the constraint, or use a view",
    "42": "a statement that the database refuses; check the names and the query",
}
FOUND_BY_WORDS = {  # where there is no SQLSTATE: without a connection, and while rows are on their way
    "in a read-only transaction": FOUND["25006"],
    "canceling statement": FOUND["57014"],
    "division by zero": FOUND_BY_CLASS["22"],
    "out of range": FOUND_BY_CLASS["22"],
    "invalid input syntax": FOUND_BY_CLASS["22"],
    "Table with name": FOUND["42P01"],
    "no such table": FOUND["42P01"],
    "Referenced column": FOUND["42703"],
    "no such column": FOUND["42703"],
    "database does not exist": "that there is no such file; check the path",
    "password authentication failed": FOUND["28P01"],
    "no password supplied": "that it asks for a password; set password: env:NAME",
    "no pg_hba.conf entry": FOUND["28000"],
    "does not exist": "that there is no such database or user; correct the address and the user",
    "is not permitted to log in": FOUND["28000"],
    "could not translate host name": "that there is no such host; correct the address",
    "invalid URI query parameter": "an option of the address that is unknown; remove it",
    "unable to open database file": "that there is no such file, or that it may not be read; check the path",
    "file is not a database": "a file that is no database; check the path",
    "syntax error": FOUND["42601"],
    "attempt to write a readonly database": FOUND["25006"],
}
FOUND_BY_SQLITE = {  # by the words of its library, where a release is written
    "readonly database": "that its file may not be written; give the user of the run the right to",
    "disk is full": FOUND["53100"],
    "disk I/O error": "that its file cannot be written; check the space on the disk, and its health",
    "constraint failed": FOUND_BY_CLASS["23"],
    "duplicate column name": "two columns whose names differ in capitals alone; rename one",
    "too many columns": FOUND["54011"],
    "reserved for internal use": "a name that SQLite keeps for itself; name another",
    "cannot store": FOUND_BY_CLASS["22"],
    "unable to open database file": "that its folder is not there, or may not be written; check the path",
}
LOCKED_WORDS = ("database is locked", "table is locked", "schema is locked")  # of SQLite
Result = TypeVar("Result")


def driver(module: str, database: str) -> ModuleType:
    """Import the driver of a database; LaunderError where it is not installed."""
    try:
        return importlib.import_module(module)
    except ImportError:
        raise LaunderError(
            f"expected the driver of {database}, found none; install it: pip install 'launderette[databases]'"
        ) from None


@contextmanager
def explained(expected: str) -> Iterator[None]:
    """Turn what a driver raises into one sentence that begins with `expected`; Unavailable where it may pass."""
    try:
        yield
    except LaunderError:
        raise
    except Exception as error:
        if not _of_driver(error):
            raise
        raise _failure(expected, error) from None


def _of_driver(error: Exception) -> bool:
    """Tell whether an exception is one of a database's driver: ADBC's, SQLAlchemy's, or Arrow's for a stream of it."""
    return type(error).__module__.partition(".")[0] in (
        "adbc_driver_manager",
        "sqlalchemy",
        OWN_DRIVER,
    ) or "[libpq]" in str(error)


def state_of(error: BaseException) -> str:
    """Return the SQLSTATE of a failure, "" where there is none."""
    found = getattr(error, "sqlstate", None) or getattr(getattr(error, "orig", None), "sqlstate", None)
    return found or (str(error).rpartition("SQLSTATE: ")[2][:5] if "SQLSTATE: " in str(error) else "")


def _failure(expected: str, error: Exception) -> LaunderError:
    state, text = state_of(error), str(error)
    if any(words in text for words in LOCKED_WORDS):
        state = LOCKED
    by_words = FOUND_BY_WORDS if type(error).__module__ != OWN_DRIVER else {**FOUND_BY_WORDS, **FOUND_BY_SQLITE}
    found = (
        FOUND.get(state)
        or FOUND_BY_CLASS.get(state[:2])
        or next((said for w, said in by_words.items() if w in text), None)
    )
    if found and state != LOCKED:
        return LaunderError(f"{expected}, found {found}")
    if found:
        return Unavailable(f"{expected}, found {found}")
    if type(error).__module__ == OWN_DRIVER:
        return LaunderError(f"{expected}, found that the database refuses it; check the file")
    if (state and not state.startswith(LOST)) or (not state and _is_answer(text, type(error).__name__)):
        return LaunderError(f"{expected}, found that the database refuses it{state and f' ({state})'}; see its log")
    return Unavailable(f"{expected}, found no connection, or one that was lost; run again once the server answers")


def _is_answer(text: str, kind: str) -> bool:
    """Tell whether a failure without an SQLSTATE is what a server says of a statement, and not of the connection."""
    return kind in ("ProgrammingError", "DataError", "NotSupportedError") or (
        "PGRES_FATAL_ERROR" in text and "FATAL: " not in text and "server closed" not in text
    )


def retried(work: Callable[[], Result], delays: list[float] | None = None) -> Result:
    """Return what `work` returns, tried again after some seconds where it failed in a way that may pass."""
    for seconds in DELAYS if delays is None else delays:
        try:
            return work()
        except Unavailable:
            time.sleep(seconds)
    return work()
