"""True 2D joints with the errors of a detector, for data that have no images.

The error of a joint has Student's t distribution in two dimensions, with heavy tails. Its spread depends on the kind of
joint and on the person's size in the image. Some poses have both arms or both legs exchanged, and some joints are found
anywhere around the person. These are the kinds of error that detectors make ("jitter", "swap" or "inversion", "miss":
Ronchi and Perona, "Benchmarking and error diagnosis in multi-instance pose estimation", ICCV 2017). How large they are
is the preset's choice: small for the trunk and the head, larger towards wrists and ankles, where detectors score worst
(stacked hourglass on MPII: 98 % of heads, 96 % of shoulders, 87 % of wrists and knees, 84 % of ankles; Newell et al.,
"Stacked hourglass networks for human pose estimation", ECCV 2016). Errors are
independent from frame to frame. Those of a detector are not, but lifting looks at single frames.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.data.motion.settings import JointKind, NoisyKeypoints
from pipeline.geometry.skeleton import HUMAN36M_17

KINDS: dict[JointKind, tuple[str, ...]] = {
    "trunk": ("Hip", "Spine", "Thorax"),
    "head": ("Neck/Nose", "Head"),
    "hip": ("LHip", "RHip"),
    "knee": ("LKnee", "RKnee"),
    "ankle": ("LAnkle", "RAnkle"),
    "shoulder": ("LShoulder", "RShoulder"),
    "elbow": ("LElbow", "RElbow"),
    "wrist": ("LWrist", "RWrist"),
}
LIMBS = (("Shoulder", "Elbow", "Wrist"), ("Hip", "Knee", "Ankle"))
AROUND = 1.2  # a missed joint is found in the person's box, this much enlarged
POSES_AT_ONCE = 100_000


def spoil(keypoints_2d: NDArray[np.float32], settings: NoisyKeypoints, stream: int = 0) -> NDArray[np.float32]:
    """Joints [N, 17, 2] px with errors. Each split has its own `stream`, so that no split repeats another's errors."""
    numbers = np.random.default_rng([settings.seed, stream])
    parts = [
        _spoil(keypoints_2d[start : start + POSES_AT_ONCE].astype(np.float64), settings, numbers)
        for start in range(0, len(keypoints_2d), POSES_AT_ONCE)
    ]
    return np.concatenate(parts).astype(np.float32) if parts else np.array(keypoints_2d)


def _spoil(truth: NDArray[np.float64], settings: NoisyKeypoints, numbers: np.random.Generator) -> NDArray[np.float64]:
    low, high = truth.min(axis=1, keepdims=True), truth.max(axis=1, keepdims=True)
    size = (high - low).max(axis=2, keepdims=True)  # [n, 1, 1]
    found = _swapped(truth, settings.swap, numbers)
    found = found + _jitter(found.shape, settings, numbers) * size
    anywhere = (low + high) / 2 + AROUND * (high - low) * numbers.uniform(-0.5, 0.5, found.shape)
    missed = numbers.random(found.shape[:2]) < settings.miss
    return np.where(missed[..., None], anywhere, found)


def _swapped(joints: NDArray[np.float64], share: float, numbers: np.random.Generator) -> NDArray[np.float64]:
    names, joints = HUMAN36M_17.names, joints.copy()
    for limb in LIMBS:
        left, right = ([names.index(f"{side}{joint}") for joint in limb] for side in "LR")
        rows = np.flatnonzero(numbers.random(len(joints)) < share)[:, None]
        joints[rows, left + right] = joints[rows, right + left]
    return joints


def _jitter(shape: tuple[int, ...], settings: NoisyKeypoints, numbers: np.random.Generator) -> NDArray[np.float64]:
    """Student's t in two dimensions, [n, 17, 2], in units of the person's size.

    A normal vector over the root of an independent chi-square by its degrees of freedom. Its squared length is twice an
    F-distributed number, whose median for (2, f) degrees is f / 2 (2^(2 / f) - 1): the spread is scaled by it.
    """
    freedom = settings.degrees_of_freedom
    spread = np.empty(len(HUMAN36M_17.names))
    for kind, joints in KINDS.items():
        spread[[HUMAN36M_17.names.index(joint) for joint in joints]] = settings.spread[kind] / 100
    scale = spread / np.sqrt(freedom * (2 ** (2 / freedom) - 1))
    tails = np.sqrt(numbers.chisquare(freedom, shape[:2]) / freedom)
    return numbers.standard_normal(shape) * (scale / tails)[..., None]


def distance_summary(found: NDArray[np.float32], truth: NDArray[np.float32]) -> dict[str, Any]:
    """How far detections [N, J, 2] lie from the truth, in px, over all poses and joints."""
    distance = np.linalg.norm(found - truth, axis=-1)
    return {
        "mean_error_px": float(distance.mean(dtype=np.float64)),
        "median_error_px": float(np.median(distance)),
        "p95_error_px": float(np.percentile(distance, 95)),
    }
