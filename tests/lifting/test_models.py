"""Whole models: every architecture of the two papers is built, has its published size, and learns."""

import numpy as np
import pytest
import torch
from torch import Tensor

from pipeline.config import LiftingVariant
from pipeline.geometry.skeleton import HUMAN36M_16, HUMAN36M_17, adjacency
from pipeline.lifting.losses import mean_squared_error, node_nll, pose_nll
from pipeline.lifting.models import LinearLeastSquares, MeanPose, build_model, learned_edge_weights, parameter_count
from pipeline.lifting.outputs import PoseMixture, distribution

WIDE = {"channels": 512, "blocks": 3}


def variant(head: dict | None = None, **model) -> LiftingVariant:
    return LiftingVariant.model_validate({"paper": "graphmdn", "title": "a test", "model": model, "head": head or {}})


MIXTURE = {"name": "mixture"}
ARCHITECTURES = {
    "resgcn": ({}, {"convolution": "vanilla", "non_local": "none"}),
    "without_semgconv": ({}, {"convolution": "vanilla"}),
    "without_non_local": ({}, {"non_local": "none"}),
    "semgcn": ({}, {}),
    "channelwise": ({}, {"convolution": "semantic_channelwise"}),
    "raw_edges": ({}, {"edge_weights": "raw"}),
    "ungrouped": ({}, {"non_local": "ungrouped"}),
    "graphmdn": (MIXTURE, {"dropout": 0.1}),
    "node_level": ({**MIXTURE, "level": "node", "sigma": "per_joint"}, {}),
    "dense": ({**MIXTURE, "pooling": "dense"}, {}),
    "sigma_per_joint": ({**MIXTURE, "sigma": "per_joint"}, {}),
    "sigma_per_axis": ({**MIXTURE, "axes": "per_axis", "kernels": 3}, {}),
}


def nll(output: PoseMixture, target: Tensor) -> Tensor:
    return pose_nll(output, target) if output.level == "pose" else node_nll(output, target)


# --- sizes ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("architecture", "parameters", "printed"),
    [
        ("resgcn", 135_171, "0.14"),
        ("without_semgconv", 302_531, "0.30"),
        ("without_non_local", 267_343, "0.27"),
        ("semgcn", 434_703, "0.43"),
        ("graphmdn", 440_357, None),
    ],
)
def test_sizes_are_the_checkpoints_and_table_1s(architecture: str, parameters: int, printed: str | None):
    head, model = ARCHITECTURES[architecture]
    count = parameter_count(build_model(variant(head, **model)))
    assert count == parameters
    assert printed is None or f"{count / 1e6:.2f}" == printed


