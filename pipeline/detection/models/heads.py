"""CenterNet's heads: a 3x3 convolution, ReLU and a 1x1 convolution on the features, for whole maps or for chosen cells.

Offsets and sizes are read at objects' centres only, in the loss as in decoding. There a head is a product with the
3x3 patches around the cells: the same numbers as the map's for a fraction of the time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn import functional

if TYPE_CHECKING:
    from pipeline.config.detection import DetectionVariant

KEYPOINTS = 17
MAPS = ("center", "keypoint_heatmap")  # read everywhere; all other heads at cells
LOW = -2.19  # where a heatmap's logits start: a probability of 0.1 (focal loss)


def head_channels(variant: DetectionVariant, categories: int) -> dict[str, int]:
    """Channels of every head of a variant, by name, the map of centres first.

    `center` one a category; `center_offset` and `size` 2 (x, y; width, height), of boxes with K components 2 K
    (component by component), or 2 a category; `keypoint_offsets` 34 K (component, keypoint, x and y);
    `keypoint_heatmap` 17; `keypoint_local_offset` 2; `sigma` 2 K and `logits` K, both raw; with two regressors K counts
    both, and `classifier` is the logit of the first against the second.
    """
    head, kernels = variant.head, variant.head.total_components
    channels = {"center": categories, "center_offset": 2, "size": 2}
    if variant.task == "boxes":
        channels["size"] = 2 * (categories if head.per_category else kernels)
    else:
        channels |= {"keypoint_offsets": 2 * KEYPOINTS * kernels}
        channels |= {"keypoint_heatmap": KEYPOINTS, "keypoint_local_offset": 2}
    if variant.mixture:
        channels |= {"sigma": 2 * kernels, "logits": kernels}
    if head.regressors == 2:
        channels["classifier"] = 1
    return channels


class Head(nn.Module):
    """Features [B, F, G, G] -> [B, channels, G, G]; the output's bias is `start`, or torch's own where that is None."""

    def __init__(self, inputs: int, hidden: int, channels: int, start: float | None = None) -> None:
        super().__init__()
        self.hidden = nn.Conv2d(inputs, hidden, 3, padding=1)
        self.output = nn.Conv2d(hidden, channels, 1)
        if start is not None:
            nn.init.constant_(self.output.bias, start)  # type: ignore[arg-type]  # it has one

    def forward(self, features: Tensor) -> Tensor:
        return self.output(functional.relu(self.hidden(features), inplace=True))

    def at(self, patches: Tensor) -> Tensor:
        """`patches_at`'s rows [P, 9 F] -> [P, channels]."""
        weight = self.hidden.weight.permute(0, 2, 3, 1).flatten(1)
        hidden = functional.relu(functional.linear(patches, weight, self.hidden.bias), inplace=True)
        return functional.linear(hidden, self.output.weight.flatten(1), self.output.bias)


def patches_at(features: Tensor, image: Tensor, cell: Tensor) -> Tensor:
    """The 3x3 cells around cells, row by row, with zeros beyond the border.

    features [B, F, G, G'], `image` [P] in 0..B-1, `cell` [P] = y * G' + x; -> [P, 9 F], of a cell all F together.
    """
    channels, rows, columns = features.shape[1:]
    table = functional.pad(features, (1, 1, 1, 1)).permute(0, 2, 3, 1).reshape(-1, channels)
    wide = columns + 2
    corner = image * ((rows + 2) * wide) + cell // columns * wide + cell % columns
    steps = torch.arange(3, device=features.device)
    around = (steps[:, None] * wide + steps).flatten()
    index = corner[:, None] + around
    return table.index_select(0, index.flatten()).view(len(cell), 9 * channels)
