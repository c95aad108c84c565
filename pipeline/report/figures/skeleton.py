"""Drawing a pose of Human3.6M's 17 joints, or of the 16 without Neck/Nose. J is 16 or 17."""

from __future__ import annotations

import math

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from pipeline.geometry.skeleton import HUMAN36M_16, HUMAN36M_17, Skeleton
from pipeline.report.figures.style import BLUE, GREY, VERMILION

SKELETONS = {skeleton.joint_count: skeleton for skeleton in (HUMAN36M_16, HUMAN36M_17)}
CAMERA_AZIMUTH = 60.0  # degrees: GraphMDN's Figure 2 calls this the view of the input's camera

# A person who faces the viewer, arms a little away from the body. The person's left is on the right.
TEMPLATE = {
    "Hip": (0.0, 0.0),
    "RHip": (-0.15, -0.04),
    "RKnee": (-0.19, -0.5),
    "RAnkle": (-0.21, -0.95),
    "LHip": (0.15, -0.04),
    "LKnee": (0.19, -0.5),
    "LAnkle": (0.21, -0.95),
    "Spine": (0.0, 0.27),
    "Thorax": (0.0, 0.54),
    "Head": (0.0, 0.82),
    "LShoulder": (0.2, 0.5),
    "LElbow": (0.36, 0.22),
    "LWrist": (0.48, -0.06),
    "RShoulder": (-0.2, 0.5),
    "RElbow": (-0.36, 0.22),
    "RWrist": (-0.48, -0.06),
}
TEMPLATE_POSE = np.array([TEMPLATE[name] for name in HUMAN36M_16.names])  # [16, 2], y up


def seen_from(poses: NDArray, azimuth: float) -> NDArray:
    """What a viewer sees, [..., 2] with y up, of root-relative poses [..., 3] in the camera's frame (y down, z away).

    The projection has no perspective. The viewer moves around the camera's vertical axis; at azimuth CAMERA_AZIMUTH
    it is at the camera.
    """
    angle = math.radians(azimuth - CAMERA_AZIMUTH)
    across = poses[..., 0] * math.cos(angle) + poses[..., 2] * math.sin(angle)
    return np.stack((across, -poses[..., 1]), axis=-1)


def draw(axes: Axes, joints: NDArray, opacity: float = 1.0, width: float = 1.6, color: str | None = None) -> None:
    """Draw one pose [J, 2]: the person's left side orange, the right blue, the middle grey; or all of it in `color`."""
    skeleton = SKELETONS[len(joints)]
    for parent, child in skeleton.edges:
        axes.plot(
            *joints[[parent, child]].T,
            color=color or side_color(child, skeleton),
            alpha=opacity,
            lw=width,
            solid_capstyle="round",
        )


def draw_input(axes: Axes, keypoints: NDArray) -> NDArray:
    """Draw 2D joints [J, 2] in px, as large as the axes allow. Returns them with y up."""
    upright = keypoints * [1.0, -1.0]  # images have y down
    low, high = upright.min(axis=0), upright.max(axis=0)
    draw(axes, upright)
    frame(axes, (low + high) / 2, 0.56 * np.maximum(high - low, 0.3 * (high - low).max()))
    return upright


def frame_poses(axes: Axes, poses: NDArray) -> None:
    """Show root-relative poses [..., 3] at one scale, whatever the azimuth."""
    upright = -poses[..., 1]
    across = np.hypot(poses[..., 0], poses[..., 2]).max()
    middle = np.array([0.0, (upright.max() + upright.min()) / 2])
    frame(axes, middle, 1.06 * np.array([across, np.ptp(upright) / 2]))


def side_color(joint: int, skeleton: Skeleton = HUMAN36M_16) -> str:
    if joint in skeleton.left:
        return VERMILION
    return BLUE if joint in skeleton.right else GREY


def frame(axes: Axes, middle: NDArray, reach: NDArray) -> None:
    """Show what is within `reach` [2] (across, upright) of a point, as large as the axes allow."""
    axes.set_xlim(middle[0] - reach[0], middle[0] + reach[0])
    axes.set_ylim(middle[1] - reach[1], middle[1] + reach[1])
    axes.set_aspect("equal")
