"""COCO's 17 keypoints of a person: names, sides, bones to draw, groups to measure, and annotators' precision."""

from __future__ import annotations

NAMES = (
    *("nose", "left_eye", "right_eye", "left_ear", "right_ear"),
    *("left_shoulder", "right_shoulder", "left_elbow", "right_elbow", "left_wrist", "right_wrist"),
    *("left_hip", "right_hip", "left_knee", "right_knee", "left_ankle", "right_ankle"),
)
COUNT = len(NAMES)
LEFT = tuple(index for index, name in enumerate(NAMES) if name.startswith("left_"))
RIGHT = tuple(index for index, name in enumerate(NAMES) if name.startswith("right_"))
# In a mirrored image keypoint i becomes keypoint MIRRORED[i].
MIRRORED = tuple(
    NAMES.index(
        name.replace("left_", "?").replace("right_", "left_").replace("?", "right_")
    )
    for name in NAMES
)  # fmt: skip

# The annotators' standard deviation divided by the square root of the person's area (COCO's keypoint evaluation). The
# OKS of a keypoint at distance d is exp(-d^2 / (2 area (2 sigma)^2)). The papers call these factors V_k.
SIGMAS = (
    *(0.026, 0.025, 0.025, 0.035, 0.035),
    *(0.079, 0.079, 0.072, 0.072, 0.062, 0.062),
    *(0.107, 0.107, 0.087, 0.087, 0.089, 0.089),
)

BONES = (
    *((15, 13), (13, 11), (16, 14), (14, 12), (11, 12), (5, 11), (6, 12), (5, 6), (5, 7), (6, 8), (7, 9), (8, 10)),
    *((1, 2), (0, 1), (0, 2), (1, 3), (2, 4), (3, 5), (4, 6)),
)


def _named(*ends: str) -> tuple[int, ...]:
    return tuple(index for index, name in enumerate(NAMES) if name.endswith(ends))


# The columns of MDN offset's Table 4 and Mixture Dense's Table 6.
GROUPS = {
    "all": tuple(range(COUNT)),
    "facial": tuple(range(5)),
    "non_facial": tuple(range(5, COUNT)),
    "nose": (0,),
    "eyes": _named("eye"),
    "ears": _named("ear"),
    "shoulders": _named("shoulder"),
    "elbows": _named("elbow"),
    "wrists": _named("wrist"),
    "hips": _named("hip"),
    "knees": _named("knee"),
    "ankles": _named("ankle"),
}
