"""Groups of labels as the configuration states them: {North: [Kiel, Husum], Germany: [North, South]}."""

from collections.abc import Iterator, Mapping, Sequence

Groups = Mapping[str, Sequence[str]]  # name of a group -> its labels, or names of smaller groups


def check(groups: object) -> str:
    """Return what is wrong with groups as they are stated, "" where nothing is."""
    if not isinstance(groups, Mapping) or not all(isinstance(own, list | tuple) for own in groups.values()):
        return "expected groups as {name: [label, another]}, found something else"
    members = [str(label) for own in groups.values() for label in own]
    if len(set(members)) < len(members):
        return "expected every label in one group, found one in two; keep one"
    if any(len(list(above(group, groups))) > len(groups) for group in groups):
        return "expected groups within larger ones, found one that lies in itself; take it out"
    return ""


def above(label: str, groups: Groups) -> Iterator[str]:
    """Return the groups that a label lies in, the smallest first; one more than there are where they go round."""
    parents = {str(member): name for name, own in groups.items() for member in own}
    for _ in range(len(groups) + 1):
        if (label := parents.get(label, "")) == "":
            return
        yield label
