"""A pose over time as C3D, the file of biomechanics: joints as points in mm, written by ezc3d.

Axes are turned so that z is up: x right, y away from the camera, z up. Where the person was not found, points are
marked as missing (residual -1). The spread is not in the file: the format has a byte for a point's residual, and
readers disagree on which. ezc3d is an extra of this package, because it is a compiled library that nothing else here
needs.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipeline.geometry.skeleton import Skeleton

MISSING = -1.0
ABSENT = "no C3D, because ezc3d is not installed; pip install '.[biomechanics]' in the checkout adds it"


def available() -> bool:
    """Whether ezc3d is installed."""
    return importlib.util.find_spec("ezc3d") is not None


def write(path: Path, joints: NDArray, ticks: NDArray, skeleton: Skeleton, frames_per_second: float) -> None:
    """Write joints [F, J, 3] mm in the camera's axes; `ticks` [F] are their frames, from 0."""
    import ezc3d

    count = int(ticks[-1]) + 1
    points = np.full((4, skeleton.joint_count, count), np.nan)
    points[:3, :, ticks] = np.stack((joints[..., 0], joints[..., 2], -joints[..., 1])).transpose(0, 2, 1)
    points[3, :, ticks] = 1.0
    residuals = np.full((1, skeleton.joint_count, count), MISSING)
    residuals[..., ticks] = 0.0
    file = ezc3d.c3d()
    settings = file["parameters"]["POINT"]
    settings["RATE"]["value"] = [frames_per_second]
    settings["LABELS"]["value"] = [name.replace("/", "_") for name in skeleton.names]
    settings["UNITS"]["value"] = ["mm"]
    file.add_parameter("POINT", "X_SCREEN", ["+X"])
    file.add_parameter("POINT", "Y_SCREEN", ["+Z"])
    file["data"]["points"] = points
    file["data"]["meta_points"]["residuals"] = residuals
    file["data"]["meta_points"]["camera_masks"] = np.zeros((7, skeleton.joint_count, count), dtype=bool)
    file.write(str(path))
