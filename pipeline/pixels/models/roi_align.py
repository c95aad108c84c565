"""RoIAlign (He et al., "Mask R-CNN", 2017, Section 3): what a feature map has inside boxes, without rounding.

As torchvision's operator with `aligned=True`. Each box is divided into bins, each bin has a regular grid of sample
points, and a bin's value is the mean of the bilinear interpolations at its points. The grid is regular and bilinear
interpolation is a product of a row and a column part, so all of it is two matrix products with the features. They need
no index, and their gradients are the same in every run, which those of scattered reads on a GPU are not.
"""

from __future__ import annotations

import torch
from torch import Tensor


def roi_align(
    features: Tensor, boxes: Tensor, output_size: int = 1, spatial_scale: float = 1.0, samples: int = 2
) -> Tensor:
    """Features [B, C, H, W] inside boxes [B, R, 4] -> [B, R, C, output_size, output_size].

    A box is (x1, y1, x2, y2) in px of the image; a cell of the features is 1 / spatial_scale px wide, and cell i has
    its centre at i + 0.5 cells. `samples` points per bin and axis are read. A point up to one cell outside the border
    cells' centres has the border's value, and one further out has 0. Gradients reach the features and the boxes.
    Raises ValueError for other shapes.
    """
    if features.dim() != 4 or boxes.dim() != 3 or boxes.shape[-1] != 4 or len(boxes) != len(features):
        raise ValueError(
            f"expected features [B, C, H, W] and boxes [B, R, 4], found {list(features.shape)}, {list(boxes.shape)}"
        )
    x1, y1, x2, y2 = (boxes * spatial_scale - 0.5).unbind(-1)  # to indices of cells
    rows = interpolation(y1, y2, output_size, samples, features.shape[2]).to(features.dtype)
    columns = interpolation(x1, x2, output_size, samples, features.shape[3]).to(features.dtype)
    down = torch.einsum("broh,bchw->brocw", rows, features)
    return torch.einsum("brocw,brpw->brcop", down, columns)


def interpolation(start: Tensor, end: Tensor, bins: int, samples: int, cells: int) -> Tensor:
    """The weight [..., bins, cells] of every cell in each bin between start and end [...], in indices of cells."""
    steps = (torch.arange(bins * samples, dtype=start.dtype, device=start.device) + 0.5) / (bins * samples)
    places = start[..., None] + (end - start)[..., None] * steps
    inside = (places >= -1) & (places <= cells)
    at = torch.arange(cells, dtype=start.dtype, device=start.device)
    # Linear interpolation: a hat of width 1 around every cell.
    hats = (1 - (places.clamp(0, cells - 1)[..., None] - at).abs()).clamp(min=0) * inside[..., None]
    return hats.unflatten(-2, (bins, samples)).mean(dim=-2)
