"""A split's poses on the device, as a lifting network reads them.

The only place where pixels become screen coordinates and millimetres become root-relative metres.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from pipeline.geometry.camera import normalize_screen
from pipeline.geometry.poses import PoseSet
from pipeline.geometry.skeleton import HUMAN36M_16, HUMAN36M_17, KEEP_16, Skeleton

MILLIMETRES = 1000.0  # in a metre


@dataclass(frozen=True)
class LiftData:
    """N poses of J joints. The pose set stays at hand for names, cameras and pixels."""

    inputs: Tensor  # [N, J, 2] screen coordinates: the width spans [-1, 1]
    targets: Tensor  # [N, J, 3] metres in the camera's frame, relative to the root
    action: Tensor  # [N] index into pose_set.actions
    subject: Tensor  # [N] index into pose_set.subjects
    pose_set: PoseSet
    skeleton: Skeleton

    def __len__(self) -> int:
        return len(self.inputs)

    @classmethod
    def from_pose_set(cls, pose_set: PoseSet, device: str = "cpu", skeleton: Skeleton = HUMAN36M_16) -> LiftData:
        """Put a pose set on the device in one go; batches are index operations from there on."""
        joints = joint_choice(skeleton)
        width, height = torch.from_numpy(pose_set.picture_sizes()).to(device)[:, :, None].unbind(dim=1)
        keypoints_2d = torch.from_numpy(pose_set.keypoints_2d).to(device)[:, joints]
        joints_3d = torch.from_numpy(pose_set.joints_3d).to(device)[:, joints]
        return cls(
            inputs=normalize_screen(keypoints_2d, width, height),
            targets=(joints_3d - joints_3d[:, :1]) / MILLIMETRES,
            action=torch.from_numpy(pose_set.action).long().to(device),
            subject=torch.from_numpy(pose_set.subject).long().to(device),
            pose_set=pose_set,
            skeleton=skeleton,
        )

    def every(self, count: int) -> LiftData:
        """About `count` poses spread evenly over the split; all of them where it has no more."""
        rows = torch.arange(0, len(self), max(1, len(self) // count))
        there = rows.to(self.inputs.device)
        return LiftData(
            self.inputs[there],
            self.targets[there],
            self.action[there],
            self.subject[there],
            self.pose_set.select(rows.numpy()),
            self.skeleton,
        )


def joint_choice(skeleton: Skeleton) -> list[int]:
    """Which of a pose set's 17 joints a skeleton has."""
    if skeleton == HUMAN36M_17:
        return list(range(HUMAN36M_17.joint_count))
    if skeleton == HUMAN36M_16:
        return list(KEEP_16)
    raise ValueError(f"no view of the 17 joints for the skeleton {skeleton.name!r}")
