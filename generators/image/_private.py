"""Fitting a generator of images under a privacy budget: the sums of image.mean_embedding first, then private descent
(privacy/fitting.py).
"""

from dataclasses import asdict, dataclass, replace
from typing import Any, Unpack

from torch import Tensor, nn

from launderette.generators.data.images import ImageForm, Images
from launderette.generators.errors import GeneratorError
from launderette.generators.image import _fitting, mean_embedding
from launderette.generators.image._fitting import ImageFamily
from launderette.generators.privacy import fitting
from launderette.generators.privacy import images as private_images
from launderette.generators.privacy.fitting import PrivateFit, ToldSums
from launderette.generators.privacy.ledger import Event, Ledger
from launderette.generators.privacy.queries import NoisyQueries
from launderette.generators.training.fitting import FitOptions
from launderette.generators.training.plan import Plan

DRAWN_IMAGES = 4000  # of the sums, at no cost: what the network begins with


@dataclass(frozen=True, eq=False)
class ImageFit(PrivateFit):
    """A private fit on images: the sums of the start are those of image.mean_embedding."""

    coded = ImageForm

    @property
    def form(self) -> ImageForm:
        """What is publicly known of the images."""
        return private_images.form_of(self.data, self.privacy)

    def content(self) -> bytes:
        return bytes(self.codes(self.form).numpy().tobytes())

    def public(self) -> Any:
        return self.form.to_dict()

    def ask(self, queries: NoisyQueries) -> ToldSums:
        found = mean_embedding.measure(self.data, self.form, queries)
        how: FitOptions = {"seed": self.seed, "budget": self.budget}
        model = mean_embedding.train(found, (self.device, ""), how)[0]
        drawn = found.form.sample(DRAWN_IMAGES, self.seed, None, model.draw, found.form.chunk)
        return ToldSums(found.form, max(2, round(found.count)), found.form.pack(drawn))

    def settled(self, told: ToldSums) -> Any:
        given = {name: value for name, value in asdict(self.config).items() if value is not None}
        own = self.family.private(told.coded) | given
        return self.family.settle(replace(self.config, **own), told.coded, told.rows, self.device)

    def built(self, coded: ImageForm, config: Any) -> nn.Module:
        return _fitting.placed(self.family.model(coded, config), coded, self.device)

    def begun(self, told: ToldSums, config: Any) -> tuple[nn.Module, Plan]:
        model = self.family.model(told.coded, config)
        model.start(told.drawn)
        plan = self.family.plan(config, told.coded, self.device, len(told.drawn))
        return _fitting.placed(model, told.coded, self.device), plan

    def codes(self, coded: ImageForm) -> Tensor:
        return coded.pack(self.data)

    def ledger(self, events: tuple[Event, ...]) -> Ledger:
        own = events[len(self.privacy.events) :]
        return private_images.ledger_of(self.privacy, own, labelled=self.data.labels is not None)


def fit(
    family: ImageFamily, data: Images, config: Any, **how: Unpack[FitOptions]
) -> tuple[ImageForm, Any, Any, dict[str, Any]]:
    """Return form, config, trained model and record, within a privacy budget; GeneratorError where that has no room,
    for what it cannot promise, and for a checkpoint of another budget or of other images.
    """
    if config.augment or config.shift:
        raise GeneratorError(
            "expected neither augment nor shift under a privacy budget, found one; leave it out, for descent sees "
            "images as they are"
        )
    known = fitting.asked_for(config, **how)
    if known[0].events and how.get("checkpoint") is not None:
        raise GeneratorError(
            "expected labels that are known before a training that may be resumed, found domain learn, which would ask "
            "for them again each time; state them, or leave the checkpoint out"
        )
    asked = ImageFit(family, data, config, *known)
    _fitting.check_patch(config, asked.form)
    found, record = fitting.run(asked, **how)
    return found.coded, found.config, found.model, record
