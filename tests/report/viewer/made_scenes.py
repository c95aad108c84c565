"""Poses made for tests of the viewer: five hypotheses that a camera sees in nearly the same place."""

from __future__ import annotations

import numpy as np

from pipeline.report.figures.skeleton import TEMPLATE_POSE
from pipeline.report.viewer import Group, Lens, Mesh, Scene

TILT = np.radians(12)  # the camera looks down
TILTED = np.array([[1, 0, 0], [0, np.cos(TILT), -np.sin(TILT)], [0, np.sin(TILT), np.cos(TILT)]])
LENS = Lens(np.array([200.0, -100.0, 4800.0]), np.array([1145.0, 1143.0]), np.array([512.0, 515.0]))
WEIGHTS = np.array([0.5, 0.25, 0.15, 0.07, 0.03])


def scene(number: int = 0, *, truth: bool = True, lens: Lens | None = LENS) -> Scene:
    """A person of 16 joints. The hypotheses lie on the rays through the true joints, so the camera sees them as one."""
    random = np.random.default_rng(number)
    pose = np.concatenate([TEMPLATE_POSE * [900, -900], random.normal(0, 120, (16, 1))], axis=1)
    pose = (pose - pose[0]) @ TILTED.T
    scales = 1 + random.normal(0, 0.02, (len(WEIGHTS), 16, 1))
    hypotheses = scales * (pose + LENS.root) - LENS.root
    hypotheses[:, 0] = 0
    return Scene(
        label=f"Pose {number}",
        hypotheses=hypotheses,
        weights=WEIGHTS,
        truth=pose if truth else None,
        error=40.0 + 10 * number if truth else None,
        keypoints_2d=LENS.project(pose),
        lens=lens,
        up=TILTED @ [0.0, -1.0, 0.0],
        meshes=(Mesh("two nodes", pose[:2], np.array([[0, 1]])),),
    )


def groups() -> list[Group]:
    return [
        Group("Chosen poses", [scene(number) for number in range(4)], "Made by hand."),
        Group("A take", [scene(number, truth=False) for number in range(3)], frames_per_second=5.0),
    ]
