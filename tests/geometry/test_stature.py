"""geometry/stature.py: a person's size along the bones, and the units that it tells apart."""

from __future__ import annotations

import human36m_files
import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from pipeline.geometry.skeleton import HUMAN36M_17
from pipeline.geometry.stature import misfit, misfit_of, stature


def straight() -> np.ndarray:
    """A person whose bones are 100 each, all in a line: 200 of legs and 400 of trunk, neck and head."""
    joints = np.zeros((17, 3))
    for child, parent in enumerate(HUMAN36M_17.parents[1:], start=1):
        joints[child] = joints[parent] + (0, 0, 100)
    return joints


def test_a_length_by_hand() -> None:
    assert stature(straight()) == pytest.approx(200 + 400)


def test_it_is_the_same_however_the_person_stands_and_is_turned() -> None:
    turned = Rotation.from_rotvec([1.0, 2.0, 3.0]).apply(straight()) + np.array((5, 6, 7))
    bent = straight()
    bent[[2, 3, 5, 6]] = bent[[1, 1, 4, 4]] + np.array([(100, 0, 0), (100, 100, 0), (0, 100, 0), (100, 100, 0)])
    assert stature(np.stack((turned, bent))) == pytest.approx([600, 600])


@pytest.mark.parametrize("factor", [1 / 1000, 1 / 304.8, 1 / 25.4, 1 / 10, 0.45, 1 / 0.45, 10.0, 1000.0])
def test_a_person_in_another_unit_is_none(factor: float) -> None:
    """Metres, feet, inches, centimetres, CMU's unit forgotten or taken twice."""
    joints = human36m_files.motion(5)[:, [index for index, _ in human36m_files.STANDING.values()]] * 1000
    assert misfit(joints) is None
    said = misfit(joints * factor)
    assert said is not None and "from feet to head, and people have 800 to 2500 mm" in said


def test_one_broken_pose_does_not_decide() -> None:
    joints = np.stack([straight() * 3] * 5)
    joints[2] *= 1e6
    assert misfit(joints) is None
    assert misfit_of(float("nan")) is not None and misfit(np.full((5, 17, 3), 1e300)) is not None
