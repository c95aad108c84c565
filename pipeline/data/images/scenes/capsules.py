"""A stand-in for the open body: balls at SMPL's joints, tubes between them, an egg for a head; in the same format."""

from __future__ import annotations

import functools

import numpy as np
import torch
from numpy.typing import NDArray

from pipeline.body.model import JOINT_COUNT, PARENTS, BodyModel

Points = NDArray[np.float64]

# Joints in metres, y up, x to the person's left (the right side mirrors the left), and the half axes of their balls.
MIDDLE = {
    **{0: ((0, 0, 0), (0.15, 0.12, 0.11)), 3: ((0, 0.1, 0), (0.145, 0.1, 0.11)), 6: ((0, 0.21, 0), (0.15, 0.11, 0.11))},
    **{9: ((0, 0.33, -0.02), (0.175, 0.14, 0.12)), 12: ((0, 0.5, 0), (0.055, 0.06, 0.055))},
    **{15: ((0, 0.57, 0.01), (0.05, 0.05, 0.05))},
}
LEFT = {
    **{1: ((0.1, -0.06, 0), (0.09, 0.09, 0.09)), 4: ((0.12, -0.45, 0), (0.06, 0.06, 0.06))},
    **{7: ((0.14, -0.86, -0.01), (0.045, 0.045, 0.045)), 10: ((0.15, -0.91, 0.11), (0.045, 0.03, 0.06))},
    **{13: ((0.07, 0.45, 0), (0.07, 0.06, 0.07)), 16: ((0.18, 0.42, 0), (0.065, 0.065, 0.065))},
    **{18: ((0.44, 0.42, 0), (0.045, 0.045, 0.045)), 20: ((0.68, 0.42, 0), (0.032, 0.032, 0.032))},
    **{22: ((0.76, 0.42, 0), (0.06, 0.025, 0.04))},
}
TUBES = ((1, 4), (4, 7), (7, 10), (16, 18), (18, 20))  # left ones; carried by the first joint
HEAD_MIDDLE, HEAD_AXES, HEAD_JOINT = (0, 0.65, 0.04), (0.082, 0.13, 0.11), 15
ROUND = 8  # corners of a tube


@functools.cache
def body() -> BodyModel:
    """The capsules as a body of two shape components: taller (4 % per unit) and stouter (8 % per unit)."""
    places = MIDDLE | LEFT | {joint + 1: (mirrored(at), axes) for joint, (at, axes) in LEFT.items()}
    vertices: list[Points] = []
    outward: list[Points] = []
    faces: list[NDArray[np.int64]] = []
    carriers: list[int] = []
    regressor: list[tuple[int, NDArray[np.int64]]] = []

    def add(points: Points, away: Points, triangles: NDArray[np.int64], joint: int) -> NDArray[np.int64]:
        numbers = len(carriers) + np.arange(len(points))
        vertices.append(points)
        outward.append(away)
        faces.append(numbers[triangles])
        carriers.extend([joint] * len(points))
        return numbers

    for joint, (middle, axes) in places.items():
        points, triangles = ball(ROUND, 5)
        away = points * np.array(axes)
        regressor.append((joint, add(np.array(middle) + away, away, triangles, joint)))
    points, triangles = ball(20, 15)
    add(np.array(HEAD_MIDDLE) + points * HEAD_AXES, points * HEAD_AXES, triangles, HEAD_JOINT)
    for side in (0, 1):
        for start, end in TUBES:
            (here, wide), (there, narrow) = places[start + side], places[end + side]
            points, away, triangles = tube(np.array(here), np.array(there), min(wide), min(narrow))
            add(points, away, triangles, start + side)
    joints = np.zeros((JOINT_COUNT, len(carriers)))
    for joint, numbers in regressor:
        joints[joint, numbers] = 1 / len(numbers)
    template = np.concatenate(vertices)
    directions = np.stack([0.04 * template, 0.08 * np.concatenate(outward)], axis=-1)
    return BodyModel(
        v_template=torch.from_numpy(template).float(),
        shapedirs=torch.from_numpy(directions).float(),
        posedirs=None,
        j_regressor=torch.from_numpy(joints).float(),
        weights=torch.nn.functional.one_hot(torch.tensor(carriers), JOINT_COUNT).float(),
        faces=torch.from_numpy(np.concatenate(faces)),
        parents=PARENTS,
    )


def mirrored(point: tuple[float, float, float]) -> tuple[float, float, float]:
    """The same place on the other side."""
    return -point[0], point[1], point[2]


def ball(around: int, rings: int) -> tuple[Points, NDArray[np.int64]]:
    """A unit sphere of `rings` circles between two poles on the y axis: vertices [V, 3] and triangles."""
    height = np.linspace(np.pi / 2, -np.pi / 2, rings + 2)[1:-1]
    angle = np.arange(around) * 2 * np.pi / around
    circles = np.stack(
        [
            np.cos(height)[:, None] * np.sin(angle),
            np.repeat(np.sin(height)[:, None], around, axis=1),
            np.cos(height)[:, None] * np.cos(angle),
        ],
        axis=-1,
    )
    points = np.concatenate([circles.reshape(-1, 3), [[0, 1, 0], [0, -1, 0]]])
    top, bottom = rings * around, rings * around + 1
    here = np.arange(around)
    following = (here + 1) % around
    triangles = [
        np.stack([np.full(around, top), here, following], axis=1),
        np.stack([np.full(around, bottom), following + top - around, here + top - around], axis=1),
    ]
    for ring in range(rings - 1):
        a, b = here + ring * around, following + ring * around
        triangles += [np.stack([a, a + around, b], axis=1), np.stack([b, a + around, b + around], axis=1)]
    return points, np.concatenate(triangles)


def tube(start: Points, end: Points, radius: float, last: float) -> tuple[Points, Points, NDArray[np.int64]]:
    """An open tube from `start` to `end` of two radii: vertices [V, 3], away from its axis [V, 3], triangles."""
    axis = (end - start) / np.linalg.norm(end - start)
    across = np.cross(axis, [0, 0, 1] if abs(axis[2]) < 0.8 else [1, 0, 0])
    across /= np.linalg.norm(across)
    other = np.cross(axis, across)
    angle = np.arange(ROUND) * 2 * np.pi / ROUND
    circle = np.cos(angle)[:, None] * across + np.sin(angle)[:, None] * other
    away = np.concatenate([radius * circle, last * circle])
    points = np.repeat(np.stack([start, end]), ROUND, axis=0) + away
    here = np.arange(ROUND)
    following = (here + 1) % ROUND
    triangles = [
        np.stack([here, following, here + ROUND], axis=1),
        np.stack([following, following + ROUND, here + ROUND], axis=1),
    ]
    return points, away, np.concatenate(triangles)
