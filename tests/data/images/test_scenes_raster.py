"""Which triangle a pixel shows: against a test of every triangle at every pixel."""

from __future__ import annotations

import numpy as np

from pipeline.data.images.scenes.capsules import ball
from pipeline.data.images.scenes.raster import rasterise


def slow(
    points: np.ndarray, depth: np.ndarray, faces: np.ndarray, wide: int, tall: int
) -> tuple[np.ndarray, np.ndarray]:
    """Faces and depths [H, W] by solving for each pixel's barycentric coordinates, triangle by triangle."""
    best, face = np.full((tall, wide), -np.inf), np.full((tall, wide), -1)
    y, x = np.mgrid[:tall, :wide] + 0.5
    for number, corners in enumerate(faces):
        system = np.vstack([points[corners].T, np.ones(3)]).astype(float)
        if np.linalg.det(system) > -1e-6:  # seen from inside, with y down
            continue
        parts = np.linalg.solve(system, np.stack([x.ravel(), y.ravel(), np.ones(x.size)]))
        z = (depth[corners] @ parts).reshape(tall, wide)
        ahead = (parts >= 0).all(axis=0).reshape(tall, wide) & (z > best)
        best[ahead], face[ahead] = z[ahead], number
    return face, best


def test_overlapping_triangles_agree_with_a_test_of_every_pixel() -> None:
    random = np.random.default_rng(0)
    points = random.uniform(-4, 34, size=(2, 30, 2)).astype(np.float32)
    depth = random.uniform(-1, 1, size=(2, 30)).astype(np.float32)
    faces, sizes = np.arange(30).reshape(10, 3), np.array([(30, 20), (24, 26)])
    raster = rasterise(points, depth, faces, sizes)
    for mesh, (wide, tall) in enumerate(sizes):
        face, z = slow(points[mesh], depth[mesh], faces, wide, tall)
        ours, near = raster.crop(mesh)
        assert ours.shape == (tall, wide)
        assert (ours >= 0).any() and (ours != face).mean() < 0.01  # a centre on an edge may fall to either side
        same = (ours == face) & (face >= 0)
        np.testing.assert_allclose(near[same], z[same], atol=1e-4)
        assert np.isneginf(near[ours < 0]).all()


def test_only_the_outside_of_a_triangle_is_seen() -> None:
    points, depth = np.array([[(0, 8), (8, 8), (0, 0)]], dtype=np.float32), np.zeros((1, 3), dtype=np.float32)
    for face, seen in (((0, 1, 2), True), ((0, 2, 1), False)):
        raster = rasterise(points, depth, np.array([face]), np.array([(8, 8)]))
        assert (raster.face >= 0).any() == seen


def test_a_closed_surface_has_no_cracks_and_shows_its_near_side() -> None:
    vertices, faces = ball(24, 17)
    points = (20 + 18 * vertices[None, :, :2] * (1, -1)).astype(np.float32)
    raster = rasterise(points, vertices[None, :, 2].astype(np.float32), faces, np.array([(40, 40)]))
    face, depth = raster.crop(0)
    y, x = (np.mgrid[:40, :40] + 0.5 - 20) / 18
    radius = np.hypot(x, y)
    assert (face >= 0)[radius < 0.96].all() and not (face >= 0)[radius > 1].any()
    inner = radius < 0.9
    np.testing.assert_allclose(depth[inner], np.sqrt(1 - radius[inner] ** 2), atol=0.04)
