"""Formulas as people write them: `price * quantity`, `net * (1 + rate / 100)`, `(delivered - ordered) / day`.

Numbers, columns, + - * / ^, brackets; log, log10, exp or sqrt(...) around all of it, or floor(...) for what is always
rounded down. A date and a time
after it add up: `ordered + 3 * day`, with week, day, hour, minute, second, and year and month of their mean length. A
column whose name holds other signs stands in `backquotes`.
"""

import ast
import re
from collections.abc import Sequence

from launderette.generators.errors import GeneratorError
from launderette.generators.formats.timestamps import UNITS
from launderette.generators.formulas.functions import FUNCTIONS
from launderette.generators.formulas.polynomial import Monomial, Polynomial

LENGTHS = {name: float(UNITS[name]) for name in ("day", "hour", "minute", "second")}
LENGTHS |= {"week": 7 * LENGTHS["day"], "year": 365.25 * LENGTHS["day"], "month": 365.25 / 12 * LENGTHS["day"]}
AROUND = ("floor", *(name for name in FUNCTIONS if name.isidentifier()))  # a whole formula

Powers = tuple[int, ...]
Sum = dict[Powers, float]  # powers of the columns -> factor


def read(text: str, target: str, names: Sequence[str]) -> Polynomial:
    """Read the formula of column `target` over columns of these names; GeneratorError where it is none."""
    try:
        return _Reader(text, [name for name in names if name != target]).formula()
    except (SyntaxError, ValueError, ZeroDivisionError, OverflowError, KeyError) as error:
        known = str(error) if isinstance(error, GeneratorError) else "found something else"
        raise GeneratorError(
            f"expected a formula such as 'price * quantity' of other numbers or dates for column {target!r}, {known}; "
            f"correct columns: {{{target!r}: {{derived: ...}}}}"
        ) from None


class _Reader:
    def __init__(self, text: str, names: Sequence[str]) -> None:
        self.text, self.names = text, list(names)
        self.stands_for = {f"_column_{k}": name for k, name in enumerate(names)}

    def formula(self) -> Polynomial:
        own = re.sub(r"`([^`]*)`", lambda found: self._stand_in(found[1]), self.text).replace("^", "**")
        tree = ast.parse(own.strip(), mode="eval").body
        function = ""
        if isinstance(tree, ast.Call):
            function = tree.func.id if isinstance(tree.func, ast.Name) else ""
            if function not in AROUND or len(tree.args) != 1 or tree.keywords:
                raise GeneratorError(f"found a function that is none of {', '.join(AROUND)} around the whole formula")
            tree = tree.args[0]
        found = {powers: factor for powers, factor in self._sum(tree).items() if factor}
        used = [k for k in range(len(self.names)) if any(powers[k] for powers in found)]
        if not used:
            raise GeneratorError("found none of them in it")
        terms = tuple(Monomial(factor, tuple(powers[k] for k in used)) for powers, factor in found.items())
        names = tuple(self.names[k] for k in used)
        if function == "floor":
            return Polynomial(names, self.text, terms, rounding="down")
        return Polynomial(names, self.text, terms, function)

    def _stand_in(self, name: str) -> str:
        if name not in self.names:
            raise GeneratorError(f"found {name!r}")
        return f"_column_{self.names.index(name)}"

    def _sum(self, tree: ast.expr) -> Sum:
        match tree:
            case ast.Constant(value=int() | float() as number) if not isinstance(number, bool):
                return {self._powers(): float(number)}
            case ast.Name(id=word):
                return self._word(word)
            case ast.UnaryOp(op=ast.USub(), operand=inner):
                return _scaled(self._sum(inner), -1)
            case ast.BinOp(left=left, op=ast.Add(), right=right):
                return _added(self._sum(left), self._sum(right))
            case ast.BinOp(left=left, op=ast.Sub(), right=right):
                return _added(self._sum(left), _scaled(self._sum(right), -1))
            case ast.BinOp(left=left, op=ast.Mult(), right=right):
                return _multiplied(self._sum(left), self._sum(right))
            case ast.BinOp(left=left, op=ast.Div(), right=right):
                return _multiplied(self._sum(left), _inverse(self._sum(right)))
            case ast.BinOp(left=left, op=ast.Pow(), right=ast.Constant(value=2)):
                return _multiplied(self._sum(left), self._sum(left))
        raise GeneratorError("found another operation than + - * / ^")

    def _word(self, word: str) -> Sum:
        name = self.stands_for.get(word, word)
        if name in self.names:
            return {self._powers(name): 1.0}
        if word in LENGTHS:
            return {self._powers(): LENGTHS[word]}
        raise GeneratorError(f"found {word!r}")

    def _powers(self, name: str | None = None) -> Powers:
        return tuple(int(own == name) for own in self.names)


def _scaled(one: Sum, by: float) -> Sum:
    return {powers: factor * by for powers, factor in one.items()}


def _added(one: Sum, two: Sum) -> Sum:
    return {powers: one.get(powers, 0.0) + two.get(powers, 0.0) for powers in {**one, **two}}


def _multiplied(one: Sum, two: Sum) -> Sum:
    found: Sum = {}
    for a, x in one.items():
        for b, y in two.items():
            powers = tuple(p + q for p, q in zip(a, b, strict=True))
            found[powers] = found.get(powers, 0.0) + x * y
    return found


def _inverse(one: Sum) -> Sum:
    """Return 1 / a product; a sum has no such form."""
    if len(one) != 1:
        raise GeneratorError("found a division by a sum")
    ((powers, factor),) = one.items()
    return {tuple(-power for power in powers): 1 / factor}
