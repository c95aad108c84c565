"""Scenes of hand-made sprites: what is visible, what is annotated, and with which flags."""

from __future__ import annotations

import numpy as np

from pipeline.data.images.scenes.sprites import Sprite, averaged, flagged, stack


def block(left: int, top: int, wide: int, tall: int, value: float = 100, alpha: float = 1, **more) -> Sprite:
    shape = (tall, wide)
    return Sprite(
        np.full((*shape, 3), value * alpha, dtype=np.float32), np.full(shape, alpha, np.float32), left, top, **more
    )


def keypoints(*places: tuple[float, float], flag: int = 2) -> np.ndarray:
    rows = np.zeros((17, 3))
    rows[:] = (*places[0], flag)
    for index, place in enumerate(places):
        rows[index, :2] = place
    return rows


def test_near_things_cover_far_ones_and_let_through_what_they_are_not() -> None:
    scene = stack([block(0, 0, 2, 4, 100, 0.75), block(0, 0, 3, 4, 40)], 4)
    image = scene.finished(np.full((4, 4, 3), 8, np.float32))
    np.testing.assert_allclose(image[0, :, 0], [0.75 * 100 + 0.25 * 40, 0.75 * 100 + 0.25 * 40, 40, 8])


def test_boxes_and_areas_are_of_the_thing_itself_within_the_image() -> None:
    covered = stack([block(4, 2, 2, 6, category=-1), block(3, 2, 4, 5, category=2)], 10).placed
    assert [(one.category, one.box, one.area) for one in covered] == [(2, (3, 2, 4, 5), 20)]
    cut = stack([block(-2, 7, 5, 5)], 10).placed[0]
    assert (cut.box, cut.area) == ((0, 7, 3, 3), 9)


def test_a_faint_border_is_outside_the_box() -> None:
    sprite = block(2, 2, 4, 4)
    sprite.alpha[0] = sprite.alpha[:, 0] = 0.3
    placed = stack([sprite], 10).placed[0]
    assert (placed.box, placed.area) == ((3, 3, 3, 3), 9)


def test_a_thing_that_is_mostly_covered_or_outside_is_left_out() -> None:
    scene = stack([block(0, 0, 4, 4, 10), block(0, 0, 5, 4, 90, category=1), block(9, 9, 8, 8, 90, category=2)], 10)
    assert [one.category for one in scene.placed] == [0]
    assert scene.free[0, 4] == 1 and scene.free[9, 9] == 1  # and not drawn


def test_keypoints_have_cocos_flags() -> None:
    """Seen; hidden by itself; under another thing; outside, left and right of the image."""
    places = keypoints((8.5, 5.5), (7.5, 5.5), (2.5, 5.5), (-0.1, 5), (10, 5))
    places[1, 2] = 1
    person = block(-3, 2, 14, 6, keypoints=places, back_view=True)
    placed = stack([block(2, 4, 2, 3, category=-1), person], 10).placed[0]
    assert placed.keypoints is not None and placed.back_view
    assert placed.keypoints[:5, 2].tolist() == [2, 1, 1, 0, 0]
    assert (placed.keypoints[3:5] == 0).all() and placed.keypoints[2, :2].tolist() == [2.5, 5.5]
    assert places[2, 2] == 2  # the sprite stays as it was


def test_a_keypoint_is_hidden_where_less_than_half_shines_through() -> None:
    free = np.full((4, 4), 0.6, np.float32)
    free[:, 2:] = 0.4
    assert flagged(keypoints((1.9, 1), (2.0, 1)), free)[:2, 2].tolist() == [2, 1]


def test_fine_pixels_are_averaged() -> None:
    fine = np.random.default_rng(0).random((6, 8, 4)).astype(np.float32)
    np.testing.assert_allclose(averaged(fine), fine.reshape(3, 2, 4, 2, 4).mean(axis=(1, 3)), rtol=1e-6)
