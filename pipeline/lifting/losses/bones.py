"""Joints and bones, the loss of SemGCN's paper."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from pipeline.geometry.skeleton import Skeleton
from pipeline.lifting.losses.checks import check_shapes

if TYPE_CHECKING:
    from pipeline.config import LiftingVariant


def joints_and_bones(prediction: Tensor, target: Tensor, skeleton: Skeleton) -> dict[str, Tensor]:
    """SemGCN's Eq. 7 as its two terms, `joints` and `bones`; their sum is the loss.

    The paper sums squared errors of joints and of bone vectors (parent to child or back, the square is the same) with
    equal weight. Both sums are divided by 3 J here, so that `joints` is `mean_squared_error` and the two losses have
    one scale.
    """
    check_shapes(prediction, target)
    error = prediction - target
    # Joint by joint, because a list of indices would be copied to the device in every step.
    bone_error = torch.stack([error[:, child] - error[:, parent] for parent, child in skeleton.edges])
    return {
        "joints": error.square().mean(),
        "bones": bone_error.square().sum() / error.numel(),
    }


def pose_terms(variant: LiftingVariant, pose: Tensor, targets: Tensor, skeleton: Skeleton) -> dict[str, Tensor]:
    return joints_and_bones(pose, targets, skeleton)
