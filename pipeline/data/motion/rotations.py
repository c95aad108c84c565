"""Euler angles to rotation matrices, for many frames at once."""

import numpy as np
import roma
import torch
from numpy.typing import NDArray


def euler(angles: NDArray[np.float64], order: str) -> NDArray[np.float64]:
    """Rotations [..., 3, 3] about fixed axes, one after the other: `order` "xyz" is Rz Ry Rx.

    `angles` [..., len(order)] radians, in the sequence of `order`; an empty order gives the identity.
    """
    if not order:
        return np.broadcast_to(np.eye(3), (*angles.shape[:-1], 3, 3))
    matrices: NDArray[np.float64] = roma.euler_to_rotmat(order, torch.from_numpy(np.ascontiguousarray(angles))).numpy()
    return matrices
