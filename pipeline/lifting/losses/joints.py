"""The mean squared error of joints, as the authors of SemGCN train."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch import Tensor, nn

from pipeline.geometry.skeleton import Skeleton
from pipeline.lifting.losses.checks import check_shapes

if TYPE_CHECKING:
    from pipeline.config import LiftingVariant


def mean_squared_error(prediction: Tensor, target: Tensor) -> Tensor:
    """Mean over all coordinates of [B, J, 3], as the authors train SemGCN: Eq. 7's joint term divided by 3 J."""
    check_shapes(prediction, target)
    return nn.functional.mse_loss(prediction, target)


def pose_terms(variant: LiftingVariant, pose: Tensor, targets: Tensor, skeleton: Skeleton) -> dict[str, Tensor]:
    return {"mean squared error": mean_squared_error(pose, targets)}
