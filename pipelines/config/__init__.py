"""The configuration of a run: one YAML file, or a data source alone; every key known, every mistake one sentence."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from zoneinfo import available_timezones

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, TypeAdapter, ValidationError, field_validator, model_validator

from pipelines.augment.class_balance import Augmentation
from pipelines.config import documents
from pipelines.config import rules as bounds
from pipelines.config.documents import override, read_yaml
from pipelines.config.errors import nearest, sentence
from pipelines.config.rules import Bound, Rule
from pipelines.run.artifacts import LaunderError, digest_of

DOCUMENTS = (".yaml", ".yml")
KIND_WORDS = ("numerical", "categorical", "boolean", "datetime", "identifier", "infer", "drop")
OTHERS = "*"  # in `columns`: infer or drop those that are not listed; without it they stop the run
OUTPUT = "laundered"  # below the folder the command runs in
CREDENTIALS = re.compile(r"://[^/@\s]+@")

Share = Annotated[float, Field(gt=0, lt=1, allow_inf_nan=False)]
Name = Annotated[str, BeforeValidator(lambda name: str(name) if isinstance(name, int | float) else name)]  # a column may be called 2019
Side = Annotated[int, Field(ge=8, le=128)]  # pixels
Scalar = bool | int | float | str | None


class Part(BaseModel):
    """A section of the configuration: immutable, without room for unknown keys."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class Source(Part):
    """Where the table or the images are and how its text is written: delimiter, header and encoding only for CSV."""

    path: str
    delimiter: str | None = Field(None, min_length=1, max_length=1)
    header: bool | None = None  # whether the first line names the columns; None to tell by its look
    sheet: str | None = None  # of an Excel workbook with several
    encoding: str = "utf-8"
    missing: tuple[str, ...] | None = None  # texts that mean "no value"; None for the usual ones

    @field_validator("delimiter", mode="before")
    @classmethod
    def _tab(cls, delimiter: Any) -> Any:
        return "\t" if delimiter in ("tab", "\\t") else delimiter


class Images(Part):
    """How images are read: pixels of a side (or height, width; None for their usual size), the share that may be unusable."""

    size: Side | tuple[Side, Side] | None = None
    broken: float = Field(0.01, ge=0, lt=1)


class Split(Part):
    """How many rows the generator never sees, and the column whose equal values stay together."""

    holdout: Share = 0.2
    entity: Name | None = None


class Generator(Part):
    """A generator by its path in generators/, and its options."""

    name: str = "tabular.autoregressive"
    options: dict[str, Any] = {}


class Budget(Part):
    """How long to train: steps (repeatable to the byte) or minutes (by the clock); neither: steps by the data."""

    steps: int | None = Field(None, gt=0)
    minutes: float | None = Field(None, gt=0, allow_inf_nan=False)

    @model_validator(mode="after")
    def _one(self) -> Self:
        if self.steps and self.minutes:
            raise ValueError("expected steps or minutes as the training budget, found both; keep one")
        return self


class Privacy(Part):
    """The guarantee of differentially private training."""

    epsilon: float = Field(gt=0)
    delta: float | None = Field(None, gt=0, lt=1)


class Protect(Part):
    """What training never sees: categories of fewer than `rare` rows, numbers beyond the `extremes`-th extreme.

    None for 10, fewer in tables under 500 rows; 0 for no protection.
    """

    rare: int | None = Field(None, ge=0)
    extremes: int | None = Field(None, ge=0)


class Sample(Part):
    """What to draw: rows (None for as many as the source has), values every row has, shares of one column's values.

    A condition is a value, several of them, or a text such as ">=30", "30..40", "Rome|Milan" (generators/sampling/domains.py);
    `constraints` such as "start <= end" or "net + tax == total" hold in every row (generators/sampling/grammar.py).
    """

    rows: int | None = Field(None, gt=0)
    where: dict[str, Scalar | tuple[Scalar, ...]] = {}
    constraints: tuple[str, ...] = ()
    weights: dict[str, dict[Scalar, Annotated[float, Field(ge=0, allow_inf_nan=False)]]] = {}


