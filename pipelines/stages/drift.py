"""Drift: what changed between the tables of two runs, as far as their schemas tell."""

from launderette.generators.data.schema import Column, Schema


def check(schema: Schema, previous: Schema | None) -> list[str]:
    """Return a sentence for each difference in columns, kinds, types and formats; none where there is no earlier
    run.
    """
    if previous is None:
        return []
    before, now = ({column.name: column for column in s.columns} for s in (previous, schema))
    gone = [f"Column {name!r} is gone." for name in before if name not in now]
    new = [f"Column {name!r} is new." for name in now if name not in before]
    changed = [text for name in now if name in before for text in _changes(before[name], now[name])]
    return gone + new + changed + _order(list(before), list(now))


def _changes(before: Column, now: Column) -> list[str]:
    if before.kind != now.kind:
        return [f"Column {now.name!r} was {before.kind} and is {now.kind}."]
    found = []
    for field, words in (
        ("dtype", "stored as"),
        ("format", "written as"),
        ("decimals", "of decimals"),
        ("pattern", "of the pattern"),
        ("height", "pixels high:"),
        ("width", "pixels wide:"),
        ("channels", "of channels:"),
    ):
        one, other = getattr(before, field, None), getattr(now, field, None)
        if one != other:
            found.append(f"Column {now.name!r} was {words} {_shown(one)} and is {words} {_shown(other)}.")
    return found


def _shown(value: object) -> str:
    return "nothing in particular" if value in (None, "") else str(value)


def _order(before: list[str], now: list[str]) -> list[str]:
    shared = [name for name in before if name in now]
    return [] if shared == [name for name in now if name in before] else ["The columns stand in another order."]
