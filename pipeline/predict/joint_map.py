"""Corrections for weights that were trained on another skeleton than Human3.6M's: joints as weighted sums of keypoints.

CMU's and HDM05's motion capture puts its joints elsewhere than a pose estimator puts its keypoints: the root of that
skeleton is 11 cm above the middle of the hip joints, its thorax 6 cm above the middle of the shoulders. `fit` finds,
for each joint, the weights of a few keypoints with the smallest squared distance. The weights of a joint sum to 1 and
are the same for x and y, so that the sums move, grow and turn with the picture. Left and right mirror each other.

`cmu_joints.json` has the weights; `python -m pipeline fit_joint_map` writes it and measures them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipeline.geometry import coco_keypoints
from pipeline.geometry.skeleton import HUMAN36M_17
from pipeline.predict.human36m import RECIPES, Recipe

FILE = Path(__file__).with_name("cmu_joints.json")
CORRECTED = {"cmu": FILE}  # sources of motion with joints of their own; RECIPES serve the others
SOURCES = ("human36m", *CORRECTED)  # for a user to choose from
DECIMALS = 4  # of the weights in the file

_HIPS, _SHOULDERS = ("left_hip", "right_hip"), ("left_shoulder", "right_shoulder")
_KNEES, _EARS, _EYES = ("left_knee", "right_knee"), ("left_ear", "right_ear"), ("left_eye", "right_eye")
_PROFILES = tuple((*_SHOULDERS, ear, "nose") for ear in _EARS)
# From which keypoints a joint is made: the first set that was found whole. The knees and the face say where the front
# of the body is, which hips and shoulders do not. Joints that are missing here are the keypoints of the same name; the
# joints of the left side mirror those of the right.
KEYPOINTS: dict[str, tuple[tuple[str, ...], ...]] = {
    "Hip": ((*_HIPS, *_SHOULDERS, *_KNEES, *_EARS, "nose"), (*_HIPS, *_SHOULDERS, *_KNEES), (*_HIPS, *_SHOULDERS)),
    "Spine": ((*_HIPS, *_SHOULDERS, *_KNEES, *_EARS, "nose"), (*_HIPS, *_SHOULDERS, *_KNEES), (*_HIPS, *_SHOULDERS)),
    "Thorax": ((*_SHOULDERS, *_EARS, "nose"), (*_HIPS, *_SHOULDERS)),
    "Neck/Nose": ((*_SHOULDERS, *_EARS), *_PROFILES, (*_SHOULDERS, "nose")),
    "Head": ((*_SHOULDERS, *_EARS), *_PROFILES, (*_SHOULDERS, *_EYES), (*_SHOULDERS, "nose")),
    "RHip": ((*_HIPS, *_SHOULDERS), _HIPS),
    "RShoulder": ((*_SHOULDERS, *_EARS, "nose"),),
}
_MIRRORED = dict(zip(HUMAN36M_17.right, HUMAN36M_17.left, strict=True))
_MIRRORED |= {left: right for right, left in _MIRRORED.items()}


def recipes(source: str | None) -> Mapping[str, Sequence[Recipe]]:
    """What each joint is made of for a model that was trained on a source of motion.

    A corrected recipe comes before the plain ones, which remain for people of whom less was found. None, where the
    source is not known, and sources without a correction give RECIPES.
    """
    if source not in CORRECTED:
        return RECIPES
    return merged(json.loads(CORRECTED[source].read_text(encoding="utf-8"))["joints"])


def merged(fitted: Mapping[str, Sequence[Recipe]]) -> dict[str, tuple[Recipe, ...]]:
    """Corrected recipes before those of RECIPES."""
    return {joint: (*fitted.get(joint, ()), *plain) for joint, plain in RECIPES.items()}


def fit(keypoints: NDArray, joints: NDArray, person: NDArray) -> dict[str, list[dict[str, float]]]:
    """The corrected recipes, from COCO's keypoints [N, 17, 2] px and true joints [N, 17, 2] px of motion capture.

    Distances count in units of a pose's size in the image, and every `person` [N] counts the same. Each pose is used
    in its mirror image too, so that left and right get the same weights.
    """
    size = np.ptp(joints, axis=1).max(axis=1)[:, None, None]
    turned = np.array([-1.0, 1.0])
    mirrored = [_MIRRORED.get(joint, joint) for joint in range(HUMAN36M_17.joint_count)]
    given = np.concatenate((keypoints / size, keypoints[:, list(coco_keypoints.MIRRORED)] * turned / size))
    wanted = np.concatenate((joints / size, joints[:, mirrored] * turned / size))
    _, number, count = np.unique(person, return_inverse=True, return_counts=True)
    importance = np.tile(1 / np.sqrt(count[number]), 2)
    found = {}
    for name, choices in KEYPOINTS.items():
        joint = HUMAN36M_17.names.index(name)
        found[name] = [_least_squares(given, wanted[:, joint], importance, names) for names in choices]
        if joint in _MIRRORED:
            found[HUMAN36M_17.names[_MIRRORED[joint]]] = [_mirror(recipe) for recipe in found[name]]
    return found


def _least_squares(given: NDArray, wanted: NDArray, importance: NDArray, names: Sequence[str]) -> dict[str, float]:
    """Weights of the named keypoints that sum to 1: those of the differences to the first are free."""
    chosen = given[:, [coco_keypoints.NAMES.index(name) for name in names]]  # [N, k, 2]
    equations = ((chosen[:, 1:] - chosen[:, :1]) * importance[:, None, None]).transpose(0, 2, 1)
    answers = (wanted - chosen[:, 0]) * importance[:, None]
    free, *_ = np.linalg.lstsq(equations.reshape(-1, len(names) - 1), answers.ravel(), rcond=None)
    rounded = [round(float(weight), DECIMALS) for weight in free]
    return {names[0]: round(1 - sum(rounded), DECIMALS), **dict(zip(names[1:], rounded, strict=True))}


def _mirror(recipe: Mapping[str, float]) -> dict[str, float]:
    other = {name: coco_keypoints.NAMES[coco_keypoints.MIRRORED[coco_keypoints.NAMES.index(name)]] for name in recipe}
    return {other[name]: weight for name, weight in recipe.items()}
