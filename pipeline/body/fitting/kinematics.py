"""Computes the 17 landmarks of a body from joint rotations without its skin, because fitting needs only these.

16 of SMPL's 24 joints rotate; ankles, feet, wrists and hands move no landmark and stay at rest. A landmark is at
x = t + J_0 + sum over the joints j above it of R_j v_j, where R_j is the joint's world rotation and v_j the rest vector
from joint j to the next point of the chain. All frames of one shape share the v, so a batch is one product.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from pipeline.body.landmarks import LANDMARK_OWNERS, Landmarks
from pipeline.body.model import PARENTS
from pipeline.geometry.camera import multiply, rotation_matrix

# The joints that rotate, parents first.
FREE = (0, 1, 2, 3, 4, 5, 6, 9, 12, 13, 14, 15, 16, 17, 18, 19)
SLOT = {joint: slot for slot, joint in enumerate(FREE)}  # a free joint's index in every [.., 16, ..] tensor
JOINTS, LANDMARKS = len(PARENTS), len(LANDMARK_OWNERS)


class Limb(NamedTuple):
    upper: int  # SMPL joint
    lower: int  # SMPL joint, the hinge
    points: tuple[int, int, int]  # landmarks from trunk to tip
    axis: tuple[float, float, float]  # a positive rotation about it (body axes, at rest) bends the limb


# SMPL's T-pose faces +z with y up and x to the person's left: a knee bends backwards, an elbow forwards.
LEGS = (Limb(1, 4, (4, 5, 6), (1.0, 0.0, 0.0)), Limb(2, 5, (1, 2, 3), (1.0, 0.0, 0.0)))
ARMS = (Limb(16, 18, (11, 12, 13), (0.0, -1.0, 0.0)), Limb(17, 19, (14, 15, 16), (0.0, 1.0, 0.0)))
LIMBS = (*LEGS, *ARMS)
HINGES = [FREE.index(limb.lower) for limb in LIMBS]


def path(joint: int) -> tuple[int, ...]:
    """The joints from the root to this one."""
    return (*path(PARENTS[joint]), joint) if joint >= 0 else ()


def _levels() -> tuple[tuple[list[int], list[int]], ...]:
    """Slots of the free joints and of their parents, level by level below the root."""
    depth = {joint: len(path(joint)) for joint in FREE}
    levels = []
    for level in range(2, max(depth.values()) + 1):
        joints = [joint for joint in FREE if depth[joint] == level]
        levels.append(([SLOT[joint] for joint in joints], [SLOT[PARENTS[joint]] for joint in joints]))
    return tuple(levels)


LEVELS = _levels()


def _links() -> Tensor:
    """The matrix [33, 16, 41] from rest points (24 joints, 17 landmarks) to rest vectors.

    The 33 points at the ends of the vectors are the 16 free joints and the 17 landmarks.
    """
    links = torch.zeros(len(FREE) + LANDMARKS, len(FREE), JOINTS + LANDMARKS)
    ends = [(joint, path(PARENTS[joint])) for joint in FREE]
    ends += [(JOINTS + landmark, path(owner)) for landmark, owner in enumerate(LANDMARK_OWNERS)]
    for point, (end, joints) in enumerate(ends):
        for start, stop in zip(joints, (*joints, end)[1:], strict=True):
            links[point, SLOT[start], stop] += 1
            links[point, SLOT[start], start] -= 1
    return links


LINKS = _links()
# [17, 16]: whether a landmark moves when a joint rotates.
MOVES = torch.tensor([[float(joint in path(owner)) for joint in FREE] for owner in LANDMARK_OWNERS])


@dataclass(frozen=True)
class Chain:
    """The rest vectors of one shape."""

    joints: Tensor  # [24, 3] m, at rest
    landmarks: Tensor  # [17, 3] m, at rest
    vectors: Tensor  # [48, 33]: (joint, axis) by end point
    straight: Tensor  # [4] rad: the bend of a hinge when its limb is straight; negative if the limb is bent at rest

    @classmethod
    def of(cls, body: Landmarks, shape: Tensor) -> Chain:
        """The body with shape coefficients [K]."""
        joints, landmarks = body.at(shape)
        points = torch.cat((joints, landmarks))
        vectors = torch.einsum("pjr,ra->jap", LINKS.to(points), points).flatten(0, 1)
        return cls(joints, landmarks, vectors, _straight(joints, landmarks))


def _straight(joints: Tensor, landmarks: Tensor) -> Tensor:
    angles = []
    for limb in LIMBS:
        upper = landmarks[limb.points[1]] - joints[limb.upper]
        lower = landmarks[limb.points[2]] - landmarks[limb.points[1]]
        sine = torch.linalg.cross(upper, lower) @ joints.new_tensor(limb.axis)
        angles.append(-torch.atan2(sine, upper @ lower))
    return torch.stack(angles)


@dataclass(frozen=True)
class Posed:
    """F poses of a chain relative to the root joint, without translation."""

    rotations: Tensor  # [F, 16, 3, 3] in the world
    joints: Tensor  # [F, 16, 3] m
    landmarks: Tensor  # [F, 17, 3] m


def world_quaternions(local: Tensor) -> Tensor:
    """World rotations [F, 16, 4] of rotations relative to the parent."""
    world = local.clone()
    for slots, parents in LEVELS:
        world[:, slots] = multiply(world[:, parents], local[:, slots])
    return world


def pose(chain: Chain, local: Tensor) -> Posed:
    """Place the points of the chain for local rotations [F, 16, 4] (unit quaternions)."""
    rotations = rotation_matrix(world_quaternions(local))
    # [F, 3, (joint, axis)] times [(joint, axis), 33]
    points = rotations.transpose(1, 2).reshape(-1, 3 * len(FREE)) @ chain.vectors
    points = points.unflatten(0, (-1, 3)).transpose(1, 2)
    return Posed(rotations, points[:, : len(FREE)], points[:, len(FREE) :])


def shape_directions(body: Landmarks, rotations: Tensor) -> Tensor:
    """Derivatives of the landmarks, relative to the root joint, by each shape coefficient, [F, 17, 3, K]."""
    points = torch.cat((body.joint_directions, body.landmark_directions))  # [41, 3, K]
    vectors = torch.einsum("ljr,rbk->jblk", LINKS[len(FREE) :].to(points), points).flatten(0, 1)
    moved = rotations.transpose(1, 2).reshape(-1, 3 * len(FREE)) @ vectors.flatten(1)
    return moved.unflatten(0, (-1, 3)).unflatten(2, vectors.shape[1:]).transpose(1, 2)
