"""From a YAML file, or a source alone, to a checked configuration; every configuration error is one sentence."""

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from launderette.pipelines.config import rules as gate_rules
from launderette.pipelines.config.documents import override, read_yaml
from launderette.pipelines.config.errors import nearest, sentence
from launderette.pipelines.config.places import Publish, Source
from launderette.pipelines.config.run_config import OTHERS, RunConfig
from launderette.pipelines.config.sections import Candidate, Generator
from launderette.pipelines.databases import addresses
from launderette.pipelines.run.artifacts import LaunderError
from launderette.pipelines.secrets import ENVIRONMENT, secret

CONFIG_SUFFIXES = (".yaml", ".yml")


def load(source: str | Path, overrides: Sequence[str] = (), output: str | Path | None = None) -> RunConfig:
    """Read a YAML file, or make the configuration of a data source; `overrides` are `a.b=value`, the value in YAML.

    Paths in a file are relative to the folder that it lies in, not to that of a link to it.
    LaunderError for anything that is unknown or cannot be.
    """
    return settled(read(source, overrides, output))


def read(source: str | Path, overrides: Sequence[str] = (), output: str | Path | None = None) -> RunConfig:
    """Read as `load` does, and look at keys and values alone, for which nothing heavy is imported."""
    path = Path(source)
    is_file = path.suffix.lower() in CONFIG_SUFFIXES
    document: dict[str, Any] = read_yaml(path) if is_file else {"source": str(source)}
    base = path.resolve().parent if is_file else Path()
    listed = bool(document.get("columns"))
    for text in overrides:
        override(document, text)
    if not listed and isinstance(document.get("columns"), dict) and not document.get("privacy"):
        document["columns"].setdefault(OTHERS, "infer")
    if output is not None:
        publish = document.setdefault("publish", {})
        publish["to"] = _resolved(Path(), output) if isinstance(publish, dict) else publish
    return _placed(validate(document), base)


def settled(config: RunConfig) -> RunConfig:
    """Return the configuration with absolute paths, a name and typed options; LaunderError for a generator or
    metric there is not.
    """
    from launderette.pipelines import modalities

    return _checked(modalities.settled(_placed(config, Path())))


def validate(document: Mapping[str, Any]) -> RunConfig:
    """Check keys and values; LaunderError with one sentence, which holds no value, for the first error."""
    try:
        # a section that is named and left empty says nothing
        return RunConfig.model_validate({key: value for key, value in document.items() if value is not None})
    except ValidationError as error:
        raise LaunderError(sentence(error, RunConfig)) from None


def _resolved(base: Path, path: str | Path) -> str:
    """Return the one absolute path of a place, without links, however it was written: a run is known by it."""
    return str((base / Path(path).expanduser()).resolve())


def _placed(config: RunConfig, base: Path) -> RunConfig:
    """Return the configuration with paths that have one spelling, and a name."""
    written, source = config.source.path, config.source
    place = written if not written or "://" in written else _resolved(base, written)
    called = source.table or (source.uri and addresses.shown(source.uri)) or written
    name = config.name or re.sub(r"[^\w.-]+", "-", _stem(called, source.table)).strip("-.")[:100] or "table"
    to, table = _resolved(base, config.publish.to), config.publish.table
    if table:
        table = table.model_copy(update={"uri": _database(base, table.uri)})
    score = config.score
    if score.features:
        score = score.model_copy(update={"features": _resolved(base, score.features)})
    augment = config.augment
    if augment and augment.test:
        augment = augment.model_copy(update={"test": _resolved(base, augment.test)})
    privacy = config.privacy
    if privacy and privacy.account:
        privacy = privacy.model_copy(update={"account": _resolved(base, privacy.account)})
    return config.model_copy(
        update={
            "name": name,
            "privacy": privacy,
            "score": score,
            "augment": augment,
            "source": source.model_copy(update={"path": place, "uri": _database(base, source.uri)}),
            "publish": config.publish.model_copy(update={"to": to, "table": table}),
        }
    )


def _database(base: Path, uri: str | None) -> str | None:
    """Return the address of a database; the path of one that is a file is absolute and without links."""
    head, found, path = (uri or "").partition(":///")
    if not found or addresses.scheme_of(head + "://") not in addresses.FILE_DATABASES or path in ("", ":memory:"):
        return uri
    return f"{head}:///{_resolved(base, path)}"


def _stem(place: str, table: str | None) -> str:
    """Return what a data set is called by its place: the last part of a table's name, the stem of a file's."""
    return addresses.table_parts(table)[-1] if table else Path(place).stem


def _checked(config: RunConfig) -> RunConfig:
    """Return the configuration with typed options; LaunderError for a generator, option or metric there is not."""
    from launderette import evaluation, generators
    from launderette.pipelines import modalities
    from launderette.pipelines.release import signing
    from launderette.pipelines.search import checks

    generator, metrics = _typed(config.generator, generators), evaluation.names(config.modality)
    checks.check(config)
    for name in config.augment.compare if config.augment else ():
        _options(Generator(name=name), generators)
    for where, names in (("gate", config.gate.rules), ("score.metrics", config.score.metrics or ())):
        for name in names:
            if name not in metrics and (where, name) != ("gate", gate_rules.UNNOTICED):
                near = nearest(name, metrics)
                raise LaunderError(f"expected the name of a metric under {where}, found {name!r}{near}")
    gate_rules.check(config.rules)
    if config.publish.sign:
        signing.check(secret(config.publish.sign, "publish.sign"))
    modalities.of(config).check_config(config)
    for key, known in _secrets(config):
        if known.startswith(f"{ENVIRONMENT}:"):  # blocks of Prefect are asked for when they are needed
            secret(known, key)
    _check_other(config.source, config.publish)
    if len(config.sample.weights) > 1:
        raise LaunderError("expected sample.weights for one column, found several; keep one")
    return config.model_copy(update={"generator": generator})


def _secrets(config: RunConfig) -> Iterator[tuple[str, str]]:
    """Yield by its key what a configuration names of logins and of addresses of those who are told: what is missing is
    told before anything is read, and not in the night that needs it.
    """
    for place in filter(None, (config.source, config.publish.table, config.publish.objects)):
        yield from ((f"{place.SECTION}.{key}", getattr(place, key) or "") for key in ("user", "password"))
    for number, channel in enumerate(config.notify, 1):
        yield from ((f"notify.{number}.{key}", getattr(channel, key) or "") for key in ("webhook", "apprise"))


def _check_other(source: Source, publish: Publish) -> None:
    """Raise LaunderError where a release would take the place of the rows that it is made of, or be read with them."""
    read, target = addresses.table_of(source.uri, source.table) if source.uri and source.table else None, publish.table
    if read and target and read == addresses.table_of(str(target.uri), target.name):
        raise LaunderError(
            "expected another table under publish.table than that of the source, found the same; name another one"
        )
    for place in (publish.to, *([publish.objects.uri] if publish.objects else ())):
        if source.path and addresses.is_within(place, source.path):
            raise LaunderError(
                f"expected releases outside of the source, found {addresses.shown(place)} inside of it, where the next "
                "run would read them; name another place"
            )


def _typed(generator: Generator, generators: Any) -> Generator:
    """Return the section with typed options, of every candidate of a search too."""
    tried = [one.model_copy(update={"options": _options(one, generators)}) for one in generator.search]
    return generator.model_copy(update={"options": _options(generator, generators), "search": tuple(tried)})


def _options(chosen: Generator | Candidate, generators: Any) -> dict[str, Any]:
    try:
        generators.check_options(chosen.name, chosen.options)
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
