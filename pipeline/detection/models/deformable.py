"""Modulated deformable convolution (DCN v2, Zhu et al. 2019) without compiled code.

Each tap of the kernel reads the input at its place plus an offset that depends on the cell, with bilinear
interpolation, and is weighted by a mask. The four corners of all taps are weighted rows of one table, which
`F.embedding_bag` sums. Of the ways measured this is the fastest on a CPU (one `grid_sample` per tap takes five to eight
times as long). If torchvision is installed and its operator works, it is used; the results agree.
"""

from __future__ import annotations

import functools
import importlib
import importlib.util
import math

import torch
from torch import Tensor, nn
from torch.nn import functional

TAPS = 9  # of a 3x3 kernel


def deform_conv2d(
    values: Tensor,
    offset: Tensor,
    mask: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    padding: int = 1,
    stride: int = 1,
    dilation: int = 1,
) -> Tensor:
    """[B, C, H, W] -> [B, O, H', W'] with a kernel `weight` [O, C, K, K].

    `offset` [B, 2 K K, H', W'] in cells: y and x of each tap in turn, taps row by row; `mask` [B, K K, H', W'], used
    without a sigmoid. The input is zero outside its borders. Raises ValueError where the shapes do not fit. Source:
    Deformable ConvNets v2, Eq. 1.
    """
    _check(values, offset, mask, weight, padding, stride, dilation)
    if _torchvision_works(values.device.type):
        return _by_torchvision(values, offset, mask, weight, bias, padding, stride, dilation)
    return _by_corners(values, offset, mask, weight, bias, padding, stride, dilation)


