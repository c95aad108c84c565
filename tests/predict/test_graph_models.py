"""pipeline/predict/detectors/graph.py and operations.py: TensorFlow.js's graph models, read as data."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from pipeline.artifacts import InputError
from pipeline.predict.detectors import graph
from pipeline.predict.detectors.operations import OPERATIONS

CONVOLUTION: dict[str, Any] = {"dilations": [1, 1, 1, 1], "data_format": "NHWC"}


def node(name: str, operation: str, inputs: list[str], **attributes: Any) -> dict[str, Any]:
    return {"name": name, "op": operation, "input": inputs, "attr": attributes}


def integers(*values: int) -> dict[str, Any]:
    return {"list": {"i": [str(value) for value in values]}}


def text(value: str) -> dict[str, Any]:
    return {"s": base64.b64encode(value.encode()).decode()}


def small_model(folder: Path, operation: str = "Mul") -> tuple[Path, Path]:
    """A convolution of one channel with ReLU6, and the product with 2: weights as float16 and as int32."""
    kernel = np.array([[0.5, 1], [-1, 2]], np.float16).reshape(2, 2, 1, 1)
    weights = [
        {"name": "kernel", "shape": [2, 2, 1, 1], "dtype": "float32", "quantization": {"dtype": "float16"}},
        {"name": "bias", "shape": [1], "dtype": "float32"},
        {"name": "twice", "shape": [], "dtype": "int32"},
    ]
    nodes = [  # the last first: the order in the file is not the one of computation
        node("result", operation, ["layer", "number"]),
        node("number", "Cast", ["twice", "^layer"], DstT={"type": "DT_FLOAT"}),
        node(
            *("layer", "_FusedConv2D", ["image", "kernel", "bias"]),
            **{"strides": integers(1, 1, 1, 1), "dilations": integers(1, 1, 1, 1), "padding": text("SAME")},
            **{"data_format": text("NHWC"), "fused_ops": {"list": {"s": [text("BiasAdd")["s"], text("Relu6")["s"]]}}},
        ),
        node("image", "Placeholder", []),
        *(node(name, "Const", []) for name in ("kernel", "bias", "twice")),
    ]
    content = {
        "modelTopology": {"node": nodes},
        "weightsManifest": [{"paths": ["model.bin"], "weights": weights}],
        "signature": {"outputs": {"out": {"name": "result:0"}}},
    }
    (folder / "model.json").write_text(json.dumps(content))
    stored = kernel.tobytes() + np.array([0.25], np.float32).tobytes() + np.array(2, np.int32).tobytes()
    (folder / "model.bin").write_bytes(stored)
    return folder / "model.json", folder / "model.bin"


def test_a_small_graph_by_hand(tmp_path: Path) -> None:
    """SAME with a window of 2 pads one row and column after the image, none before."""
    network = graph.read(*small_model(tmp_path))
    images = torch.tensor([[[1.0, 2], [3, 4]], [[0.0, -1], [0, 10]]]).unsqueeze(-1)
    expected = [[0.5 + 2 - 3 + 8 + 0.25, 1 - 4 + 0.25], [1.5 + 4 + 0.25, 2 + 0.25]], [[20 - 1.0, 0], [10, 5]]
    expected[1][0][0], expected[1][0][1] = 0 - 1 + 0 + 20 + 0.25, -0.5 - 10 + 0.25
    expected[1][1][0], expected[1][1][1] = 0 + 10 + 0.25, 5 + 0.25
    wanted = 2 * torch.tensor(expected).clamp(0, 6)
    torch.testing.assert_close(network(images)[..., 0], wanted)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda topology, weights: weights.write_bytes(weights.read_bytes() + b"0000"), "have 20 bytes, and 16 are"),
        (lambda topology, weights: weights.write_bytes(weights.read_bytes()[:8]), "not a TensorFlow.js graph model"),
        (lambda topology, weights: weights.unlink(), "model.bin: cannot be read"),
        (lambda topology, weights: topology.write_text("{}"), "not a TensorFlow.js graph model"),
        (lambda topology, weights: topology.write_text("MoveNet"), "not a TensorFlow.js graph model"),
    ],
)
def test_broken_files_are_refused(tmp_path: Path, change: Any, words: str) -> None:
    files = small_model(tmp_path)
    change(*files)
    with pytest.raises(InputError, match=words):
        graph.read(*files)


def test_an_unknown_operation_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"operations that are not known here: PyFunc"):
        graph.read(*small_model(tmp_path, "PyFunc"))


@pytest.mark.parametrize("length", [7, 8])
def test_a_stride_of_two_pads_as_tensorflow_does(length: int) -> None:
    """TensorFlow's rule: `ceil(n / 2)` outputs, and the odd one of the padding is after the image."""
    signal = torch.arange(1.0, length + 1).reshape(1, 1, length, 1).expand(1, 3, length, 1)
    attributes = CONVOLUTION | {"strides": [1, 1, 2, 1], "padding": "SAME"}
    kernel = torch.tensor([1.0, 10, 100]).reshape(1, 3, 1, 1)
    found = OPERATIONS["DepthwiseConv2dNative"](attributes, signal, kernel)
    total = (-(-length // 2) - 1) * 2 + 3 - length
    padded = np.pad(np.arange(1.0, length + 1), (total // 2, total - total // 2))
    expected = [padded[start : start + 3] @ [1, 10, 100] for start in range(0, len(padded) - 2, 2)]
    assert isinstance(found, torch.Tensor)
    np.testing.assert_allclose(found[0, 1, :, 0], expected)


def test_slices_follow_their_masks() -> None:
    values = torch.arange(24).reshape(2, 3, 4)
    masks = {f"{name}_mask": 0 for name in ("begin", "end", "ellipsis", "new_axis", "shrink_axis")}
    numbers = [torch.tensor(part) for part in ([1, 1, 0, 1], [9, 3, 9, 3], [1, 1, 1, 2])]
    found = OPERATIONS["StridedSlice"](masks | {"shrink_axis_mask": 1, "new_axis_mask": 4}, values, *numbers)
    assert isinstance(found, torch.Tensor)
    np.testing.assert_array_equal(found, values.numpy()[1, 1:3, None, 1:3:2])
    found = OPERATIONS["StridedSlice"](masks | {"begin_mask": 2, "end_mask": 1}, values, *(n[:2] for n in numbers))
    assert isinstance(found, torch.Tensor)
    np.testing.assert_array_equal(found, values.numpy()[1:, :3])
