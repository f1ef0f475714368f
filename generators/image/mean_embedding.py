"""Mean embedding: images that have, label by label, the mean features that were summed over the training images.

Features are a count, the low frequencies of an image and their products (embeddings/features.py). They are summed once,
so it is fast, and what the sums tell is a normal distribution of each label, from which images are drawn. Under a
privacy budget it is the generator to choose: the sums are told with discrete Gaussian noise, once, and whatever is made
of them costs nothing more (mean embeddings with noise: Harder, Adamczewski and Park 2021, 2002.11603; of polynomials:
Vinaroz et al. 2022, 2106.05042). Without one it is a baseline. Image i depends on the seed and i alone.
"""

import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Unpack

import numpy as np
import torch
from torch import Tensor, nn

from launderette.generators.contract import Where
from launderette.generators.data.images import ImageForm, Images, to_pixels
from launderette.generators.data.schema import Schema
from launderette.generators.devices import device as devices
from launderette.generators.embeddings import normal
from launderette.generators.embeddings.features import Features
from launderette.generators.embeddings.normal import Normal
from launderette.generators.errors import GeneratorError
from launderette.generators.fitted import FittedImages
from launderette.generators.privacy import images as private_images
from launderette.generators.privacy.domain import Privacy
from launderette.generators.privacy.ledger import Ledger
from launderette.generators.privacy.queries import ExactQueries, NoisyQueries, Queries
from launderette.generators.training import checkpoint as files
from launderette.generators.training import options
from launderette.generators.training.fitting import FitOptions

EMBEDDING_NAME = "image.mean_embedding"
SUMS = "count, low frequencies and their products, summed over the images of each label"
SUMS_NEED_NONE = "sums over images need no accelerator"
TOLD_DEVIATIONS = 4.0  # standard deviations of noise by which images are told from none


@dataclass(frozen=True)
class Config:
    """Public options: none."""

    def __post_init__(self) -> None:
        options.check(self)


class Model(nn.Module):
    """Normal distributions of the low frequencies of each label's images."""

    mean: Tensor  # [C, K]
    factor: Tensor  # [C, K, K]
    basis: Tensor  # [P, K]

    def __init__(self, form: ImageForm, features: Features) -> None:
        super().__init__()
        self.form, K, C = form, features.basis.shape[1], max(1, len(form.classes))
        self.register_buffer("mean", torch.zeros(C, K))
        self.register_buffer("factor", torch.zeros(C, K, K))
        self.register_buffer("basis", torch.from_numpy(features.basis).float(), persistent=False)

    def start(self, found: Normal) -> None:
        """Take over normal distributions."""
        self.mean.copy_(torch.from_numpy(found.means))
        self.factor.copy_(torch.from_numpy(found.factors))

    def forward(self, z: Tensor, y: Tensor) -> Tensor:
        """Normal numbers z [B, K] and labels y [B] -> images in [-1, 1], [B, C H W]."""
        drawn = self.mean[y] + torch.einsum("bij,bj->bi", self.factor[y], z)
        return (drawn @ self.basis.T).clamp(-1, 1)

    @torch.no_grad()
    def draw(self, y: Tensor, stream: torch.Generator) -> Tensor:
        """Labels y [B] -> images uint8 [B, C, H, W]."""
        z = torch.randn(len(y), self.mean.shape[1], generator=stream)
        return to_pixels(self(z.to(self.mean.device), y.to(self.mean.device))).view(-1, *self.form.shape)


class MeanEmbedding(FittedImages[Config, Model]):
    """Fitted images: samples, saves itself."""

    @property
    def ledger(self) -> Ledger | None:
        """What the images were asked, and what it cost; None without a privacy budget."""
        document = self.record.get("ledger")
        return None if document is None else Ledger.from_dict(document)

    def sample(self, n: int, *, seed: int = 0, where: Where | None = None) -> Images:
        """Draw exactly n images; image i depends on the seed and i alone. ValueError for a condition that no image
        can meet.
        """
        return self.form.sample(n, seed, where, self.model.draw)

    def save(self, folder: Path) -> None:
        """Write the model as safetensors and JSON."""
        document = {"generator": EMBEDDING_NAME, "config": asdict(self.config), "form": asdict(self.form)}
        files.write(Path(folder), document | {"record": dict(self.record)}, self.model.state_dict())


def fit(data: Images, schema: Schema, config: Config, **how: Unpack[FitOptions]) -> MeanEmbedding:
    """Sum the features of the images of `data`; ValueError where a device or a privacy guarantee cannot be met."""
    started, privacy = time.monotonic(), how.get("privacy")
    devices.choose(how.get("device", "auto"))
    if privacy is None:
        return _without_budget(data, config, started, how)
    if not isinstance(privacy, Privacy):
        raise GeneratorError(f"expected privacy as a Privacy (epsilon, delta, columns), found {type(privacy).__name__}")
    queries = NoisyQueries(privacy.squared, privacy.reach)
    form, found, count = _measured(data, private_images.form_of(data, privacy), queries)
    ledger = private_images.ledger_of(privacy, tuple(queries.events), labelled=data.labels is not None)
    record = {"ledger": ledger.to_dict(), "rows": max(1, round(count))}
    return _fitted(form, found, config, record, how)


def _without_budget(data: Images, config: Config, started: float, how: FitOptions) -> MeanEmbedding:
    if len(data) < 2:
        raise GeneratorError(f"expected at least 2 images, found {len(data)}; give more")
    form, found, _ = _measured(data, ImageForm.of(data), ExactQueries())
    return _fitted(form, found, config, {"seconds": time.monotonic() - started}, how)


def _measured(data: Images, form: ImageForm, queries: Queries) -> tuple[ImageForm, Normal, float]:
    """Ask all that is asked of the images; return their form with the shares of labels, what their normal
    distributions are, and how many there are.
    """
    features, labels = Features.of(form), max(1, len(form.classes))
    pixels, y = form.unpack(form.pack(data))
    summed = features.sums(pixels.numpy(), y.numpy(), labels)
    answer = queries.sums(SUMS, summed, 1.0, features.squared_length)
    sums = features.read(answer.values, answer.variance)
    count, noise = float(np.maximum(sums.count, 0).sum()), float(sums.noise[0])
    if count <= TOLD_DEVIATIONS * noise * labels**0.5:
        raise GeneratorError(
            f"expected images enough for the privacy budget, found noise of {noise:.0f} images on the number of each "
            "label, which drowns it; raise privacy.epsilon, state fewer labels, or bring more images"
        )
    found = normal.of(sums)
    return replace(form, shares=tuple(found.shares.tolist()) if form.classes else ()), found, count


def _fitted(form: ImageForm, found: Normal, config: Config, record: dict[str, Any], how: FitOptions) -> MeanEmbedding:
    model = Model(form, Features.of(form))
    model.start(found)
    record |= {"steps": 1, "loss": 0.0, "validation": 0.0, "validation_rows": [], "memory_mb": 0}
    record |= {"device": "cpu", "reason": SUMS_NEED_NONE, "stopped": "after one pass over the images"}
    if progress := how.get("progress"):
        progress({"step": 1, "steps": 1, "seconds": 0.0, "loss": 0.0, "validation": 0.0, "memory_mb": 0})
    return MeanEmbedding(form, config, model.eval(), record)


def restore(document: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> MeanEmbedding:
    """Return the model that `save` wrote."""
    form, config = ImageForm.from_dict(document["form"]), Config(**document["config"])
    model = Model(form, Features.of(form))
    model.load_state_dict(tensors, strict=True)
    return MeanEmbedding(form, config, model.eval(), document["record"])
