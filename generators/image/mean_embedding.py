"""Mean embedding: images that have, label by label, the mean features that were summed over the training images.

Features are a count, the low frequencies of an image and their products (embeddings/features.py), and random Fourier
features (embeddings/fourier.py). The former tell a normal distribution of each label; a generator network begins as
that, and is trained until its images have the mean of the latter too (embeddings/matching.py), where images are so many
that chance and noise leave anything of it. Under a privacy budget it is the generator to choose: the sums are told with
discrete Gaussian noise, and what is made of them costs nothing more (mean embeddings with noise: Harder, Adamczewski
and Park 2021, 2002.11603; of polynomials: Vinaroz et al. 2022, 2106.05042). Without one it is a baseline. Image i
depends on the seed and i alone.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Unpack

import numpy as np
import torch
from torch import Tensor, nn

from launderette.generators.contract import Budget, Progress
from launderette.generators.data.images import ImageForm, Images, to_pixels
from launderette.generators.data.schema import Schema
from launderette.generators.devices import device as devices
from launderette.generators.embeddings import matching, normal
from launderette.generators.embeddings.features import Features, Sums
from launderette.generators.embeddings.fourier import Fourier
from launderette.generators.embeddings.matching import Correction, WantedFeatures
from launderette.generators.embeddings.normal import Normal
from launderette.generators.errors import GeneratorError
from launderette.generators.fitted import FittedImages
from launderette.generators.privacy import images as private_images
from launderette.generators.privacy.domain import Privacy
from launderette.generators.privacy.queries import ExactQueries, NoisyQueries, Queries
from launderette.generators.training import options, randomness
from launderette.generators.training.fitting import FitOptions

SUMS = "count, low frequencies and their products, summed over the images of each label"
FOURIER_SUMS = "random Fourier features, summed over the images of each label"
MOMENTS_SHARE = 0.5  # of the budget's mu^2, for the count, the low frequencies and their products
TOLD_DEVIATIONS = 4.0  # standard deviations of noise by which images are told from none
MOST_CHANCE = 0.01  # squared length of what noise and chance add to mean features, up to which these are matched


@dataclass(frozen=True)
class Config:
    """Public options: none."""

    def __post_init__(self) -> None:
        options.check(self)


class Model(nn.Module):
    """Normal distributions of the low frequencies of each label's images, and what corrects them."""

    mean: Tensor  # [C, K]
    factor: Tensor  # [C, K, K]
    spread: Tensor  # []
    basis: Tensor  # [P, K]

    def __init__(self, form: ImageForm, features: Features) -> None:
        super().__init__()
        self.form, K, C = form, features.basis.shape[1], max(1, len(form.classes))
        self.correction = Correction(K, C)
        self.register_buffer("spread", torch.zeros(()))
        self.register_buffer("mean", torch.zeros(C, K))
        self.register_buffer("factor", torch.zeros(C, K, K))
        self.register_buffer("basis", torch.from_numpy(features.basis).float(), persistent=False)

    def start(self, found: Normal) -> None:
        """Take over normal distributions."""
        self.mean.copy_(torch.from_numpy(found.means))
        self.factor.copy_(torch.from_numpy(found.factors))
        off = found.means - found.shares @ found.means
        variance = found.shares @ (np.square(off).sum(1) + np.square(found.factors).sum((1, 2)))
        self.spread.fill_(float(variance) ** 0.5)

    def forward(self, z: Tensor, y: Tensor) -> Tensor:
        """Normal numbers z [B, K] and labels y [B] -> images in [-1, 1], [B, C H W]."""
        drawn = self.mean[y] + torch.einsum("bij,bj->bi", self.factor[y], z) + self.spread * self.correction(z, y)
        return (drawn @ self.basis.T).clamp(-1, 1)

    def coefficients(self, z: Tensor, y: Tensor) -> Tensor:
        """Return the low frequencies of the images that are drawn, [B, K]."""
        found: Tensor = self(z, y) @ self.basis
        return found

    @torch.no_grad()
    def draw(self, y: Tensor, stream: torch.Generator) -> Tensor:
        """Labels y [B] -> images uint8 [B, C, H, W]."""
        z = torch.randn(len(y), self.mean.shape[1], generator=stream)
        return to_pixels(self(z.to(self.mean.device), y.to(self.mean.device))).view(-1, *self.form.shape)


class MeanEmbedding(FittedImages[Config, Model]):
    """Fitted images: samples, saves itself."""


@dataclass(frozen=True, eq=False)
class Measured:
    """What was told of the images: their form with the shares of labels, their normal distributions, how many there are
    and, where chance leaves anything of it, the mean Fourier features of each label.
    """

    form: ImageForm
    normal: Normal
    count: float
    fourier: Fourier
    embedding: np.ndarray | None


