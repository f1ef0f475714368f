"""Mean embeddings of images under a privacy budget: what one image adds is bounded, charged, and noised."""

import json

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import generators
from generators import GeneratorError, Images, Privacy
from generators.embeddings import matching, normal
from generators.embeddings.features import Features, Sums
from generators.embeddings.fourier import Fourier, features_of
from generators.privacy import noise
from generators.privacy import queries as asking
from generators.privacy.ledger import Ledger
from tests.generators import pictures

LABELS = {"label": {"kind": "categorical", "categories": ["h", "v"]}}
PRIVACY = Privacy(10.0, 1e-5, LABELS)
NAME, STEPS = "image.mean_embedding", generators.Budget(steps=2)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32), st.sampled_from([1, 3]), st.integers(4, 9), st.integers(4, 9), st.integers(1, 4))
def test_an_image_adds_to_the_sums_of_its_label_alone_and_at_most_what_is_charged(
    seed, channels, height, width, shades
):
    drawn = np.random.default_rng(seed)
    pixels = drawn.choice(drawn.integers(0, 256, shades), (2, channels, height, width)).astype(np.uint8)
    features, y = Features(height, width, channels), np.array([1, 2])
    both, one, other = (features.sums(pixels[k], y[k], 3) for k in ([0, 1], [0], [1]))
    assert np.array_equal(both, one + other) and not both[0].any() and not one[2].any()
    for added in (one, other):
        assert sum(int(own) ** 2 for own in added.ravel()) <= features.squared_length


@pytest.mark.parametrize("shade", [0, 255])
def test_the_longest_images_come_close_to_what_is_charged(shade):
    features = Features(28, 28, 1)
    added = features.sums(np.full((1, 1, 28, 28), shade, np.uint8), np.array([0]), 1)
    assert 0.97 < sum(int(own) ** 2 for own in added.ravel()) / features.squared_length <= 1


def test_sums_are_the_same_in_whatever_order_and_company_images_come():
    rng, features = np.random.default_rng(0), Features(9, 13, 3)
    pixels, y, order = rng.integers(0, 256, (50, 3, 9, 13), np.uint8), rng.integers(0, 2, 50), rng.permutation(50)
    whole = features.sums(pixels, y, 2)
    assert np.array_equal(whole, features.sums(pixels[order], y[order], 2))
    assert np.array_equal(whole, sum(features.sums(pixels[[k]], y[[k]], 2) for k in range(50)))


def test_what_is_read_off_the_sums_are_moments_of_the_low_frequencies():
    images = pictures.bars(300, channels=3)
    features, x = Features(8, 8, 3), images.pixels.transpose(0, 3, 1, 2)
    found = features.read(features.sums(x, (images.labels == "v").astype(int), 2), 0.0)
    z = (x.reshape(300, -1) / 127.5 - 1) @ features.basis
    assert np.allclose(features.basis.T @ features.basis, np.eye(100), atol=1e-9)
    for k, label in enumerate("hv"):
        own = z[images.labels == label]
        assert found.count[k] == len(own) and np.allclose(found.first[k] / len(own), own.mean(0), atol=2e-3)
        assert np.allclose(found.second[k] / len(own), own.T @ own / len(own), atol=2e-2)


def test_noise_leaves_of_a_covariance_what_stands_out_of_it():
    rng, K, entry = np.random.default_rng(0), 60, 0.02
    truth = np.zeros((K, K))
    truth[0, 0], truth[1, 1] = 3.0, 1.0
    drawn = np.triu(rng.normal(size=(K, K)) * entry)
    told = 1000 * (truth + np.triu(drawn) + np.triu(drawn, 1).T)
    sums = Sums(np.array([1000.0]), np.zeros((1, K)), told[None], (1.0, 1.0, 1000 * entry * 7 / 5))
    factor = normal.of(sums).factors[0]
    found = np.linalg.eigvalsh(factor @ factor.T)
    assert found[-1] == pytest.approx(3, abs=0.1) and found[-2] == pytest.approx(1, abs=0.1)
    assert (found[:-2] < 0.1).all() and np.allclose(normal.of(sums).means, 0)


def test_few_images_of_a_label_are_drawn_like_all_others():
    sums = Sums(np.array([2.0, 1000.0]), np.zeros((2, 4)), np.stack([2 * np.diag([3.0, 1, 0, 0]), 1000 * np.eye(4)]))
    own, other = (f @ f.T for f in normal.of(sums).factors)
    assert np.allclose(other, np.eye(4), atol=0.05) and np.allclose(own, np.eye(4), atol=0.05)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32), st.integers(4, 9), st.integers(1, 4))
