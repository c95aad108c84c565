"""Rotation vectors, quaternions and frames against SciPy, and their behaviour where they have no answer."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.spatial.transform import Rotation

from pipeline.body.fitting.rotations import exponential, frames, inverse, logarithm, quaternion_of, swing
from pipeline.geometry.camera import multiply, rotation_matrix

RANDOM = Rotation.random(200, rng=np.random.default_rng(0))
VECTORS = torch.from_numpy(RANDOM.as_rotvec())
MATRICES = torch.from_numpy(RANDOM.as_matrix())
HALF_TURNS = torch.pi * torch.nn.functional.normalize(torch.randn(20, 3, dtype=torch.float64), dim=-1)


def test_vectors_quaternions_and_matrices_agree_with_scipy() -> None:
    quaternions = exponential(VECTORS)
    torch.testing.assert_close(rotation_matrix(quaternions), MATRICES)
    torch.testing.assert_close(logarithm(quaternions), VECTORS)
    torch.testing.assert_close(logarithm(-quaternions), VECTORS)
    torch.testing.assert_close(logarithm(quaternion_of(MATRICES)), VECTORS)
    identity = multiply(inverse(quaternions), quaternions)
    torch.testing.assert_close(identity, torch.tensor((1.0, 0, 0, 0), dtype=torch.float64).expand(200, 4))


@pytest.mark.parametrize("length", [0.0, 1e-12, 1e-7, 1e-3, 3.14159])
def test_small_and_large_turns_come_back(length: float) -> None:
    vectors = torch.nn.functional.normalize(VECTORS, dim=-1) * length
    torch.testing.assert_close(logarithm(exponential(vectors)), vectors, atol=1e-12, rtol=1e-9)
    single = vectors.float()
    torch.testing.assert_close(logarithm(exponential(single)), single, atol=1e-6, rtol=1e-5)


def test_half_turns_have_a_quaternion() -> None:
    matrices = torch.from_numpy(Rotation.from_rotvec(HALF_TURNS.numpy()).as_matrix())
    torch.testing.assert_close(rotation_matrix(quaternion_of(matrices)), matrices)


def test_frames_are_rotations_along_the_first_direction_and_towards_the_second() -> None:
    first, second = torch.randn(2, 100, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    result = frames(first, second)
    torch.testing.assert_close(result.transpose(1, 2) @ result, torch.eye(3, dtype=torch.float64).expand(100, 3, 3))
    torch.testing.assert_close(torch.linalg.det(result), torch.ones(100, dtype=torch.float64))
    torch.testing.assert_close(result[..., 0], torch.nn.functional.normalize(first, dim=-1))
    assert (result[..., 1] * second).sum(dim=-1).min() > 0
    assert (result[..., 2] * second).sum(dim=-1).abs().max() < 1e-12


def test_a_swing_turns_one_direction_into_the_other_the_short_way() -> None:
    start, end = torch.randn(2, 100, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    turned = (rotation_matrix(swing(start, end)) @ start[..., None])[..., 0]
    torch.testing.assert_close(*(torch.nn.functional.normalize(vectors, dim=-1) for vectors in (turned, end)))
    angle = logarithm(swing(start, end)).norm(dim=-1)
    torch.testing.assert_close(angle.cos(), torch.nn.functional.cosine_similarity(start, end, dim=-1))


@pytest.mark.parametrize(
    ("first", "second"),
    [((0, 0, 0), (0, 0, 0)), ((1, 2, 3), (0, 0, 0)), ((0, 1, 0), (0, -2, 0)), ((0, 0, 0), (1, 0, 0))],
)
def test_directions_of_length_zero_give_some_rotation(first: tuple, second: tuple) -> None:
    a, b = (torch.tensor([values], dtype=torch.float64) for values in (first, second))
    for matrices in (frames(a, b), rotation_matrix(swing(a, b))):
        torch.testing.assert_close(matrices @ matrices.transpose(1, 2), torch.eye(3, dtype=torch.float64)[None])


def test_opposite_directions_are_half_a_turn_apart() -> None:
    start = torch.nn.functional.normalize(VECTORS, dim=-1)
    turned = (rotation_matrix(swing(start, -2 * start)) @ start[..., None])[..., 0]
    torch.testing.assert_close(turned, -start)
