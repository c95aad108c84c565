"""Joints from vertices: each joint is a mean of the vertices around it, as in SMPL, fitted to people in many poses.

numpy and float64. `points` are a body's V vertices followed by its 24 joints; `moves` are their displacements by the
shape components.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import nnls

from pipeline.body.model import JOINT_COUNT, JOINT_NAMES
from pipeline.body.open_body import t_pose

Array = NDArray[np.float64]

POSES = 200
CANDIDATES = 600  # the vertices nearest to a joint; the joint is a mean of some of them
SUM_WEIGHT = 10.0  # of the equation "the coefficients sum to 1"; the other equations are in metres

# Standard deviation of the joints' rotations about each axis, in radians; elbows and knees are below, others fixed.
SPREAD = {
    **{"hip": 0.5, "shoulder": 0.6, "wrist": 0.3, "ankle": 0.25, "collar": 0.1, "foot": 0.1, "hand": 0.1},
    **{"neck": 0.2, "head": 0.2, "spine1": 0.15, "spine2": 0.15, "spine3": 0.15},
}
FURTHEST_BEND = 2.0  # radians, of elbows and knees


def regress(points: Array) -> Array:
    """Coefficients [24, V] from vertices to joints, fitted to points [S, V + 24, 3]; none is negative, rows sum to 1.

    The T-pose alone would allow many solutions; other poses show which vertices move with a joint.
    """
    vertices, joints = points[:, :-JOINT_COUNT], points[:, -JOINT_COUNT:]
    regressor = np.zeros((JOINT_COUNT, vertices.shape[1]))
    for joint in range(JOINT_COUNT):
        near = np.argsort(np.linalg.norm(vertices[0] - joints[0, joint], axis=1), kind="stable")[:CANDIDATES]
        offsets = vertices[:, near] - joints[:, joint, None]  # [S, C, 3]: their weighted mean must be zero
        equations = offsets.transpose(0, 2, 1).reshape(-1, len(near))
        equations = np.concatenate([equations, np.full((1, len(near)), SUM_WEIGHT)])
        wanted = np.zeros(len(equations))
        wanted[-1] = SUM_WEIGHT
        found, _ = nnls(equations, wanted)
        regressor[joint, near] = found / found.sum()
    return regressor


def with_joints(vertices: Array, regressor: Array) -> Array:
    """Points [..., V + 24, 3] of vertices [..., V, 3]."""
    return np.concatenate([vertices, regressor @ vertices], axis=-2)


def of_all_shapes(mean: Array, moves: Array) -> Array:
    """Points in a T: the average, and each component at +2 and -2 standard deviations, [1 + 2 B, V + 24, 3]."""
    return np.concatenate([mean[None], mean + 2 * moves, mean - 2 * moves])


def posed(mean: Array, moves: Array, weights: Array, rng: np.random.Generator) -> Array:
    """Points of random people in random poses, [200, V + 24, 3]."""
    betas = rng.normal(size=(POSES, len(moves)))
    points = mean + (betas @ moves.reshape(len(moves), -1)).reshape(POSES, *mean.shape)
    return t_pose.skin(points, weights, t_pose.to_world(t_pose.rotation_matrices(draw_poses(POSES, rng))))


def error(template: Array, components: Array, weights: Array, regressor: Array, seed: int) -> float:
    """Mean distance in mm between joints regressed from posed vertices and those of the skeleton."""
    mean, moves = with_joints(template, regressor), with_joints(components, regressor)
    points = posed(mean, moves, weights, np.random.default_rng(seed))
    distances = np.linalg.norm(regressor @ points[:, :-JOINT_COUNT] - points[:, -JOINT_COUNT:], axis=-1)
    return float(1000 * distances.mean())


def draw_poses(count: int, rng: np.random.Generator) -> Array:
    """Random rotation vectors [S, 24, 3] within roughly human limits. Elbows and knees bend in one direction."""
    vectors = rng.normal(size=(count, JOINT_COUNT, 3))
    bends = rng.uniform(0, FURTHEST_BEND, size=(count, JOINT_COUNT))
    for joint, name in enumerate(JOINT_NAMES):
        side, _, part = name.rpartition("_")
        vectors[:, joint] *= SPREAD.get(part, 0.0)
        if part == "knee":
            vectors[:, joint, 0] = bends[:, joint]
        if part == "elbow":
            vectors[:, joint, 1] = bends[:, joint] * (-1 if side == "left" else 1)
    return vectors
