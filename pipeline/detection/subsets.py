"""Subsets of annotated keypoints and people (MDN offset, Table 2; Mixture Dense, Table 5), as visibilities [M, 17].

Everything outside a subset is made "not annotated" (visibility 0), and COCO's own rules do the rest: such keypoints do
not count, and of people without any, a detection anywhere near the person is neither right nor wrong. The papers say
"ignored" and no more. That detections of people outside do not count as errors follows from their numbers: 30 % of the
people have an occluded face, and an AP of 52.8 on those alone is impossible if the others' detections were errors.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from pipeline.geometry.coco_keypoints import NAMES

if TYPE_CHECKING:
    from pipeline.detection.results import Subset

NOSE = NAMES.index("nose")
OCCLUDED, VISIBLE = 1, 2  # COCO's visibility of an annotated keypoint
FACE_KEYPOINTS = 5  # of people in a subset by face; the paper's table of shares says "more than 5"


def subset_visibility(visibility: NDArray, subset: Subset) -> NDArray:
    """Visibility [M, 17] of the keypoints in a subset, 0 elsewhere.

    By face: people of at least 5 annotated keypoints whose nose is visible, or occluded or not annotated.
    """
    if subset == "all":
        kept = np.ones_like(visibility, dtype=bool)
    elif subset == "visible_keypoints":
        kept = visibility == VISIBLE
    elif subset == "occluded_keypoints":
        kept = visibility == OCCLUDED
    else:
        face = visibility[:, NOSE] == VISIBLE
        face = face if subset == "visible_face" else ~face
        kept = np.repeat(
            (face & ((visibility > 0).sum(axis=1) >= FACE_KEYPOINTS))[:, None], visibility.shape[1], axis=1
        )
    return np.where(kept, visibility, 0)


def face_share(visibility: NDArray, at_least: int) -> float | None:
    """Percent of people with so many annotated keypoints whose nose is visible; None if there are none of them."""
    people = (visibility > 0).sum(axis=1) >= at_least
    return 100 * float((visibility[people, NOSE] == VISIBLE).mean()) if people.any() else None
