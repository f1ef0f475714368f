"""Names of made-up people as a table writes them, and e-mail addresses that fit them.

First, last and full names that stand for the same people in the source belong to one person of a made-up row, too.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from launderette.pipelines.personal_data import name_shapes, people, templates
from launderette.pipelines.personal_data.column_names import plain
from launderette.pipelines.personal_data.people import Names
from launderette.pipelines.personal_data.templates import Slot, Template, cased

TRIES = 200  # to make up a person who is nobody, before names are joined
FREED_WORDS = 2  # words of a full name that are freed
MOST_SINGLE, JOINED = 3, 100  # tries with plain e-mail addresses; those after them get a number
PLAIN_NAME = (Template((Slot("Aa"), Slot("Aa")), ("", " ", ""), 1.0),)
PLAIN_MAIL = (Template((Slot("a"), Slot("a"), Slot("a"), Slot("a")), ("", ".", "@", ".", ""), 1.0),)
HOSTS = ("mail", "post", "web", "home", "my")
ENDINGS = ("com", "net", "org")  # example.com and its like are reserved, so that nobody gets a letter (RFC 2606)


@dataclass(frozen=True)
class Person:
    """A first and a last name, and the full name as it is written; nobody's of the source."""

    first: str
    last: str
    full: str


class Casting:
    """Makes up people: `real` are the names of the source in small letters, by first, last and full."""

    def __init__(
        self, locale: str, real: Mapping[str, set[str]], written: Sequence[str], rng: np.random.Generator
    ) -> None:
        self.first, self.last = (Names(locale, which, real[which]) for which in ("first", "last"))
        self.real, self.rng, self.known = real, rng, people.people(locale)
        learned = map(_freed, templates.learn(written))
        usable = [t for t in learned if not any(s.shape in "a?" and not s.choices for s in t.slots)]
        self.templates = usable or PLAIN_NAME
        self.taken: set[str] = set()

    def draw(self) -> Person:
        """Return a person of whom there is no other yet."""
        for attempt in range(TRIES):
            sex = int(self.rng.integers(2))
            first, last = self.first.draw(sex, self.rng), self.last.draw(sex, self.rng)
            template = templates.chosen(self.templates, self.rng)
            if attempt > TRIES // 2:  # nearly all have been drawn: join two
                last += self.last.draw(sex, self.rng).lower()
            if attempt > TRIES * 3 // 4:  # all that are written so are real ones
                template = PLAIN_NAME[0]
            full = self._full(template, first, last, sex)
            if plain(full) not in self.real["full"] and full not in self.taken and plain(last) not in self.real["last"]:
                break
        self.taken.add(full)
        return Person(first, last, full)

    def anybody(self, rng: np.random.Generator) -> Person:
        """Return a person drawn from a stream of chance of their own, whoever has been drawn before."""
        self.rng, self.taken = rng, set()
        return self.draw()

    def _full(self, template: Template, first: str, last: str, sex: int) -> str:
        free = [place for place, slot in enumerate(template.slots) if not slot.choices and slot.shape != "9"]
        lasts = _last_places(template, free, self.known.family_first)
        main = {lasts[-1]: last} if lasts else {}
        main |= dict([(place, first) for place in free if place not in lasts][:1])
        if len(template.slots) == 1 and free:
            main = {free[0]: last + first if template.slots[free[0]].shape == "x" else first}

        def word(place: int, shape: str) -> str:
            return main.get(place) or (self.last if place in lasts else self.first).draw(sex, self.rng)

        return templates.fill(template, word, self.rng)


def _freed(template: Template) -> Template:
    """Return a template that says more than the source's own names: where each of its words is one of few, any word may
    stand in place of the most varied two.
    """
    words = [place for place, slot in enumerate(template.slots) if slot.shape != "9"]
    if any(not template.slots[place].choices for place in words):
        return template
    varied = sorted(
        (place for place in words if len(template.slots[place].choices) > 1),
        key=lambda place: -len(template.slots[place].choices),
    )[:FREED_WORDS]
    slots = (replace(slot, choices=()) if place in varied else slot for place, slot in enumerate(template.slots))
    return replace(template, slots=tuple(slots))


def _last_places(template: Template, free: Sequence[int], family_first: bool) -> list[int]:
    """Return the places of last names: before a comma, else at one end, with those that a hyphen joins to it."""
    comma = next((place for place in range(len(template.slots)) if "," in template.between[place + 1]), None)
    if comma is not None:
        return [place for place in free if place <= comma]
    if len(free) == 1:  # beside a title, or one of few first names
        return list(free) if len(template.slots) > 1 and (free[0] > 0) != family_first else []
    if family_first or not free:
        return list(free[:1])
    start = len(free) - 1
    while start > 1 and free[start - 1] == free[start] - 1 and template.between[free[start]] == "-":
        start -= 1
    return list(free[start:])


class Mail:
    """Makes up e-mail addresses: local parts put together as the source's are, of a person's names."""

    def __init__(self, written: Sequence[str], rng: np.random.Generator) -> None:
        learned = [t for t in templates.learn(written) if sum("@" in text for text in t.between) == 1]
        self.templates, self.rng = learned or PLAIN_MAIL, rng
        self.other = people.people(people.USUAL)

    def draw(self, first: str, last: str, attempt: int) -> str:
        """Return an address of somebody of these names; later attempts differ more."""
        template = templates.chosen(self.templates, self.rng)
        at = next(k for k, text in enumerate(template.between) if "@" in text)
        names = [self._latin(first), self._latin(last)]
        local = self._parts(template, 0, at, _local(names, at, int(self.rng.integers(MOST_SINGLE)), self._filler))
        number = str(self.rng.integers(1, 10 ** (1 + attempt // JOINED))) if attempt > MOST_SINGLE else ""
        host = self._parts(template, at, len(template.slots), _host(template, at, self.rng))
        return local + number + template.between[at] + host + template.between[-1]

    def _parts(self, template: Template, start: int, end: int, words: Sequence[str]) -> str:
        text = template.between[start] if start == 0 else ""
        for place in range(start, end):
            slot = template.slots[place]
            piece = self._digits(slot) if slot.shape == "9" else cased(words[place - start], slot.shape)
            text += piece + (template.between[place + 1] if place + 1 < end else "")
        return text

    def _digits(self, slot: Slot) -> str:
        lengths = slot.digits or (2,)
        return "".join(map(str, self.rng.integers(0, 10, lengths[int(self.rng.integers(len(lengths)))]).tolist()))

    def _latin(self, name: str) -> str:
        text = "".join(c for c in name_shapes.latin(name) if c.isascii() and c.isalnum())
        return text or self._filler()

    def _filler(self) -> str:
        names = self.other.first[int(self.rng.integers(2))]
        return names[int(self.rng.integers(len(names)))].lower()


def _local(names: Sequence[str], places: int, way: int, filler: Callable[[], str]) -> list[str]:
    """Return the words of a local part: initial and last name, last name alone or both, where there is one place."""
    if places <= 1:
        return [(names[0][0] + names[1], names[1], names[0] + names[1])[way]]
    return [*names, *(filler() for _ in range(places - 2))]


def _host(template: Template, at: int, rng: np.random.Generator) -> list[str]:
    """Return the words of a host that is reserved for examples."""
    places = len(template.slots) - at
    words = [HOSTS[int(k)] for k in rng.integers(0, len(HOSTS), places)]
    alone = places == 2 or (places > 2 and template.between[-3] == ".")
    if alone and template.between[-2] == "." and places >= 2:
        return [*words[:-2], "example", ENDINGS[int(rng.integers(len(ENDINGS)))]]
    return [*words[:-1], "example"]
