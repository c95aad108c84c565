"""Corrected joints: the fit finds the weights that made the joints, and the committed ones bring keypoints nearer."""

from __future__ import annotations

import json

import made_keypoints
import numpy as np
import pytest

from pipeline.geometry import coco_keypoints
from pipeline.geometry.skeleton import HUMAN36M_17
from pipeline.predict import joint_map
from pipeline.predict.human36m import RECIPES, to_human36m
from pipeline.predict.keypoints.layouts import COCO_17, LAYOUTS

AT = HUMAN36M_17.names.index
FILE = json.loads(joint_map.FILE.read_text())


def made(recipes: dict[str, tuple[dict[str, float], ...]], keypoints: np.ndarray) -> np.ndarray:
    all_there = np.zeros(keypoints.shape[:2], dtype=bool)
    return to_human36m(keypoints, all_there, np.ones(all_there.shape), COCO_17, recipes)[0]


def test_the_fit_finds_the_weights_that_made_the_joints() -> None:
    """Joints that are weighted sums of keypoints, the same on both sides, are found again from random keypoints."""
    keypoints = np.random.default_rng(0).uniform(0, 1000, (200, 17, 2))
    true = {name: list(recipes) for name, recipes in RECIPES.items()}
    true["Hip"] = [{"left_hip": 0.4, "right_hip": 0.4, "left_shoulder": 0.1, "right_shoulder": 0.1}]
    true["Neck/Nose"] = [{"left_ear": 0.35, "right_ear": 0.35, "left_shoulder": 0.15, "right_shoulder": 0.15}]
    for side, other in (("L", "R"), ("R", "L")):
        names = {"L": "left", "R": "right"}
        true[f"{side}Shoulder"] = [{f"{names[side]}_shoulder": 0.8, f"{names[other]}_shoulder": -0.1, "nose": 0.3}]
    joints = made({name: tuple(recipes) for name, recipes in true.items()}, keypoints)
    found = joint_map.fit(keypoints, joints, np.arange(200) % 3)
    for name in ("Hip", "Neck/Nose", "LShoulder", "RShoulder"):
        expected = {**dict.fromkeys(found[name][0], 0.0), **true[name][0]}
        assert found[name][0] == pytest.approx(expected, abs=1e-3), name


def test_every_person_counts_the_same() -> None:
    """Two people with other hips: ten times the poses of one of them do not change the answer."""
    keypoints = np.random.default_rng(1).uniform(0, 1000, (400, 17, 2))
    person = np.repeat([0, 1], 200)
    joints = made({name: tuple(recipes) for name, recipes in RECIPES.items()}, keypoints)
    joints[person == 1, AT("RHip")] += 0.3 * (keypoints[person == 1, 5] - keypoints[person == 1, 6])
    more = np.concatenate((np.tile(np.arange(200), 10), np.arange(200, 400)))
    once, often = (joint_map.fit(keypoints[rows], joints[rows], person[rows]) for rows in (np.arange(400), more))
    assert often["RHip"][1] == pytest.approx(once["RHip"][1], abs=1e-3)


def test_the_committed_weights_sum_to_one_and_mirror_each_other() -> None:
    recipes = joint_map.recipes("cmu")
    assert recipes.keys() == RECIPES.keys()
    assert all(sum(recipe.values()) == pytest.approx(1.0) for choices in recipes.values() for recipe in choices)
    turned = np.array([-1.0, 1.0])
    keypoints = made_keypoints.coco()
    mirrored = keypoints[:, list(coco_keypoints.MIRRORED)] * turned
    joints, of_mirror = (made(dict(recipes), places) for places in (keypoints, mirrored))
    swapped = np.arange(17)
    swapped[list(HUMAN36M_17.left)], swapped[list(HUMAN36M_17.right)] = HUMAN36M_17.right, HUMAN36M_17.left
    np.testing.assert_allclose(of_mirror[:, swapped] * turned, joints, atol=0.5)


def test_the_committed_weights_were_nearer_to_people_they_were_not_fitted_to() -> None:
    for errors in FILE["errors_mm"].values():
        assert errors["after"]["mean"] < 0.6 * errors["before"]["mean"]
        assert all(errors["after"][joint] <= errors["before"][joint] for joint in HUMAN36M_17.names)


def test_the_correction_follows_the_source_of_motion_and_what_was_found() -> None:
    assert joint_map.recipes(None) is RECIPES and joint_map.recipes("human36m") is RECIPES
    recipes, keypoints = joint_map.recipes("cmu"), made_keypoints.coco()[:1]
    first = made(dict(recipes), keypoints)[0, AT("Hip")]
    hips = keypoints[0, 11:13].mean(axis=0)
    assert 20 < hips[1] - first[1] < 60  # px upwards: a person of 1.7 m is 300 to 500 px tall here
    for hidden, left in (("nose", 1), ("left_knee", 2), ("left_shoulder", 4)):  # then the next recipe in line
        absent = np.zeros((1, 17), dtype=bool)
        absent[0, [coco_keypoints.NAMES.index(hidden), *([0] if left > 1 else [])]] = True
        found, missing, _ = to_human36m(keypoints, absent, np.ones((1, 17)), COCO_17, recipes)
        expected = recipes["Hip"][left]
        sums = sum(weight * keypoints[0, coco_keypoints.NAMES.index(name)] for name, weight in expected.items())
        np.testing.assert_allclose(found[0, AT("Hip")], sums)
        assert not missing[0, AT("Hip")]


@pytest.mark.parametrize("name", LAYOUTS)
def test_every_layout_can_be_corrected(name: str) -> None:
    layout = LAYOUTS[name]
    shape = (2, layout.count)
    joints, absent, _ = to_human36m(
        np.ones((*shape, 2)), np.zeros(shape, bool), np.ones(shape), layout, joint_map.recipes("cmu")
    )
    assert joints.shape == (2, 17, 2) and not absent.any()
    np.testing.assert_allclose(joints, 1.0)
