"""Features by a network of one's own: what it is given, by hand; what it may not be, in one sentence."""

import json

import numpy as np
import pytest
import torch

import evaluation
from evaluation.models import features, onnx
from evaluation.scores import EvaluationError
from tests.evaluation.networks import flat, maker, save

PLAIN = {"image_mean": [0, 0, 0], "image_std": [1, 1, 1], "size": 8}


def pictures(count=5, channels=1, side=8):
    return np.random.default_rng(0).integers(0, 256, (count, side, side, channels), dtype=np.uint8)


def test_a_network_is_given_values_in_its_own_scale(tmp_path):
    grey, net = pictures(), flat(tmp_path / "net.onnx")
    values = np.repeat(grey[..., 0].reshape(5, 1, 64) / 255, 3, axis=1)  # as red, green and blue
    usual = (values - np.array(onnx.IMAGENET_MEAN)[:, None]) / np.array(onnx.IMAGENET_DEVIATION)[:, None]
    assert np.allclose(onnx.read(net)(grey), usual.reshape(5, -1), atol=1e-5)
    (tmp_path / onnx.PREPARED).write_text(json.dumps(PLAIN | {"image_mean": [0.5], "image_std": [0.25]}))
    assert np.allclose(onnx.read(net)(grey), ((values - 0.5) / 0.25).reshape(5, -1), atol=1e-5)


def test_images_are_brought_to_the_size_that_is_declared(tmp_path):
    (tmp_path / onnx.PREPARED).write_text(json.dumps(PLAIN))
    colour = pictures(70, 3, 32)  # more than are given at once
    values = torch.from_numpy(colour).permute(0, 3, 1, 2).float() / 255
    small = torch.nn.functional.interpolate(values, (8, 8), mode="bicubic", antialias=True)
    # open sides are those of the file beside; the last four are padded
    for shape in (("n", 3, 8, 8), ("n", 3, "h", "w"), (4, 3, 8, 8)):
        found = onnx.read(flat(tmp_path / "net.onnx", shape))(colour)
        assert found.dtype == np.float32 and np.allclose(found, small.clamp(0, 1).flatten(1).numpy(), atol=1e-5)


def test_the_digest_is_of_the_network_and_of_what_is_said_of_it(tmp_path):
    net = flat(tmp_path / "net.onnx")
    first = onnx.read(net).digest
    (tmp_path / onnx.PREPARED).write_text(json.dumps(PLAIN))
    assert len(first) == 64 and first != onnx.read(net).digest
    assert features.described(onnx.read(net)) == {"name": "net.onnx", "sha256": onnx.read(net).digest}
    assert features.described(features.imagenet)["name"] == "EfficientNet-Lite0"


def test_a_report_names_what_saw_the_images(tmp_path):
    sides = [(pictures(60, side=8) + np.uint8(seed), None) for seed in range(3)]
    report = evaluation.score_images(
        *sides, features=onnx.read(flat(tmp_path / "net.onnx")), names=["image.coverage"]
    ).to_json()
    assert report["features"]["name"] == "net.onnx" and report["scores"][0]["value"] is not None


WORDS = {
    "nothing there": "found none; check the path",
    "another file": "found another one",
    "two inputs": "one input float32",
    "integers": "one input float32",
    "vectors": "one input float32",
    "unflattened": "up to its last pooling",
    "not finite": "NaN or infinity",
    "settings": "image_mean",
}


@pytest.mark.parametrize("case", WORDS)
def test_what_cannot_be_used_is_one_sentence(tmp_path, case):
    node, net = maker.helper.make_node, tmp_path / "net.onnx"
    if case == "another file":
        net.write_bytes(b"no network")
    elif case == "integers":
        save(net, [node("Cast", ["x"], ["y"], to=1)], ["n", 3, 8, 8], None, maker.TensorProto.UINT8)
    elif case == "vectors":
        save(net, [node("Identity", ["x"], ["y"])], ["n", 12], ["n", 12])
    elif case == "unflattened":
        save(net, [node("Identity", ["x"], ["y"])], ["n", 3, 8, 8], None)
    elif case == "not finite":
        save(
            net,
            [node("Sub", ["x", "x"], ["o"]), node("Div", ["o", "o"], ["p"]), node("Flatten", ["p"], ["y"])],
            ["n", 3, 8, 8],
            None,
        )
    elif case == "two inputs":
        model = maker.load(flat(net))
        model.graph.input.append(maker.helper.make_tensor_value_info("z", 1, ["n", 3, 8, 8]))
        net.write_bytes(model.SerializeToString())
    elif case == "settings":
        flat(net).with_name(onnx.PREPARED).write_text('{"image_std": [0, 1, 1]}')
    with pytest.raises(EvaluationError, match=WORDS[case]):
        onnx.read(net)(pictures())


def test_colour_is_not_seen_by_a_network_for_grey(tmp_path):
    net = onnx.read(flat(tmp_path / "net.onnx", ("n", 1, 8, 8)))
    assert net(pictures()).shape == (5, 64)
    with pytest.raises(EvaluationError, match="expected grey images"):
        net(pictures(channels=3))
