"""A split's poses as a lifting network reads them.

Pixels become screen coordinates and millimetres become root-relative metres only here, when a batch is made. On a GPU
the raw poses are in its memory. On a CPU they may be mapped from the disk: then 1.5 million poses open at once and take
only the memory of the rows that are read.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from pipeline.geometry.camera import normalize_screen
from pipeline.geometry.poses import PoseSet, concatenate
from pipeline.geometry.skeleton import HUMAN36M_16, HUMAN36M_17, KEEP_16, Skeleton
from pipeline.lifting.mesh_targets import MeshBatch, MeshTargets

if TYPE_CHECKING:
    from pipeline.config import LiftingVariant

MILLIMETRES = 1000.0  # in a metre
PROTOCOL_2_STRIDE = 64

Rows = slice | Tensor


@dataclass(frozen=True)
class LiftingData:
    """N poses of J joints. `pose_set` has their names and cameras."""

    keypoints_2d: Tensor  # [N, 17, 2] px
    joints_3d: Tensor  # [N, 17, 3] mm in the camera's frame
    sizes: Tensor  # [cameras, 2] px, the images' widths and heights
    camera: Tensor  # [N] index into sizes
    action: Tensor  # [N] index into pose_set.actions
    subject: Tensor  # [N] index into pose_set.subjects
    joints: Tensor  # [J] which of the 17 joints the skeleton has
    pose_set: PoseSet
    skeleton: Skeleton
    meshes: MeshTargets | None = None  # if the network learns them too

    def __len__(self) -> int:
        return len(self.keypoints_2d)

    @property
    def device(self) -> str:
        return str(self.keypoints_2d.device)

    @classmethod
    def from_pose_set(
        cls,
        pose_set: PoseSet,
        device: str = "cpu",
        skeleton: Skeleton = HUMAN36M_16,
        meshes: MeshTargets | None = None,
    ) -> LiftingData:
        """Put a pose set on the device. Batches are index operations from then on."""
        sizes = [(camera.width, camera.height) for camera in pose_set.cameras]
        return cls(
            keypoints_2d=_tensor(pose_set.keypoints_2d).to(device),
            joints_3d=_tensor(pose_set.joints_3d).to(device),
            sizes=torch.tensor(sizes, dtype=torch.float32, device=device),
            camera=_tensor(pose_set.camera).long().to(device),
            action=_tensor(pose_set.action).long().to(device),
            subject=_tensor(pose_set.subject).long().to(device),
            joints=torch.tensor(joint_choice(skeleton), device=device),
            pose_set=pose_set,
            skeleton=skeleton,
            meshes=meshes,
        )

    def batch(self, rows: Rows) -> tuple[Tensor, Tensor]:
        """Inputs and targets of some poses: a slice, or row numbers [n] on the device."""
        return self.inputs_of(rows), self.targets_of(rows)

    def inputs_of(self, rows: Rows) -> Tensor:
        """[n, J, 2] screen coordinates: the width spans [-1, 1]."""
        width, height = self.sizes[self.camera[rows]][:, :, None].unbind(dim=1)
        return normalize_screen(self.keypoints_2d[rows].index_select(1, self.joints), width, height)

    def targets_of(self, rows: Rows) -> Tensor:
        """[n, J, 3] metres in the camera's frame, relative to the root."""
        joints_3d = self.joints_3d[rows].index_select(1, self.joints)
        return (joints_3d - joints_3d[:, :1]) / MILLIMETRES

    def meshes_of(self, rows: Rows) -> MeshBatch | None:
        """The coarse meshes of these poses; None if the data have none."""
        return self.meshes.of(rows) if self.meshes else None

    @property
    def inputs(self) -> Tensor:
        """All inputs, [N, J, 2]."""
        return self.inputs_of(slice(None))

    @property
    def targets(self) -> Tensor:
        """All targets, [N, J, 3]."""
        return self.targets_of(slice(None))

    def every(self, count: int) -> LiftingData:
        """About `count` poses spread evenly over the split, or all of them if it has no more."""
        rows = np.arange(0, len(self), max(1, len(self) // count))
        meshes = self.meshes and self.meshes.select(torch.from_numpy(rows).to(self.device))
        return self.from_pose_set(self.pose_set.select(rows), self.device, self.skeleton, meshes)


def _tensor(array: NDArray) -> Tensor:
    """A tensor that shares the array's memory: the tensor of a mapped array is mapped too."""
    return torch.from_numpy(np.asarray(array))


def skeleton_of(variant: LiftingVariant) -> Skeleton:
    """The skeleton of a variant's input and output."""
    return HUMAN36M_17 if variant.joints == HUMAN36M_17.joint_count else HUMAN36M_16


def joint_choice(skeleton: Skeleton) -> list[int]:
    """Indices of a skeleton's joints among the 17 of a pose set. Raises ValueError for an unknown skeleton."""
    if skeleton == HUMAN36M_17:
        return list(range(HUMAN36M_17.joint_count))
    if skeleton == HUMAN36M_16:
        return list(KEEP_16)
    raise ValueError(f"no view of the 17 joints for the skeleton {skeleton.name!r}")


def semgcn_protocol_2(train: PoseSet, test: PoseSet) -> tuple[PoseSet, PoseSet]:
    """SemGCN's Protocol #2 (Section 5.2): all test subjects but the last become training subjects.

    The last one is tested on every 64th frame. In Human3.6M, S9 joins the training subjects and S11 remains.
    """
    last = test.subject == len(test.subjects) - 1
    rows = np.flatnonzero(last)
    return concatenate([train, test.select(~last)]), test.select(rows[::PROTOCOL_2_STRIDE])
