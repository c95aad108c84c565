"""geometry.alignment: compared with Horn's quaternion method and known transforms; the alignment is optimal."""

import numpy as np
import pytest
import torch
from scipy.spatial.transform import Rotation

from pipeline.geometry.alignment import procrustes


def random_poses(count: int, seed: int = 0, dtype: torch.dtype = torch.float64) -> torch.Tensor:
    return 300 * torch.randn(count, 16, 3, generator=torch.Generator().manual_seed(seed), dtype=dtype)


def align_by_horn(source: np.ndarray, target: np.ndarray) -> np.ndarray:
    """One pose by the eigenvector of Horn's 4 x 4 matrix (Horn 1987), which never yields a reflection."""
    a, b = source - source.mean(axis=0), target - target.mean(axis=0)
    s = a.T @ b
    skew = [s[1, 2] - s[2, 1], s[2, 0] - s[0, 2], s[0, 1] - s[1, 0]]
    matrix = np.zeros((4, 4))
    matrix[0, 0] = np.trace(s)
    matrix[0, 1:] = matrix[1:, 0] = skew
    matrix[1:, 1:] = s + s.T - np.trace(s) * np.eye(3)
    w, x, y, z = np.linalg.eigh(matrix)[1][:, -1]
    turned = Rotation.from_quat([x, y, z, w]).apply(a)
    return (turned * b).sum() / (a * a).sum() * turned + target.mean(axis=0)


def test_equals_horns_method() -> None:
    source, target = random_poses(200), random_poses(200, seed=1)
    target[:100] = source[:100] + 0.2 * target[:100]  # similar as well as unrelated poses
    aligned = procrustes(source, target)
    for index in range(200):
        expected = align_by_horn(source[index].numpy(), target[index].numpy())
        np.testing.assert_allclose(aligned[index], expected, atol=1e-9)


def test_undoes_a_similarity() -> None:
    target = random_poses(50)
    turns = torch.from_numpy(Rotation.random(50, rng=np.random.default_rng(3)).as_matrix())
    source = 0.37 * target @ turns + torch.tensor([100.0, -2000.0, 4000.0])
    torch.testing.assert_close(procrustes(source, target), target, atol=1e-8, rtol=0)


def test_a_mirrored_pose_keeps_its_error() -> None:
    target = random_poses(50)
    aligned = procrustes(target * torch.tensor([-1.0, 1.0, 1.0]), target)
    assert ((aligned - target).norm(dim=-1).mean(dim=-1) > 30).all()


def test_no_small_change_of_the_transform_is_better() -> None:
    source, target = random_poses(100), random_poses(100, seed=1)
    aligned = procrustes(source, target)
    best = (aligned - target).square().sum(dim=(-2, -1))
    center = aligned.mean(dim=-2, keepdim=True)
    for axis in np.vstack((np.eye(3), -np.eye(3))):
        turn = torch.from_numpy(Rotation.from_rotvec(0.01 * axis).as_matrix())
        for scale in (0.99, 1.0, 1.01):
            changed = scale * (aligned - center) @ turn + center
            assert ((changed - target).square().sum(dim=(-2, -1)) >= best).all()


def test_float32_is_within_a_thousandth_of_a_millimetre() -> None:
    source = random_poses(2000)
    target = source + 0.2 * random_poses(2000, seed=1)
    single = procrustes(source.float(), target.float())
    assert single.dtype == torch.float32
    assert (single.double() - procrustes(source, target)).abs().max() < 1e-3


def test_hypotheses_broadcast_against_one_truth() -> None:
    hypotheses = random_poses(40).reshape(8, 5, 16, 3)
    truth = random_poses(8, seed=1)
    together = procrustes(hypotheses, truth[:, None])
    assert together.shape == (8, 5, 16, 3)
    for component in range(5):
        torch.testing.assert_close(together[:, component], procrustes(hypotheses[:, component], truth))


def test_degenerate_poses_give_finite_results() -> None:
    truth = random_poses(1)[0]
    point = procrustes(torch.full((16, 3), 7.0, dtype=torch.float64), truth)
    torch.testing.assert_close(point, truth.mean(dim=0).expand(16, 3))
    assert procrustes(truth, torch.zeros_like(truth)).abs().max() < 1e-9

    along = torch.linspace(-1, 1, 16, dtype=torch.float64)[:, None]
    line, other = along * torch.tensor([100.0, 0, 0]), along * torch.tensor([0.0, 30, 40])
    torch.testing.assert_close(procrustes(line, other), other)
    flat = truth * torch.tensor([1.0, 1.0, 0.0])
    turned = flat[:, [2, 0, 1]]
    torch.testing.assert_close(procrustes(flat, turned), turned)


def test_shapes_are_checked() -> None:
    with pytest.raises(AssertionError, match="same J"):
        procrustes(torch.zeros(16, 3), torch.zeros(17, 3))
