"""Public knowledge of images: their labels, size and colour, as a configuration states them; nothing is read off."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from launderette.generators import Privacy, Schema
from launderette.generators.data.images import LABEL_COLUMN, ImageForm
from launderette.generators.data.values import text_of
from launderette.generators.privacy import images
from launderette.pipelines.config import RunConfig
from launderette.pipelines.image_sources import private
from launderette.pipelines.image_sources.decoding import Decoded
from launderette.pipelines.image_sources.source import ImageSource
from launderette.pipelines.privacy import refusals
from launderette.pipelines.privacy.public import learns
from launderette.pipelines.run.artifacts import restated

PRIVATE_IMAGE_GENERATOR = "image.mean_embedding"  # where none is named
PRIVATE_IMAGE_GENERATORS = (PRIVATE_IMAGE_GENERATOR, "image.diffusion")
BEYOND = "images beyond privacy.rows_per_entity"
UNLABELLED = "drop"  # as columns.label: images are learnt without


def check(config: RunConfig) -> None:
    """Raise LaunderError for what a configuration asks and no guarantee allows, or for labels that it does not list."""
    refusals.check(refusals.of_every_run(config, PRIVATE_IMAGE_GENERATORS))
    refusals.check(_refused(config))
    if config.generator.name != PRIVATE_IMAGE_GENERATOR:
        refusals.check_installed()
    guarantee(config)


def _refused(config: RunConfig) -> Iterator[tuple[bool, str]]:
    assert config.privacy is not None  # who asks for no guarantee is no concern of this module
    yield from refusals.of_entities(config, "image")
    yield (
        not config.columns and not learns(config),
        "the labels of images stated under privacy.epsilon, found none; write columns: {label: {kind: categorical, "
        "categories: [one, another]}} with all that anybody could have (or label: drop, to learn images without), or "
        "pay for them: privacy.domain=learn",
    )
    yield (
        learns(config) and config.generator.name != PRIVATE_IMAGE_GENERATOR,
        f"the labels of images stated for {config.generator.name}, found privacy.domain: learn, which would ask for "
        "them again whenever training goes on; state them, or leave generator.name out",
    )
    others = [name for name in config.columns if name != LABEL_COLUMN]
    yield (
        bool(others),
        f"columns: {{{LABEL_COLUMN}: {{kind: categorical, categories: [...]}}}} alone for images, found "
        f"{others[:1]}; remove it",
    )
    yield (
        config.images.bits is not None,
        "no images.bits under privacy.epsilon, found it; remove it, as each image has bits of its own",
    )


def labelled(config: RunConfig) -> bool:
    """Tell whether images have labels: those that are stated, or learnt where they are found."""
    return learns(config) or config.columns.get(LABEL_COLUMN, UNLABELLED) != UNLABELLED


def guarantee(config: RunConfig) -> Privacy:
    """Return the guarantee that a configuration asks for; LaunderError for one that cannot be given."""
    asked, columns = config.privacy, {key: own for key, own in config.columns.items() if own != UNLABELLED}
    assert asked is not None
    with restated():
        found = Privacy(
            asked.epsilon, asked.delta, columns, asked.unit, rows_per_entity=asked.rows_per_entity, domain=asked.domain
        )
        found.public(columns)
    return found


def find(config: RunConfig) -> ImageSource:
    """Find the images of a source that are used, where labels are stated or learnt the label of each, and whose it is
    where that counts.
    """
    owner = config.split.column
    found = private.find(config.source.path, labelled=labelled(config), entity=owner)
    if owner is None:
        return found
    used = guarantee(config).used(len(found.table), found.table[owner])
    left = found.passed_over + Counter({BEYOND: int((~used).sum())})
    return replace(private.among(found, used), passed_over=left)


def changed(found: ImageSource, config: RunConfig) -> list[str]:
    """Return how many images are not used, and why, in sentences for inside only."""
    left = [f"{count:,} {why} are not used." for why, count in found.passed_over.items() if count]
    return left + _of_other_labels(found, config)


def _of_other_labels(found: ImageSource, config: RunConfig) -> list[str]:
    if learns(config) or not labelled(config):
        return []
    known = {text_of(label) for label in images.classes(guarantee(config))}
    others = sum(text_of(label) not in known for label in found.table[LABEL_COLUMN])
    return [f"{others:,} images of labels that are not stated are not used."] if others else []


def decode(found: ImageSource, path: Path, config: RunConfig) -> Decoded:
    """Decode the images into an array at `path`, in the size and colour that are stated."""
    return private.decode(found, path, config.images.sides, config.images.channels)


def schema_of(shape: tuple[int, ...], config: RunConfig) -> Schema:
    """Return the schema of images [N, H, W, C], which depends on none of them."""
    stated = images.classes(guarantee(config)) if labelled(config) and not learns(config) else ()
    _, height, width, channels = shape
    return ImageForm(height, width, channels, stated or ("",) * labelled(config)).schema
