"""Graph attention against a loop over poses, heads and joints; who has influence on whom."""

import math

import pytest
import torch
from torch import Tensor, nn

from pipeline.geometry.skeleton import HUMAN36M_16, adjacency
from pipeline.lifting.models import GraphAttention, SemGCN

GRAPH = adjacency(HUMAN36M_16)


def layer(in_features: int, out_features: int, heads: int = 8) -> GraphAttention:
    torch.manual_seed(in_features + out_features)
    made = GraphAttention(in_features, out_features, GRAPH, heads)
    nn.init.normal_(made.bias)
    return made.double()


def by_loops(layer: GraphAttention, features: Tensor) -> tuple[Tensor, Tensor]:
    """Results [N, J, out] and weights [N, heads, J, J], an edge at a time."""
    width = layer.weight.shape[1] // layer.heads
    out = torch.zeros(*features.shape[:2], layer.weight.shape[1], dtype=features.dtype)
    weights = torch.zeros(len(features), layer.heads, 16, 16, dtype=features.dtype)
    for pose in range(len(features)):
        for head in range(layer.heads):
            columns = slice(head * width, (head + 1) * width)
            h = [features[pose, joint] @ layer.weight[:, columns] for joint in range(16)]
            a = torch.cat([layer.attention[0, columns], layer.attention[1, columns]])
            for i in range(16):
                neighbours = [j for j in range(16) if GRAPH[i, j] > 0]
                raw = [float(a @ torch.cat([h[i], h[j]])) for j in neighbours]
                powers = [math.exp(score if score > 0 else 0.2 * score) for score in raw]
                for j, power in zip(neighbours, powers, strict=True):
                    weights[pose, head, i, j] = power / sum(powers)
                    out[pose, i, columns] += power / sum(powers) * h[j]
    return out + layer.bias, weights


@pytest.mark.parametrize(("in_features", "out_features", "heads"), [(2, 16, 8), (6, 8, 2), (5, 3, 8), (4, 4, 1)])
def test_is_the_paper_by_loops(in_features: int, out_features: int, heads: int):
    attention = layer(in_features, out_features, heads)
    assert attention.heads == (heads if out_features % heads == 0 else 1)
    features = 2 * torch.randn(3, 16, in_features).double()
    with torch.no_grad():
        expected, weights = by_loops(attention, features)
    torch.testing.assert_close(attention(features), expected)
    torch.testing.assert_close(attention.attention_weights(features), weights)
    assert (weights > 0).sum() == 3 * attention.heads * 46


def test_weights_sum_to_one_and_depend_on_the_pose():
    attention = layer(8, 16)
    weights = attention.attention_weights(torch.randn(5, 16, 8).double())
    torch.testing.assert_close(weights.sum(dim=3), torch.ones(5, 8, 16).double())
    assert (weights[0] - weights[1]).abs().max() > 0.01
    assert (weights[:, 0] - weights[:, 1]).abs().max() > 0.01


def test_only_neighbours_have_influence():
    attention = layer(4, 8)
    features = torch.randn(1, 16, 4).double()
    influence = torch.autograd.functional.jacobian(lambda x: attention(x)[0], features)  # [16, 8, 1, 16, 4]
    assert torch.equal(influence.abs().amax(dim=(1, 2, 4)) > 0, GRAPH > 0)


def test_parameters_whatever_the_heads():
    for heads in (1, 4, 8):
        made = GraphAttention(128, 128, GRAPH, heads)
        assert sum(parameter.numel() for parameter in made.parameters()) == 128 * 128 + 2 * 128 + 128


def test_a_network_of_it_learns():
    torch.manual_seed(0)

    def convolution(in_features: int, out_features: int) -> GraphAttention:
        return GraphAttention(in_features, out_features, GRAPH)

    model = SemGCN(convolution, nn.Identity, nn.Identity(), outputs=3, joint_count=16, channels=32, blocks=1)
    assert [module.heads for module in model.modules() if isinstance(module, GraphAttention)] == [8, 8, 8, 1]
    keypoints_2d = torch.randn(16, 16, 2)
    joints_3d = 0.5 * torch.sin(GRAPH @ keypoints_2d @ torch.randn(2, 3))
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    for _ in range(80):
        loss = (model(keypoints_2d) - joints_3d).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert loss < 0.5 * joints_3d.var()
    assert all(parameter.grad is not None for parameter in model.parameters())


def test_leading_axes_and_single_precision():
    attention = layer(4, 8).float()
    features = torch.randn(2, 3, 16, 4)
    out = attention(features)
    assert out.shape == (2, 3, 16, 8)
    torch.testing.assert_close(out[1, 2], attention(features[1, 2]))
    torch.testing.assert_close(out.double(), attention.double()(features.double()), atol=1e-5, rtol=1e-5)


def test_a_joint_without_edges_has_no_nan():
    graph = GRAPH.clone()
    graph[3] = 0
    weights = GraphAttention(4, 8, graph).attention_weights(torch.randn(1, 16, 4))
    torch.testing.assert_close(weights[0, :, 3], torch.full((8, 16), 1 / 16))


def test_starts_by_glorots_rule():
    torch.manual_seed(0)
    made = GraphAttention(128, 128, GRAPH)
    assert made.weight.abs().max().item() == pytest.approx(math.sqrt(6 / (128 + 16)), rel=0.01)
    assert made.attention.abs().max().item() == pytest.approx(math.sqrt(6 / (2 * 16 + 1)), rel=0.05)
    assert (made.bias == 0).all() and not dict(made.named_buffers(remove_duplicate=False))["absent"].all()
    assert "absent" not in made.state_dict()


@pytest.mark.parametrize("shape", [(4, 17, 4), (4, 16, 5)])
def test_features_of_another_shape_are_refused(shape: tuple[int, ...]):
    with pytest.raises(ValueError, match=r"expected features \[..., 16, 4\], found"):
        GraphAttention(4, 8, GRAPH)(torch.zeros(shape))


def test_no_heads_are_refused():
    with pytest.raises(ValueError, match="heads=0"):
        GraphAttention(4, 8, GRAPH, heads=0)
