"""Moves MakeHuman's people, whose arms hang half down, into SMPL's rest pose: a T, palms down.

The rotations are computed joint by joint from each person's own rest joints, so all people end in the same pose and
differ in shape only. numpy and float64: this runs once, when the open body is built.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pipeline.body.model import JOINT_NAMES, PARENTS

Array = NDArray[np.float64]
JOINT_COUNT = len(JOINT_NAMES)
LEG_SPREAD = np.deg2rad(3)  # between a leg and the vertical, so that the legs do not touch
ARM = ("shoulder", "elbow", "wrist", "hand")
MIRROR = np.diag([-1.0, 1.0, 1.0])


def skin(points: Array, weights: Array, world: Array) -> Array:
    """Linear blend skinning of V vertices and 24 joints, [S, V + 24, 3], with world rotations [S, 24, 3, 3].

    Joint 0 does not move.
    """
    vertices, rest = points[:, :-JOINT_COUNT], points[:, -JOINT_COUNT:]
    joints = rest.copy()
    for joint, parent in enumerate(PARENTS[1:], start=1):
        bone = rest[:, joint] - rest[:, parent]
        joints[:, joint] = joints[:, parent] + np.einsum("sab,sb->sa", world[:, parent], bone)
    shift = joints - np.einsum("sjab,sjb->sja", world, rest)
    motion = np.concatenate([world, shift[..., None]], axis=-1).reshape(len(points), JOINT_COUNT, 12)
    blended = (weights @ motion).reshape(len(points), -1, 3, 4)
    moved = (blended[..., :3] * vertices[..., None, :]).sum(axis=-1) + blended[..., 3]
    return np.concatenate([moved, joints], axis=1)


def t_posed(points: Array, weights: Array) -> Array:
    """The same people in a T, each with the pelvis at the origin."""
    posed = skin(points, weights, rotations_to_t(points[:, -JOINT_COUNT:]))
    return posed - posed[:, -JOINT_COUNT, None]


def rotations_to_t(joints: Array) -> Array:
    """World rotations [S, 24, 3, 3] that move people with symmetric rest joints [S, 24, 3] into a T.

    Trunk, head and feet keep their orientation.
    """
    world = np.tile(np.eye(3), (len(joints), JOINT_COUNT, 1, 1))
    at = {name: joints[:, index] for index, name in enumerate(JOINT_NAMES)}
    shoulder, elbow, wrist, hand = (at[f"left_{name}"] for name in ARM)
    # The elbow bends in one plane. In a T this plane is level and the elbow bends forward, about SMPL's y axis.
    hinge = np.cross(elbow - shoulder, wrist - elbow)
    upper = _frame_to_t(elbow - shoulder, hinge)
    fore = _frame_to_t(wrist - elbow, hinge)
    grip = _swing(np.einsum("sab,sb->sa", fore, hand - wrist), np.array([1.0, 0.0, 0.0])) @ fore
    down = np.array([np.sin(LEG_SPREAD), -np.cos(LEG_SPREAD), 0.0])
    thigh = _swing(at["left_knee"] - at["left_hip"], down)
    shin = _swing(at["left_ankle"] - at["left_knee"], down)
    for name, rotation in {
        **{"shoulder": upper, "elbow": fore, "wrist": grip, "hand": grip},
        **{"hip": thigh, "knee": shin},
    }.items():
        world[:, JOINT_NAMES.index(f"left_{name}")] = rotation
        world[:, JOINT_NAMES.index(f"right_{name}")] = MIRROR @ rotation @ MIRROR
    return world


def rotation_matrices(vectors: Array) -> Array:
    """Rotation matrices [..., 3, 3] of rotation vectors [..., 3] in radians (Rodrigues)."""
    angle = np.linalg.norm(vectors, axis=-1)[..., None, None]
    x, y, z = np.moveaxis(vectors / np.maximum(angle[..., 0], 1e-12), -1, 0)
    zero = np.zeros_like(x)
    cross = np.stack([zero, -z, y, z, zero, -x, -y, x, zero], axis=-1).reshape(*vectors.shape, 3)
    return np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * (cross @ cross)


def to_world(local: Array) -> Array:
    """World rotations of rotations relative to the parent joint, both [S, 24, 3, 3]."""
    world = [local[:, 0]]
    for joint, parent in enumerate(PARENTS[1:], start=1):
        world.append(world[parent] @ local[:, joint])
    return np.stack(world, axis=1)


def _unit(vectors: Array) -> Array:
    return vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)


def _frame_to_t(along: Array, hinge: Array) -> Array:
    """The rotations [S, 3, 3] that turn the left arm's `along` to +x and the elbow's perpendicular hinge to -y."""
    first, second = _unit(along), _unit(hinge)
    frame = np.stack([first, second, np.cross(first, second)], axis=-2)  # its rows become x, y, z
    return np.array([[1.0, 0.0, 0.0], [0.0, -1.0, 0.0], [0.0, 0.0, -1.0]]) @ frame


def _swing(start: Array, end: Array) -> Array:
    """The smallest rotations [S, 3, 3] that turn `start` [S, 3] to the unit vector `end`."""
    unit = _unit(start)
    axis = np.cross(unit, end)
    sine = np.linalg.norm(axis, axis=-1, keepdims=True)
    angle = np.arctan2(sine, (unit * end).sum(axis=-1, keepdims=True))
    return rotation_matrices(axis / np.maximum(sine, 1e-12) * angle)
