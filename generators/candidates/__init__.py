"""Formulas worth trying, by which one column may follow from others: each gives most of some rows of a table, and
holding.py judges it on more.
"""

from launderette.generators.candidates import dates, shapes
from launderette.generators.candidates.shapes import TableValues, Tried


def tried(seen: TableValues) -> Tried:
    """Yield formulas of one or two columns."""
    numbers = [name for name, own in seen.items() if not own.dated]
    yield from shapes.tried(seen, numbers)
    yield from dates.tried(seen, numbers, [name for name, own in seen.items() if own.dated])
