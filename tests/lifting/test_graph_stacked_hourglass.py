"""Graph Stacked Hourglass: its size as HGN prints it, its pooling, and that it learns."""

from itertools import pairwise

import pytest
import torch
from torch import nn

from pipeline.config import LiftingVariant
from pipeline.geometry.skeleton import HUMAN36M_16, HUMAN36M_17, Skeleton, adjacency, hop_distance, without
from pipeline.lifting.models import GraphStackedHourglass, build_model, parameter_count
from pipeline.lifting.models.graph_stacked_hourglass import (
    SkeletalPool,
    SqueezeExcitation,
    pooled_graphs,
    pooling_groups,
)
from pipeline.lifting.outputs import PoseMixture


def network(skeleton: Skeleton = HUMAN36M_16, head: dict | None = None, **model: object) -> GraphStackedHourglass:
    settings = {"name": "graph_stacked_hourglass", "channels": 64, **model}
    variant = {"paper": "hgn", "title": "x", "joints": skeleton.joint_count, "model": settings, "head": head or {}}
    torch.manual_seed(0)
    return build_model(LiftingVariant.model_validate(variant), skeleton)


# --- sizes ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("convolution", "parameters", "printed"), [("semantic", 438_657, "0.44"), ("vanilla", 224_907, "0.22")]
)
@pytest.mark.parametrize("skeleton", [HUMAN36M_16, HUMAN36M_17], ids=["16", "17"])
def test_sizes_are_those_of_hgns_table_4(skeleton: Skeleton, convolution: str, parameters: int, printed: str):
    """With 17 joints three more entries of the graph, in the nine layers on it; over 8 and 4 nodes nothing changes."""
    count = parameter_count(network(skeleton, convolution=convolution))
    more = 9 * 3 if skeleton is HUMAN36M_17 and convolution == "semantic" else 0
    assert count == parameters + more and f"{count / 1e6:.2f}" == printed


def test_a_size_follows_from_the_layers():
    def block(ins: int, outs: int, edges: int) -> int:
        return 2 * ins * outs + edges + outs + 2 * outs

    hourglass = (
        block(16, 24, 46) + block(24, 32, 22) + block(32, 32, 10) + block(32, 24, 22) + block(24, 16, 46) + 16 * 5 + 5
    )
    excitation = (15 * 1 + 1) + (1 * 15 + 15)
    expected = block(2, 16, 46) + 3 * hourglass + excitation + 15 * 3 + 3
    assert parameter_count(network(channels=16, blocks=3)) == expected


# --- pooling ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("skeleton", [HUMAN36M_16, HUMAN36M_17], ids=["16", "17"])
def test_groups_hang_together_or_are_mirror_images(skeleton: Skeleton):
    """Hips and shoulders are pooled across the body, all others along a bone or two."""
    groups, _ = pooling_groups(skeleton)
    assert len(groups) == 8
    pairs = set(zip(skeleton.left, skeleton.right, strict=True))
    bones = {frozenset(edge) for edge in skeleton.edges}
    for group in groups:
        assert tuple(group) in pairs or all(frozenset(pair) in bones for pair in pairwise(group))


def test_sixteen_joints_are_pooled_as_semgcn_pools_them():
    groups, _ = pooling_groups(HUMAN36M_16)
    assert {frozenset(group) for group in groups} == {frozenset(group) for group in HUMAN36M_16.groups}


def test_neck_and_nose_go_with_head_and_thorax():
    groups, _ = pooling_groups(HUMAN36M_17)
    names = [[HUMAN36M_17.names[joint] for joint in group] for group in groups]
    assert ["Thorax", "Neck/Nose", "Head"] in names and sorted(map(len, names)) == [2] * 7 + [3]


def test_another_skeleton_is_refused():
    with pytest.raises(ValueError, match=r"headless: pooling is defined for Human3\.6M's 16 or 17 joints only"):
        pooling_groups(without(without(HUMAN36M_17, 10, "x"), 9, "headless"))


@pytest.mark.parametrize("skeleton", [HUMAN36M_16, HUMAN36M_17], ids=["16", "17"])
def test_pooled_graphs_are_the_body_in_fewer_nodes(skeleton: Skeleton):
    """Eight nodes in a tree, four in a chain: legs, hips and trunk, head and shoulders, forearms. The same for 17."""
    joints, eight, four = pooled_graphs(skeleton, pooling_groups(skeleton))
    torch.testing.assert_close(joints, adjacency(skeleton))
    assert len(eight) == 8 and (eight > 0).sum() == 8 + 2 * 7 and (eight > 0).equal(eight.t() > 0)
    chain = torch.tensor([[1.0, 1, 0, 0], [1, 1, 1, 0], [0, 1, 1, 1], [0, 0, 1, 1]])
    torch.testing.assert_close(four, chain / chain.sum(dim=1, keepdim=True))
    torch.testing.assert_close(eight.sum(dim=1), torch.ones(8))
    assert hop_distance(skeleton).max() <= 6 and torch.linalg.matrix_power(eight, 7).gt(0).all()  # connected


