"""Light on triangles, in closed form."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from pipeline.data.images.crops.light import AWAY, CEILING, SOFT, SOFT_BELOW, Lights, shade

ROOT = 4.5  # m, the pelvis's distance from the camera; the lamp is on the way, AWAY before the pelvis
UP = torch.tensor([[0.0, -1.0, 0.0]])  # of a level camera, whose y points down


def tile(turn: float, distance: float, about: str = "y") -> Tensor:
    """A small triangle [1, 3, 3] on the camera's axis that faces it, turned by radians about an axis."""
    corners = torch.tensor([[0.0, 0.0, 0.0], [0.0, 0.01, 0.0], [0.01, 0.0, 0.0]])
    corners = corners - corners.mean(dim=0)
    cosine, sine = np.cos(turn), np.sin(turn)
    matrix = {
        "x": [[1, 0, 0], [0, cosine, -sine], [0, sine, cosine]],
        "y": [[cosine, 0, sine], [0, 1, 0], [-sine, 0, cosine]],
    }[about]
    return (corners @ torch.tensor(matrix, dtype=torch.float32).T + torch.tensor([0, 0, distance]))[None]


def brightness(vertices: Tensor, lamp: float = 0.0, ceiling: Tensor = UP) -> float:
    root = torch.tensor([[0.0, 0.0, ROOT]])
    return shade(vertices, torch.tensor([[0, 1, 2]]), root, UP, ceiling, torch.tensor([lamp])).item()


def test_the_lamp_in_front_falls_with_the_square_of_the_distance() -> None:
    dark = brightness(tile(0, ROOT))
    assert brightness(tile(0, ROOT), lamp=0.4) - dark == pytest.approx(0.4, rel=1e-4)
    assert brightness(tile(0, ROOT + AWAY), lamp=0.4) - dark == pytest.approx(0.1, rel=1e-4)
    assert brightness(tile(0, ROOT - AWAY / 2), lamp=0.4) - dark == pytest.approx(1.6, rel=1e-4)


def test_the_lamp_falls_with_the_cosine_of_the_turn() -> None:
    for turn in (0.4, -0.9):
        lit = brightness(tile(turn, ROOT), lamp=0.4) - brightness(tile(turn, ROOT))
        assert lit == pytest.approx(0.4 * np.cos(turn), rel=1e-4)


def test_from_above_comes_more_light_than_from_below() -> None:
    above, below = (brightness(tile(turn, ROOT, about="x")) for turn in (-np.pi / 2, np.pi / 2))
    assert above == pytest.approx(SOFT + CEILING, rel=1e-4)
    assert below == pytest.approx(SOFT * SOFT_BELOW, rel=1e-4)


def test_lamps_under_the_ceiling_are_above_and_lean() -> None:
    lights = Lights.draw(500, np.random.default_rng(0))
    torch.testing.assert_close(lights.ceiling.norm(dim=1), torch.ones(500))
    assert (lights.ceiling[:, 2] > 0.3).all()
    lean = lights.ceiling[:, :2] / lights.ceiling[:, 2:]
    assert lean.std(dim=0).tolist() == pytest.approx([0.5, 0.5], abs=0.05)
