"""The language of constraints: `start <= end`, `0 <= age < 100`, `net + tax == total`, `if job == "none" then pay ==
0`.

rule        = [ "if" conjunction "then" ] conjunction
conjunction = chain { "and" chain }
chain       = side operator side { operator side }      operator: <= >= < > == != =
side        = [ "-" ] term { ( "+" | "-" ) term }
term        = number [ "*" column ] | column [ "*" number ] | date | text in quotes | true | false
A column whose name holds other signs than these, or is a word of the language, stands in `backquotes`; others are
written as they are.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from dataclasses import dataclass

from launderette.generators.errors import GeneratorError

OPERATOR = re.compile(r"<=|>=|==|!=|<|>|=")
NUMBER_TOKEN = re.compile(r"[-+]?(\d+(\.\d*)?|\.\d+)([eE][-+]?\d+)?(?![^\s<>=!*+),-])(?!-\d)")
QUOTED = re.compile(r'"([^"]*)"|\'([^\']*)\'|`([^`]*)`')
BARE = re.compile(r"[^\s<>=!*+\"'`]+( \d{1,2}:\d\d\S*)?")
WORD_CHARACTER = re.compile(r"\w")
MIRRORED = {"<=": ">=", ">=": "<=", "<": ">", ">": "<", "==": "==", "!=": "!="}


@dataclass(frozen=True)
class Side:
    """A sum of weighted columns and a constant; `value` is the text of a side that is one value and no column."""

    terms: tuple[tuple[str, float], ...] = ()
    constant: float = 0.0
    value: str | None = None
    number: bool = True  # whether the constant is all of the value


@dataclass(frozen=True)
class Comparison:
    """left operator right, the operator one of <= >= < > == !=."""

    left: Side
    operator: str
    right: Side

    def mirrored(self) -> Comparison:
        return Comparison(self.right, MIRRORED[self.operator], self.left)


@dataclass(frozen=True)
class Rule:
    """Every claim holds in a row in which every premise does."""

    premises: tuple[Comparison, ...]
    claims: tuple[Comparison, ...]
    text: str


def nearest(name: str, names: Sequence[str]) -> str:
    """Return "; did you mean 'x'?" for the nearest of the names, nothing where none is near."""
    close = difflib.get_close_matches(name, list(names), n=1, cutoff=0.5)
    return f"; did you mean {close[0]!r}?" if close else ""


def parse(text: str, names: Sequence[str]) -> Rule:
    """Read one constraint over columns of these names; ValueError with the place and the nearest name where it is
    none.
    """
    return _Parser(text, names).rule()


class _Parser:
    def __init__(self, text: str, names: Sequence[str]) -> None:
        self.text, self.at = text, 0
        self.names = sorted(names, key=len, reverse=True)  # the longest that fits is meant

    def rule(self) -> Rule:
        premises: tuple[Comparison, ...] = ()
        if self._word("if"):
            premises = self._conjunction()
            if not self._word("then"):
                raise self._wrong("'then' after the condition of 'if'")
        claims = self._conjunction()
        if self._rest():
            raise self._wrong("an operator, 'and' or the end")
        return Rule(premises, claims, self.text)

    def _conjunction(self) -> tuple[Comparison, ...]:
        found = self._chain()
        while self._word("and"):
            found += self._chain()
        return found

    def _chain(self) -> tuple[Comparison, ...]:
        sides, operators = [self._side()], []
        while operator := self._match(OPERATOR):
            operators.append("==" if operator[0] == "=" else operator[0])
            sides.append(self._side())
        if not operators:
            raise self._wrong("a constraint such as 'start <= end' or '0 <= age', with one of <= >= < > == !=")
        return tuple(Comparison(*parts) for parts in zip(sides, operators, sides[1:], strict=False))

    def _side(self) -> Side:
        sign = -1.0 if not NUMBER_TOKEN.match(self._rest()) and self._sign("-") else 1.0
        found = _scaled(self._term(), sign)
        while (plus := self._sign("+")) or self._sign("-"):
            start, other = self.at, self._term()
            if not (found.number and other.number):
                self.at = start
                raise self._wrong("a number or a column of numbers in a sum")
            found = _sum(found, _scaled(other, 1.0 if plus else -1.0))
        return found

    def _term(self) -> Side:
        name = self._column()
        if name is not None:
            return Side(((name, self._factor()),))
        if quoted := self._match(QUOTED):
            return Side(value=quoted[1] if quoted[1] is not None else quoted[2], number=False)
        if number := self._match(NUMBER_TOKEN):
            return self._number(number[0])
        bare = BARE.match(self._rest())
        if bare and (bare[0] in ("true", "false", "True", "False") or any(c.isdigit() for c in bare[0])):
            self.at += bare.end()
            return Side(value=bare[0], number=False)
        raise self._wrong("a column, a number, a date or a text in quotes (name a learned column)")

    def _number(self, text: str) -> Side:
        if not self._sign("*"):
            return Side(constant=float(text), value=text)
        name = self._column()
        if name is None:
            raise self._wrong("a column after '*'")
        return Side(((name, float(text)),))

    def _factor(self) -> float:
        if not self._sign("*"):
            return 1.0
        number = self._match(NUMBER_TOKEN)
        if not number:
            raise self._wrong("a number after '*': only products with a constant can be kept")
        return float(number[0])

    def _column(self) -> str | None:
        rest = self._rest()
        if rest.startswith("`"):
            quoted = QUOTED.match(rest)
            if not quoted or quoted[3] not in self.names:
                raise self._wrong("the name of a column in backquotes", quoted[3] if quoted else None)
            self.at += quoted.end()
            return quoted[3]
        for name in self.names:
            end = rest[len(name) : len(name) + 1]
            if (
                name
                and not NUMBER_TOKEN.fullmatch(name)
                and rest.startswith(name)
                and not (end and WORD_CHARACTER.match(end) and WORD_CHARACTER.match(name[-1]))
            ):
                self.at += len(name)
                return name
        return None

    def _rest(self) -> str:
        while self.at < len(self.text) and self.text[self.at].isspace():
            self.at += 1
        return self.text[self.at :]

    def _match(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        found = pattern.match(self._rest())
        self.at += found.end() if found else 0
        return found

    def _word(self, word: str) -> bool:
        found = re.match(rf"{word}(?!\w)", self._rest(), re.IGNORECASE)
        if not found or (word == "if" and self._column_here()):
            return False
        self.at += len(word)
        return True

    def _column_here(self) -> bool:
        at = self.at
        found = self._column()
        after, self.at = OPERATOR.match(self._rest()), at
        return found is not None and after is not None

    def _sign(self, sign: str) -> bool:
        found = self._rest().startswith(sign)
        self.at += found
        return found

    def _wrong(self, expected: str, word: str | None = None) -> GeneratorError:
        bare = BARE.match(self._rest())
        word = word or (bare[0] if bare else self._rest()[:1])
        found = f"{word!r}{nearest(word, self.names)}" if word else "its end"
        return GeneratorError(
            f"expected {expected} at character {self.at + 1} of the constraint {self.text!r}, found {found}"
        )


def _scaled(side: Side, by: float) -> Side:
    return (
        side
        if by == 1
        else Side(tuple((name, by * w) for name, w in side.terms), by * side.constant, number=side.number)
    )


def _sum(one: Side, two: Side) -> Side:
    return Side(one.terms + two.terms, one.constant + two.constant)
