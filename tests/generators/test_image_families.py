"""What each family of images owes its own mathematics: EDM's preconditioning, exact masses, causality, a collapse
that is noticed.
"""

import math

import numpy as np
import pytest
import torch

import generators
from generators import Budget, Images
from generators.data.images import ImageForm
from generators.image import autoregressive, diffusion
from generators.image._augment import SHIFT, nudge, warp
from generators.image._coder import brightness_loss
from generators.image._gaussian import GaussianDenoiser
from generators.image._patches import Patches
from generators.training import loop
from generators.training.collapse import spread
from tests.generators import pictures


def test_before_training_the_denoiser_is_the_exact_one_of_normally_distributed_images():
    """Beside dense matrices: E[x | x + n] = m + S (S + s^2)^-1 (x + n - m), and the trace of S - S (S + s^2)^-1 S."""
    torch.manual_seed(0)
    y, sigma = torch.randint(0, 3, (400,)), torch.tensor([0.1, 0.7, 3.0])
    model, noisy = GaussianDenoiser(12, 3), torch.randn(3, 12)
    model.start(0.2 * torch.randn(400, 12) @ torch.randn(12, 12) + torch.randn(3, 12)[y], y)
    for label in (0, 3):  # 3: the label is hidden
        found, size = model(noisy, sigma, torch.full((3,), label))
        m, S = (part.double() for part in _moments(model, label))
        for k, s in enumerate(sigma.double()):
            gain = torch.linalg.solve(S + s**2 * torch.eye(12), S)
            assert torch.allclose(found[k].double(), m + (noisy[k] - m) @ gain, atol=1e-5)
            assert float(size[k]) == pytest.approx(float(((S - S @ gain).trace() / 12).sqrt()), rel=1e-4)


def _moments(model, label):
    U, V = model.basis, model.turn[label]
    S = U @ V @ torch.diag(model.variance[label]) @ V.T @ U.T + model.rest * (torch.eye(len(U)) - U @ U.T)
    return model.mean + U @ model.centre[label], S


@pytest.mark.parametrize(("images", "values", "labels"), [(3, 300, 2), (50, 16, 0), (40, 8, 200)])
def test_images_of_any_number_size_and_labels_have_a_normal_distribution(images, values, labels):
    rng = torch.Generator().manual_seed(0)
    x, y = torch.rand(images, values, generator=rng), torch.arange(images) % max(1, labels)
    for pixels in (x, 0 * x):
        model = GaussianDenoiser(values, labels)
        model.start(pixels, y)
        means, size = model(pixels, torch.full((images,), 0.002), y)
        assert torch.allclose(means, pixels, atol=0.02) and (size > 0).all() and torch.isfinite(size).all()


def test_a_rare_image_is_no_mean_of_its_label():
    x = torch.zeros(60, 9)
    x[-1] = 1  # the only one of its label
    model = GaussianDenoiser(9, 2)
    model.start(x, (torch.arange(60) == 59).long())
    assert model(torch.zeros(1, 9), torch.tensor([80.0]), torch.tensor([1]))[0].max() < 0.3


def test_guidance_of_one_is_the_condition_and_of_zero_nothing_of_it():
    images, models = pictures.bars(), {}
    form = ImageForm.of(images)
    for w in (0.0, 1.0, 2.0):
        config = diffusion._settle(diffusion.Config(guidance=w), form, 200, torch.device("cpu"))
        torch.manual_seed(0)
        models[w] = diffusion.Model(form, config).eval()
        models[w].start(form.pack(images))
        for parameter in models[w].parameters():
            parameter.data.add_(0.1 * torch.randn_like(parameter))
    x, sigma, y = torch.randn(3, 1, 8, 8), torch.tensor(0.5), torch.tensor([0, 1, 1])
    free, held, more = (models[w].guided(x, sigma, y, w) for w in (0.0, 1.0, 2.0))
    assert not torch.allclose(free, held) and torch.allclose(more, 2 * held - free, atol=1e-4)


@pytest.mark.parametrize(("images", "labels", "w"), [(200, 2, 1.5), (200, 1, 1.0), (5000, 2, 1.0)])
def test_few_images_of_several_labels_are_guided_where_nothing_else_is_said(images, labels, w):
    form = ImageForm(8, 8, 1, tuple(range(labels)), (1 / labels,) * labels)
    settled, stated = (
        diffusion._settle(diffusion.Config(guidance=asked), form, images, torch.device("cpu")) for asked in (None, 3.0)
    )
    assert settled.guidance == w and stated.guidance == 3.0


