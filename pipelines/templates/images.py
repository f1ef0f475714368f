"""The first configuration of images."""

from collections.abc import Sequence

from launderette.pipelines.config import RunConfig
from launderette.pipelines.config.documents import as_key
from launderette.pipelines.config.proposals import Proposals
from launderette.pipelines.modalities import families
from launderette.pipelines.modalities.contract import Ingested
from launderette.pipelines.templates.filling import ANOTHER, Draft, filled


def draft(
    found: Ingested, source: str, config: RunConfig, settings: Sequence[str], rules: Proposals, entity: str | None
) -> Draft:
    """Return the first configuration of images, and the generator that suits them."""
    text = filled("images.yaml", settings, source=as_key(source), columns="")
    return Draft(text, "for images. Look at it, then", [f"{families.suiting_images(len(found.data))}. {ANOTHER}"])
