"""Which non-local layers are counted as dead: in single layers, and in a network through the batches of a renewal."""

from __future__ import annotations

import pytest
import torch
from lively_norms import draw_norms
from torch import nn

from pipeline.lifting import non_local
from pipeline.lifting.models import NonLocal
from pipeline.lifting.results import NonLocalLayers


def living(seed: int = 0) -> NonLocal:
    """A layer whose affinities are not 0: away from its start, with ReLUs that are open for about half of the pairs."""
    torch.manual_seed(seed)
    layer = NonLocal(8, 2)
    for parameter in layer.parameters():
        nn.init.normal_(parameter, std=0.5)
    draw_norms(layer)
    return layer


def dead(seed: int = 0) -> NonLocal:
    """The same with a shift that closes every ReLU, as a few large steps leave it."""
    layer = living(seed)
    with torch.no_grad():
        weight = layer.affinity[0]
        layer.theta.bias.copy_(-1e6 * weight / weight.square().sum())
    return layer


class Network(nn.Module):
    def __init__(self, *layers: nn.Module) -> None:
        super().__init__()
        self.layers = nn.ModuleList(layers)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        for layer in self.layers:
            features = layer(features)
        return features


def look(network: nn.Module, batches: int = 3, poses: int = 20) -> NonLocalLayers | None:
    torch.manual_seed(1)
    with non_local.watch(network) as watched, torch.no_grad():
        for _ in range(batches):
            network(torch.randn(poses, 16, 8))
    return watched.result


@pytest.mark.parametrize("training", [False, True])
def test_a_layer_with_closed_relus_is_dead_and_named(training: bool) -> None:
    network = Network(living(0), dead(1), nn.Linear(8, 8), living(2), dead(3)).train(training)
    assert look(network) == NonLocalLayers(layers=4, dead=2, names=["layers.1", "layers.4"])


@pytest.mark.parametrize("training", [False, True])
def test_a_dead_layer_still_shifts_the_features(training: bool) -> None:
    """It is not the size of what a layer adds that counts, but whether it depends on the pose."""
    layer, features = dead().train(training), torch.randn(20, 16, 8)
    added = layer(features) - features
    assert added.abs().min() > 1e-3
    torch.testing.assert_close(added, added[:1, :1].expand_as(added))


def test_a_layer_at_its_start_adds_nothing() -> None:
    assert look(Network(NonLocal(8, 2))) == NonLocalLayers(layers=1, dead=1, names=["layers.0"])


def test_one_batch_in_which_it_lives_is_enough() -> None:
    layer = dead()
    with non_local.watch(Network(layer)) as watched, torch.no_grad():
        layer(torch.randn(20, 16, 8))
        layer.theta.bias.zero_()
        layer(torch.randn(20, 16, 8))
        layer.theta.bias.fill_(-1e6)
        layer(torch.randn(20, 16, 8))
    assert watched.result == NonLocalLayers(layers=1, dead=0, names=[])


def test_a_living_layer_may_add_little() -> None:
    layer = living()
    with torch.no_grad():
        layer.normalisation.weight.mul_(1e-2)
    found = look(Network(layer))
    assert found is not None and found.dead == 0


def test_without_such_layers_or_without_a_batch_there_is_nothing_to_say() -> None:
    assert look(Network(nn.Linear(8, 8))) is None
    assert look(Network(living()), batches=0) is None


def test_layers_are_watched_within_the_block_only() -> None:
    layer = living()
    with non_local.watch(layer):
        assert layer._forward_hooks
    assert not layer._forward_hooks
