"""The movement of each person in a video: BVH for animation, C3D for biomechanics.

Both have one frame for each frame of the video from the person's first to the last, so that time runs as in the video.
Where the person was not found, BVH repeats the last pose and C3D says that nothing was measured.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from pipeline.predict import bvh, c3d, timeline
from pipeline.predict.result import Prediction
from pipeline.predict.weights import Model

LONGEST_GAP = 10.0  # seconds; a longer one is shortened, because frame numbers may jump by any amount


def write(folder: Path, prediction: Prediction, model: Model, person: int, frames_per_second: float) -> None:
    """Write one person's mean poses; the pelvis moves as the root estimate does, and else stays."""
    rows = np.flatnonzero(prediction.person == person)
    rows = rows[np.argsort(prediction.frame[rows], kind="stable")]
    longest = max(1, round(LONGEST_GAP * frames_per_second))
    ticks = timeline.ticks(prediction.frame[rows], timeline.step(prediction.keypoints.table.frame), longest)
    root = prediction.placement.root_mm[rows]
    moved = root - root[0] if np.isfinite(root).all() else np.zeros_like(root)
    skeleton, poses = model.predictor.skeleton, prediction.poses.mean[rows]
    held = np.searchsorted(ticks, np.arange(ticks[-1] + 1), side="right") - 1  # of each frame, the last row so far
    text = bvh.text(poses[held], skeleton, frames_per_second, moved[held])
    _file(folder, "bvh", person).write_text(text, encoding="ascii")
    if c3d.available():
        c3d.write(_file(folder, "c3d", person), poses + moved[:, None], ticks, skeleton, frames_per_second)


def _file(folder: Path, kind: str, person: int) -> Path:
    (folder / kind).mkdir(exist_ok=True)
    return folder / kind / f"person_{person}.{kind}"
