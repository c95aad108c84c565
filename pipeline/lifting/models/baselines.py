"""Baselines that no paper publishes: the mean pose and the best linear map, both fitted in closed form.

They are modules with buffers, so they are saved, loaded and evaluated like the networks. Before `fit` every prediction
is NaN.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from pipeline.lifting.models.layers import Parts

if TYPE_CHECKING:
    from pipeline.config import ModelSettings


class MeanPose(nn.Module):
    """The average training pose, whatever the input: keypoints_2d [B, J, 2] -> [B, J, 3]."""

    mean: Tensor

    def __init__(self, joint_count: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.full((joint_count, 3), torch.nan))

    def fit(self, inputs: Tensor, targets: Tensor) -> None:
        """From inputs [N, J, 2] (not looked at) and targets [N, J, 3]."""
        self.mean.copy_(targets.mean(dim=0, dtype=torch.float64))

    def forward(self, keypoints_2d: Tensor) -> Tensor:
        return self.mean.expand(len(keypoints_2d), -1, -1)


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


def build_mean_pose(settings: ModelSettings, parts: Parts) -> nn.Module:
    return MeanPose(parts.skeleton.joint_count)


def build_linear_least_squares(settings: ModelSettings, parts: Parts) -> nn.Module:
    return LinearLeastSquares(parts.skeleton.joint_count)