def _check(
    values: Tensor, offset: Tensor, mask: Tensor, weight: Tensor, padding: int, stride: int, dilation: int
) -> None:
    size = weight.shape[2]
    reach = dilation * (size - 1) + 1
    grid = [(side + 2 * padding - reach) // stride + 1 for side in values.shape[2:]]
    taps = size * size
    for name, found, expected in (
        ("weight", weight, [weight.shape[0], values.shape[1], size, size]),
        ("offset", offset, [values.shape[0], 2 * taps, *grid]),
        ("mask", mask, [values.shape[0], taps, *grid]),
    ):
        if list(found.shape) != expected:
            raise ValueError(f"{name}: expected {expected}, found {list(found.shape)}")


def _by_corners(
    values: Tensor,
    offset: Tensor,
    mask: Tensor,
    weight: Tensor,
    bias: Tensor | None,
    padding: int,
    stride: int,
    dilation: int,
) -> Tensor:
    batch, channels, height, width = values.shape
    outputs, _, size, _ = weight.shape
    rows, columns = offset.shape[2:]
    taps = size * size
    shifts = offset.view(batch, taps, 2, rows, columns)
    tap_y, tap_x = (dilation * torch.arange(size, device=values.device) - padding for _ in range(2))
    start_y = stride * torch.arange(rows, device=values.device).view(rows, 1)
    start_x = stride * torch.arange(columns, device=values.device).view(1, columns)
    y = shifts[:, :, 0] + (start_y + tap_y.repeat_interleave(size).view(taps, 1, 1)).to(offset.dtype)
    x = shifts[:, :, 1] + (start_x + tap_x.repeat(size).view(taps, 1, 1)).to(offset.dtype)
    index, share = _corners(y, x, height, width)  # [B, T, H', W', 4]
    index = index + (height * width * torch.arange(batch, device=values.device)).view(batch, 1, 1, 1, 1)
    share = share * mask.unsqueeze(-1)
    table = values.permute(0, 2, 3, 1).reshape(batch * height * width, channels)
    order = (0, 2, 3, 1, 4)  # cells before taps, so that one row of the product is one cell
    read = functional.embedding_bag(
        index.permute(order).reshape(-1, 4),
        table,
        mode="sum",
        per_sample_weights=share.permute(order).reshape(-1, 4).to(table.dtype),
    )
    kernel = weight.permute(0, 2, 3, 1).reshape(outputs, taps * channels)
    result = functional.linear(read.view(-1, taps * channels), kernel, bias)
    return result.view(batch, rows, columns, outputs).permute(0, 3, 1, 2)


def _corners(y: Tensor, x: Tensor, height: int, width: int) -> tuple[Tensor, Tensor]:
    """Cell y * W + x and bilinear weight of the four neighbours; 0 outside. Gradients reach y and x."""
    top, left = y.detach().floor(), x.detach().floor()
    below, right = y - top, x - left
    index, share = [], []
    for row, part_y in ((top, 1 - below), (top + 1, below)):
        for column, part_x in ((left, 1 - right), (left + 1, right)):
            inside = (row >= 0) & (row <= height - 1) & (column >= 0) & (column <= width - 1)
            index.append(row.clamp(0, height - 1).long() * width + column.clamp(0, width - 1).long())
            share.append(part_y * part_x * inside)
    return torch.stack(index, -1), torch.stack(share, -1)


def _by_torchvision(
    values: Tensor,
    offset: Tensor,
    mask: Tensor,
    weight: Tensor,
    bias: Tensor | None,
    padding: int,
    stride: int,
    dilation: int,
) -> Tensor:
    bias = values.new_zeros(weight.shape[0]) if bias is None else bias
    twice = (stride, stride, padding, padding, dilation, dilation)
    return torch.ops.torchvision.deform_conv2d(values, weight, offset, mask, bias, *twice, 1, 1, True)


@functools.cache
def _torchvision_works(device: str) -> bool:
    """Whether torchvision's operator exists on this device and agrees with ours; tested once."""
    if importlib.util.find_spec("torchvision") is None:
        return False
    random = torch.Generator().manual_seed(0)
    shapes = ((1, 2, 4, 5), (1, 18, 4, 5), (1, 9, 4, 5), (3, 2, 3, 3), (3,))
    values, offset, mask, weight, bias = (torch.randn(shape, generator=random).to(device) for shape in shapes)
    try:
        importlib.import_module("torchvision")
        found = _by_torchvision(values, offset, mask, weight, bias, 1, 1, 1)
    except (ImportError, OSError, RuntimeError, AttributeError, NotImplementedError):
        return False  # built for another torch, or without this device
    return torch.allclose(found, _by_corners(values, offset, mask, weight, bias, 1, 1, 1), atol=1e-5)


class DeformableConvolution(nn.Module):
    """3x3, as in CenterNet's DLA: a convolution of the input gives offsets and masks, initially 0 and 1/2.

    The authors split its 27 channels into three of 9 and join the first two; read as pairs (y, x) these are our 18.
    """

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        bound = 1 / math.sqrt(inputs * TAPS)
        self.weight = nn.Parameter(torch.empty(outputs, inputs, 3, 3).uniform_(-bound, bound))
        self.bias = nn.Parameter(torch.zeros(outputs))
        self.offsets = nn.Conv2d(inputs, 3 * TAPS, 3, padding=1)
        for start in self.offsets.parameters():
            nn.init.zeros_(start)

    def forward(self, values: Tensor) -> Tensor:
        """[B, inputs, H, W] -> [B, outputs, H, W]."""
        wide = torch.promote_types(values.dtype, torch.float32)  # places in bfloat16 would be half a cell off
        offset, mask = self.offsets(values).to(wide).split((2 * TAPS, TAPS), 1)
        return deform_conv2d(values.to(wide), offset, mask.sigmoid(), self.weight, self.bias)


class DeformableLayer(nn.Module):
    """Deformable convolution, batch norm, ReLU."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.convolution = DeformableConvolution(inputs, outputs)
        self.normalisation = nn.BatchNorm2d(outputs)
        self.activation = nn.ReLU(inplace=True)

    def forward(self, values: Tensor) -> Tensor:
        return self.activation(self.normalisation(self.convolution(values)))
