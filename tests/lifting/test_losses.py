"""Losses against their formulas written another way, and what they refuse."""

import math

import pytest
import torch
from scipy import stats

from pipeline.lifting.losses import mean_squared_error, node_nll, pose_nll
from pipeline.lifting.models import MixtureHead
from pipeline.lifting.outputs import PoseMixture

B, J, K = 4, 16, 3


def poses(seed: int) -> torch.Tensor:
    return torch.randn(B, J, 3, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def mixture(level: str, seed: int = 0) -> PoseMixture:
    head = MixtureHead(J, K, level=level, sigma_per_joint=level == "node")
    return head(torch.randn(B, J, head.outputs, generator=torch.Generator().manual_seed(seed)).double())


def test_mean_squared_error_is_over_all_coordinates():
    expected = sum((a - b) ** 2 for a, b in zip(poses(0).flatten().tolist(), poses(1).flatten().tolist(), strict=True))
    assert mean_squared_error(poses(0), poses(1)).item() == pytest.approx(expected / (B * J * 3))


def test_pose_nll_is_eq_9():
    made, target = mixture("pose"), poses(1)
    expected = 0.0
    for pose in range(B):
        weights = made.logits[pose].softmax(dim=0)
        density = 0.0
        for kernel in range(K):
            sigma = made.scales[pose, kernel, 0, 0].item()
            squared = (target[pose] - made.means[pose, kernel]).square().sum().item()
            density += weights[kernel].item() * math.exp(-squared / (2 * sigma**2)) / (2 * math.pi) ** 24 / sigma**48
        expected -= math.log(density) / B
    assert pose_nll(made, target).item() == pytest.approx(expected)


def test_node_nll_is_eq_5():
    made, target = mixture("node"), poses(1)
    expected = 0.0
    for pose in range(B):
        for joint in range(J):
            weights = made.logits[pose, joint].softmax(dim=0)
            expected -= math.log(
                sum(
                    weights[kernel].item()
                    * stats.multivariate_normal(
                        made.means[pose, kernel, joint], made.scales[pose, kernel, joint].item() ** 2
                    ).pdf(target[pose, joint])
                    for kernel in range(K)
                )
            )
    assert node_nll(made, target).item() == pytest.approx(expected / B)


def test_with_one_component_the_levels_agree():
    head = MixtureHead(J, 1, sigma_per_joint=True)
    made = head(torch.randn(B, J, head.outputs).double())
    apart = PoseMixture(made.means, made.scales, made.logits[:, None].expand(B, J, 1), "node")
    torch.testing.assert_close(pose_nll(made, poses(1)), node_nll(apart, poses(1)))


@pytest.mark.parametrize("level", ["pose", "node"])
@pytest.mark.parametrize("sigma", [1e-6, 1e6])
def test_likelihoods_survive_any_sigma_in_float32(level: str, sigma: float):
    leaves = [torch.randn(B, K, J, 3), torch.full((B, K, J, 1), sigma), torch.randn(B, K)]
    if level == "node":
        leaves[2] = torch.randn(B, J, K)
    for leaf in leaves:
        leaf.requires_grad_()
    loss = (pose_nll if level == "pose" else node_nll)(PoseMixture(*leaves, level), poses(1).float())
    loss.backward()
    assert loss.isfinite() and all(leaf.grad.isfinite().all() for leaf in leaves)


def test_other_shapes_and_levels_are_refused():
    with pytest.raises(ValueError, match="shape"):
        mean_squared_error(poses(0), poses(0)[:, :1])  # would broadcast
    with pytest.raises(ValueError, match="shape"):
        pose_nll(mixture("pose"), poses(0)[:1])
    with pytest.raises(ValueError, match="no node-level likelihood"):
        node_nll(mixture("pose"), poses(0))
    with pytest.raises(ValueError, match="no pose-level likelihood"):
        pose_nll(mixture("node"), poses(0))