def test_sizes_that_follow_from_the_formulas():
    """Sizes that nobody prints: a layer's formula times the number of layers."""

    def size(head: dict | None = None, **model) -> int:
        return parameter_count(build_model(variant(head, **model)))

    def semantic(i: int, o: int) -> int:
        return 2 * i * o + 46 + o

    def non_local(c: int) -> int:
        return 3 * (c * c // 2 + c // 2) + c + (c * c // 2 + c) + 2 * c

    def network(channels: int, blocks: int, outputs: int) -> int:
        block = semantic(channels, channels) + 2 * channels
        head_and_tail = semantic(2, channels) + 2 * channels + semantic(channels, outputs)
        return head_and_tail + 2 * blocks * block + (blocks + 1) * non_local(channels)

    assert size() == network(128, 4, 3)
    assert size(**WIDE) == network(512, 3, 3)
    assert size(MIXTURE, **WIDE) == network(512, 3, 25)
    assert size({**MIXTURE, "kernels": 200}, **WIDE) == network(512, 3, 1000)
    assert size({**MIXTURE, "axes": "per_axis"}) == network(128, 4, 35)
    assert size({**MIXTURE, "pooling": "dense"}) == network(128, 4, 25) + (16 * 10 + 1) * 10
    assert size(non_local="ungrouped") == size()
    channelwise = sum(46 * (outputs - 1) for outputs in (128,) * 9 + (3,))
    assert size(convolution="semantic_channelwise") == size() + channelwise


# --- outputs ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_outputs_and_repeatability(architecture: str):
    head, model = ARCHITECTURES[architecture]
    keypoints_2d = torch.randn(20, 16, 2)

    def run() -> Tensor | PoseMixture:
        torch.manual_seed(7)
        return build_model(variant(head, **model, channels=16, blocks=1))(keypoints_2d)

    output, again = run(), run()
    if head:
        assert output.means.shape == (20, 3 if architecture == "sigma_per_axis" else 5, 16, 3)
        assert output.means.abs().max() < 1 and (output.scales > 0).all()
        assert all(torch.equal(getattr(output, name), getattr(again, name)) for name in ("means", "scales", "logits"))
    else:
        assert output.shape == (20, 16, 3) and torch.equal(output, again)


def test_poses_do_not_see_each_other_in_evaluation():
    model, keypoints_2d = build_model(variant(channels=16, blocks=2)), torch.randn(40, 16, 2)
    model(keypoints_2d)
    model.eval()
    together = model(keypoints_2d)
    torch.testing.assert_close(torch.cat([model(one) for one in keypoints_2d.split(1)]), together, atol=1e-5, rtol=1e-4)


def test_weights_go_through_a_state_dict():
    head, model = ARCHITECTURES["dense"]
    torch.manual_seed(0)
    first = build_model(variant(head, **model, channels=16, blocks=1))
    first(torch.randn(20, 16, 2))
    second = build_model(variant(head, **model, channels=16, blocks=1))
    second.load_state_dict(first.state_dict())
    keypoints_2d = torch.randn(20, 16, 2)
    assert torch.equal(first.eval()(keypoints_2d).means, second.eval()(keypoints_2d).means)


def test_other_skeletons():
    assert build_model(variant(non_local="ungrouped"), HUMAN36M_17)(torch.randn(4, 17, 2)).shape == (4, 17, 3)
    with pytest.raises(ValueError, match="no groups of joints"):
        build_model(variant(), HUMAN36M_17)


def test_input_of_another_shape_is_refused():
    with pytest.raises(ValueError, match=r"expected keypoints_2d \[B, 16, 2\], found \[4, 17, 2\]"):
        build_model(variant(channels=8, blocks=1))(torch.zeros(4, 17, 2))


# --- learning ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_overfits_one_batch(architecture: str):
    torch.manual_seed(0)
    head, settings = ARCHITECTURES[architecture]
    model = build_model(variant(head, **{**settings, "dropout": 0.0}, channels=32, blocks=1))
    keypoints_2d = torch.randn(16, 16, 2)
    joints_3d = 0.5 * torch.sin(adjacency(HUMAN36M_16) @ keypoints_2d @ torch.randn(2, 3))
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    for _ in range(80):
        output = model(keypoints_2d)
        loss = nll(output, joints_3d) if head else mean_squared_error(output, joints_3d)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert all(parameter.grad is not None for parameter in model.parameters())
    prediction = distribution(output).mean().view_as(joints_3d) if head else output
    unexplained = ((prediction - joints_3d).square().mean() / joints_3d.var()).item()
    # A vanilla layer cannot tell a joint from its neighbours, which costs it most of what these targets ask for.
    assert unexplained < (0.5 if settings.get("convolution") == "vanilla" else 0.1)


def test_a_mixture_finds_two_answers_where_a_point_model_averages():
    """One input, two true poses: the reason for GraphMDN (Section 1)."""
    keypoints_2d = torch.randn(1, 16, 2, generator=torch.Generator().manual_seed(1)).expand(64, 16, 2).clone()
    depth = torch.tensor([0.3, -0.3]).repeat(32)[:, None].expand(64, 16)
    joints_3d = torch.stack([keypoints_2d[..., 0] / 4, keypoints_2d[..., 1] / 4, depth], dim=2)
    torch.manual_seed(0)
    model = build_model(variant({**MIXTURE, "kernels": 2}, channels=16, blocks=1))
    keypoints_2d += 0.01 * torch.randn_like(keypoints_2d)  # batch norm needs some variance
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 200)  # a rate of 0 at the end leaves no noise
    for _ in range(200):
        optimizer.zero_grad()
        pose_nll(model(keypoints_2d), joints_3d).backward()
        optimizer.step()
        schedule.step()
    mixture = model(keypoints_2d)
    depths = mixture.means[..., 2].mean(dim=(0, 2)).sort().values
    torch.testing.assert_close(depths, torch.tensor([-0.3, 0.3]), atol=0.05, rtol=0)
    assert distribution(mixture).mean().view(64, 16, 3)[..., 2].abs().mean() < 0.05


