"""Small networks in ONNX files."""

import pytest

maker = pytest.importorskip(
    "onnx", reason="the package onnx makes the networks of these tests: pip install 'launderette[test]'"
)
pytest.importorskip("onnxruntime", reason="the package onnxruntime reads networks: pip install 'launderette[onnx]'")


def save(path, nodes, shape, output, kind=maker.TensorProto.FLOAT):
    """Write a network of nodes from x to y."""
    given = maker.helper.make_tensor_value_info("x", kind, shape)
    found = maker.helper.make_tensor_value_info("y", maker.TensorProto.FLOAT, output)
    graph = maker.helper.make_graph(nodes, "g", [given], [found])
    model = maker.helper.make_model(graph, opset_imports=[maker.helper.make_opsetid("", 17)], ir_version=8)
    path.write_bytes(model.SerializeToString())
    return path


def flat(path, shape=("n", 3, 8, 8)):
    """Write a network whose features are the values it is given."""
    return save(path, [maker.helper.make_node("Flatten", ["x"], ["y"])], shape, ["n", None])
