"""geometry.human36m: the cameras are where Human3.6M's paper describes them."""

import numpy as np
import pytest
import torch

from pipeline.geometry import human36m


def test_all_subjects_have_the_four_cameras() -> None:
    assert human36m.subjects() == ("S1", "S5", "S6", "S7", "S8", "S9", "S11")
    for subject in human36m.subjects():
        assert [camera.id for camera in human36m.rig(subject)] == ["54138969", "55011271", "58860488", "60457274"]


def test_published_constants() -> None:
    camera = human36m.rig("S1")[0]
    assert (camera.width, camera.height) == (1000, 1002)
    assert camera.focal_length == pytest.approx((1145.0494, 1143.7811), abs=1e-4)
    assert camera.translation == pytest.approx((1841.107, 4955.285, 1563.445), abs=1e-3)


@pytest.mark.parametrize("subject", human36m.subjects())
def test_cameras_are_in_the_corners_and_look_inwards(subject: str) -> None:
    rig = human36m.rig(subject)
    person = torch.tensor([[0.0, 0.0, 0.0], [0.0, 0.0, 1700.0]], dtype=torch.float64)  # feet and head, mid-room
    for camera in rig:
        seen = camera.to_camera(person)
        pixels = camera.to_image(seen)
        assert (seen[:, 2] > 3500).all()
        assert ((pixels > 0) & (pixels < 1000)).all()
        assert pixels[0, 1] > pixels[1, 1]  # the image's y points down, so the feet are below the head
    corners = {tuple(np.sign(camera.translation[:2])) for camera in rig}
    assert len(corners) == 4
