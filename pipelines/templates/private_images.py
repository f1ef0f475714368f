"""The first configuration of images under a privacy budget: their size, and room for the labels that are known."""

from collections.abc import Sequence

from launderette.generators.data.schema import Image
from launderette.pipelines.config import RunConfig
from launderette.pipelines.config.documents import as_key
from launderette.pipelines.config.proposals import Proposals
from launderette.pipelines.modalities import families
from launderette.pipelines.modalities.contract import Ingested
from launderette.pipelines.privacy import public_images
from launderette.pipelines.templates.filling import ANOTHER, Draft, filled
from launderette.pipelines.templates.private_tables import ROOM


def draft(
    found: Ingested, source: str, config: RunConfig, settings: Sequence[str], rules: Proposals, entity: str | None
) -> Draft:
    """Return the first configuration of images whose labels, size and channels are to be stated."""
    image, *labels = found.schema.columns
    assert isinstance(image, Image)
    label = f"{ROOM['categorical']}  # all that anybody could have" if labels else "drop"
    columns = f"columns:                   # what is publicly known\n  label: {label}\n\n"
    known = [f"images.size=[{image.height}, {image.width}]", f"images.channels={image.channels}", "images.bits=null"]
    asked = [*known, f"generator.name={public_images.PRIVATE_IMAGE_GENERATOR}", *settings]
    what = (
        "for images. State the labels that are publicly known, not those that these images have, and confirm their "
        "size; then"
    )
    text = filled("images.yaml", asked, source=as_key(source), columns=columns)
    return Draft(text, what, [f"{families.guaranteed(public_images.PRIVATE_IMAGE_GENERATORS)}. {ANOTHER}"])
