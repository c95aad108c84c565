"""Integral regression: soft-argmax against closed forms, and a network that finds a dot."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from pipeline.pixels.losses import integral_loss
from pipeline.pixels.models import IntegralNetwork, ResNet, soft_argmax


def gaussian(x: float, y: float, spread: float, height: int = 24, width: int = 32) -> Tensor:
    """Logits [H, W] of a Gaussian at (x, y) cells."""
    across, down = torch.arange(width).double() + 0.5, torch.arange(height).double() + 0.5
    return -((across[None, :] - x).square() + (down[:, None] - y).square()) / (2 * spread**2)


@pytest.mark.parametrize("spread", [1.0, 2.0])
def test_a_gaussian_off_the_grid_has_its_own_mean(spread: float) -> None:
    """A sampled Gaussian's mean differs from the true one by 4 pi spread^2 exp(-2 pi^2 spread^2) cells at most."""
    for x, y in ((16.0, 12.0), (15.3, 11.87), (17.01, 9.5)):
        error = soft_argmax(gaussian(x, y, spread)) - torch.tensor([x, y], dtype=torch.float64)
        assert error.abs().max() < 4 * math.pi * spread**2 * math.exp(-2 * math.pi**2 * spread**2) + 1e-5


def test_a_linear_ramp_of_probability_has_the_mean_of_a_ramp() -> None:
    """The sum of i (i + 1/2) over the sum of i, for i = 1 to W, less a whole cell."""
    width = 7
    share = torch.arange(1, width + 1).double()
    found = soft_argmax(share.log().expand(3, -1))
    assert found[0].item() == pytest.approx((2 * width + 1) / 3 - 0.5)
    assert found[1].item() == pytest.approx(1.5)


def test_equal_values_give_the_middle_and_a_peak_its_cell() -> None:
    torch.testing.assert_close(soft_argmax(torch.zeros(2, 3, 6, 8)), torch.tensor([4.0, 3.0]).expand(2, 3, 2))
    peak = torch.zeros(6, 8)
    peak[2, 5] = 1e4
    assert soft_argmax(peak).tolist() == [5.5, 2.5]


def test_gradients_are_right() -> None:
    logits = torch.randn(2, 3, 4, 5, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    assert torch.autograd.gradcheck(soft_argmax, logits.requires_grad_())


def test_half_precision_does_not_lose_the_place() -> None:
    logits = gaussian(15.3, 11.87, 2.0).bfloat16()
    exact = soft_argmax(logits.double())
    assert (soft_argmax(logits) - exact).abs().max() < 1e-3  # bfloat16 has steps of 1/16 there


def test_the_loss_is_in_sides_of_the_image_and_summed_over_joints() -> None:
    target = torch.zeros(4, 16, 2)
    moved = target.clone()
    moved[:, 3] = torch.tensor([8.0, -16.0])
    assert integral_loss(moved, target, side=64).item() == pytest.approx(24 / 64)
    with pytest.raises(ValueError, match="differ in shape"):
        integral_loss(moved[:, :3], target, side=64)


def test_the_network_learns_where_a_dot_is() -> None:
    """On new images, and more exactly than to a cell of 4 px, which would be 1.53 px off on average."""
    torch.manual_seed(0)
    random = torch.Generator().manual_seed(0)
    network = IntegralNetwork(ResNet((1, 1, 1, 1), width=4), joint_count=1, width=16)
    optimizer = torch.optim.Adam(network.parameters())
    for step in range(160):
        optimizer.param_groups[0]["lr"] = 1e-2 * (1 - step / 160)
        images, places = dots(16, random)
        loss = integral_loss(network(images).keypoints_2d, places, side=64)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    images, places = dots(64, random)
    with torch.no_grad():
        error = (network(images).keypoints_2d - places).norm(dim=-1)
    assert error.mean() < 1.3


def dots(count: int, random: torch.Generator) -> tuple[Tensor, Tensor]:
    """Images [count, 3, 64, 64] of a blurred dot on noise, and its place [count, 1, 2] px."""
    places = 12 + 40 * torch.rand(count, 1, 2, generator=random)
    grid = torch.arange(64) + 0.5
    away = (grid[None, None, :] - places[..., :1]).square() + (grid[None, :, None] - places[..., 1:]).square()
    images = 3 * torch.exp(-away / 18)[:, None].expand(-1, 3, -1, -1)
    return images + 0.3 * torch.randn(count, 3, 64, 64, generator=random), places