def test_augmentation_of_probability_zero_does_nothing_and_a_told_flip_is_a_flip():
    x = torch.rand(64, 1, 8, 8, generator=torch.Generator().manual_seed(0))
    same, told = warp(x, 0.0)
    assert torch.allclose(same, x, atol=1e-5) and not told.any()
    torch.manual_seed(3)
    warped, told = warp(x, 0.15)
    flipped = (told[:, 0] == 1) & (told[:, 1:] == 0).all(1)
    assert flipped.any() and torch.allclose(warped[flipped], x[flipped].flip(3), atol=1e-5)


def test_a_nudge_moves_an_image_by_a_pixel_and_says_so():
    x = torch.rand(60, 1, 5, 7, generator=torch.Generator().manual_seed(0))
    same, told = nudge(x, 0.0)
    assert torch.equal(same, x) and not told.any()
    with torch.random.fork_rng():
        torch.manual_seed(0)
        moved, told = nudge(x, 1.0)
    padded = torch.nn.functional.pad(x, (1, 1, 1, 1), mode="replicate")
    across, along = (told[:, -2:] * SHIFT * torch.tensor([7, 5])).round().long().t()
    for image, whole, i, j in zip(moved, padded, along + 1, across + 1, strict=True):
        assert torch.equal(image, whole[:, i : i + 5, j : j + 7])
    assert set(across.tolist()) == set(along.tolist()) == {-1, 0, 1} and not told[:, :-2].any()


def test_few_images_are_moved_in_training_and_others_are_not():
    cases = [(None, 8, 900), (None, 28, 900), (None, 8, 9000), (0.2, 28, 9000)]  # option, side, images
    settled = [
        diffusion.FAMILY.settle(diffusion.Config(shift=own), ImageForm(side, side, 1), images, torch.device("cpu"))
        for own, side, images in cases
    ]
    assert [config.shift for config in settled] == [0.5, 0.5, 0.0, 0.2]
    assert [config.dropout for config in settled] == [0.1, 0.0, 0.0, 0.0]  # what is moved needs less of it


def grown(images: Images, **options) -> autoregressive.Model:
    """An autoregressive model whose parts have random weights, as after training."""
    form = ImageForm.of(images)
    config = autoregressive._settle(
        autoregressive.Config(width=32, depth=2, hidden=16, **options), form, 200, torch.device("cpu")
    )
    torch.manual_seed(0)
    model = autoregressive.Model(form, config).eval()
    model.start(form.pack(images))
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
    return model


def test_the_masses_of_all_values_sum_to_one_and_to_the_distribution_function():
    model = grown(pictures.bars())
    K = model.levels
    parameters = 3 * torch.randn(5, 3 * 8, generator=torch.Generator().manual_seed(0))
    r = torch.arange(K)
    mass = model.log_mass(parameters[:, None].expand(5, K, -1), r.expand(5, K)).double().exp()
    assert len(np.unique(pictures.bars().pixels)) == K and torch.allclose(
        mass.sum(1), torch.ones(5, dtype=torch.float64), atol=1e-4
    )
    assert torch.allclose(mass.cumsum(1), model.cdf(parameters[:, None].expand(5, K, -1), r.expand(5, K)), atol=1e-4)


def test_patches_are_the_image():
    x = torch.arange(3 * 7 * 10).view(1, 3, 7, 10)
    patches = Patches(3, 7, 10, 4)
    assert (patches.T, patches.m) == (6, 48) and torch.equal(patches.join(patches.split(x)), x)
    assert patches.real().sum() == 3 * 7 * 10
    assert patches.neighbours().tolist()[4] == [3, 1, 0, 2]  # left, above, above left, above right


def test_no_value_depends_on_one_that_comes_after_it():
    model = grown(pictures.bars())
    v = torch.rand(1, 16, 4, generator=torch.Generator().manual_seed(0), requires_grad=True)
    out = model.net(v, torch.zeros(1, dtype=torch.int64))
    for place in (0, 21, 37, 63):
        (slope,) = torch.autograd.grad(out.flatten(1, 2)[0, place].sum(), v, retain_graph=True)
        seen = slope.flatten() != 0
        assert not seen[place:].any() and (place == 0 or seen[:place].any())