def test_pooling_takes_the_maximum_and_its_undoing_copies():
    pool = SkeletalPool([[2, 0], [1, 3, 4]])
    features = torch.tensor([[[1.0, -9], [2, -8], [3, -7], [7, -1], [5, -6]]])
    pooled = pool(features)
    assert pooled.tolist() == [[[3.0, -7], [7, -1]]]
    assert pool.undo(pooled).tolist() == [[[3.0, -7], [7, -1], [3, -7], [7, -1], [7, -1]]]
    assert pool(pool.undo(pooled)).equal(pooled)


def test_a_repeated_member_gets_its_gradient_once():
    pool = SkeletalPool([[0, 1], [2, 3, 4]])
    features = torch.tensor([[[1.0], [2], [9], [4], [5]]], requires_grad=True)
    pool(features).sum().backward()
    assert features.grad.flatten().tolist() == [0, 1, 1, 0, 0]


def test_a_node_in_no_group_or_in_two_is_refused():
    for groups in ([[0, 1], [1, 2]], [[0, 1], [3]]):
        with pytest.raises(ValueError, match="every node belongs to one group"):
            SkeletalPool(groups)


def test_channels_are_weighed_by_the_whole_pose():
    block = SqueezeExcitation(16)
    features = torch.randn(3, 5, 16)
    out = block(features)
    ratio = out / features
    torch.testing.assert_close(ratio, ratio[:, :1].expand_as(ratio))  # a number a channel and pose, for all joints
    assert (ratio > 0).all() and (ratio < 1).all()
    shuffled = features[:, torch.randperm(5)]
    torch.testing.assert_close(block(shuffled) / shuffled, ratio)


# --- the whole --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("skeleton", [HUMAN36M_16, HUMAN36M_17], ids=["16", "17"])
@pytest.mark.parametrize("convolution", ["semantic", "vanilla", "attention"])
def test_outputs_are_poses(skeleton: Skeleton, convolution: str):
    joints = skeleton.joint_count
    model = network(skeleton, convolution=convolution, channels=13, blocks=2)  # an odd width
    assert model(torch.randn(6, joints, 2)).shape == (6, joints, 3)
    with pytest.raises(ValueError, match=rf"expected keypoints_2d \[B, {joints}, 2\], found \[6, 15, 2\]"):
        model(torch.randn(6, 15, 2))


def test_it_takes_a_mixture_head():
    output = network(HUMAN36M_17, {"name": "mixture", "kernels": 4}, channels=16)(torch.randn(6, 17, 2))
    assert isinstance(output, PoseMixture) and output.means.shape == (6, 4, 17, 3)


def test_fewer_channels_than_hourglasses_are_refused():
    with pytest.raises(ValueError, match="each of 4 hourglasses needs a channel of the output, found channels=3"):
        network(channels=3)


def test_poses_do_not_see_each_other_in_evaluation():
    model, keypoints_2d = network(channels=16, blocks=2), torch.randn(20, 16, 2)
    model(keypoints_2d)
    model.eval()
    alone = torch.cat([model(one) for one in keypoints_2d.split(1)])
    torch.testing.assert_close(alone, model(keypoints_2d), atol=1e-5, rtol=1e-4)


def test_every_hourglass_reaches_the_output():
    """Multi-level features: without the last hourglass's share the first one's still counts."""
    model = network(channels=16, blocks=2).eval()
    keypoints_2d = torch.randn(4, 16, 2)
    before = model(keypoints_2d)
    for linear in model.intermediate:
        kept = [parameter.clone() for parameter in linear.parameters()]
        for parameter in linear.parameters():
            nn.init.zeros_(parameter)
        assert not torch.allclose(model(keypoints_2d), before)
        for parameter, value in zip(linear.parameters(), kept, strict=True):
            parameter.data.copy_(value)


@pytest.mark.parametrize("skeleton", [HUMAN36M_16, HUMAN36M_17], ids=["16", "17"])
def test_overfits_one_batch(skeleton: Skeleton):
    model = network(skeleton, channels=32, blocks=2)
    keypoints_2d = torch.randn(16, skeleton.joint_count, 2)
    joints_3d = 0.5 * torch.sin(adjacency(skeleton) @ keypoints_2d @ torch.randn(2, 3))
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    for _ in range(120):
        optimizer.zero_grad()
        loss = (model(keypoints_2d) - joints_3d).square().mean()
        loss.backward()
        optimizer.step()
    assert all(parameter.grad is not None for parameter in model.parameters())
    assert loss / joints_3d.var() < 0.1
