"""HGN against its plain transcription: the same numbers, in less time and memory."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import hgn_graphs
import pytest
import torch
from plain_hgn import PlainHGN
from torch import Tensor, nn
from torch.autograd.graph import saved_tensors_hooks
from turn_about import compare

from pipeline.authors.names import export_weights, import_weights
from pipeline.config import LiftingVariant
from pipeline.geometry.skeleton import HUMAN36M_17, adjacency
from pipeline.lifting.models import HGN, NonLocal, SemGraphConv, build_model

BATCH = 64
ROUNDS = 7
LEAST_RATIO = 1.5
GRAPHS = hgn_graphs.authors_sized()
ORDERS = pytest.mark.parametrize("fusion", ["parallel", "sequential"])


def both(fusion: str = "parallel", channels: int = 128) -> tuple[PlainHGN, HGN]:
    """The two networks with the same weights, batch norms and edge scores away from their start."""
    torch.manual_seed(0)
    meshes = [torch.from_numpy(graph.adjacency) for graph in (GRAPHS.coarse, GRAPHS.fine)]
    plain = PlainHGN(adjacency(HUMAN36M_17), *meshes, channels=channels, sequential=fusion == "sequential")
    for name, parameter in plain.named_parameters():
        if "bn" in name or "W.1" in name or name.endswith(".e"):
            nn.init.normal_(parameter, mean=1.0, std=0.3)
    model = {"name": "hierarchical_graph_network", "non_local": "ungrouped", "channels": channels, "fusion": fusion}
    settings = {"paper": "hgn", "title": "HGN", "joints": 17, "targets": "meshes", "model": model}
    network = build_model(LiftingVariant.model_validate(settings), HUMAN36M_17, GRAPHS)
    state = {name: value for name, value in plain.state_dict().items() if not name.endswith(".mask")}
    network.load_state_dict(import_weights(state, "hgn"))
    return plain, network


def outputs(network: HGN, keypoints_2d: Tensor) -> tuple[Tensor, ...]:
    output = network(keypoints_2d)
    return output.pose, output.coarse, output.fine


def batch(size: int, dtype: torch.dtype = torch.float32) -> Tensor:
    return 0.3 * torch.randn(size, 17, 2, generator=torch.Generator().manual_seed(1)).to(dtype)


def loss_of(found: Sequence[Tensor]) -> Tensor:
    """Any loss that is no mean of the outputs, to which batch norm would give no gradient."""
    targets = [torch.linspace(-1, 1, part.numel(), dtype=part.dtype).view_as(part) for part in found]
    return sum((part - target).square().mean() for part, target in zip(found, targets, strict=True))


# --- the same numbers -------------------------------------------------------------------------------------------------


@ORDERS
@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float64, 1e-9), (torch.float32, 1e-5)])
def test_outputs_and_gradients_are_the_plain_ones(fusion: str, dtype: torch.dtype, tolerance: float):
    """In float64 to the last digits; float32 takes other kernels (oneDNN) and is held to its own rounding."""
    plain, network = (model.to(dtype) for model in both(fusion, channels=32))
    expected, found = plain(batch(16, dtype)), outputs(network, batch(16, dtype))
    for ours, theirs in zip(found, expected, strict=True):
        torch.testing.assert_close(ours, theirs, atol=tolerance * theirs.abs().max().item(), rtol=tolerance)
    loss_of(found).backward()
    loss_of(expected).backward()
    gradients = {name: parameter.grad for name, parameter in network.named_parameters()}
    largest = max(gradient.abs().max().item() for gradient in gradients.values())
    by_their_names = export_weights(network.state_dict() | gradients, "hgn")
    for name, parameter in plain.named_parameters():
        ours = by_their_names[name]
        torch.testing.assert_close(ours, parameter.grad, atol=5 * tolerance * largest, rtol=tolerance)


def test_evaluation_after_training_steps_is_the_plain_one():
    """Running statistics are kept alike."""
    plain, network = (model.double() for model in both(channels=16))
    for part in batch(32, torch.float64).split(8):
        plain(part), network(part)
    found, expected = outputs(network.eval(), batch(4, torch.float64)), plain.eval()(batch(4, torch.float64))
    for ours, theirs in zip(found, expected, strict=True):
        torch.testing.assert_close(ours, theirs)


# --- in less time and memory ------------------------------------------------------------------------------------------


def training_step(model: nn.Module, outputs_of: Callable[[Tensor], Sequence[Tensor]]) -> Callable[[], None]:
    keypoints_2d = batch(BATCH)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)

    def step() -> None:
        optimizer.zero_grad()
        loss_of(outputs_of(keypoints_2d)).backward()
        optimizer.step()

    return step


def kept_for_backward(outputs_of: Callable[[Tensor], Sequence[Tensor]]) -> float:
    """MB of activations that a forward pass keeps for the backward one, each counted once."""
    kept: dict[int, int] = {}

    def pack(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        kept[storage.data_ptr()] = storage.nbytes()
        return tensor

    with saved_tensors_hooks(pack, lambda tensor: tensor):
        alive = outputs_of(batch(BATCH))  # noqa: F841  # so that no address is given away twice
    return sum(kept.values()) / 1e6


@pytest.mark.benchmark
@pytest.mark.parametrize("threads", [1, 2])
def test_a_training_step_is_faster_than_the_plain_one(threads: int, capsys: pytest.CaptureFixture[str]):
    """HGN, 128 channels, three graphs, batch 64: forward, loss, backward, Adam. Turn and turn about."""
    plain, network = both()
    steps = {"plain": training_step(plain, plain), "ours": training_step(network, lambda x: outputs(network, x))}
    ratio, figures = compare(steps, BATCH, threads, ROUNDS, warm_up=1)
    with capsys.disabled():
        print(f"\nHGN training step, batch {BATCH}, {threads} threads: {figures}")
    assert ratio >= LEAST_RATIO


@pytest.mark.benchmark
def test_the_order_of_operations_for_many_nodes_pays(capsys: pytest.CaptureFixture[str]):
    """HGN's layers against SemGCN's own on the same graphs: the reason why hgn.py has layers of its own."""
    _, network = both()
    graphs = {name: torch.from_numpy(getattr(GRAPHS, name).adjacency) for name in ("coarse", "fine")}
    layers = {"convolution": SemGraphConv, "non_local": lambda: NonLocal(128, group_size=1)}
    other = HGN(adjacency(HUMAN36M_17), graphs, head=nn.Identity(), outputs=3, channels=128, **layers)
    other.load_state_dict(network.state_dict())
    for ours, theirs in zip(outputs(network, batch(4)), outputs(other, batch(4)), strict=True):
        torch.testing.assert_close(ours, theirs, atol=1e-4, rtol=1e-4)
    models = {"plain": other, "ours": network}
    steps = {name: training_step(model, lambda x, model=model: outputs(model, x)) for name, model in models.items()}
    ratio, figures = compare(steps, BATCH, 1, ROUNDS, warm_up=1, clock=time.process_time)
    with capsys.disabled():
        print(f"\nHGN training step by the layers, batch {BATCH}: {figures}")
    assert ratio >= 1.2


@pytest.mark.benchmark
def test_less_is_kept_for_the_backward_pass(capsys: pytest.CaptureFixture[str]):
    plain, network = both()
    kept = {"plain": kept_for_backward(plain), "ours": kept_for_backward(lambda x: outputs(network, x))}
    with capsys.disabled():
        figures = ", ".join(f"{name} {size:.0f} MB" for name, size in kept.items())
        print(f"\nHGN, kept between forward and backward, batch {BATCH}: {figures}")
    assert kept["ours"] < kept["plain"]
