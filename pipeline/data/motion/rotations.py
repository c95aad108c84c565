"""Euler angles to rotation matrices, for many frames at once."""

import numpy as np
from numpy.typing import NDArray


def about_axis(axis: str, angle: NDArray[np.float64]) -> NDArray[np.float64]:
    """Rotations about x, y or z by `angle` [...] radians, as matrices [..., 3, 3] for column vectors."""
    first, second = {"x": (1, 2), "y": (2, 0), "z": (0, 1)}[axis]
    rotation = np.zeros((*np.shape(angle), 3, 3))
    rotation[...] = np.eye(3)
    cosine, sine = np.cos(angle), np.sin(angle)
    rotation[..., first, first] = rotation[..., second, second] = cosine
    rotation[..., second, first] = sine
    rotation[..., first, second] = -sine
    return rotation


def euler(angles: NDArray[np.float64], order: str) -> NDArray[np.float64]:
    """Rotations [..., 3, 3] about fixed axes, one after the other: `order` "xyz" is Rz Ry Rx.

    `angles` [..., len(order)] radians, in the sequence of `order`; an empty order gives the identity.
    """
    rotation = np.broadcast_to(np.eye(3), (*angles.shape[:-1], 3, 3))
    for index, axis in enumerate(order):
        turn = about_axis(axis, angles[..., index])
        rotation = turn if index == 0 else turn @ rotation
    return rotation