# --- edge weights -----------------------------------------------------------------------------------------------------


def test_learned_edge_weights_are_the_residual_blocks():
    model = build_model(variant(channels=8))
    learned = learned_edge_weights(model)
    assert list(learned)[:3] == [f"residuals.{name}.convolution" for name in ("0.first", "0.second", "1.first")]
    assert len(learned) == 8  # SemGCN's Figure 7
    for weights in learned.values():
        assert not weights.requires_grad
        torch.testing.assert_close(weights, adjacency(HUMAN36M_16))  # as they start


def test_learned_edge_weights_of_other_models():
    channelwise = build_model(variant(convolution="semantic_channelwise", channels=8, blocks=1))
    layer = channelwise.residuals[0].first.convolution
    torch.nn.init.normal_(layer.edge_scores)
    weights = learned_edge_weights(channelwise)["residuals.0.first.convolution"]
    torch.testing.assert_close(weights, layer.edge_weights().detach().mean(dim=0))
    assert learned_edge_weights(build_model(variant(convolution="vanilla"))) == {}
    assert learned_edge_weights(build_model(variant(name="mean_pose"))) == {}


# --- closed forms -----------------------------------------------------------------------------------------------------


def test_mean_pose():
    model = build_model(variant(name="mean_pose"))
    assert isinstance(model, MeanPose) and model(torch.zeros(2, 16, 2)).isnan().all()
    targets = torch.randn(1000, 16, 3)
    model.fit(torch.randn(1000, 16, 2), targets)
    torch.testing.assert_close(model(torch.randn(7, 16, 2)), targets.mean(dim=0).expand(7, 16, 3))


def test_linear_least_squares_is_numpys():
    model = build_model(variant(name="linear_least_squares"))
    assert isinstance(model, LinearLeastSquares) and model(torch.zeros(2, 16, 2)).isnan().all()
    inputs, targets = torch.randn(400, 16, 2) + 5, torch.randn(400, 16, 3) - 2
    model.fit(inputs, targets)
    design = np.hstack([inputs.flatten(1).numpy().astype(float), np.ones((400, 1))])
    solution = np.linalg.lstsq(design, targets.flatten(1).numpy().astype(float), rcond=None)[0]
    expected = (design @ solution).reshape(400, 16, 3)
    np.testing.assert_allclose(model(inputs).numpy(), expected, atol=1e-4)


def test_linear_least_squares_finds_a_linear_truth_in_rank_deficient_inputs():
    torch.manual_seed(0)
    inputs = torch.randn(300, 16, 2)
    inputs[:, 1] = 2 * inputs[:, 0]
    inputs[:, 2] = 3.0
    targets = (inputs.flatten(1) @ torch.randn(32, 48) + torch.randn(48)).view(300, 16, 3)
    model = LinearLeastSquares(16)
    model.fit(inputs[:200], targets[:200])
    torch.testing.assert_close(model(inputs[200:]), targets[200:], atol=1e-3, rtol=1e-4)


@pytest.mark.parametrize("name", ["mean_pose", "linear_least_squares"])
def test_closed_forms_are_saved_like_networks(name: str):
    model, again = build_model(variant(name=name)), build_model(variant(name=name))
    model.fit(torch.randn(100, 16, 2), torch.randn(100, 16, 3))
    again.load_state_dict(model.state_dict())
    keypoints_2d = torch.randn(5, 16, 2)
    assert torch.equal(again(keypoints_2d), model(keypoints_2d)) and parameter_count(model) == 0
