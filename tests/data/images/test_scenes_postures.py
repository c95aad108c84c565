"""Postures of rendered people: angles turn as stated, and both sides have the same distribution."""

from __future__ import annotations

import numpy as np
import torch
from scipy.spatial.transform import Rotation

from pipeline.body.model import JOINT_NAMES
from pipeline.data.images.scenes import capsules, postures

LEFT = [joint for joint, name in enumerate(JOINT_NAMES) if name.startswith("left_")]
RIGHT = [JOINT_NAMES.index(JOINT_NAMES[joint].replace("left_", "right_")) for joint in LEFT]


def test_turns_follow_one_another_as_stated() -> None:
    """About x, z, y and x again, the last one first: compared with SciPy's intrinsic rotations."""
    angles = np.random.default_rng(0).normal(size=(5, 4))
    expected = Rotation.from_euler("XZY", angles[:, :3]) * Rotation.from_euler("x", angles[:, 3:])
    np.testing.assert_allclose(postures.to_rotations(angles).numpy(), expected.as_matrix(), atol=1e-6)


def test_every_rotation_is_one() -> None:
    rotations = postures.draw(50, np.random.default_rng(1))
    assert rotations.shape == (50, 24, 3, 3)
    torch.testing.assert_close(rotations @ rotations.mT, torch.eye(3).expand_as(rotations), atol=1e-5, rtol=0)
    assert (torch.linalg.det(rotations) > 0).all()


def test_both_sides_do_the_same_on_average() -> None:
    """The mirror image of a posture is as likely as the posture: means and spreads of the joints agree."""
    body = capsules.body()
    rotations = postures.draw(4000, np.random.default_rng(2))
    _, joints = body.skin(torch.zeros(1, 2), rotations, torch.zeros(4000, 3))
    left, right = joints[:, LEFT], joints[:, RIGHT] * torch.tensor([-1.0, 1.0, 1.0])
    assert (left.mean(dim=0) - right.mean(dim=0)).abs().max() < 0.025
    assert (left.std(dim=0) - right.std(dim=0)).abs().max() < 0.02


def test_people_are_upright_and_their_postures_differ() -> None:
    body = capsules.body()
    rotations = postures.draw(1000, np.random.default_rng(3))
    _, joints = body.skin(torch.zeros(1, 2), rotations, torch.zeros(1000, 3))
    height = joints[..., 1]
    assert (height[:, 15] > height[:, 0] + 0.4).float().mean() > 0.99  # head above pelvis
    assert (height[:, 7] < height[:, 0]).float().mean() > 0.99  # ankles below
    raised = (height[:, 20] > height[:, 16]).float().mean()
    assert 0.1 < raised < 0.4  # wrists above shoulders
    knees_in_front = (joints[:, 4, 2] > joints[:, 0, 2] + 0.25).float().mean()
    assert 0.08 < knees_in_front < 0.35  # sitting, or a leg lifted
