"""geometry/absent.py: what programs write for a joint that was not found, and what only looks like it."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.geometry.absent import absent, absent_joints


@pytest.mark.parametrize("size", [2, 3])
@pytest.mark.parametrize("value", [0.0, -0.0, -1.0, 9999.0, -9999.0])
def test_a_point_of_one_such_number_is_absent(value: float, size: int) -> None:
    points = np.random.default_rng(0).normal(size=(5, 17, size))
    points[2, 4] = value
    assert np.argwhere(absent(points)).tolist() == [[2, 4]]


@pytest.mark.parametrize("place", [(0, 1), (-1, 0), (5, 5), (9999, -9999), (1, 1)])
def test_other_points_are_there(place: tuple[int, int]) -> None:
    assert not absent(np.array(place))


def test_a_root_at_the_origin_of_every_pose_is_there() -> None:
    joints = np.random.default_rng(0).normal(size=(5, 17, 3))
    joints -= joints[:, :1]
    assert not absent_joints(joints).any()
    joints[3] = 0  # nobody in this one
    assert absent_joints(joints).any(axis=1).tolist() == [False, False, False, True, False]
    joints[1, 0] = 5  # not about their roots: then a root at the origin was not found
    assert absent_joints(joints)[:, 0].tolist() == [True, False, True, True, True]


def test_another_joint_at_the_origin_of_every_pose_is_absent() -> None:
    joints = np.random.default_rng(0).normal(size=(5, 17, 3))
    joints[:, 9] = 0
    assert absent_joints(joints).sum(axis=0).tolist() == [5 * (joint == 9) for joint in range(17)]
