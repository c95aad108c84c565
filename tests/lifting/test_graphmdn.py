"""GraphMDN: the whole network, and its head: where each raw output goes, what is shared, and the distribution."""

import pytest
import torch
from torch import Tensor

from pipeline.config import LiftingVariant
from pipeline.lifting.models import GraphMDN, MixtureHead, build_model
from pipeline.lifting.models.graphmdn import positive
from pipeline.lifting.outputs import PoseMixture, distribution

B, J, K = 6, 16, 5


def raw_outputs(head: MixtureHead, seed: int = 0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(B, J, head.outputs, generator=generator, dtype=torch.float64)


def elu_plus_one(raw: Tensor) -> Tensor:
    return torch.nn.functional.elu(raw) + 1


def test_the_network_is_semgcns_with_the_head_on_its_raw_outputs():
    variant = LiftingVariant.model_validate(
        {"paper": "graphmdn", "title": "x", "model": {"channels": 8, "blocks": 2}, "head": {"name": "mixture"}}
    )
    model = build_model(variant).eval()
    assert isinstance(model, GraphMDN)
    keypoints_2d = torch.randn(B, J, 2, generator=torch.Generator().manual_seed(0))
    found, expected = model(keypoints_2d), model.head(model.raw(keypoints_2d))
    assert torch.equal(found.means, expected.means) and torch.equal(found.logits, expected.logits)
    assert torch.equal(found.scales, expected.scales)


def test_pose_level_outputs_are_the_authors():
    head = MixtureHead(J, K)
    raw = raw_outputs(head)
    mixture = head(raw)
    assert head.outputs == 25
    assert mixture.means.shape == (B, K, J, 3) and mixture.scales.shape == (B, K, 1, 1)
    assert mixture.logits.shape == (B, K) and mixture.level == "pose"
    for kernel in range(K):
        torch.testing.assert_close(mixture.means[:, kernel], raw[:, :, 3 * kernel : 3 * kernel + 3].tanh())
        # The raw outputs are averaged, then made positive; the other order would be another number.
        torch.testing.assert_close(mixture.scales[:, kernel, 0, 0], elu_plus_one(raw[:, :, 15 + kernel].mean(dim=1)))
        torch.testing.assert_close(mixture.logits[:, kernel], raw[:, :, 20 + kernel].mean(dim=1))


def test_sigma_per_joint_is_not_averaged():
    head = MixtureHead(J, K, sigma_per_joint=True)
    raw = raw_outputs(head)
    mixture = head(raw)
    assert mixture.scales.shape == (B, K, J, 1)
    torch.testing.assert_close(mixture.scales[:, :, :, 0], elu_plus_one(raw[:, :, 15:20]).transpose(1, 2))
    torch.testing.assert_close(mixture.logits, raw[:, :, 20:].mean(dim=1))


def test_sigma_per_axis_has_seven_outputs_a_kernel():
    head = MixtureHead(J, K, per_axis=True)
    raw = raw_outputs(head)
    mixture = head(raw)
    assert head.outputs == 35 and mixture.scales.shape == (B, K, 1, 3)
    for kernel in range(K):
        expected = elu_plus_one(raw[:, :, 15 + 3 * kernel : 18 + 3 * kernel].mean(dim=1))
        torch.testing.assert_close(mixture.scales[:, kernel, 0], expected)
    assert MixtureHead(J, K, sigma_per_joint=True, per_axis=True)(raw).scales.shape == (B, K, J, 3)


def test_node_level_keeps_every_joints_own():
    head = MixtureHead(J, K, level="node", sigma_per_joint=True)
    raw = raw_outputs(head)
    mixture = head(raw)
    assert mixture.level == "node" and mixture.scales.shape == (B, K, J, 1)
    torch.testing.assert_close(mixture.logits, raw[:, :, 20:])


@pytest.mark.parametrize("per_axis", [False, True])
@pytest.mark.parametrize("sigma_per_joint", [False, True])
def test_a_dense_layer_can_be_the_average(per_axis: bool, sigma_per_joint: bool):
    options = {"per_axis": per_axis, "sigma_per_joint": sigma_per_joint}
    average, dense = MixtureHead(J, K, **options), MixtureHead(J, K, dense=True, **options).double()
    raw, pooled = raw_outputs(average), dense.dense.out_features
    assert (dense(raw).logits - average(raw).logits).abs().max() > 1e-3
    with torch.no_grad():
        dense.dense.weight.copy_(torch.eye(pooled).repeat(1, J) / J)
    torch.testing.assert_close(dense(raw).logits, average(raw).logits)
    torch.testing.assert_close(dense(raw).scales, average(raw).scales)


@pytest.mark.parametrize("options", [{}, {"sigma_per_joint": True, "dense": True}])
def test_a_node_level_mixture_shares_nothing(options: dict[str, bool]):
    with pytest.raises(ValueError, match="node-level"):
        MixtureHead(J, K, level="node", **options)


def test_sigma_is_elu_plus_one_without_its_rounding():
    raw = torch.tensor([-200.0, -30.0, -20.0, -1.0, 0.0, 2.0, 1e6])
    sigma = positive(raw, 1e-10)
    torch.testing.assert_close(sigma, elu_plus_one(raw.double()).clamp(min=1e-10).float(), rtol=1e-6, atol=0)
    assert elu_plus_one(raw)[2] == 0 and sigma[2] > 2e-9  # float32's own ELU has lost it


def test_sigma_has_a_gradient_down_to_its_minimum():
    raw = torch.tensor([-50.0, -20.0, -1.0, 0.0, 3.0], requires_grad=True)
    positive(raw, 1e-10).sum().backward()
    torch.testing.assert_close(raw.grad, torch.tensor([0.0, -20.0, -1.0, 0.0, 0.0]).exp() * (raw > -40))


@pytest.mark.parametrize("per_axis", [False, True])
@pytest.mark.parametrize("sigma_per_joint", [False, True])
def test_pose_distribution_is_the_sum_over_joints(per_axis: bool, sigma_per_joint: bool):
    head = MixtureHead(J, K, per_axis=per_axis, sigma_per_joint=sigma_per_joint)
    mixture = head(raw_outputs(head))
    poses = torch.randn(B, J, 3).double()
    normal = torch.distributions.Normal(mixture.means, mixture.scales.expand_as(mixture.means))
    expected = normal.log_prob(poses[:, None]).sum(dim=(2, 3)) + mixture.logits.log_softmax(dim=1)
    torch.testing.assert_close(distribution(mixture).log_prob(poses.flatten(1)), expected.logsumexp(dim=1))


def test_node_distribution_is_one_mixture_a_joint():
    head = MixtureHead(J, K, level="node", sigma_per_joint=True, per_axis=True)
    mixture = head(raw_outputs(head))
    poses = torch.randn(B, J, 3).double()
    normal = torch.distributions.Normal(mixture.means, mixture.scales)
    expected = normal.log_prob(poses[:, None]).sum(dim=3).transpose(1, 2) + mixture.logits.log_softmax(dim=2)
    torch.testing.assert_close(distribution(mixture).log_prob(poses), expected.logsumexp(dim=2))


def test_batches_concatenate():
    head = MixtureHead(J, K)
    raw = raw_outputs(head)
    together = PoseMixture.concatenate([head(part) for part in raw.split(4)])
    for name in ("means", "scales", "logits"):
        assert torch.equal(getattr(together, name), getattr(head(raw), name))
    assert together.level == "pose"
