"""The configuration of one run, in which everything stands that a run needs."""

from collections.abc import Mapping
from typing import Any, Self

from pydantic import Field, field_validator

from launderette.pipelines.config import documents, groups
from launderette.pipelines.config import rules as gate_rules
from launderette.pipelines.config.augmentation import Augmentation
from launderette.pipelines.config.errors import nearest
from launderette.pipelines.config.narrowing import narrowed, without
from launderette.pipelines.config.places import Publish, Source
from launderette.pipelines.config.rules import Gate, Rule
from launderette.pipelines.config.sections import (
    Budget,
    Generator,
    Images,
    Personal,
    Privacy,
    Protect,
    Resources,
    Sample,
    Schedule,
    Scoring,
    Section,
    Split,
    Train,
)
from launderette.pipelines.databases import addresses
from launderette.pipelines.drift.sections import Drift
from launderette.pipelines.notifications.sections import Notification
from launderette.pipelines.run.artifacts import LaunderError, digest_of

PERSONAL_KINDS = (  # of people: never learned, made up anew; but for birth dates, which are learned as dates
    *("name", "first_name", "last_name", "email", "phone", "address", "card", "iban", "national_id"),
    *("ip", "mac", "birth_date", "account", "text"),
)
LEARNED_PEOPLE = ("name", "first_name", "last_name", "email", "identifier")  # of which pseudonyms can be learned
KIND_WORDS = (
    "numerical",
    "numbers",
    "labels",
    "categorical",
    "boolean",
    "datetime",
    "identifier",
    *PERSONAL_KINDS,
    "infer",
    "drop",
)
OTHERS = "*"  # in `columns`: infer or drop those that are not listed; without it they stop the run
UNREAD = "unread"  # in place of a source that nothing reads
SOURCE_PLACES = ("path", "uri", "table", "query", "user", "password")
PATHS = (*(f"source.{key}" for key in SOURCE_PLACES), "augment.test", "score.features")  # what is read there counts


class RunConfig(Section):
    """Everything one run needs. `model_dump(mode="json")` is read back by `model_validate`."""

    name: str = Field("", pattern=r"^[\w.-]*$", max_length=100)
    source: Source
    columns: dict[str, str | dict[str, Any]] = Field(default_factory=dict)
    images: Images = Images()
    split: Split = Split()
    generator: Generator = Generator()
    budget: Budget = Budget()
    privacy: Privacy | None = None
    personal: Personal = Personal()
    protect: Protect = Protect()
    sample: Sample = Sample()
    score: Scoring = Scoring()
    augment: Augmentation | None = None
    gate: Gate = Gate()
    drift: Drift = Drift()
    train: Train = Train()
    publish: Publish = Publish()
    resources: Resources = Resources()
    schedule: Schedule | None = None
    notify: tuple[Notification, ...] = ()
    seed: int = Field(0, ge=0, lt=2**63)
    device: str = Field("auto", pattern=r"^(auto|cpu|cuda(:\d+)?)$")

    @field_validator("source", mode="before")
    @classmethod
    def _path(cls, source: Any) -> Any:
        return addresses.as_source(source) if isinstance(source, str) else source

    @field_validator("columns")
    @classmethod
    def _known_kinds(cls, columns: dict) -> dict:
        for name, column in columns.items():
            kind = column.get("kind") if isinstance(column, dict) else column
            words = ("infer", "drop") if name == OTHERS else KIND_WORDS
            if kind not in words:
                raise ValueError(f"expected one of {', '.join(words)} for columns.{name}{nearest(kind, words)}")
            learn = column.get("learn", False) if isinstance(column, dict) else False
            if learn is not False and (learn is not True or kind not in LEARNED_PEOPLE):
                people = ", ".join(LEARNED_PEOPLE)
                raise ValueError(f"expected learn: true for {people} only, found something else at columns.{name}")
            if isinstance(column, dict) and "groups" in column:
                wrong = groups.check(column["groups"]) if kind == "categorical" else "expected groups of a categorical"
                if wrong:
                    raise ValueError(f"columns.{name}: {wrong}")
        return columns

    @classmethod
    def restored(cls, document: Mapping[str, Any]) -> Self:
        """Read the document of a configuration that was narrowed to some keys: it has no others again."""
        read = cls.model_validate({"source": UNREAD, **document})
        keys = [(key, getattr(read, key), value) for key, value in document.items()]
        return narrowed(
            read, [one for k, own, v in keys for one in ([f"{k}.{n}" for n in v] if isinstance(own, Section) else [k])]
        )

    def updated(self, section: str, **values: Any) -> Self:
        """Return the configuration with these values in one of its sections."""
        return self.model_copy(update={section: getattr(self, section).model_copy(update=values)})

    @property
    def modality(self) -> str:
        """The kind of data that the generator learns: the folder it lies in."""
        return self.generator.name.partition(".")[0]

    @property
    def listed(self) -> dict[str, str | dict[str, Any]]:
        """The columns that are listed, by their own names: one that is called `*` is written with a backslash
        before it.
        """
        return {documents.unescaped(name): column for name, column in self.columns.items() if name != OTHERS}

    @property
    def rules(self) -> dict[str, Rule]:
        """The rules of the gate: the default ones with those of `gate` over them."""
        epsilon = None if self.privacy is None else self.privacy.epsilon
        return gate_rules.merged(self.gate.rules, self.modality, epsilon)

    @property
    def due(self) -> Schedule:
        """When it runs; LaunderError where it has no schedule."""
        if self.schedule is None:
            raise LaunderError(
                f'expected schedule: {{cron: "..."}} in every configuration, found none for {self.name!r}; add it'
            )
        return self.schedule

    def document(self) -> dict[str, Any]:
        """Return it as JSON in the form that its schema describes, to which Prefect holds it: bounds stand beside the
        other keys of the gate.
        """
        document = self.model_dump(mode="json")
        gate = document["gate"]
        return document | {"gate": gate.pop("rules") | gate}

    def digest(self) -> str:
        """Return the SHA-256 of what decides the released rows: not where they come from or go to, nor when."""
        document = without(self.model_dump(mode="json", exclude={"name", "schedule", "notify", "resources"}), PATHS)
        return digest_of(document | {"publish": {"format": self.publish.format}, "gate": document["gate"]["rules"]})
