"""Graph convolutions against sums written out joint by joint, and against what graphs promise."""

import math

import numpy as np
import pytest
import torch
from torch import Tensor

from pipeline.geometry.skeleton import HUMAN36M_16, adjacency
from pipeline.lifting.models import GraphConv, SemGraphConv

GRAPH = adjacency(HUMAN36M_16)
JOINTS = HUMAN36M_16.joint_count


def trained(layer: SemGraphConv, seed: int = 0) -> SemGraphConv:
    """The layer in float64, with edge scores as training might leave them."""
    torch.manual_seed(seed)
    layer = layer.double()
    torch.nn.init.normal_(layer.edge_scores)
    return layer


def by_hand(layer: SemGraphConv, features: Tensor) -> np.ndarray:
    """Eq. 2, 3 and 9 of SemGCN, one joint, one channel and one neighbour at a time; features [B, J, in]."""
    x, weight, bias = (part.detach().numpy() for part in (features, layer.weight, layer.bias))
    neighbours = [np.flatnonzero(row) for row in layer.adjacency.numpy()]
    scores = iter(layer.edge_scores.detach().numpy().T)  # one edge after the other: [rows]
    scores_of = [[next(scores) for _ in around] for around in neighbours]
    out = np.zeros((*x.shape[:2], weight.shape[2]))
    for channel in range(weight.shape[2]):
        for joint, around in enumerate(neighbours):
            exponentials = [math.exp(score[channel if layer.channelwise else 0]) for score in scores_of[joint]]
            for other, exponential in zip(around, exponentials, strict=True):
                matrix = weight[0 if other == joint else 1]
                out[:, joint, channel] += exponential / sum(exponentials) * (x[:, other] @ matrix[:, channel])
            out[:, joint, channel] += bias[channel]
    return out


@pytest.mark.parametrize("channelwise", [False, True])
def test_output_is_the_papers_sum(channelwise: bool):
    layer = trained(SemGraphConv(5, 7, GRAPH, channelwise=channelwise))
    features = torch.randn(3, JOINTS, 5).double()
    np.testing.assert_allclose(layer(features).detach().numpy(), by_hand(layer, features), rtol=1e-10, atol=1e-12)


def test_float32_takes_another_route_to_the_same_numbers():
    """A batch of 32 is large enough for oneDNN, which float64 never uses."""
    layer, features = trained(SemGraphConv(64, 96, GRAPH)), torch.randn(32, JOINTS, 64).double()
    torch.testing.assert_close(layer.float()(features.float()).double(), layer.double()(features), atol=1e-5, rtol=1e-5)


def test_vanilla_is_eq_1():
    layer, features = GraphConv(5, 7, GRAPH).double(), torch.randn(3, JOINTS, 5).double()
    expected = torch.einsum("ij,bjc,co->bio", GRAPH.double(), features, layer.weight) + layer.bias
    torch.testing.assert_close(layer(features), expected)
    assert not layer.state_dict().keys() & {"adjacency"}  # the graph is the skeleton's, not the checkpoint's


@pytest.mark.parametrize("channelwise", [False, True])
def test_edge_weights_are_rows_of_a_softmax_on_the_graph(channelwise: bool):
    weights = trained(SemGraphConv(2, 3, GRAPH, channelwise=channelwise)).edge_weights()
    assert weights.shape == ((3, JOINTS, JOINTS) if channelwise else (JOINTS, JOINTS))
    torch.testing.assert_close(weights.sum(dim=-1), torch.ones_like(weights[..., 0]))
    on_graph = (GRAPH > 0).expand_as(weights)
    assert (weights[~on_graph] == 0).all() and (weights[on_graph] > 0).all()


def test_channelwise_weights_that_agree_are_shared_weights():
    shared, channelwise = trained(SemGraphConv(4, 6, GRAPH)), trained(SemGraphConv(4, 6, GRAPH, channelwise=True))
    channelwise.load_state_dict(
        {**shared.state_dict(), "edge_scores": shared.edge_scores.detach().expand(6, -1).clone()}
    )
    features = torch.randn(2, JOINTS, 4).double()
    torch.testing.assert_close(channelwise(features), shared(features))


def test_without_softmax_the_start_is_the_same_and_the_scores_are_factors():
    softmax, raw = SemGraphConv(2, 3, GRAPH), SemGraphConv(2, 3, GRAPH, softmax=False)
    torch.testing.assert_close(softmax.edge_weights(), GRAPH)
    torch.testing.assert_close(raw.edge_weights(), GRAPH)
    with torch.no_grad():
        softmax.edge_scores.mul_(3)
        raw.edge_scores.mul_(3)
    torch.testing.assert_close(softmax.edge_weights(), GRAPH)
    torch.testing.assert_close(raw.edge_weights(), 3 * GRAPH)


