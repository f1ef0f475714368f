"""The one exception whose text may be shown: it never holds a value of a row."""


class GeneratorError(ValueError):
    """What a caller can put right, in one sentence: expected, found, what to do. It names columns and counts, never
    a value of a row.
    """
