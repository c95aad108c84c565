"""The weak-perspective fit: exact for a picture that was drawn so, and the smallest squared distance otherwise."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import least_squares

from pipeline.predict.placing import USUAL_FOCAL_LENGTH, place

RNG = np.random.default_rng(0)
POSES = RNG.normal(0, 300, (4, 17, 3)) * (np.arange(17) > 0)[:, None]
SIZE = np.tile([1280.0, 720.0], (4, 1))
THERE = np.ones((4, 17), dtype=bool)


def test_a_picture_that_was_drawn_at_one_scale_is_taken_apart() -> None:
    scale, root = np.array([0.2, 0.1, 0.4, 0.05]), RNG.uniform(100, 600, (4, 2))
    drawn = scale[:, None, None] * POSES[..., :2] + root[:, None]
    found = place(POSES, drawn, THERE, SIZE, focal_length=800.0)
    np.testing.assert_allclose(found.scale, scale)
    np.testing.assert_allclose(found.root_px, root)
    np.testing.assert_allclose(found.error_px, 0, atol=1e-9)
    np.testing.assert_allclose(found.root_mm[:, 2], 800.0 / scale)
    # Seen by a camera with this focal length, the root is where it was drawn.
    np.testing.assert_allclose(800.0 * found.root_mm[:, :2] / found.root_mm[:, 2:] + SIZE / 2, root)


def test_the_error_is_the_smallest_possible() -> None:
    drawn = RNG.uniform(100, 600, (4, 17, 2)) + 0.5 * POSES[..., :2]
    found = place(POSES, drawn, THERE, SIZE, None)
    for row in range(4):

        def away(fit: np.ndarray, row: int = row) -> np.ndarray:
            return (fit[0] * POSES[row, :, :2] + fit[1:] - drawn[row]).ravel()

        best = least_squares(away, [1.0, 0.0, 0.0]).x
        assert found.scale[row] == pytest.approx(best[0], rel=1e-5)
        assert found.error_px[row] == pytest.approx(np.sqrt((away(best) ** 2).sum() / 17), rel=1e-6)
        assert found.error_mm[row] == pytest.approx(found.error_px[row] / best[0], rel=1e-5)


def test_joints_that_are_not_there_do_not_count() -> None:
    drawn = 0.2 * POSES[..., :2] + 300.0
    there = THERE.copy()
    there[:, [3, 9]] = False
    spoilt = drawn.copy()
    spoilt[:, [3, 9]] = -5000.0
    np.testing.assert_allclose(place(POSES, spoilt, there, SIZE, None).scale, 0.2)


def test_the_usual_focal_length_goes_with_the_images_width() -> None:
    found = place(POSES, 0.2 * POSES[..., :2] + 300.0, THERE, SIZE, None)
    np.testing.assert_allclose(found.root_mm[:, 2], USUAL_FOCAL_LENGTH * 1280 / 0.2)


def test_a_pose_that_no_picture_goes_with_has_no_scale() -> None:
    found = place(POSES, -0.2 * POSES[..., :2], THERE, SIZE, None)
    assert np.isnan(found.scale).all() and np.isnan(found.root_mm).all() and np.isnan(found.error_px).all()
    flat = place(np.zeros_like(POSES), 0.2 * POSES[..., :2], THERE, SIZE, None)
    assert np.isnan(flat.scale).all()