@pytest.mark.parametrize("channelwise", [False, True])
def test_permuted_joints_with_permuted_edges_give_permuted_outputs(channelwise: bool):
    order = torch.randperm(JOINTS, generator=torch.Generator().manual_seed(0))
    layer = trained(SemGraphConv(4, 6, GRAPH, channelwise=channelwise))
    permuted = trained(SemGraphConv(4, 6, GRAPH[order][:, order], channelwise=channelwise))
    scores = torch.zeros(len(layer.edge_scores), JOINTS * JOINTS).double()
    scores[:, layer.edges] = layer.edge_scores.detach()
    moved = scores.view(-1, JOINTS, JOINTS)[:, order][:, :, order].flatten(1)[:, permuted.edges]
    permuted.load_state_dict({**layer.state_dict(), "edge_scores": moved})
    features = torch.randn(2, JOINTS, 4).double()
    torch.testing.assert_close(permuted(features[:, order]), layer(features)[:, order])


@pytest.mark.parametrize("channelwise", [False, True])
def test_a_joint_sees_its_neighbours_only(channelwise: bool):
    layer = trained(SemGraphConv(2, 3, GRAPH, channelwise=channelwise))
    jacobian = torch.autograd.functional.jacobian(layer, torch.randn(1, JOINTS, 2).double())[0, :, :, 0]
    assert torch.equal(jacobian.abs().sum(dim=(1, 3)) > 0, GRAPH > 0)


def test_a_joint_without_edges_attends_to_all_alike():
    graph = torch.block_diag(GRAPH, torch.zeros(2, 2))
    weights = SemGraphConv(2, 3, graph).edge_weights()
    torch.testing.assert_close(weights[-2:], torch.full((2, JOINTS + 2), 1 / (JOINTS + 2)))


@pytest.mark.parametrize("channelwise", [False, True])
@pytest.mark.parametrize("softmax", [False, True])
def test_gradients_are_those_of_the_output(channelwise: bool, softmax: bool):
    graph = GRAPH[:4, :4]
    layer = trained(SemGraphConv(2, 3, graph, channelwise=channelwise, softmax=softmax))
    names, parameters = zip(*layer.named_parameters(), strict=True)

    def run(features: Tensor, *values: Tensor) -> Tensor:
        return torch.func.functional_call(layer, dict(zip(names, values, strict=True)), (features,))

    assert torch.autograd.gradcheck(run, (torch.randn(2, 4, 2).double().requires_grad_(), *parameters))


def test_start_values_are_the_authors():
    layer = SemGraphConv(128, 64, GRAPH)
    bound = 1.414 * math.sqrt(6 / (130 * 64))
    assert 0.99 * bound < layer.weight.abs().max().item() <= bound
    assert (layer.edge_scores == 1).all()
    assert 0.8 / 8 < layer.bias.abs().max().item() <= 1 / 8
    wide = SemGraphConv(256, 64, GRAPH, channelwise=True)
    assert 0.8 / 16 < wide.bias.abs().max().item() <= 1 / 16


def test_parameters_have_the_authors_shapes():
    shapes = {name: tuple(value.shape) for name, value in SemGraphConv(128, 25, GRAPH).state_dict().items()}
    assert shapes == {"weight": (2, 128, 25), "edge_scores": (1, 46), "bias": (25,)}
    assert SemGraphConv(128, 25, GRAPH, channelwise=True).edge_scores.shape == (25, 46)
    assert SemGraphConv(2, 3, GRAPH, bias=False).state_dict().keys() == {"weight", "edge_scores"}


@pytest.mark.parametrize("channelwise", [False, True])
def test_any_leading_dimensions_and_no_bias(channelwise: bool):
    layer = trained(SemGraphConv(4, 6, GRAPH, bias=False, channelwise=channelwise))
    features = torch.randn(2, 3, JOINTS, 4).double()
    together = layer(features)
    assert together.shape == (2, 3, JOINTS, 6)
    torch.testing.assert_close(together[1], layer(features[1]))
    torch.testing.assert_close(layer(torch.zeros(JOINTS, 4).double()), torch.zeros(JOINTS, 6).double())


@pytest.mark.parametrize("layer", [GraphConv(2, 3, GRAPH), SemGraphConv(2, 3, GRAPH)])
def test_another_number_of_joints_or_features_is_refused(layer: torch.nn.Module):
    for shape in ((5, 17, 2), (5, 16, 3)):
        with pytest.raises(ValueError, match="expected features"):
            layer(torch.zeros(shape))
