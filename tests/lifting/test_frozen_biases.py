"""lifting.models.frozen_biases: which biases a batch norm follows, that they change nothing, and that they stay."""

from __future__ import annotations

from typing import Any

import mesh_files
import pytest
import torch
from evaluated_poses import make_data
from torch import Tensor, nn

from pipeline.config import LiftingVariant
from pipeline.lifting.checkpoints import seeded_model
from pipeline.lifting.data import LiftingData
from pipeline.lifting.models import parameter_count
from pipeline.lifting.outputs import main_prediction
from pipeline.lifting.task import LiftingTask

CHANNELS, BLOCKS = 8, 2
GRAPHS = {
    "graph_network": {"blocks": BLOCKS, "channels": CHANNELS},
    "graph_stacked_hourglass": {"channels": CHANNELS, "non_local": "none", "blocks": 1},
    "hierarchical_graph_network": {"channels": CHANNELS, "non_local": "ungrouped"},
}


def variant_of(name: str = "graph_network", bias: str = "frozen", **model: Any) -> LiftingVariant:
    settings: dict[str, Any] = {"paper": "sanity", "title": "small", "optimizer": {"batch_size": 16}}
    settings["model"] = {"name": name, "bias_before_norm": bias} | GRAPHS[name] | model
    if name == "hierarchical_graph_network":
        settings |= {"targets": "meshes", "joints": 17}
    return LiftingVariant.model_validate(settings)


def network(name: str = "graph_network", bias: str = "frozen", **model: Any) -> nn.Module:
    graphs = mesh_files.graphs() if name == "hierarchical_graph_network" else None
    return seeded_model(variant_of(name, bias, **model), 0, graphs)


def frozen(model: nn.Module) -> dict[str, Tensor]:
    return {name: values for name, values in model.named_parameters() if not values.requires_grad}


def test_the_biases_in_front_of_batch_norm_are_frozen_and_no_other_parameter() -> None:
    blocks = ["input", *(f"residuals.{block}.{place}" for block in range(BLOCKS) for place in ("first", "second"))]
    non_locals = ["input_non_local", *(f"non_locals.{block}" for block in range(BLOCKS))]
    expected = {f"{name}.convolution.bias" for name in blocks} | {f"{name}.output.bias" for name in non_locals}
    assert set(frozen(network())) == expected
    assert frozen(network(bias="trained")) == {}
    assert parameter_count(network(bias="trained")) - parameter_count(network()) == len(expected) * CHANNELS


@pytest.mark.parametrize("convolution", ["vanilla", "semantic", "semantic_channelwise", "attention"])
def test_every_convolution_of_the_network_has_one(convolution: str) -> None:
    assert len(frozen(network(convolution=convolution))) == 2 + 3 * BLOCKS


@pytest.mark.parametrize("name", list(GRAPHS))
def test_every_batch_norm_of_a_graph_network_has_one_bias_in_front(name: str) -> None:
    model = network(name)
    assert len(frozen(model)) == sum(isinstance(layer, nn.BatchNorm1d) for layer in model.modules())


@pytest.mark.parametrize("name", list(GRAPHS))
def test_with_batch_statistics_a_frozen_bias_changes_no_output(name: str) -> None:
    """In float64, so that what is left is rounding. The statistics of the batch are those of training."""
    model = network(name).double().train()
    for layer in model.modules():  # as trained: non-local layers start with a batch norm of weight 0
        if isinstance(layer, nn.BatchNorm1d):
            nn.init.uniform_(layer.weight, 0.5, 2.0)
    keypoints = torch.randn(16, 17 if name == "hierarchical_graph_network" else 16, 2, dtype=torch.float64)

    def poses() -> Tensor:
        return main_prediction(model(keypoints))

    before = poses()
    with torch.no_grad():
        for values in frozen(model).values():
            values += 3.0
    torch.testing.assert_close(poses(), before, rtol=1e-8, atol=1e-10)


def test_the_start_is_that_of_the_trained_network() -> None:
    one, other = network().state_dict(), network(bias="trained").state_dict()
    assert one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


def steps(bias: str, data: LiftingData, count: int = 20) -> dict[str, Tensor]:
    """How far every parameter moves in some steps of Adam at 1e-3."""
    model = network(bias=bias)
    task = LiftingTask(variant_of(bias=bias), model, data, data)
    start = {name: values.detach().clone() for name, values in model.named_parameters()}
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3, fused=True)
    model.train()
    for _ in range(count):
        optimizer.zero_grad()
        sum(task.loss(torch.arange(16), 0.0).values()).backward()
        optimizer.step()
    return {name: (values.detach() - start[name]).abs().max() for name, values in model.named_parameters()}


def test_in_training_a_frozen_bias_stays_and_a_trained_one_follows_its_rounding_noise() -> None:
    data = make_data()
    still, moved = steps("frozen", data), steps("trained", data)
    held = frozen(network())
    assert all(still[name] == 0 for name in held)
    # Its gradient is 0, and yet Adam moves it by steps of a tenth of its rate or more. At the start, no gradient at all
    # reaches a non-local layer's bias: its batch norm starts at 0.
    assert all(moved[name] > 2e-3 for name in held if "convolution" in name)
    assert all(still[name] > 0 for name in still if name not in held and "non_local" not in name)
