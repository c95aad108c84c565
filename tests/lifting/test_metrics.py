"""Pose errors against hand calculations, a second alignment (SciPy's) and the invariances each metric promises."""

import numpy as np
import pytest
import torch
from scipy.spatial.transform import Rotation

from pipeline.lifting.metrics import (
    AUC_THRESHOLDS,
    POSES_AT_ONCE,
    aligned_joint_errors,
    auc,
    average_by_group,
    joint_errors,
    mpjpe,
    mpvpe,
    p_mpjpe,
    pck,
)

JOINTS = 16


def poses(count: int, seed: int = 0, size: float = 400.0) -> torch.Tensor:
    """Random root-relative poses in mm."""
    joints = size * torch.randn(count, JOINTS, 3, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    return joints - joints[:, :1]


def rotations(count: int, seed: int = 0) -> torch.Tensor:
    return torch.from_numpy(Rotation.random(count, rng=np.random.default_rng(seed)).as_matrix())


def scipy_p_mpjpe(prediction: np.ndarray, target: np.ndarray) -> float:
    """P-MPJPE of one pose by SciPy's rotation fit and the least-squares scale."""
    source, goal = prediction - prediction.mean(axis=0), target - target.mean(axis=0)
    rotation, _ = Rotation.align_vectors(goal, source)
    turned = rotation.apply(source)
    return float(np.linalg.norm((turned * goal).sum() / (turned**2).sum() * turned - goal, axis=1).mean())


def test_mpjpe_by_hand():
    target = torch.zeros(2, 2, 3)
    prediction = torch.tensor([[[0.0, 0.0, 0.0], [3.0, 4.0, 0.0]], [[1.0, 2.0, 2.0], [0.0, 0.0, 12.0]]])
    assert joint_errors(prediction, target).tolist() == [[0, 5], [3, 12]]
    assert mpjpe(prediction, target, per_pose=True).tolist() == [2.5, 7.5]
    assert mpjpe(prediction, target).item() == 5.0


def test_mpvpe_is_mpjpe_over_vertices():
    vertices, moved = torch.zeros(3, 6890, 3), torch.full((3, 6890, 3), 2.0)
    assert mpvpe(moved, vertices).item() == pytest.approx(12**0.5)
    assert mpvpe(moved, vertices, per_pose=True).shape == (3,)


def test_mpjpe_ignores_a_common_motion_but_no_single_one():
    prediction, target = poses(20), poses(20, seed=1)
    turn = rotations(20)
    turned = mpjpe(prediction @ turn + 7, target @ turn + 7, per_pose=True)
    torch.testing.assert_close(turned, mpjpe(prediction, target, per_pose=True))
    assert mpjpe(prediction + 7, prediction).item() == pytest.approx(7 * 3**0.5)


def test_error_follows_the_unit():
    prediction, target = poses(20), poses(20, seed=1)
    for metric in (mpjpe, p_mpjpe):
        assert metric(prediction / 1000, target / 1000).item() == pytest.approx(
            metric(prediction, target).item() / 1000
        )


def test_p_mpjpe_is_zero_for_a_rotated_scaled_and_moved_pose():
    target = poses(50)
    scale = torch.linspace(0.1, 10, 50, dtype=torch.float64)[:, None, None]
    prediction = scale * target @ rotations(50) + 1000 * torch.randn(50, 1, 3, dtype=torch.float64)
    assert p_mpjpe(prediction, target, per_pose=True).max() < 1e-8
    assert mpjpe(prediction, target, per_pose=True).min() > 100


def test_p_mpjpe_is_not_zero_for_a_mirror_image():
    target = poses(50)
    mirrored = target * torch.tensor([-1.0, 1.0, 1.0])
    assert p_mpjpe(mirrored, target, per_pose=True).min() > 50


def test_p_mpjpe_equals_a_second_computation():
    prediction, target = poses(40), poses(40, seed=1)
    prediction[20:] = target[20:] + 0.1 * prediction[20:]
    prediction[30:] *= torch.tensor([1.0, -1.0, 1.0])  # where the best orthogonal fit is a reflection
    expected = [scipy_p_mpjpe(*pair) for pair in zip(prediction.numpy(), target.numpy(), strict=True)]
    torch.testing.assert_close(p_mpjpe(prediction, target, per_pose=True), torch.tensor(expected, dtype=torch.float64))


def test_p_mpjpe_ignores_any_similarity_of_the_prediction():
    prediction, target = poses(20), poses(20, seed=1)
    moved = 0.3 * prediction @ rotations(20) - 55
    torch.testing.assert_close(p_mpjpe(moved, target, per_pose=True), p_mpjpe(prediction, target, per_pose=True))


def test_an_average_over_poses_is_the_average_of_the_poses():
    prediction, target = poses(20), poses(20, seed=1)
    for metric in (mpjpe, p_mpjpe):
        per_pose = metric(prediction, target, per_pose=True)
        assert per_pose.shape == (20,)
        assert metric(prediction, target).item() == pytest.approx(per_pose.mean().item(), rel=1e-12)


def test_hypotheses_broadcast_against_their_one_truth():
    hypotheses, target = poses(12).reshape(4, 3, JOINTS, 3), poses(4, seed=1)
    for errors in (joint_errors, aligned_joint_errors):
        together = errors(hypotheses, target[:, None])
        assert together.shape == (4, 3, JOINTS)
        for k in range(3):
            torch.testing.assert_close(together[:, k], errors(hypotheses[:, k], target))


def test_a_pose_counts_the_same_in_any_batch():
    count = POSES_AT_ONCE + 3  # one more than is aligned at a time
    target = poses(count)
    prediction = target + 0.1 * poses(count, seed=1)
    together = p_mpjpe(prediction, target, per_pose=True)
    rows = torch.tensor([0, 5, POSES_AT_ONCE - 1, POSES_AT_ONCE, count - 1])
    torch.testing.assert_close(together[rows], p_mpjpe(prediction[rows], target[rows], per_pose=True))


def test_float32_poses_are_measured_in_float64():
    prediction, target = poses(20).float(), poses(20, seed=1).float()
    for metric in (mpjpe, p_mpjpe):
        assert metric(prediction, target).dtype == torch.float64
        assert metric(prediction, target).item() == metric(prediction.double(), target.double()).item()


def test_pck_is_strict():
    target = torch.zeros(1, 4, 3, dtype=torch.float64)
    prediction = target.clone()
    prediction[0, :, 2] = torch.tensor([0.0, 149.999, 150.0, 151.0])
    assert pck(prediction, target).item() == 50
    assert pck(prediction, target, threshold=150.001).item() == 75


def test_auc_of_a_perfect_prediction():
    assert len(AUC_THRESHOLDS) == 31 and AUC_THRESHOLDS[-1] == 150
    assert auc(poses(5), poses(5)).item() == pytest.approx(100 * 30 / 31)
    assert auc(poses(5) + 1000, poses(5)).item() == 0


def test_auc_is_the_mean_of_pck_over_its_thresholds():
    target = poses(200)
    prediction = target + 0.2 * poses(200, seed=1)
    prediction[0, 0] = target[0, 0] + torch.tensor([75.0, 0.0, 0.0])  # an error that is a threshold itself
    expected = np.mean([pck(prediction, target, threshold).item() for threshold in AUC_THRESHOLDS])
    assert auc(prediction, target).item() == pytest.approx(expected, rel=1e-12)


def test_average_by_group_leaves_out_who_is_absent():
    averages = average_by_group(torch.tensor([1.0, 2.0, 6.0]), torch.tensor([2, 0, 2]), ["Walk", "Run", "Jump"])
    assert averages == {"Walk": 2.0, "Jump": 3.5}


def test_a_group_without_a_name_is_refused():
    with pytest.raises(ValueError, match="groups run from 0 to 2, but there are 2 names"):
        average_by_group(torch.tensor([1.0, 2.0]), torch.tensor([0, 2]), ["Walk", "Run"])


def test_poses_of_other_skeletons_are_refused():
    with pytest.raises(AssertionError, match=r"\(5, 16, 3\) and \(5, 17, 3\)"):
        mpjpe(torch.zeros(5, 16, 3), torch.zeros(5, 17, 3))