class Scoring(Part):
    """What to measure: the column a model should predict, the metrics (None for all), the ONNX file that sees images (None: the usual)."""

    target: Name | None = None
    metrics: tuple[str, ...] | None = None
    features: str | None = None


class Publish(Part):
    """Where releases go, in which format, and how many are kept (None for all)."""

    to: str = OUTPUT
    format: Literal["parquet", "csv", "folder"] = "parquet"  # folder: PNG files by label, csv: tables
    keep: int | None = Field(None, gt=0)


class Schedule(Part):
    """When `launder serve` runs it: five fields of cron, in a time zone."""

    cron: str
    timezone: str = "UTC"

    @field_validator("cron")
    @classmethod
    def _five(cls, cron: str) -> str:
        if len(cron.split()) != 5 and not cron.startswith("@"):
            raise ValueError('expected five fields of cron such as "0 3 * * *"')
        return cron

    @field_validator("timezone")
    @classmethod
    def _known(cls, timezone: str) -> str:
        if timezone not in available_timezones():
            raise ValueError(f"expected a time zone such as Europe/Berlin{nearest(timezone, available_timezones())}")
        return timezone


class RunConfig(Part):
    """Everything one run needs. `model_dump(mode="json")` is read back by `model_validate`."""

    name: str = Field("", pattern=r"^[\w.-]*$", max_length=100)
    source: Source
    columns: dict[str, str | dict[str, Any]] = {}
    images: Images = Images()
    split: Split = Split()
    generator: Generator = Generator()
    budget: Budget = Budget()
    privacy: Privacy | None = None
    protect: Protect = Protect()
    sample: Sample = Sample()
    score: Scoring = Scoring()
    augment: Augmentation | None = None
    gate: dict[str, Bound | None] = {}  # over the default rules; null takes a rule away
    publish: Publish = Publish()
    schedule: Schedule | None = None
    seed: int = Field(0, ge=0, lt=2**63)
    device: str = Field("auto", pattern=r"^(auto|cpu|cuda(:\d+)?)$")

    @field_validator("source", mode="before")
    @classmethod
    def _path(cls, source: Any) -> Any:
        return {"path": source} if isinstance(source, str) else source

    @field_validator("source")
    @classmethod
    def _no_credentials(cls, source: Source) -> Source:
        if CREDENTIALS.search(source.path):
            raise ValueError("expected an address without a user or a password, found one with them; leave them out")
        return source

    @field_validator("columns")
    @classmethod
    def _known_kinds(cls, columns: dict) -> dict:
        for name, column in columns.items():
            kind = column.get("kind") if isinstance(column, dict) else column
            words = ("infer", "drop") if name == OTHERS else KIND_WORDS
            if kind not in words:
                raise ValueError(f"expected one of {', '.join(words)} for columns.{name}{nearest(kind, words)}")
        return columns

    @field_validator("privacy")
    @classmethod
    def _no_guarantee_yet(cls, privacy: Privacy | None) -> None:
        if privacy is not None:
            raise ValueError(
                "expected no privacy.epsilon, because no generator trains with differential privacy yet; "
                "remove the section, the gate tests privacy by attacks"
            )

    @property
    def modality(self) -> str:
        """The kind of data that the generator learns: the folder it lies in."""
        return self.generator.name.partition(".")[0]

    @property
    def listed(self) -> dict[str, str | dict[str, Any]]:
        """The columns that are listed, by their own names: one that is called `*` is written with a backslash before it."""
        return {documents.unescaped(name): column for name, column in self.columns.items() if name != OTHERS}

    @property
    def rules(self) -> dict[str, Rule]:
        """The rules of the gate: the default ones with those of `gate` over them."""
        return bounds.merged(self.gate, self.modality)

    def digest(self) -> str:
        """Return the SHA-256 of what decides the released rows: not where they come from or go to, nor when."""
        document = self.model_dump(mode="json", exclude={"name", "schedule"})
        document["source"].pop("path")
        document["score"].pop("features")  # a path too: the report names the file by its digest
        return digest_of(document | {"publish": {"format": self.publish.format}})


