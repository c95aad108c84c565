"""A TensorFlow.js graph model as data: its nodes and weights are read from two files, and torch computes them.

The JSON file lists the nodes (an operation, its inputs and attributes) and says where in the .bin file each weight is.
Nothing of either file is executed; operations.py has a function of its own for every operation, and a graph with
another operation is refused. The formats are those of TensorFlow's NodeDef and of TF.js's weights manifest.
"""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from pipeline.artifacts import InputError
from pipeline.predict.detectors.operations import OPERATIONS, Attributes

PLACEHOLDER, CONSTANT = "Placeholder", "Const"
STORED = {"float32": np.float32, "float16": np.float16, "int32": np.int32}
Value = tuple[str, int]  # the name of a node, and which of its outputs


@dataclass(frozen=True)
class Node:
    """One operation. Its outputs are `(name, 0)`, `(name, 1)`, ..."""

    name: str
    operation: str
    inputs: tuple[Value, ...]
    attributes: Attributes


@dataclass(frozen=True, eq=False)
class Graph:
    """The nodes in an order in which they can be computed, and the weights by name."""

    nodes: tuple[Node, ...]
    weights: Mapping[str, Tensor]
    input: str
    output: Value
    dropped: tuple[tuple[Value, ...], ...]  # by node, the values that no later node reads

    def __call__(self, pixels: Tensor) -> Tensor:
        """The output for B inputs [B, H, W, 3] from 0 to 255, [B, ...].

        The graph itself is for one image. `vmap` computes it for all of a batch at once.
        """
        answer: Tensor = torch.vmap(self._one, chunk_size=None)(pixels.unsqueeze(1))
        return answer.squeeze(1)

    def _one(self, pixels: Tensor) -> Tensor:
        values: dict[Value, Tensor] = {(name, 0): weight for name, weight in self.weights.items()}
        values[self.input, 0] = pixels
        for node, dropped in zip(self.nodes, self.dropped, strict=True):
            outputs = OPERATIONS[node.operation](node.attributes, *(values[value] for value in node.inputs))
            for index, output in enumerate((outputs,) if isinstance(outputs, Tensor) else outputs):
                values[node.name, index] = output
            for value in dropped:  # so that the memory of a layer is free as soon as it has been used
                values.pop(value, None)
        return values[self.output]


def read(topology: Path, weights: Path) -> Graph:
    """The graph of a model's two files. Raises InputError for other files, and for an operation that is not known."""
    try:
        content = json.loads(topology.read_bytes())
        stored = weights.read_bytes()
        entries = [entry for group in content["weightsManifest"] for entry in group["weights"]]
        nodes = [_node(entry) for entry in content["modelTopology"]["node"]]
        (output,) = content["signature"]["outputs"].values()
        unknown = sorted({node.operation for node in nodes} - OPERATIONS.keys() - {PLACEHOLDER, CONSTANT})
        if unknown:
            raise InputError(f"{topology}: has operations that are not known here: {', '.join(unknown)}")
        return _graph(nodes, _tensors(entries, stored), _value(output["name"]))
    except OSError as error:
        raise InputError(f"{error.filename}: cannot be read ({error.strerror})") from None
    except (KeyError, TypeError, ValueError, CycleError) as error:
        raise InputError(f"{topology}: not a TensorFlow.js graph model ({error!r})") from None


def _graph(nodes: list[Node], weights: Mapping[str, Tensor], output: Value) -> Graph:
    by_name = {node.name: node for node in nodes}
    order = TopologicalSorter({node.name: {name for name, _ in node.inputs} for node in nodes}).static_order()
    sorted_nodes = [by_name[name] for name in order]
    (placeholder,) = (node.name for node in nodes if node.operation == PLACEHOLDER)
    computed = tuple(node for node in sorted_nodes if node.operation not in (PLACEHOLDER, CONSTANT))
    last: dict[Value, int] = {value: index for index, node in enumerate(computed) for value in node.inputs}
    last.pop(output, None)
    dropped: list[list[Value]] = [[] for _ in computed]
    for value, index in last.items():
        dropped[index].append(value)
    return Graph(computed, weights, placeholder, output, tuple(map(tuple, dropped)))


def _node(entry: Mapping[str, Any]) -> Node:
    # An input that begins with ^ only says what is computed before; it has no value.
    inputs = tuple(_value(name) for name in entry.get("input", ()) if not name.startswith("^"))
    attributes = {name: _attribute(value) for name, value in entry.get("attr", {}).items()}
    return Node(entry["name"], entry["op"], inputs, attributes)


def _value(name: str) -> Value:
    """`name` or `name:1`, the second output of a node."""
    node, _, index = name.partition(":")
    return node, int(index or 0)


_READ: Mapping[str, Callable[[Any], Any]] = {
    "i": int,
    "f": float,
    "b": bool,
    "type": str,
    "s": lambda text: base64.b64decode(text).decode("ascii"),
}


def _attribute(value: Mapping[str, Any]) -> Any:
    """An attribute as a Python value: a number, a text, or a list of these. Shapes and tensors are not needed."""
    ((kind, content),) = value.items()
    if kind == "list":
        return [_READ[of](item) for of, items in content.items() for item in items]
    return _READ[kind](content) if kind in _READ else None


def _tensors(entries: list[Mapping[str, Any]], stored: bytes) -> dict[str, Tensor]:
    """The weights, which lie one after another in the .bin file; float32 may be stored as float16."""
    tensors, start = {}, 0
    for entry in entries:
        kind = STORED[entry.get("quantization", {}).get("dtype", entry["dtype"])]
        count = math.prod(entry["shape"])
        values: NDArray[Any] = np.frombuffer(stored, kind, count, start).reshape(entry["shape"])
        start += values.nbytes
        wanted = np.int64 if kind == np.int32 else np.float32  # torch indexes with int64
        tensors[entry["name"]] = torch.from_numpy(values.astype(wanted))
    if start != len(stored):
        raise ValueError(f"the weights have {len(stored)} bytes, and {start} are described")
    return tensors
