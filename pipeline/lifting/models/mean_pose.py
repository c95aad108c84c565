"""A row that nobody publishes: the average pose, fitted in closed form, in one look.

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


def build(settings: ModelSettings, parts: Parts) -> nn.Module:
    return MeanPose(parts.skeleton.joint_count)
