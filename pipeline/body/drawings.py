"""The data for the report's figures of a body: its T-pose, its first shape components, five well-known poses."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from pipeline.body.model import JOINT_COUNT, JOINT_NAMES, BodyModel
from pipeline.geometry.coarsening import MeshGraphs

DRAWN_COMPONENTS = 3
DRAWN_BETA = 2.5  # in both directions

Turns = tuple[tuple[str, float], ...]  # axis and degrees; the last is applied first
RELAXED: dict[str, Turns] = {
    "left_shoulder": (("z", -75),),
    "right_shoulder": (("z", 75),),
    "left_elbow": (("y", -15),),
    "right_elbow": (("y", 15),),
}
# A positive rotation about x moves what points down to the back and what points up to the front.
POSES: dict[str, dict[str, Turns]] = {
    "walking": {
        "left_hip": (("x", -28),),
        "left_knee": (("x", 10),),
        "right_hip": (("x", 20),),
        "right_knee": (("x", 35),),
        "right_ankle": (("x", 15),),
        "left_shoulder": (("x", 25), ("z", -75)),
        "right_shoulder": (("x", -28), ("z", 75)),
        "left_elbow": (("y", -20),),
        "right_elbow": (("y", 35),),
    },
    "sitting": {
        "left_hip": (("x", -88), ("z", 6)),
        "right_hip": (("x", -88), ("z", -6)),
        "left_knee": (("x", 88),),
        "right_knee": (("x", 88),),
        "left_shoulder": (("x", -25), ("z", -75)),
        "right_shoulder": (("x", -25), ("z", 75)),
        "left_elbow": (("y", -50),),
        "right_elbow": (("y", 50),),
    },
    "arms up": {
        "left_collar": (("z", 20),),
        "right_collar": (("z", -20),),
        "left_shoulder": (("z", 50),),
        "right_shoulder": (("z", -50),),
    },
    "kicking": {
        "right_hip": (("x", -80),),
        "right_knee": (("x", 8),),
        "right_ankle": (("x", 25),),
        "spine1": (("x", -6),),
        "spine2": (("x", -6),),
        "left_shoulder": (("x", -40), ("z", -40)),
        "right_shoulder": (("x", 35), ("z", 45)),
        "left_elbow": (("y", -30),),
        "right_elbow": (("y", 30),),
    },
    "bowing": {
        "pelvis": (("x", 30),),
        "left_hip": (("x", -30),),
        "right_hip": (("x", -30),),
        "spine1": (("x", 15),),
        "spine2": (("x", 12),),
        "spine3": (("x", 8),),
        "neck": (("x", 10),),
        "head": (("x", 10),),
        "left_shoulder": (("x", -20), ("z", -80)),
        "right_shoulder": (("x", -20), ("z", 80)),
    },
}


def of(body: BodyModel, small: BodyModel, graphs: MeshGraphs) -> dict[str, NDArray]:
    """Arrays for the report, in metres: the small body, and the places of the coarse nodes in the body's T-pose."""
    still = torch.zeros(1, small.shape_count)
    shapes = torch.zeros(2 * DRAWN_COMPONENTS, small.shape_count)
    for component in range(min(DRAWN_COMPONENTS, small.shape_count)):
        shapes[2 * component : 2 * component + 2, component] = torch.tensor([-DRAWN_BETA, DRAWN_BETA])
    poses, _ = small.skin(still, pose_rotations(), torch.zeros(len(POSES), 3))
    drawn_shapes = small.rest_vertices(shapes).reshape(DRAWN_COMPONENTS, 2, -1, 3)
    rest = body.v_template.numpy()
    return {
        "faces": small.faces.numpy().astype(np.int32),
        "t_pose": small.v_template.numpy(),
        "shapes": drawn_shapes.numpy(),
        "poses": poses.numpy(),
        "pose_names": np.array(list(POSES)),
        "coarse_rest": graphs.coarse.average @ rest,
        "fine_rest": graphs.fine.average @ rest,
    }


def pose_rotations() -> Tensor:
    """The five poses as rotations relative to the parent joint, [5, 24, 3, 3]."""
    rotations = torch.eye(3).repeat(len(POSES), JOINT_COUNT, 1, 1)
    for pose, turns in enumerate(POSES.values()):
        for joint, steps in (RELAXED | turns).items():
            for axis, degrees in steps:
                rotations[pose, JOINT_NAMES.index(joint)] @= _turn(axis, degrees)
    return rotations


def _turn(axis: str, degrees: float) -> Tensor:
    """A rotation [3, 3] about a coordinate axis."""
    first, second = {"x": (1, 2), "y": (2, 0), "z": (0, 1)}[axis]
    angle = np.deg2rad(degrees)
    matrix = torch.eye(3)
    matrix[first, first] = matrix[second, second] = float(np.cos(angle))
    matrix[second, first] = float(np.sin(angle))
    matrix[first, second] = -matrix[second, first]
    return matrix
