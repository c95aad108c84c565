"""Where a predicted pose is in the picture, and roughly in front of the camera: weak perspective.

Seen from far away, a pose is drawn at one scale s: a joint at (X, Y) mm from the pelvis is at t + s (X, Y) px. The s
and t of the smallest squared distance to the 2D joints have a closed form. With a focal length f in px the depth of the
pelvis is f / s. f is not known from keypoints, so the depth is as wrong as the assumed f, and s follows the size that
the network gives people.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

# The focal length in image widths if the user names none: that of Human3.6M's cameras, 1145 px for 1000 px.
USUAL_FOCAL_LENGTH = 1.145


@dataclass(frozen=True)
class Placement:
    """The weak-perspective fit of N poses; NaN where the joints do not determine it."""

    scale: NDArray  # [N] px per mm
    root_px: NDArray  # [N, 2]
    root_mm: NDArray  # [N, 3] in the camera's frame: an estimate
    error_px: NDArray  # [N] root mean square distance between the drawn and the given joints
    error_mm: NDArray  # [N] the same in mm at the person


def place(mean: NDArray, joints: NDArray, there: NDArray, size: NDArray, focal_length: float | None) -> Placement:
    """Fit poses `mean` [N, J, 3] mm to 2D joints [N, J, 2] px; joints where `there` [N, J] is False do not count.

    `size` [N, 2] is the images' width and height in px, and the principal point is in the middle. `focal_length` is in
    px; None assumes USUAL_FOCAL_LENGTH.
    """
    weights = there / np.maximum(there.sum(axis=1, keepdims=True), 1)  # [N, J]
    flat, seen = mean[..., :2].astype(np.float64), joints.astype(np.float64)
    flat_middle = np.einsum("nj,njc->nc", weights, flat)[:, None]
    seen_middle = np.einsum("nj,njc->nc", weights, seen)[:, None]
    together = np.einsum("nj,njc,njc->n", weights, flat - flat_middle, seen - seen_middle)
    own = np.einsum("nj,njc,njc->n", weights, flat - flat_middle, flat - flat_middle)
    scale = np.divide(together, own, out=np.full(len(mean), np.nan), where=(own > 0) & (together > 0))
    root = seen_middle[:, 0] - scale[:, None] * flat_middle[:, 0]
    away = scale[:, None, None] * flat + root[:, None] - seen
    error = np.sqrt(np.einsum("nj,njc,njc->n", weights, away, away))
    focal = np.full(len(mean), focal_length) if focal_length else USUAL_FOCAL_LENGTH * size[:, 0]
    depth = focal / scale
    sideways = (root - size / 2) / scale[:, None]
    return Placement(scale, root, np.concatenate((sideways, depth[:, None]), axis=1), error, error / scale)
