"""Virtual cameras: Human3.6M's four cameras placed around a take of another source, and what they see.

The rig keeps its shape, heights and lenses. It is only turned about the vertical and moved over the floor, so that the
point where its optical axes meet is above the middle of the take. Worlds are in mm with z up and the floor at 0.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray

from pipeline.geometry import human36m
from pipeline.geometry.camera import Camera, multiply, rotation_matrix


def meeting_point(cameras: Sequence[Camera]) -> NDArray[np.float64]:
    """The point [3] with the least squared distance to all optical axes."""
    centers = np.array([camera.translation for camera in cameras])
    directions = rotation_matrix(torch.tensor([camera.orientation for camera in cameras]).double()).numpy()[:, :, 2]
    across = np.eye(3) - directions[:, :, None] * directions[:, None, :]  # leaves only what is across the axis
    return np.linalg.solve(across.sum(axis=0), (across @ centers[:, :, None]).sum(axis=0))[:, 0]


def place(subject: str, center: ArrayLike, yaw: float) -> list[Camera]:
    """The rig of one of Human3.6M's subjects, moved to `center` [2] (mm, world x and y).

    `yaw` radians turn it about the vertical, counter-clockwise from above. Raises KeyError for an unknown subject.
    """
    cameras = human36m.rig(subject)
    middle = meeting_point(cameras)[:2]
    turn = np.array([[np.cos(yaw), -np.sin(yaw)], [np.sin(yaw), np.cos(yaw)]])
    turn_quaternion = torch.tensor([np.cos(yaw / 2), 0.0, 0.0, np.sin(yaw / 2)])
    placed = []
    for camera in cameras:
        ground = turn @ (np.array(camera.translation[:2]) - middle) + np.asarray(center, dtype=np.float64)
        orientation = multiply(turn_quaternion, torch.tensor(camera.orientation).double())
        translation = (*ground.tolist(), camera.translation[2])
        placed.append(replace(camera, orientation=tuple(orientation.tolist()), translation=translation))
    return placed


def film(
    joints_world: NDArray[np.floating], cameras: Sequence[Camera]
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.bool_]]:
    """What the cameras see of a take's joints [T, J, 3] mm: `keypoints_2d`, `joints_camera` and `keep`.

    Keypoints [C, T, J, 2] are pixels, distorted as in Human3.6M's own ground truth; joints [C, T, J, 3] are mm in each
    camera's frame. `keep` [C, T] is true where every joint lies in front of the camera and in its image.
    """
    world = torch.from_numpy(np.ascontiguousarray(joints_world, dtype=np.float64))
    joints_camera = torch.stack([camera.to_camera(world) for camera in cameras])
    keypoints_2d = torch.stack([camera.to_image(joints) for camera, joints in zip(cameras, joints_camera, strict=True)])
    sizes = torch.tensor([(camera.width, camera.height) for camera in cameras])[:, None, None, :]
    inside = ((keypoints_2d >= 0) & (keypoints_2d < sizes)).all(dim=-1) & (joints_camera[..., 2] > 0)
    return keypoints_2d.float().numpy(), joints_camera.float().numpy(), inside.all(dim=-1).numpy()
