"""What may be shown to a user: an exception and a warning whose texts never hold a value of a row."""

from numbers import Integral


class GeneratorError(ValueError):
    """What a caller can put right, in one sentence: expected, found, what to do. It names columns and counts, never
    a value of a row.
    """


class IdentifierWarning(UserWarning):
    """Columns were taken as identifiers without being told: nothing learns them, and their values are made up anew."""


def check_count(n: object, things: str) -> None:
    """Raise GeneratorError for what is no whole number of `things` from 0 on."""
    if isinstance(n, bool) or not isinstance(n, Integral) or n < 0:
        raise GeneratorError(f"expected a whole number of {things} from 0 on, found {n!r}")
