"""An initial guess of a body's rotations from its 17 joints, in closed form: trunk, then head, then limbs.

Frames are built from two directions: the pelvis from the hips and the direction to the spine, the chest from the
direction to the thorax and the shoulders, a limb from its upper bone and the normal of its two bones. A limb that is
nearly straight has no such normal; its rest axis, rotated by the smallest swing of the upper bone, replaces it.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import normalize

from pipeline.body.fitting.kinematics import ARMS, FREE, LEGS, SLOT, Chain, Limb
from pipeline.body.fitting.rotations import exponential, frames, inverse, logarithm, quaternion_of, swing
from pipeline.geometry.camera import multiply, rotation_matrix

STRAIGHT, BENT = 0.1, 0.35  # sines of the bend; between them the weight of the limb's own plane grows from 0 to 1


def start(chain: Chain, targets: Tensor) -> Tensor:
    """Local rotations [F, 16, 4] for joints [F, 17, 3] m in Human3.6M's order, in any axes."""
    local = targets.new_zeros(len(targets), len(FREE), 4)
    local[..., 0] = 1
    rest = chain.landmarks
    pelvis = _turn(frames(*_pelvis(rest)), frames(*_pelvis(targets)))
    chest = _turn(frames(*_chest(rest)), frames(*_chest(targets)))
    third = exponential(logarithm(multiply(inverse(pelvis), chest)) / 3)
    local[:, SLOT[0]] = pelvis
    for joint in (3, 6, 9):
        local[:, SLOT[joint]] = third
    local[:, SLOT[12]] = _neck(chain, targets, chest)
    for limbs, parent in ((LEGS, pelvis), (ARMS, chest)):
        for limb in limbs:
            local[:, SLOT[limb.upper]], local[:, SLOT[limb.lower]] = _limb(limb, chain, targets, parent)
    return local


def _pelvis(points: Tensor) -> tuple[Tensor, Tensor]:
    """Directions across the hips and from their middle to the spine; a data set's root may not be in the middle."""
    left, right = points[..., 4, :], points[..., 1, :]
    return left - right, points[..., 7, :] - (left + right) / 2


def _chest(points: Tensor) -> tuple[Tensor, Tensor]:
    """Directions from spine to thorax and across the shoulders."""
    return points[..., 8, :] - points[..., 7, :], points[..., 11, :] - points[..., 14, :]


def _turn(rest: Tensor, now: Tensor) -> Tensor:
    """The quaternions from frames at rest to present frames (both [..., 3, 3])."""
    return quaternion_of(now @ rest.transpose(-1, -2))


def _neck(chain: Chain, targets: Tensor, chest: Tensor) -> Tensor:
    """The neck relative to the chest: the smallest swing that points from thorax to head."""
    rest = chain.landmarks[10] - chain.landmarks[8]
    direction = _apply(inverse(chest), targets[:, 10] - targets[:, 8])
    return swing(rest, direction)


def _limb(limb: Limb, chain: Chain, targets: Tensor, parent: Tensor) -> tuple[Tensor, Tensor]:
    """Local rotations of upper and lower joint [F, 4] below a parent's world rotations [F, 4]."""
    first, middle, last = limb.points
    axis = targets.new_tensor(limb.axis)
    rest_upper = chain.landmarks[middle] - chain.joints[limb.upper]
    rest_lower = chain.landmarks[last] - chain.landmarks[middle]
    # In the parent's axes.
    upper = _apply(inverse(parent), targets[:, middle] - targets[:, first])
    lower = _apply(inverse(parent), targets[:, last] - targets[:, middle])
    normal = torch.linalg.cross(normalize(upper, dim=-1), normalize(lower, dim=-1))
    sine = normal.norm(dim=-1, keepdim=True)
    trust = ((sine - STRAIGHT) / (BENT - STRAIGHT)).clamp(0, 1)
    carried = _apply(swing(rest_upper, upper), axis)
    now = trust * normalize(normal, dim=-1) + (1 - trust) * carried
    upper_turn = _turn(frames(rest_upper, axis), frames(upper, now))
    lower_turn = _turn(frames(rest_lower, axis), frames(lower, now))
    return upper_turn, multiply(inverse(upper_turn), lower_turn)


def _apply(quaternions: Tensor, vectors: Tensor) -> Tensor:
    return (rotation_matrix(quaternions) @ vectors[..., None])[..., 0]
