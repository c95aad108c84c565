"""Mirror images: a person seen in a mirror is another person, whose left is the first one's right."""

from __future__ import annotations

import torch
from torch import Tensor

from pipeline.geometry.skeleton import Skeleton


def mirrored(joints: Tensor, skeleton: Skeleton) -> Tensor:
    """Joints [..., J, 2 or 3] with x turned round and left and right exchanged; twice gives them back.

    x is 0 in the middle of the picture (screen coordinates) or at the root (poses). The lens's own centre lies a few
    pixels off the middle, which this leaves out, as is usual (Pavllo et al., "3D human pose estimation in video",
    2019).
    """
    order = list(range(skeleton.joint_count))
    for left, right in zip(skeleton.left, skeleton.right, strict=True):
        order[left], order[right] = right, left
    turned = torch.cat((-joints[..., :1], joints[..., 1:]), dim=-1)
    return turned[..., order, :]
