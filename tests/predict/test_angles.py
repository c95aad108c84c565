"""Joint angles: poses whose angles are known, turns that change none, and the spread against drawn samples."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.spatial.transform import Rotation

from pipeline.geometry.skeleton import HUMAN36M_16, HUMAN36M_17, KEEP_16
from pipeline.lifting.outputs import PoseMixture
from pipeline.lifting.uncertainty import Poses, describe
from pipeline.predict import angles
from pipeline.predict.angles import NAMES

AT = HUMAN36M_17.names.index
RIGHT, LEFT, UP, DOWN, FORWARD = (
    np.array(v, float) for v in ((-1, 0, 0), (1, 0, 0), (0, -1, 0), (0, 1, 0), (0, 0, -1))
)


def standing() -> np.ndarray:
    """A person who faces the camera upright with hanging arms, [17, 3] mm: every angle is 0."""
    pose = np.zeros((17, 3))
    for joint, side in (("RHip", RIGHT), ("LHip", LEFT)):
        pose[AT(joint)] = 120 * side
        pose[AT(joint) + 1] = 120 * side + 450 * DOWN
        pose[AT(joint) + 2] = 120 * side + 900 * DOWN
    for index, name in enumerate(("Spine", "Thorax", "Neck/Nose", "Head")):
        pose[AT(name)] = (250, 500, 600, 720)[index] * UP
    for joint, side in (("RShoulder", RIGHT), ("LShoulder", LEFT)):
        pose[AT(joint)] = 500 * UP + 150 * side
        pose[AT(joint) + 1] = 200 * UP + 150 * side
        pose[AT(joint) + 2] = -50 * UP + 150 * side
    return pose


def turn(pose: np.ndarray, joints: tuple[str, ...], about: str, axis: np.ndarray, degrees: float) -> np.ndarray:
    """The pose with some joints turned about another."""
    chosen, found = [AT(joint) for joint in joints], pose.copy()
    middle = pose[AT(about)]
    found[chosen] = Rotation.from_rotvec(np.radians(degrees) * axis).apply(pose[chosen] - middle) + middle
    return found


def single(pose: np.ndarray) -> Poses:
    return Poses(pose[None, None], np.ones((1, 1)), pose[None], np.zeros((1, 17)))


def measured(pose: np.ndarray) -> dict[str, float]:
    found = angles.of(single(pose), HUMAN36M_17)
    return dict(zip(found.names, found.mean[0].tolist(), strict=True))


def changed(pose: np.ndarray) -> dict[str, float]:
    """The angles that are not 0."""
    return {name: round(value, 3) for name, value in measured(pose).items() if abs(value) > 0.01}


def test_a_person_who_stands_upright_has_no_angles() -> None:
    assert changed(standing()) == {} and len(NAMES) == 13


LEGS, ARM = ("RKnee", "RAnkle", "LKnee", "LAnkle"), ("RElbow", "RWrist")
TOP = ("Spine", "Thorax", "Neck/Nose", "Head", *(f"{s}{j}" for s in "LR" for j in ("Shoulder", "Elbow", "Wrist")))


@pytest.mark.parametrize(
    ("joints", "about", "axis", "degrees", "expected"),
    [
        (("LWrist",), "LElbow", RIGHT, -70, {"left_elbow_flexion": 70}),
        (("RWrist",), "RElbow", DOWN + UP + LEFT, 70, {"right_elbow_flexion": 70}),
        (("LAnkle",), "LKnee", LEFT, 100, {"left_knee_flexion": 100}),
        (("RKnee", "RAnkle"), "RHip", LEFT, -90, {"right_hip_flexion": 90}),
        (("LKnee", "LAnkle"), "LHip", LEFT, 20, {"left_hip_flexion": -20}),
        (("LKnee", "LAnkle"), "LHip", FORWARD, 30, {"left_hip_abduction": 30}),
        (("RKnee", "RAnkle"), "RHip", FORWARD, 10, {"right_hip_abduction": -10}),
        (ARM, "RShoulder", FORWARD, -90, {"right_shoulder_elevation": 90}),
        (ARM, "RShoulder", LEFT, -150, {"right_shoulder_elevation": 150}),
        (("Head",), "Thorax", LEFT, -25, {"neck_bend": 25}),
    ],
)
def test_one_joint_at_a_time(
    joints: tuple[str, ...], about: str, axis: np.ndarray, degrees: float, expected: dict[str, float]
) -> None:
    assert changed(turn(standing(), joints, about, axis, degrees)) == pytest.approx(expected, abs=0.01)


def test_the_trunk() -> None:
    """Bending forward flexes both hips and leans the trunk; a turn of the shoulders to the left is positive."""
    bent = changed(turn(standing(), TOP, "Hip", LEFT, 40))
    assert bent == pytest.approx({"left_hip_flexion": 40, "right_hip_flexion": 40, "trunk_lean": 40}, abs=0.01)
    aside = changed(turn(standing(), TOP, "Hip", FORWARD, -15))
    assert aside["trunk_lean"] == pytest.approx(15, abs=0.01) and "left_hip_flexion" not in aside
    turned = turn(standing(), TOP, "Hip", UP, 35)
    assert measured(turned)["trunk_rotation"] == pytest.approx(35, abs=0.01)
    assert turned[AT("LShoulder")] @ FORWARD < 0  # the left shoulder went back


def test_angles_do_not_depend_on_where_the_person_looks_nor_on_size_and_mirror_each_other() -> None:
    random = np.random.default_rng(0)
    pose = standing() + random.normal(0, 60, (17, 3))
    expected = measured(pose)
    about_upright = Rotation.from_rotvec(2.0 * UP).apply(1.3 * pose)
    assert measured(about_upright) == pytest.approx(expected, abs=1e-3)
    lying = measured(Rotation.random(random_state=1).apply(pose))
    assert {k: v for k, v in lying.items() if k != "trunk_lean"} == pytest.approx(
        {k: v for k, v in expected.items() if k != "trunk_lean"}, abs=1e-3
    )
    mirrored = pose * (-1, 1, 1)
    mirrored[[*HUMAN36M_17.left, *HUMAN36M_17.right]] = mirrored[[*HUMAN36M_17.right, *HUMAN36M_17.left]]
    other = measured(mirrored)
    assert other["trunk_rotation"] == pytest.approx(-expected["trunk_rotation"], abs=1e-3)
    for name in NAMES:
        if name.startswith("left_"):
            assert other[name] == pytest.approx(expected[name.replace("left_", "right_")], abs=1e-3)


def test_the_spread_is_that_of_poses_drawn_from_the_mixture() -> None:
    """Two components that differ by 60 degrees at a knee, with weights 1/4 and 3/4 and 15 mm of their own."""
    first = turn(standing(), ("LAnkle",), "LKnee", LEFT, 30) + np.random.default_rng(0).normal(0, 40, (17, 3))
    first -= first[0]
    second = turn(first, ("LAnkle",), "LKnee", LEFT, 60)
    means = torch.tensor(np.stack((first, second))[None]) / 1000
    weights = torch.tensor([[0.25, 0.75]], dtype=torch.float64)
    mixture = PoseMixture(means, torch.full((1, 2, 1, 1), 0.015, dtype=torch.float64), weights.log(), "pose")
    found = angles.of(describe(mixture), HUMAN36M_17)
    random = np.random.default_rng(1)
    drawn = np.stack((first, second))[random.choice(2, 20_000, p=[0.25, 0.75])] + random.normal(0, 15, (20_000, 17, 3))
    drawn[:, 0] = 0  # the root is known
    values = np.degrees(torch.stack(angles.angles(torch.from_numpy(drawn), HUMAN36M_17), dim=-1).numpy())
    np.testing.assert_allclose(found.spread[0], values.std(axis=0), rtol=0.12, atol=0.3)
    np.testing.assert_allclose(found.mean[0], values.mean(axis=0), atol=1.5)
    assert found.spread[0, NAMES.index("left_knee_flexion")] > 20


def test_a_single_answer_has_no_spread_and_sixteen_joints_have_the_same_angles() -> None:
    pose = standing() + np.random.default_rng(3).normal(0, 60, (17, 3))
    found = angles.of(single(pose), HUMAN36M_17)
    np.testing.assert_allclose(found.spread, 0.0, atol=1e-6)
    keep = list(KEEP_16)
    sixteen = Poses(pose[None, None, keep], np.ones((1, 1)), pose[None, keep], np.zeros((1, 16)))
    np.testing.assert_allclose(angles.of(sixteen, HUMAN36M_16).mean, found.mean)


def test_a_mean_goes_the_shorter_way_round_and_a_bone_without_length_has_no_angle() -> None:
    """Thighs 170 degrees forward and 170 back are 20 apart, not 340."""
    poses = np.stack([turn(standing(), ("LKnee", "LAnkle"), "LHip", LEFT, degrees) for degrees in (-170, 170)])[None]
    both = Poses(poses, np.full((1, 2), 0.5), poses.mean(axis=1), np.zeros((1, 17)))
    index = NAMES.index("left_hip_flexion")
    found = angles.of(both, HUMAN36M_17)
    assert abs(found.mean[0, index]) == pytest.approx(180) and found.spread[0, index] == pytest.approx(10, abs=0.01)
    short = standing()
    short[AT("LAnkle")] = short[AT("LKnee")]
    assert np.isnan(measured(short)["left_knee_flexion"]) and measured(short)["right_knee_flexion"] < 0.01
