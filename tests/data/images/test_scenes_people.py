"""Drawn people: of the stated size, with a face from the front and hair from behind, and keypoints to match."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.lib.stride_tricks import sliding_window_view

from pipeline.data.images.scenes import capsules
from pipeline.data.images.scenes import people as scenes_people
from pipeline.data.images.scenes.figure import PARTS, figure
from pipeline.data.images.scenes.people import People
from pipeline.data.images.scenes.sprites import Sprite
from pipeline.geometry import coco_keypoints

COUNT, SIZE = 60, 96
FACE = slice(0, 3)  # nose and eyes


def drawn(back: bool, plain: bool = False, length: float = 80, yaw: float = 0) -> list[Sprite]:
    people = People(
        *(np.full(COUNT, length), np.full(COUNT, back), np.full(COUNT, yaw), np.full(COUNT, plain)), image=SIZE
    )
    return scenes_people.draw(figure(capsules.body()), people, np.random.default_rng(5))


def places(sprites: list[Sprite]) -> np.ndarray:
    return np.stack([sprite.keypoints for sprite in sprites if sprite.keypoints is not None])


def test_people_are_as_long_as_stated() -> None:
    for length in (20.0, 80.0):
        for sprite in drawn(False, length=length):
            rows, columns = (np.flatnonzero((sprite.alpha > 0).any(axis=axis)) for axis in (1, 0))
            longer = max(rows[-1] - rows[0], columns[-1] - columns[0]) + 1
            assert length - 1.5 <= longer <= length + 1.5


def test_keypoints_lie_on_the_person() -> None:
    sprites = drawn(False)
    for sprite, keypoints in zip(sprites, places(sprites), strict=True):
        column, row = np.floor(keypoints[:, :2] - (sprite.left, sprite.top)).astype(int).T
        near = sliding_window_view(np.pad(sprite.alpha, 1), (3, 3)).max(axis=(2, 3))  # ears are on the outline
        assert (near[row, column] > 0).all()


def test_a_face_is_seen_from_the_front_and_hidden_from_behind() -> None:
    """Most: an arm or a bowed head may hide some. From behind, the head hides all but what a turned one shows."""
    assert (places(drawn(back=False))[:, FACE, 2] == 2).mean() > 0.9
    assert (places(drawn(back=True))[:, FACE, 2] == 1).mean() > 0.9


def test_left_is_right_in_the_image_from_the_front_and_left_from_behind() -> None:
    left, right = (coco_keypoints.NAMES.index(f"{side}_shoulder") for side in ("left", "right"))
    for back, sign in ((False, 1), (True, -1)):
        keypoints = places(drawn(back))
        assert (sign * (keypoints[:, left, 0] - keypoints[:, right, 0]) > 0).mean() > 0.95


def test_the_far_arm_of_a_profile_is_hidden_more_often_than_the_near_one() -> None:
    """Turned by 90 degrees, the person's left side faces away from the camera or towards it."""
    arm = [coco_keypoints.NAMES.index(name) for name in ("left_shoulder", "right_shoulder")]
    for yaw in (np.pi / 2, -np.pi / 2):
        hidden = (places(drawn(False, yaw=yaw))[:, arm, 2] == 1).mean(axis=0)
        far = 0 if yaw > 0 else 1
        assert hidden[far] > hidden[1 - far] + 0.5


def test_colours_show_front_and_back_unless_the_settings_hide_it() -> None:
    random = np.random.default_rng(0)
    plain = np.arange(200) % 2 == 0
    colours = scenes_people.palettes(plain, random)
    assert colours.shape == (200, len(PARTS), 3) and colours.min() >= 0 and colours.max() <= 255
    column = {part: colours[:, index] for index, part in enumerate(PARTS)}
    mark = abs(column["mark"] - column["shirt_back"]).max(axis=1)
    face = abs(column["skin"] - column["hair"]).max(axis=1)
    assert mark[~plain].min() > 50 and face[~plain].min() > 50
    assert mark[plain].max() == 0 and face[plain].max() == 0
    for part in ("eye", "mouth", "nose", "shirt_front"):
        behind = column["shirt_back" if part == "shirt_front" else "hair"]
        assert abs(column[part] - behind)[plain].max() == 0


@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_shares_are_as_set(share: float) -> None:
    people = People.draw(np.full(4000, 50.0), 64, np.random.default_rng(0), share, 0.4, share)
    assert abs((~people.back).mean() - share) < 0.03 and abs(people.plain.mean() - share) < 0.03
    assert abs(people.yaw.std() - 0.4) < 0.02


def test_most_people_are_entirely_in_the_image() -> None:
    def inside(sprite: Sprite) -> bool:
        rows, columns = (np.flatnonzero((sprite.alpha > 0).any(axis=axis)) for axis in (1, 0))
        low = min(rows[0] + sprite.top, columns[0] + sprite.left)
        return low >= 0 and max(rows[-1] + sprite.top, columns[-1] + sprite.left) < SIZE

    assert 0.6 < np.mean([inside(sprite) for sprite in drawn(False)]) < 0.98
