"""Finite numbers that mean "not there": how programs write a joint that was not found, in 2D and in 3D."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

NOT_FOUND = (0.0, -1.0, 9999.0, -9999.0)


def absent(points: NDArray) -> NDArray[np.bool_]:
    """Which points [..., D] are not there, [...]: all their coordinates are the same one of NOT_FOUND."""
    first = points[..., :1]
    return (points == first).all(axis=-1) & np.isin(first[..., 0], NOT_FOUND)


def absent_joints(joints: NDArray) -> NDArray[np.bool_]:
    """Which joints [N, J, 3] are not there, [N, J].

    In joints about their root, joint 0 is at the origin in every pose, and there it is.
    """
    found = absent(joints)
    poses = ~found.all(axis=1)
    if poses.any() and (joints[poses, 0] == 0).all():
        found[poses, 0] = False
    return found
