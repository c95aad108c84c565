"""Bodies in known poses, filmed by Human3.6M's cameras: what `fit_body` would find, without fitting."""

from __future__ import annotations

from dataclasses import dataclass

import bodies
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from pipeline.body.fitting import Shape, fitted_landmarks
from pipeline.body.fitting.rotations import exponential, logarithm
from pipeline.body.model import JOINT_NAMES, BodyModel
from pipeline.data.motion import rig
from pipeline.data.motion.filming import film_take
from pipeline.geometry.camera import multiply
from pipeline.geometry.poses import PoseSet, concatenate

OFFSETS = 16
HEIGHT = 0.95  # m, of the pelvis above the floor
# Of an arm that hangs, in radians about z: the body's rest pose is a T.
HANGING = {"left_shoulder": -1.3, "right_shoulder": 1.3}


@dataclass(frozen=True)
class Filmed:
    body: BodyModel
    poses: PoseSet
    fitted: dict[str, NDArray]


def standing(count: int) -> Tensor:
    """Rotation vectors [count, 24, 3] of people who stand with hanging arms and face the world's -y."""
    vectors = torch.zeros(count, len(JOINT_NAMES), 3)
    vectors[:, 0, 0] = torch.pi / 2  # the body's y is the world's z
    for joint, angle in HANGING.items():
        vectors[:, JOINT_NAMES.index(joint), 2] = angle
    return vectors


def turned(vectors: Tensor, yaw: Tensor) -> Tensor:
    """The same people turned by yaw [count] radians about the vertical."""
    upright = torch.zeros(len(yaw), 3)
    upright[:, 2] = yaw
    result = vectors.clone()
    result[:, 0] = logarithm(multiply(exponential(upright), exponential(vectors[:, 0])))
    return result


def filmed(takes: list[Tensor], subject: str = "S9") -> Filmed:
    """One take for each of the rotation vectors [F, 24, 3], at the studio's middle."""
    body = bodies.small()
    betas, offsets = torch.zeros(body.shape_count), torch.zeros(OFFSETS)
    parts, frames, first = [], [], 0
    for number, vectors in enumerate(takes):
        places = torch.tensor([0.0, 0.0, HEIGHT]).expand(len(vectors), -1)
        joints = 1000 * fitted_landmarks(body, Shape(betas, offsets), vectors, places).numpy()
        cameras = rig.place(subject, (0.0, 0.0), yaw=0.3 * number)
        part = film_take(joints, np.arange(len(vectors)), cameras, subject, "Standing", f"take {number}").poses
        parts.append(part)
        frames.append(part.frame + first)
        first += len(vectors)
    rotations = torch.cat(takes).numpy()
    fitted = {
        "row_frame": np.concatenate(frames).astype(np.int32),
        "rotations": rotations,
        "translation": np.tile(np.array([0, 0, HEIGHT], dtype=np.float32), (len(rotations), 1)),
        "betas": betas.numpy()[None],
        "usable": np.ones(len(rotations), dtype=bool),
    }
    return Filmed(body, concatenate(parts), fitted)
