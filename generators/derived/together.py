"""Fixed combinations by the names of their columns, such as "city, country", and which of them hold by themselves: a
grade and its rate, where both follow in steps from one score.
"""

from collections.abc import Iterable, Sequence

from launderette.generators.derived.columns import Derived
from launderette.generators.formulas.step_function import StepFunction


def names_in(text: str) -> list[str]:
    """Return the columns that a text such as "city, country" names."""
    return [name.strip() for name in text.split(",")]


def merged(groups: Iterable[Iterable[str]]) -> list[set[str]]:
    """Return groups of columns, those that share a column as one."""
    found: list[set[str]] = []
    for group in map(set, groups):
        touching = [other for other in found if other & group]
        found = [other for other in found if not other & group] + [group.union(*touching)]
    return found


def hold(group: set[str], derived: Sequence[Derived]) -> bool:
    """Whether each column of a group follows in steps, from another of it or all from the same numbers or dates; of the
    latter one steps wherever any does.
    """
    formulas = {one.name: one.formula for one in derived if one.name in group}
    stepping = {name: formula for name, formula in formulas.items() if isinstance(formula, StepFunction)}
    first = [name for name in group if name not in stepping or not group.issuperset(stepping[name].sources)]
    steps = [stepping[name] for name in first if name in stepping]
    if len(steps) < len(first) or len({(own.of.sources, own.of.text) for own in steps}) > 1:
        return False
    starts = [{start for start, _ in own.steps} for own in steps]
    return set().union(*starts) in starts