def test_fourier_features_of_an_image_are_no_longer_than_what_is_charged(seed, side, shades):
    drawn = np.random.default_rng(seed)
    pixels = drawn.choice(drawn.integers(0, 256, shades), (2, 1, side, side)).astype(np.uint8)
    features = Features(side, side, 1)
    K = features.basis.shape[1]
    known = normal.Normal(np.ones(1), np.zeros((1, K)), drawn.normal(size=(1, K, K)))
    fourier, u, y = Fourier.of(features, known), features.coefficients(pixels), np.array([1, 0])
    both = fourier.sums(u, y, 2)
    assert np.array_equal(both, fourier.sums(u[::-1], y[::-1], 2))
    for k in range(2):
        added = fourier.sums(u[[k]], y[[k]], 2)
        assert sum(int(own) ** 2 for own in added.ravel()) <= fourier.squared_length
        assert np.array_equal(both[y[k]], added[y[k]])


def test_the_network_sees_the_features_that_were_summed():
    images, features = pictures.bars(40), Features(8, 8, 1)
    u, y = features.coefficients(images.pixels.transpose(0, 3, 1, 2)), np.zeros(40, int)
    known = normal.Normal(np.ones(1), np.zeros((1, 64)), np.eye(64)[None])
    fourier = Fourier.of(features, known)
    told = fourier.read(fourier.sums(u, y, 1), np.array([40.0]))[0]
    seen = features_of(torch.from_numpy(u * features.unit).float(), fourier.angles()).mean(0).numpy()
    assert np.allclose(told, seen, atol=1e-4) and np.linalg.norm(told) <= 1


def test_a_network_comes_nearer_to_the_features_than_the_normal_distribution_it_begins_as(monkeypatch):
    monkeypatch.setattr(matching, "STEP_IMAGES", 256)
    told = []
    fitted = generators.fit(pictures.bars(600), NAME, budget=generators.Budget(steps=40), progress=told.append)
    assert fitted.record["steps"] == 40 == told[-1]["step"] and told[-1]["loss"] < 0.8 * told[0]["loss"]
    assert generators.fit(pictures.bars(150), NAME).record["steps"] == 1  # too few to match more than moments


def test_the_ledger_holds_all_that_was_asked_and_spends_the_budget():
    fitted = generators.fit(pictures.bars(400), NAME, privacy=PRIVACY)
    ledger = fitted.ledger
    assert ledger.unit == "image" and 9.9 < ledger.epsilon <= 10 and len(ledger.events) == 2
    assert {event.count for event in ledger.events} == {
        Features(8, 8, 1).squared_length
    } and "one image" in ledger.sentence()
    assert Ledger.from_dict(json.loads(json.dumps(fitted.record["ledger"]))) == ledger
    drawn = fitted.sample(200)
    assert np.mean(pictures.direction(drawn.pixels) == drawn.labels) > 0.9 and abs(fitted.record["rows"] - 400) < 40


def test_noise_comes_from_the_system_and_not_from_the_seed():
    one, two = (generators.fit(pictures.bars(400), NAME, privacy=PRIVACY, seed=0) for _ in range(2))
    assert not one.model.mean.equal(two.model.mean)


class Told:
    """Noise as it was drawn once, to be told again of other images."""

    def __init__(self, monkeypatch):
        self.exact, self.answers, self.monkeypatch = noise.noisy, [], monkeypatch

    def first(self):
        def record(counts, variance):
            self.answers.append(self.exact(counts, variance))
            return self.answers[-1]

        self.monkeypatch.setattr(noise, "noisy", record)

    def again(self):
        answers = iter(self.answers)

        def replay(counts, variance):
            answer = next(answers)
            assert answer.shape == counts.shape
            return answer

        self.monkeypatch.setattr(noise, "noisy", replay)


ADDED = {
    "of a label": lambda x, y: Images(np.append(x, x[:1], 0), np.append(y, "h")),
    "of an unknown label": lambda x, y: Images(np.append(x, x[:1], 0), np.append(y, "Quixworth")),
    "none left": lambda x, y: Images(x[:0], y[:0]),
    "of one label": lambda x, y: Images(x[y == "h"], y[y == "h"]),
}


@pytest.mark.parametrize("epsilon", [10.0, 95.0])  # of the latter Fourier features are asked and matched too
@pytest.mark.parametrize("how", ADDED)
def test_of_the_same_answers_the_same_model_is_made_whoever_is_among_the_images(monkeypatch, how, epsilon):
    told, images, asked = Told(monkeypatch), pictures.bars(400), Privacy(epsilon, 1e-5, LABELS)
    options = {"privacy": asked, "budget": generators.Budget(steps=2)}
    told.first()
    less = generators.fit(images, NAME, **options)
    assert less.record["steps"] == (1 if epsilon == 10 else 2)
    told.again()
    more = generators.fit(ADDED[how](images.pixels, images.labels), NAME, **options)
    assert more.record == less.record and more.form == less.form and more.schema == less.schema
    assert all(own.equal(less.model.state_dict()[key]) for key, own in more.model.state_dict().items())


