"""What every generator of images owes its users, whatever its family."""

import json

import numpy as np
import pytest
import torch

import generators
from generators import Budget, Images
from generators.contract import HasLoss
from generators.data.images import ImageForm
from tests.generators import pictures

STEPS = Budget(steps=12)
SMALL = {  # networks, where it does not matter how large they are
    "image.autoregressive": {"width": 32, "depth": 1, "hidden": 16},
    "image.diffusion": {"width": 16, "blocks": 1, "sampling_steps": 6},
    "image.gan": {"width": 16},
}


def fit(name):
    return generators.fit(pictures.bars(), name, budget=STEPS, seed=5, **SMALL.get(name, {}))


@pytest.fixture(scope="module", params=[name for name in generators.names() if name.startswith("image.")])
def fitted(request):
    return request.param, fit(request.param)


def same(one: Images, other: Images) -> bool:
    labels = (one.labels is None and other.labels is None) or np.array_equal(one.labels, other.labels)
    return np.array_equal(one.pixels, other.pixels) and labels


def test_images_have_the_form_of_the_data(fitted):
    _, model = fitted
    drawn = model.sample(37, seed=1)
    assert drawn.pixels.shape == (37, 8, 8, 1) and drawn.pixels.dtype == np.uint8
    assert set(drawn.labels) == {"h", "v"} and model.schema == pictures.bars().schema
    assert len(model.sample(0)) == 0


def test_an_image_depends_on_the_seed_and_its_number_alone(fitted):
    _, model = fitted
    many, few, other = model.sample(200, seed=1), model.sample(10, seed=1), model.sample(10, seed=2)
    assert same(many.take(np.arange(10)), few) and not same(few, other)
    assert np.mean(many.labels == "h") == pytest.approx(np.mean(pictures.bars().labels == "h"), abs=0.11)


def test_the_loss_of_an_image_depends_on_it_and_the_seed_alone(fitted):
    name, model = fitted
    assert isinstance(model, HasLoss) is (name in {"image.autoregressive", "image.diffusion"})
    if isinstance(model, HasLoss):
        images, order = pictures.bars(30, seed=9), np.random.default_rng(0).permutation(30)
        losses = model.loss(images, seed=3)
        assert losses.shape == (30,) and losses.dtype == np.float64
        np.testing.assert_allclose(model.loss(images.take(order[:11]), seed=3), losses[order[:11]], rtol=1e-4)
        assert np.array_equal(model.loss(images, seed=4), losses) is (name == "image.autoregressive")


def test_the_record_says_what_a_model_remembers_and_the_bound_it_kept_to(fitted):
    name, model = fitted
    if name in ("image.gan", "image.mean_embedding"):  # neither a game nor a sum has a loss of an image
        assert "memorisation" not in model.record
        return
    found = model.record["memorisation"]
    assert found["bound"] == 0.6 and abs(found["gap"]) < 0.5
    # a diffusion begins with the distribution of its 175 training images, which 25 others may tell by luck
    assert found["auc"] <= (0.7 if name == "image.diffusion" else 0.6)
    attacked = {"draws": 2} if name == "image.diffusion" else {}
    twice = model.form.pack(pictures.bars(3)).repeat(2, 1)
    with torch.no_grad():
        losses = model.model(twice, **attacked)
    if name != "image.autoencoder":  # whose noise is each image's own
        assert torch.allclose(losses[:3], losses[3:], rtol=1e-4)  # the same image has one loss, wherever it stands


def test_the_same_seed_gives_the_same_model(fitted):
    name, model = fitted
    assert same(fit(name).sample(20), model.sample(20))


def test_a_saved_model_draws_the_same_images(fitted, tmp_path):
    _, model = fitted
    model.save(tmp_path / "model")
    opened = generators.open_model(tmp_path / "model")
    assert same(opened.sample(20, seed=3), model.sample(20, seed=3))
    assert opened.record == json.loads(json.dumps(dict(model.record)))
    tensors, document = sorted((tmp_path / "model").iterdir(), key=lambda path: path.suffix, reverse=True)
    assert document.name == "model.json" and tensors.match("model.*.safetensors")


def test_a_condition_holds_in_every_image(fitted):
    _, model = fitted
    assert set(model.sample(20, where={"label": "v"}).labels) == {"v"}
    for where in ({"label": "x"}, {"colour": "v"}):
        with pytest.raises(ValueError, match="condition"):
            model.sample(1, where=where)


def test_colour_odd_sizes_and_no_labels_work(fitted):
    name, _ = fitted
    images = pictures.bars(24, channels=3, height=9, width=13)
    drawn = generators.fit(Images(images.pixels), name, budget=Budget(steps=2)).sample(3)
    assert drawn.pixels.shape == (3, 9, 13, 3) and drawn.labels is None


def test_few_and_constant_images_work(fitted):
    name, _ = fitted
    black = Images(np.zeros((3, 8, 8, 1), np.uint8), np.array([1, 1, 7]))
    drawn = generators.fit(black, name, budget=Budget(steps=2), **SMALL.get(name, {})).sample(5)
    assert len(drawn) == 5 and drawn.labels.dtype == np.int64 and set(drawn.labels) <= {1, 7}


def test_bad_input_is_one_sentence(fitted):
    name, _ = fitted
    with pytest.raises(ValueError, match="expected Images for"):
        generators.fit(pictures.bars().pixels, name)
    with pytest.raises(ValueError, match="at least 2 images"):
        generators.fit(pictures.bars(1), name, budget=STEPS)
    with pytest.raises(ValueError, match=r"no differentially private training|privacy as a Privacy"):
        generators.fit(pictures.bars(), name, privacy=object(), budget=STEPS)
    with pytest.raises(ValueError, match="resize"):
        Images(np.zeros((2, 2, 9, 1), np.uint8))
    with pytest.raises(ValueError, match="one label per image"):
        Images(np.zeros((2, 8, 8, 1), np.uint8), np.array(["a"]))


def test_labels_are_known_by_their_text():
    made = pictures.bars(20)
    numbers = np.arange(20) % 3
    form = ImageForm.of(Images(made.pixels, numbers))
    assert torch.equal(
        form.pack(Images(made.pixels, numbers)), form.pack(Images(made.pixels, numbers.astype(str).astype(object)))
    )
    assert ImageForm.of(Images(made.pixels, numbers.astype(str).tolist())).classes == ("0", "1", "2")
    with pytest.raises(ValueError, match="all texts or all integers, found NoneType, str"):
        ImageForm.of(Images(made.pixels, ["a", None] * 10))
    with pytest.raises(ValueError, match="found 1 others"):
        form.pack(Images(made.pixels, np.full(20, 7)))
