"""What the three stages of training minimise (SemGCN, Sections 4.3 and 5.1).

Both losses are sums over a pose's joints, averaged over the batch. The last stage adds them with equal weights.
"""

from __future__ import annotations

import torch
from torch import Tensor

from pipeline.geometry.skeleton import Skeleton


def integral_loss(keypoints_2d: Tensor, target: Tensor, side: float) -> Tensor:
    """The distance along x and y of 2D joints [B, J, 2] from their true places, in sides of the image (`side` px).

    Sun et al. 2018 compare distances and squares, and train with distances.
    """
    _check_shapes(keypoints_2d, target)
    return (keypoints_2d - target).abs().sum() / (side * len(target))


def joint_loss(prediction: Tensor, target: Tensor) -> Tensor:
    """Squared errors of the joints [B, J, 3]: Eq. 7 without its bones, as in Configuration #1."""
    _check_shapes(prediction, target)
    return (prediction - target).square().sum() / len(target)


def joint_and_bone_loss(prediction: Tensor, target: Tensor, skeleton: Skeleton) -> Tensor:
    """Eq. 7: squared errors of the joints [B, J, 3] and of the bones, the vectors between a joint and its parent."""
    error = prediction - target
    return bones(error, skeleton).square().sum() / len(target) + joint_loss(prediction, target)


def bones(joints: Tensor, skeleton: Skeleton) -> Tensor:
    """Eq. 8: the vectors [..., J - 1, D] from every joint but the root to its parent, of joints [..., J, D]."""
    single = joints.unbind(dim=-2)  # not an index, whose tensor would have to be sent to a GPU in every step
    return torch.stack([single[parent] - single[child] for parent, child in skeleton.edges], dim=-2)


def _check_shapes(prediction: Tensor, target: Tensor) -> None:
    """ValueError if they differ."""
    if prediction.shape != target.shape:
        raise ValueError(f"prediction {list(prediction.shape)} and target {list(target.shape)} differ in shape")
