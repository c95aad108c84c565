"""Which layout bare arrays of keypoints have: by the number of joints, and of 17 joints by their geometry.

COCO's first five keypoints are the face, Human3.6M's first five joints are both hips and a leg. In 100 well annotated
people of COCO, half of them not to be seen whole, the five span 5 to 38 % of the person, the median being 13 %; in CMU
motion capture 39 to 77 %, the median being 56 %. Where a file is in between, the user is asked.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pipeline.artifacts import InputError
from pipeline.predict.keypoints.layouts import BODY_25, COCO_17, HALPE_26, HUMAN36M, LAYOUTS, OPENPOSE_18, Layout

BY_COUNT = {18: OPENPOSE_18, 25: BODY_25, 26: HALPE_26}
FACE, LEG = 0.32, 0.36  # up to the first it is a face, from the second on a leg


def find(places: NDArray, absent: NDArray, wanted: str | None, path: object) -> tuple[Layout, str]:
    """The layout of `places` [N, L, 2] and why, in words for the user.

    `absent` [N, L] says which joints are not there; `wanted` is the user's choice. Raises InputError if no layout has L
    joints, or the geometry does not decide.
    """
    count = places.shape[1]
    if wanted is not None:
        layout = LAYOUTS[wanted]
        if layout.count != count:
            raise InputError(f"{path}: has {count} joints, but --layout {wanted} has {layout.count}; choose another")
        return layout, "as --layout says"
    if count in BY_COUNT:
        return BY_COUNT[count], f"it has {count} joints"
    if count != 17:
        known = ", ".join(f"{layout.count} ({layout.name})" for layout in LAYOUTS.values())
        raise InputError(f"{path}: has {count} joints; a known layout has {known}")
    share = share_of_first_five(places, absent)
    words = f"its first five joints span {100 * share:.0f} % of the person"
    if share < FACE:
        return COCO_17, f"{words}, as a face does"
    if share > LEG:
        return HUMAN36M, f"{words}, as a leg does and a face does not"
    raise InputError(
        f"{path}: 17 joints could be in COCO's or Human3.6M's order; say --layout coco or --layout human36m"
    )


def share_of_first_five(places: NDArray, absent: NDArray) -> float:
    """How long the box around joints 0 to 4 is, of the box around all joints; the median over N poses.

    Boxes are measured along their diagonals. NaN if no pose has three of the five joints.
    """
    seen = np.where(absent[..., None], np.nan, places)
    seen = seen[(~absent[:, :5]).sum(axis=1) >= 3]
    if not len(seen):
        return float("nan")
    spans = [np.linalg.norm(np.nanmax(part, axis=1) - np.nanmin(part, axis=1), axis=-1) for part in (seen[:, :5], seen)]
    return float(np.median(spans[0] / np.maximum(spans[1], 1e-9)))
