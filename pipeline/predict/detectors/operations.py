"""TensorFlow's operations in torch: those that MoveNet's graphs use, with the meaning that TensorFlow documents.

Images are [1, H, W, C]. Each function takes a node's attributes and its inputs. Whole numbers are int64. Everything
here works under `torch.vmap`, where a value of the batch must not be read as a Python number; shapes and sizes may.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

Attributes = Mapping[str, Any]
Operation = Callable[..., Tensor | Sequence[Tensor]]
DATA_TYPES = {"DT_FLOAT": torch.float32, "DT_INT32": torch.int64, "DT_BOOL": torch.bool}
ACTIVATIONS: Mapping[str, Callable[[Tensor], Tensor]] = {"Relu": functional.relu, "Relu6": functional.relu6}


# --- convolutions and their kin ---------------------------------------------------------------------------------------


def convolution(attributes: Attributes, images: Tensor, kernel: Tensor, bias: Tensor | None = None) -> Tensor:
    """`_FusedConv2D`: kernel [h, w, C, D], bias and activation."""
    return _convolve(attributes, images, kernel.permute(3, 2, 0, 1), bias, 1)


def depthwise(attributes: Attributes, images: Tensor, kernel: Tensor, bias: Tensor | None = None) -> Tensor:
    """`DepthwiseConv2dNative` and its fused form: kernel [h, w, C, M] gives M channels for each of C."""
    channels = kernel.shape[2]
    return _convolve(attributes, images, kernel.permute(2, 3, 0, 1).flatten(0, 1).unsqueeze(1), bias, channels)


def _convolve(attributes: Attributes, images: Tensor, kernel: Tensor, bias: Tensor | None, groups: int) -> Tensor:
    if attributes["dilations"] != [1, 1, 1, 1]:
        raise ValueError(f"a convolution with dilations {attributes['dilations']}")
    strides = _strides(attributes)
    planes, padding = _padded(attributes, images.permute(0, 3, 1, 2), kernel.shape[-2:], strides, 0.0)
    found = functional.conv2d(planes, kernel, bias, strides, padding, groups=groups)
    for name in attributes.get("fused_ops", ()):
        if name != "BiasAdd":
            found = ACTIVATIONS[name](found)
    return found.permute(0, 2, 3, 1)


def max_pool(attributes: Attributes, images: Tensor) -> Tensor:
    size, strides = attributes["ksize"][1:3], _strides(attributes)
    planes, padding = _padded(attributes, images.permute(0, 3, 1, 2), size, strides, -math.inf)
    return functional.max_pool2d(planes, size, strides, padding).permute(0, 2, 3, 1)


def _strides(attributes: Attributes) -> list[int]:
    if attributes["data_format"] != "NHWC":
        raise ValueError(f"images of the layout {attributes['data_format']}")
    strides: list[int] = attributes["strides"][1:3]
    return strides


def _padded(
    attributes: Attributes, planes: Tensor, size: Sequence[int], strides: Sequence[int], value: float
) -> tuple[Tensor, list[int]]:
    """Planes [1, C, H, W] and the padding that torch should add itself. SAME may pad one more after than before."""
    if attributes["padding"] == "VALID":
        return planes, [0, 0]
    totals = [
        max((math.ceil(length / stride) - 1) * stride + window - length, 0)
        for length, stride, window in zip(planes.shape[-2:], strides, size, strict=True)
    ]
    if all(total % 2 == 0 for total in totals):
        return planes, [total // 2 for total in totals]
    down, across = totals
    sides = (across // 2, across - across // 2, down // 2, down - down // 2)
    return functional.pad(planes, sides, value=value), [0, 0]


def resize_bilinear(attributes: Attributes, images: Tensor, size: Tensor) -> Tensor:
    if attributes["align_corners"] or not attributes["half_pixel_centers"]:
        raise ValueError("a resize without half-pixel centres")
    planes = images.permute(0, 3, 1, 2)
    return functional.interpolate(planes, size.tolist(), mode="bilinear", align_corners=False).permute(0, 2, 3, 1)


# --- shapes and indices -----------------------------------------------------------------------------------------------


def cast(attributes: Attributes, value: Tensor) -> Tensor:
    return value.to(DATA_TYPES[attributes["DstT"]])


def shape(_: Attributes, value: Tensor) -> Tensor:
    return torch.tensor(value.shape)


def squeeze(attributes: Attributes, value: Tensor) -> Tensor:
    return value.squeeze(attributes["squeeze_dims"])


def strided_slice(attributes: Attributes, value: Tensor, begin: Tensor, end: Tensor, strides: Tensor) -> Tensor:
    """As in Python's indexing; bit i of a mask says something about place i of the index."""
    masks = {name: attributes[f"{name}_mask"] for name in ("begin", "end", "ellipsis", "new_axis", "shrink_axis")}

    def place(bit: int, first: int, last: int, step: int) -> Any:
        marked = {name for name, mask in masks.items() if mask >> bit & 1}
        if "ellipsis" in marked:
            return ...
        if "new_axis" in marked:
            return None
        if "shrink_axis" in marked:
            return first
        return slice(None if "begin" in marked else first, None if "end" in marked else last, step)

    ends = zip(begin.tolist(), end.tolist(), strides.tolist(), strict=True)
    return value[tuple(place(bit, *numbers) for bit, numbers in enumerate(ends))]


