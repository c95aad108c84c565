"""Which joint is where in a row of keypoints: the layouts of common pose estimators, with one set of joint names.

The orders are documented at cocodataset.org (COCO's 17 keypoints), in OpenPose's "Output format" page (BODY_25 and its
COCO model of 18), in Halpe-FullBody's README (26), and for Human3.6M in `geometry.skeleton`, which follows VideoPose3D.
"""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.geometry import coco_keypoints
from pipeline.geometry.skeleton import HUMAN36M_17


@dataclass(frozen=True)
class Layout:
    """The joints of a row of keypoints, in order. `title` is for messages; `bones` are drawn and measured."""

    name: str
    title: str
    joints: tuple[str, ...]
    bones: tuple[tuple[int, int], ...]

    @property
    def count(self) -> int:
        return len(self.joints)


def side(joint: str) -> str:
    """`left`, `right` or `middle`: `left_hip` and `LHip` are left."""
    for name in ("left", "right"):
        if joint.startswith(f"{name}_") or (joint[0] == name[0].upper() and joint[1].isupper()):
            return name
    return "middle"


_ARMS_AND_LEGS = (
    *(("shoulder", "elbow"), ("elbow", "wrist"), ("shoulder", "hip"), ("hip", "knee"), ("knee", "ankle")),
    *(("ear", "eye"), ("ankle", "heel"), ("ankle", "big_toe"), ("big_toe", "small_toe")),
)
_MIDDLE = (("nose", "neck"), ("neck", "mid_hip"), ("head", "neck"))
_ACROSS = ("shoulder", "hip")


def _bones(joints: tuple[str, ...]) -> tuple[tuple[int, int], ...]:
    """The bones between those of the named joints that a layout has."""
    pairs = [(f"{side}_{a}", f"{side}_{b}") for side in ("left", "right") for a, b in _ARMS_AND_LEGS]
    pairs += [("nose", f"{side}_eye") for side in ("left", "right")]
    pairs += [(f"left_{name}", f"right_{name}") for name in _ACROSS]
    pairs += _MIDDLE
    return tuple((joints.index(a), joints.index(b)) for a, b in pairs if a in joints and b in joints)


def _layout(name: str, title: str, joints: tuple[str, ...]) -> Layout:
    return Layout(name, title, joints, _bones(joints))


_OPENPOSE_HEAD_AND_ARMS = (
    *("nose", "neck", "right_shoulder", "right_elbow", "right_wrist", "left_shoulder", "left_elbow", "left_wrist"),
)
_RIGHT_THEN_LEFT_LEG = ("right_hip", "right_knee", "right_ankle", "left_hip", "left_knee", "left_ankle")
_EYES_AND_EARS = ("right_eye", "left_eye", "right_ear", "left_ear")
_FEET = ("big_toe", "small_toe", "heel")

COCO_17 = _layout("coco", "COCO's 17 keypoints", coco_keypoints.NAMES)
HUMAN36M = Layout("human36m", "Human3.6M's 17 joints", HUMAN36M_17.names, HUMAN36M_17.edges)
BODY_25 = _layout(
    "body_25",
    "OpenPose's BODY_25",
    (
        *(*_OPENPOSE_HEAD_AND_ARMS, "mid_hip", *_RIGHT_THEN_LEFT_LEG, *_EYES_AND_EARS),
        *(f"{side}_{name}" for side in ("left", "right") for name in _FEET),
    ),
)
OPENPOSE_18 = _layout(
    "openpose_18",
    "OpenPose's COCO model, 18 keypoints",
    (*_OPENPOSE_HEAD_AND_ARMS, *_RIGHT_THEN_LEFT_LEG, *_EYES_AND_EARS),
)
HALPE_26 = _layout(
    "halpe_26",
    "Halpe's 26 keypoints",
    (
        *(*coco_keypoints.NAMES, "head", "neck", "mid_hip"),
        *(f"{side}_{name}" for name in _FEET for side in ("left", "right")),
    ),
)
LAYOUTS = {layout.name: layout for layout in (COCO_17, HUMAN36M, BODY_25, OPENPOSE_18, HALPE_26)}
