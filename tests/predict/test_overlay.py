"""pipeline/predict/overlay.py: what is drawn, and where."""

from __future__ import annotations

from pathlib import Path

import made_keypoints
import numpy as np
from numpy.typing import NDArray
from repository import ROOT

from pipeline.geometry.skeleton import HUMAN36M_16
from pipeline.lifting.data import joint_choice
from pipeline.predict import keypoints, overlay, result, weights
from pipeline.predict.keypoints.layouts import COCO_17
from pipeline.predict.overlay import COLOURS, POSE, Drawn

HIPS = [COCO_17.joints.index(f"{side}_hip") for side in ("left", "right")]
WRIST = COCO_17.joints.index("left_wrist")


def person(scale: float = 1.0) -> Drawn:
    """Keypoints along two columns, the left ones at x = 150, the right ones at x = 50; a pose beside them."""
    places = np.array(
        [[150 if "left" in name else 50 if "right" in name else 100, 0] for name in COCO_17.joints], float
    )
    places[:, 1] = 20 + 15 * np.arange(17)
    places[0, 1] = 150  # the nose, away from the text
    found = np.concatenate((places * scale, np.full((17, 1), 0.9)), axis=1)
    found[WRIST] = 0.0  # not found
    pose = np.stack((np.full(16, 250.0), 20 + 16.0 * np.arange(16)), axis=1) * scale
    return Drawn(found, pose, "7: 3 px")


def draw(people: list[Drawn], size: tuple[int, int] = (320, 300), longest: int = 1600) -> NDArray[np.uint8]:
    return overlay.draw(np.full((size[1], size[0], 3), 90, np.uint8), people, COCO_17, HUMAN36M_16, longest)


def test_sides_have_their_colours_and_joints_that_were_not_found_are_not_drawn() -> None:
    someone = person()
    image = draw([someone])
    left, right = (np.round(someone.keypoints[hip, :2]).astype(int) for hip in HIPS)
    assert image[left[1], left[0]].tolist() == list(COLOURS["left"])
    assert image[right[1], right[0]].tolist() == list(COLOURS["right"])
    assert image[150, 100].tolist() == list(COLOURS["middle"])  # the nose
    assert image[100, 250].tolist() == list(POSE)  # a bone of the pose
    assert (image[:15, :15] == 90).all()  # where (0, 0) would be, from a joint that was not found
    assert (draw([]) == 90).all()


def test_large_images_are_made_smaller_with_what_is_on_them() -> None:
    small = draw([person()])
    large = draw([person(10)], (3200, 3000), longest=320)
    assert small.shape == large.shape == (300, 320, 3)
    for column in (50, 150, 250):
        changed = [np.flatnonzero((image != 90).any(axis=2)[60:, column]) for image in (small, large)]
        assert len(changed[0]) > 50 and abs(len(changed[0]) - len(changed[1])) < 40
    assert draw([person()], (321, 301)).shape == (300, 320, 3)  # VP8 needs even sides


def test_a_pose_without_a_place_in_the_picture_is_left_out() -> None:
    someone = person()
    without = Drawn(someone.keypoints, np.full((16, 2), np.nan), someone.text)
    assert (draw([without])[:, 200:] == 90).all()


def test_poses_are_drawn_where_they_fit_best(tmp_path: Path) -> None:
    """At the distance from the given joints that the reprojection error says, each in the own image."""
    path = made_keypoints.write(tmp_path / "people.json", made_keypoints.coco_annotations(made_keypoints.coco()[:5]))
    read, model = keypoints.read(path), weights.read(ROOT / "weights" / "graphmdn.safetensors")
    found = result.predict(read, result.image_sizes(read, None, None, path), model)
    people = overlay._people(found)
    assert np.isfinite(found.placement.error_px).all()
    assert list(people) == [f"{index:03d}.jpg" for index in range(5)]
    chosen = joint_choice(model.predictor.skeleton)
    for row, (drawn,) in enumerate(people.values()):
        away = np.linalg.norm(drawn.pose - found.joints[row, chosen], axis=1)
        np.testing.assert_allclose(np.sqrt((away**2).mean()), found.placement.error_px[row], rtol=1e-5)
        assert drawn.text == f"0: {found.placement.error_px[row]:.0f} px"
