"""Whether joints or a body can be a person's, by their size: the one rule for every skeleton that comes in.

It finds units that were mixed up (metres, centimetres and inches differ from millimetres by 10 and more) and joints in
another order, not people of unusual size.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pipeline.geometry.skeleton import HUMAN36M_17

SMALLEST, LARGEST = 800.0, 2500.0  # mm, a child of two years and more than anybody
LEGS = (("LAnkle", "LKnee", "LHip"), ("RAnkle", "RKnee", "RHip"))
TRUNK = ("Hip", "Spine", "Thorax", "Neck/Nose", "Head")


def stature(joints: NDArray) -> NDArray:
    """The length from the ankles to the top of the head along the bones, [...], of joints [..., 17, 3], same unit.

    Unlike a height it does not depend on how the person stands. The legs count with their mean.
    """
    assert joints.shape[-2:] == (HUMAN36M_17.joint_count, 3), f"joints {joints.shape}"
    legs = [_chain(joints, names) for names in LEGS]
    return (legs[0] + legs[1]) / 2 + _chain(joints, TRUNK)


def _chain(joints: NDArray, names: tuple[str, ...]) -> NDArray:
    places = joints[..., [HUMAN36M_17.names.index(name) for name in names], :]
    return np.linalg.norm(np.diff(places, axis=-2), axis=-1).sum(axis=-1)


def misfit(joints_mm: NDArray) -> str | None:
    """Why joints [..., 17, 3] in mm can't be people's, in words for a user; None if they can. The median decides."""
    return misfit_of(float(np.median(stature(np.asarray(joints_mm, dtype=np.float64)))))


def misfit_of(length_mm: float) -> str | None:
    """The same of a length from feet to head in mm."""
    if SMALLEST <= length_mm <= LARGEST:
        return None
    return f"a person of {length_mm:.4g} mm from feet to head, and people have {SMALLEST:g} to {LARGEST:g} mm"
