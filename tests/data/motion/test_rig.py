"""data/motion/rig.py: Human3.6M's rig keeps its shape wherever it is carried, and films what it should."""

import numpy as np
import pytest
import torch

from pipeline.data.motion import rig
from pipeline.geometry import human36m
from pipeline.geometry.camera import Camera, rotation_matrix
from pipeline.geometry.skeleton import HUMAN36M_17


def centers(cameras: list[Camera]) -> np.ndarray:
    return np.array([camera.translation for camera in cameras])


def directions(cameras: list[Camera]) -> np.ndarray:
    return rotation_matrix(torch.tensor([camera.orientation for camera in cameras]).double()).numpy()[:, :, 2]


def standing_person() -> np.ndarray:
    """A person of 17 joints at the origin who faces +x, so the left side is +y; [17, 3] mm."""
    joints = np.zeros((17, 3))
    heights = {"Hip": 950, "Spine": 1150, "Thorax": 1400, "Neck/Nose": 1550, "Head": 1700}
    heights |= {"Knee": 500, "Ankle": 80, "Shoulder": 1400, "Elbow": 1150, "Wrist": 900}
    for index, name in enumerate(HUMAN36M_17.names):
        side = {"L": 1.0, "R": -1.0}.get(name[0], 0.0) if name[1].isupper() else 0.0
        joints[index] = (0, 150 * side, heights[name.lstrip("LR") if side else name])
    return joints


def test_meeting_point_by_hand() -> None:
    # Two cameras look along +z from x = 0 and along +x from z = 50 and y = 2: they come closest at (0, 1, 50).
    lens = human36m.rig("S1")[0].to_dict()
    half = np.sqrt(0.5)
    ahead = Camera(**lens | {"orientation": (1, 0, 0, 0), "translation": (0, 0, 0)})
    across = Camera(**lens | {"orientation": (half, 0, half, 0), "translation": (-70, 2, 50)})
    np.testing.assert_allclose(rig.meeting_point([ahead, across]), [0, 1, 50], atol=1e-9)


@pytest.mark.parametrize("yaw", [0.0, 1.0, 4.5])
def test_placing_keeps_the_rigs_shape(yaw: float) -> None:
    original, placed = human36m.rig("S8"), rig.place("S8", (3000.0, -700.0), yaw)
    between = centers(original)[:, None] - centers(original)
    moved = centers(placed)[:, None] - centers(placed)
    np.testing.assert_allclose(np.linalg.norm(moved, axis=-1), np.linalg.norm(between, axis=-1))
    np.testing.assert_allclose(centers(placed)[:, 2], centers(original)[:, 2])
    np.testing.assert_allclose(directions(placed)[:, 2], directions(original)[:, 2], atol=1e-6)
    np.testing.assert_allclose(rig.meeting_point(placed)[:2], [3000, -700], atol=1e-2)
    # Seen from its own middle the rig is turned by the yaw, counter-clockwise from above.
    before = centers(original)[:, :2] - rig.meeting_point(original)[:2]
    after = centers(placed)[:, :2] - np.array([3000, -700])
    turned = np.angle((after @ [1, 1j]) / (before @ [1, 1j]))
    np.testing.assert_allclose(np.exp(1j * turned), np.exp(1j * yaw), atol=1e-5)
    for camera, source in zip(placed, original, strict=True):
        assert camera.focal_length == source.focal_length
        assert camera.id == source.id


def test_film_does_not_depend_on_where_rig_and_person_stand_together() -> None:
    person = standing_person()[None]
    here = rig.film(person, rig.place("S1", (0, 0), 0.3))
    turn = np.array([[np.cos(0.9), -np.sin(0.9), 0], [np.sin(0.9), np.cos(0.9), 0], [0, 0, 1]])
    there = rig.film(person @ turn.T + [8000, -5000, 0], rig.place("S1", (8000, -5000), 0.3 + 0.9))
    for first, second in zip(here, there, strict=True):
        np.testing.assert_allclose(first, second, atol=1e-2)


def test_film_keeps_lengths_and_shows_left_on_the_right_from_the_front() -> None:
    person = standing_person()
    cameras = rig.place("S1", (0, 0), 0.0)
    keypoints_2d, joints_camera, keep = rig.film(person[None], cameras)
    assert (keypoints_2d.shape, joints_camera.shape, keep.shape) == ((4, 1, 17, 2), (4, 1, 17, 3), (4, 1))
    assert keep.all()
    lengths = np.linalg.norm(person[:, None] - person, axis=-1)
    left, right = (HUMAN36M_17.names.index(name) for name in ("LHip", "RHip"))
    for index, camera in enumerate(cameras):
        seen = joints_camera[index, 0]
        np.testing.assert_allclose(np.linalg.norm(seen[:, None] - seen, axis=-1), lengths, atol=1e-2)
        in_front = camera.translation[0] > 0  # the person faces +x
        left_is_right = keypoints_2d[index, 0, left, 0] > keypoints_2d[index, 0, right, 0]
        assert left_is_right == in_front


def test_a_joint_outside_the_image_or_behind_the_camera_drops_the_view() -> None:
    person = standing_person()
    frames = np.stack([person, person, person])
    frames[1, HUMAN36M_17.names.index("LWrist")] = (0, 0, 4000)  # high above every image
    frames[2] += (20000, 0, 0)  # behind the cameras on one side, far off on the other
    cameras = rig.place("S1", (0, 0), 0.0)
    _, joints_camera, keep = rig.film(frames, cameras)
    assert keep[:, 0].all()
    assert not keep[:, 1].any()
    behind = (joints_camera[:, 2, :, 2] <= 0).all(axis=-1)
    assert behind.any()
    assert not keep[behind, 2].any()


def test_a_joint_behind_the_camera_is_not_seen_though_its_pixel_would_be_in_the_image() -> None:
    camera = human36m.rig("S1")[0]
    behind = np.array(camera.translation) - 3000 * directions([camera])[0]
    keypoints_2d, _, keep = rig.film(np.broadcast_to(behind, (1, 17, 3)), [camera])
    np.testing.assert_allclose(keypoints_2d[0, 0, 0], camera.center, atol=1)
    assert not keep.any()


def test_keep_is_exactly_the_images_rectangle() -> None:
    camera = human36m.rig("S1")[0]
    random = np.random.default_rng(0)
    depth = random.uniform(3000, 6000, (500, 1))
    in_camera = np.concatenate((random.uniform(-0.6, 0.6, (500, 2)) * depth, depth), axis=1)
    world = in_camera @ rotation_matrix(torch.tensor(camera.orientation).double()).numpy().T + camera.translation
    keypoints_2d, _, keep = rig.film(np.repeat(world[:, None], 17, axis=1), [camera])
    x, y = keypoints_2d[0, :, 0].T
    np.testing.assert_array_equal(keep[0], (x >= 0) & (x < 1000) & (y >= 0) & (y < 1002))
    assert 0.3 < keep.mean() < 0.9
