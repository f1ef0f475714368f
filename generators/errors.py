"""What may be shown to a user: an exception and a warning whose texts never hold a value of a row."""


class GeneratorError(ValueError):
    """What a caller can put right, in one sentence: expected, found, what to do. It names columns and counts, never
    a value of a row.
    """


class IdentifierWarning(UserWarning):
    """Columns were taken as identifiers without being told: nothing learns them, and their values are made up anew."""