def fit(data: Images, schema: Schema, config: Config, **how: Unpack[FitOptions]) -> MeanEmbedding:
    """Sum the features of the images of `data`; ValueError where a device or a privacy guarantee cannot be met."""
    started, privacy = time.monotonic(), how.get("privacy")
    chosen = devices.choose(how.get("device", "auto"))
    if privacy is None:
        if len(data) < 2:
            raise GeneratorError(f"expected at least 2 images, found {len(data)}; give more")
        model, record = train(measure(data, ImageForm.of(data), ExactQueries()), chosen, how)
        return MeanEmbedding(model.form, config, model, record | {"seconds": round(time.monotonic() - started, 1)})
    if not isinstance(privacy, Privacy):
        raise GeneratorError(f"expected privacy as a Privacy (epsilon, delta, columns), found {type(privacy).__name__}")
    queries = NoisyQueries(privacy.squared, privacy.reach)
    found = measure(data, private_images.form_of(data, privacy), queries)
    ledger = private_images.ledger_of(privacy, tuple(queries.events), labelled=data.labels is not None)
    model, record = train(found, chosen, how)
    return MeanEmbedding(
        model.form, config, model, record | {"ledger": ledger.to_dict(), "rows": max(1, round(found.count))}
    )


def measure(data: Images, form: ImageForm, queries: Queries) -> Measured:
    """Ask all that is asked of the images; what is asked last follows from the answers before."""
    features, labels = Features.of(form), max(1, len(form.classes))
    pixels, y = (part.numpy() for part in form.unpack(form.pack(data)))
    summed = features.sums(pixels, y, labels)
    first = queries.sums(SUMS, summed, MOMENTS_SHARE, features.squared_length)
    sums = features.read(first.values, first.variance)
    count = _checked(sums)
    fourier, counts = Fourier.of(features, normal.of(sums)), np.maximum(sums.count, 1.0)
    chance = 1 / counts + fourier.noise(queries.variance(1 - MOMENTS_SHARE, fourier.squared_length)) / counts**2
    if np.average(chance, weights=counts) > MOST_CHANCE:  # the rest of the budget says more of what is known already
        again = queries.sums(SUMS, summed, 1 - MOMENTS_SHARE, features.squared_length)
        sums = features.read((first.values + again.values) / 2, (first.variance + again.variance) / 4)
        return _of(form, sums, _checked(sums), fourier, None)
    found = fourier.sums(features.coefficients(pixels), y, labels)
    told = queries.sums(FOURIER_SUMS, found, 1 - MOMENTS_SHARE, fourier.squared_length)
    return _of(form, sums, count, fourier, fourier.read(told.values, counts))


def _of(form: ImageForm, sums: Sums, count: float, fourier: Fourier, embedding: np.ndarray | None) -> Measured:
    found = normal.of(sums)
    shares = tuple(found.shares.tolist()) if form.classes else ()
    return Measured(replace(form, shares=shares), found, count, fourier, embedding)


def _checked(sums: Sums) -> float:
    """Return how many images there are; GeneratorError where noise drowns their number."""
    count, noise = float(np.maximum(sums.count, 0).sum()), sums.noise[0]
    if count <= TOLD_DEVIATIONS * noise * len(sums.count) ** 0.5:
        raise GeneratorError(
            f"expected enough images for the privacy budget, found noise of {noise:.0f} images on the number of each "
            "label, which drowns it; raise privacy.epsilon, state fewer labels, or bring more images"
        )
    return count


def train(found: Measured, chosen: tuple[torch.device, str], how: FitOptions) -> tuple[Model, dict[str, Any]]:
    """Return the model that draws images of what was measured, and its record: no image is seen here."""
    device, reason = chosen
    with torch.random.fork_rng():
        randomness.manual_seed(how["seed"], "weights")
        model = Model(found.form, Features.of(found.form))
    model.start(found.normal)
    model.to(device)
    steps, distance, stopped = 1, 0.0, "after one pass over the images: too few to match more than their moments"
    if found.embedding is not None:
        target = WantedFeatures(torch.from_numpy(found.embedding).float().to(device), found.fourier.angles().to(device))
        stream = randomness.generator(how["seed"], "matching")
        budget = how.get("budget") or Budget()
        steps, distance = matching.match(model, target, budget, stream, _teller(how.get("progress")))
        stopped = "all steps taken"
    elif progress := how.get("progress"):
        _teller(progress)(1, 1, 0.0)
    record = {"steps": steps, "loss": distance, "validation": distance, "validation_rows": [], "memory_mb": 0}
    return model.eval(), record | {"device": str(device), "reason": reason, "stopped": stopped}


def _teller(progress: Progress | None) -> Callable[[int, int, float], None]:
    """Return what tells of a step."""
    started = time.monotonic()

    def tell(step: int, steps: int, distance: float) -> None:
        if progress:
            known = {"loss": distance, "validation": distance, "memory_mb": 0}
            progress({"step": step, "steps": steps, "seconds": time.monotonic() - started, **known})

    return tell


def restore(document: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> MeanEmbedding:
    """Return the model that `save` wrote."""
    form, config = ImageForm.from_dict(document["form"]), Config(**document["config"])
    model = Model(form, Features.of(form))
    model.load_state_dict(tensors, strict=True)
    return MeanEmbedding(form, config, model.to(devices.choose()[0]).eval(), document["record"])
