"""The sections of a configuration: every key known, every value checked."""

import math
from datetime import datetime
from typing import Annotated, Any, Literal, Self
from zoneinfo import available_timezones

from cronsim import CronSim, CronSimError
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator

from launderette.pipelines.config.errors import nearest
from launderette.pipelines.secrets import REFERENCE_PATTERN

CRON_WORDS = {  # of five fields
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}
ALONE = "none"  # as split.entity: a column that repeats names no entity
HELD_OUT = 0.2  # share of many rows where none is stated

Share = Annotated[float, Field(gt=0, lt=1, allow_inf_nan=False)]
# a column may be called 2019
Name = Annotated[str, BeforeValidator(lambda name: str(name) if isinstance(name, int | float) else name)]
Side = Annotated[int, Field(ge=8, le=128)]  # pixels
Scalar = bool | int | float | str | None
Reference = Annotated[str, Field(pattern=REFERENCE_PATTERN)]  # a secret, by its environment variable or Secret block


class Section(BaseModel):
    """A section of the configuration: immutable, without room for unknown keys."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class Images(Section):
    """How images are read: pixels of a side (or height, width; None for their usual size), 1 channel or 3 (None for 1
    where all are grey), the share that may be unusable, the bits that those of more than 8 use (None for the fewest
    that hold all values of the collection).
    """

    size: Side | tuple[Side, Side] | None = None
    channels: Literal[1, 3] | None = None
    broken: float = Field(0.01, ge=0, lt=1)
    bits: int | None = Field(None, ge=8, le=16)

    @property
    def sides(self) -> tuple[int, int] | None:
        """Height and width, None where they are not stated."""
        return (self.size, self.size) if isinstance(self.size, int) else self.size


class Split(Section):
    """The share of rows that the generator never sees, and the column whose equal values stay together.

    Left out, the share is a fifth, and of a table of fewer than 300 rows, or entities, what makes 60, at most two
    fifths. Without a column, an identifier that repeats is the entity; `none` states that no column is.
    """

    holdout: Share | None = None
    entity: Name | None = None

    @property
    def share(self) -> float:
        """The share of many rows."""
        return self.holdout or HELD_OUT

    @property
    def column(self) -> str | None:
        """The column that is stated to name entities."""
        return None if self.alone else self.entity

    @property
    def alone(self) -> bool:
        """Whether every row is stated to be an entity of its own."""
        return self.entity == ALONE


class Candidate(Section):
    """A generator that a search tries: its path in generators/, alone or with its options."""

    name: str
    options: dict[str, Any] = Field(default_factory=dict)

    @model_validator(mode="before")
    @classmethod
    def _named(cls, candidate: Any) -> Any:
        return {"name": candidate} if isinstance(candidate, str) else candidate


class Generator(Section):
    """A generator by its path in generators/, its options, and how many GPUs (or processes of a CPU) train it.

    Or `search`: several, of which short runs under the one budget choose. Until they have, `name` is the first.
    """

    name: str = "tabular.autoregressive"
    options: dict[str, Any] = Field(default_factory=dict)
    devices: int = Field(1, ge=1, le=64)
    search: tuple[Candidate, ...] = ()

    @model_validator(mode="after")
    def _one_or_several(self) -> Self:
        if not self.search:
            return self
        names = [candidate.name for candidate in self.search]
        if self.options or ("name" in self.model_fields_set and self.name != names[0]):
            raise ValueError("expected name and options, or search, under generator, found both; keep one")
        if len(names) == 1:
            raise ValueError("expected several generators under generator.search, found one; set generator.name")
        if twice := [name for k, name in enumerate(names) if self.search[k] in self.search[:k]]:
            raise ValueError(
                f"expected different generators under generator.search, found {twice[0]!r} twice with the same "
                "options; change one, or leave it out"
            )
        if len({name.partition(".")[0] for name in names}) > 1:
            raise ValueError(
                "expected generators of one kind of data under generator.search, found some of tables and some of "
                "images; keep those of the source"
            )
        self.__dict__["name"] = names[0]
        self.model_fields_set.add("name")
        return self


class Budget(Section):
    """How long to train: steps (repeatable to the byte) or minutes (by the clock); neither: steps by the data, or a
    share of these, such as 0.1 to try something out.
    """

    steps: int | None = Field(None, gt=0)
    minutes: float | None = Field(None, gt=0, allow_inf_nan=False)
    share: float = Field(1.0, gt=0, le=1, allow_inf_nan=False)

    @model_validator(mode="after")
    def _one(self) -> Self:
        if self.steps and self.minutes:
            raise ValueError("expected steps or minutes as the training budget, found both; keep one")
        if self.share < 1 and (self.steps or self.minutes):
            raise ValueError("expected budget.share where budget names no steps and no minutes, found both; keep one")
        return self


class Privacy(Section):
    """A guarantee of (epsilon, delta)-differential privacy where one `unit` is added or removed.

    Of an entity `rows_per_entity` rows are used at most. `domain` learn pays for what `columns` does not state.
    `total_epsilon` bounds what all runs below publish.to, and all that name the folder `account`, spend together.
    """

    epsilon: float = Field(gt=0, allow_inf_nan=False)
    delta: float = Field(1e-6, gt=0, lt=1, allow_inf_nan=False)
    unit: Literal["row", "entity"] = "row"
    rows_per_entity: int | None = Field(None, gt=0)
    domain: Literal["public", "learn"] = "public"
    total_epsilon: float | None = Field(None, gt=0, allow_inf_nan=False)
    account: str | None = Field(None, min_length=1)


class Personal(Section):
    """Personal data: whether columns of them are looked for, and Faker's locale that made-up people are of (None to
    tell it from the data). What is stated under `columns` holds either way. `pseudonyms` says whether codes of people
    that are learned, as they have many rows each, are made-up ones. `key` is the secret of pseudonyms, as env:NAME
    (None for one that is made and kept in work/).
    """

    detect: bool = True
    pseudonyms: bool = True
    locale: str | None = Field(None, pattern=r"^[a-z]{2,3}(_[A-Z]{2})?$")
    key: Reference | None = None


class Protect(Section):
    """What training never sees: categories of fewer than `rare` rows, numbers beyond the `extremes`-th extreme.

    None for 10, fewer in tables under 500 rows; 0 for no protection.
    """

    rare: int | None = Field(None, ge=0)
    extremes: int | None = Field(None, ge=0)


class Sample(Section):
    """What to draw: rows (None for as many as the source has), values every row has, shares of one column's values.

    A condition is a value, several of them, or a text such as ">=30", "30..40", "Rome|Milan"
    (generators/sampling/domains.py); `constraints` such as "start <= end" or "net + tax == total" hold in every row
    (generators/sampling/grammar.py). None for those that the training rows keep (config/proposals.py).
    """

    rows: int | None = Field(None, gt=0)
    where: dict[str, Scalar | tuple[Scalar, ...]] = Field(default_factory=dict)
    constraints: tuple[str, ...] | None = None
    weights: dict[str, dict[Scalar, Annotated[float, Field(ge=0, allow_inf_nan=False)]]] = Field(default_factory=dict)


class Scoring(Section):
    """What to measure: the column a model should predict, the metrics (None for all), columns that together name
    people to whoever knows them, the ONNX file that sees images (None: the usual).
    """

    target: Name | None = None
    metrics: tuple[str, ...] | None = None
    quasi_identifiers: tuple[str, ...] = ()
    features: str | None = None


class Train(Section):
    """When to train: always, or only where the source has drifted since the model of the last release was trained."""

    when: Literal["always", "drifted"] = "always"


class Resources(Section):
    """What a run may use: who draws the shards of a sample of many rows, and how much memory, such as 4GiB (None for
    all that there is). Of a table that the memory does not hold, as many rows are learned from as it does hold.

    `threads` are of this process; `processes` one per core; `ray` a cluster on this machine, or that of an address.
    """

    runner: str = Field("threads", pattern=r"^(threads|processes|ray|ray://[^@/\s]+:\d+)$")
    memory: str | None = Field(None, pattern=r"^\d+(\.\d+)?\s*[KMGT]iB$")

    @property
    def memory_bytes(self) -> float:
        """The memory in bytes, infinite where none is stated."""
        if self.memory is None:
            return math.inf
        return float(self.memory[:-3]) * 2 ** (10 * (1 + "KMGT".index(self.memory[-3])))


class Schedule(Section):
    """When `launder serve` runs it: five fields of cron, in a time zone."""

    cron: str
    timezone: str = "UTC"

    @field_validator("cron")
    @classmethod
    def _five(cls, cron: str) -> str:
        try:
            next(CronSim(CRON_WORDS.get(cron, cron), datetime.now()))
        except (CronSimError, StopIteration):
            found = f"found {cron!r}: others, or a day that never is"
            raise ValueError(f'expected five fields of cron such as "0 3 * * *", {found}') from None
        return cron

    @field_validator("timezone")
    @classmethod
    def _known(cls, timezone: str) -> str:
        if timezone not in available_timezones():
            near = nearest(timezone, available_timezones())
            raise ValueError(f"expected a time zone such as Europe/Berlin, found {timezone!r}{near}")
        return timezone