@pytest.mark.parametrize("channels", [1, 3])
def test_the_uniforms_of_an_image_draw_it_again(channels):
    images = pictures.bars(6, channels=channels, height=7, width=9)
    model = grown(images)
    x = model.form.pack(images)
    pixels, y = model.form.unpack(x)
    model.rank.copy_(torch.arange(256))  # every value is one of its own
    model.value.copy_(torch.arange(256))
    model.levels = 256
    u = model.uniforms(x, torch.Generator().manual_seed(0))
    assert (u[:, model.real] >= 0).all() and (u[:, model.real] <= 1).all()
    assert (model.image(y, u) == pixels).double().mean() > 0.995  # but for numbers that rounding moves over an edge


def test_the_likelihood_is_that_of_the_parts():
    images = pictures.bars(120)
    fitted = generators.fit(images, "image.autoregressive", budget=Budget(steps=3), width=32, depth=1)
    nats = fitted.log_prob(images)
    x = fitted.form.pack(images)
    share = np.log([fitted.form.shares[fitted.form.classes.index(label)] for label in images.labels])
    with torch.no_grad():
        assert nats == pytest.approx(share - 64 * fitted.model(x).numpy(), rel=1e-5)
    assert fitted.record["bits_per_dimension"] == pytest.approx(fitted.record["validation"] / math.log(2), abs=1e-3)


@pytest.mark.parametrize("side", [8, 16])  # of 16 pixels, kernels have their channels last in memory
def test_a_killed_run_ends_in_the_same_images(tmp_path, monkeypatch, side):
    monkeypatch.setattr(loop, "SAVE_SECONDS", 0.0)

    def fitted(**options):
        made = pictures.bars(100, height=side, width=side)
        return generators.fit(made, "image.autoencoder", budget=Budget(steps=60), seed=1, width=8, **options).sample(9)

    def stop(status):
        if status["step"] == 50:
            raise InterruptedError

    whole = fitted()
    with pytest.raises(InterruptedError):
        fitted(progress=stop, checkpoint=tmp_path / "state")
    assert np.array_equal(fitted(checkpoint=tmp_path / "state").pixels, whole.pixels)


def test_images_that_are_all_alike_have_no_spread():
    real = torch.randn(200, 5, generator=torch.Generator().manual_seed(0))
    assert spread(real, real[:1].expand(200, 5)) == 0
    assert spread(real, torch.randn(200, 5, generator=torch.Generator().manual_seed(1))) > 0.8
    assert spread(real, real[:2].repeat(100, 1)) == 0


def test_a_game_without_penalty_collapses_and_says_so():
    options = {"loss": "nonsaturating", "penalty": 0, "learning_rate": 0.02, "augment": 0, "width": 16}
    fitted = generators.fit(pictures.bars(1000), "image.gan", budget=Budget(steps=600), seed=0, **options)
    assert fitted.record["collapsed"] and fitted.record["stopped"] == "collapsed" and fitted.record["restarts"] == 2
    assert fitted.record["diversity"] < 0.3


def test_a_textbook_game_that_ends_in_noise_is_stopped_and_says_so():
    game = {"loss": "minimax", "penalty": 0, "pace": 0.1, "augment": 0, "width": 16, "batch": 32}
    fitted = generators.fit(pictures.bars(), "image.gan", budget=Budget(steps=200), seed=0, **game)
    assert fitted.record["noise"] and fitted.record["stopped"] == "ended in noise" and fitted.record["restarts"] == 2
    assert fitted.record["diversity"] > 0.9 and fitted.record["fidelity"] < 0.1  # noise is varied
    fine = generators.fit(pictures.bars(), "image.gan", budget=Budget(steps=150), seed=0, width=16, batch=32)
    assert not fine.record["noise"] and not fine.record["collapsed"] and fine.record["fidelity"] > 0.5


def test_the_least_loss_of_brightness_is_none():
    x = torch.tensor([[[[0.0, 0.25], [0.5, 1.0]]]])
    assert brightness_loss(torch.logit(x, 1e-6), x).item() == pytest.approx(0, abs=1e-5)
    assert brightness_loss(torch.zeros_like(x), x)[0].item() == pytest.approx(
        (2 * math.log(2) + math.log(2) - 0.562335) / 4, abs=1e-4
    )


def test_the_autoencoder_classifies():
    fitted = generators.fit(pictures.bars(800), "image.autoencoder", budget=Budget(steps=100), seed=0)
    fresh = pictures.bars(100, seed=9)
    found = np.array(fitted.form.classes)[fitted.classify(fresh).argmax(1)]
    assert np.mean(found == fresh.labels) > 0.95
    drawn = fitted.sample(200)
    assert np.mean(pictures.direction(drawn.pixels) == drawn.labels) > 0.9
