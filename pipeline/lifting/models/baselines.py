"""A row that nobody publishes: the best linear map, fitted in closed form, in one look.

It is a module with buffers, so that it is saved, loaded and evaluated like the networks. Until `fit` every prediction
is NaN.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from pipeline.lifting.models.parts import Parts

if TYPE_CHECKING:
    from pipeline.config import ModelSettings


class LinearLeastSquares(nn.Module):
    """The best linear map, with intercept, from all 2D to all 3D coordinates: [B, J, 2] -> [B, J, 3]."""

    weight: Tensor
    bias: Tensor

    def __init__(self, joint_count: int) -> None:
        super().__init__()
        self.register_buffer("weight", torch.full((2 * joint_count, 3 * joint_count), torch.nan))
        self.register_buffer("bias", torch.full((3 * joint_count,), torch.nan))

    def fit(self, inputs: Tensor, targets: Tensor) -> None:
        """From inputs [N, J, 2] and targets [N, J, 3]; of several best maps the smallest."""
        x, y = inputs.flatten(1).double(), targets.flatten(1).double()
        x_mean, y_mean = x.mean(dim=0), y.mean(dim=0)
        x, y = x - x_mean, y - y_mean
        weight = torch.linalg.pinv(x.t() @ x, hermitian=True) @ (x.t() @ y)
        self.weight.copy_(weight)
        self.bias.copy_(y_mean - x_mean @ weight)

    def forward(self, keypoints_2d: Tensor) -> Tensor:
        flat = torch.addmm(self.bias, keypoints_2d.flatten(1), self.weight)
        return flat.view(len(keypoints_2d), -1, 3)


def build(settings: ModelSettings, parts: Parts) -> nn.Module:
    return LinearLeastSquares(parts.skeleton.joint_count)