def test_labels_are_learnt_where_they_are_paid_for():
    images = pictures.bars(3000)
    labels = np.where(np.arange(3000) < 3, "rare", images.labels).astype(object)
    fitted = generators.fit(
        Images(images.pixels, labels), NAME, budget=STEPS, privacy=Privacy(10.0, 1e-5, {}, domain="learn")
    )
    ledger = fitted.ledger
    assert set(fitted.form.classes) == {"h", "v"} and ledger.learnt and "label" not in ledger.public
    assert 4 <= len(ledger.events) <= 5 and ledger.epsilon <= 10  # labels are asked again where some seem to be left


def test_whole_numbers_stay_such_and_images_without_labels_need_none():
    x = pictures.bars(400).pixels
    privacy = Privacy(10.0, 1e-5, {"label": {"kind": "categorical", "categories": [3, 8]}})
    numbered = generators.fit(Images(x, np.arange(400) % 2 * 5 + 3), NAME, budget=STEPS, privacy=privacy)
    assert numbered.sample(9).labels.dtype == int
    alone = generators.fit(Images(x), NAME, budget=STEPS, privacy=Privacy(10.0, 1e-5, {}))
    assert alone.sample(9).labels is None


def test_of_an_entity_so_many_images_are_used_and_charged():
    groups = np.repeat(np.arange(100), 4)
    privacy = Privacy(10.0, 1e-5, LABELS, unit="entity", rows_per_entity=2)
    ledger = generators.fit(pictures.bars(400), NAME, privacy=privacy, groups=groups).ledger
    assert ledger.unit == "entity of images" and ledger.reach == 2 and ledger.epsilon <= 10


@pytest.mark.parametrize(
    ("privacy", "part"),
    [
        (Privacy(10.0, 1e-5, {}), "the kind of column 'label'"),
        (Privacy(10.0, 1e-5, {"label": "boolean"}), "found boolean"),
        (Privacy(0.01, 1e-6, LABELS), "noise of .* images on the number of each label, which drowns it"),
        (object(), "expected privacy as a Privacy"),
    ],
)
def test_what_cannot_be_promised_is_one_sentence(privacy, part):
    with pytest.raises(GeneratorError, match=part):
        generators.fit(pictures.bars(300), NAME, privacy=privacy)


def separation(fits):
    """Return by how many standard deviations the best linear statistic of answers tells two neighbouring sets apart."""
    images, features = pictures.bars(300), Features(8, 8, 1)
    x, y = images.pixels.transpose(0, 3, 1, 2), (images.labels == "v").astype(int)
    sums = [features.sums(x[first:], y[first:], 2) for first in (0, 1)]
    direction = (sums[0] - sums[1]).astype("float64").ravel()

    def told(summed):
        queries = asking.NoisyQueries(1.0)
        queries.sums("sums", summed, 1.0, features.squared_length)
        return queries.answers[0].values.ravel() @ direction

    more, less = (np.array([told(summed) for _ in range(fits)]) for summed in sums)
    return (more.mean() - less.mean()) / max((more.std() + less.std()) / 2, 1.0)


def test_neighbouring_sets_are_told_apart_as_far_as_the_ledger_allows_and_no_further(monkeypatch):
    drawn = np.random.default_rng(0)
    fast = lambda counts, variance: counts + np.rint(drawn.normal(size=counts.shape) * float(variance) ** 0.5)  # noqa: E731
    monkeypatch.setattr(noise, "noisy", fast)  # 10^5 exact draws would take seconds
    assert 0.7 < separation(400) < 1.2  # mu is 1; this image is shorter than the longest
    monkeypatch.setattr(noise, "variance_for", lambda mu, of=noise.variance_for: of(3 * mu))
    assert separation(400) > 2
    monkeypatch.setattr(noise, "noisy", lambda counts, variance: counts)
    assert separation(3) > 1e6


@settings(max_examples=50, deadline=None)
@given(st.lists(st.floats(-5, 5), min_size=1, max_size=12))
def test_numbers_that_never_rise_are_the_nearest_to_those_found(values):
    found = normal.falling(np.array(values))
    assert (np.diff(found) <= 1e-9).all() and found.sum() == pytest.approx(sum(values), abs=1e-6)
    rest = np.array(values) - found  # the residual of a projection on a cone is orthogonal to it, and in its polar cone
    assert rest @ found == pytest.approx(0, abs=1e-6) and (np.cumsum(rest) <= 1e-6).all()


def test_what_noise_drowns_of_a_covariance_stays_as_variance():
    rng, K, entry = np.random.default_rng(0), 60, 0.02
    truth = np.diag(0.1 * 0.95 ** np.arange(K))
    told = truth + np.triu(rng.normal(size=(K, K)) * entry)
    sums = Sums(
        np.array([1e4]), np.zeros((1, K)), 1e4 * (np.triu(told) + np.triu(told, 1).T)[None], (1, 1, 1e4 * entry)
    )
    factor = normal.of(sums).factors[0]
    assert np.trace(factor @ factor.T) == pytest.approx(np.trace(truth), rel=0.3)