def gather(_: Attributes, values: Tensor, indices: Tensor) -> Tensor:
    """`GatherNd`: the last axis of `indices` names a place along each of the first axes of `values`."""
    return values[indices.unbind(-1)]


def top(attributes: Attributes, values: Tensor, count: Tensor) -> Sequence[Tensor]:
    found = values.topk(int(count.item()), dim=-1, sorted=attributes["sorted"])
    return found.values, found.indices


def concatenate(_: Attributes, *values: Tensor) -> Tensor:
    return torch.cat(values[:-1], dim=int(values[-1].item()))


def split(attributes: Attributes, axis: Tensor, value: Tensor) -> Sequence[Tensor]:
    return value.tensor_split(attributes["num_split"], dim=int(axis.item()))


def range_(_: Attributes, start: Tensor, end: Tensor, step: Tensor) -> Tensor:
    return torch.arange(start.item(), end.item(), step.item(), dtype=start.dtype)


def select(_: Attributes, condition: Tensor, first: Tensor, second: Tensor) -> Tensor:
    return torch.where(condition, first, second)


def largest(attributes: Attributes, value: Tensor, axes: Tensor) -> Tensor:
    return value.amax(dim=axes.reshape(-1).tolist(), keepdim=attributes["keep_dims"])


def total(attributes: Attributes, value: Tensor, axes: Tensor) -> Tensor:
    return value.sum(dim=axes.reshape(-1).tolist(), keepdim=attributes["keep_dims"])


def _elementwise(function: Callable[..., Tensor]) -> Operation:
    return lambda _, *values: function(*values)


OPERATIONS: Mapping[str, Operation] = {
    "_FusedConv2D": convolution,
    "FusedDepthwiseConv2dNative": depthwise,
    "DepthwiseConv2dNative": depthwise,
    "MaxPool": max_pool,
    "ResizeBilinear": resize_bilinear,
    "Cast": cast,
    "Shape": shape,
    "Size": lambda _, value: torch.tensor(value.numel()),
    "Reshape": lambda _, value, sizes: value.reshape(sizes.tolist()),
    "Squeeze": squeeze,
    "ExpandDims": lambda _, value, axis: value.unsqueeze(int(axis.item())),
    "Pack": lambda attributes, *values: torch.stack(values, dim=attributes["axis"]),
    "Unpack": lambda attributes, value: value.unbind(attributes["axis"]),
    "Tile": lambda _, value, counts: value.tile(counts.tolist()),
    "Fill": lambda _, sizes, value: value.expand(sizes.tolist()),
    "StridedSlice": strided_slice,
    "GatherNd": gather,
    "TopKV2": top,
    "ConcatV2": concatenate,
    "Split": split,
    "Range": range_,
    "Select": select,
    "Max": largest,
    "Sum": total,
    "ArgMax": lambda _, value, axis: value.argmax(dim=int(axis.item())),
    "AddN": lambda _, *values: torch.stack(torch.broadcast_tensors(*values)).sum(dim=0),
    "AddV2": _elementwise(torch.add),
    "Sub": _elementwise(torch.sub),
    "Mul": _elementwise(torch.mul),
    "RealDiv": _elementwise(torch.div),
    "FloorDiv": _elementwise(torch.floor_divide),
    "SquaredDifference": _elementwise(lambda first, second: (first - second).square()),
    "Maximum": _elementwise(torch.maximum),
    "Minimum": _elementwise(torch.minimum),
    "Less": _elementwise(torch.lt),
    "Greater": _elementwise(torch.gt),
    "GreaterEqual": _elementwise(torch.ge),
    "Equal": _elementwise(torch.eq),
    "LogicalAnd": _elementwise(torch.logical_and),
    "Sigmoid": _elementwise(torch.sigmoid),
    "Exp": _elementwise(torch.exp),
    "Sqrt": _elementwise(torch.sqrt),
    "Abs": _elementwise(torch.abs),
    "Reciprocal": _elementwise(torch.reciprocal),
    "Identity": _elementwise(lambda value: value),
}
