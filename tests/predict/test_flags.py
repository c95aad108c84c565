"""Doubtful input and doubtful predictions are named."""

from __future__ import annotations

import made_keypoints
import numpy as np
import pytest

from pipeline.artifacts import InputError
from pipeline.lifting.uncertainty import Poses
from pipeline.predict import flags

JOINTS = made_keypoints.human36m()[:4]
SIZE = np.tile([1000.0, 1002.0], (4, 1))
THERE = np.ones((4, 17), dtype=bool)


def poses_of(sideways: float = 0.0, deep: float = 0.0) -> Poses:
    """Two hypotheses of equal weight that differ sideways and in depth, by so many mm from their mean."""
    away = np.array([sideways, 0.0, deep])
    means = np.zeros((4, 1, 17, 3))
    both = np.concatenate((means + away, means - away), axis=1)
    return Poses(both, np.full((4, 2), 0.5), means[:, 0], np.zeros((4, 17)))


def found(joints: np.ndarray = JOINTS, there: np.ndarray = THERE, poses: Poses | None = None) -> list[list[str]]:
    return flags.find(joints, there, SIZE, poses or poses_of(), THERE[:, 0], flags.USUAL)


def test_usual_input_has_no_flag() -> None:
    assert found() == [[]] * 4
    assert set(flags.MEANING) == {
        *(flags.ABSENT, flags.UNIT, flags.SIGNED_UNIT, flags.OUTSIDE),
        *(flags.SMALL, flags.LARGE, flags.LEANING, flags.DISAGREE, flags.MISFIT),
    }


def test_joints_that_were_not_found() -> None:
    there = THERE.copy()
    there[2, 5] = False
    assert found(there=there) == [[], [], [flags.ABSENT], []]


def test_coordinates_that_are_no_pixels() -> None:
    assert all(flags.UNIT in names and flags.SMALL in names for names in found(JOINTS / 1002))
    assert all(flags.SIGNED_UNIT in names for names in found(JOINTS / 501 - 1))


def test_the_size_and_the_place_of_a_person() -> None:
    middle = np.array([500.0, 501.0])
    assert found(middle + 0.2 * (JOINTS - middle)) == [[flags.SMALL]] * 4
    assert found(middle + 4 * (JOINTS - middle)) == [[flags.LARGE]] * 4
    assert found(JOINTS + np.array([1600.0, 0.0])) == [[flags.OUTSIDE]] * 4


def test_a_person_who_lies() -> None:
    lying = JOINTS[..., ::-1].copy()
    lying[1] = JOINTS[1]
    assert found(lying) == [[flags.LEANING], [], [flags.LEANING], [flags.LEANING]]


def test_hypotheses_may_differ_in_depth_but_not_in_the_image() -> None:
    assert found(poses=poses_of(deep=400.0)) == [[]] * 4
    assert found(poses=poses_of(sideways=400.0)) == [[flags.DISAGREE]] * 4
    np.testing.assert_allclose(flags.disagreements(poses_of(sideways=30.0, deep=500.0)), 30.0)


def test_a_pose_that_could_not_be_placed() -> None:
    fits = np.array([True, False, True, True])
    raised = flags.find(JOINTS, THERE, SIZE, poses_of(), fits, flags.USUAL)
    assert raised == [[], [flags.MISFIT], [], []]


def test_the_lean_is_an_angle() -> None:
    joints = np.zeros((3, 17, 2))
    joints[:, 8] = [(0, -100), (100, 0), (-100, 100)]
    np.testing.assert_allclose(flags.leans(joints), [0, 90, 135])


def test_ranges_of_training_data_leave_it_unflagged() -> None:
    joints = np.concatenate([made_keypoints.human36m(action) for action in ("Walking", "Sitting")])
    size = np.tile([1000.0, 1002.0], (len(joints), 1))
    poses = Poses(*(np.repeat(part[:1], len(joints), axis=0) for part in vars(poses_of(sideways=3.0)).values()))
    usual = flags.of_card({"ranges": flags.ranges(joints, size[:, 0], poses)}, "card")
    all_there = np.ones(joints.shape[:2], bool)
    raised = flags.find(joints, all_there, size, poses, all_there[:, 0], usual)
    assert sum(map(len, raised)) <= 3  # the extremes themselves
    assert flags.LARGE in flags.find(joints * 1.5, all_there, size, poses, all_there[:, 0], usual)[0]


def test_a_card_with_other_ranges_is_refused() -> None:
    assert flags.of_card({}, "card") == flags.USUAL
    with pytest.raises(InputError, match="card: ranges: expected two numbers for each of size, "):
        flags.of_card({"ranges": {"size": [1]}}, "card")
