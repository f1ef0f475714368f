"""The ledger: every question that was put to private rows, what each cost, and what all of them cost together.

It is a value: it adds up, goes into JSON and comes back, and a document whose sum does not follow from its events is
refused.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import MISSING, asdict, dataclass, fields
from fractions import Fraction
from functools import cached_property
from typing import Any

from launderette.generators.errors import GeneratorError
from launderette.generators.privacy import accounting, noise, subsampling

LEDGER_FORMAT = 1  # of to_dict: raised whenever events of the same fields come to mean something else
FIRST_FORMAT = 1  # of ledgers that do not say theirs
PRIVACY_UNITS = ("row", "entity")
IMAGE_UNITS = {"row": "image", "entity": "entity of images"}  # what the units of privacy are where rows are images
PLURAL = {"row": "rows", "image": "images", "entity": "entities", "entity of images": "entities"}  # units of ledgers
NEIGHBOURING_RELATION = "add or remove one"
EPSILON_ROUNDING = 1e-6  # relative, of an epsilon that is added up again elsewhere
STATED_FPR = 0.01  # share of non-members taken for members at which a sentence says what epsilon allows


@dataclass(frozen=True)
class DiscreteGaussian:
    """`count` whole numbers, each changed by at most 1 by a row, told with discrete Gaussian noise of a variance.

    Or any whole numbers that a row changes by a vector of a squared length of at most `count`: a change of d costs d
    times the mu of a change by 1 (group privacy of GDP), and squares of mu add up.

    A unit is up to `reach` rows, so it is told by up to `reach` times the mu of one (group privacy of GDP).

    `delta` is the probability that something was told of which the noise says nothing: a label that one unit alone has
    passing its threshold.
    """

    what: str
    numerator: int  # of the variance
    denominator: int
    count: int = 1
    delta: float = 0.0
    mechanism: str = "discrete gaussian"
    reach: int = 1

    @property
    def variance(self) -> Fraction:
        return Fraction(self.numerator, self.denominator)

    @property
    def squared(self) -> float:
        """mu^2 of the event."""
        return self.count * (self.reach * noise.mu_of(self.variance)) ** 2


@dataclass(frozen=True)
class SubsampledGaussian:
    """`steps` sums of vectors, each over units that are in it with a probability of `rate` (Poisson sampling), told
    with Gaussian noise of `noise` times the length by which one unit, with all of its rows, changes a sum at most: they
    cost mu, but for a probability of `delta` (subsampling.py).
    """

    what: str
    noise: float
    rate: float
    steps: int
    mu: float
    delta: float
    mechanism: str = "subsampled gaussian"
    reach: int = 1

    @property
    def squared(self) -> float:
        return self.mu**2

    def check(self) -> None:
        """Raise GeneratorError where the steps cost more than is charged."""
        most = self.mu * (1 + EPSILON_ROUNDING)
        if not subsampling.covered(subsampling.Steps(self.noise, self.rate, self.steps), most, self.delta):
            raise GeneratorError("expected steps that cost what a ledger charges for them, found that they cost more")


Event = DiscreteGaussian | SubsampledGaussian
MECHANISMS: dict[str, type] = {"discrete gaussian": DiscreteGaussian, "subsampled gaussian": SubsampledGaussian}


def gaussian(what: str, variance: Fraction, count: int = 1, delta: float = 0.0, reach: int = 1) -> DiscreteGaussian:
    """Return the event of noise of this variance on `count` numbers."""
    return DiscreteGaussian(what, variance.numerator, variance.denominator, count, delta, reach=reach)


@dataclass(frozen=True)
class Ledger:
    """Events on the rows of one table. The guarantee is (epsilon, delta)-differential privacy where one `unit` is
    added or removed.
    """

    events: tuple[Event, ...]
    delta: float
    unit: str = "row"
    public: tuple[str, ...] = ()  # what was stated and is taken to be known, in words
    learnt: tuple[str, ...] = ()  # what the events have told of columns, in words

    def __post_init__(self) -> None:
        if self.unit not in PLURAL:
            raise GeneratorError(f"expected a unit of privacy among {', '.join(PLURAL)}, found {self.unit!r}")

    @property
    def reach(self) -> int:
        """How many rows of one unit were used, at most."""
        return max((event.reach for event in self.events), default=1)

    @cached_property
    def mu(self) -> float:
        """The mu of GDP of all events together."""
        return math.sqrt(sum(event.squared for event in self.events))

    @property
    def lost(self) -> float:
        """The part of delta that events need for themselves."""
        return sum(event.delta for event in self.events)

    @cached_property
    def epsilon(self) -> float:
        """The smallest epsilon at the ledger's delta."""
        return self.epsilon_after(0.0, self.delta)

    def epsilon_after(self, mu: float, delta: float) -> float:
        """Return the epsilon, at a delta, of the ledger and a mu-GDP mechanism more."""
        return accounting.epsilon_of(math.hypot(self.mu, mu), delta - self.lost)

    def largest_tpr(self, fpr: float) -> float:
        """Return the largest share of members that any attack may recognise at a false-positive rate."""
        return accounting.largest_tpr(self.mu, fpr, self.lost)

    def __add__(self, other: "Ledger") -> "Ledger":
        """Return what both together cost on the same rows, at the larger delta."""
        if self.unit != other.unit:
            raise GeneratorError(f"expected ledgers of one unit to add up, found {self.unit} and {other.unit}")
        public, learnt = (tuple(dict.fromkeys(a + b)) for a, b in zip(self._known, other._known, strict=True))
        return Ledger(self.events + other.events, max(self.delta, other.delta), self.unit, public, learnt)

    @property
    def _known(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        return self.public, self.learnt

    def sentence(self) -> str:
        """Say what the ledger allows, for somebody who has to sign for it."""
        own = "images" if self.unit in IMAGE_UNITS.values() else "rows"
        rows = f" (at most {self.reach:,} of its {own} are used)" if "entity" in self.unit else ""
        return (
            f"Adding or removing one {self.unit}{rows} changes the probability of any release by a factor of at most "
            f"e^{self.epsilon:.3g} = {math.exp(min(self.epsilon, 700)):.3g}, but for a probability of {self.delta:g}. "
            f"Whoever sees it, and knows all other {PLURAL[self.unit]}, recognises at most "
            f"{self.largest_tpr(STATED_FPR):.1%} of those that it was made from, if {STATED_FPR:.0%} of others may be "
            "taken for such."
        )

    def to_dict(self) -> dict[str, Any]:
        own = {"format": LEDGER_FORMAT, "epsilon": self.epsilon, "delta": self.delta, "unit": self.unit}
        own |= {"neighbours": NEIGHBOURING_RELATION}
        tpr = {f"largest TPR at {STATED_FPR:.0%} FPR": self.largest_tpr(STATED_FPR), "mu": self.mu}
        known = {"public": list(self.public), "learnt": list(self.learnt)}
        return {**own, **tpr, **known, "events": [asdict(event) for event in self.events]}

    @classmethod
    def from_dict(cls, document: Mapping[str, Any]) -> "Ledger":
        """Read what to_dict wrote; GeneratorError for another format, an unknown event, or an epsilon that does not
        follow.
        """
        if (written := document.get("format", FIRST_FORMAT)) != LEDGER_FORMAT:
            raise GeneratorError(
                f"expected a ledger of format {LEDGER_FORMAT}, found format {written!r}, which another version of "
                "Launderette wrote; read it with that version"
            )
        if document.get("neighbours") != NEIGHBOURING_RELATION:
            raise GeneratorError(
                f"expected a ledger whose neighbours {NEIGHBOURING_RELATION} unit, found another relation"
            )
        events = tuple(event_of(entry) for entry in document["events"])
        known = tuple(document["public"]), tuple(document.get("learnt", ()))
        found = cls(events, document["delta"], document["unit"], *known)
        if not math.isclose(found.epsilon, document["epsilon"], rel_tol=EPSILON_ROUNDING):
            raise GeneratorError("expected a ledger whose epsilon follows from its events, found another")
        return found


def event_of(entry: Mapping[str, Any]) -> Event:
    """Read an event; GeneratorError for a mechanism or field that is not known, or that costs more than it says."""
    kind = MECHANISMS.get(str(entry.get("mechanism")))
    if kind is None:
        raise GeneratorError(
            f"expected a mechanism among {', '.join(MECHANISMS)} in a ledger, found {entry.get('mechanism')!r}; it "
            "cannot be added up"
        )
    if unknown := sorted(set(entry) - {field.name for field in fields(kind)}):
        raise GeneratorError(f"expected the fields of a {entry['mechanism']} event, found also {unknown[0]!r}")
    if lacking := sorted({field.name for field in fields(kind) if field.default is MISSING} - set(entry)):
        raise GeneratorError(
            f"expected the fields of a {entry['mechanism']} event, found no {lacking[0]!r}: another version wrote it"
        )
    event: Event = kind(**entry)
    if isinstance(event, SubsampledGaussian):
        event.check()
    return event


def total(ledgers: Iterable[Ledger]) -> Ledger | None:
    """Return the sum of ledgers on the same rows, None where there is none."""
    summed: Ledger | None = None
    for one in ledgers:
        summed = one if summed is None else summed + one
    return summed
