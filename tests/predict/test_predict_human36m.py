"""Human3.6M's joints from others' keypoints: weighted means that move, grow and turn with the picture."""

from __future__ import annotations

import made_keypoints
import numpy as np
import pytest

from pipeline.geometry import coco_keypoints
from pipeline.geometry.skeleton import HUMAN36M_17
from pipeline.predict.human36m import RECIPES, fill, to_human36m
from pipeline.predict.keypoints.layouts import COCO_17, HALPE_26, HUMAN36M, LAYOUTS

PLACES = made_keypoints.coco()
AT, OF = HUMAN36M_17.names.index, coco_keypoints.NAMES.index


def joints_of(places: np.ndarray, absent: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    absent = np.zeros(places.shape[:2], dtype=bool) if absent is None else absent
    return to_human36m(places, absent, np.where(absent, 0.0, 0.9), COCO_17)


def test_every_recipe_is_a_weighted_mean() -> None:
    assert tuple(RECIPES) == HUMAN36M_17.names
    assert all(sum(recipe.values()) == pytest.approx(1.0) for recipes in RECIPES.values() for recipe in recipes)


def test_joints_move_grow_and_turn_with_the_picture() -> None:
    turn = 1.7 * np.array([[0.8, -0.6], [0.6, 0.8]])
    turned = joints_of(PLACES @ turn.T + (30, -20))[0]
    np.testing.assert_allclose(turned, joints_of(PLACES)[0] @ turn.T + (30, -20), atol=1e-9)


def test_limbs_are_taken_and_the_trunk_is_made_of_hips_and_shoulders() -> None:
    joints, absent, confidence = joints_of(PLACES)
    assert not absent.any() and (confidence == 0.9).all()
    for name, joint in made_keypoints.OF_COCO.items():
        np.testing.assert_allclose(joints[:, AT(joint)], PLACES[:, OF(name)])
    hips = (PLACES[:, OF("left_hip")] + PLACES[:, OF("right_hip")]) / 2
    shoulders = (PLACES[:, OF("left_shoulder")] + PLACES[:, OF("right_shoulder")]) / 2
    np.testing.assert_allclose(joints[:, AT("Hip")], hips)
    np.testing.assert_allclose(joints[:, AT("Thorax")], shoulders)
    np.testing.assert_allclose(joints[:, AT("Spine")], (hips + shoulders) / 2)


def test_the_head_is_above_the_ears() -> None:
    """Ears 100 px above the shoulders leave the top of the head 70 px above the ears."""
    places = np.zeros((1, 17, 2)) + 500
    places[:, [OF("left_ear"), OF("right_ear")]] = [(490, 400), (510, 400)]
    np.testing.assert_allclose(joints_of(places)[0][0, AT("Head")], (500, 330))
    absent = np.zeros((1, 17), dtype=bool)
    absent[0, OF("right_ear")] = True
    np.testing.assert_allclose(joints_of(places, absent)[0][0, AT("Head")], (483, 330))


def test_halpes_own_head_and_hip_are_taken() -> None:
    places = np.random.default_rng(0).uniform(0, 1000, (3, 26, 2))
    joints, _, _ = to_human36m(places, np.zeros((3, 26), bool), np.ones((3, 26)), HALPE_26)
    np.testing.assert_array_equal(joints[:, AT("Head")], places[:, HALPE_26.joints.index("head")])
    np.testing.assert_array_equal(joints[:, AT("Hip")], places[:, HALPE_26.joints.index("mid_hip")])


def test_what_was_not_found_is_absent_and_makes_others_absent() -> None:
    absent = np.zeros((len(PLACES), 17), dtype=bool)
    absent[0, OF("left_wrist")] = absent[0, OF("left_hip")] = True
    _, missing, confidence = joints_of(PLACES, absent)
    assert [HUMAN36M_17.names[joint] for joint in np.flatnonzero(missing[0])] == ["Hip", "LHip", "Spine", "LWrist"]
    assert not missing[1:].any() and (confidence[0][missing[0]] == 0).all()


@pytest.mark.parametrize("name", LAYOUTS)
def test_every_layout_gives_all_17(name: str) -> None:
    layout = LAYOUTS[name]
    shape = (2, layout.count)
    joints, absent, _ = to_human36m(np.ones((*shape, 2)), np.zeros(shape, bool), np.ones(shape), layout)
    assert joints.shape == (2, 17, 2) and not absent.any()


def test_human36ms_own_joints_stay() -> None:
    joints = made_keypoints.human36m()
    none = np.zeros(joints.shape[:2], dtype=bool)
    np.testing.assert_array_equal(to_human36m(joints, none, np.ones(none.shape), HUMAN36M)[0], joints)


def test_an_absent_joint_is_put_where_its_nearest_neighbour_is() -> None:
    joints = made_keypoints.human36m()[:1]
    absent = np.zeros((1, 17), dtype=bool)
    absent[0, [AT("LWrist"), AT("LElbow"), AT("Hip")]] = True
    filled = fill(joints, absent)
    np.testing.assert_array_equal(filled[0, AT("LWrist")], joints[0, AT("LShoulder")])
    np.testing.assert_array_equal(filled[0, AT("LElbow")], joints[0, AT("LShoulder")])
    np.testing.assert_array_equal(filled[0, AT("Hip")], joints[0, AT("RHip")])
    np.testing.assert_array_equal(filled[~absent], joints[~absent])
