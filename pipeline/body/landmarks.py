"""The 17 joints of Human3.6M on a body in SMPL's format.

Each landmark moves rigidly with one of SMPL's joints, its owner, and depends linearly on the shape. The pelvis is the
middle of the hips, the spine joint 6, the thorax joint 12, neck/nose the middle between head joint and tip of the nose,
and the head the top vertex. The others are SMPL's joints; their owner is the joint above.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor

if TYPE_CHECKING:
    from pipeline.body.model import BodyModel

# The SMPL joint that moves each landmark, in Human3.6M's order.
LANDMARK_OWNERS = (0, 0, 2, 5, 0, 1, 4, 3, 9, 15, 15, 13, 16, 18, 14, 17, 19)
# Landmark -> the SMPL joint at the same place; pelvis (0), nose (9) and head (10) are not joints of SMPL.
SMPL_JOINT = {1: 2, 2: 5, 3: 8, 4: 1, 5: 4, 6: 7, 7: 6, 8: 12, 11: 16, 12: 18, 13: 20, 14: 17, 15: 19, 16: 21}
HEAD_JOINT = 15


@dataclass(frozen=True)
class Landmarks:
    """The part of a body that fitting needs: rest joints and landmarks in metres, linear in K shape coefficients."""

    joints: Tensor  # [24, 3]
    landmarks: Tensor  # [17, 3]
    joint_directions: Tensor  # [24, 3, K]
    landmark_directions: Tensor  # [17, 3, K]

    @property
    def coefficients(self) -> int:
        return self.joint_directions.shape[-1]

    def at(self, shape: Tensor) -> tuple[Tensor, Tensor]:
        """Rest joints [24, 3] and landmarks [17, 3] of a shape [K]."""
        return self.joints + self.joint_directions @ shape, self.landmarks + self.landmark_directions @ shape

    def to(self, device: str | torch.device, dtype: torch.dtype) -> Landmarks:
        return Landmarks(
            self.joints.to(device, dtype),
            self.landmarks.to(device, dtype),
            self.joint_directions.to(device, dtype),
            self.landmark_directions.to(device, dtype),
        )


def landmarks_of(body: BodyModel) -> Landmarks:
    """The landmarks of a body model."""
    joint_directions = torch.einsum("jv,vak->jak", body.j_regressor, body.shapedirs)
    joints = body.j_regressor @ body.v_template
    nose, top = nose_tip(body), int(body.v_template[:, 1].argmax())
    landmarks = joints.new_empty(len(LANDMARK_OWNERS), 3)
    directions = joints.new_empty(len(LANDMARK_OWNERS), *joint_directions.shape[1:])
    for of, at_joints, at_vertices in (
        (landmarks, joints, body.v_template),
        (directions, joint_directions, body.shapedirs),
    ):
        of[list(SMPL_JOINT)] = at_joints[list(SMPL_JOINT.values())]
        of[0] = (at_joints[1] + at_joints[2]) / 2
        of[9] = (at_joints[HEAD_JOINT] + at_vertices[nose]) / 2
        of[10] = at_vertices[top]
    return Landmarks(joints, landmarks, joint_directions, directions)


def nose_tip(body: BodyModel) -> int:
    """The vertex of the head that is furthest in front (SMPL's bodies face +z)."""
    heads = body.weights[:, HEAD_JOINT] > 0.5
    return int(torch.where(heads, body.v_template[:, 2], -torch.inf).argmax())
