"""geometry.camera: compared with hand calculations and scipy's rotations; round trips."""

import json
import math

import numpy as np
import pytest
import torch
from scipy.spatial.transform import Rotation

from pipeline.geometry import human36m
from pipeline.geometry.camera import (
    Camera,
    camera_to_world,
    denormalize_screen,
    multiply,
    normalize_screen,
    project,
    rotation_matrix,
    world_to_camera,
)


def random_quaternions(count: int) -> torch.Tensor:
    return torch.randn(count, 4, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


def as_scipy(quaternions: torch.Tensor) -> Rotation:
    return Rotation.from_quat(quaternions.numpy()[..., [1, 2, 3, 0]])


def test_rotation_matrix_equals_scipy_for_any_length() -> None:
    quaternions = random_quaternions(100)
    np.testing.assert_allclose(rotation_matrix(quaternions), as_scipy(quaternions).as_matrix(), atol=1e-12)


def test_product_equals_scipy() -> None:
    first, second = random_quaternions(100).split(50)
    expected = (as_scipy(first) * as_scipy(second)).as_matrix()
    np.testing.assert_allclose(rotation_matrix(multiply(first, second)), expected, atol=1e-12)


def test_world_to_camera_by_hand() -> None:
    # The camera is at x = 10. Its axes are the world's, rotated by 90 degrees about z: camera x is world y.
    half = math.sqrt(0.5)
    orientation, translation = torch.tensor([half, 0, 0, half]), torch.tensor([10.0, 0, 0])
    point = torch.tensor([10.0, 3, 5])
    torch.testing.assert_close(world_to_camera(point, orientation, translation), torch.tensor([3.0, 0, 5]))


def test_world_round_trip_with_one_camera_per_pose() -> None:
    generator = torch.Generator().manual_seed(1)
    points = 1000 * torch.randn(50, 17, 3, generator=generator, dtype=torch.float64)
    orientation = random_quaternions(50)[:, None]
    translation = 1000 * torch.randn(50, 1, 3, generator=generator, dtype=torch.float64)
    there = world_to_camera(points, orientation, translation)
    torch.testing.assert_close(camera_to_world(there, orientation, translation), points)
    expected = as_scipy(orientation[7, 0]).inv().apply((points[7] - translation[7]).numpy())
    np.testing.assert_allclose(there[7], expected, atol=1e-9)


def test_projection_by_hand() -> None:
    focal_length, center = torch.tensor([1100.0, 1200.0]), torch.tensor([500.0, 510.0])
    point = torch.tensor([400.0, -200.0, 2000.0])  # slopes 0.2 and -0.1, r^2 = 0.05
    ideal = project(point, focal_length, center)
    torch.testing.assert_close(ideal, torch.tensor([1100 * 0.2 + 500, 1200 * -0.1 + 510]))

    radial, tangential = torch.tensor([-0.2, 0.24, -0.003]), torch.tensor([-0.001, 0.002])
    factor = 1 - 0.2 * 0.05 + 0.24 * 0.05**2 - 0.003 * 0.05**3 + (-0.001 * 0.2 + 0.002 * -0.1)
    x, y = 0.2 * factor - 0.001 * 0.05, -0.1 * factor + 0.002 * 0.05
    expected = torch.tensor([1100 * x + 500, 1200 * y + 510])
    torch.testing.assert_close(project(point, focal_length, center, radial, tangential), expected)


def test_projection_clamps_slopes() -> None:
    focal_length, center = torch.tensor([1000.0, 1000.0]), torch.tensor([500.0, 500.0])
    wide = project(torch.tensor([[5000.0, -9000.0, 1000.0], [300.0, 0.0, 0.0]]), focal_length, center)
    torch.testing.assert_close(wide[0], torch.tensor([1500.0, -500.0]))
    assert wide[1, 0] == 1500.0


def test_screen_normalisation_by_hand_and_back() -> None:
    corners = torch.tensor([[0.0, 0.0], [1000.0, 1002.0], [500.0, 501.0]])
    expected = torch.tensor([[-1.0, -1.002], [1.0, 1.002], [0.0, 0.0]])
    torch.testing.assert_close(normalize_screen(corners, 1000, 1002), expected)

    generator = torch.Generator().manual_seed(2)
    keypoints_2d = 1000 * torch.rand(8, 16, 2, generator=generator, dtype=torch.float64)
    width = torch.tensor([1000.0, 640.0]).double().repeat(4)[:, None]
    height = torch.tensor([1002.0, 480.0]).double().repeat(4)[:, None]
    normalized = normalize_screen(keypoints_2d, width, height)
    torch.testing.assert_close(normalized[1], normalize_screen(keypoints_2d[1], 640, 480))
    torch.testing.assert_close(denormalize_screen(normalized, width, height), keypoints_2d)


def test_camera_methods_equal_the_functions() -> None:
    camera = human36m.rig("S1")[2]
    points = torch.tensor([[100.0, -50.0, 900.0], [0.0, 0.0, 1500.0]], dtype=torch.float64)
    constants = (torch.tensor(values).double() for values in (camera.orientation, camera.translation))
    there = camera.to_camera(points)
    torch.testing.assert_close(there, world_to_camera(points, *constants))
    names = ("focal_length", "center", "radial_distortion", "tangential_distortion")
    lens = (torch.tensor(getattr(camera, name)).double() for name in names)
    torch.testing.assert_close(camera.to_image(there), project(there, *lens))


def test_camera_survives_json_and_compares() -> None:
    camera = human36m.rig("S9")[0]
    again = Camera.from_dict(json.loads(json.dumps(camera.to_dict())))
    assert again == camera
    assert hash(again) == hash(camera)


def test_camera_refuses_wrong_lengths() -> None:
    values = human36m.rig("S1")[0].to_dict() | {"orientation": (1.0, 0.0, 0.0)}
    with pytest.raises(ValueError, match="orientation needs 4 numbers, got 3"):
        Camera.from_dict(values)


def test_shapes_are_checked() -> None:
    two = torch.zeros(5, 2)
    with pytest.raises(AssertionError, match="3 coordinates"):
        world_to_camera(two, torch.tensor([1.0, 0, 0, 0]), torch.zeros(3))
    with pytest.raises(AssertionError, match="end in 2"):
        normalize_screen(torch.zeros(5, 3), 1000, 1000)
