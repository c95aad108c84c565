"""Mirror images: a person seen in a mirror is another person, whose left is the first one's right."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import torch
from torch import Tensor, nn

from pipeline.geometry.skeleton import Skeleton
from pipeline.lifting.outputs import PoseAndMeshes


def mirrored(joints: Tensor, skeleton: Skeleton) -> Tensor:
    """Joints [..., J, 2 or 3] with x negated and left and right exchanged; twice gives them back.

    x is 0 in the middle of the image (screen coordinates) or at the root (poses). The lens's own centre lies a few
    pixels off the middle, which this leaves out, as is usual (Pavllo et al., "3D human pose estimation in video",
    2019).
    """
    turned = torch.cat((-joints[..., :1], joints[..., 1:]), dim=-1)
    return turned[..., _exchanged(skeleton, joints.device), :]


@cache
def _exchanged(skeleton: Skeleton, device: torch.device) -> Tensor:
    """For each joint its partner on the other side, [J]. On the device once: a recorded step can fetch nothing."""
    order = list(range(skeleton.joint_count))
    for left, right in zip(skeleton.left, skeleton.right, strict=True):
        order[left], order[right] = right, left
    return torch.tensor(order, device=device)


class MirrorTested(nn.Module):
    """A point model whose prediction is averaged with the mirrored prediction for the mirrored pose.

    In training it is the model alone. Meshes stay as they are, because it is not known which node of a coarse graph is
    the mirror image of which.
    """

    def __init__(self, model: nn.Module, skeleton: Skeleton) -> None:
        super().__init__()
        self.model = model
        self.skeleton = skeleton

    def forward(self, keypoints_2d: Tensor) -> Tensor | PoseAndMeshes:
        output = self.model(keypoints_2d)
        if self.training:
            return output
        image = self.model(mirrored(keypoints_2d, self.skeleton))
        if isinstance(output, PoseAndMeshes):
            assert isinstance(output.pose, Tensor), "a mixture has nothing to average"
            return replace(output, pose=self._average(output.pose, image.pose))
        return self._average(output, image)

    def _average(self, poses: Tensor, of_image: Tensor) -> Tensor:
        return (poses + mirrored(of_image, self.skeleton)) / 2
