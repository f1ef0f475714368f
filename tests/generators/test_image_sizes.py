"""Sizes of image networks: any width that is allowed trains, and what cannot be is refused in one sentence."""

import numpy as np
import pytest
import torch

import generators
from generators import Budget, GeneratorError, Images
from generators.data.images import ImageForm
from generators.image import autoregressive

IMAGES = Images(np.random.default_rng(0).integers(0, 256, (20, 8, 8, 1), dtype=np.uint8))


@pytest.mark.parametrize("name", ["image.autoregressive", "image.diffusion", "image.gan"])
def test_patches_larger_than_the_images_are_refused(name):
    with pytest.raises(GeneratorError, match="patch to be at most 8, the shorter side of the images, found 9"):
        generators.fit(IMAGES, name, patch=9, budget=Budget(steps=1))


@pytest.mark.parametrize("width", [1, 33, 50])
def test_any_width_of_the_unet_trains(width):
    fitted = generators.fit(IMAGES, "image.diffusion", width=width, budget=Budget(steps=1), sampling_steps=2)
    assert len(fitted.sample(2)) == 2


@pytest.mark.parametrize("width", [1, 48])
def test_a_transformer_has_whole_heads(width):
    with pytest.raises(GeneratorError, match=f"width to be a multiple of 32, found {width}"):
        generators.configure("image.autoregressive", {"width": width})


@pytest.mark.parametrize("name", [name for name in generators.names() if name.startswith("image.")])
def test_the_smallest_images_of_one_label_train(name):
    images = Images(IMAGES.pixels[:, :4, :4], np.full(20, 3))
    drawn = generators.fit(images, name, budget=Budget(steps=1)).sample(2)
    assert drawn.pixels.shape == (2, 4, 4, 1) and set(drawn.labels) == {3}


@pytest.mark.parametrize(("side", "chunk"), [(8, 512), (64, 512), (65, 16)])
def test_large_images_are_drawn_few_at_a_time(side, chunk):
    form, drawn = ImageForm(side, side, 1), []

    class Drawing:
        def draw(self, y, stream):
            drawn.append(len(y))
            return torch.zeros(len(y), 1, side, side, dtype=torch.uint8)

    assert len(autoregressive.Autoregressive(form, autoregressive.Config(), Drawing(), {}).sample(1)) == 1
    assert drawn == [chunk]
