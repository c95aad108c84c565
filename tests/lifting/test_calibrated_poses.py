"""lifting.errors: poses scaled to the training subjects' bones (SemGCN, Section 5.2), by hand."""

from dataclasses import replace

import pytest
import torch
from evaluated_poses import evaluate, flat, mixture_about

from pipeline.geometry.skeleton import HUMAN36M_16, Skeleton
from pipeline.lifting import errors
from pipeline.lifting.errors import bone_lengths
from pipeline.lifting.outputs import PoseSamples


def test_bone_lengths_by_hand():
    """A root, a child 5 away, a grandchild 12 further and another child 2 away."""
    body = Skeleton(
        name="body", names=("a", "b", "c", "d"), parents=(-1, 0, 1, 0), left=(), right=(), groups=()
    )  # fmt: skip
    pose = torch.tensor([[1.0, 1.0, 1.0], [4.0, 5.0, 1.0], [4.0, 5.0, 13.0], [1.0, -1.0, 1.0]])
    assert bone_lengths(torch.stack((pose, 2 * pose)), body).tolist() == [19.0, 38.0]


def test_a_pose_of_the_wrong_size_is_right_once_calibrated(data):
    """All poses are of one person here, so that the mean of the bones' lengths is each pose's own."""
    factors = 5 / bone_lengths(data.targets, HUMAN36M_16)
    same = replace(data, joints_3d=data.joints_3d * factors[:, None, None])
    assert bone_lengths(same.targets, HUMAN36M_16).tolist() == pytest.approx([5.0] * 60, rel=1e-5)
    found = evaluate(1.1 * same.targets, same, bone_length_sum=5.0)["predictions"]
    assert set(found) == {"point", "calibrated"}
    expected = 100 * same.targets.norm(dim=-1).double().mean()  # a tenth of the distance from the root, in mm
    assert found["point"]["mpjpe"]["frame_average"] == pytest.approx(float(expected), rel=1e-4)
    assert found["calibrated"]["mpjpe"]["frame_average"] < 0.01
    assert found["calibrated"]["p_mpjpe"] == found["point"]["p_mpjpe"]


def test_calibration_scales_each_pose_to_the_given_sum(data):
    poses = torch.linspace(0.5, 2, 60)[:, None, None] * data.targets
    calibrated = errors.calibrate(poses, HUMAN36M_16, 4.2)
    assert bone_lengths(calibrated, HUMAN36M_16).tolist() == pytest.approx([4.2] * 60, rel=1e-5)
    found = evaluate(poses, data, bone_length_sum=4.2)["predictions"]["calibrated"]
    assert flat(found) == pytest.approx(flat(evaluate(calibrated, data)["predictions"]["point"]), rel=1e-4, abs=1e-3)


def test_a_pose_without_any_length_stays_finite(data):
    found = evaluate(torch.zeros(60, 16, 3), data, bone_length_sum=4.2)["predictions"]
    assert found["calibrated"]["mpjpe"] == found["point"]["mpjpe"]


def test_neither_mixtures_nor_samples_are_calibrated(data):
    assert "calibrated" not in evaluate(mixture_about(data), data, bone_length_sum=4.2)["predictions"]
    assert "calibrated" not in evaluate(PoseSamples(data.targets[:, None]), data, bone_length_sum=4.2)["predictions"]
