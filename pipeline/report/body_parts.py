"""Parts of the body, as claims and figures call them, and the joints of Human3.6M's that they are."""

from __future__ import annotations

from pipeline.artifacts import InputError
from pipeline.config import nearest
from pipeline.geometry.skeleton import HUMAN36M_17

PARTS = {
    "head": ("Head",),
    "neck": ("Neck/Nose",),
    "spine": ("Spine", "Thorax"),
    "shoulders": ("LShoulder", "RShoulder"),
    "left_shoulder": ("LShoulder",),
    "right_shoulder": ("RShoulder",),
    "elbows": ("LElbow", "RElbow"),
    "wrists": ("LWrist", "RWrist"),
    "hips": ("RHip", "LHip"),
    "knees": ("RKnee", "LKnee"),
    "ankles": ("RAnkle", "LAnkle"),
}


def joints_of(part: str) -> tuple[str, ...]:
    """The joints of a part; a joint's own name is a part too. Raises InputError on any other."""
    known = PARTS | {name: (name,) for name in HUMAN36M_17.names}
    if part not in known:
        raise InputError(f"claims: no part of the body {part!r}{nearest(part, known)}")
    return known[part]
