"""Drawing a pose of Human3.6M's 17 joints, or of the 16 without Neck/Nose."""

from __future__ import annotations

import math

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from pipeline.geometry.skeleton import HUMAN36M_16, HUMAN36M_17, Skeleton
from pipeline.report.figures.style import BLUE, GREY, VERMILION

SKELETONS = {skeleton.joint_count: skeleton for skeleton in (HUMAN36M_16, HUMAN36M_17)}
CAMERA_AZIMUTH = 60.0  # degrees: what GraphMDN's Figure 2 calls the view of the input's camera

# A person who stands facing the viewer, arms a little away from the body; so the person's left is on the right.
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
    """Root-relative poses [..., 3] in the camera's frame (y down, z away) -> what a viewer sees, [..., 2] with y up.

    The viewer walks around the camera's vertical axis, without perspective, and stands at the camera where the
    azimuth is CAMERA_AZIMUTH.
    """
    angle = math.radians(azimuth - CAMERA_AZIMUTH)
    across = poses[..., 0] * math.cos(angle) + poses[..., 2] * math.sin(angle)
    return np.stack((across, -poses[..., 1]), axis=-1)


def draw(axes: Axes, joints: NDArray, opacity: float = 1.0, width: float = 1.6, color: str | None = None) -> None:
    """Draw one pose [16 or 17, 2]: the person's left side in orange, the right in blue, the middle in grey.

    With a `color` all of it has that one.
    """
    skeleton = SKELETONS[len(joints)]
    for parent, child in skeleton.edges:
        axes.plot(
            *joints[[parent, child]].T,
            color=color or side_color(child, skeleton),
            alpha=opacity,
            lw=width,
            solid_capstyle="round",
        )


def side_color(joint: int, skeleton: Skeleton = HUMAN36M_16) -> str:
    if joint in skeleton.left:
        return VERMILION
    return BLUE if joint in skeleton.right else GREY


def frame(axes: Axes, middle: NDArray, reach: NDArray) -> None:
    """Show what lies within `reach` [2] (across, upright) of a point, as large as the axes allow."""
    axes.set_xlim(middle[0] - reach[0], middle[0] + reach[0])
    axes.set_ylim(middle[1] - reach[1], middle[1] + reach[1])
    axes.set_aspect("equal")