def load(source: str | Path, overrides: Sequence[str] = (), output: str | Path | None = None) -> RunConfig:
    """Read a YAML file, or make the configuration of a data source; `overrides` are `a.b=value`, the value in YAML.

    Paths in a file are relative to its folder. LaunderError for anything that is unknown or cannot be.
    """
    path = Path(source)
    document = read_yaml(path) if path.suffix.lower() in DOCUMENTS else {"source": str(source)}
    base = path.parent if path.suffix.lower() in DOCUMENTS else Path()
    listed = bool(document.get("columns"))
    for text in overrides:
        override(document, text)
    if not listed and isinstance(document.get("columns"), dict):
        document["columns"].setdefault(OTHERS, "infer")
    if output is not None:
        publish = document.setdefault("publish", {})
        publish["to"] = str(Path(output).absolute()) if isinstance(publish, dict) else publish
    return settled(validate(document), base)


def settled(config: RunConfig, base: Path = Path()) -> RunConfig:
    """Return the configuration with absolute paths, a name and typed options; LaunderError for a generator or metric there is not."""
    from pipelines import modalities

    return _checked(modalities.settled(_placed(config, base)))


def validate(document: Mapping[str, Any]) -> RunConfig:
    """Check keys and values; LaunderError with one sentence, which holds no value, for the first mistake."""
    try:
        # a section that is named and left empty says nothing
        return RunConfig.model_validate({key: value for key, value in document.items() if value is not None})
    except ValidationError as error:
        raise LaunderError(sentence(error, RunConfig)) from None


def _placed(config: RunConfig, base: Path) -> RunConfig:
    """Return the configuration with absolute paths and a name."""
    place = config.source.path
    if "://" not in place:
        place = str((base / Path(place).expanduser()).absolute())
    name = config.name or re.sub(r"[^\w.-]+", "-", Path(place).stem).strip("-.")[:100] or "table"
    to = str((base / Path(config.publish.to).expanduser()).absolute())
    score = config.score
    if score.features:
        score = score.model_copy(update={"features": str((base / Path(score.features).expanduser()).absolute())})
    augment = config.augment
    if augment and augment.test:
        augment = augment.model_copy(update={"test": str((base / Path(augment.test).expanduser()).absolute())})
    return config.model_copy(
        update={
            "name": name,
            "score": score,
            "augment": augment,
            "source": config.source.model_copy(update={"path": place}),
            "publish": config.publish.model_copy(update={"to": to}),
        }
    )


def _checked(config: RunConfig) -> RunConfig:
    """Return the configuration with typed options; LaunderError for a generator, option or metric there is not."""
    import evaluation
    import generators
    from pipelines import modalities

    options, metrics = _options(config.generator, generators), evaluation.names(config.modality)
    for name in config.augment.compare if config.augment else ():
        _options(Generator(name=name), generators)
    for where, names in (("gate", config.gate), ("score.metrics", config.score.metrics or ())):
        for name in names:
            if name not in metrics:
                near = nearest(name, metrics)
                raise LaunderError(f"expected the name of a metric under {where}, found {name!r}{near}")
    bounds.check(config.rules)
    modalities.of(config).check_config(config)
    if len(config.sample.weights) > 1:
        raise LaunderError("expected sample.weights for one column, found several; keep one")
    return config.model_copy(update={"generator": config.generator.model_copy(update={"options": options})})


def _options(chosen: Generator, generators: Any) -> dict[str, Any]:
    try:
        generators.configure(chosen.name, dict.fromkeys(chosen.options))
        kind = generators.load(chosen.name).Config
        settled = TypeAdapter(kind).validate_python(chosen.options)
    except ValidationError as error:
        raise LaunderError(sentence(error, None, ("generator", "options"))) from None
    except generators.GeneratorError as error:
        raise LaunderError(str(error)) from None
    return {name: getattr(settled, name) for name in chosen.options}


def json_schema() -> dict[str, Any]:
    """Return the JSON schema of a configuration, for editors and Prefect's parameter form."""
    return RunConfig.model_json_schema()
