"""The capsules are a complete body: closed balls, joints in their places, limbs that move with them."""

from __future__ import annotations

import torch

from pipeline.body.model import JOINT_COUNT, BodyModel
from pipeline.data.images.scenes import capsules


def test_joints_are_where_they_are_stated() -> None:
    joints = capsules.body().joints(torch.zeros(1, 2))[0]
    for joint, (place, _) in (capsules.MIDDLE | capsules.LEFT).items():
        torch.testing.assert_close(joints[joint], torch.tensor(place, dtype=torch.float32), atol=1e-5, rtol=0)
    for joint, (place, _) in capsules.LEFT.items():
        torch.testing.assert_close(joints[joint + 1], torch.tensor([-place[0], *place[1:]]).float(), atol=1e-5, rtol=0)


def test_triangles_show_their_outside() -> None:
    """Normals point away from the middle of the ball or the axis of the tube: the volume is positive."""
    body = capsules.body()
    a, b, c = (body.v_template[body.faces[:, corner]] for corner in range(3))
    assert 0.05 < float((a * torch.linalg.cross(b, c)).sum() / 6) < 0.2  # m^3


def test_it_can_be_read_as_a_body_file() -> None:
    body = capsules.body()
    again = BodyModel.from_arrays(body.to_arrays(), "capsules")
    torch.testing.assert_close(again.v_template, body.v_template)


def test_a_bent_elbow_moves_the_hand_and_not_the_shoulder() -> None:
    body = capsules.body()
    rotations = torch.eye(3).repeat(1, JOINT_COUNT, 1, 1)
    rotations[0, 18] = torch.tensor([[0.0, 0, 1], [0, 1, 0], [-1, 0, 0]]).T  # about y: forward
    vertices, joints = body.skin(torch.zeros(1, 2), rotations, torch.zeros(1, 3))
    moved = (vertices[0] - body.v_template).norm(dim=1) > 1e-4
    assert set(body.weights[moved].argmax(dim=1).tolist()) <= {18, 20, 22}
    assert joints[0, 20, 2] > 0.2


def test_betas_make_it_taller_and_stouter() -> None:
    body = capsules.body()
    shapes = body.rest_vertices(torch.tensor([[0.0, 0], [1, 0], [0, 1]]))
    tall = shapes[..., 1].amax(dim=1) - shapes[..., 1].amin(dim=1)
    assert abs(float(tall[1] / tall[0]) - 1.04) < 1e-3
    hip = body.weights[:, 4] > 0
    assert shapes[2, hip, 2].max() > shapes[0, hip, 2].max() * 1.05
    torch.testing.assert_close(body.joints(torch.tensor([[0.0, 1]])), body.joints(torch.zeros(1, 2)))
