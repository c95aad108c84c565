"""Faces, clothes and keypoints found on bodies: the open one, and the capsules that stand in for it."""

from __future__ import annotations

import bodies
import numpy as np
import pytest
import torch

from pipeline.body.model import JOINT_NAMES
from pipeline.data.images.scenes import capsules
from pipeline.data.images.scenes.figure import PARTS, Figure, figure
from pipeline.geometry import coco_keypoints


@pytest.fixture(scope="module", params=["open body", "capsules"])
def drawn(request: pytest.FixtureRequest) -> Figure:
    return figure(bodies.small() if request.param == "open body" else capsules.body())


def middles(drawn: Figure, *parts: str) -> np.ndarray:
    where = np.isin(drawn.part, [PARTS.index(part) for part in parts])
    assert where.any(), parts
    return drawn.body.v_template.numpy()[drawn.faces[where]].mean(axis=1)


def test_keypoints_are_in_their_anatomical_places(drawn: Figure) -> None:
    still = torch.eye(3).expand(1, 24, 3, 3)
    vertices, keypoints = drawn.posed(torch.zeros(1, drawn.body.shape_count), still)
    place = dict(zip(coco_keypoints.NAMES, keypoints[0], strict=True))
    mirrored = keypoints[0][list(coco_keypoints.MIRRORED)] * (-1, 1, 1)
    np.testing.assert_allclose(keypoints[0], mirrored, atol=0.016)
    assert all(place[name][0] > 0.02 for name in coco_keypoints.NAMES if name.startswith("left_"))
    assert place["nose"][1] < place["left_eye"][1] < vertices[0, :, 1].max()
    assert place["nose"][2] > place["left_eye"][2] > place["left_ear"][2]
    assert place["left_ear"][0] > place["left_eye"][0]
    joints = drawn.body.joints(torch.zeros(1, drawn.body.shape_count))[0].numpy()
    for part in ("shoulder", "elbow", "wrist", "hip", "knee", "ankle"):
        np.testing.assert_allclose(place[f"right_{part}"], joints[JOINT_NAMES.index(f"right_{part}")], atol=1e-5)


def test_the_face_is_in_front_and_the_hair_behind(drawn: Figure) -> None:
    rest = drawn.body.v_template.numpy()[list(drawn.head_vertices)]
    nose, ears = rest[0], rest[3:].mean(axis=0)
    hair = middles(drawn, "hair")
    for part in ("eye", "mouth", "nose"):
        assert (middles(drawn, part)[:, 2] > ears[2]).all()
    assert (middles(drawn, "mouth")[:, 1] < nose[1]).all() and (middles(drawn, "eye")[:, 1] > nose[1]).all()
    assert hair[:, 2].min() < ears[2] - 0.05 and hair[:, 1].max() > nose[1] + 0.09
    assert not ((hair[:, 2] > ears[2] + 0.05) & (hair[:, 1] < nose[1])).any()  # no beard
    assert (middles(drawn, "eye")[:, 0] > 0).any() and (middles(drawn, "eye")[:, 0] < 0).any()


def test_a_shirts_mark_is_in_front_only_and_clothes_are_in_their_places(drawn: Figure) -> None:
    back = middles(drawn, "shirt_back")[:, 2].mean()
    assert middles(drawn, "mark")[:, 2].min() > back and middles(drawn, "shirt_front")[:, 2].mean() > back + 0.05
    order = ("shoe", "shin", "trousers", "shirt_front", "mark", "eye")
    heights = [middles(drawn, part)[:, 1].mean() for part in order]
    assert heights == sorted(heights)


def test_colours_do_not_show_left_and_right(drawn: Figure) -> None:
    """Every part is symmetric."""
    for part in PARTS:
        found = middles(drawn, part)
        assert abs(found[:, 0].mean()) < 0.15 * abs(found[:, 0]).max() + 0.01, part
