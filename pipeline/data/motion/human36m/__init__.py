"""Human3.6M: motion capture of seven people, seen by the four calibrated cameras of the recording.

From each take: 17 of the 32 joints, every so many frames, moved from the world's frame into each camera's, and
projected with the lens's distortion, which is how Human3.6M's own ground-truth 2D was made. No view is dropped. The
split of the subjects is the usual one: S1, S5, S6, S7 and S8 train, S9 and S11 test.

The data may not be redistributed: fetch/licensed.py says where to put the user's own copy.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from pipeline.data.fetch import licensed
from pipeline.data.motion import rig
from pipeline.data.motion.filming import Filmed, summarize
from pipeline.data.motion.human36m import archives
from pipeline.data.motion.human36m.archives import Recording
from pipeline.data.motion.human36m.takes import (
    ACTIONS,
    CAMERA_COUNT,
    RECORDED_RATE,
    SPLITS,
    action_of,
    shortcomings,
    take_order,
)
from pipeline.data.motion.settings import Human36mMotion
from pipeline.geometry import human36m as calibration
from pipeline.geometry.poses import ARRAY_TYPES, JOINT_COUNT, PoseSet


def load(settings: Human36mMotion, folder: Path, progress: bool = True) -> tuple[dict[str, PoseSet], dict[str, Any]]:
    """The splits {"train", "test"} from the files below `folder` (data/licensed), and a summary.

    Rows are in the order subject, take, camera, frame. `frame` counts from 0 as recorded at 50 Hz, so at 10 frames a
    second it is 0, 5, 10, ...; actions are in the order of `takes.ACTIONS`; a subject and a take's name
    ("Directions 1") identify a take. The summary counts as `filming.summarize` does and has `warnings`, which also go
    to stderr: takes that are missing or short. A missing or damaged file raises InputError.
    """
    stride = round(RECORDED_RATE / settings.frames_per_second)  # one frame in this many is kept
    files = licensed.require("human36m", folder)
    recordings = archives.read(files, progress)
    splits, counts, warnings = {}, {}, []
    for split, subjects in SPLITS.items():
        chosen = [one for one in recordings if one.subject in subjects]
        lengths = {(one.subject, one.take): len(one.joints) for one in chosen}
        warnings += [f"{files[0].parent}: {sentence}" for sentence in shortcomings(split, lengths)]
        bar = tqdm(chosen, desc=f"Human3.6M {split}", unit="take", disable=None if progress else True)
        splits[split], takes = _film(bar, chosen, subjects, stride)
        counts[split] = summarize(takes)
    for warning in warnings:
        tqdm.write(f"warning: {warning}", file=sys.stderr)
    summary = {
        "source": "human36m",
        "frames_per_second": settings.frames_per_second,
        "files": [path.name for path in files],
        "splits": counts,
        "warnings": warnings,
    }
    return splits, summary


def _film(
    bar: tqdm[Recording], recordings: Sequence[Recording], subjects: Sequence[str], stride: int
) -> tuple[PoseSet, list[Filmed]]:
    """A split's poses, and the same take by take. Every take is written into its place: the whole is never copied."""
    takes = sorted({one.take for one in recordings}, key=take_order)
    poses = _empty(sum(CAMERA_COUNT * _kept(one, stride) for one in recordings), subjects, takes)
    filmed, start = [], 0
    for one in bar:
        cameras = calibration.rig(one.subject)
        keypoints_2d, joints_3d, _ = rig.film(one.joints[::stride], cameras)
        kept, subject = _kept(one, stride), subjects.index(one.subject)
        rows: Any = slice(start, start + len(cameras) * kept)
        poses.keypoints_2d[rows] = keypoints_2d.reshape(-1, JOINT_COUNT, 2)
        poses.joints_3d[rows] = joints_3d.reshape(-1, JOINT_COUNT, 3)
        poses.camera[rows] = np.repeat(subject * len(cameras) + np.arange(len(cameras)), kept)
        poses.subject[rows] = subject
        poses.action[rows] = ACTIONS.index(action_of(one.take))
        poses.take[rows] = takes.index(one.take)
        poses.frame[rows] = np.tile(np.arange(0, len(one.joints), stride), len(cameras))
        filmed.append(Filmed(poses.select(rows), {}, one.subject, action_of(one.take)))
        start = rows.stop
    return poses.check(), filmed


def _kept(recording: Recording, stride: int) -> int:
    return len(range(0, len(recording.joints), stride))


def _empty(rows: int, subjects: Sequence[str], takes: list[str]) -> PoseSet:
    shapes = {"keypoints_2d": (rows, JOINT_COUNT, 2), "joints_3d": (rows, JOINT_COUNT, 3)}
    columns: dict[str, Any] = {
        name: np.empty(shapes.get(name, (rows,)), dtype=dtype) for name, dtype in ARRAY_TYPES.items()
    }
    cameras = [camera for subject in subjects for camera in calibration.rig(subject)]
    return PoseSet(**columns, cameras=cameras, subjects=list(subjects), actions=list(ACTIONS), takes=takes)
