"""GraphMDN against its plain transcription: the same numbers, in less time."""

import re
from collections.abc import Callable

import pytest
import torch
from plain_graphmdn import PlainGraphMDN, plain_pose_nll
from torch import Tensor, nn
from turn_about import compare

from pipeline.config import LiftingVariant
from pipeline.geometry.skeleton import HUMAN36M_16, adjacency
from pipeline.lifting.losses import pose_nll
from pipeline.lifting.models import SemGCN, build_model

KERNELS = 5
BATCH = 256
ROUNDS = 15
LEAST_RATIO = 1.7

OUR_NAMES = {  # in this order
    r"^gconv_input\.0": "input",
    r"^gconv_input\.1": "input_non_local",
    r"^gconv_output": "output",
    r"\.non_local\.": ".",
    r"gconv1": "first",
    r"gconv2": "second",
    r"gconv\.": "convolution.",
    r"bn": "normalisation",
    r"W\.0": "output",
    r"W\.1": "normalisation",
    r"W$": "weight",
    r"\be$": "edge_scores",
    r"(g|phi)\.0": r"\1",
    r"concat_project\.0\.weight": "affinity",
}


def both(dropout: float = 0.0, channels: int = 128, blocks: int = 4) -> tuple[PlainGraphMDN, SemGCN]:
    """The two networks with the same weights, batch norms and edge scores away from their start."""
    model = {"dropout": dropout, "channels": channels, "blocks": blocks}
    settings = {"paper": "graphmdn", "title": "GraphMDN", "model": model, "head": {"name": "mixture"}}
    torch.manual_seed(0)
    plain = PlainGraphMDN(adjacency(HUMAN36M_16), HUMAN36M_16.groups, channels, blocks, 5 * KERNELS, dropout)
    for name, parameter in plain.named_parameters():
        if "bn" in name or "W.1" in name or name.endswith(".e"):
            nn.init.normal_(parameter, mean=1.0, std=0.3)
    network = build_model(LiftingVariant.model_validate(settings))
    copy_weights(plain, network)
    return plain, network


def copy_weights(plain: PlainGraphMDN, network: SemGCN) -> None:
    state = network.state_dict()
    for name, value in plain.state_dict().items():
        if our_name(name) in state:
            state[our_name(name)] = value.reshape(state[our_name(name)].shape)
    network.load_state_dict(state)


def our_name(name: str) -> str:
    """Our name of a parameter of the authors' checkpoint."""
    number = re.search(r"(?<=gconv_layers\.)\d+", name)
    if number is not None:  # residual blocks and non-local layers take turns
        place, turn = divmod(int(number[0]), 2)
        name = name.replace(f"gconv_layers.{number[0]}", f"{('residuals', 'non_locals')[turn]}.{place}")
    for theirs, ours in OUR_NAMES.items():
        name = re.sub(theirs, ours, name)
    return name


def batch(size: int, dtype: torch.dtype = torch.float32) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(1)
    keypoints_2d = 0.3 * torch.randn(size, 16, 2, generator=generator)
    return keypoints_2d.to(dtype), 0.3 * torch.randn(size, 16, 3, generator=generator).to(dtype)


# --- the same numbers -------------------------------------------------------------------------------------------------


def test_every_weight_has_its_counterpart():
    plain, network = both()
    names = {our_name(name) for name, _ in plain.named_parameters()}
    assert names == {name for name, _ in network.named_parameters()}


@pytest.mark.parametrize(("dtype", "size", "tolerance"), [(torch.float64, 8, 1e-9), (torch.float32, 32, 2e-5)])
def test_outputs_and_gradients_are_the_plain_ones(dtype: torch.dtype, size: int, tolerance: float):
    """In float64 to the last digits; float32 takes other kernels (oneDNN) and is held to its own rounding."""
    plain, network = (model.to(dtype) for model in both(channels=32, blocks=2))
    keypoints_2d, joints_3d = batch(size, dtype)
    raw, plain_raw = network.raw(keypoints_2d), plain(keypoints_2d)
    torch.testing.assert_close(raw, plain_raw, atol=tolerance, rtol=tolerance)
    loss, plain_loss = pose_nll(network.head(raw), joints_3d), plain_pose_nll(plain_raw, joints_3d, KERNELS)
    torch.testing.assert_close(loss, plain_loss, atol=tolerance, rtol=tolerance)
    loss.backward()
    plain_loss.backward()
    gradients = {name: parameter.grad for name, parameter in network.named_parameters()}
    largest = max(gradient.abs().max().item() for gradient in gradients.values())
    for name, parameter in plain.named_parameters():
        ours = gradients[our_name(name)].reshape(parameter.shape)
        torch.testing.assert_close(ours, parameter.grad, atol=5 * tolerance * largest, rtol=tolerance)


def test_evaluation_after_training_steps_is_the_plain_one():
    """Running statistics are kept alike."""
    plain, network = (model.double() for model in both(channels=32, blocks=1))
    keypoints_2d, _ = batch(64, torch.float64)
    for part in keypoints_2d.split(16):
        plain(part), network(part)
    torch.testing.assert_close(network.eval().raw(keypoints_2d), plain.eval()(keypoints_2d))


# --- in less time -----------------------------------------------------------------------------------------------------


def training_step(model: nn.Module, loss_of: Callable[[Tensor, Tensor], Tensor]) -> Callable[[], None]:
    keypoints_2d, joints_3d = batch(BATCH)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)

    def step() -> None:
        optimizer.zero_grad()
        loss_of(keypoints_2d, joints_3d).backward()
        optimizer.step()

    return step


@pytest.mark.benchmark
@pytest.mark.parametrize("threads", [1, 2])
def test_a_training_step_is_faster_than_the_plain_one(threads: int, capsys: pytest.CaptureFixture[str]):
    """GraphMDN, 128 channels, 4 blocks, 5 kernels, dropout 0.1: forward, loss, backward, Adam. Turn and turn about."""
    plain, network = both(dropout=0.1)
    steps = {
        "plain": training_step(plain, lambda inputs, target: plain_pose_nll(plain(inputs), target, KERNELS)),
        "ours": training_step(network, lambda inputs, target: pose_nll(network(inputs), target)),
    }
    ratio, figures = compare(steps, BATCH, threads, ROUNDS, warm_up=2)
    with capsys.disabled():
        print(f"\nGraphMDN training step, {threads} threads: {figures}")
    assert ratio >= LEAST_RATIO
