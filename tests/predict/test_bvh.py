"""A BVH file, read and played by a small player of its own, shows the poses that it was written from."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from pipeline.data.motion.settings import SyntheticMotion
from pipeline.data.motion.synthetic import joints as motion
from pipeline.data.motion.synthetic.body import TEST
from pipeline.geometry.skeleton import HUMAN36M_16, HUMAN36M_17, KEEP_16, Skeleton
from pipeline.predict import bvh


def take(action: str) -> np.ndarray:
    """A made take in a camera's axes (y down, z away), mm, relative to the pelvis: its bones keep their lengths."""
    settings = SyntheticMotion(frames_per_second=5.0, seconds_per_take=4.0, seed=0)
    world, _ = motion(TEST[0], action, 0, settings)
    poses = np.stack((world[..., 0], -world[..., 2], world[..., 1]), axis=-1)
    return poses - poses[:, :1]


def played(text: str, skeleton: Skeleton) -> tuple[dict[str, np.ndarray], float]:
    """Every named joint's place and, with `end of` before its parent's name, every end's, [F, 3]; the frame time."""
    head, _, body = text.partition("MOTION\n")
    lines = body.splitlines()
    numbers = np.array([[float(value) for value in line.split()] for line in lines[2:]])
    assert len(numbers) == int(lines[0].split()[1])
    places: dict[str, np.ndarray] = {}
    stack: list[tuple[str, np.ndarray, np.ndarray]] = []
    column, name, offset = 0, "", np.zeros(3)
    for line in head.splitlines():
        match line.split():
            case ["ROOT" | "JOINT", name]:
                pass
            case ["End", "Site"]:
                name = f"end of {stack[-1][0]} {len(places)}"
            case ["OFFSET", *values]:
                offset = np.array([float(value) for value in values])
                if name.startswith("end of"):
                    places[name] = stack[-1][1] + stack[-1][2] @ offset
            case ["CHANNELS", count, *channels]:
                values = numbers[:, column : column + int(count)]
                column += int(count)
                origin = np.zeros((len(numbers), 3)) if not stack else stack[-1][1] + stack[-1][2] @ offset
                turn = np.tile(np.eye(3), (len(numbers), 1, 1)) if not stack else stack[-1][2]
                for channel, value in zip(channels, values.T, strict=True):
                    if channel.endswith("position"):
                        origin = origin + value[:, None] * np.eye(3)["XYZ".index(channel[0])]
                    else:
                        turn = turn @ Rotation.from_euler(channel[0].lower(), value[:, None], degrees=True).as_matrix()
                places[name] = origin
                stack.append((name, origin, turn))
            case ["}"]:
                if name.startswith("end of"):
                    name = ""
                else:
                    stack.pop()
    assert column == numbers.shape[1] and not stack
    return places, float(lines[1].split()[2])


def expected(poses: np.ndarray) -> np.ndarray:
    """cm, y up."""
    return poses / 10 * (1, -1, -1)


@pytest.mark.parametrize("action", ["Walking", "Sitting", "Photo"])
@pytest.mark.parametrize("skeleton", [HUMAN36M_16, HUMAN36M_17], ids=lambda skeleton: skeleton.name)
def test_limbs_point_where_they_pointed(action: str, skeleton: Skeleton) -> None:
    """Limbs hang on one joint each. The trunk's bones share joints, whose angles BVH keeps as they are at rest."""
    poses = take(action)[:, list(KEEP_16)] if skeleton == HUMAN36M_16 else take(action)
    places, frame_time = played(bvh.text(poses, skeleton, 5.0), skeleton)
    assert frame_time == pytest.approx(0.2)
    true = expected(poses)
    at = skeleton.names.index
    for parent, child in (("RHip", "RKnee"), ("LHip", "LKnee"), ("RShoulder", "RElbow"), ("LShoulder", "LElbow")):
        bone = places[child] - places[parent]
        truth = true[:, at(child)] - true[:, at(parent)]
        np.testing.assert_allclose(bone, truth, atol=2e-2, err_msg=child)
    assert np.linalg.norm(places["Thorax"] - true[:, at("Thorax")], axis=-1).max() < 15


def test_the_skeleton_at_rest_is_a_t_pose_with_the_lengths_of_the_take() -> None:
    poses = take("Walking")
    offsets = bvh.rest_offsets(expected(poses), HUMAN36M_17)
    length = np.linalg.norm(poses[:, 2] - poses[:, 1], axis=-1) / 10
    np.testing.assert_allclose(offsets[2], (0, -np.median(length), 0), rtol=1e-3)
    assert (offsets[[11, 12, 13], 0] > 0).all() and (offsets[[14, 15, 16], 0] < 0).all()
    np.testing.assert_allclose(offsets[[1, 2, 3]] * (-1, 1, 1), offsets[[4, 5, 6]])


def test_a_pose_at_rest_has_no_rotation() -> None:
    offsets = bvh.rest_offsets(expected(take("Walking")), HUMAN36M_17)
    rest = np.zeros((1, 17, 3))
    for parent, child in HUMAN36M_17.edges:
        rest[:, child] = rest[:, parent] + offsets[child]
    np.testing.assert_allclose(bvh.rotations(rest, offsets, HUMAN36M_17), np.tile(np.eye(3), (1, 17, 1, 1)), atol=1e-9)


def test_rotations_are_rotations_even_of_a_pose_without_extent() -> None:
    for poses in (take("Sitting"), np.zeros((2, 17, 3)), -take("Photo")):
        world = expected(poses)
        found = bvh.rotations(world, bvh.rest_offsets(world, HUMAN36M_17), HUMAN36M_17)
        np.testing.assert_allclose(
            found @ np.swapaxes(found, -1, -2), np.broadcast_to(np.eye(3), found.shape), atol=1e-6
        )
        np.testing.assert_allclose(np.linalg.det(found), 1.0, atol=1e-6)


def test_the_pelvis_moves_as_it_is_told() -> None:
    poses = take("Walking")
    root = np.cumsum(np.ones((len(poses), 3)), axis=0) * 100
    places, _ = played(bvh.text(poses, HUMAN36M_17, 30.0, root), HUMAN36M_17)
    np.testing.assert_allclose(places["Hip"], expected(root), atol=1e-3)
    still, _ = played(bvh.text(poses, HUMAN36M_17, 30.0), HUMAN36M_17)
    np.testing.assert_allclose(still["Hip"], 0.0)
