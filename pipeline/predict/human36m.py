"""Human3.6M's 17 joints from the keypoints of another layout.

A pose estimator marks what can be seen; Human3.6M has the joints of a skeleton. The table RECIPES says what is taken
for each of them. Every entry is a list of weighted sums, and the first of which all keypoints are there is used: in a
picture from the side an estimator finds one ear.

- Hip, Spine and Thorax are made of the hips and shoulders, as users of lifting networks do.
- Neck/Nose is the nose. Where it is hidden, the ears are at its height.
- Head is the top of the head, which no keypoint of COCO marks. It is as far above the ears as 0.7 of the distance from
  the shoulders to the ears, about 13 of 18.5 cm in an adult: an estimate, not a measurement. It tilts with the head.

The joints of CMU's motion capture are elsewhere, most of all Hip; joint_map.py has what corrects that.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.sparse.csgraph import shortest_path

from pipeline.geometry.skeleton import HUMAN36M_17, normalized_edges
from pipeline.predict.keypoints.layouts import HUMAN36M, Layout

ABOVE = 0.7  # of the way from the shoulders to the ears, from the ears to the top of the head

Recipe = Mapping[str, float]  # keypoints and their weights, which sum to 1


def _mean(*joints: str) -> Recipe:
    return {joint: 1 / len(joints) for joint in joints}


def _crown(*seen: str) -> Recipe:
    """The top of the head from keypoints at the height of the ears."""
    above = {joint: (1 + ABOVE) / len(seen) for joint in seen}
    return above | {"left_shoulder": -ABOVE / 2, "right_shoulder": -ABOVE / 2}


_SHOULDERS, _HIPS = ("left_shoulder", "right_shoulder"), ("left_hip", "right_hip")
RECIPES: dict[str, tuple[Recipe, ...]] = {
    "Hip": (_mean("mid_hip"), _mean(*_HIPS)),
    "RHip": (_mean("right_hip"),),
    "RKnee": (_mean("right_knee"),),
    "RAnkle": (_mean("right_ankle"),),
    "LHip": (_mean("left_hip"),),
    "LKnee": (_mean("left_knee"),),
    "LAnkle": (_mean("left_ankle"),),
    "Spine": (_mean(*_HIPS, *_SHOULDERS),),
    "Thorax": (_mean(*_SHOULDERS), _mean("neck")),
    "Neck/Nose": (_mean("nose"), _mean("left_ear", "right_ear"), _mean("left_ear"), _mean("right_ear")),
    "Head": (
        *(_mean("head"), _crown("left_ear", "right_ear"), _crown("left_ear"), _crown("right_ear")),
        *(_crown("left_eye", "right_eye"), _crown("nose")),
    ),
    "LShoulder": (_mean("left_shoulder"),),
    "LElbow": (_mean("left_elbow"),),
    "LWrist": (_mean("left_wrist"),),
    "RShoulder": (_mean("right_shoulder"),),
    "RElbow": (_mean("right_elbow"),),
    "RWrist": (_mean("right_wrist"),),
}


def to_human36m(
    places: NDArray,
    absent: NDArray,
    confidence: NDArray,
    layout: Layout,
    recipes: Mapping[str, Sequence[Recipe]] = RECIPES,
) -> tuple[NDArray, NDArray, NDArray]:
    """Joints [N, 17, 2] in Human3.6M's order from keypoints [N, L, 2], with which are absent, and their confidence.

    `absent` and `confidence` are [N, L] and become [N, 17]: a joint is absent if no recipe of it has all its keypoints,
    and its confidence is the lowest of the keypoints that it is made of. Absent joints are put to 0. `recipes` are
    those of the skeleton that a model was trained on (joint_map.py).
    """
    if layout == HUMAN36M:
        return np.where(absent[..., None], 0.0, places), absent, np.where(absent, 0.0, confidence)
    count = len(places)
    joints = np.zeros((count, HUMAN36M_17.joint_count, 2))
    made, certain = np.zeros(joints.shape[:2], dtype=bool), np.zeros(joints.shape[:2])
    for index, name in enumerate(HUMAN36M_17.names):
        for recipe in recipes[name]:
            if not recipe.keys() <= set(layout.joints):
                continue
            chosen = [layout.joints.index(joint) for joint in recipe]
            rows = ~made[:, index] & ~absent[:, chosen].any(axis=1)
            weights = np.array(list(recipe.values()))
            joints[rows, index] = np.einsum("k,nkc->nc", weights, places[rows][:, chosen])
            certain[rows, index] = confidence[rows][:, chosen].min(axis=1)
            made[rows, index] = True
    return joints, ~made, certain


def fill(joints: NDArray, absent: NDArray) -> NDArray:
    """Joints [N, 17, 2] with each absent one put where the nearest joint along the bones is, which is a guess.

    Rows without any joint stay 0.
    """
    order = np.argsort(_bones_between(), axis=1, kind="stable")  # of each joint, the others from the nearest on
    there = ~absent[:, order]  # [N, 17, 17]
    nearest = order[np.arange(len(order)), there.argmax(axis=2)]  # [N, 17]
    return np.take_along_axis(joints, nearest[..., None], axis=1)


def _bones_between() -> NDArray:
    """The number of bones between any two joints, [17, 17]."""
    return shortest_path(normalized_edges(HUMAN36M_17) > 0, unweighted=True)
