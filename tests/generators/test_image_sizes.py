"""Sizes of image networks: any width that is allowed trains, and what cannot be is refused in one sentence."""

import numpy as np
import pytest

import generators
from generators import Budget, GeneratorError, Images

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
